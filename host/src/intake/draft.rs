//! A work being put together from named fields, whatever file they came in.
//!
//! Malformed fields are remembered, not fatal: as long as one identifier or URL
//! is good there is a work, and the rest becomes warnings.

use paperfall_identifiers::{AnyId, WebUrl};

use super::work::default_artifact_id;
use super::{Identifiers, ReadWork, Work, WorkError, WorkId, identity};

/// The longest title kept, in characters.
const MAX_TITLE_CHARS: usize = 1000;

/// How many malformed fields are remembered.
const MAX_FAULTS: usize = 16;

/// A field we understand, by its names in CSV headers and JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// Any identifier or URL.
    Id,
    /// An identifier of the named scheme.
    Scheme(&'static str),
    /// An address, which may turn out to be an identifier's.
    Url,
    PdfUrl,
    LandingUrl,
    Title,
    WorkId,
    ArtifactId,
}

impl Field {
    /// The names a CSV header may use, for messages.
    pub(super) const NAMES: &'static str = "id, doi, arxiv_id, pmcid, pmid, openalex, url, \
         pdf_url, landing_url, title, work_id, artifact_id";

    /// The field with this name, in any case.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name.trim().to_ascii_lowercase().as_str() {
            "id" => Self::Id,
            "doi" => Self::Scheme("doi"),
            "arxiv" | "arxiv_id" => Self::Scheme("arxiv"),
            "pmcid" => Self::Scheme("pmcid"),
            "pmid" => Self::Scheme("pmid"),
            "openalex" | "openalex_id" => Self::Scheme("openalex"),
            "url" => Self::Url,
            "pdf_url" => Self::PdfUrl,
            "landing_url" => Self::LandingUrl,
            "title" => Self::Title,
            "work_id" => Self::WorkId,
            "artifact_id" => Self::ArtifactId,
            _ => return None,
        })
    }

    /// Whether this field alone can say which work is meant.
    pub(super) fn names_a_work(self) -> bool {
        !matches!(self, Self::Title | Self::ArtifactId)
    }
}

/// A work in the making.
#[derive(Debug, Default)]
pub(super) struct Draft {
    work_id: Option<WorkId>,
    artifact_id: Option<String>,
    title: Option<String>,
    identifiers: Identifiers,
    /// URLs given as the work's id.
    urls: Vec<WebUrl>,
    pdf_urls: Vec<WebUrl>,
    landing_urls: Vec<WebUrl>,
    faults: Vec<WorkError>,
    /// A malformed `id` only counts when nothing else names the work: files
    /// number their rows in a column of that name.
    bad_id: Option<WorkError>,
    /// A fault that leaves no doubt which work would be misnamed.
    fatal: Option<WorkError>,
}

impl Draft {
    /// Takes in one field; blank ones count as absent.
    pub(super) fn field(&mut self, field: Field, name: &str, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        let result = match field {
            Field::Id => self.any_id(text),
            Field::Scheme(scheme) => self.identifier(scheme, text),
            Field::Url => self.address(text),
            Field::PdfUrl => parse_url(text).map(|url| self.pdf_urls.push(url)),
            Field::LandingUrl => parse_url(text).map(|url| self.landing_urls.push(url)),
            Field::Title => {
                self.title = self.title.take().or_else(|| one_line(text));
                Ok(())
            }
            Field::WorkId => self.given_work_id(text),
            Field::ArtifactId => self.given_artifact_id(text),
        };
        match (result, field) {
            (Ok(()), _) => {}
            (Err(error), Field::Id) => self.bad_id = Some(error.in_field(name)),
            (Err(error), _) => self.fault(error.in_field(name)),
        }
    }

    /// Takes in an identifier of any scheme.
    pub(super) fn other_identifier(&mut self, scheme: &str, text: &str) {
        if let Err(error) = self.identifier(scheme, text) {
            self.fault(error.in_field(scheme));
        }
    }

    /// Takes in a URL that is only known to lead to the work somehow.
    pub(super) fn loose_url(&mut self, name: &str, text: &str) {
        match parse_url(text) {
            Ok(url) if Self::is_pdf_path(&url) || self.pdf_urls.contains(&url) => {
                self.pdf_urls.push(url);
            }
            Ok(url) => self.landing_urls.push(url),
            Err(error) => self.fault(error.in_field(name)),
        }
    }

