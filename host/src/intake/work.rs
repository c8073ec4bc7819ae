//! A scholarly work as everything after intake sees it.

use paperfall_identifiers::{AnyId, WebUrl, find_in_address};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::draft::Draft;
use super::{Identifiers, WorkError, WorkId, json};

/// How many PDF URLs, and how many landing pages, a work keeps.
const MAX_URLS: usize = 64;

/// A work and all that is known of it. Serializes to the input shape, so that a
/// written work can be read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// Its name: given, or made from its first identifier.
    pub work_id: WorkId,
    /// The name of its PDF; `work_id` and `:pdf` unless given.
    pub artifact_id: String,
    /// Its title, if anyone told.
    pub title: Option<String>,
    /// What it is known by.
    pub identifiers: Identifiers,
    /// URLs that may be its PDF, in the order they were learnt.
    pub pdf_urls: Vec<WebUrl>,
    /// Pages about it, in the order they were learnt.
    pub landing_urls: Vec<WebUrl>,
    /// The page that stands for it in a job's key. Decided when the work is
    /// read; learning does not change it.
    pub canonical_url: String,
}

/// A work as read, with what had to be left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadWork {
    /// The work.
    pub work: Work,
    /// Malformed parts that were left out; the rest made a work.
    pub warnings: Vec<WorkError>,
}

impl Work {
    /// The work one identifier or URL names. A URL whose path ends in `.pdf`
    /// counts as its PDF, any other as its landing page.
    #[must_use]
    pub fn from_id(id: &AnyId) -> Self {
        let (work_id, canonical_url) = (WorkId::derived(id.to_string()), id.canonical_url());
        let mut work = Self {
            artifact_id: default_artifact_id(&work_id),
            work_id,
            title: None,
            identifiers: Identifiers::default(),
            pdf_urls: Vec::new(),
            landing_urls: Vec::new(),
            canonical_url,
        };
        work.identifiers.insert_id(id);
        if let AnyId::Url(url) = id {
            work.add_url(url.clone());
        }
        work
    }

    /// A work of which nothing but its names is known; a source can only skip it.
    pub(crate) fn unknown(work_id: &str, artifact_id: &str, canonical_url: &str) -> Self {
        Self {
            work_id: WorkId::parse(work_id).unwrap_or_else(|_| WorkId::derived("?".to_owned())),
            artifact_id: artifact_id.to_owned(),
            title: None,
            identifiers: Identifiers::default(),
            pdf_urls: Vec::new(),
            landing_urls: Vec::new(),
            canonical_url: canonical_url.to_owned(),
        }
    }

    /// Reads one JSON object: our own shape or an OpenAlex work.
    ///
    /// # Errors
    /// When it is not a JSON object or names neither an identifier nor a URL.
    pub fn from_json(text: &str) -> Result<ReadWork, WorkError> {
        json::read_work(text)
    }

    /// Learns what the addresses of its pages and files say it is called
    /// (a DOI in a publisher's path), where they agree and nothing of that kind
    /// is known. It is no part of reading: a work's name and key stay what was
    /// given.
    pub(crate) fn learn_from_addresses(&mut self) {
        let mut named = Identifiers::default();
        let mut is_one = true;
        for url in self.landing_urls.iter().chain(&self.pdf_urls) {
            let Some(id) = find_in_address(url.as_str()) else {
                continue;
            };
            let mut of_url = Identifiers::default();
            of_url.insert_id(&id);
            for (scheme, value) in of_url.iter() {
                is_one &= named.get(scheme).is_none_or(|known| known == value);
                named.learn(scheme, value);
            }
        }
        if is_one {
            for (scheme, value) in named.iter() {
                self.identifiers.learn(scheme, value);
            }
        }
    }

    /// Takes in what a newer record of the same work says; whether that is any
    /// news. Its identifiers are believed over older ones.
    pub(crate) fn take_in(&mut self, newer: &Self) -> bool {
        let mut news = self.identifiers.replace_by(&newer.identifiers);
        for url in &newer.pdf_urls {
            news |= self.add_pdf_url(url.clone());
        }
        for url in &newer.landing_urls {
            news |= self.add_landing_url(url.clone());
        }
        if newer.title.is_some() && newer.title != self.title {
            self.title.clone_from(&newer.title);
            news = true;
        }
        news
    }

    /// Adds a URL that may be the PDF; says whether it is new. A work keeps at
    /// most 64.
    pub fn add_pdf_url(&mut self, url: WebUrl) -> bool {
        push_new(&mut self.pdf_urls, url)
    }

    /// Adds a landing page; says whether it is new. A work keeps at most 64.
    pub fn add_landing_url(&mut self, url: WebUrl) -> bool {
        push_new(&mut self.landing_urls, url)
    }

    /// Adds a URL of unknown kind to the list its path speaks for.
    pub(super) fn add_url(&mut self, url: WebUrl) -> bool {
        if Draft::is_pdf_path(&url) {
            self.add_pdf_url(url)
        } else {
            self.add_landing_url(url)
        }
    }
}

/// The artifact id of a work that came without one.
pub(super) fn default_artifact_id(work_id: &WorkId) -> String {
    format!("{work_id}:pdf")
}

fn push_new(urls: &mut Vec<WebUrl>, url: WebUrl) -> bool {
    let new = urls.len() < MAX_URLS && !urls.contains(&url);
    if new {
        urls.push(url);
    }
    new
}

impl Serialize for Work {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let texts = |urls: &[WebUrl]| urls.iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut object = serializer.serialize_struct("Work", 6)?;
        object.serialize_field("work_id", &self.work_id)?;
        object.serialize_field("artifact_id", &self.artifact_id)?;
        match &self.title {
            Some(title) => object.serialize_field("title", title)?,
            None => object.skip_field("title")?,
        }
        object.serialize_field("identifiers", &self.identifiers)?;
        object.serialize_field("pdf_urls", &texts(&self.pdf_urls))?;
        object.serialize_field("landing_urls", &texts(&self.landing_urls))?;
        object.end()
    }
}
