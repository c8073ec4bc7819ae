//! Everything a work is known by, growing while sources answer.

use std::collections::BTreeMap;

use paperfall_identifiers::{AnyId, ArxivId, Doi, OpenAlexId, Pmcid, Pmid, printable};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::WorkError;

/// How many identifiers of schemes unknown to us a work keeps.
const MAX_OTHER: usize = 16;
/// The longest name of a scheme unknown to us, in characters.
const MAX_SCHEME_CHARS: usize = 64;
/// The longest value of a scheme unknown to us, in bytes.
const MAX_VALUE_BYTES: usize = 4096;

/// The identifiers of one work, at most one of each scheme; the first one
/// learnt stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identifiers {
    /// Its DOI.
    pub doi: Option<Doi>,
    /// Its arXiv id, with the version that was asked for.
    pub arxiv: Option<ArxivId>,
    /// Its article in PubMed Central.
    pub pmcid: Option<Pmcid>,
    /// Its record in PubMed.
    pub pmid: Option<Pmid>,
    /// Its record in OpenAlex.
    pub openalex: Option<OpenAlexId>,
    /// Schemes only third-party adapters know, by name.
    pub other: BTreeMap<String, String>,
}

impl Identifiers {
    /// Takes in what a source learnt: parses and normalises it, keeps it if the
    /// work had none of its scheme, and says whether anything is new. A
    /// malformed value changes nothing.
    pub fn learn(&mut self, scheme: &str, value: &str) -> bool {
        self.insert(scheme, value).unwrap_or(false)
    }

    /// Puts newer ones in the place of those of their schemes; whether anything
    /// is new.
    pub(super) fn replace_by(&mut self, newer: &Self) -> bool {
        let mut merged = newer.clone();
        for (scheme, value) in self.iter() {
            merged.learn(scheme, value);
        }
        let is_new = merged != *self;
        *self = merged;
        is_new
    }

    /// The identifiers with their schemes, known ones first.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let known = [
            ("doi", self.doi.as_ref().map(Doi::as_str)),
            ("arxiv", self.arxiv.as_ref().map(ArxivId::as_str)),
            ("pmcid", self.pmcid.as_ref().map(Pmcid::as_str)),
            ("pmid", self.pmid.as_ref().map(Pmid::as_str)),
            ("openalex", self.openalex.as_ref().map(OpenAlexId::as_str)),
        ];
        known
            .into_iter()
            .filter_map(|(scheme, value)| Some((scheme, value?)))
            .chain(self.other.iter().map(|(k, v)| (k.as_str(), v.as_str())))
    }

    /// The value of a scheme, in normal form.
    #[must_use]
    pub fn get(&self, scheme: &str) -> Option<&str> {
        self.iter()
            .find_map(|(name, value)| (name == scheme).then_some(value))
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// [`Identifiers::learn`], telling what is wrong with a malformed value.
    pub(super) fn insert(&mut self, scheme: &str, value: &str) -> Result<bool, WorkError> {
        let id = match scheme.trim().to_ascii_lowercase().as_str() {
            "doi" => AnyId::Doi(Doi::parse(value)?),
            "arxiv" | "arxiv_id" => AnyId::Arxiv(ArxivId::parse(value)?),
            "pmcid" => AnyId::Pmcid(Pmcid::parse(value)?),
            "pmid" => AnyId::Pmid(Pmid::parse(value)?),
            "openalex" | "openalex_id" => AnyId::OpenAlex(OpenAlexId::parse(value)?),
            other => return self.insert_other(other, value.trim()),
        };
        Ok(self.insert_id(&id))
    }

    /// Takes in a parsed identifier; says whether anything is new. URLs are no
    /// identifiers.
    pub(super) fn insert_id(&mut self, id: &AnyId) -> bool {
        match id {
            AnyId::Doi(doi) => {
                let arxiv = doi.arxiv();
                let new = set(&mut self.doi, doi);
                // An arXiv DOI says the arXiv id too.
                arxiv.is_some_and(|id| set(&mut self.arxiv, &id)) || new
            }
            AnyId::Arxiv(id) => set(&mut self.arxiv, id),
            AnyId::Pmcid(id) => set(&mut self.pmcid, id),
            AnyId::Pmid(id) => set(&mut self.pmid, id),
            AnyId::OpenAlex(id) => set(&mut self.openalex, id),
            AnyId::Url(_) => false,
        }
    }

    fn insert_other(&mut self, scheme: &str, value: &str) -> Result<bool, WorkError> {
        let well_named = scheme.len() <= MAX_SCHEME_CHARS
            && scheme.starts_with(|c: char| c.is_ascii_lowercase())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-.".contains(&b));
        if !well_named {
            return Err(WorkError::new(
                format!("\"{}\" is no name of a scheme", printable(scheme)),
                "use doi, arxiv, pmcid, pmid, openalex or another short word of a-z 0-9 _ - .",
            ));
        }
        if value.is_empty() || value.len() > MAX_VALUE_BYTES || value.chars().any(char::is_control)
        {
            return Err(WorkError::new(
                format!("\"{}\" is no value of {scheme}", printable(value)),
                "give one line of at most 4 KiB",
            ));
        }
        if self.other.contains_key(scheme) {
            return Ok(false);
        }
        if self.other.len() >= MAX_OTHER {
            return Err(WorkError::new(
                format!("{scheme} is one identifier too many"),
                "give at most 16 of schemes other than doi, arxiv, pmcid, pmid and openalex",
            ));
        }
        self.other.insert(scheme.to_owned(), value.to_owned());
        Ok(true)
    }
}

