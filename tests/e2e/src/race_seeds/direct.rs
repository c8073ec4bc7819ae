//! The sources of the first tier, drawn.

use paperfall_miniweb::{Answer, Location, PmcDeposit, PmcVersion, Service, UnpaywallRecord};

use super::cast::{BROKEN, Cast, UNKNOWN};
use super::staging::{answer, page_url};
use crate::race_model::{After, Copied, Says, Thing};

impl Cast {
    pub(super) fn unpaywall(&mut self) {
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

    pub(super) fn arxiv(&mut self) {
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
    pub(super) fn its_numbers(&self) -> Vec<Thing> {
        let mut things = vec![Thing::Doi, Thing::Pmcid];
        if self.by_pmid {
            things.push(Thing::Pmid);
        }
        things
    }

    pub(super) fn pmc(&mut self) {
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
}