    /// Remembers something that had to be left out.
    pub(super) fn fault(&mut self, error: WorkError) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(error);
        }
    }

    /// Whether a URL's path ends in `.pdf`.
    pub(super) fn is_pdf_path(url: &WebUrl) -> bool {
        let path = url.as_url().path().to_ascii_lowercase();
        path.ends_with(".pdf")
    }

    fn any_id(&mut self, text: &str) -> Result<(), WorkError> {
        match AnyId::parse(text)? {
            AnyId::Url(url) => self.urls.push(url),
            id => {
                self.identifiers.insert_id(&id);
            }
        }
        Ok(())
    }

    fn identifier(&mut self, scheme: &str, text: &str) -> Result<(), WorkError> {
        // Spreadsheets and data frames turn a column of numbers with gaps into
        // fractions.
        let text = match scheme {
            "pmid" => text.strip_suffix(".0").unwrap_or(text),
            _ => text,
        };
        self.identifiers.insert(scheme, text).map(|_| ())
    }

    fn address(&mut self, text: &str) -> Result<(), WorkError> {
        if AnyId::parse(text).is_ok() {
            return self.any_id(text);
        }
        self.urls.push(parse_url(text)?);
        Ok(())
    }

    fn given_work_id(&mut self, text: &str) -> Result<(), WorkError> {
        match WorkId::parse(text) {
            Ok(id) => {
                self.work_id.get_or_insert(id);
            }
            Err(error) => self.fatal = Some(error.in_field("work_id")),
        }
        Ok(())
    }

    fn given_artifact_id(&mut self, text: &str) -> Result<(), WorkError> {
        match WorkId::parse(text) {
            Ok(id) => {
                self.artifact_id.get_or_insert(id.to_string());
            }
            Err(error) => self.fatal = Some(error.in_field("artifact_id")),
        }
        Ok(())
    }

    /// Makes the work, if one identifier or URL is good.
    pub(super) fn finish(mut self) -> Result<ReadWork, WorkError> {
        if let Some(error) = self.fatal.take() {
            return Err(error);
        }
        let given = self.work_id.take();
        let origin = given.as_ref().and_then(identity::origin_of);
        match &origin {
            Some(AnyId::Url(url))
                if !self.pdf_urls.contains(url) && !self.landing_urls.contains(url) =>
            {
                self.urls.push(url.clone());
            }
            Some(id) => {
                self.identifiers.insert_id(id);
            }
            None => {}
        }
        // Identifiers in addresses name a work only when nothing else does.
        if self.identifiers.is_empty() && self.urls.is_empty() {
            self.mine_addresses();
        }
        let first = identity::first_name(&self.identifiers, self.urls.first());
        let Some(derived) = self.derived_id(first.as_ref()) else {
            return Err(self.nameless());
        };
        let name = match &given {
            Some(_) => origin,
            None => first,
        };
        self.mine_addresses();

        let work_id = given.unwrap_or(derived);
        let mut work = Work {
            artifact_id: self
                .artifact_id
                .unwrap_or_else(|| default_artifact_id(&work_id)),
            work_id,
            title: self.title,
            identifiers: self.identifiers,
            pdf_urls: Vec::new(),
            landing_urls: Vec::new(),
            canonical_url: String::new(),
        };
        for url in self.urls {
            work.add_url(url);
        }
        for url in self.pdf_urls {
            work.add_pdf_url(url);
        }
        for url in self.landing_urls {
            work.add_landing_url(url);
        }
        work.canonical_url = identity::canonical_url(name.as_ref(), &work);
        Ok(ReadWork {
            work,
            warnings: self.faults,
        })
    }

    /// Learns from addresses of services we know (an arXiv or PMC page among
    /// the landing pages).
    fn mine_addresses(&mut self) {
        for url in self.landing_urls.iter().chain(&self.pdf_urls) {
            if let Ok(id) = AnyId::parse(url.as_str()) {
                self.identifiers.insert_id(&id);
            }
        }
    }

    /// The id of a work that came without one: by its first identifier, by one
    /// only third-party adapters know, or by a page about it.
    fn derived_id(&self, first: Option<&AnyId>) -> Option<WorkId> {
        let page = self.landing_urls.first().or(self.pdf_urls.first());
        let name = first
            .map(ToString::to_string)
            .or_else(|| {
                self.identifiers
                    .other
                    .iter()
                    .next()
                    .map(identity::other_name)
            })
            .or_else(|| page.map(|url| AnyId::Url(url.clone()).to_string()))?;
        WorkId::parse(&name).ok()
    }

    /// Why there is no work: the first malformed field, if there was one.
    fn nameless(self) -> WorkError {
        let first = self.faults.into_iter().next().or(self.bad_id);
        first.unwrap_or_else(|| {
            WorkError::new(
                "it names neither an identifier nor a URL",
                "give doi, arxiv_id, pmcid, pmid, openalex or url",
            )
        })
    }
}

fn parse_url(text: &str) -> Result<WebUrl, WorkError> {
    Ok(WebUrl::parse(text)?)
}

/// A title without line breaks and control characters, at most
/// [`MAX_TITLE_CHARS`] long; none where nothing else is in it.
fn one_line(text: &str) -> Option<String> {
    let spaced: String = text
        .chars()
        .take(MAX_TITLE_CHARS)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let line = spaced.split_whitespace().collect::<Vec<_>>().join(" ");
    (!line.is_empty()).then_some(line)
}
