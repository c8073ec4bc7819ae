//! The seam: every request of the stack, each hop by itself, passes
//! [`exchange`](Exchange::exchange).
//!
//! What has to see or stop every hop stands here, between the checks above
//! (scheme, grant, budget) and the wire below, in this order: offline switch,
//! cache, politeness, wire.

use std::sync::Arc;

use reqwest::header::{HeaderMap, SET_COOKIE};
use tempfile::TempDir;
use tokio::time::Instant;
use url::Url;

use super::cache::{Cache, Found, Question};
use super::config::{HttpConfig, HttpSetupError};
use super::fault::Fault;
use super::meter::Meter;
use super::offline::Offline;
use super::politeness::Politeness;
use super::request::{Method, RequestPolicy, Role};
use super::scope::Scope;
use super::secrets::Secrets;
use super::verdicts::{CacheVerdict, Verdicts};
use super::wire::{Incoming, Wire};

/// One hop about to be sent.
pub(super) struct Outgoing<'a> {
    pub(super) role: Role,
    pub(super) method: Method,
    /// With secrets filled in.
    pub(super) url: &'a Url,
    /// For messages: without secrets.
    pub(super) shown_url: &'a str,
    pub(super) headers: HeaderMap,
    /// Whether its URL or a header has a secret filled in.
    pub(super) bears_secret: bool,
    /// To be taken out of whatever is written down.
    pub(super) secrets: &'a Secrets,
    /// The work it is made for.
    pub(super) scope: &'a Arc<Scope>,
    pub(super) deadline: Option<Instant>,
    pub(super) policy: &'a RequestPolicy,
    /// What the attempt may still spend; this hop is paid for already (and paid
    /// back when it is not sent), a retry of it is not.
    pub(super) meter: Option<&'a Arc<Meter>>,
}

/// The way to the wire.
pub(super) struct Exchange {
    pub(super) config: HttpConfig,
    cache: Option<Cache>,
    politeness: Politeness,
    wire: Wire,
    /// The cache of a recording or a replay begins empty and is thrown away:
    /// what stood in it before would be missing from the recording.
    _scratch: Option<TempDir>,
}

impl Exchange {
    pub(super) fn new(config: HttpConfig) -> Result<Self, HttpSetupError> {
        let wire = Wire::new(&config)?;
        let mut cache = config.cache.clone();
        let mut scratch = None;
        if wire.world().is_some()
            && let Some(cache) = &mut cache
        {
            let folder = TempDir::new().map_err(|error| HttpSetupError::Scratch {
                path: std::env::temp_dir(),
                why: error.to_string(),
            })?;
            cache.folder = folder.path().join("http");
            scratch = Some(folder);
        }
        Ok(Self {
            cache: cache.map(|cache| Cache::new(&cache, &config.user_agent)),
            politeness: Politeness::new(&config.politeness, config.stall_timeout)
                .counted(&config.metrics),
            wire,
            _scratch: scratch,
            config,
        })
    }

    pub(super) fn wire(&self) -> &Wire {
        &self.wire
    }

    /// Gets an answer to `hop`; `verdicts` tells how, also when there is none.
    pub(super) async fn exchange(
        &self,
        hop: Outgoing<'_>,
        verdicts: &mut Verdicts,
    ) -> Result<Incoming, Fault> {
        let _coming = self.wire.coming(hop.scope);
        let offline = self.config.offline;
        let cache = self.cache.as_ref();
        let cache = cache.filter(|_| offline.is_none_or(Offline::may_ask_cache));
        let question = cache.and_then(|cache| Some((cache, cache.question(&hop)?)));
        if let Some((cache, question)) = question {
            return self.cached(hop, cache, question, verdicts).await;
        }
        self.may_go(&hop)?;
        self.polite(&hop, verdicts).await
    }

    /// An exchange the cache has a say in.
    async fn cached(
        &self,
        mut hop: Outgoing<'_>,
        cache: &Cache,
        question: Question,
        verdicts: &mut Verdicts,
    ) -> Result<Incoming, Fault> {
        let stale = match cache.find(&question).await {
            Found::Fresh(kept) => {
                verdicts.cache = CacheVerdict::Fresh;
                let answer = kept.into_incoming();
                self.wire.not_needed(&hop, &answer);
                return Ok(answer);
            }
            Found::Stale(kept) => Some(kept),
            Found::Nothing => None,
        };
        verdicts.cache = CacheVerdict::Miss;
        if let Some(stale) = stale {
            if let Err(refusal) = self.may_go(&hop) {
                if !stale.may_be_stale() {
                    return Err(refusal);
                }
                verdicts.cache = CacheVerdict::Stale;
                return Ok(stale.into_incoming());
            }
            let plain = hop.headers.clone();
            hop.headers.extend(stale.validators());
            let mut answer = self.polite(&hop, verdicts).await?;
            if answer.status != 304 {
                verdicts.cache = CacheVerdict::Replaced;
                if answer.status < 500 {
                    cache.forget(&question).await;
                }
                return Ok(cache.keep(&question, answer));
            }
            // A cookie belongs to the work that is asking, not to the answer.
            let cookies: Vec<_> = match answer.headers.entry(SET_COOKIE) {
                reqwest::header::Entry::Occupied(cookies) => {
                    cookies.remove_entry_mult().1.collect()
                }
                reqwest::header::Entry::Vacant(_) => Vec::new(),
            };
            verdicts.cache = CacheVerdict::Revalidated;
            hop.headers = plain;
            let mut confirmed = cache.confirmed(&question, stale, &answer.headers).await;
            confirmed.address = answer.address;
            for cookie in cookies {
                confirmed.headers.append(SET_COOKIE, cookie);
            }
            return Ok(confirmed);
        }
        self.may_go(&hop)?;
        let answer = self.polite(&hop, verdicts).await?;
        Ok(cache.keep(&question, answer))
    }

    fn may_go(&self, hop: &Outgoing<'_>) -> Result<(), Fault> {
        match self.config.offline {
            Some(offline) if !offline.may_send(hop) => Err(offline.refusal(hop)),
            _ => Ok(()),
        }
    }

    /// What politeness makes of it: robots, then, around each sending, retries,
    /// breaker and limiter. Everything below is a request that a server sees.
    async fn polite(&self, hop: &Outgoing<'_>, verdicts: &mut Verdicts) -> Result<Incoming, Fault> {
        let sent = self.politeness.send(hop, verdicts, &self.wire).await;
        if let Err(fault) = &sent
            && fault.is_courtesy()
        {
            self.wire.refused(hop, fault);
        }
        sent
    }

    /// Whether requests to `host` would be refused now: its breaker is open.
    pub(super) fn refuses(&self, scope: &Scope, host: &str) -> bool {
        self.wire
            .is_shut(scope, host, || self.politeness.refuses(host))
    }
}
