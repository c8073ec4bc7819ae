//! Waiting for one's turn at a host: a slot, then a moment.
//!
//! The moment is reserved before it is waited for, so those who wait are
//! served in the order they came, and a wait that would be too long is known,
//! and refused, before it begins.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::book::{Answer, Ask, MemoryBook, PaceBook};
use super::rate::{Grant, Micros, Rate, micros};
use super::rules::Limits;
use super::shared::SharedBook;
use super::slots::{NoSlot, Slot, Slots};

/// A reserved moment that is missed by more than this (a stopped process, a
/// suspended machine) is reserved anew: those behind it have gone by then.
const LATE: Micros = 250_000;
/// How long a busy book is asked again, and how often.
const BUSY_FOR: Duration = Duration::from_secs(2);
const BUSY_PAUSE: Duration = Duration::from_millis(2);

/// See the module.
pub(super) struct Limiter {
    book: Box<dyn PaceBook>,
    slots: Slots,
    /// The operator was told that the shared files cannot be used.
    complained: AtomicBool,
}

/// One's turn: a slot, and the moment, which has come. Dropped unused, the
/// moment is given back where that is still possible.
pub(super) struct Turn<'a> {
    slot: Slot,
    moment: Moment<'a>,
}

struct Moment<'a> {
    book: &'a dyn PaceBook,
    bucket: &'a str,
    grant: Option<Grant>,
}

/// Why there is no turn.
#[derive(Debug)]
pub(super) enum NoTurn {
    /// The wait would be so long.
    TooLong(Duration),
    /// Every slot stayed taken.
    NoSlot,
    /// The files that processes share cannot be used.
    Broken(String),
}

impl Limiter {
    /// The limits of this process, or those shared with every process that
    /// uses `folder`.
    pub(super) fn new(folder: Option<&Path>) -> Self {
        Self {
            book: match folder {
                None => Box::new(MemoryBook::new()),
                Some(folder) => Box::new(SharedBook::new(folder)),
            },
            slots: Slots::new(folder),
            complained: AtomicBool::new(false),
        }
    }

    /// Waits for a turn, which has to come before `latest`. `more` is a rate
    /// beyond those of the limits.
    pub(super) async fn turn<'a>(
        &'a self,
        limits: &'a Limits,
        more: Option<Rate>,
        latest: Instant,
    ) -> Result<Turn<'a>, NoTurn> {
        let turn = self.wait_for_turn(limits, more, latest).await;
        if let Err(NoTurn::Broken(why)) = &turn
            && !self.complained.swap(true, Ordering::Relaxed)
        {
            tracing::warn!("limits shared with other processes cannot be kept: {why}");
        }
        turn
    }

    async fn wait_for_turn<'a>(
        &'a self,
        limits: &'a Limits,
        more: Option<Rate>,
        latest: Instant,
    ) -> Result<Turn<'a>, NoTurn> {
        let slot = match limits.slots {
            None => Slot::default(),
            Some(count) => match self.slots.take(&limits.bucket, count, latest).await {
                Ok(slot) => slot,
                Err(NoSlot::Taken) => return Err(NoTurn::NoSlot),
                Err(NoSlot::Broken(why)) => return Err(NoTurn::Broken(why)),
            },
        };
        let rates: Vec<Rate> = limits.rates.iter().copied().chain(more).collect();
        let ask = Ask {
            bucket: &limits.bucket,
            host: &limits.host,
            rates: &rates,
        };
        loop {
            let mut moment = Moment {
                book: &*self.book,
                bucket: &limits.bucket,
                grant: None,
            };
            let grant = self.reserve(ask, latest).await?;
            let at = grant.at;
            moment.grant = Some(grant);
            loop {
                let now = self.book.now();
                if now >= at {
                    break;
                }
                sleep(Duration::from_micros(at - now)).await;
            }
            if self.book.now() - at <= LATE {
                return Ok(Turn { slot, moment });
            }
        }
    }

    async fn reserve(&self, ask: Ask<'_>, latest: Instant) -> Result<Grant, NoTurn> {
        let busy_until = Instant::now() + BUSY_FOR;
        loop {
            let left = latest.saturating_duration_since(Instant::now());
            match self.book.reserve(ask, micros(left)) {
                Answer::Granted(grant) => return Ok(grant),
                Answer::TooLong(wait) => {
                    return Err(NoTurn::TooLong(Duration::from_micros(wait)));
                }
                Answer::Busy if Instant::now() < busy_until.min(latest) => {
                    sleep(BUSY_PAUSE).await;
                }
                Answer::Busy => {
                    let why = "another process holds the record of its limits and does not go on";
                    return Err(NoTurn::Broken(why.to_owned()));
                }
                Answer::Broken(why) => return Err(NoTurn::Broken(why)),
            }
        }
    }

    /// Lets nobody go to `host` for so long.
    pub(super) async fn close(&self, host: &str, pause: Duration) {
        let until = self.book.now().saturating_add(micros(pause));
        let busy_until = Instant::now() + BUSY_FOR;
        while !self.book.close(host, until) && Instant::now() < busy_until {
            sleep(BUSY_PAUSE).await;
        }
    }
}

impl Turn<'_> {
    /// The request is sent now: the moment is spent, the slot is kept.
    pub(super) fn use_it(mut self) -> Slot {
        self.moment.grant = None;
        std::mem::take(&mut self.slot)
    }
}

impl Drop for Moment<'_> {
    fn drop(&mut self) {
        if let Some(grant) = &self.grant {
            self.book.give_back(self.bucket, grant);
        }
    }
}