fn set<T: Clone>(slot: &mut Option<T>, id: &T) -> bool {
    let new = slot.is_none();
    if new {
        *slot = Some(id.clone());
    }
    new
}

impl Serialize for Identifiers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (scheme, value) in self.iter() {
            map.serialize_entry(scheme, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_learnt_is_normalised_and_the_first_of_a_scheme_stays() {
        let mut ids = Identifiers::default();
        assert!(ids.learn("DOI", "https://doi.org/10.7717/PeerJ.4375"));
        assert!(!ids.learn("doi", "10.1000/other"));
        assert!(ids.learn("pmcid", "5815332"));
        assert!(ids.learn("arxiv_id", "arXiv:2101.00001v2"));
        assert!(ids.learn("pmid", "29456894"));
        assert!(ids.learn("openalex", "w2741809807"));
        assert!(ids.learn("mag", " 2741809807 "));
        assert_eq!(
            serde_json::to_string(&ids).unwrap(),
            r#"{"doi":"10.7717/peerj.4375","arxiv":"2101.00001v2","pmcid":"PMC5815332","pmid":"29456894","openalex":"W2741809807","mag":"2741809807"}"#
        );
        assert_eq!(ids.get("pmcid"), Some("PMC5815332"));
    }

    #[test]
    fn an_arxiv_doi_teaches_the_arxiv_id_even_when_another_doi_is_known() {
        let mut ids = Identifiers::default();
        assert!(ids.learn("doi", "10.7717/peerj.4375"));
        assert!(ids.learn("doi", "10.48550/arXiv.2101.00001"));
        assert_eq!(ids.get("doi"), Some("10.7717/peerj.4375"));
        assert_eq!(ids.get("arxiv"), Some("2101.00001"));
    }

    #[test]
    fn malformed_values_and_schemes_teach_nothing() {
        let mut ids = Identifiers::default();
        for (scheme, value) in [
            ("doi", "11.1000/x"),
            ("arxiv", "1501.0001"),
            ("pmid", ""),
            ("isbn", ""),
            ("isbn", "a\nb"),
            ("isbn", &"9".repeat(MAX_VALUE_BYTES + 1)),
            ("", "x"),
            ("1sbn", "x"),
            ("is bn", "x"),
            (&"a".repeat(MAX_SCHEME_CHARS + 1), "x"),
        ] {
            assert!(!ids.learn(scheme, value), "{scheme} {value}");
        }
        assert!(ids.is_empty());
    }

    #[test]
    fn at_most_16_identifiers_of_unknown_schemes_are_kept() {
        let mut ids = Identifiers::default();
        for n in 0..MAX_OTHER {
            assert!(ids.learn(&format!("s{n}"), "x"));
        }
        assert!(!ids.learn("onemore", "x"));
        assert!(ids.learn("doi", "10.7717/peerj.4375"));
        assert_eq!(ids.other.len(), MAX_OTHER);
    }
}
