//! Acts won in the first tier: Unpaywall, arXiv, PubMed Central.

use serde_json::json;

use super::scene::{Act, Scene, won};
use crate::answer::Answer;
use crate::paper::Service;
use crate::pdf::Pdf;
use crate::services::pmc::{PmcDeposit, PmcVersion};
use crate::services::unpaywall::{Location, UnpaywallRecord};

const UNPAYWALL: (&str, &str) = ("unpaywall", "oa_pdf");
const ARXIV: (&str, &str) = ("arxiv", "arxiv_pdf");
const PMC: (&str, &str) = ("pmc", "pmc_pdf");
const MEADOW: &str = "journals.meadow.example";
const LICHEN: &str = "repository.lichen.test";

pub(super) fn unpaywall_names_the_pdf(s: &Scene) -> Act {
    let (pdf, page) = (s.at(MEADOW, "/paper.pdf"), s.at(MEADOW, ""));
    let paper = s
        .paper()
        .doi(&s.doi())
        .unpaywall(UnpaywallRecord::open([Location::pdf(&pdf, &page)]))
        .page(&pdf, s.pdf_answer());
    won(
        "Unpaywall names the publisher's PDF",
        UNPAYWALL,
        paper,
        json!({"doi": s.doi()}),
    )
}

pub(super) fn query_is_identity(s: &Scene) -> Act {
    // The bare path is another paper's: whoever drops the query gets a 404.
    let pdf = format!(
        "https://{LICHEN}/cgi/viewcontent.cgi?article={}&context=pubs",
        s.seed() % 9000
    );
    let location = Location::pdf(&pdf, &s.at(LICHEN, "/record")).in_repository(None);
    let paper = s
        .paper()
        .doi(&s.doi())
        .unpaywall(UnpaywallRecord::open([location]))
        .page(&pdf, s.pdf_answer());
    let input = json!({"doi": format!("https://doi.org/{}", s.doi()), "title": s.title()});
    won(
        "a repository whose query string names the paper",
        UNPAYWALL,
        paper,
        input,
    )
}

pub(super) fn second_location(s: &Scene) -> Act {
    let (dead, good) = (s.at(MEADOW, "/moved.pdf"), s.at(LICHEN, "/copy.pdf"));
    let record = UnpaywallRecord::open([
        Location::pdf(&dead, &s.at(MEADOW, "")),
        Location::pdf(&good, &s.at(LICHEN, "")).in_repository(Some("oai:repository.lichen.test:1")),
    ]);
    let paper = s
        .paper()
        .doi(&s.doi())
        .pmid(&s.pmid())
        .unpaywall(record)
        .page(&good, s.pdf_answer());
    let input = json!({"identifiers": {"doi": s.doi(), "pmid": s.pmid()}});
    won(
        "the best location is dead, the second is not",
        UNPAYWALL,
        paper,
        input,
    )
}

pub(super) fn openalex_work(s: &Scene) -> Act {
    let pdf = s.at(LICHEN, "/bitstream.pdf");
    let location = Location::pdf(&pdf, &s.at(LICHEN, "/item")).in_repository(None);
    let paper = s
        .paper()
        .doi(&s.doi())
        .unpaywall(UnpaywallRecord::open([location]))
        .page(&pdf, s.pdf_answer());
    let input = json!({
        "work_id": s.openalex(),
        "title": s.title(),
        "identifiers": {"openalex": s.openalex(), "doi": s.doi()},
    });
    won("an OpenAlex work with a DOI", UNPAYWALL, paper, input)
}

pub(super) fn encrypted(s: &Scene) -> Act {
    let pdf = s.at(MEADOW, "/protected.pdf");
    let paper = s
        .paper()
        .doi(&s.doi())
        .unpaywall(UnpaywallRecord::open([Location::pdf(
            &pdf,
            &s.at(MEADOW, ""),
        )]))
        .page(
            &pdf,
            Answer::pdf(Pdf::encrypted(&s.title(), s.seed(), 30_000)),
        );
    won(
        "an encrypted PDF, kept and flagged",
        UNPAYWALL,
        paper,
        json!({"doi": s.doi()}),
    )
}

pub(super) fn mislabelled(s: &Scene) -> Act {
    let pdf = s.at(MEADOW, "/download");
    let paper = s
        .paper()
        .doi(&s.doi())
        .unpaywall(UnpaywallRecord::open([Location::pdf(
            &pdf,
            &s.at(MEADOW, ""),
        )]))
        .page(
            &pdf,
            s.pdf_answer().content_type("application/octet-stream"),
        );
    won(
        "a PDF that says it is anything",
        UNPAYWALL,
        paper,
        json!({"doi": s.doi(), "title": s.title()}),
    )
}

/// The paper two scenes share, so that their bytes are the same.
fn shared(s: &Scene) -> Answer {
    let round = s.round() as u64;
    Answer::pdf(Pdf::new("Proceedings, in one file", 0x5eed ^ round, 64_000))
}

pub(super) fn same_bytes_first(s: &Scene) -> Act {
    let pdf = s.at(MEADOW, "/proceedings.pdf");
    let paper = s
        .paper()
        .doi(&s.doi())
        .unpaywall(UnpaywallRecord::open([Location::pdf(
            &pdf,
            &s.at(MEADOW, ""),
        )]))
        .page(&pdf, shared(s));
    won(
        "one of two works with the same bytes",
        UNPAYWALL,
        paper,
        json!({"doi": s.doi()}),
    )
}

