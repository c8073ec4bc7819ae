//! The scripted catalogue: works whose papers lie all over the miniature web,
//! each with the verdict an honest search must come to.
//!
//! A verdict follows from the rules of the search (tiers in order, the first
//! good copy wins, what a lost race means) and from what the services here
//! answer; at every work exactly one source can win. Running the list with the
//! e-mail address `demo@paperfall.example` must reproduce all of them.

mod archived;
mod direct;
mod lost;
mod pages;
mod scene;

use std::time::Duration;

use serde_json::Value;

use crate::services;
use crate::world::World;
use scene::{Act, Scene};

/// How a scripted work must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// `success`, `no_pdf` or `retryable`.
    pub outcome: &'static str,
    /// The source that wins, for a success.
    pub source: Option<&'static str>,
    /// A reason of the registry.
    pub reason: &'static str,
}

/// One work of the list.
#[derive(Debug, Clone)]
pub struct ScriptedWork {
    /// The input: one JSON object on one line, without the line end.
    pub line: String,
    /// The identity the host must give it.
    pub work_id: String,
    /// How it must end.
    pub verdict: Verdict,
    /// What it shows, in a few words.
    pub story: &'static str,
}

/// A list of works and the web they live in.
#[derive(Debug, Clone)]
pub struct Demo {
    /// What the miniature web must play.
    pub world: World,
    /// The list, in the order it is to be run.
    pub works: Vec<ScriptedWork>,
}

/// The acts in their order: every source and most ways of losing come up
/// early, the slow ones first of all, so that they overlap with the rest.
const ACTS: &[fn(&Scene) -> Act] = &[
    lost::publisher_never_answers,
    lost::arxiv_never_answers,
    direct::unpaywall_names_the_pdf,
    direct::arxiv_by_number,
    direct::pmc_by_pmcid,
    pages::doi_is_the_pdf,
    pages::citation_metadata,
    archived::europe_pmc_by_doi,
    archived::dead_link_of_unpaywall,
    lost::closed,
    lost::unpaywall_limits_us,
    lost::publisher_limits_us,
    lost::publisher_is_down,
    direct::query_is_identity,
    direct::arxiv_number_only_unpaywall_knew,
    direct::pmc_wins_while_unpaywall_is_silent,
    pages::doi_over_http_and_back,
    pages::supplement_comes_first,
    archived::europe_pmc_by_pmid,
    archived::dead_link_of_a_landing_page,
    lost::challenge,
    lost::purchase_box,
    direct::second_location,
    direct::arxiv_old_number,
    direct::pmc_by_pmid,
    pages::hidden_hop,
    pages::first_copy_truncated,
    archived::europe_pmc_by_pmcid,
    archived::given_link_is_dead,
    lost::unknown_doi,
    lost::truncated_at_arxiv,
    direct::openalex_work,
    direct::arxiv_by_its_doi,
    direct::pmc_by_doi,
    pages::octet_stream_without_suffix,
    pages::alternate_link,
    archived::pmcid_only_europe_pmc_knew,
    archived::withdrawn_from_arxiv,
    lost::sign_in_instead_of_paper,
    lost::proof_of_work,
    direct::encrypted,
    direct::arxiv_version,
    direct::pmc_two_versions,
    pages::cookie_wanted,
    pages::page_alone,
    archived::bucket_copy_truncated,
    archived::captured_as_octet_stream,
    lost::truncated_in_both_archives,
    lost::html_in_disguise,
    direct::mislabelled,
    direct::closed_but_on_arxiv,
    direct::pmc_retracted,
    pages::hybrid_without_pdf_link,
    pages::base_and_bare_attribute,
    archived::europe_pmc_in_upper_case,
    archived::captured_before_the_wall,
    lost::unknown_pmid,
    lost::page_without_pdf,
    direct::same_bytes_first,
    direct::same_bytes_again,
    pages::embedded_viewer,
    lost::tiny,
    lost::challenge_behind_closed_record,
    lost::closed_everywhere,
];

/// Where the acts stand that cost seconds, or that would make a real service
/// look broken if they were played often. Later rounds play a closed work
/// instead.
const ONLY_ONCE: [usize; 3] = [0, 1, 10];

