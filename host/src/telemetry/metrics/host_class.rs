//! Which service a host belongs to: the few that matter by name, everybody
//! else together, so that metrics have a bounded number of series.

/// A service, as metrics name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HostClass {
    /// Unpaywall's API.
    Unpaywall,
    /// arXiv, its API and its PDFs.
    Arxiv,
    /// NCBI: PubMed Central, its id converter and its open-data bucket.
    Ncbi,
    /// Europe PMC.
    EuropePmc,
    /// The DOI resolvers.
    Doi,
    /// The Internet Archive.
    Wayback,
    /// Publishers, repositories, everybody else.
    Other,
}

/// A service's domains; subdomains belong to it too.
const DOMAINS: &[(HostClass, &[&str])] = &[
    (HostClass::Unpaywall, &["unpaywall.org"]),
    (HostClass::Arxiv, &["arxiv.org"]),
    (
        HostClass::Ncbi,
        &["ncbi.nlm.nih.gov", "pmc-oa-opendata.s3.amazonaws.com"],
    ),
    (HostClass::EuropePmc, &["europepmc.org", "ebi.ac.uk"]),
    (HostClass::Doi, &["doi.org", "handle.net"]),
    (HostClass::Wayback, &["archive.org"]),
];

impl HostClass {
    /// The service this host belongs to.
    #[must_use]
    pub fn of(host: &str) -> Self {
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let belongs = |domain: &str| {
            host.strip_suffix(domain)
                .is_some_and(|before| before.is_empty() || before.ends_with('.'))
        };
        DOMAINS
            .iter()
            .find(|(_, domains)| domains.iter().any(|domain| belongs(domain)))
            .map_or(Self::Other, |(class, _)| *class)
    }

    /// The label's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unpaywall => "unpaywall",
            Self::Arxiv => "arxiv",
            Self::Ncbi => "ncbi",
            Self::EuropePmc => "europe_pmc",
            Self::Doi => "doi",
            Self::Wayback => "wayback",
            Self::Other => "other",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::HostClass;

    #[test]
    fn a_host_is_of_the_service_whose_domain_it_is_in_and_lookalikes_are_not() {
        for (host, class) in [
            ("api.unpaywall.org", HostClass::Unpaywall),
            ("arxiv.org", HostClass::Arxiv),
            ("Export.arXiv.org.", HostClass::Arxiv),
            ("pmc.ncbi.nlm.nih.gov", HostClass::Ncbi),
            ("pmc-oa-opendata.s3.amazonaws.com", HostClass::Ncbi),
            ("www.ebi.ac.uk", HostClass::EuropePmc),
            ("dx.doi.org", HostClass::Doi),
            ("web.archive.org", HostClass::Wayback),
            ("peerj.com", HostClass::Other),
            ("notarxiv.org", HostClass::Other),
            ("arxiv.org.evil.example", HostClass::Other),
            ("", HostClass::Other),
        ] {
            assert_eq!(HostClass::of(host), class, "{host}");
        }
    }
}
