//! robots.txt, as RFC 9309 has it: asked once for an origin, by whoever comes
//! first, and kept for a day.
//!
//! It speaks of pages made for people, so it is asked before landing pages
//! and not before an API. What is not there (4xx) forbids nothing; what is
//! there but cannot be had forbids everything.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderValue, LOCATION};
use tokio::time::Instant;

use super::courtesy::{Courier, Politeness, Unsent};
use super::rate::Rate;
use super::robots_file::{READ_MAX_BYTES, RobotsFile, is_nonsense};
use crate::http::body::{Body, BodyLimits, BoundedBody};
use crate::http::client::Origin;
use crate::http::decode;
use crate::http::exchange::Outgoing;
use crate::http::fault::Fault;
use crate::http::limits::bounded;
use crate::http::scope::Scope;
use crate::http::secrets::Secrets;
use crate::http::target;
use crate::http::verdicts::Verdicts;
use crate::http::wire::Incoming;
use crate::http::{HttpErrorKind, Method, RequestPolicy, Role};

/// How long a robots.txt is believed (RFC 9309, 2.4).
pub const ROBOTS_KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// Redirects followed to a robots.txt; more, and it counts as not there.
pub const ROBOTS_REDIRECTS_MAX: usize = 5;

/// How long a server error in the place of a robots.txt is believed.
const ERROR_KEPT: Duration = Duration::from_secs(5 * 60);
/// How long getting one may take, however patient the asker is.
const PATIENCE: Duration = Duration::from_secs(20);
/// Origins, and bytes of their files, that are remembered.
const ORIGINS_KEPT: usize = 512;
const BYTES_KEPT: usize = 8 * 1024 * 1024;

/// The robots.txt files of one process.
pub(super) struct Robots {
    shelf: Mutex<Shelf>,
    stall: Duration,
    /// A file is asked for on behalf of every work that comes to its origin.
    scope: Arc<Scope>,
    secrets: Secrets,
}

#[derive(Default)]
struct Shelf {
    entries: HashMap<Origin, Entry>,
    /// Grows with every use; the smallest stamp was used longest ago.
    clock: u64,
}

struct Entry {
    known: Arc<tokio::sync::Mutex<Option<Known>>>,
    used: u64,
    bytes: usize,
}

/// What is known of one origin.
struct Known {
    says: Says,
    until: Instant,
}

enum Says {
    Rules(RobotsFile),
    /// Everything is forbidden, because of this status.
    Error(u16),
}

impl Robots {
    pub(super) fn new(stall: Duration) -> Self {
        Self {
            shelf: Mutex::default(),
            stall,
            scope: Arc::default(),
            secrets: Secrets::default(),
        }
    }

    /// Whether the page of `hop` may be asked for, and the rate at which.
    ///
    /// Those who ask for one origin at once share one request: the others wait
    /// for it, and if the one who sent it is dropped, the next one sends it.
    pub(super) async fn ask(
        &self,
        politeness: &Politeness,
        hop: &Outgoing<'_>,
        verdicts: &mut Verdicts,
        courier: &impl Courier,
    ) -> Result<Option<Rate>, Fault> {
        let origin = Origin::of(hop.url);
        let known = self.entry(&origin);
        let get = async {
            let mut known = known.lock().await;
            if known
                .as_ref()
                .is_none_or(|known| known.until <= Instant::now())
            {
                let (fresh, bytes) = self
                    .get(politeness, hop, verdicts, courier)
                    .await
                    .map_err(|fault| unhad(hop, fault))?;
                self.weigh(&origin, bytes);
                *known = Some(fresh);
            }
            match &*known {
                Some(known) => known.judge(hop),
                None => Ok(None),
            }
        };
        bounded(hop.deadline, PATIENCE, get)
            .await
            .map_err(|expired| expired.fault("robots.txt", hop.shown_url, PATIENCE))?
    }

    fn entry(&self, origin: &Origin) -> Arc<tokio::sync::Mutex<Option<Known>>> {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.clock += 1;
        let used = shelf.clock;
        if !shelf.entries.contains_key(origin) && shelf.entries.len() >= ORIGINS_KEPT {
            shelf.forget_oldest();
        }
        let entry = shelf.entries.entry(origin.clone()).or_insert(Entry {
            known: Arc::default(),
            used,
            bytes: 0,
        });
        entry.used = used;
        Arc::clone(&entry.known)
    }

    /// Notes how large an origin's file is, and forgets others for it.
    fn weigh(&self, origin: &Origin, bytes: usize) {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = shelf.entries.get_mut(origin) {
            entry.bytes = bytes;
        }
        while shelf.entries.len() > 1
            && shelf
                .entries
                .values()
                .map(|entry| entry.bytes)
                .sum::<usize>()
                > BYTES_KEPT
        {
            shelf.forget_oldest();
        }
    }