/// The first `works` of the catalogue (64 acts); beyond them the acts are
/// played again with new papers. The same number gives the same catalogue.
#[must_use]
pub fn demo(works: usize) -> Demo {
    let mut world = World::new();
    // Enough to look like a network, little enough to be quick.
    for (host, milliseconds) in services::HOSTS
        .iter()
        .zip([5, 9, 7, 6, 11, 8].into_iter().cycle())
    {
        world = world.latency(host, "", Duration::from_millis(milliseconds));
    }
    let mut list = Vec::with_capacity(works);
    for (index, act) in ACTS.iter().cycle().take(works).enumerate() {
        let scene = Scene::new(index, index / ACTS.len());
        let again = scene.round() > 0 && ONLY_ONCE.contains(&(index % ACTS.len()));
        let act = if again {
            lost::closed(&scene)
        } else {
            act(&scene)
        };
        world = act.papers.into_iter().fold(world, World::paper);
        list.push(ScriptedWork {
            work_id: work_id(&act.input),
            line: act.input.to_string(),
            verdict: act.verdict,
            story: act.story,
        });
    }
    Demo { world, works: list }
}

/// The identity of an input: the given one, else the first identifier in the
/// order DOI, arXiv, PMCID, PMID, URL.
fn work_id(input: &Value) -> String {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let id = |shorthand: &str, scheme: &str| {
        text(input.get(shorthand))
            .or_else(|| text(input.get("identifiers").and_then(|ids| ids.get(scheme))))
    };
    text(input.get("work_id"))
        .or_else(|| id("doi", "doi").map(|doi| format!("doi:{}", bare_doi(&doi))))
        .or_else(|| id("arxiv_id", "arxiv").map(|id| format!("arxiv:{id}")))
        .or_else(|| id("pmcid", "pmcid").map(|id| format!("pmcid:{id}")))
        .or_else(|| id("pmid", "pmid").map(|id| format!("pmid:{id}")))
        .or_else(|| id("url", "url").map(|url| format!("url:{url}")))
        .unwrap_or_default()
}

fn bare_doi(doi: &str) -> String {
    let lower = doi.to_ascii_lowercase();
    ["https://doi.org/", "doi:"]
        .iter()
        .find_map(|prefix| lower.strip_prefix(prefix))
        .unwrap_or(&lower)
        .to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn every_source_wins_at_least_five_times_in_the_default_catalogue() {
        let mut wins: BTreeMap<&str, usize> = BTreeMap::new();
        for source in demo(64).works.iter().filter_map(|work| work.verdict.source) {
            *wins.entry(source).or_default() += 1;
        }
        for source in [
            "unpaywall",
            "arxiv",
            "pmc",
            "doi_redirect",
            "landing_scrape",
            "europe_pmc",
            "wayback",
        ] {
            assert!(wins[source] >= 5, "{source}: {wins:?}");
        }
    }

    #[test]
    fn the_default_catalogue_is_lost_in_every_honest_way() {
        let lost: BTreeSet<(&str, &str)> = demo(64)
            .works
            .iter()
            .filter(|work| work.verdict.source.is_none())
            .map(|work| (work.verdict.outcome, work.verdict.reason))
            .collect();
        for expected in [
            ("no_pdf", "not_oa"),
            ("no_pdf", "paywalled"),
            ("no_pdf", "not_found"),
            ("no_pdf", "blocked"),
            ("no_pdf", "truncated"),
            ("retryable", "source_deadline"),
            ("retryable", "rate_limited"),
            ("retryable", "http_5xx"),
        ] {
            assert!(
                lost.contains(&expected),
                "{expected:?} is missing of {lost:?}"
            );
        }
    }

    #[test]
    fn every_work_has_its_own_identity_and_one_line_of_json() {
        let works = demo(200).works;
        let ids: BTreeSet<&str> = works.iter().map(|work| work.work_id.as_str()).collect();
        assert_eq!(ids.len(), 200);
        for work in &works {
            assert!(!work.line.contains('\n'), "{}", work.line);
            assert!(
                serde_json::from_str::<Value>(&work.line)
                    .unwrap()
                    .is_object()
            );
            assert!(
                work.work_id.contains(':') || work.work_id.starts_with('W'),
                "{}",
                work.work_id
            );
        }
    }

    #[test]
    fn the_catalogue_is_the_same_every_time_and_its_beginning_too() {
        let lines = |works: usize| -> Vec<String> {
            demo(works)
                .works
                .into_iter()
                .map(|work| work.line)
                .collect()
        };
        assert_eq!(lines(64), lines(64));
        assert_eq!(lines(100)[..10], lines(10));
    }

    #[test]
    fn the_slow_acts_are_played_only_once() {
        let slow = demo(640)
            .works
            .iter()
            .filter(|work| work.verdict.reason == "source_deadline")
            .count();
        assert_eq!(slow, 2);
    }

    #[test]
    fn the_world_of_the_catalogue_has_no_mistakes() {
        assert_eq!(demo(128).world.mistakes(), [""; 0]);
    }
}
