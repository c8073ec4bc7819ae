//! The order of the courtesies around one hop.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::PolitenessConfig;
use super::breaker::{Breakers, Leave};
use super::limiter::{Limiter, NoTurn, Turn};
use super::rate::{HORIZON, Rate};
use super::retry;
use super::robots::Robots;
use super::rules::{Limits, Rules};
use crate::http::exchange::Outgoing;
use crate::http::fault::Fault;
use crate::http::verdicts::Verdicts;
use crate::http::wire::{Incoming, Wire};
use crate::http::{BreakerVerdict, HttpErrorKind, Role};
use crate::telemetry::Metrics;

/// Sends a hop, once and without ado.
pub(in crate::http) trait Courier: Sync {
    /// The answer's head, or why there is none.
    fn deliver(&self, hop: &Outgoing<'_>) -> impl Future<Output = Result<Incoming, Fault>> + Send;

    /// Whether an answer is recorded; none where it comes from a server. What
    /// the recording has was let through then, so it is let through now; and
    /// there is no server to be spared.
    fn recorded(&self, _hop: &Outgoing<'_>) -> Option<bool> {
        None
    }
}

impl Courier for Wire {
    fn deliver(&self, hop: &Outgoing<'_>) -> impl Future<Output = Result<Incoming, Fault>> + Send {
        self.send(hop)
    }

    fn recorded(&self, hop: &Outgoing<'_>) -> Option<bool> {
        Self::recorded(self, hop)
    }
}

/// The courtesies of one process.
pub(in crate::http) struct Politeness {
    rules: Rules,
    limiter: Limiter,
    breakers: Arc<Breakers>,
    robots: Robots,
}

/// Leave to send: the breaker's and a turn, where there are such things.
struct Pass<'a> {
    leave: Option<Leave>,
    turn: Option<Turn<'a>>,
}

impl Politeness {
    /// Sets up what the operator chose. `stall` is how long a robots.txt may
    /// keep silent.
    pub(in crate::http) fn new(config: &PolitenessConfig, stall: Duration) -> Self {
        Self {
            rules: Rules::new(config.rules.clone()),
            limiter: Limiter::new(config.shared_folder.as_deref()),
            breakers: Arc::default(),
            robots: Robots::new(stall),
        }
    }

    /// With breakers whose moves are counted.
    pub(in crate::http) fn counted(self, metrics: &Metrics) -> Self {
        Self {
            breakers: Arc::new(Breakers::counted(metrics.clone())),
            ..self
        }
    }

    /// Whether requests to `host` would be refused now: its breaker is open.
    pub(in crate::http) fn refuses(&self, host: &str) -> bool {
        self.rules.has_breaker(host) && self.breakers.refuses(host).is_some()
    }

    /// Sends `hop` with every courtesy. A hop that is refused costs nothing of
    /// its meter.
    pub(in crate::http) async fn send(
        &self,
        hop: &Outgoing<'_>,
        verdicts: &mut Verdicts,
        courier: &impl Courier,
    ) -> Result<Incoming, Fault> {
        let allowed = if hop.policy.robots_respect && hop.role == Role::Landing {
            self.robots.ask(self, hop, verdicts, courier).await
        } else {
            Ok(None)
        };
        let result = match allowed {
            Ok(crawl_delay) => self.tries(hop, crawl_delay, verdicts, courier).await,
            Err(fault) => Err(Unsent(fault)),
        };
        result.unwrap_or_else(|Unsent(fault)| {
            if let Some(meter) = hop.meter {
                meter.give_request_back();
            }
            Err(fault)
        })
    }

    /// Sends `hop`, and again while that may help, is allowed and can be over
    /// before the deadline.
    pub(super) async fn tries(
        &self,
        hop: &Outgoing<'_>,
        crawl_delay: Option<Rate>,
        verdicts: &mut Verdicts,
        courier: &impl Courier,
    ) -> Result<Result<Incoming, Fault>, Unsent> {
        let limits = self.rules.limits(hop.url);
        let pass = self
            .admit(hop, &limits, crawl_delay, verdicts, courier)
            .await;
        let mut result = self.deliver(hop, &limits, pass?, courier).await;
        for retry in 1..=hop.policy.retries_max {
            if !retry::may_pass(&result) {
                break;
            }
            let asked = result.as_ref().ok().and_then(retry::asked_pause);
            let wait = match courier.recorded(hop) {
                None => retry::backoff(retry).max(asked.unwrap_or_default()),
                Some(true) => Duration::ZERO,
                Some(false) => break,
            };
            if wait > hop.policy.rate_wait_max || Instant::now() + wait >= last_moment(hop) {
                break;
            }
            // While this one waits its slot serves another.
            if let Ok(incoming) = &mut result {
                incoming.slot = super::Slot::default();
            }
            sleep(wait).await;
            // Refused: the last answer tells more than the refusal.
            let Ok(pass) = self
                .admit(hop, &limits, crawl_delay, verdicts, courier)
                .await
            else {
                break;
            };
            if hop.meter.is_some_and(|meter| !meter.take_request()) {
                break;
            }
            verdicts.retries += 1;
            if let Some(meter) = hop.meter {
                meter.note_retry();
            }
            drop(result);
            result = self.deliver(hop, &limits, pass, courier).await;
        }
        Ok(result)
    }