    /// Gets the file of the origin of `hop`, and how large it is.
    async fn get(
        &self,
        politeness: &Politeness,
        hop: &Outgoing<'_>,
        verdicts: &mut Verdicts,
        courier: &impl Courier,
    ) -> Result<(Known, usize), Fault> {
        let policy = RequestPolicy {
            robots_respect: false,
            ..hop.policy.clone()
        };
        let mut url = hop.url.clone();
        url.set_path("/robots.txt");
        url.set_query(None);
        for _ in 0..=ROBOTS_REDIRECTS_MAX {
            let request = Outgoing {
                role: Role::Landing,
                method: Method::Get,
                url: &url,
                shown_url: url.as_str(),
                headers: headers(),
                bears_secret: false,
                secrets: &self.secrets,
                scope: &self.scope,
                deadline: hop.deadline,
                policy: &policy,
                meter: None,
            };
            if courier.recorded(&request) == Some(false) {
                // A recording without it is as good as an origin without it.
                break;
            }
            let mut told = Verdicts::default();
            let answer = politeness.tries(&request, None, &mut told, courier).await;
            verdicts.waited += told.waited;
            verdicts.breaker = told.breaker;
            let incoming = answer.unwrap_or_else(|Unsent(fault)| Err(fault))?;
            match incoming.status {
                200..=299 => {
                    let text = self.read(incoming, url.as_str(), hop.deadline).await?;
                    if is_nonsense(&text) {
                        tracing::info!(
                            "{url} holds no rules that can be read; they forbid nothing"
                        );
                    }
                    let file = RobotsFile::read(&text);
                    return Ok((Known::new(Says::Rules(file), ROBOTS_KEPT), text.len()));
                }
                301 | 302 | 303 | 307 | 308 => match incoming.headers.get(LOCATION) {
                    Some(location) => url = target::parse_redirect(&url, location.as_bytes())?,
                    None => break,
                },
                status @ 500..=599 => {
                    return Ok((Known::new(Says::Error(status), ERROR_KEPT), 0));
                }
                _ => break,
            }
        }
        let none = Says::Rules(RobotsFile::allow_all());
        Ok((Known::new(none, ROBOTS_KEPT), 0))
    }

    /// As much of the text as is read.
    async fn read(
        &self,
        incoming: Incoming,
        url: &str,
        deadline: Option<Instant>,
    ) -> Result<Vec<u8>, Fault> {
        let encodings = decode::declared(&incoming.headers, url)?;
        let limits = BodyLimits {
            deadline,
            stall: self.stall,
            meter: None,
            cap: u64::MAX,
        };
        let wire = BoundedBody::new(incoming.body, url.to_owned(), limits);
        let mut body = Body::new(wire, &encodings);
        let mut text = Vec::new();
        while text.len() < READ_MAX_BYTES {
            match body.chunk().await? {
                Some(bytes) => text.extend_from_slice(&bytes),
                None => break,
            }
        }
        text.truncate(READ_MAX_BYTES);
        Ok(text)
    }
}

impl Shelf {
    fn forget_oldest(&mut self) {
        let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used);
        if let Some(origin) = oldest.map(|(origin, _)| origin.clone()) {
            self.entries.remove(&origin);
        }
    }
}

impl Known {
    fn new(says: Says, kept: Duration) -> Self {
        Self {
            says,
            until: Instant::now() + kept,
        }
    }

    fn judge(&self, hop: &Outgoing<'_>) -> Result<Option<Rate>, Fault> {
        let host = hop.url.host_str().unwrap_or_default();
        let refuse = |why: String| {
            Err(Fault::new(
                HttpErrorKind::RobotsDisallow,
                format!("{} is not asked: {why}", hop.shown_url),
            ))
        };
        match &self.says {
            Says::Error(status) => refuse(format!(
                "the robots.txt of {host} cannot be had (status {status}), \
                 which forbids everything (RFC 9309)"
            )),
            Says::Rules(file) if !file.allows(hop.url) => {
                refuse(format!("the robots.txt of {host} forbids it"))
            }
            Says::Rules(file) => Ok(file.pace()),
        }
    }
}

fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("text/plain, */*;q=0.8"));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers
}

/// A robots.txt that cannot be reached forbids everything. The kind stays what
/// it is: an unreachable host is worth another day, a forbidden page is not.
fn unhad(hop: &Outgoing<'_>, fault: Fault) -> Fault {
    let url = hop.shown_url;
    let message = format!(
        "{url} is not asked without its robots.txt: {}",
        fault.message
    );
    Fault { message, ..fault }
}
