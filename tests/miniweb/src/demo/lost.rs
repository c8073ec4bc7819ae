//! Acts that end without a paper, each for a reason of its own.
//!
//! What goes wrong for good happens on hosts of the act's own, so that no
//! act's trouble (a breaker, a rate limit) spills over into another's.

use serde_json::json;

use super::scene::{Act, Scene, lost};
use crate::answer::{Answer, RetryAfter};
use crate::paper::{Paper, Service};
use crate::pdf::Pdf;
use crate::services::europe_pmc::EuropePmcRecord;
use crate::services::pmc::{PmcDeposit, PmcVersion};
use crate::services::publisher::{LandingPage, PdfLink};
use crate::services::unpaywall::UnpaywallRecord;
use crate::services::wayback::Capture;

const NOT_OA: (&str, &str) = ("no_pdf", "not_oa");
const PAYWALLED: (&str, &str) = ("no_pdf", "paywalled");
const NOT_FOUND: (&str, &str) = ("no_pdf", "not_found");
const BLOCKED: (&str, &str) = ("no_pdf", "blocked");
const TRUNCATED: (&str, &str) = ("no_pdf", "truncated");
const TIMED_OUT: (&str, &str) = ("retryable", "source_deadline");
const LIMITED: (&str, &str) = ("retryable", "rate_limited");
const MEADOW: &str = "journals.meadow.example";
const COPPER: &str = "dl.copperleaf.test";

/// Closed at Unpaywall, with a landing page that has nothing to offer.
fn closed_paper(s: &Scene) -> Paper {
    let page = s.at(MEADOW, "/closed");
    s.paper()
        .doi(&s.doi())
        .doi_leads_to(&page)
        .page(&page, LandingPage::new(&s.title()).doi(&s.doi()).answer())
        .unpaywall(UnpaywallRecord::closed())
}

pub(super) fn closed(s: &Scene) -> Act {
    lost(
        "closed, as everyone says",
        NOT_OA,
        closed_paper(s),
        json!({"doi": s.doi()}),
    )
}

pub(super) fn closed_everywhere(s: &Scene) -> Act {
    let paper = closed_paper(s)
        .pmid(&s.pmid())
        .europe_pmc(EuropePmcRecord::closed());
    let input = json!({"identifiers": {"doi": s.doi(), "pmid": s.pmid()}, "title": s.title()});
    lost("closed, by subscription only", NOT_OA, paper, input)
}

pub(super) fn purchase_box(s: &Scene) -> Act {
    let page = s.at(MEADOW, "/buy");
    let paper = s.paper().doi(&s.doi()).doi_leads_to(&page).page(
        &page,
        LandingPage::new(&s.title())
            .doi(&s.doi())
            .paywalled()
            .answer(),
    );
    lost(
        "a purchase box where the paper should be",
        PAYWALLED,
        paper,
        json!({"doi": s.doi()}),
    )
}

pub(super) fn sign_in_instead_of_paper(s: &Scene) -> Act {
    let (page, pdf) = (s.at(MEADOW, "/members"), s.at(MEADOW, "/members.pdf"));
    let landing = LandingPage::new(&s.title())
        .paywalled()
        .pdf(PdfLink::CitationMeta(pdf.clone()));
    let paper = s
        .paper()
        .doi(&s.doi())
        .doi_leads_to(&page)
        .page(&page, landing.doi(&s.doi()).answer())
        .page(&pdf, Answer::login());
    lost(
        "the PDF link leads to a sign-in page",
        PAYWALLED,
        paper,
        json!({"doi": s.doi()}),
    )
}

pub(super) fn unknown_doi(s: &Scene) -> Act {
    lost(
        "a DOI nobody registered",
        NOT_FOUND,
        s.paper(),
        json!({"doi": s.doi()}),
    )
}

pub(super) fn unknown_pmid(s: &Scene) -> Act {
    lost(
        "a PubMed number nobody knows",
        NOT_FOUND,
        s.paper(),
        json!({"pmid": s.pmid()}),
    )
}

fn challenged(s: &Scene) -> Paper {
    let page = format!("https://{}/article", s.lonely_host());
    s.paper()
        .doi(&s.doi())
        .doi_leads_to(&page)
        .page(&page, Answer::challenge())
}

pub(super) fn challenge(s: &Scene) -> Act {
    lost(
        "a browser check instead of a page",
        BLOCKED,
        challenged(s),
        json!({"doi": s.doi()}),
    )
}

pub(super) fn challenge_behind_closed_record(s: &Scene) -> Act {
    let paper = challenged(s).unpaywall(UnpaywallRecord::closed());
    let input = json!({"work_id": s.openalex(), "doi": s.doi(), "title": s.title()});
    lost(
        "closed, and a browser check at the door",
        BLOCKED,
        paper,
        input,
    )
}

