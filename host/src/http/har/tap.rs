//! One exchange being written down: the tap sits on its wire and sees what its
//! reader sees. Dropped with the exchange, it notes that it was cut off.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::header::{CONTENT_LENGTH, HeaderMap, USER_AGENT};
use tokio::time::Instant;

use super::recorder::Shared;
use super::spool::Spool;
use crate::http::error::HttpErrorKind;
use crate::http::exchange::Outgoing;
use crate::http::fault::Fault;
use crate::http::request::{Method, Role};
use crate::http::scope::Scope;
use crate::http::secrets::Secrets;

/// An exchange under way.
pub(in crate::http) struct Tap {
    shared: Arc<Shared>,
    draft: Option<Box<Draft>>,
}

/// What is known of it so far.
pub(super) struct Draft {
    pub(super) method: Method,
    pub(super) role: Role,
    /// Without secrets.
    pub(super) url: String,
    pub(super) headers: HeaderMap,
    pub(super) secrets: Secrets,
    pub(super) scope: Arc<Scope>,
    pub(super) started: SystemTime,
    pub(super) start: u64,
    pub(super) from_cache: bool,
    pub(super) head: Option<Head>,
    pub(super) body: Spool,
    since: Instant,
    deadline: Option<Instant>,
    spooled: io::Result<()>,
}

/// The head of its answer.
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) address: Option<SocketAddr>,
    pub(super) after: Duration,
}

/// An exchange that is over.
pub(super) struct Ended {
    pub(super) draft: Draft,
    pub(super) how: How,
    /// None when nothing came and nobody waited any more.
    pub(super) end: Option<u64>,
    pub(super) step: u64,
    pub(super) took: Duration,
    /// The body could not be kept while it came.
    pub(super) spooled: io::Result<()>,
}

/// How it ended.
#[derive(Debug)]
pub(super) enum How {
    Whole,
    Cut,
    Deadline,
    Failed(Fault),
}

impl Tap {
    pub(super) fn new(shared: Arc<Shared>, hop: &Outgoing<'_>) -> Self {
        let mut headers = hop.headers.clone();
        if let Ok(agent) = shared.user_agent.parse() {
            headers.insert(USER_AGENT, agent);
        }
        let draft = Draft {
            method: hop.method,
            role: hop.role,
            url: hop.shown_url.to_owned(),
            headers,
            secrets: hop.secrets.clone(),
            scope: Arc::clone(hop.scope),
            started: SystemTime::now(),
            start: shared.tick(),
            from_cache: false,
            head: None,
            body: Spool::default(),
            since: Instant::now(),
            deadline: hop.deadline,
            spooled: Ok(()),
        };
        Self {
            shared,
            draft: Some(Box::new(draft)),
        }
    }

    pub(super) fn mark_cached(&mut self) {
        if let Some(draft) = &mut self.draft {
            draft.from_cache = true;
        }
    }

    /// The head has come.
    pub(in crate::http) fn answered(
        &mut self,
        status: u16,
        headers: &HeaderMap,
        address: Option<SocketAddr>,
    ) {
        if let Some(draft) = &mut self.draft {
            draft.head = Some(Head {
                status,
                headers: headers.clone(),
                address,
                after: draft.since.elapsed(),
            });
        }
    }

    /// A piece of the body has come.
    pub(in crate::http) fn piece(&mut self, piece: &[u8]) {
        if let Some(draft) = &mut self.draft
            && draft.spooled.is_ok()
        {
            draft.spooled = draft.body.add(piece, &self.shared.folder);
        }
    }

    /// The body has come to its end.
    pub(in crate::http) fn whole(&mut self) {
        self.end(How::Whole);
    }

    /// It failed, or its reader ran out of time or patience.
    pub(in crate::http) fn failed(&mut self, fault: &Fault) {
        self.end(match fault.kind {
            HttpErrorKind::Timeout => How::Deadline,
            _ => How::Failed(fault.clone()),
        });
    }

    fn end(&mut self, how: How) {
        let Some(mut draft) = self.draft.take() else {
            return;
        };
        let nobody_waited = match how {
            How::Deadline => true,
            How::Cut => draft.head.is_none(),
            How::Whole | How::Failed(_) => false,
        };
        let tick = self.shared.tick();
        self.shared.ended(Box::new(Ended {
            end: (!nobody_waited).then_some(tick),
            step: draft.scope.steps(),
            took: draft.since.elapsed(),
            spooled: std::mem::replace(&mut draft.spooled, Ok(())),
            draft: *draft,
            how,
        }));
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        let Some(draft) = &self.draft else { return };
        let how = if draft.has_all() {
            How::Whole
        } else if draft.deadline.is_some_and(|end| end <= Instant::now()) {
            How::Deadline
        } else {
            How::Cut
        };
        self.end(how);
    }
}

impl Draft {
    /// Whether the whole body has come, though its reader did not look for
    /// more.
    fn has_all(&self) -> bool {
        let Some(head) = &self.head else { return false };
        if self.method == Method::Head || matches!(head.status, 204 | 304) {
            return true;
        }
        let announced = head.headers.get(CONTENT_LENGTH);
        let announced = announced.and_then(|length| length.to_str().ok()?.parse().ok());
        announced == Some(self.body.len())
    }
}
