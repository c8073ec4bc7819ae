//! Acts won late: by Europe PMC beside the landing pages, or by the archive
//! after everything else has come up empty.

use serde_json::json;

use super::scene::{Act, Scene, won};
use crate::answer::Answer;
use crate::services::doi::DoiTarget;
use crate::services::europe_pmc::EuropePmcRecord;
use crate::services::pmc::{PmcDeposit, PmcVersion};
use crate::services::publisher::{LandingPage, PdfLink};
use crate::services::unpaywall::{Location, UnpaywallRecord};
use crate::services::wayback::Capture;

const EUROPE_PMC: (&str, &str) = ("europe_pmc", "europe_pmc_pdf");
const WAYBACK: (&str, &str) = ("wayback", "wayback_pdf");
const MEADOW: &str = "journals.meadow.example";
const QUILL: &str = "www.quillpress.example";
const CAPTURED: &str = "20211103121500";

/// The bucket has no such article, and the converter has not heard of it.
fn not_in_the_bucket() -> PmcDeposit {
    PmcDeposit::new([]).unknown_to_idconv()
}

pub(super) fn europe_pmc_by_doi(s: &Scene) -> Act {
    let paper = s
        .paper()
        .doi(&s.doi())
        .doi_target(DoiTarget::Nowhere)
        .pmcid(&s.pmcid())
        .pmc(not_in_the_bucket())
        .unpaywall(UnpaywallRecord::closed())
        .europe_pmc(EuropePmcRecord::open(s.pdf_answer()));
    won(
        "Europe PMC renders what nobody else has",
        EUROPE_PMC,
        paper,
        json!({"doi": s.doi()}),
    )
}

pub(super) fn europe_pmc_by_pmid(s: &Scene) -> Act {
    let paper = s
        .paper()
        .pmid(&s.pmid())
        .pmcid(&s.pmcid())
        .pmc(not_in_the_bucket())
        .europe_pmc(EuropePmcRecord::open(s.pdf_answer()));
    won(
        "a PubMed number only Europe PMC knows",
        EUROPE_PMC,
        paper,
        json!({"pmid": s.pmid()}),
    )
}

pub(super) fn europe_pmc_by_pmcid(s: &Scene) -> Act {
    let paper = s
        .paper()
        .pmcid(&s.pmcid())
        .pmc(PmcDeposit::new([]))
        .europe_pmc(EuropePmcRecord::open(s.pdf_answer()));
    won(
        "in PMC, but not in its bucket",
        EUROPE_PMC,
        paper,
        json!({"pmcid": s.pmcid()}),
    )
}

pub(super) fn pmcid_only_europe_pmc_knew(s: &Scene) -> Act {
    let page = s.at(MEADOW, "/abstract");
    let paper = s
        .paper()
        .doi(&s.doi())
        .doi_leads_to(&page)
        .page(&page, LandingPage::new(&s.title()).doi(&s.doi()).answer())
        .pmcid(&s.pmcid())
        .pmc(not_in_the_bucket())
        .europe_pmc(EuropePmcRecord::open(s.pdf_answer()));
    let input = json!({"doi": s.doi(), "title": s.title()});
    won("a PMCID only Europe PMC knew", EUROPE_PMC, paper, input)
}

pub(super) fn europe_pmc_in_upper_case(s: &Scene) -> Act {
    // With brackets, and in a case of its own: an unquoted query breaks.
    let doi = format!("{}(07)ab", s.doi());
    let paper = s
        .paper()
        .doi(&doi.to_ascii_uppercase())
        .pmcid(&s.pmcid())
        .pmc(not_in_the_bucket())
        .europe_pmc(EuropePmcRecord::open(s.pdf_answer()));
    won(
        "a DOI with brackets, in upper case elsewhere",
        EUROPE_PMC,
        paper,
        json!({"doi": doi}),
    )
}