    /// Gets leave to send, waiting as long as the policy and the deadline
    /// allow.
    async fn admit<'a>(
        &'a self,
        hop: &Outgoing<'_>,
        limits: &'a Limits,
        crawl_delay: Option<Rate>,
        verdicts: &mut Verdicts,
        courier: &impl Courier,
    ) -> Result<Pass<'a>, Unsent> {
        if hop.deadline.is_some_and(|end| end <= Instant::now()) {
            let message = format!("{} is not asked: the deadline has passed", hop.shown_url);
            return Err(Unsent(Fault::new(HttpErrorKind::Timeout, message)));
        }
        let recorded = courier.recorded(hop);
        if recorded.is_some() {
            let leave = limits.breaker.then(|| self.breakers.admit(&limits.host));
            return match leave {
                Some(Err(pause)) if recorded == Some(false) => {
                    Err(open(hop, limits, pause, verdicts))
                }
                leave => Ok(Pass::new(leave.and_then(Result::ok), None, verdicts)),
            };
        }
        // Asked before the wait, so that nobody waits for nothing, and after
        // it, because it may have opened meanwhile.
        if let Some(pause) = limits.breaker.then(|| self.breakers.refuses(&limits.host)) {
            refuse_open(hop, limits, pause, verdicts)?;
        }
        let started = Instant::now();
        let latest = (started + hop.policy.rate_wait_max.min(HORIZON)).min(last_moment(hop));
        let turn = self.limiter.turn(limits, crawl_delay, latest).await;
        verdicts.waited += started.elapsed();
        let turn = turn.map_err(|no_turn| Unsent(refusal(hop, limits, &no_turn)))?;
        let leave = limits.breaker.then(|| self.breakers.admit(&limits.host));
        match leave.transpose() {
            Ok(leave) => Ok(Pass::new(leave, Some(turn), verdicts)),
            Err(pause) => Err(open(hop, limits, pause, verdicts)),
        }
    }

    /// Sends once and draws the conclusions.
    async fn deliver(
        &self,
        hop: &Outgoing<'_>,
        limits: &Limits,
        pass: Pass<'_>,
        courier: &impl Courier,
    ) -> Result<Incoming, Fault> {
        let Pass { leave, turn } = pass;
        // In a replay nobody need be spared.
        let spared = turn.is_some();
        let slot = turn.map(Turn::use_it).unwrap_or_default();
        let started = Instant::now();
        let mut result = courier.deliver(hop).await;
        match (leave, retry::speaks_for_host(&result, started.elapsed())) {
            (Some(leave), Some(true)) => leave.worked(),
            (Some(leave), Some(false)) => leave.failed(),
            _ => {}
        }
        if let Ok(incoming) = &mut result {
            let asked = retry::asked_pause(incoming).filter(|pause| !pause.is_zero());
            if let Some(pause) = asked.filter(|_| spared) {
                self.limiter.close(&limits.host, pause.min(HORIZON)).await;
                if pause > HORIZON && limits.breaker {
                    self.breakers.open_for(&limits.host, pause);
                }
            }
            incoming.slot = slot;
        }
        result
    }
}

impl<'a> Pass<'a> {
    fn new(leave: Option<Leave>, turn: Option<Turn<'a>>, verdicts: &mut Verdicts) -> Self {
        if let Some(leave) = &leave {
            verdicts.breaker = leave.verdict();
        }
        Self { leave, turn }
    }
}

/// A fault of a hop that was not sent.
pub(super) struct Unsent(pub(super) Fault);

/// The moment after which nothing is begun for `hop`.
fn last_moment(hop: &Outgoing<'_>) -> Instant {
    let far = Instant::now() + HORIZON * 4;
    hop.deadline.map_or(far, |deadline| deadline.min(far))
}

fn refuse_open(
    hop: &Outgoing<'_>,
    limits: &Limits,
    pause: Option<Duration>,
    verdicts: &mut Verdicts,
) -> Result<(), Unsent> {
    match pause {
        Some(pause) => Err(open(hop, limits, pause, verdicts)),
        None => Ok(()),
    }
}

fn open(hop: &Outgoing<'_>, limits: &Limits, pause: Duration, verdicts: &mut Verdicts) -> Unsent {
    verdicts.breaker = BreakerVerdict::Open;
    let (url, host) = (hop.shown_url, &limits.host);
    let message = if pause.is_zero() {
        format!("{url} is not asked: {host} failed too often, and another request tries it now")
    } else {
        format!(
            "{url} is not asked: {host} failed too often lately and is left alone for {:.1} s more",
            pause.as_secs_f64()
        )
    };
    Unsent(Fault::new(HttpErrorKind::BreakerOpen, message))
}

fn refusal(hop: &Outgoing<'_>, limits: &Limits, no_turn: &NoTurn) -> Fault {
    let (url, place) = (hop.shown_url, &limits.bucket);
    let why = match no_turn {
        NoTurn::TooLong(wait) => format!(
            "the limits of {place} would make it wait {:.1} s",
            wait.as_secs_f64()
        ),
        NoTurn::NoSlot => format!("as many requests as may be are at {place} already"),
        NoTurn::Broken(why) => format!("the limits shared with other processes fail: {why}"),
    };
    Fault::new(
        HttpErrorKind::RateLimited,
        format!("{url} is not asked: {why}"),
    )
}
