//! Where results arrive: each is written down, shown and counted, in that order.

use std::path::{Path, PathBuf};

use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::batch::{Batch, BatchOptions};
use super::earlier::for_people;
use super::exit::Failed;
use super::output::outln;
use super::progress::Progress;
use super::reading::Read;
use crate::download::{Journal, OutFolder, WorkResult};

/// What a worker brings.
pub(crate) enum Turn {
    /// A work ended.
    Ended(Box<WorkResult>),
    /// The machine's side failed: the run is over.
    Failed(Failed),
}

/// Results on their way to the journal, to people and into the tally.
pub(crate) struct Desk<'a> {
    options: &'a BatchOptions<'a>,
    pub(crate) journal: Journal,
    pub(crate) progress: Progress,
    stop: CancellationToken,
    pub(crate) batch: Batch,
    /// Works whose lines are told at the end: those found done, where such are
    /// wanted.
    done_before: Vec<String>,
    /// The same: those that ended in this run without a paper.
    late: Vec<String>,
    failure: Option<Failed>,
}

impl<'a> Desk<'a> {
    pub(crate) fn new(
        options: &'a BatchOptions<'a>,
        journal: Journal,
        stop: CancellationToken,
    ) -> Self {
        Self {
            options,
            journal,
            progress: Progress::new(),
            stop,
            batch: Batch::default(),
            done_before: Vec::new(),
            late: Vec::new(),
            failure: None,
        }
    }

    /// Takes what comes until no worker is left.
    pub(crate) async fn collect(
        &mut self,
        reads: &mut mpsc::Receiver<Read>,
        turns: &mut mpsc::Receiver<Turn>,
    ) {
        let mut reading = true;
        loop {
            tokio::select! {
                read = reads.recv(), if reading => match read {
                    Some(read) => self.hear(read),
                    None => reading = false,
                },
                turn = turns.recv() => match turn {
                    Some(Turn::Ended(result)) => self.take(*result),
                    Some(Turn::Failed(error)) => self.fail(error),
                    None => return,
                },
            }
        }
    }

    /// Takes what the reader found.
    pub(crate) fn hear(&mut self, read: Read) {
        if let (Read::DoneBefore(work_id), true) = (&read, self.options.tell_earlier) {
            self.done_before.push(work_id.clone());
        }
        read.take(&self.progress, &mut self.batch.tally);
    }

    /// A work ended in this run.
    pub(crate) fn take(&mut self, result: WorkResult) {
        self.write_down(&result);
        self.attempted(&result);
        self.batch.tally.add_result(&result);
        self.tell(result);
    }

    /// Writes a result of this run down, and shows it.
    pub(crate) fn write_down(&mut self, result: &WorkResult) {
        match self.journal.append(result) {
            Ok(()) => {
                let paper = self.paper(result);
                self.progress.ended(result, paper.as_deref());
            }
            Err(error) => self.fail(error.into()),
        }
    }

    /// Where a work's paper is, if that is to be said.
    fn paper(&self, result: &WorkResult) -> Option<PathBuf> {
        let path = result.path.as_deref();
        let wanted = path.filter(|_| self.options.tell_earlier)?;
        let folder = OutFolder::new(self.options.out.to_owned());
        Some(folder.shown_paper(&result.work_id, wanted))
    }

    /// Counts the attempts of a result.
    pub(crate) fn attempted(&mut self, result: &WorkResult) {
        self.batch.tally.add_attempts(result);
    }

    /// Tells what a work came to in this run.
    pub(crate) fn tell(&mut self, result: WorkResult) {
        if self.options.json
            && let Err(error) = print_json(&result)
        {
            self.fail(error);
        }
        self.keep(result);
    }

    /// Has the line of a work told when the run is over.
    pub(crate) fn tell_late(&mut self, work_id: &str) {
        if self.options.json || self.options.keep {
            self.late.push(work_id.to_owned());
        }
    }

    /// A work ended in an earlier run whose line is not there.
    pub(crate) fn write_earlier(&mut self, result: &WorkResult) {
        if let Err(error) = self.journal.append(result) {
            self.fail(error.into());
        }
    }

