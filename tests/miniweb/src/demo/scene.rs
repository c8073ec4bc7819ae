//! What the acts are built from: identifiers, titles, papers and hosts that
//! are invented, plausible, and never the same twice.

use serde_json::Value;

use super::Verdict;
use crate::answer::Answer;
use crate::paper::Paper;
use crate::pdf::Pdf;
use crate::text::mix;

const SUBJECTS: [&str; 16] = [
    "Møller–Plesset Corrections",
    "Cartographies of Peat",
    "Über stille Netze",
    "Étude des marées",
    "Sparse Attention",
    "Ein Maß für Güte",
    "Zürich Sediments",
    "β-Sheet Folding",
    "Las aves del páramo",
    "Łódź Textile Archives",
    "Quantum Walks on ℤ²",
    "日本語の係り受け",
    "Öland Orchids",
    "The Ħaġar Alignments",
    "Naïve Bayes",
    "Αρχαία μέτρα",
];

const TURNS: [&str; 8] = [
    "a Reappraisal",
    "in Small Samples",
    "and What They Cost",
    "under Uncertainty",
    "from 1890 to 1914",
    "a Field Study",
    "with Few Assumptions",
    "revisited",
];

/// One work's place in the catalogue.
#[derive(Debug)]
pub(super) struct Scene {
    index: usize,
    round: usize,
}

/// What an act consists of.
#[derive(Debug)]
pub(super) struct Act {
    pub(super) papers: Vec<Paper>,
    pub(super) input: Value,
    pub(super) verdict: Verdict,
    pub(super) story: &'static str,
}

/// A success of `source`.
pub(super) fn won(
    story: &'static str,
    (source, reason): (&'static str, &'static str),
    paper: Paper,
    input: Value,
) -> Act {
    Act {
        papers: vec![paper],
        input,
        verdict: Verdict {
            outcome: "success",
            source: Some(source),
            reason,
        },
        story,
    }
}

/// A work that is not obtained.
pub(super) fn lost(
    story: &'static str,
    (outcome, reason): (&'static str, &'static str),
    paper: Paper,
    input: Value,
) -> Act {
    Act {
        papers: vec![paper],
        input,
        verdict: Verdict {
            outcome,
            source: None,
            reason,
        },
        story,
    }
}

impl Scene {
    pub(super) fn new(index: usize, round: usize) -> Self {
        Self { index, round }
    }

    /// How often the catalogue was played through before.
    pub(super) fn round(&self) -> usize {
        self.round
    }

    pub(super) fn title(&self) -> String {
        let pick = |list: &[&'static str], at: usize| {
            list.get(at % list.len()).copied().unwrap_or_default()
        };
        let subject = pick(&SUBJECTS, self.index);
        let turn = pick(&TURNS, self.index / SUBJECTS.len() + self.index);
        format!("{subject}, {turn}")
    }

    /// A paper with this scene's title and nothing known of it.
    pub(super) fn paper(&self) -> Paper {
        Paper::new(&self.title()).year(2021)
    }

    pub(super) fn doi(&self) -> String {
        format!("10.5555/mead.2021.{:04}", self.index + 1)
    }

    pub(super) fn arxiv(&self) -> String {
        format!("2103.{:05}", self.index + 1)
    }

    /// In the form used before April 2007.
    pub(super) fn old_arxiv(&self) -> String {
        format!(
            "math/{:02}{:02}{:03}",
            self.index / 12_000 % 7,
            self.index / 1000 % 12 + 1,
            self.index % 1000
        )
    }

    pub(super) fn pmcid(&self) -> String {
        format!("PMC91{:05}", self.index + 1)
    }

    pub(super) fn pmid(&self) -> String {
        format!("391{:05}", self.index + 1)
    }

    pub(super) fn openalex(&self) -> String {
        format!("W43{:08}", self.index + 1)
    }

    /// Somewhere on a publisher's site, different in every scene.
    pub(super) fn at(&self, host: &str, rest: &str) -> String {
        format!("https://{host}/{:04}{rest}", self.index + 1)
    }

    /// A host of this scene's own: its troubles are nobody else's.
    pub(super) fn lonely_host(&self) -> String {
        format!("p{}.stillwater.example", self.index + 1)
    }

    /// The paper itself, 12 to 140 kB.
    pub(super) fn pdf(&self) -> Pdf {
        let seed = self.seed();
        Pdf::new(&self.title(), seed, 12_000 + seed % 128_000)
    }

    pub(super) fn pdf_answer(&self) -> Answer {
        Answer::pdf(self.pdf())
    }

    /// The paper with its second half missing, honestly announced.
    pub(super) fn half_a_pdf(&self) -> Answer {
        let pdf = self.pdf();
        let half = pdf.len() / 2;
        Answer::pdf(pdf).truncated_to(half)
    }

    pub(super) fn seed(&self) -> u64 {
        mix(self.index as u64)
    }
}
