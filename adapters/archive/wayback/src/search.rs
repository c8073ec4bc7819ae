//! One attempt's search through the archive: what is looked at, in which
//! order, and when to stop.

use paperfall_adapter::{
    About, Candidate, Findings, Host, Level, MAX_CANDIDATES, Miss, MissOutcome, Page, Policy, Work,
    urls,
};

use crate::cdx::Capture;
use crate::replay::Replay;
use crate::{availability, cdx, replay};

/// Captures of one URL that are looked at, the newest first.
const MAX_CAPTURES: usize = 3;
/// With less time than this left, what was found is returned.
const ENOUGH_MS: u32 = 2_500;
/// Where a captured page names its PDF.
const META_NAMES: [&str; 3] = [
    "citation_pdf_url",
    "bepress_citation_pdf_url",
    "wkhealth_pdf_url",
];

/// One `meta` for each language is usual; more are a volume's table of contents.
const MAX_NAMED: usize = 4;

/// A search and what it has found so far.
pub(crate) struct Search<'a> {
    host: &'a dyn Host,
    policy: &'a Policy,
    work: &'a Work,
    found: Findings,
    trouble: Option<Miss>,
    /// The archive asked for patience; asking on makes its block longer.
    stopped: bool,
}

impl<'a> Search<'a> {
    pub(crate) fn new(host: &'a dyn Host, work: &'a Work, policy: &'a Policy) -> Self {
        Self {
            host,
            policy,
            work,
            found: Findings::none("no_snapshot"),
            trouble: None,
            stopped: false,
        }
    }

    /// Whether there is reason and time to look for more.
    pub(crate) fn goes_on(&self) -> bool {
        let satisfied = !self.is_empty()
            && (self.host.remaining().ms < ENOUGH_MS
                || self.found.candidates.len() >= MAX_CANDIDATES);
        !self.stopped && !satisfied
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.candidates.is_empty()
    }

    /// The findings, or the trouble that kept them away.
    pub(crate) fn end(self) -> Result<Findings, Miss> {
        match self.trouble {
            Some(miss) if self.found.candidates.is_empty() => Err(miss),
            _ => Ok(self.found),
        }
    }

    /// Proposes the good captures of a PDF's URL.
    pub(crate) fn for_pdf(&mut self, url: &str) {
        let result = self.pdf_captures(url);
        self.note(result);
    }

    /// Proposes PDFs captured under a landing page's URL, or the captures of a
    /// PDF that the captured page names.
    pub(crate) fn for_page(&mut self, url: &str) {
        let result = self.page_captures(url);
        self.note(result);
    }

    fn note(&mut self, result: Result<(), Miss>) {
        if let Err(miss) = result {
            // The archive's word, or the host's that keeps the archive's limits.
            if matches!(miss.reason(), "rate_limited" | "rate_wait") {
                self.stopped = true;
                self.trouble = Some(miss);
            } else {
                self.trouble.get_or_insert(miss);
            }
        }
    }

    fn captures(&self, url: &str) -> Result<Vec<Capture>, Miss> {
        match cdx::captures(self.host, self.policy, url) {
            Err(miss)
                if miss.outcome() == MissOutcome::Retryable && miss.reason() != "rate_limited" =>
            {
                // Out of order: the availability API may still give a hint.
                // When it has none, that proves nothing.
                match availability::hint(self.host, self.policy, url) {
                    Ok(Some(capture)) => Ok(vec![capture]),
                    Ok(None) | Err(_) => Err(miss),
                }
            }
            other => other,
        }
    }

    fn pdf_captures(&mut self, url: &str) -> Result<(), Miss> {
        let mut captures = self.captures(url)?;
        captures.retain(Capture::may_be_pdf);
        for capture in of_other_bytes(captures) {
            if !self.goes_on() {
                break;
            }
            match replay::look_at(self.host, self.policy, &capture)? {
                Replay::Pdf(replayed) => self.propose(replayed),
                Replay::Page(_) | Replay::BadCapture => {}
                Replay::NotACapture => {
                    self.say_not_replayed(url);
                    break;
                }
            }
        }
        Ok(())
    }

    fn page_captures(&mut self, url: &str) -> Result<(), Miss> {
        let captures = self.captures(url)?;
        for capture in of_other_bytes(captures) {
            if !self.goes_on() {
                break;
            }
            match replay::look_at(self.host, self.policy, &capture)? {
                Replay::Pdf(replayed) => self.propose(replayed),
                // The newest page that can be read speaks for the work.
                Replay::Page(page) => {
                    return match named_pdf(&page, self.work) {
                        Some(pdf) => self.pdf_captures(&pdf),
                        None => Ok(()),
                    };
                }
                Replay::BadCapture => {}
                Replay::NotACapture => {
                    self.say_not_replayed(url);
                    break;
                }
            }
        }
        Ok(())
    }

    fn propose(&mut self, url: String) {
        self.found.propose(Candidate::new(url, "wayback_pdf"));
    }

    fn say_not_replayed(&self, url: &str) {
        self.host.log(
            Level::Info,
            &format!("{url}: the archive does not replay it (no Memento-Datetime)"),
        );
    }
}

/// The captures to look at: of equal bytes the first, three in all.
fn of_other_bytes(captures: Vec<Capture>) -> Vec<Capture> {
    let mut distinct: Vec<Capture> = Vec::new();
    for capture in captures {
        let same = |known: &Capture| known.digest.is_some() && known.digest == capture.digest;
        if distinct.len() < MAX_CAPTURES && !distinct.iter().any(same) {
            distinct.push(capture);
        }
    }
    distinct
}

/// The PDF a captured page names: never a supplement, and on a page of several
/// works or of another one none, for the capture may be of anything that once
/// stood there. Several files are one work's only where they are few.
fn named_pdf(page: &Page, work: &Work) -> Option<String> {
    let about = About::new(page, work);
    if about.is_list() || about.is_anothers() {
        return None;
    }
    META_NAMES.iter().find_map(|name| {
        let mut named: Vec<String> = Vec::new();
        for url in page
            .metas(name)
            .filter_map(|content| page.absolute(content))
        {
            let is_new = named
                .iter()
                .all(|known| urls::sameness(known) != urls::sameness(&url));
            if is_new && named.len() <= MAX_NAMED && !about.is_supplement(&url) {
                named.push(url);
            }
        }
        (named.len() <= MAX_NAMED)
            .then(|| named.into_iter().next())
            .flatten()
    })
}