    /// A result of a work that ended before this run, or in another one.
    pub(crate) fn take_earlier(&mut self, result: WorkResult) {
        if self.options.tell_earlier {
            match serde_json::to_string(&result).map_err(Failed::machine) {
                Ok(line) => self.tell_earlier(&line),
                Err(error) => self.fail(error),
            }
        }
        self.keep(result);
    }

    /// Prints a result that was told before.
    fn tell_earlier(&mut self, line: &str) {
        if let Err(error) = print_earlier(line, self.options.json, self.options.out) {
            self.fail(error);
        }
    }

    /// Prints the results of works that were found done in the results file.
    fn tell_done_before(&mut self) {
        let works = std::mem::take(&mut self.done_before);
        if works.is_empty() || !self.is_well() {
            return;
        }
        let (json, out) = (self.options.json, self.options.out);
        self.with_lines(&works, |_, line| print_earlier(line, json, out));
    }

    /// Prints and keeps the results of works that were held back. After a stop,
    /// too: they ended.
    fn tell_held_back(&mut self) {
        let works = std::mem::take(&mut self.late);
        let json = self.options.json;
        let keep = self.options.keep;
        self.with_lines(&works, |results, line| {
            if json {
                outln!("{line}")?;
            }
            if keep && let Ok(result) = serde_json::from_str(line) {
                results.push(result);
            }
            Ok(())
        });
    }

    /// Does this with the line of each of these works, up to the first failure.
    fn with_lines(
        &mut self,
        works: &[String],
        mut each: impl FnMut(&mut Vec<WorkResult>, &str) -> Result<(), Failed>,
    ) {
        let results = &mut self.batch.results;
        let mut told = Ok(());
        let read = self.journal.lines_of(works, |line| {
            told = each(results, line);
            told.is_ok()
        });
        for failed in [read.map_err(Failed::from), told] {
            if let Err(error) = failed {
                self.fail(error);
            }
        }
    }

    /// Whether results of works that ended before are wanted.
    pub(crate) fn wants_earlier(&self) -> bool {
        self.options.keep || self.options.tell_earlier
    }

    /// Keeps a result, if results are wanted.
    fn keep(&mut self, result: WorkResult) {
        if self.options.keep {
            self.batch.results.push(result);
        }
    }

    /// Stops the run; the first failure is the one that is told.
    pub(crate) fn fail(&mut self, error: Failed) {
        self.failure.get_or_insert(error);
        self.stop.cancel();
    }

    /// Whether the run goes on as it was meant to.
    pub(crate) fn is_well(&self) -> bool {
        !self.stop.is_cancelled()
    }

    /// Ends the run: waits for who is still busy, and closes the journal.
    pub(crate) async fn close(
        mut self,
        is_last: bool,
        mut reads: mpsc::Receiver<Read>,
        reader: JoinHandle<()>,
        mut workers: JoinSet<()>,
    ) -> Result<Batch, Failed> {
        // After a stop the reader may be waiting for a line that never comes (a
        // terminal, a pipe); it holds nothing, so nobody waits for it.
        if self.is_well() {
            while let Some(read) = reads.recv().await {
                self.hear(read);
            }
            let _ = reader.await;
        } else {
            // What it told before the stop is still true.
            while let Ok(read) = reads.try_recv() {
                self.hear(read);
            }
        }
        while workers.join_next().await.is_some() {}
        self.progress.finish();
        self.tell_done_before();
        self.tell_held_back();
        self.batch.interrupted = self.stop.is_cancelled() && self.failure.is_none();
        let closed = self.journal.finish(is_last);
        if let Some(error) = self.failure {
            return Err(error);
        }
        closed?;
        Ok(self.batch)
    }
}

fn print_earlier(line: &str, json: bool, out: &Path) -> Result<(), Failed> {
    if json {
        outln!("{line}")
    } else {
        for_people(line, out).map_or(Ok(()), |line| outln!("{line}"))
    }
}

fn print_json(result: &WorkResult) -> Result<(), Failed> {
    outln!(
        "{}",
        serde_json::to_string(result).map_err(Failed::machine)?
    )
}
