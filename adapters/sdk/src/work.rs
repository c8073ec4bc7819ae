//! Reading a work's identifiers and the plan's settings.

use crate::ids::{ArxivId, Doi, Pmcid, Pmid};
use crate::{Miss, Policy, Work};

impl Work {
    /// The first identifier of a scheme, as the host normalised it.
    #[must_use]
    pub fn identifier(&self, scheme: &str) -> Option<&str> {
        self.identifiers
            .iter()
            .find(|identifier| identifier.scheme == scheme)
            .map(|identifier| identifier.value.as_str())
    }

    /// The work's DOI.
    #[must_use]
    pub fn doi(&self) -> Option<Doi> {
        Doi::parse(self.identifier("doi")?).ok()
    }

    /// The work's arXiv identifier, given or contained in its DOI.
    #[must_use]
    pub fn arxiv(&self) -> Option<ArxivId> {
        self.identifier("arxiv")
            .and_then(|value| ArxivId::parse(value).ok())
            .or_else(|| self.doi()?.arxiv())
    }

    /// The work's PubMed Central identifier.
    #[must_use]
    pub fn pmcid(&self) -> Option<Pmcid> {
        Pmcid::parse(self.identifier("pmcid")?).ok()
    }

    /// The work's PubMed identifier.
    #[must_use]
    pub fn pmid(&self) -> Option<Pmid> {
        Pmid::parse(self.identifier("pmid")?).ok()
    }
}

impl Policy {
    /// A setting the descriptor declared, if it has a value: the configured
    /// one, else the declared default. Blank counts as none.
    #[must_use]
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.settings
            .iter()
            .find(|setting| setting.key == key)
            .map(|setting| setting.value.trim())
            .filter(|value| !value.is_empty())
    }

    /// A setting that is a URL to build on, without a trailing slash.
    ///
    /// # Errors
    /// `misconfigured` when it has no value.
    pub fn base_url(&self, key: &str) -> Result<&str, Miss> {
        self.setting(key)
            .map(|value| value.trim_end_matches('/'))
            .ok_or_else(|| {
                Miss::nonretryable("misconfigured")
                    .because(format!("the setting `{key}` is empty: give it a URL"))
            })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::testing;

    #[test]
    fn an_arxiv_doi_is_an_arxiv_identifier() {
        let work = testing::work(&[("doi", "10.48550/arxiv.2101.00001")]);
        assert_eq!(work.arxiv().unwrap().to_string(), "2101.00001");
        assert_eq!(
            testing::work(&[("doi", "10.7717/peerj.4375")]).arxiv(),
            None
        );
    }

    #[test]
    fn a_blank_setting_counts_as_none_and_a_base_loses_its_slash() {
        let policy = testing::policy_of(&[("email", "  "), ("base-url", "https://a.example/")]);
        assert_eq!(policy.setting("email"), None);
        assert_eq!(policy.base_url("base-url").unwrap(), "https://a.example");
        assert_eq!(
            policy.base_url("email").unwrap_err().reason(),
            "misconfigured"
        );
    }
}
