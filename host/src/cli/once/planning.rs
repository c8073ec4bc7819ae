//! Makes jobs of the works of a list, in batches, and remembers which of them
//! this run has to account for.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};

use super::book::Book;
use crate::cli::output::note;
use crate::intake::Work;
use crate::ledger::{JobId, JobState, LedgerError, MAX_PAYLOAD_BYTES, NewJob, Planned, Timestamp};
use crate::outcome::{Outcome, Reason};

/// Works planned in one transaction at most.
const BATCH: usize = 256;
/// How long nothing is leased while a list is being planned.
const HEAD_START: Duration = Duration::from_millis(250);

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

    /// Waits until the list is planned, so that jobs planned before are begun with
    /// what this list knows of them. Not for long: a list may come slowly.
    pub(super) async fn head_start(&self) {
        let planned = async {
            loop {
                let mut news = std::pin::pin!(self.news.notified());
                news.as_mut().enable();
                if self.is_complete() {
                    return;
                }
                news.await;
            }
        };
        let _ = tokio::time::timeout(HEAD_START, planned).await;
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
    Todo(JobId),
    /// An earlier run ended it.
    Before(String, Box<Planned>),
}

/// Plans works as they are read.
pub(crate) struct Planner {
    pub(crate) book: Book,
    pub(crate) tracked: Arc<Tracked>,
    pub(crate) works: mpsc::Receiver<Work>,
    pub(crate) told: mpsc::Sender<Plan>,
    /// Works that had no open copy so long ago are tried again.
    pub(crate) retry_missing: Option<Duration>,
    /// Only those of this list.
    pub(crate) own_only: bool,
    /// So many are.
    pub(crate) again: usize,
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
                return self.retry_rest().await;
            }
            let jobs: Vec<NewJob> = works.iter().map(job).collect();
            let planned = self.book.insist(|ledger| ledger.plan(jobs.clone())).await;
            match planned {
                Ok(planned) => self.take_in(planned, &mut works).await?,
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

    async fn take_in(
        &mut self,
        planned: Vec<Planned>,
        works: &mut Vec<Work>,
    ) -> Result<(), LedgerError> {
        let again = self.retry(&planned).await?;
        for (planned, work) in planned.into_iter().zip(works.drain(..)) {
            if planned.done && !again.contains(&planned.job_id) {
                let id = work.work_id.to_string();
                let _ = self.told.send(Plan::Before(id, Box::new(planned))).await;
            } else {
                self.track(planned.job_id, work).await;
            }
        }
        Ok(())
    }

    /// The moment before which a work must have ended to be tried again.
    fn retry_before(&self) -> Option<Timestamp> {
        let age = self.retry_missing?;
        if age.is_zero() {
            // Whatever clock they ended by.
            return Some(Timestamp::MAX);
        }
        let age_ms = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        let now = self.book.ledger().now().as_millis();
        let before = now.saturating_sub(age_ms).saturating_add(1);
        Some(Timestamp::from_millis(before))
    }

    /// Gives works of the list that had no open copy another round, with what the
    /// list knows of them now.
    async fn retry(&mut self, planned: &[Planned]) -> Result<HashSet<JobId>, LedgerError> {
        let Some(before) = self.retry_before() else {
            return Ok(HashSet::new());
        };
        let missing = missing();
        let was_missing = |planned: &&Planned| {
            let reason = planned.failure_reason.as_ref();
            planned.done
                && planned.state == JobState::Failed
                && planned.finished_at.is_some_and(|ended| ended < before)
                && reason.is_some_and(|reason| missing.contains(reason))
        };
        let jobs: Vec<JobId> = planned
            .iter()
            .filter(was_missing)
            .map(|planned| planned.job_id)
            .collect();
        if jobs.is_empty() {
            return Ok(HashSet::new());
        }
        let retried = self.book.insist(|ledger| ledger.retry(jobs.clone())).await;
        match retried {
            // One that is not among them was retried by somebody else just now.
            Ok(retried) => self.again = self.again.saturating_add(retried.len()),
            Err(error) if self.book.goes_on() => {
                note(&format!("paperfall: not recorded: the retry: {error}"));
            }
            Err(error) => return Err(error),
        }
        Ok(jobs.into_iter().collect())
    }

    /// The same for the works of other lists, and tells of all.
    async fn retry_rest(&mut self) -> Result<(), LedgerError> {
        let Some(before) = self.retry_before() else {
            return Ok(());
        };
        if !self.own_only {
            let retried = self
                .book
                .insist(|ledger| ledger.retry_failed(before, missing()))
                .await;
            match retried {
                Ok(retried) => self.again = self.again.saturating_add(retried.len()),
                Err(error) if self.book.goes_on() => {
                    note(&format!("paperfall: not recorded: the retry: {error}"));
                }
                Err(error) => return Err(error),
            }
        }
        let (works, are) = match self.again {
            1 => ("work", "is"),
            _ => ("works", "are"),
        };
        note(&format!(
            "paperfall: {} {works} that had no open copy {are} tried again",
            self.again
        ));
        Ok(())
    }

    async fn track(&self, job: JobId, work: Work) {
        let tracking = Tracking {
            work_id: work.work_id.to_string(),
            work: self.book.goes_on().then(|| Box::new(work)),
        };
        self.tracked.track(job, tracking);
        self.tracked.news.notify_waiters();
        let _ = self.told.send(Plan::Todo(job)).await;
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

/// What a job's payload is to be after a newer record of its work.
pub(super) fn merged(standing: &str, newer: &str) -> Option<String> {
    let newer = Work::from_json(newer).ok()?.work;
    let Ok(standing) = Work::from_json(standing) else {
        return payload(&newer);
    };
    let mut work = standing.work;
    work.take_in(&newer).then(|| payload(&work)).flatten()
}

/// The reasons for which a work may have an open copy one day.
fn missing() -> Vec<String> {
    Reason::REGISTRY
        .iter()
        .filter(|reason| reason.outcome() == Some(Outcome::NoPdf))
        .map(Reason::to_string)
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn after(standing: &str, newer: &str) -> Option<serde_json::Value> {
        let payload = |text: &str| payload(&Work::from_json(text).unwrap().work).unwrap();
        let merged = merged(&payload(standing), &payload(newer))?;
        Some(serde_json::from_str(&merged).unwrap())
    }

    #[test]
    fn a_newer_record_adds_and_corrects_and_takes_nothing_away() {
        let first = r#"{"doi":"10.5555/a","arxiv_id":"2101.00001v1","url":"https://a.example/1"}"#;
        let newer = r#"{"doi":"10.5555/a","arxiv_id":"2101.00001v2","pmcid":"PMC7","title":"T"}"#;
        let merged = after(first, newer).unwrap();
        let ids = merged.get("identifiers").unwrap();
        let id = |scheme: &str| ids.get(scheme).and_then(serde_json::Value::as_str);
        assert_eq!(id("doi"), Some("10.5555/a"));
        assert_eq!(id("arxiv"), Some("2101.00001v2"));
        assert_eq!(id("pmcid"), Some("PMC7"));
        assert_eq!(merged.get("title").unwrap(), "T");
        let pages = merged.get("landing_urls").unwrap();
        assert_eq!(pages, &serde_json::json!(["https://a.example/1"]));
    }

    #[test]
    fn a_record_that_says_nothing_new_changes_nothing() {
        let rich = r#"{"doi":"10.5555/a","arxiv_id":"2101.00001","title":"T"}"#;
        assert_eq!(after(rich, rich), None);
        assert_eq!(after(rich, r#"{"doi":"10.5555/a"}"#), None);
    }

    #[test]
    fn a_payload_that_cannot_be_read_gives_way() {
        let newer = r#"{"doi":"10.5555/a"}"#;
        assert!(merged("{\"cut", newer).unwrap().contains("10.5555/a"));
        assert_eq!(merged(newer, "{\"cut"), None);
    }
}
