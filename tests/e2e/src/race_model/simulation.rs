//! The simulation: tiers, queue, budgets, re-arming, wins and strikes.

use std::collections::BTreeSet;

use super::attempt::{Attempt, Step};
use super::scene::{After, Copied, Copy, Part, Rules, Scene, Source, Thing};
use super::verdict;

/// Outcome and reason.
pub(super) type Ending = (&'static str, &'static str);

/// What the rules say will happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prediction {
    /// The winning source, if one wins.
    pub winner: Option<&'static str>,
    /// The winning URL, if one wins.
    pub url: Option<String>,
    /// The work's outcome.
    pub outcome: &'static str,
    /// The reasons the work may give.
    pub reasons: Vec<&'static str>,
    /// Source, outcome and reason of every attempt and skip, in the order in
    /// which they ended.
    pub attempts: Vec<(&'static str, &'static str, &'static str)>,
    /// Two things happened at once, or too close to the work's deadline.
    pub tie: bool,
    /// Ticks spent on finding.
    pub ticks: u64,
    /// Sources that got their turn because something arrived.
    pub rearmed: usize,
    /// Candidates that failed in download.
    pub struck: usize,
    /// Attempts dropped because another won.
    pub dropped: usize,
}

/// Where a source stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Waiting,
    Queued,
    Running,
    Skipped,
    Done,
}

/// Events this close to the work's deadline are a tie: a real clock drifts
/// over a whole race.
const DRIFT: u64 = 2;

/// See [`predict`].
pub(super) struct Simulation<'a> {
    rules: &'a Rules,
    scene: &'a Scene,
    pub(super) now: u64,
    known: BTreeSet<Thing>,
    tried: BTreeSet<String>,
    standing: Vec<Standing>,
    was_rearmed: Vec<bool>,
    queue: Vec<usize>,
    running: Vec<Attempt>,
    launched: usize,
    told: Prediction,
}

/// Plays the scene by the rules.
pub fn predict(rules: &Rules, scene: &Scene) -> Prediction {
    let mut simulation = Simulation {
        rules,
        scene,
        now: 0,
        known: scene.known.clone(),
        tried: BTreeSet::new(),
        standing: vec![Standing::Waiting; rules.sources.len()],
        was_rearmed: vec![false; rules.sources.len()],
        queue: Vec::new(),
        running: Vec::new(),
        launched: 0,
        told: Prediction {
            winner: None,
            url: None,
            outcome: "no_pdf",
            reasons: Vec::new(),
            attempts: Vec::new(),
            tie: false,
            ticks: 0,
            rearmed: 0,
            struck: 0,
            dropped: 0,
        },
    };
    simulation.play();
    simulation.told
}

