//! When a replayed answer is given.
//!
//! A race is decided by the order in which answers come, and by what has been
//! asked by then. So within one work an answer waits until every exchange that
//! began before it ended has been asked for, every one that ended before it
//! has been answered, and the race has looked as often as it had. A run that
//! takes another way (other adapters, other settings) never asks for some of
//! them: after [`GRACE`] without anything happening the work is taken to have
//! left the recorded way, and only what is pending has an order. Where a
//! deadline decided, time itself is part of the recording: such works are
//! replayed at the recorded pace.
//!
//! A recording by somebody else knows no works: there an answer waits for
//! earlier ones that are pending, and a moment ([`COURTESY`]) for those that
//! are not asked for yet.
//!
//! One source alone (`adapter test`) has no race, whose recording it may be
//! asked from: there only what is pending has an order.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::model::{Ending, Recording};

/// How long a work may do nothing before it is taken to have left the
/// recorded way.
const GRACE: Duration = Duration::from_secs(3);
/// How long an answer waits for one that is not asked for, in a recording by
/// somebody else.
const COURTESY: Duration = Duration::from_millis(100);

pub(super) struct Schedule {
    slots: Vec<Slot>,
    works: Vec<Work>,
    by_label: HashMap<String, usize>,
    /// End and index of what is pending.
    pending: BTreeSet<(u64, usize)>,
    own: bool,
    alone: bool,
}

struct Slot {
    work: usize,
    start: u64,
    end: Option<u64>,
    step: u64,
    took: Duration,
    state: State,
    /// Since when others wait for it although it is not asked for.
    awaited: Option<Instant>,
}

enum State {
    Unasked,
    Pending(Pending),
    Done,
}

struct Pending {
    asked: Instant,
    /// Asked for by the work it was recorded for.
    at_home: bool,
    /// When it may be given if nothing happens before.
    due: Option<Instant>,
    wake: Arc<Notify>,
}

struct Work {
    members: Vec<usize>,
    paced: bool,
    left_the_way: bool,
    steps: u64,
    /// Hops that have set out, and those of them that have come to the wire.
    coming: usize,
    at_wire: usize,
    /// When something happened last.
    progress: Instant,
}

/// How far a hop has come.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stage {
    /// It is on its way, and may be held up by a policy.
    SetOut,
    /// It is at the wire.
    AtWire,
    /// It has left the wire, with an answer or without, and may come again.
    OffWire,
    /// It is done.
    Over,
}

/// Whether an answer may be given.
enum Verdict {
    Now,
    /// Not before this moment; none: not before something happens.
    Later(Option<Instant>),
}

impl Schedule {
    /// `alone`: one source asks at a time, and has no race.
    pub(super) fn new(recording: &Recording, alone: bool, now: Instant) -> Self {
        let mut schedule = Self {
            slots: Vec::with_capacity(recording.exchanges.len()),
            works: Vec::new(),
            by_label: HashMap::new(),
            pending: BTreeSet::new(),
            own: recording.own,
            alone,
        };
        for (index, recorded) in recording.exchanges.iter().enumerate() {
            let place = &recorded.place;
            let work = schedule.work(&place.work, now);
            if let Some(work) = schedule.works.get_mut(work) {
                work.members.push(index);
                work.paced |= recorded.ending == Ending::Deadline;
            }
            schedule.slots.push(Slot {
                work,
                start: place.start,
                end: place.end,
                step: place.step,
                took: recorded.took,
                state: State::Unasked,
                awaited: None,
            });
        }
        schedule
    }

    fn work(&mut self, label: &str, now: Instant) -> usize {
        if let Some(work) = self.by_label.get(label) {
            return *work;
        }
        let work = self.works.len();
        self.by_label.insert(label.to_owned(), work);
        self.works.push(Work {
            members: Vec::new(),
            paced: false,
            // Requests of no work have no way.
            left_the_way: label.is_empty(),
            steps: 0,
            coming: 0,
            at_wire: 0,
            progress: now,
        });
        work
    }

    /// A hop of `label` has come so far.
    pub(super) fn moved(&mut self, label: &str, to: Stage, now: Instant) {
        let work = self.work(label, now);
        if let Some(work) = self.works.get_mut(work) {
            match to {
                Stage::SetOut => work.coming = work.coming.saturating_add(1),
                Stage::Over => work.coming = work.coming.saturating_sub(1),
                Stage::AtWire => work.at_wire = work.at_wire.saturating_add(1),
                Stage::OffWire => work.at_wire = work.at_wire.saturating_sub(1),
            }
            work.progress = now;
        }
        self.settle(now);
    }

    /// The race of `label` has looked `steps` times.
    pub(super) fn stepped(&mut self, label: &str, steps: u64, now: Instant) {
        let work = self.work(label, now);
        if let Some(work) = self.works.get_mut(work) {
            work.steps = work.steps.max(steps);
            work.progress = now;
        }
        self.settle(now);
    }

