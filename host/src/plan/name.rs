//! The names of tiers and sources, checked once.
//!
//! Both are `[a-z][a-z0-9_]{0,39}`, so that they can stand in a flag, a TOML
//! key, a file name and a metric label without quoting.

use std::fmt;

use serde::{Serialize, Serializer};
use thiserror::Error;

use super::spelling::shown;

/// Longest name, in bytes.
const NAME_MAX: usize = 40;

/// Results and `--only` call the PDF URLs given with a work so: no tier or
/// source may bear the name.
pub(super) const GIVEN: &str = "given";

/// What DocsToKG calls the seven sources, beside our names for them.
const DOCSTOKG_NAMES: [(&str, &str); 7] = [
    ("unpaywall_pdf", "unpaywall"),
    ("arxiv_pdf", "arxiv"),
    ("pmc_pdf", "pmc"),
    ("doi_redirect_pdf", "doi_redirect"),
    ("landing_scrape_pdf", "landing_scrape"),
    ("europe_pmc_pdf", "europe_pmc"),
    ("wayback_pdf", "wayback"),
];

/// A word that cannot name a tier or a source.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{given} cannot name a {kind}: use a-z, 0-9 and _, a letter first, at most {NAME_MAX} characters, and not the word {GIVEN}{}",
    suggestion.as_ref().map(|s| format!(" (for example {s})")).unwrap_or_default()
)]
pub struct NameError {
    kind: &'static str,
    given: String,
    suggestion: Option<String>,
}

impl NameError {
    fn new(kind: &'static str, given: &str) -> Self {
        Self {
            kind,
            given: shown(given),
            suggestion: well_formed_form(given),
        }
    }
}

/// The name of a tier: a step of the plan, such as `direct_oa`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TierName(String);

impl TierName {
    /// Reads a name exactly as written.
    ///
    /// # Errors
    /// [`NameError`] unless it is `[a-z][a-z0-9_]{0,39}`.
    pub fn parse(given: &str) -> Result<Self, NameError> {
        if is_well_formed(given) {
            Ok(Self(given.to_owned()))
        } else {
            Err(NameError::new("tier", given))
        }
    }

    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a source: one adapter in its place in the plan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceName(String);

impl SourceName {
    /// Reads a name. A hyphen counts as an underscore, and DocsToKG's names
    /// are understood: `unpaywall_pdf` is `unpaywall`.
    ///
    /// # Errors
    /// [`NameError`] unless it is then `[a-z][a-z0-9_]{0,39}`.
    pub fn parse(given: &str) -> Result<Self, NameError> {
        let name = given.replace('-', "_");
        if !is_well_formed(&name) {
            return Err(NameError::new("source", given));
        }
        let ours = DOCSTOKG_NAMES
            .iter()
            .find(|(theirs, _)| *theirs == name)
            .map(|(_, ours)| (*ours).to_owned());
        Ok(Self(ours.unwrap_or(name)))
    }

    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl SourceName {
    /// The name of a component whose file has none that could be one.
    pub(crate) fn of_nameless() -> Self {
        Self("adapter".to_owned())
    }
}

impl fmt::Display for TierName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for TierName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl Serialize for SourceName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

fn is_well_formed(name: &str) -> bool {
    name.len() <= NAME_MAX
        && name != GIVEN
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// The well-formed name closest to what was written, for the error message.
fn well_formed_form(given: &str) -> Option<String> {
    let plain: String = given
        .chars()
        .take(NAME_MAX)
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '_'
            }
        })
        .collect();
    let plain = plain.trim_matches('_');
    is_well_formed(plain).then(|| plain.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_docstokg_name_is_read_as_ours() {
        for (theirs, ours) in DOCSTOKG_NAMES {
            assert_eq!(SourceName::parse(theirs).unwrap().as_str(), ours);
            let hyphens = theirs.replace('_', "-");
            assert_eq!(SourceName::parse(&hyphens).unwrap().as_str(), ours);
        }
    }

    #[test]
    fn hyphens_in_a_source_name_count_as_underscores() {
        assert_eq!(SourceName::parse("acme-oa").unwrap().as_str(), "acme_oa");
    }

    #[test]
    fn names_that_would_need_quoting_are_refused() {
        for bad in [
            "",
            "1st",
            "_x",
            "Acme",
            "a b",
            "a/b",
            "ä",
            "a\n",
            "given",
            &"x".repeat(41),
        ] {
            assert!(SourceName::parse(bad).is_err(), "{bad:?}");
            assert!(TierName::parse(bad).is_err(), "{bad:?}");
        }
        assert!(TierName::parse("my-tier").is_err());
        assert!(TierName::parse(&"x".repeat(40)).is_ok());
    }

    #[test]
    fn a_refused_name_comes_with_a_well_formed_one() {
        let error = TierName::parse("My Tier").unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"My Tier\" cannot name a tier: use a-z, 0-9 and _, a letter first, at most 40 characters, and not the word given (for example my_tier)"
        );
    }

    #[test]
    fn a_suggested_name_is_cut_to_what_is_allowed() {
        let error = TierName::parse(&"My Tier ".repeat(10)).unwrap_err();
        let name = error.suggestion.unwrap();
        assert!(TierName::parse(&name).is_ok(), "{name}");
        assert!(name.starts_with("my_tier_my_tier"), "{name}");
    }
}
