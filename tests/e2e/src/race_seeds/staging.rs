//! One work on both stages: the miniature web and the model.

use std::time::Duration;

use paperfall_miniweb::{
    Answer, Capture, DoiTarget, EuropePmcRecord, LandingPage, Location, Paper, Pdf, PdfLink,
    PmcDeposit, PmcVersion, Service, UnpaywallRecord, World,
};
use serde_json::{Value, json};

use super::draw::Lots;
use super::plans::{RacePlan, TICK};
use crate::race_model::{After, Copied, Copy, Part, Prediction, Says, Scene, Thing, predict};

/// The publisher of all seeds.
const PRESS: &str = "https://journal.example";
/// Longer races are drawn again, to keep the test short.
const MAX_TICKS: u64 = 32;
/// How often a seed is drawn at most.
const DRAWS: u64 = 500;

const UNKNOWN: Says = Says::Miss("no_pdf", "not_found");
const BROKEN: Says = Says::Miss("retryable", "http_5xx");

/// One seed's work.
#[derive(Debug)]
pub struct Story {
    /// The seed.
    pub seed: u64,
    /// The work as the binary is given it.
    pub work: Value,
    /// What the model says.
    pub prediction: Prediction,
    scene: Scene,
    paper: Paper,
    /// Host, part of the path, ticks.
    waits: Vec<(&'static str, String, u64)>,
    archive: Archive,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Archive {
    Empty,
    HasAll,
    Broken,
}

/// What the publisher's page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Page {
    NamesItsPdf,
    NamesUnpaywalls,
    NoPdf,
    Paywall,
    Challenge,
    Gone,
    Broken,
    Silent,
}

impl Story {
    /// The work of a seed, raced under `plan`.
    ///
    /// # Panics
    ///
    /// When no draw of the seed has an order.
    #[must_use]
    pub fn of(seed: u64, plan: RacePlan) -> Self {
        let rules = plan.rules();
        (0..DRAWS)
            .map(|turn| {
                let mut story = Cast::new(seed, turn).story();
                story.prediction = predict(&rules, &story.scene);
                story
            })
            .find(|story| !story.prediction.tie && story.prediction.ticks <= MAX_TICKS)
            .unwrap_or_else(|| panic!("seed {seed} has no draw without a tie"))
    }

    /// Its name.
    #[must_use]
    pub fn work_id(&self) -> String {
        format!("W{}", self.seed)
    }

    /// Everything that would happen, for a failure's message.
    #[must_use]
    pub fn scene(&self) -> &Scene {
        &self.scene
    }

    /// Puts it into the world.
    #[must_use]
    pub fn stage(&self, world: World) -> World {
        let mut world = world.paper(self.paper.clone());
        for (host, path, ticks) in &self.waits {
            world = world.latency(host, path, wait(*ticks));
        }
        let page = page_url(self.seed);
        let copies = self.scene.copies.keys().chain([&page]);
        for url in copies.filter(|url| url.starts_with("https:")) {
            world = match self.archive {
                Archive::Empty => world,
                Archive::Broken => world.when_archive_asked(url, Answer::status(500)),
                Archive::HasAll => {
                    world.captured(url, Capture::new("20210302093000", paper(url, 12_000)))
                }
            };
        }
        world
    }
}

fn wait(ticks: u64) -> Duration {
    TICK * u32::try_from(ticks).expect("few ticks")
}

fn page_url(seed: u64) -> String {
    format!("{PRESS}/{seed:04}/page")
}

fn paper(url: &str, bytes: u64) -> Answer {
    let seed = url
        .bytes()
        .fold(7, |seed: u64, byte| seed * 31 % 1_000_003 + u64::from(byte));
    Answer::pdf(Pdf::new(url, seed, bytes))
}

/// What a copy's URL answers, without its wait.
fn answer(url: &str, copy: Copy) -> Answer {
    match copy.is {
        Copied::Whole => paper(url, 12_000),
        Copied::Truncated => paper(url, 12_000).truncated_to(8_000),
        Copied::Dead(_, "blocked") => Answer::challenge(),
        Copied::Dead(_, "paywalled") => Answer::login(),
        Copied::Dead(_, "http_5xx") => Answer::status(500),
        Copied::Dead(..) => Answer::status(404),
        Copied::Silent => Answer::never(),
    }
}

/// A story being drawn.
struct Cast {
    lots: Lots,
    seed: u64,
    doi: String,
    arxiv: String,
    pmcid: String,
    pmid: String,
    /// The work is named by its PubMed number alone.
    by_pmid: bool,
    page: Page,
    page_ticks: u64,
    scene: Scene,
    paper: Paper,
    waits: Vec<(&'static str, String, u64)>,
}

impl Cast {
    fn new(seed: u64, turn: u64) -> Self {
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
            doi,
        }
    }

