//! The sources of the later tiers, drawn.

use paperfall_miniweb::{Answer, DoiTarget, EuropePmcRecord, Service};

use super::cast::{BROKEN, Cast, Page, UNKNOWN};
use super::staging::{Archive, answer, page_url};
use crate::race_model::{After, Copied, Copy, Says, Thing};

impl Cast {
    pub(super) fn doi(&mut self) {
        let ticks = self.lots.ticks();
        let finds = |urls, teaches, reason| Says::Finds {
            urls,
            teaches,
            otherwise: ("no_pdf", reason),
        };
        let dead_page = matches!(
            self.page,
            Page::Paywall | Page::Challenge | Page::Gone | Page::Broken
        );
        let (answer, says, more) = match self.lots.between(1, 100) {
            1..=8 => (Answer::status(500), BROKEN, 0),
            9..=15 => (Answer::never(), Says::Hangs, 0),
            16..=30 => {
                let url = self.pdf_url("end");
                let copy = self
                    .lots
                    .copy_of(&[(50, Copied::Whole), (50, Copied::Truncated)]);
                self.publish(&url, copy);
                let says = finds(vec![url.clone()], Vec::new(), "no_pdf_url");
                (Answer::redirect(&url), says, copy.after)
            }
            // What the resolver's adapter makes of a page that refuses it is
            // its own matter, not the race's: such pages have other ways in.
            31..=80 if !dead_page => {
                let says = match self.page {
                    Page::Silent => Says::Hangs,
                    _ => finds(Vec::new(), vec![Thing::LandingUrl], "no_pdf_url"),
                };
                let page = page_url(self.seed);
                (Answer::redirect(&page), says, self.page_ticks)
            }
            _ => {
                self.paper = self.paper.clone().doi_target(DoiTarget::Unregistered);
                let says = Says::Miss("nonretryable", "doi_unregistered");
                (Answer::status(404), says, 0)
            }
        };
        self.asked(Service::Doi, answer.delay(self.wait(ticks)));
        self.part("doi_redirect", After::Ticks(ticks + more), says, "doi_pdf");
    }

    pub(super) fn landing(&mut self) {
        // Every page of an article says its DOI.
        let finds = |urls, reason| Says::Finds {
            urls,
            teaches: vec![Thing::Doi],
            otherwise: ("no_pdf", reason),
        };
        let says = match self.page {
            Page::NamesItsPdf => finds(vec![self.pdf_url("own")], "no_pdf_url"),
            Page::NamesUnpaywalls => finds(vec![self.pdf_url("best")], "no_pdf_url"),
            Page::NoPdf => finds(Vec::new(), "no_pdf_url"),
            Page::Paywall => finds(Vec::new(), "paywalled"),
            Page::Challenge => Says::Miss("no_pdf", "blocked"),
            Page::Gone => UNKNOWN,
            Page::Broken => BROKEN,
            Page::Silent => Says::Hangs,
        };
        let after = After::Ticks(self.page_ticks);
        self.part("landing_scrape", after, says, "landing_pdf");
    }

    pub(super) fn europe_pmc(&mut self) {
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
                let render = answer(&url, copy).delay(self.wait(copy.after));
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

    pub(super) fn archive(&mut self) -> Archive {
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
