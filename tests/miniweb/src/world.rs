//! Everything the miniature web knows: papers, pages, captures, latencies, and
//! which names it answers for.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use url::Url;

use crate::answer::Answer;
use crate::asked::Asked;
use crate::cue::Cue;
use crate::log::Scheme;
use crate::paper::{Paper, Service};
use crate::script::Script;
use crate::services::{self, wayback::Capture};
use crate::text::decode;

/// A scripted web. Built up by value, then handed to [`Miniweb::start`].
///
/// A request is answered by the page registered for its URL, else by the page
/// registered for its path without the query, else by the played service, else
/// (over plain HTTP) by a redirect to HTTPS, else by a 404 in plain text.
///
/// [`Miniweb::start`]: crate::Miniweb::start
#[derive(Debug, Clone, Default)]
pub struct World {
    pub(crate) papers: Vec<Paper>,
    /// Captures by the URL as the archive compares it.
    pub(crate) captures: HashMap<String, Vec<Capture>>,
    /// Scripted CDX answers, by the URL as the archive compares it.
    pub(crate) archive_scripts: HashMap<String, Script>,
    by_id: HashMap<(Id, String), usize>,
    pages: HashMap<String, Script>,
    hosts: BTreeSet<String>,
    latencies: Vec<Latency>,
    /// Whole hosts that wait.
    cues: Vec<(String, Cue)>,
    mistakes: Vec<String>,
}

/// What a paper can be found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Id {
    Doi,
    /// Without version.
    Arxiv,
    Pmcid,
    Pmid,
}

#[derive(Debug, Clone)]
struct Latency {
    host: String,
    containing: String,
    delay: Duration,
}

impl World {
    /// A web in which every service runs and knows nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a paper. Of two papers with one identifier the first is found.
    #[must_use]
    pub fn paper(mut self, mut paper: Paper) -> Self {
        for (url, script) in std::mem::take(&mut paper.pages) {
            self = self.page(&url, script);
        }
        for (url, capture) in std::mem::take(&mut paper.captures) {
            self = self.captured(&url, capture);
        }
        let index = self.papers.len();
        let arxiv = paper
            .arxiv
            .as_deref()
            .map(|id| services::arxiv::split_version(id).0);
        for (kind, value) in [
            (Id::Doi, paper.doi.as_deref()),
            (Id::Arxiv, arxiv),
            (Id::Pmcid, paper.pmcid.as_deref()),
            (Id::Pmid, paper.pmid.as_deref()),
        ] {
            if let Some(value) = value {
                self.by_id
                    .entry((kind, value.to_ascii_lowercase()))
                    .or_insert(index);
            }
        }
        self.papers.push(paper);
        self
    }

    /// Sets what a URL answers, services' own URLs included. Without a query
    /// it also answers for every query that has no page of its own.
    #[must_use]
    pub fn page(mut self, url: &str, script: impl Into<Script>) -> Self {
        match page_key(url) {
            Some((host, key)) => {
                self.hosts.insert(host);
                self.pages.insert(key, script.into());
            }
            None => self
                .mistakes
                .push(format!("page `{url}`: not an absolute http or https URL")),
        }
        self
    }

    /// The archive captured this URL.
    #[must_use]
    pub fn captured(mut self, url: &str, capture: Capture) -> Self {
        if !capture.is_dated() {
            self.mistakes.push(format!(
                "capture of `{url}`: the timestamp is no date (YYYYMMDDhhmmss)"
            ));
        }
        let captures = self
            .captures
            .entry(services::wayback::key(url))
            .or_default();
        captures.push(capture.of(url));
        captures.sort_by(|a, b| a.timestamp().cmp(b.timestamp()));
        self
    }

    /// Asked for captures of this URL, the archive's CDX answers so.
    #[must_use]
    pub fn when_archive_asked(mut self, url: &str, script: impl Into<Script>) -> Self {
        self.archive_scripts
            .insert(services::wayback::key(url), script.into());
        self
    }

    /// Plays this name too, even without pages.
    #[must_use]
    pub fn host(mut self, name: &str) -> Self {
        self.hosts.insert(name.to_ascii_lowercase());
        self
    }

    /// Requests to `host` whose decoded path and query contain `containing`
    /// wait this long before they are answered. Of several that fit, the one
    /// with the longest `containing` counts, and of those the last added.
    #[must_use]
    pub fn latency(mut self, host: &str, containing: &str, delay: Duration) -> Self {
        self.latencies.push(Latency {
            host: host.to_ascii_lowercase(),
            containing: containing.to_owned(),
            delay,
        });
        self
    }

    /// Requests to `host` wait for this cue before they are answered, and for their
    /// latency after it.
    #[must_use]
    pub fn held_until(mut self, host: &str, cue: &Cue) -> Self {
        self.cues.push((host.to_ascii_lowercase(), cue.clone()));
        self
    }

    /// What a request waits for, whatever its answer waits for beside.
    pub(crate) fn cues_of(&self, asked: &Asked) -> impl Iterator<Item = &Cue> {
        self.cues
            .iter()
            .filter(|(host, _)| *host == asked.host)
            .map(|(_, cue)| cue)
    }

