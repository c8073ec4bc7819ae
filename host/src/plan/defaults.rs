//! What holds where nothing is said: the tiers, their sources, and every
//! number.

/// A tier as built in.
pub(super) struct DefaultTier {
    pub(super) name: &'static str,
    /// Attempts at once.
    pub(super) parallel: u32,
    pub(super) sources: &'static [DefaultSource],
}

/// A source as built in.
pub(super) struct DefaultSource {
    pub(super) name: &'static str,
    pub(super) timeout_ms: u32,
    pub(super) retries: u32,
    /// No for machine interfaces, yes where pages made for people are read.
    pub(super) robots_respect: bool,
}

/// The whole time for finding one work, in milliseconds.
pub(super) const TOTAL_TIMEOUT_MS: u32 = 120_000;
/// Attempts for one work.
pub(super) const MAX_ATTEMPTS: u32 = 20;
/// Attempts at once for one work.
pub(super) const MAX_CONCURRENT: u32 = 3;
/// The time of a source without a policy of its own, in milliseconds.
pub(super) const PER_SOURCE_TIMEOUT_MS: u32 = 10_000;
/// The gate on waiting for a rate limit, in milliseconds.
pub(super) const RATE_WAIT_MS: u32 = 5_000;
/// Retries of a source without a policy of its own.
pub(super) const RETRIES: u32 = 2;
/// A stranger's adapter may read pages made for people: robots.txt is asked.
pub(super) const ROBOTS_RESPECT: bool = true;
/// Attempts at once in a new tier.
pub(super) const PARALLEL: u32 = 1;
/// Memory of one attempt: a Python adapter takes 13 MiB, a Rust one 1 MiB.
pub(super) const MEMORY_MIB: u32 = 64;

/// The only source that cannot work without an e-mail address.
pub(super) const NEEDS_EMAIL: &str = "unpaywall";
/// The source `--disable-wayback-fallback` switches off.
pub(super) const WAYBACK: &str = "wayback";

/// The tiers in order.
pub(super) const TIERS: &[DefaultTier] = &[
    DefaultTier {
        name: "direct_oa",
        parallel: 2,
        sources: &[
            source("unpaywall", 6_000, 2, false),
            source("arxiv", 8_000, 3, false),
            source("pmc", 8_000, 3, false),
        ],
    },
    DefaultTier {
        name: "doi_follow",
        parallel: 1,
        sources: &[source("doi_redirect", 10_000, 2, true)],
    },
    DefaultTier {
        name: "landing_scrape",
        parallel: 2,
        sources: &[
            source("landing_scrape", 12_000, 2, true),
            source("europe_pmc", 6_000, 2, false),
        ],
    },
    DefaultTier {
        name: "archive",
        parallel: 1,
        sources: &[source("wayback", 10_000, 1, false)],
    },
];

/// Limits of a host as built in; zero stands for none.
pub(super) struct DefaultHost {
    pub(super) place: &'static str,
    pub(super) per_second: u32,
    pub(super) per_minute: u32,
    pub(super) per_day: u32,
    pub(super) max_concurrent: u32,
}

const UNLIMITED: DefaultHost = DefaultHost {
    place: "",
    per_second: 0,
    per_minute: 0,
    per_day: 0,
    max_concurrent: 0,
};

/// What the services ask for, as known late in 2026.
pub(super) const HOSTS: &[DefaultHost] = &[
    // Unpaywall's own documentation.
    DefaultHost {
        place: "api.unpaywall.org",
        per_day: 100_000,
        ..UNLIMITED
    },
    // arXiv's terms of use: one request in three seconds on one connection.
    DefaultHost {
        place: "export.arxiv.org",
        per_minute: 20,
        max_concurrent: 1,
        ..UNLIMITED
    },
    // The Internet Archive's; its blocks for ignored limits last an hour and
    // double.
    DefaultHost {
        place: "web.archive.org/cdx",
        per_minute: 24,
        ..UNLIMITED
    },
    DefaultHost {
        place: "web.archive.org/web",
        per_second: 8,
        ..UNLIMITED
    },
];

const fn source(
    name: &'static str,
    timeout_ms: u32,
    retries: u32,
    robots_respect: bool,
) -> DefaultSource {
    DefaultSource {
        name,
        timeout_ms,
        retries,
        robots_respect,
    }
}

/// The built-in policy of a source, if it has one.
pub(super) fn of_source(name: &str) -> Option<&'static DefaultSource> {
    TIERS
        .iter()
        .flat_map(|tier| tier.sources)
        .find(|source| source.name == name)
}

/// The built-in parallelism of a tier.
pub(super) fn parallel_of(tier: &str) -> u32 {
    TIERS
        .iter()
        .find(|default| default.name == tier)
        .map_or(PARALLEL, |default| default.parallel)
}
