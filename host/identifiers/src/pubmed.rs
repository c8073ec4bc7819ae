//! The two numbers of the U.S. National Library of Medicine: PMCIDs name full
//! texts in PubMed Central, PMIDs name records in PubMed.

use crate::web::Web;
use crate::{IdError, IdKind, paste};

/// More digits than either number will have for a long time (today eight).
const MAX_DIGITS: usize = 10;

/// An article in PubMed Central. Normal form: `PMC5815332`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pmcid(String);

crate::error::text_id!(Pmcid, 0);

impl Pmcid {
    /// Reads a PMCID in any case, with or without `PMC`, with a version
    /// (`PMC123.1`: dropped), as `pmcid:…`, inside a `pmh_id`
    /// (`oai:pubmedcentral.nih.gov:4234579`) or as an article's address at PMC
    /// or Europe PMC.
    ///
    /// # Errors
    /// When no number is left.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let given = paste::unwrap(IdKind::Pmcid, text)?;
        let mut rest: &str = &given;
        while let Some(after) = paste::strip_prefix(rest, "oai:pubmedcentral.nih.gov:")
            .or_else(|| paste::strip_label(rest, "pmcid"))
            .or_else(|| paste::strip_label(rest, "pmc"))
        {
            rest = after;
        }
        if let Some(id) = Web::split(rest).and_then(|web| Self::from_web(&web)) {
            return Ok(id);
        }
        Self::from_bare(rest)
            .ok_or_else(|| IdError::new(IdKind::Pmcid, text, "it is not PMC and one to ten digits"))
    }

    /// Reads `PMC123`, `123`, `PMC123.1`; a doubled prefix (`PMCPMC123`, made
    /// by tools that always prepend one) is read once.
    pub(crate) fn from_bare(text: &str) -> Option<Self> {
        let mut digits = text;
        while let Some(after) = paste::strip_prefix(digits, "PMC") {
            digits = after;
        }
        if let Some((number, version)) = digits.split_once('.') {
            paste::positive_number(version, 3)?;
            digits = number;
        }
        Some(Self(format!(
            "PMC{}",
            paste::positive_number(digits, MAX_DIGITS)?
        )))
    }

    /// The article an address at PMC or Europe PMC names.
    pub(crate) fn from_web(web: &Web<'_>) -> Option<Self> {
        if web.host() == "pubmedcentral.nih.gov" {
            return Self::from_bare(web.query("artid")?);
        }
        let segments: Vec<_> = web.segments().take(5).collect();
        let path: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        let id = match (web.host(), path.as_slice()) {
            ("pmc.ncbi.nlm.nih.gov", ["articles", id, ..])
            | (
                "ncbi.nlm.nih.gov",
                ["pmc", "articles", id, ..] | ["labs", "pmc", "articles", id, ..],
            )
            | ("europepmc.org", ["articles", id, ..]) => id,
            ("europepmc.org", ["article" | "abstract", source, id, ..])
                if source.eq_ignore_ascii_case("pmc") =>
            {
                id
            }
            _ => return None,
        };
        Self::from_bare(without_session(id))
    }

    /// `https://pmc.ncbi.nlm.nih.gov/articles/PMC…/`
    #[must_use]
    pub fn canonical_url(&self) -> String {
        format!("https://pmc.ncbi.nlm.nih.gov/articles/{}/", self.0)
    }

    /// The number without `PMC`.
    #[must_use]
    pub fn digits(&self) -> &str {
        self.0.strip_prefix("PMC").unwrap_or(&self.0)
    }
}

/// A record in PubMed. Normal form: `29456894`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pmid(String);

crate::error::text_id!(Pmid, 0);

impl Pmid {
    /// Reads a PMID, bare, as `pmid:…`, `info:pmid/…`, or as a record's address
    /// at PubMed or Europe PMC.
    ///
    /// # Errors
    /// When it is not a positive number of at most ten digits.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let given = paste::unwrap(IdKind::Pmid, text)?;
        let mut rest: &str = &given;
        while let Some(after) =
            paste::strip_prefix(rest, "info:pmid/").or_else(|| paste::strip_label(rest, "pmid"))
        {
            rest = after;
        }
        if let Some(id) = Web::split(rest).and_then(|web| Self::from_web(&web)) {
            return Ok(id);
        }
        Self::from_bare(rest)
            .ok_or_else(|| IdError::new(IdKind::Pmid, text, "it is not one to ten digits"))
    }

    /// Reads the number alone.
    pub(crate) fn from_bare(text: &str) -> Option<Self> {
        paste::positive_number(text, MAX_DIGITS).map(|digits| Self(digits.to_owned()))
    }

    /// The record an address at PubMed, Europe PMC or PMC names.
    pub(crate) fn from_web(web: &Web<'_>) -> Option<Self> {
        let segments: Vec<_> = web.segments().take(5).collect();
        let path: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        let id = match (web.host(), path.as_slice()) {
            ("pubmed.ncbi.nlm.nih.gov", [id, ..])
            | (
                "ncbi.nlm.nih.gov",
                ["pubmed", id, ..] | ["m", "pubmed", id, ..] | ["pmc", "articles", "pmid", id, ..],
            )
            | ("pmc.ncbi.nlm.nih.gov", ["articles", "pmid", id, ..]) => id,
            ("europepmc.org", ["article" | "abstract", source, id, ..])
                if source.eq_ignore_ascii_case("med") =>
            {
                id
            }
            _ => return None,
        };
        Self::from_bare(without_session(id))
    }

    /// `https://pubmed.ncbi.nlm.nih.gov/…/`
    #[must_use]
    pub fn canonical_url(&self) -> String {
        format!("https://pubmed.ncbi.nlm.nih.gov/{}/", self.0)
    }
}

/// Old Europe PMC addresses carry `;jsessionid=…` after the number.
fn without_session(segment: &str) -> &str {
    segment.split(';').next().unwrap_or(segment)
}
