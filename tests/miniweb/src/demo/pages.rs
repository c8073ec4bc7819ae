//! Acts won at the publisher's: at the end of the DOI, or on its landing page.

use serde_json::json;

use super::scene::{Act, Scene, won};
use crate::answer::Answer;
use crate::paper::Paper;
use crate::services::publisher::{LandingPage, PdfLink, hidden_redirect};
use crate::services::unpaywall::{Location, UnpaywallRecord};

const DOI: (&str, &str) = ("doi_redirect", "doi_pdf");
const LANDING: (&str, &str) = ("landing_scrape", "landing_pdf");
const HARBOUR: &str = "press.harbour.example";
const QUILL: &str = "www.quillpress.example";
const HUB: &str = "linkinghub.thornfield.example";
const COPPER: &str = "dl.copperleaf.test";

pub(super) fn doi_is_the_pdf(s: &Scene) -> Act {
    let pdf = s.at(HARBOUR, "/article.pdf");
    let paper = s
        .paper()
        .doi(&s.doi())
        .doi_leads_to(&pdf)
        .page(&pdf, s.pdf_answer());
    won(
        "the DOI leads straight to the PDF",
        DOI,
        paper,
        json!({"doi": s.doi()}),
    )
}

pub(super) fn doi_over_http_and_back(s: &Scene) -> Act {
    let plain = s.at(HARBOUR, "/a").replacen("https:", "http:", 1);
    let moved = s.at(HARBOUR, "/b");
    let pdf = s.at(COPPER, "/c.pdf");
    let paper = s
        .paper()
        .doi(&s.doi())
        .doi_leads_to(&plain)
        .page(&plain, Answer::redirect_as(301, &moved))
        .page(&moved, Answer::redirect_as(307, &pdf))
        .page(&pdf, s.pdf_answer());
    won(
        "the DOI hops over plain HTTP and two hosts",
        DOI,
        paper,
        json!({"doi": format!("doi:{}", s.doi())}),
    )
}

pub(super) fn hidden_hop(s: &Scene) -> Act {
    let (hub, pdf) = (s.at(HUB, "/retrieve/pii"), s.at(COPPER, "/pii.pdf?via=hub"));
    let retrieve = format!(
        "https://{HUB}/retrieve?Redirect={}&key=5c1f",
        crate::text::encode(&pdf)
    );
    let paper = s
        .paper()
        .doi(&s.doi())
        .doi_leads_to(&hub)
        .page(&hub, hidden_redirect(&pdf))
        .page(&retrieve, Answer::redirect(&pdf))
        .page(&pdf, s.pdf_answer());
    won(
        "the next hop hides in a form",
        DOI,
        paper,
        json!({"doi": s.doi()}),
    )
}

pub(super) fn octet_stream_without_suffix(s: &Scene) -> Act {
    let pdf = s.at(COPPER, "/stream/get");
    let paper = s.paper().doi(&s.doi()).doi_leads_to(&pdf).page(
        &pdf,
        s.pdf_answer().content_type("application/octet-stream"),
    );
    let input = json!({"identifiers": {"doi": s.doi()}, "title": s.title()});
    won(
        "the end of the DOI has neither suffix nor type",
        DOI,
        paper,
        input,
    )
}

pub(super) fn cookie_wanted(s: &Scene) -> Act {
    let (article, check) = (s.at(QUILL, "/full"), s.at(QUILL, "/cookies"));
    let cookie = "quill_ok=1; Path=/; Secure";
    let paper = s
        .paper()
        .doi(&s.doi())
        .doi_leads_to(&article)
        .page(
            &article,
            s.pdf_answer()
                .only_with_cookie("quill_ok", Answer::redirect(&check)),
        )
        .page(
            &check,
            Answer::redirect(&article).header("set-cookie", cookie),
        );
    won(
        "a publisher that wants its cookie back",
        DOI,
        paper,
        json!({"doi": s.doi()}),
    )
}

pub(super) fn hybrid_without_pdf_link(s: &Scene) -> Act {
    let pdf = s.at(HARBOUR, "/hybrid");
    let location = Location::landing(&format!("https://doi.org/{}", s.doi()));
    let paper = s
        .paper()
        .doi(&s.doi())
        .doi_leads_to(&pdf)
        .unpaywall(UnpaywallRecord::open([location]))
        .page(&pdf, s.pdf_answer());
    let input =
        json!({"work_id": s.openalex(), "identifiers": {"openalex": s.openalex(), "doi": s.doi()}});
    won(
        "open says Unpaywall, and names only the DOI",
        DOI,
        paper,
        input,
    )
}

/// A paper whose DOI leads to its landing page.
fn landed(s: &Scene, page: &str, landing: LandingPage, pdf: &str) -> Paper {
    s.paper()
        .doi(&s.doi())
        .doi_leads_to(page)
        .page(page, landing.doi(&s.doi()).answer())
        .page(pdf, s.pdf_answer())
}