pub(super) fn bucket_copy_truncated(s: &Scene) -> Act {
    let paper = s
        .paper()
        .pmcid(&s.pmcid())
        .pmc(PmcDeposit::new([PmcVersion::answering(1, s.half_a_pdf())]))
        .europe_pmc(EuropePmcRecord::open(s.pdf_answer()));
    let input = json!({"identifiers": {"pmcid": s.pmcid()}, "title": s.title()});
    won(
        "the bucket's copy is truncated, Europe PMC's is whole",
        EUROPE_PMC,
        paper,
        input,
    )
}

fn capture(s: &Scene) -> Capture {
    Capture::new(CAPTURED, s.pdf_answer())
}

pub(super) fn dead_link_of_unpaywall(s: &Scene) -> Act {
    let pdf = s.at(MEADOW, "/gone.pdf");
    let location = Location::pdf(&pdf, &s.at(MEADOW, "/gone"));
    let paper = s
        .paper()
        .doi(&s.doi())
        .doi_leads_to(&s.at(MEADOW, "/gone"))
        .unpaywall(UnpaywallRecord::open([location]))
        .captured(&pdf, capture(s));
    won(
        "Unpaywall's link is dead, the archive has it",
        WAYBACK,
        paper,
        json!({"doi": s.doi()}),
    )
}

pub(super) fn dead_link_of_a_landing_page(s: &Scene) -> Act {
    let (page, pdf) = (s.at(QUILL, "/old"), s.at(QUILL, "/old.pdf"));
    let landing = LandingPage::new(&s.title()).pdf(PdfLink::CitationMeta(pdf.clone()));
    let paper = s
        .paper()
        .page(&page, landing.answer())
        .page(&pdf, Answer::status(410))
        .captured(&pdf, capture(s));
    won(
        "the landing page's PDF is gone, the archive has it",
        WAYBACK,
        paper,
        json!({"url": page}),
    )
}

pub(super) fn given_link_is_dead(s: &Scene) -> Act {
    let pdf = s.at(QUILL, "/preprint.pdf");
    let older = Capture::new("20190815080000", Answer::status(404));
    let paper = s
        .paper()
        .doi(&s.doi())
        .doi_target(DoiTarget::Nowhere)
        .unpaywall(UnpaywallRecord::closed())
        .captured(&pdf, older)
        .captured(&pdf, capture(s));
    let input = json!({"doi": s.doi(), "pdf_urls": [pdf]});
    won(
        "the PDF given with the work is dead, the archive has it",
        WAYBACK,
        paper,
        input,
    )
}

pub(super) fn withdrawn_from_arxiv(s: &Scene) -> Act {
    let pdf = format!("https://arxiv.org/pdf/{}", s.arxiv());
    let paper = s.paper().captured(&pdf, capture(s));
    won(
        "withdrawn from arXiv, the archive has it",
        WAYBACK,
        paper,
        json!({"arxiv_id": s.arxiv()}),
    )
}

pub(super) fn captured_as_octet_stream(s: &Scene) -> Act {
    let pdf = s.at(MEADOW, "/fetch?doc=3");
    let location = Location::pdf(&pdf, &s.at(MEADOW, "/doc"));
    let paper = s
        .paper()
        .doi(&s.doi())
        .doi_leads_to(&s.at(MEADOW, "/doc"))
        .unpaywall(UnpaywallRecord::open([location]))
        .captured(&pdf, capture(s).listed_as("application/octet-stream"));
    won(
        "the capture is listed as octets; bytes decide",
        WAYBACK,
        paper,
        json!({"doi": s.doi()}),
    )
}

pub(super) fn captured_before_the_wall(s: &Scene) -> Act {
    let (page, pdf) = (s.at(QUILL, "/archive"), s.at(QUILL, "/archive.pdf"));
    let landing = LandingPage::new(&s.title()).pdf(PdfLink::CitationMeta(pdf.clone()));
    let walled = Capture::new("20240601000000", Answer::login());
    let paper = s
        .paper()
        .doi(&s.doi())
        .doi_leads_to(&page)
        .page(&page, landing.doi(&s.doi()).answer())
        .page(&pdf, Answer::login())
        .captured(&pdf, capture(s))
        .captured(&pdf, walled);
    won(
        "captured before the sign-in page came",
        WAYBACK,
        paper,
        json!({"doi": s.doi()}),
    )
}