impl Simulation<'_> {
    fn play(&mut self) {
        for tier in 0..self.rules.parallel.len() {
            for (index, source) in self.rules.sources.iter().enumerate() {
                let plays = self.scene.parts.contains_key(source.name);
                if source.tier == tier && plays && self.standing[index] == Standing::Waiting {
                    self.standing[index] = Standing::Queued;
                    self.queue.push(index);
                }
            }
            if self.play_tier(tier) {
                return;
            }
            if self.is_spent() {
                break;
            }
        }
        self.told.ticks = self.now;
        let endings: Vec<Ending> = self
            .told
            .attempts
            .iter()
            .map(|(_, outcome, reason)| (*outcome, *reason))
            .collect();
        (self.told.outcome, self.told.reasons) = if self.now >= self.rules.total_timeout {
            ("retryable", vec!["total_deadline"])
        } else {
            verdict::of_work(&endings)
        };
    }

    /// Plays a tier; true when the work was obtained.
    fn play_tier(&mut self, tier: usize) -> bool {
        loop {
            self.fill(tier);
            let Some(first) = (0..self.running.len()).min_by_key(|&at| self.running[at].next)
            else {
                return false;
            };
            self.look_for_ties(first);
            let mut attempt = self.running.swap_remove(first);
            self.now = attempt.next;
            match attempt.step(self) {
                Step::On => self.running.push(attempt),
                Step::Ended(ending) => {
                    self.standing[attempt.source] = Standing::Done;
                    self.tell(attempt.source, ending);
                }
                Step::Won(url) => {
                    self.standing[attempt.source] = Standing::Done;
                    self.drop_the_others();
                    if self.obtained(attempt, url) {
                        return true;
                    }
                }
            }
            self.rearm();
        }
    }

    /// Launches what the limits allow; skips are free.
    fn fill(&mut self, tier: usize) {
        let at_once = self.rules.parallel[tier].min(self.rules.max_concurrent);
        while self.running.len() < at_once && !self.is_spent() && !self.queue.is_empty() {
            let index = self.queue.remove(0);
            let source = self.source(index).clone();
            if !source.starts_from.is_empty() && !self.knows_any(source.starts_from) {
                self.standing[index] = Standing::Skipped;
                self.tell(index, ("skipped", source.missing));
                continue;
            }
            self.standing[index] = Standing::Running;
            self.launched += 1;
            let left = self.rules.total_timeout - self.now;
            self.note_tie(source.timeout.abs_diff(left) < DRIFT);
            let deadline = self.now + source.timeout.min(left);
            let answer_at = match self.part(index).after {
                After::Ticks(ticks) => self.now + ticks,
                After::TicksForEach(ticks, things) => {
                    let known = things.iter().filter(|thing| self.known.contains(thing));
                    self.now + ticks * u64::try_from(known.count()).unwrap()
                }
            };
            let hangs = matches!(self.part(index).says, super::Says::Hangs);
            let answer_at = if hangs { deadline } else { answer_at };
            self.note_tie(!hangs && answer_at == deadline);
            let attempt = Attempt::asking(index, answer_at, deadline, left < source.timeout);
            self.running.push(attempt);
        }
    }

    fn is_spent(&self) -> bool {
        self.launched >= self.rules.max_attempts || self.now >= self.rules.total_timeout
    }

    /// Once each, a skipped source for which something has arrived.
    fn rearm(&mut self) {
        for index in 0..self.standing.len() {
            let arrived = self.knows_any(self.source(index).starts_from);
            if self.standing[index] == Standing::Skipped && arrived && !self.was_rearmed[index] {
                self.was_rearmed[index] = true;
                self.standing[index] = Standing::Queued;
                self.queue.push(index);
                self.told.rearmed += 1;
            }
        }
    }

    /// Losers are dropped at once; should the winner be struck, they get
    /// their turn again, in plan order.
    fn drop_the_others(&mut self) {
        for attempt in std::mem::take(&mut self.running) {
            if let Some(url) = attempt.probing() {
                self.tried.remove(url);
            }
            self.standing[attempt.source] = Standing::Queued;
            self.queue.push(attempt.source);
            self.told.dropped += 1;
        }
        self.queue.sort_unstable();
    }

    /// Downloads the winner and, as long as downloads fail, what its attempt
    /// proposed beside it. Downloading costs no time of the race.
    fn obtained(&mut self, mut attempt: Attempt, mut url: String) -> bool {
        let place = self.told.attempts.len();
        let source = attempt.source;
        self.tell(source, ("success", self.part(source).wins_as));
        loop {
            let name = self.source(source).name;
            if self.copy(&url).is == Copied::Whole {
                self.told.attempts[place] = (name, "success", self.part(source).wins_as);
                self.told.winner = Some(name);
                self.told.url = Some(url);
                self.told.outcome = "success";
                self.told.reasons = vec![self.part(source).wins_as];
                self.told.ticks = self.now;
                return true;
            }
            self.told.struck += 1;
            self.told.attempts[place] = (name, "no_pdf", "truncated");
            let left = std::mem::take(&mut attempt.left);
            attempt = Attempt::with_proposals(source, attempt.deadline, left);
            let mut step = attempt.probe_next(self);
            while matches!(step, Step::On) {
                self.note_tie(self.is_near_the_end(attempt.next));
                self.now = attempt.next;
                step = attempt.step(self);
            }
            match step {
                Step::Won(next) => url = next,
                Step::On | Step::Ended(_) => return false,
            }
        }
    }

    fn look_for_ties(&mut self, first: usize) {
        let at = self.running[first].next;
        let is_total = |attempt: &Attempt| attempt.total_first && attempt.next == attempt.deadline;
        let tie = self.running.iter().enumerate().any(|(index, other)| {
            let both_total = is_total(other) && is_total(&self.running[first]);
            index != first && other.next == at && !both_total
        });
        let late = self.is_near_the_end(at) && !is_total(&self.running[first]);
        self.note_tie(tie || late);
    }

    fn is_near_the_end(&self, at: u64) -> bool {
        at.abs_diff(self.rules.total_timeout) < DRIFT
    }

    fn source(&self, index: usize) -> &Source {
        &self.rules.sources[index]
    }

    fn tell(&mut self, index: usize, (outcome, reason): Ending) {
        let name = self.source(index).name;
        self.told.attempts.push((name, outcome, reason));
    }

    fn knows_any(&self, things: &[Thing]) -> bool {
        things.iter().any(|thing| self.known.contains(thing))
    }

    pub(super) fn part(&self, index: usize) -> &Part {
        &self.scene.parts[self.source(index).name]
    }

    pub(super) fn copy(&self, url: &str) -> Copy {
        self.scene.copies[url]
    }

    pub(super) fn note_tie(&mut self, tie: bool) {
        self.told.tie |= tie;
    }

    /// The right to probe a URL: given once for each work.
    pub(super) fn claim(&mut self, url: &str) -> bool {
        self.tried.insert(url.to_owned())
    }

    pub(super) fn learn(&mut self, urls: &[String], teaches: &[Thing]) {
        self.known.extend(teaches);
        if !urls.is_empty() {
            self.known.insert(Thing::PdfUrl);
        }
    }
}