    /// Every name this web answers for.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        services::HOSTS
            .iter()
            .map(|&name| name.to_owned())
            .chain(self.hosts.iter().cloned())
            .collect()
    }

    /// What was written down wrongly; empty when the world can be played.
    pub(crate) fn mistakes(&self) -> &[String] {
        &self.mistakes
    }

    pub(crate) fn latency_of(&self, asked: &Asked) -> Duration {
        let decoded = decode(&asked.path_and_query);
        self.latencies
            .iter()
            .filter(|rule| rule.host == asked.host && decoded.contains(&rule.containing))
            .max_by_key(|rule| rule.containing.len())
            .map_or(Duration::ZERO, |rule| rule.delay)
    }

    pub(crate) fn find(&self, kind: Id, value: &str) -> Option<&Paper> {
        self.by_id
            .get(&(kind, value.to_ascii_lowercase()))
            .and_then(|&index| self.papers.get(index))
    }

    /// The answer to a request.
    pub(crate) fn answer(&self, asked: &Asked, turns: &Turns) -> Answer {
        let (path, _) = asked
            .path_and_query
            .split_once('?')
            .unwrap_or((&asked.path_and_query, ""));
        let page = |scheme: Scheme| {
            [&asked.path_and_query, path]
                .into_iter()
                .find_map(|target| {
                    let key = key(scheme, &asked.host, target);
                    self.pages.get(&key).map(|script| turns.next(&key, script))
                })
        };
        let service_host = services::HOSTS.contains(&asked.host.as_str());
        page(asked.scheme)
            .or_else(|| match asked.scheme {
                Scheme::Https => services::answer(self, asked, turns),
                Scheme::Http => {
                    let secure = service_host || page(Scheme::Https).is_some();
                    secure.then(|| {
                        Answer::redirect_as(
                            301,
                            &format!("https://{}{}", asked.host, asked.path_and_query),
                        )
                    })
                }
            })
            .unwrap_or_else(|| {
                Answer::text(format!("404: {} has no {}\n", asked.host, asked.path))
                    .with_status(404)
            })
    }

    /// The scripted answer of a service about a paper, if there is one.
    pub(crate) fn scripted(
        &self,
        paper: &Paper,
        service: Service,
        turns: &Turns,
    ) -> Option<Answer> {
        let script = paper.scripted(service)?;
        let key = format!(
            "{service:?} {:?} {:?} {:?} {:?}",
            paper.doi, paper.arxiv, paper.pmcid, paper.pmid
        );
        Some(turns.next(&key, script))
    }
}

/// How often each script was played.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    played: Mutex<HashMap<String, usize>>,
}

impl Turns {
    /// The script's next answer.
    pub(crate) fn next(&self, key: &str, script: &Script) -> Answer {
        let mut played = self.played.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = played.entry(key.to_owned()).or_insert(0);
        let answer = script.at(*turn).clone();
        *turn += 1;
        answer
    }
}

fn page_key(url: &str) -> Option<(String, String)> {
    let url = Url::parse(url).ok()?;
    let scheme = match url.scheme() {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        _ => return None,
    };
    let host = url.host_str()?.to_owned();
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let key = key(scheme, &host, &target);
    Some((host, key))
}

/// Clients may encode more or less than we do: compare decoded.
fn key(scheme: Scheme, host: &str, target: &str) -> String {
    format!("{}://{host}{}", scheme.as_str(), decode(target))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(world: &World, url: &str) -> (u16, String) {
        let answer = world.answer(&Asked::get(url), &Turns::default());
        (
            answer.status,
            String::from_utf8_lossy(&answer.body()).into_owned(),
        )
    }

    #[test]
    fn a_page_with_a_query_beats_the_one_without() {
        let world = World::new()
            .page("https://a.example/x", Answer::text("any"))
            .page("https://a.example/x?v=2", Answer::text("two"));
        assert_eq!(
            answered(&world, "https://a.example/x"),
            (200, "any".to_owned())
        );
        assert_eq!(
            answered(&world, "https://a.example/x?v=1"),
            (200, "any".to_owned())
        );
        assert_eq!(
            answered(&world, "https://a.example/x?v=2"),
            (200, "two".to_owned())
        );
        assert_eq!(answered(&world, "https://a.example/y").0, 404);
    }

    #[test]
    fn encoded_and_plain_spellings_of_a_page_are_one() {
        let world = World::new().page("https://a.example/pdf/10.1%2Fx (1).pdf", Answer::text("x"));
        assert_eq!(
            answered(&world, "https://a.example/pdf/10.1/x%20(1).pdf").0,
            200
        );
    }

    #[test]
    fn a_script_plays_its_answers_in_order_and_stays_at_the_last() {
        let script = Script::from(Answer::status(503)).then(Answer::text("up"));
        let world = World::new().page("https://a.example/x", script);
        let turns = Turns::default();
        let statuses: Vec<u16> = (0..3)
            .map(|_| {
                world
                    .answer(&Asked::get("https://a.example/x"), &turns)
                    .status
            })
            .collect();
        assert_eq!(statuses, [503, 200, 200]);
    }

    #[test]
    fn the_most_specific_latency_counts() {
        let world = World::new()
            .latency("a.example", "", Duration::from_millis(10))
            .latency("a.example", "10.1/x", Duration::from_millis(70));
        let of = |url: &str| world.latency_of(&Asked::get(url)).as_millis();
        assert_eq!(of("https://a.example/other"), 10);
        assert_eq!(of("https://a.example/v2/10.1%2Fx?y"), 70);
        assert_eq!(of("https://b.example/v2/10.1%2Fx?y"), 0);
    }

    #[test]
    fn a_malformed_url_is_remembered_as_a_mistake() {
        assert!(World::new().mistakes().is_empty());
        let world = World::new().page("ftp://a.example/x", Answer::text("x"));
        assert_eq!(world.mistakes().len(), 1);
    }
}