    fn story(mut self) -> Story {
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
        }
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

    fn pdf_url(&self, name: &str) -> String {
        format!("{PRESS}/{:04}/{name}.pdf", self.seed)
    }

    /// Puts a copy at a URL of the publisher.
    fn publish(&mut self, url: &str, copy: Copy) {
        let answer = answer(url, copy).delay(wait(copy.after));
        self.paper = self.paper.clone().page(url, answer);
        self.scene.copies.insert(url.to_owned(), copy);
    }

    fn asked(&mut self, service: Service, answer: Answer) {
        self.paper = self.paper.clone().when_asked(service, answer);
    }

    fn part(&mut self, source: &'static str, after: After, says: Says, wins_as: &'static str) {
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
        let answer = answer.delay(wait(self.page_ticks));
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

    fn unpaywall(&mut self) {
        let ticks = self.lots.ticks();
        let (best, second) = (self.pdf_url("best"), self.pdf_url("second"));
        let copy = self.lots.first_copy();
        self.publish(&best, copy);
        let copy = self.lots.copy();
        self.publish(&second, copy);
        let oai = self
            .lots
            .percent(60)
            .then(|| format!("oai:arXiv.org:{}", self.arxiv));
        let page = page_url(self.seed);
        let found = |urls: &[&String]| {
            let locations: Vec<Location> = urls
                .iter()
                .map(|url| Location::pdf(url, &page))
                .chain([Location::landing(&page).in_repository(oai.as_deref())])
                .collect();
            let mut teaches = vec![Thing::LandingUrl];
            teaches.extend(oai.as_ref().map(|_| Thing::Arxiv));
            let says = Says::Finds {
                urls: urls.iter().map(|url| (*url).clone()).collect(),
                teaches,
                otherwise: ("no_pdf", "no_pdf_url"),
            };
            (says, Some(UnpaywallRecord::open(locations)))
        };
        let scripted = |says: Says| (says, None);
        let (says, record) = match self.lots.between(1, 100) {
            1..=14 => scripted(UNKNOWN),
            15..=26 => {
                let closed = Says::Finds {
                    urls: Vec::new(),
                    teaches: Vec::new(),
                    otherwise: ("no_pdf", "not_oa"),
                };
                (closed, Some(UnpaywallRecord::closed()))
            }
            27..=34 => {
                self.asked(Service::Unpaywall, Answer::status(500));
                scripted(BROKEN)
            }
            35..=41 => {
                self.asked(Service::Unpaywall, Answer::text("out to lunch"));
                scripted(Says::Miss("error", "bad_answer"))
            }
            42..=48 => {
                self.asked(Service::Unpaywall, Answer::never());
                scripted(Says::Hangs)
            }
            49..=64 => found(&[]),
            65..=80 => found(&[&best]),
            _ => found(&[&best, &second]),
        };
        if let Some(record) = record {
            self.paper = self.paper.clone().unpaywall(record);
        }
        self.waits
            .push(("api.unpaywall.org", self.doi.clone(), ticks));
        self.part("unpaywall", After::Ticks(ticks), says, "oa_pdf");
    }

    fn arxiv(&mut self) {
        let url = format!("https://arxiv.org/pdf/{}", self.arxiv);
        let copy = self.lots.copy_of(&[
            (20, Copied::Whole),
            (20, Copied::Truncated),
            (40, Copied::Dead("no_pdf", "not_found")),
            (10, Copied::Dead("retryable", "http_5xx")),
            (10, Copied::Silent),
        ]);
        self.paper = self.paper.clone().arxiv(&self.arxiv);
        self.asked(Service::ArxivPdf, answer(&url, copy));
        let path = format!("/pdf/{}", self.arxiv);
        self.waits.push(("arxiv.org", path, copy.after));
        self.scene.copies.insert(url.clone(), copy);
        let says = Says::Finds {
            urls: vec![url],
            teaches: Vec::new(),
            otherwise: ("no_pdf", "no_pdf_url"),
        };
        self.part("arxiv", After::Ticks(0), says, "arxiv_pdf");
    }

    /// What PMC and Europe PMC tell of the work beside links.
    fn its_numbers(&self) -> Vec<Thing> {
        let mut things = vec![Thing::Doi, Thing::Pmcid];
        if self.by_pmid {
            things.push(Thing::Pmid);
        }
        things
    }

    fn pmc(&mut self) {
        let ticks = self.lots.ticks();
        let id = self.pmcid.clone();
        let url = format!("https://pmc-oa-opendata.s3.amazonaws.com/{id}.1/{id}.1.pdf");
        let copy = self.lots.copy();
        self.scene.copies.insert(url.clone(), copy);
        let bucket = "pmc-oa-opendata.s3.amazonaws.com";
        self.waits
            .push((bucket, format!("{id}.1/{id}"), copy.after));
        let finds = |urls: Vec<String>, teaches| Says::Finds {
            urls,
            teaches,
            otherwise: ("no_pdf", "not_found"),
        };
        let mut after = After::Ticks(ticks);
        let mut wait_at = (bucket, format!("prefix={id}."));
        let numbers = self.its_numbers();
        let mut choice = self.lots.between(1, 100);
        if choice <= 40 && self.scene.known.contains(&Thing::Pmcid) {
            // Whoever has the number never asks whether there is one.
            choice = 50;
        }
        let (deposit, says) = match choice {
            1..=40 => {
                after = After::TicksForEach(ticks, &[Thing::Pmid, Thing::Doi]);
                let converter = "pmc.ncbi.nlm.nih.gov";
                self.waits.push((converter, self.pmid.clone(), ticks));
                wait_at = (converter, self.doi.clone());
                (None, UNKNOWN)
            }
            41..=55 => (Some(PmcDeposit::new([])), finds(Vec::new(), numbers)),
            56..=63 => {
                self.asked(Service::PmcListing, Answer::status(500));
                (Some(PmcDeposit::new([])), BROKEN)
            }
            64..=70 => {
                self.asked(Service::PmcListing, Answer::never());
                (Some(PmcDeposit::new([])), Says::Hangs)
            }
            _ => {
                let version = PmcVersion::answering(1, answer(&url, copy));
                (
                    Some(PmcDeposit::new([version])),
                    finds(vec![url.clone()], numbers),
                )
            }
        };
        if let Some(deposit) = deposit {
            self.paper = self.paper.clone().pmc(deposit);
        }
        self.waits.push((wait_at.0, wait_at.1, ticks));
        self.part("pmc", after, says, "pmc_pdf");
    }

    fn doi(&mut self) {
        let ticks = self.lots.ticks();
        let finds = |urls, teaches, reason| Says::Finds {
            urls,
            teaches,
            otherwise: ("no_pdf", reason),
        };
        let seen = |reason| finds(Vec::new(), vec![Thing::LandingUrl], reason);
        let (answer, says, more) = match self.lots.between(1, 100) {
            1..=20 => {
                self.paper = self.paper.clone().doi_target(DoiTarget::Unregistered);
                let says = Says::Miss("nonretryable", "doi_unregistered");
                (Answer::status(404), says, 0)
            }
            21..=28 => (Answer::status(500), BROKEN, 0),
            29..=35 => (Answer::never(), Says::Hangs, 0),
            36..=50 => {
                let url = self.pdf_url("end");
                let copy = self
                    .lots
                    .copy_of(&[(50, Copied::Whole), (50, Copied::Truncated)]);
                self.publish(&url, copy);
                let says = finds(vec![url.clone()], Vec::new(), "no_pdf_url");
                (Answer::redirect(&url), says, copy.after)
            }
            _ => {
                let says = match self.page {
                    Page::Challenge => seen("blocked"),
                    Page::Gone => seen("not_found"),
                    Page::Broken => BROKEN,
                    Page::Silent => Says::Hangs,
                    _ => seen("no_pdf_url"),
                };
                let page = page_url(self.seed);
                (Answer::redirect(&page), says, self.page_ticks)
            }
        };
        self.asked(Service::Doi, answer.delay(wait(ticks)));
        self.part("doi_redirect", After::Ticks(ticks + more), says, "doi_pdf");
    }

    fn landing(&mut self) {
        let finds = |url| Says::Finds {
            urls: vec![url],
            teaches: Vec::new(),
            otherwise: ("no_pdf", "no_pdf_url"),
        };
        let says = match self.page {
            Page::NamesItsPdf => finds(self.pdf_url("own")),
            Page::NamesUnpaywalls => finds(self.pdf_url("best")),
            Page::NoPdf => Says::Miss("no_pdf", "no_pdf_url"),
            Page::Paywall => Says::Miss("no_pdf", "paywalled"),
            Page::Challenge => Says::Miss("no_pdf", "blocked"),
            Page::Gone => UNKNOWN,
            Page::Broken => BROKEN,
            Page::Silent => Says::Hangs,
        };
        let after = After::Ticks(self.page_ticks);
        self.part("landing_scrape", after, says, "landing_pdf");
    }

    fn europe_pmc(&mut self) {
        let ticks = self.lots.ticks();
        let host = "www.ebi.ac.uk";
        for id in [&self.doi, &self.pmcid, &self.pmid] {
            self.waits.push((host, id.clone(), ticks));
        }
        let url = format!("https://europepmc.org/articles/{}?pdf=render", self.pmcid);
        let copy = self.lots.copy();
        self.scene.copies.insert(url.clone(), copy);
        let teaches = self.its_numbers();
        let (after, says) = match self.lots.between(1, 100) {
            1..=30 => {
                let ids = &[Thing::Pmcid, Thing::Pmid, Thing::Doi];
                (After::TicksForEach(ticks, ids), UNKNOWN)
            }
            31..=48 => {
                let closed = EuropePmcRecord::closed();
                self.paper = self.paper.clone().europe_pmc(closed);
                let says = Says::Finds {
                    urls: Vec::new(),
                    teaches,
                    otherwise: ("no_pdf", "not_oa"),
                };
                (After::Ticks(ticks), says)
            }
            49..=56 => {
                self.asked(Service::EuropePmcSearch, Answer::status(500));
                (After::Ticks(ticks), BROKEN)
            }
            57..=63 => {
                self.asked(Service::EuropePmcSearch, Answer::never());
                (After::Ticks(ticks), Says::Hangs)
            }
            _ => {
                let render = answer(&url, copy).delay(wait(copy.after));
                let open = EuropePmcRecord::open(render);
                self.paper = self.paper.clone().europe_pmc(open);
                let says = Says::Finds {
                    urls: vec![url],
                    teaches,
                    otherwise: ("no_pdf", "no_pdf_url"),
                };
                (After::Ticks(ticks), says)
            }
        };
        self.part("europe_pmc", after, says, "europe_pmc_pdf");
    }

    fn archive(&mut self) -> Archive {
        let archive = self.lots.weighted(&[
            (50, Archive::Empty),
            (35, Archive::HasAll),
            (15, Archive::Broken),
        ]);
        let says = match archive {
            Archive::Empty => Says::Miss("no_pdf", "no_snapshot"),
            Archive::Broken => BROKEN,
            Archive::HasAll => {
                let url = "the archive's".to_owned();
                let copy = Copy {
                    after: 0,
                    is: Copied::Whole,
                };
                self.scene.copies.insert(url.clone(), copy);
                Says::Finds {
                    urls: vec![url],
                    teaches: Vec::new(),
                    otherwise: ("no_pdf", "no_snapshot"),
                }
            }
        };
        self.part("wayback", After::Ticks(0), says, "wayback_pdf");
        archive
    }
}
