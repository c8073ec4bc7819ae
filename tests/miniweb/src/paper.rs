//! One paper of the miniature web: its identifiers, and what each service has
//! on it. What is not said here is unknown there.

use crate::answer::Answer;
use crate::script::Script;
use crate::services::doi::DoiTarget;
use crate::services::europe_pmc::EuropePmcRecord;
use crate::services::openalex::OpenAlexRecord;
use crate::services::pmc::PmcDeposit;
use crate::services::semantic_scholar::SemanticScholarRecord;
use crate::services::unpaywall::UnpaywallRecord;
use crate::services::wayback::Capture;

/// A question some service answers about a paper, to be answered otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// `api.unpaywall.org/v2/…`.
    Unpaywall,
    /// `arxiv.org/pdf/…`.
    ArxivPdf,
    /// `export.arxiv.org/api/query`.
    ArxivApi,
    /// PMC's identifier converter.
    Idconv,
    /// The listing of the paper in PMC's bucket.
    PmcListing,
    /// `doi.org/…`.
    Doi,
    /// `doi.org/api/handles/…`.
    DoiHandle,
    /// Europe PMC's search.
    EuropePmcSearch,
    /// `api.openalex.org/works/…`.
    OpenAlex,
    /// `api.semanticscholar.org/graph/v1/paper/…`.
    SemanticScholar,
}

/// A paper and what the services know of it.
#[derive(Debug, Clone)]
pub struct Paper {
    pub(crate) title: String,
    pub(crate) year: u16,
    pub(crate) doi: Option<String>,
    pub(crate) arxiv: Option<String>,
    pub(crate) pmcid: Option<String>,
    pub(crate) pmid: Option<String>,
    pub(crate) unpaywall: Option<UnpaywallRecord>,
    pub(crate) arxiv_pdf: Option<Answer>,
    pub(crate) pmc: Option<PmcDeposit>,
    pub(crate) doi_target: DoiTarget,
    pub(crate) europe_pmc: Option<EuropePmcRecord>,
    pub(crate) openalex: Option<OpenAlexRecord>,
    pub(crate) semantic_scholar: Option<SemanticScholarRecord>,
    pub(crate) pages: Vec<(String, Script)>,
    pub(crate) captures: Vec<(String, Capture)>,
    pub(crate) overrides: Vec<(Service, Script)>,
}

impl Paper {
    /// A paper nobody has heard of yet.
    #[must_use]
    pub fn new(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            year: 2021,
            doi: None,
            arxiv: None,
            pmcid: None,
            pmid: None,
            unpaywall: None,
            arxiv_pdf: None,
            pmc: None,
            doi_target: DoiTarget::Unregistered,
            europe_pmc: None,
            openalex: None,
            semantic_scholar: None,
            pages: Vec::new(),
            captures: Vec::new(),
            overrides: Vec::new(),
        }
    }

    /// The year of publication (2021 unless said).
    #[must_use]
    pub fn year(mut self, year: u16) -> Self {
        self.year = year;
        self
    }

    /// Its DOI, any case.
    #[must_use]
    pub fn doi(mut self, doi: &str) -> Self {
        self.doi = Some(doi.to_owned());
        self
    }

    /// Its arXiv identifier; `…vN` says that there are N versions.
    #[must_use]
    pub fn arxiv(mut self, arxiv: &str) -> Self {
        self.arxiv = Some(arxiv.to_owned());
        self
    }

    /// Its PMCID, with the letters. Which service tells it is another matter.
    #[must_use]
    pub fn pmcid(mut self, pmcid: &str) -> Self {
        self.pmcid = Some(pmcid.to_owned());
        self
    }

    /// Its PubMed number.
    #[must_use]
    pub fn pmid(mut self, pmid: &str) -> Self {
        self.pmid = Some(pmid.to_owned());
        self
    }

    /// Unpaywall has a record under its DOI.
    #[must_use]
    pub fn unpaywall(mut self, record: UnpaywallRecord) -> Self {
        self.unpaywall = Some(record);
        self
    }

    /// arXiv answers for its PDF with this; without, arXiv does not know it.
    #[must_use]
    pub fn arxiv_pdf(mut self, pdf: Answer) -> Self {
        self.arxiv_pdf = Some(pdf);
        self
    }

    /// PubMed Central holds it.
    #[must_use]
    pub fn pmc(mut self, deposit: PmcDeposit) -> Self {
        self.pmc = Some(deposit);
        self
    }

    /// Its DOI is registered and leads here.
    #[must_use]
    pub fn doi_leads_to(self, url: &str) -> Self {
        self.doi_target(DoiTarget::Url(url.to_owned()))
    }

    /// What doi.org knows (nothing, unless said).
    #[must_use]
    pub fn doi_target(mut self, target: DoiTarget) -> Self {
        self.doi_target = target;
        self
    }

    /// Europe PMC finds it.
    #[must_use]
    pub fn europe_pmc(mut self, record: EuropePmcRecord) -> Self {
        self.europe_pmc = Some(record);
        self
    }

    /// OpenAlex has indexed it.
    #[must_use]
    pub fn openalex(mut self, record: OpenAlexRecord) -> Self {
        self.openalex = Some(record);
        self
    }

    /// Semantic Scholar has indexed it.
    #[must_use]
    pub fn semantic_scholar(mut self, record: SemanticScholarRecord) -> Self {
        self.semantic_scholar = Some(record);
        self
    }

    /// A page, PDF or misbehaviour at a URL of its publisher.
    #[must_use]
    pub fn page(mut self, url: &str, script: impl Into<Script>) -> Self {
        self.pages.push((url.to_owned(), script.into()));
        self
    }

    /// The archive captured this URL.
    #[must_use]
    pub fn captured(mut self, url: &str, capture: Capture) -> Self {
        self.captures.push((url.to_owned(), capture));
        self
    }

    /// Asked about this paper, the service answers so and not from its records.
    #[must_use]
    pub fn when_asked(mut self, service: Service, script: impl Into<Script>) -> Self {
        self.overrides.push((service, script.into()));
        self
    }

    pub(crate) fn scripted(&self, service: Service) -> Option<&Script> {
        self.overrides
            .iter()
            .find(|(overridden, _)| *overridden == service)
            .map(|(_, script)| script)
    }
}
