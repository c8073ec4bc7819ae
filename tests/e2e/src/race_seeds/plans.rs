//! The plans the seeds are raced under, as flags and as the model's rules.

use std::time::Duration;

use crate::race_model::{Rules, Source, Thing};

/// What a source may take.
const SOURCE_TICKS: u64 = 11;
/// What the URLs given with a work may take, by default and by the fastest clock; none
/// takes so long.
const GIVEN_TICKS: u64 = 66;
/// The default for finding one work, by the fastest clock; none takes so long.
const TOTAL_TICKS: u64 = 800;
/// The shortened one of [`RacePlan::ShortTime`].
const SHORT_TOTAL_TICKS: u64 = 18;

/// A plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RacePlan {
    /// As built in.
    Default,
    /// One attempt at a time.
    OneAtATime,
    /// Four attempts a work; more at once in the first tier, fewer in the
    /// third.
    FewAttempts,
    /// The first tier turned round, the third moved before the second.
    Reordered,
    /// Little time for finding.
    ShortTime,
}

impl RacePlan {
    /// Every plan.
    pub const ALL: [Self; 5] = [
        Self::Default,
        Self::OneAtATime,
        Self::FewAttempts,
        Self::Reordered,
        Self::ShortTime,
    ];

    /// The flags that make the plan where a tick of the model takes so long.
    #[must_use]
    pub fn flags(self, tick: Duration) -> Vec<String> {
        let timeout = tick.as_millis() * u128::from(SOURCE_TICKS);
        let tier = |name: &str, more: &str| {
            [
                "--fallback-tier".to_owned(),
                format!("{name}:timeout_ms={timeout}{more}"),
            ]
        };
        let (direct, landing) = match self {
            Self::FewAttempts => (",parallel=3", ",parallel=1"),
            Self::Reordered => (",sources=pmc+arxiv+unpaywall", ",after=direct_oa"),
            Self::Default | Self::OneAtATime | Self::ShortTime => ("", ""),
        };
        let mut flags: Vec<String> = [
            tier("direct_oa", direct),
            tier("doi_follow", ""),
            tier("landing_scrape", landing),
            tier("archive", ""),
        ]
        .into_iter()
        .flatten()
        .collect();
        let short = (tick.as_millis() * u128::from(SHORT_TOTAL_TICKS)).to_string();
        let more: &[&str] = match self {
            Self::OneAtATime => &["--fallback-max-concurrent", "1"],
            Self::FewAttempts => &["--fallback-max-attempts", "4"],
            Self::ShortTime => &["--fallback-total-timeout-ms", &short],
            Self::Default | Self::Reordered => &[],
        };
        flags.extend(more.iter().map(|flag| (*flag).to_owned()));
        flags
    }

    /// The plan as the design describes it.
    #[must_use]
    pub fn rules(self) -> Rules {
        use Thing::{Arxiv, Doi, LandingUrl, PdfUrl, Pmcid, Pmid};
        let source = |name, tier, missing, starts_from| Source {
            name,
            tier,
            starts_from,
            missing,
            timeout: SOURCE_TICKS,
        };
        let unpaywall = source("unpaywall", 1, "no_doi", &[Doi]);
        let arxiv = source("arxiv", 1, "no_arxiv_id", &[Arxiv]);
        let pmc = source("pmc", 1, "no_identifier", &[Pmcid, Pmid, Doi]);
        let (doi_tier, landing_tier) = match self {
            Self::Reordered => (3, 2),
            _ => (2, 3),
        };
        let doi = source("doi_redirect", doi_tier, "no_doi", &[Doi]);
        let landing = source(
            "landing_scrape",
            landing_tier,
            "no_landing_url",
            &[LandingUrl],
        );
        let europe = source(
            "europe_pmc",
            landing_tier,
            "no_identifier",
            &[Doi, Pmid, Pmcid],
        );
        let wayback = source("wayback", 4, "no_landing_url", &[PdfUrl, LandingUrl]);
        let given = Source {
            timeout: GIVEN_TICKS,
            ..source("given", 0, "", &[])
        };
        let sources = match self {
            Self::Reordered => vec![given, pmc, arxiv, unpaywall, landing, europe, doi, wayback],
            _ => vec![given, unpaywall, arxiv, pmc, doi, landing, europe, wayback],
        };
        Rules {
            sources,
            parallel: match self {
                Self::FewAttempts => vec![1, 3, 1, 1, 1],
                Self::Reordered => vec![1, 2, 2, 1, 1],
                Self::Default | Self::OneAtATime | Self::ShortTime => vec![1, 2, 1, 2, 1],
            },
            max_concurrent: if self == Self::OneAtATime { 1 } else { 3 },
            max_attempts: if self == Self::FewAttempts { 4 } else { 20 },
            total_timeout: if self == Self::ShortTime {
                SHORT_TOTAL_TICKS
            } else {
                TOTAL_TICKS
            },
        }
    }
}
