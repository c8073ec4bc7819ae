//! Collecting what a source found: no duplicates, never more than the host
//! accepts.

use crate::ids::{ArxivId, Doi, Pmcid, Pmid};
use crate::{Candidate, Findings, Host, Identifier, Level, urls};

/// Candidates an attempt may return.
pub const MAX_CANDIDATES: usize = 8;
/// Landing pages an attempt may hand on.
pub const MAX_LANDING_URLS: usize = 8;
/// Identifiers an attempt may hand on.
pub const MAX_IDENTIFIERS: usize = 16;
/// Bytes of any one string an attempt returns.
pub const MAX_STRING_BYTES: usize = 4096;

impl Candidate {
    /// A URL that may be the PDF. `reason` is a success reason of the host's
    /// registry (`oa_pdf`, …) or your own, `[a-z0-9_]{1,40}`.
    pub fn new(url: impl Into<String>, reason: &str) -> Self {
        Self {
            url: url.into(),
            reason: reason.to_owned(),
            version: None,
            license: None,
            checksum: None,
            notes: Vec::new(),
        }
    }

    /// `publishedVersion`, `acceptedVersion` or `submittedVersion`.
    #[must_use]
    pub fn version(mut self, version: impl Into<Option<String>>) -> Self {
        self.version = version.into();
        self
    }

    /// The licence as the source names it, such as `cc-by`.
    #[must_use]
    pub fn license(mut self, license: impl Into<Option<String>>) -> Self {
        self.license = license.into();
        self
    }

    /// `md5:<hex>` or `sha256:<hex>` of the file.
    #[must_use]
    pub fn checksum(mut self, checksum: impl Into<Option<String>>) -> Self {
        self.checksum = checksum.into();
        self
    }

    /// A short word for the result, such as `retracted`.
    #[must_use]
    pub fn note(mut self, note: &str) -> Self {
        self.notes.push(note.to_owned());
        self
    }
}

impl Findings {
    /// Nothing yet. `reason` says why, should it stay that way: `not_oa`,
    /// `not_found`, `no_pdf_url`, `blocked`, ….
    #[must_use]
    pub fn none(reason: &str) -> Self {
        Self {
            candidates: Vec::new(),
            landing_urls: Vec::new(),
            identifiers: Vec::new(),
            reason: reason.to_owned(),
        }
    }

    /// Adds a candidate after those already there, unless its URL is.
    pub fn propose(&mut self, candidate: Candidate) {
        let key = urls::sameness(&candidate.url);
        if self
            .candidates
            .iter()
            .all(|known| urls::sameness(&known.url) != key)
        {
            self.candidates.push(candidate);
        }
    }

    /// Hands a landing page on to later sources.
    pub fn hand_on(&mut self, landing_url: impl Into<String>) {
        let url = landing_url.into();
        let key = urls::sameness(&url);
        if self
            .landing_urls
            .iter()
            .all(|known| urls::sameness(known) != key)
        {
            self.landing_urls.push(url);
        }
    }

    /// Hands an identifier on to later sources.
    pub fn learn(&mut self, identifier: impl Into<Identifier>) {
        let identifier = identifier.into();
        if !self.identifiers.contains(&identifier) {
            self.identifiers.push(identifier);
        }
    }

    /// Cuts what the host would refuse; the best (the first) stays.
    pub(crate) fn within_limits(mut self, host: &dyn Host) -> Self {
        let fits = |text: &str| text.len() <= MAX_STRING_BYTES;
        let given = self.candidates.len() + self.landing_urls.len() + self.identifiers.len();
        self.candidates.retain(|candidate| fits(&candidate.url));
        self.candidates.truncate(MAX_CANDIDATES);
        for candidate in &mut self.candidates {
            for optional in [
                &mut candidate.version,
                &mut candidate.license,
                &mut candidate.checksum,
            ] {
                if optional.as_deref().is_some_and(|text| !fits(text)) {
                    *optional = None;
                }
            }
            candidate.notes.retain(|note| fits(note));
        }
        self.landing_urls.retain(|url| fits(url));
        self.landing_urls.truncate(MAX_LANDING_URLS);
        self.identifiers
            .retain(|identifier| fits(&identifier.scheme) && fits(&identifier.value));
        self.identifiers.truncate(MAX_IDENTIFIERS);
        let kept = self.candidates.len() + self.landing_urls.len() + self.identifiers.len();
        if kept < given {
            let dropped = given - kept;
            host.log(
                Level::Debug,
                &format!("{dropped} finding(s) beyond the contract's limits were left out"),
            );
        }
        self
    }
}

impl Identifier {
    /// An identifier of a scheme the kit has no type for.
    pub fn new(scheme: &str, value: impl Into<String>) -> Self {
        Self {
            scheme: scheme.to_owned(),
            value: value.into(),
        }
    }
}

/// Typed identifiers are handed on under the contract's scheme names.
macro_rules! from_typed {
    ($($typed:ty => $scheme:literal),*) => {$(
        impl From<$typed> for Identifier {
            fn from(id: $typed) -> Self {
                Self::new($scheme, id.to_string())
            }
        }
    )*};
}

from_typed!(Doi => "doi", ArxivId => "arxiv", Pmcid => "pmcid", Pmid => "pmid");

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::ScriptedHost;

    #[test]
    fn a_url_is_proposed_once_whatever_its_scheme_or_fragment() {
        let mut findings = Findings::none("no_pdf_url");
        for url in [
            "https://a.example/x.pdf",
            "http://a.example/x.pdf#page=2",
            "https://a.example/x.pdf?download=1",
        ] {
            findings.propose(Candidate::new(url, "oa_pdf"));
        }
        let urls: Vec<_> = findings.candidates.iter().map(|c| c.url.as_str()).collect();
        assert_eq!(
            urls,
            [
                "https://a.example/x.pdf",
                "https://a.example/x.pdf?download=1"
            ]
        );
    }

    #[test]
    fn findings_beyond_the_limits_are_cut_and_said_in_the_log() {
        let mut findings = Findings::none("no_pdf_url");
        let long = format!("https://a.example/{}", "x".repeat(MAX_STRING_BYTES));
        findings.propose(Candidate::new(long.clone(), "oa_pdf"));
        findings.hand_on(long);
        for n in 0..20 {
            findings.propose(
                Candidate::new(format!("https://a.example/{n}.pdf"), "oa_pdf")
                    .license("y".repeat(MAX_STRING_BYTES + 1)),
            );
            findings.hand_on(format!("https://a.example/{n}"));
            findings.learn(Identifier::new("local", n.to_string()));
        }
        let host = ScriptedHost::new();
        let cut = findings.within_limits(&host);
        assert_eq!(cut.candidates.len(), MAX_CANDIDATES);
        assert_eq!(
            cut.candidates.first().unwrap().url,
            "https://a.example/0.pdf"
        );
        assert_eq!(cut.candidates.first().unwrap().license, None);
        assert_eq!(cut.landing_urls.len(), MAX_LANDING_URLS);
        assert_eq!(cut.identifiers.len(), MAX_IDENTIFIERS);
        assert_eq!(host.logged().len(), 1);
    }

    #[test]
    fn an_identifier_is_learnt_once() {
        let mut findings = Findings::none("not_oa");
        findings.learn(Pmcid::parse("PMC1234567").unwrap());
        findings.learn(Identifier::new("pmcid", "PMC1234567"));
        assert_eq!(findings.identifiers.len(), 1);
    }
}
