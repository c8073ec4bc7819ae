//! What the simulation is told: the plan, and what each source would do.

use std::collections::{BTreeMap, BTreeSet};

/// What a source can start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// A DOI.
    Doi,
    /// An arXiv identifier.
    Arxiv,
    /// A PubMed Central identifier.
    Pmcid,
    /// A PubMed identifier.
    Pmid,
    /// A URL that may be the PDF, dead ones included.
    PdfUrl,
    /// A landing page.
    LandingUrl,
}

/// A source of the plan.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name.
    pub name: &'static str,
    /// Its tier, counted from zero.
    pub tier: usize,
    /// It needs one of these; none: it can always start.
    pub starts_from: &'static [Thing],
    /// The reason of its skip when it has none of them.
    pub missing: &'static str,
    /// Ticks an attempt may take.
    pub timeout: u64,
}

/// The plan.
#[derive(Debug, Clone)]
pub struct Rules {
    /// In plan order.
    pub sources: Vec<Source>,
    /// Attempts at once, for each tier.
    pub parallel: Vec<usize>,
    /// Attempts at once, whatever the tier.
    pub max_concurrent: usize,
    /// Attempts for the work.
    pub max_attempts: usize,
    /// Ticks for finding.
    pub total_timeout: u64,
}

/// How long a source takes to answer.
#[derive(Debug, Clone, Copy)]
pub enum After {
    /// So many ticks.
    Ticks(u64),
    /// So many ticks for each of these things that it knows.
    TicksForEach(u64, &'static [Thing]),
}

/// What a source answers.
#[derive(Debug, Clone)]
pub enum Says {
    /// Nothing, ever.
    Hangs,
    /// There is nothing here: outcome and reason.
    Miss(&'static str, &'static str),
    /// Proposals in order, and what it hands on.
    Finds {
        /// URLs it proposes.
        urls: Vec<String>,
        /// What it hands on beside them.
        teaches: Vec<Thing>,
        /// Outcome and reason when it proposes nothing.
        otherwise: (&'static str, &'static str),
    },
}

/// A source's part in the scene.
#[derive(Debug, Clone)]
pub struct Part {
    /// When it answers.
    pub after: After,
    /// What it answers.
    pub says: Says,
    /// The reason of its success.
    pub wins_as: &'static str,
}

/// What a URL turns out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copied {
    /// A good PDF.
    Whole,
    /// It begins like a PDF; the download shows that its end is missing.
    Truncated,
    /// Not a PDF: outcome and reason.
    Dead(&'static str, &'static str),
    /// It never answers.
    Silent,
}

/// A copy at a URL.
#[derive(Debug, Clone, Copy)]
pub struct Copy {
    /// Ticks until a probe is answered.
    pub after: u64,
    /// What the answer is.
    pub is: Copied,
}

/// One work and everything that would happen for it.
#[derive(Debug, Clone, Default)]
pub struct Scene {
    /// What is known of the work at the start.
    pub known: BTreeSet<Thing>,
    /// By the source's name. A source without a part is not in the plan.
    pub parts: BTreeMap<&'static str, Part>,
    /// By URL.
    pub copies: BTreeMap<String, Copy>,
}