pub(super) fn proof_of_work(s: &Scene) -> Act {
    let page = format!("https://pmc.ncbi.nlm.nih.gov/articles/{}/", s.pmcid());
    let paper = s.paper().pmcid(&s.pmcid()).pmc(PmcDeposit::new([]));
    let input = json!({"pmcid": s.pmcid(), "landing_urls": [page]});
    lost("PMC's page wants a proof of work", BLOCKED, paper, input)
}

pub(super) fn truncated_at_arxiv(s: &Scene) -> Act {
    let pdf = format!("https://arxiv.org/pdf/{}", s.arxiv());
    let paper = s
        .paper()
        .arxiv(&s.arxiv())
        .arxiv_pdf(s.half_a_pdf())
        .captured(&pdf, Capture::new("20210401000000", s.half_a_pdf()));
    lost(
        "truncated at arXiv and in the archive",
        TRUNCATED,
        paper,
        json!({"arxiv_id": s.arxiv()}),
    )
}

pub(super) fn truncated_in_both_archives(s: &Scene) -> Act {
    // Without DOI and PubMed number: nobody else can be asked.
    let paper = s
        .paper()
        .pmcid(&s.pmcid())
        .pmc(PmcDeposit::new([PmcVersion::answering(1, s.half_a_pdf())]))
        .europe_pmc(EuropePmcRecord::open(s.half_a_pdf()));
    lost(
        "truncated at PMC and at Europe PMC",
        TRUNCATED,
        paper,
        json!({"pmcid": s.pmcid()}),
    )
}

pub(super) fn html_in_disguise(s: &Scene) -> Act {
    let paper = linked(s, "/disguise", Answer::html_as_pdf());
    let input = json!({"url": s.at(COPPER, "/disguise")});
    lost(
        "HTML that says it is a PDF",
        ("no_pdf", "not_a_pdf"),
        paper,
        input,
    )
}

pub(super) fn tiny(s: &Scene) -> Act {
    let paper = linked(s, "/tiny", Answer::pdf(Pdf::new("Tiny", s.seed(), 0)));
    let input = json!({"url": s.at(COPPER, "/tiny")});
    lost(
        "a PDF too small for a paper",
        ("no_pdf", "too_small"),
        paper,
        input,
    )
}

/// A page on its own that links this as its PDF.
fn linked(s: &Scene, path: &str, pdf: Answer) -> Paper {
    let (page, link) = (s.at(COPPER, path), s.at(COPPER, &format!("{path}.pdf")));
    let landing = LandingPage::new(&s.title()).pdf(PdfLink::CitationMeta(link.clone()));
    s.paper().page(&page, landing.answer()).page(&link, pdf)
}

pub(super) fn page_without_pdf(s: &Scene) -> Act {
    let page = s.at(COPPER, "/news");
    let paper = s
        .paper()
        .page(&page, LandingPage::new(&s.title()).with_decoys().answer());
    let story = "a page with a supplement, a reference, and no paper";
    lost(story, ("no_pdf", "no_pdf_url"), paper, json!({"url": page}))
}

pub(super) fn arxiv_never_answers(s: &Scene) -> Act {
    let paper = s.paper().arxiv(&s.arxiv()).arxiv_pdf(Answer::never());
    lost(
        "arXiv takes the request and is silent",
        TIMED_OUT,
        paper,
        json!({"arxiv_id": s.arxiv()}),
    )
}

pub(super) fn publisher_never_answers(s: &Scene) -> Act {
    let page = format!("https://{}/article", s.lonely_host());
    let paper = s
        .paper()
        .doi(&s.doi())
        .doi_leads_to(&page)
        .page(&page, Answer::never());
    lost(
        "a publisher takes the request and is silent",
        TIMED_OUT,
        paper,
        json!({"doi": s.doi()}),
    )
}

pub(super) fn unpaywall_limits_us(s: &Scene) -> Act {
    let limited = Answer::rate_limited(RetryAfter::Seconds(1));
    let paper = closed_paper(s).when_asked(Service::Unpaywall, limited);
    lost(
        "Unpaywall asks us to slow down",
        LIMITED,
        paper,
        json!({"doi": s.doi()}),
    )
}

pub(super) fn publisher_limits_us(s: &Scene) -> Act {
    let page = format!("https://{}/article", s.lonely_host());
    let limited = Answer::rate_limited(RetryAfter::Date(2));
    let paper = s
        .paper()
        .doi(&s.doi())
        .doi_leads_to(&page)
        .page(&page, limited);
    lost(
        "a publisher asks us to slow down, by date",
        LIMITED,
        paper,
        json!({"doi": s.doi()}),
    )
}

pub(super) fn publisher_is_down(s: &Scene) -> Act {
    let page = format!("https://{}/article", s.lonely_host());
    let paper = s
        .paper()
        .doi(&s.doi())
        .doi_leads_to(&page)
        .page(&page, Answer::status(503));
    let input = json!({"doi": s.doi(), "title": s.title()});
    lost(
        "a publisher's server is down",
        ("retryable", "http_5xx"),
        paper,
        input,
    )
}
