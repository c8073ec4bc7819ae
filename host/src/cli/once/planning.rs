//! Makes jobs of the works of a list, in batches, and remembers which of them
//! this run has to account for.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, mpsc};

use super::book::Book;
use crate::cli::output::note;
use crate::intake::Work;
use crate::ledger::{JobId, LedgerError, MAX_PAYLOAD_BYTES, NewJob, Planned};

/// Works planned in one transaction at most.
const BATCH: usize = 256;

/// The jobs of this run's list that are not accounted for yet.
#[derive(Debug, Default)]
pub(crate) struct Tracked {
    jobs: Mutex<Jobs>,
    /// Jobs were added, or no more will be.
    pub(super) news: Notify,
    complete: std::sync::atomic::AtomicBool,
}

#[derive(Debug, Default)]
struct Jobs {
    open: HashMap<JobId, Tracking>,
    /// Ended before the planner had come to them; other lists' too.
    early: HashSet<JobId>,
}

#[derive(Debug)]
struct Tracking {
    work_id: String,
    /// Kept where the work may have to be obtained without its job.
    work: Option<Box<Work>>,
}

impl Tracked {
    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The whole list is planned.
    pub(super) fn is_complete(&self) -> bool {
        self.complete.load(std::sync::atomic::Ordering::Acquire)
    }

    fn complete(&self) {
        self.lock().early.clear();
        self.complete
            .store(true, std::sync::atomic::Ordering::Release);
        self.news.notify_waiters();
    }

    fn track(&self, job: JobId, tracking: Tracking) {
        let mut jobs = self.lock();
        if !jobs.early.remove(&job) {
            jobs.open.insert(job, tracking);
        }
    }

    /// The job is accounted for.
    pub(crate) fn settle(&self, job: JobId) {
        let mut jobs = self.lock();
        if jobs.open.remove(&job).is_none() && !self.is_complete() {
            jobs.early.insert(job);
        }
    }

    /// The jobs not accounted for.
    pub(crate) fn open(&self) -> Vec<JobId> {
        self.lock().open.keys().copied().collect()
    }

    /// The same with their works' ids.
    pub(super) fn open_works(&self) -> Vec<(JobId, String)> {
        let jobs = self.lock();
        let open = jobs.open.iter();
        open.map(|(job, tracking)| (*job, tracking.work_id.clone()))
            .collect()
    }

    /// A work to be obtained without its job, for the ledger does not answer;
    /// none of those that a worker has.
    pub(super) fn take_work(&self, in_hand: &HashSet<JobId>) -> Option<Box<Work>> {
        let mut jobs = self.lock();
        let job = jobs.open.iter().find_map(|(job, tracking)| {
            let is_free = tracking.work.is_some() && !in_hand.contains(job);
            is_free.then_some(*job)
        })?;
        jobs.open.remove(&job)?.work
    }
}

/// What planning a work found.
#[derive(Debug)]
pub(crate) enum Plan {
    /// There is work to do.
    Todo,
    /// An earlier run ended it.
    Before(String, Box<Planned>),
}

/// Plans works as they are read.
pub(crate) struct Planner {
    pub(crate) book: Book,
    pub(crate) tracked: Arc<Tracked>,
    pub(crate) works: mpsc::Receiver<Work>,
    pub(crate) told: mpsc::Sender<Plan>,
}

impl Planner {
    /// Plans until the list ends.
    ///
    /// # Errors
    /// The ledger failed for good.
    pub(crate) async fn run(mut self) -> Result<(), LedgerError> {
        let planned = self.plan_all().await;
        self.tracked.complete();
        planned
    }

    async fn plan_all(&mut self) -> Result<(), LedgerError> {
        let mut works = Vec::new();
        loop {
            works.clear();
            if self.works.recv_many(&mut works, BATCH).await == 0 {
                return Ok(());
            }
            let jobs: Vec<NewJob> = works.iter().map(job).collect();
            let planned = self.book.insist(|ledger| ledger.plan(jobs.clone())).await;
            match planned {
                Ok(planned) => self.take_in(planned, &mut works).await,
                Err(error) if self.book.goes_on() => {
                    for work in works.drain(..) {
                        note(&format!(
                            "paperfall: not recorded: the plan of {}: {error}",
                            work.work_id
                        ));
                        let id = JobId::from_key(&job(&work).key());
                        self.track(id, work).await;
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn take_in(&self, planned: Vec<Planned>, works: &mut Vec<Work>) {
        for (planned, work) in planned.into_iter().zip(works.drain(..)) {
            if planned.done {
                let id = work.work_id.to_string();
                let _ = self.told.send(Plan::Before(id, Box::new(planned))).await;
            } else {
                self.track(planned.job_id, work).await;
            }
        }
    }

    async fn track(&self, job: JobId, work: Work) {
        let tracking = Tracking {
            work_id: work.work_id.to_string(),
            work: self.book.goes_on().then(|| Box::new(work)),
        };
        self.tracked.track(job, tracking);
        self.tracked.news.notify_waiters();
        let _ = self.told.send(Plan::Todo).await;
    }
}

/// The job of a work. Everything known of the work goes along, for the process
/// that will lease it may be another.
fn job(work: &Work) -> NewJob {
    NewJob {
        work_id: work.work_id.to_string(),
        artifact_id: work.artifact_id.clone(),
        canonical_url: work.canonical_url.clone(),
        payload: payload(work),
    }
}

/// The work as JSON; one with endless lists of URLs is told with fewer.
fn payload(work: &Work) -> Option<String> {
    const FEWER: usize = 8;
    let fits = |text: &String| text.len() <= MAX_PAYLOAD_BYTES;
    serde_json::to_string(work).ok().filter(fits).or_else(|| {
        let mut work = work.clone();
        work.title = None;
        work.pdf_urls.truncate(FEWER);
        work.landing_urls.truncate(FEWER);
        serde_json::to_string(&work).ok().filter(fits)
    })
}