pub(super) fn same_bytes_again(s: &Scene) -> Act {
    let paper = s.paper().arxiv(&s.arxiv()).arxiv_pdf(shared(s));
    won(
        "the other of two works with the same bytes",
        ARXIV,
        paper,
        json!({"arxiv_id": s.arxiv()}),
    )
}

pub(super) fn arxiv_by_number(s: &Scene) -> Act {
    let paper = s.paper().arxiv(&s.arxiv()).arxiv_pdf(s.pdf_answer());
    won(
        "an arXiv number",
        ARXIV,
        paper,
        json!({"arxiv_id": s.arxiv()}),
    )
}

pub(super) fn arxiv_old_number(s: &Scene) -> Act {
    let paper = s.paper().arxiv(&s.old_arxiv()).arxiv_pdf(s.pdf_answer());
    let input = json!({"title": s.title(), "identifiers": {"arxiv": s.old_arxiv()}});
    won("an arXiv number of the old kind", ARXIV, paper, input)
}

pub(super) fn arxiv_version(s: &Scene) -> Act {
    let id = format!("{}v2", s.arxiv());
    let paper = s
        .paper()
        .arxiv(&format!("{}v3", s.arxiv()))
        .arxiv_pdf(s.pdf_answer());
    won(
        "an earlier arXiv version",
        ARXIV,
        paper,
        json!({"arxiv_id": id}),
    )
}

pub(super) fn arxiv_by_its_doi(s: &Scene) -> Act {
    let paper = s.paper().arxiv(&s.arxiv()).arxiv_pdf(s.pdf_answer());
    let input = json!({"doi": format!("10.48550/arXiv.{}", s.arxiv())});
    won("arXiv's own DOI, unknown to Unpaywall", ARXIV, paper, input)
}

pub(super) fn arxiv_number_only_unpaywall_knew(s: &Scene) -> Act {
    let page = format!("https://arxiv.org/abs/{}", s.arxiv());
    let location =
        Location::landing(&page).in_repository(Some(&format!("oai:arXiv.org:{}", s.arxiv())));
    let paper = s
        .paper()
        .doi(&s.doi())
        .arxiv(&s.arxiv())
        .arxiv_pdf(s.pdf_answer())
        .unpaywall(UnpaywallRecord::open([location]));
    won(
        "an arXiv number only Unpaywall knew",
        ARXIV,
        paper,
        json!({"doi": s.doi()}),
    )
}

pub(super) fn closed_but_on_arxiv(s: &Scene) -> Act {
    let paper = s
        .paper()
        .doi(&s.doi())
        .arxiv(&s.arxiv())
        .arxiv_pdf(s.pdf_answer())
        .unpaywall(UnpaywallRecord::closed());
    let input = json!({"work_id": s.openalex(), "doi": s.doi(), "arxiv_id": s.arxiv()});
    won(
        "closed says Unpaywall, and arXiv has it",
        ARXIV,
        paper,
        input,
    )
}

fn deposit(s: &Scene) -> PmcDeposit {
    PmcDeposit::new([PmcVersion::new(1, s.pdf())])
}

pub(super) fn pmc_by_pmcid(s: &Scene) -> Act {
    let paper = s.paper().pmcid(&s.pmcid()).pmc(deposit(s));
    won("a PMCID", PMC, paper, json!({"pmcid": s.pmcid()}))
}

pub(super) fn pmc_by_pmid(s: &Scene) -> Act {
    let paper = s.paper().pmcid(&s.pmcid()).pmid(&s.pmid()).pmc(deposit(s));
    won(
        "a PubMed number that PMC can convert",
        PMC,
        paper,
        json!({"pmid": s.pmid()}),
    )
}

pub(super) fn pmc_by_doi(s: &Scene) -> Act {
    let paper = s
        .paper()
        .doi(&s.doi())
        .pmcid(&s.pmcid())
        .pmc(deposit(s))
        .unpaywall(UnpaywallRecord::closed());
    won(
        "a DOI that PMC can convert, closed elsewhere",
        PMC,
        paper,
        json!({"doi": s.doi()}),
    )
}

pub(super) fn pmc_two_versions(s: &Scene) -> Act {
    let manuscript = Pdf::new(&s.title(), s.seed() ^ 1, 22_000);
    let paper = s.paper().pmcid(&s.pmcid()).pmc(PmcDeposit::new([
        PmcVersion::new(1, s.pdf()),
        PmcVersion::new(2, manuscript).manuscript(),
    ]));
    let input = json!({"identifiers": {"pmcid": s.pmcid()}, "title": s.title()});
    won(
        "two versions in the bucket, the later a manuscript",
        PMC,
        paper,
        input,
    )
}

pub(super) fn pmc_retracted(s: &Scene) -> Act {
    let version = PmcVersion::new(1, s.pdf()).retracted();
    let paper = s
        .paper()
        .pmcid(&s.pmcid())
        .pmid(&s.pmid())
        .pmc(PmcDeposit::new([version]));
    let input = json!({"identifiers": {"pmcid": s.pmcid(), "pmid": s.pmid()}});
    won("a retracted article, obtained and noted", PMC, paper, input)
}

pub(super) fn pmc_wins_while_unpaywall_is_silent(s: &Scene) -> Act {
    let paper = s
        .paper()
        .doi(&s.doi())
        .pmcid(&s.pmcid())
        .pmc(deposit(s))
        .when_asked(Service::Unpaywall, Answer::never());
    let input = json!({"doi": s.doi(), "pmcid": s.pmcid()});
    won(
        "Unpaywall is silent, PMC wins, the loser is dropped",
        PMC,
        paper,
        input,
    )
}
