//! A work being drawn: its identifiers, its publisher's page, what was given
//! with it. Each source draws its own part in the files beside this one.

use std::time::Duration;

use paperfall_miniweb::{Answer, LandingPage, Paper, PdfLink, Service};
use serde_json::{Value, json};

use super::draw::Lots;
use super::plans::RacePlan;
use super::staging::{PRESS, Story, answer, lasting, page_url};
use crate::race_model::{After, Copy, Part, Says, Scene, Thing, predict};

/// The service does not know the work.
pub(super) const UNKNOWN: Says = Says::Miss("no_pdf", "not_found");
/// The service answers 500.
pub(super) const BROKEN: Says = Says::Miss("retryable", "http_5xx");

/// What the publisher's page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Page {
    NamesItsPdf,
    NamesUnpaywalls,
    NoPdf,
    Paywall,
    Challenge,
    Gone,
    Broken,
    Silent,
}

/// A story being drawn.
pub(super) struct Cast {
    pub(super) lots: Lots,
    pub(super) seed: u64,
    pub(super) doi: String,
    pub(super) arxiv: String,
    pub(super) pmcid: String,
    pub(super) pmid: String,
    /// The work is named by its PubMed number alone.
    pub(super) by_pmid: bool,
    pub(super) page: Page,
    pub(super) page_ticks: u64,
    pub(super) scene: Scene,
    pub(super) paper: Paper,
    pub(super) waits: Vec<(&'static str, String, u64)>,
    tick: Duration,
}

impl Cast {
    pub(super) fn new(seed: u64, turn: u64, tick: Duration) -> Self {
        let doi = format!("10.5555/s{seed:04}.end");
        let title = format!("Race {seed}");
        Self {
            lots: Lots::new(seed, turn),
            seed,
            arxiv: format!("2101.{seed:05}"),
            pmcid: format!("PMC{}", 7_000_000 + seed),
            pmid: (30_000_000 + seed).to_string(),
            by_pmid: false,
            page: Page::NoPdf,
            page_ticks: 0,
            scene: Scene::default(),
            paper: Paper::new(&title).doi(&doi),
            waits: Vec::new(),
            tick,
            doi,
        }
    }

    pub(super) fn story(mut self) -> Story {
        let mut work = self.identifiers();
        self.draw_page();
        self.given(&mut work);
        self.unpaywall();
        self.arxiv();
        self.pmc();
        self.doi();
        self.landing();
        self.europe_pmc();
        let archive = self.archive();
        Story {
            seed: self.seed,
            prediction: predict(&RacePlan::Default.rules(), &self.scene),
            work,
            scene: self.scene,
            paper: self.paper,
            waits: self.waits,
            archive,
            tick: self.tick,
        }
    }

    pub(super) fn wait(&self, ticks: u64) -> Duration {
        lasting(self.tick, ticks)
    }

    fn identifiers(&mut self) -> Value {
        let mut identifiers = json!({});
        self.paper = self.paper.clone().pmcid(&self.pmcid);
        let kind = self.lots.between(1, 100);
        if kind <= 76 {
            identifiers["doi"] = json!(self.doi);
            self.scene.known.insert(Thing::Doi);
            if self.lots.percent(30) {
                identifiers["pmcid"] = json!(self.pmcid);
                self.scene.known.insert(Thing::Pmcid);
            }
        } else if kind <= 92 {
            self.by_pmid = true;
            self.paper = self.paper.clone().pmid(&self.pmid);
            identifiers["pmid"] = json!(self.pmid);
            self.scene.known.insert(Thing::Pmid);
        }
        if kind > 92 || self.lots.percent(35) {
            identifiers["arxiv"] = json!(self.arxiv);
            self.scene.known.insert(Thing::Arxiv);
        }
        json!({"work_id": format!("W{}", self.seed), "identifiers": identifiers})
    }

    pub(super) fn pdf_url(&self, name: &str) -> String {
        format!("{PRESS}/{:04}/{name}.pdf", self.seed)
    }

    /// Puts a copy at a URL of the publisher.
    pub(super) fn publish(&mut self, url: &str, copy: Copy) {
        let answer = answer(url, copy).delay(self.wait(copy.after));
        self.paper = self.paper.clone().page(url, answer);
        self.scene.copies.insert(url.to_owned(), copy);
    }

    pub(super) fn asked(&mut self, service: Service, answer: Answer) {
        self.paper = self.paper.clone().when_asked(service, answer);
    }

    pub(super) fn part(
        &mut self,
        source: &'static str,
        after: After,
        says: Says,
        wins_as: &'static str,
    ) {
        let part = Part {
            after,
            says,
            wins_as,
        };
        self.scene.parts.insert(source, part);
    }

    fn draw_page(&mut self) {
        self.page_ticks = self.lots.between(1, 3);
        self.page = self.lots.weighted(&[
            (34, Page::NamesItsPdf),
            (14, Page::NamesUnpaywalls),
            (14, Page::NoPdf),
            (10, Page::Paywall),
            (10, Page::Challenge),
            (8, Page::Gone),
            (5, Page::Broken),
            (5, Page::Silent),
        ]);
        let copy = self.lots.copy();
        let own = self.pdf_url("own");
        self.publish(&own, copy);
        let page = LandingPage::new("A page").doi(&self.doi);
        let named = |url: String| page.clone().pdf(PdfLink::CitationMeta(url)).answer();
        let answer = match self.page {
            Page::NamesItsPdf => named(own),
            Page::NamesUnpaywalls => named(self.pdf_url("best")),
            Page::NoPdf => page.answer(),
            Page::Paywall => page.paywalled().answer(),
            Page::Challenge => Answer::challenge(),
            Page::Gone => Answer::status(404),
            Page::Broken => Answer::status(500),
            Page::Silent => Answer::never(),
        };
        let answer = answer.delay(self.wait(self.page_ticks));
        self.paper = self.paper.clone().page(&page_url(self.seed), answer);
    }

    /// URLs given with the work.
    fn given(&mut self, work: &mut Value) {
        if self.lots.percent(20) {
            work["landing_urls"] = json!([page_url(self.seed)]);
            self.scene.known.insert(Thing::LandingUrl);
        }
        if self.lots.percent(15) {
            let (url, copy) = (self.pdf_url("given"), self.lots.first_copy());
            self.publish(&url, copy);
            work["pdf_urls"] = json!([url]);
            self.scene.known.insert(Thing::PdfUrl);
            let says = Says::Finds {
                urls: vec![url],
                teaches: Vec::new(),
                otherwise: ("no_pdf", "no_pdf_url"),
            };
            self.part("given", After::Ticks(0), says, "given_pdf");
        }
    }
}