    /// Exchange `index` is asked for by `label`. What is returned wakes
    /// whoever waits for [`Schedule::given`]; none: it has no end to wait for.
    pub(super) fn ask(&mut self, index: usize, label: &str, now: Instant) -> Option<Arc<Notify>> {
        let asking = self.work(label, now);
        let slot = self.slots.get_mut(index)?;
        if let Some(work) = self.works.get_mut(slot.work) {
            work.progress = now;
        }
        let Some(end) = slot.end else {
            slot.state = State::Done;
            self.settle(now);
            return None;
        };
        let wake = Arc::new(Notify::new());
        slot.state = State::Pending(Pending {
            asked: now,
            at_home: slot.work == asking,
            due: None,
            wake: Arc::clone(&wake),
        });
        self.pending.insert((end, index));
        self.settle(now);
        Some(wake)
    }

    /// Whether the answer of `index` is given; else, when to look again.
    pub(super) fn given(&mut self, index: usize, now: Instant) -> Result<(), Option<Instant>> {
        self.settle(now);
        match self.slots.get(index).map(|slot| &slot.state) {
            Some(State::Pending(pending)) => Err(pending.due),
            _ => Ok(()),
        }
    }

    /// Nobody waits for `index` any more, or it is not needed.
    pub(super) fn drop_out(&mut self, index: usize, now: Instant) {
        self.give(index, now);
        self.settle(now);
    }

    fn give(&mut self, index: usize, now: Instant) {
        let Some(slot) = self.slots.get_mut(index) else {
            return;
        };
        let before = std::mem::replace(&mut slot.state, State::Done);
        if let Some(end) = slot.end {
            self.pending.remove(&(end, index));
        }
        if let Some(work) = self.works.get_mut(slot.work) {
            work.progress = now;
            if let State::Pending(pending) = before {
                pending.wake.notify_one();
            }
        }
    }

    /// Gives every answer that may be given, in the recorded order.
    fn settle(&mut self, now: Instant) {
        let in_order: Vec<usize> = self.pending.iter().map(|(_, index)| *index).collect();
        for index in in_order {
            match self.judge(index, now) {
                Verdict::Now => self.give(index, now),
                Verdict::Later(due) => {
                    let state = self.slots.get_mut(index).map(|slot| &mut slot.state);
                    if let Some(State::Pending(pending)) = state
                        && pending.due != due
                    {
                        pending.due = due;
                        pending.wake.notify_one();
                    }
                }
            }
        }
    }

    fn judge(&mut self, index: usize, now: Instant) -> Verdict {
        let Some(slot) = self.slots.get(index) else {
            return Verdict::Now;
        };
        let (State::Pending(pending), Some(end)) = (&slot.state, slot.end) else {
            return Verdict::Now;
        };
        let earlier = self.pending.range(..(end, index));
        let mut earlier = earlier.filter_map(|(_, other)| self.slots.get(*other));
        if earlier.any(|other| !self.own || other.work == slot.work) {
            return Verdict::Later(None);
        }
        let Some(work) = self.works.get(slot.work) else {
            return Verdict::Now;
        };
        let paced = pending.asked + slot.took;
        if work.paced && now < paced {
            return Verdict::Later(Some(paced));
        }
        if self.alone {
            return Verdict::Now;
        }
        if !self.own {
            return self.courteous(end, now);
        }
        if work.left_the_way || !pending.at_home {
            return Verdict::Now;
        }
        let expected = work.members.iter().any(|other| {
            let other = self.slots.get(*other);
            other.is_some_and(|other| matches!(other.state, State::Unasked) && other.start < end)
        });
        if !expected && slot.step <= work.steps {
            return Verdict::Now;
        }
        if work.coming > work.at_wire {
            // Somebody is held up by a policy.
            return Verdict::Later(None);
        }
        let due = work.progress.max(pending.asked) + GRACE;
        if now < due {
            return Verdict::Later(Some(due));
        }
        let work = slot.work;
        if let Some(work) = self.works.get_mut(work) {
            work.left_the_way = true;
        }
        Verdict::Now
    }

    /// Waits a moment for what ended before `end` and is not asked for.
    fn courteous(&mut self, end: u64, now: Instant) -> Verdict {
        let mut due = None;
        for other in &mut self.slots {
            let earlier = other.end.is_some_and(|other| other < end);
            if !earlier || !matches!(other.state, State::Unasked) {
                continue;
            }
            let until = *other.awaited.get_or_insert(now) + COURTESY;
            if now < until {
                due = due.max(Some(until));
            }
        }
        due.map_or(Verdict::Now, |due| Verdict::Later(Some(due)))
    }
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