pub(super) fn citation_metadata(s: &Scene) -> Act {
    let (page, pdf) = (
        s.at(HARBOUR, "/article"),
        s.at(HARBOUR, "/file?id=7&type=printable"),
    );
    let landing = LandingPage::new(&s.title()).pdf(PdfLink::CitationMeta(pdf.clone()));
    let paper = landed(s, &page, landing, &pdf);
    won(
        "the landing page's citation metadata",
        LANDING,
        paper,
        json!({"doi": s.doi()}),
    )
}

pub(super) fn supplement_comes_first(s: &Scene) -> Act {
    let (page, pdf) = (s.at(QUILL, "/view"), s.at(QUILL, "/main text.pdf"));
    let landing = LandingPage::new(&s.title())
        .with_decoys()
        .pdf(PdfLink::Anchor(format!(
            "{}/main text.pdf",
            page_folder(&page)
        )));
    let supplement = Answer::pdf(crate::pdf::Pdf::new(
        "Supplementary material",
        s.seed() ^ 3,
        9_000,
    ));
    let paper = landed(s, &page, landing, &pdf).page(
        &format!("https://{QUILL}/articles/suppl_file/s1.pdf"),
        supplement,
    );
    won(
        "a supplement stands before the paper",
        LANDING,
        paper,
        json!({"doi": s.doi()}),
    )
}

/// `/0007` of `https://host/0007/view`.
fn page_folder(page: &str) -> String {
    let path = page.splitn(4, '/').nth(3).unwrap_or_default();
    format!("/{}", path.split('/').next().unwrap_or_default())
}

pub(super) fn alternate_link(s: &Scene) -> Act {
    let (page, pdf) = (s.at(QUILL, "/item"), s.at(QUILL, "/item.pdf"));
    let landing = LandingPage::new(&s.title()).pdf(PdfLink::Alternate(format!(
        "{}/item.pdf",
        page_folder(&page)
    )));
    let paper = landed(s, &page, landing, &pdf);
    won(
        "a relative alternate link",
        LANDING,
        paper,
        json!({"doi": s.doi(), "title": s.title()}),
    )
}

pub(super) fn page_alone(s: &Scene) -> Act {
    let (page, pdf) = (s.at(COPPER, "/thesis"), s.at(COPPER, "/thesis/full"));
    let landing = LandingPage::new(&s.title()).pdf(PdfLink::CitationMeta(pdf.clone()));
    let paper = s
        .paper()
        .page(&page, landing.answer())
        .page(&pdf, s.pdf_answer());
    won(
        "nothing but the URL of a page",
        LANDING,
        paper,
        json!({"url": page}),
    )
}

pub(super) fn base_and_bare_attribute(s: &Scene) -> Act {
    let (page, pdf) = (
        s.at(HARBOUR, "/toc/entry"),
        s.at(COPPER, "/issue/entry.pdf"),
    );
    let landing = LandingPage::new(&s.title())
        .base(&s.at(COPPER, "/issue/"))
        .pdf(PdfLink::UnquotedProperty("entry.pdf".to_owned()));
    let paper = landed(s, &page, landing, &pdf);
    won(
        "a base address and an unquoted attribute",
        LANDING,
        paper,
        json!({"doi": s.doi()}),
    )
}

pub(super) fn embedded_viewer(s: &Scene) -> Act {
    let (page, pdf) = (s.at(COPPER, "/viewer"), s.at(COPPER, "/viewer/document"));
    let landing = LandingPage::new(&s.title()).pdf(PdfLink::Embed(pdf.clone()));
    let paper = s
        .paper()
        .page(&page, landing.answer())
        .page(&pdf, s.pdf_answer());
    let input = json!({"work_id": s.openalex(), "title": s.title(), "landing_urls": [page]});
    won("a viewer in a given landing page", LANDING, paper, input)
}

pub(super) fn first_copy_truncated(s: &Scene) -> Act {
    let broken = s.at("repository.lichen.test", "/broken.pdf");
    let (page, pdf) = (s.at(HARBOUR, "/read"), s.at(HARBOUR, "/read/paper.pdf"));
    let location =
        Location::pdf(&broken, &s.at("repository.lichen.test", "/broken")).in_repository(None);
    let landing = LandingPage::new(&s.title()).pdf(PdfLink::CitationMeta(pdf.clone()));
    let paper = landed(s, &page, landing, &pdf)
        .unpaywall(UnpaywallRecord::open([location]))
        .page(&broken, s.half_a_pdf());
    won(
        "the first copy is truncated, the publisher's is whole",
        LANDING,
        paper,
        json!({"doi": s.doi()}),
    )
}
