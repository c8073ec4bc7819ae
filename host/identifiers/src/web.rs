//! Recognising the web addresses of the services we know, without a URL
//! parser: pasted addresses hold raw `<`, `#` and `;` that one would cut at.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::paste;

/// A text read as `[http(s)://]host/rest`.
pub(crate) struct Web<'a> {
    host: String,
    rest: &'a str,
}

impl<'a> Web<'a> {
    /// Splits host and rest. Whether the host is one we know is the caller's
    /// question, so texts without a scheme may be asked about too.
    pub(crate) fn split(text: &'a str) -> Option<Self> {
        let after_scheme = paste::strip_prefix(text, "https://")
            .or_else(|| paste::strip_prefix(text, "http://"))
            .unwrap_or(text);
        let end = after_scheme
            .find(['/', '?', '#'])
            .unwrap_or(after_scheme.len());
        let (authority, rest) = after_scheme.split_at(end);
        if authority.contains('@') {
            return None;
        }
        let host = authority
            .strip_suffix(":443")
            .or_else(|| authority.strip_suffix(":80"))
            .unwrap_or(authority);
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let host = match host.strip_prefix("www.") {
            Some(bare) => bare.to_owned(),
            None => host,
        };
        Some(Self { host, rest })
    }

    /// The host in lower case, without `www.`, default port and final dot.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Path, query and fragment as written, without the leading slashes.
    pub(crate) fn rest(&self) -> &'a str {
        self.rest.trim_start_matches('/')
    }

    /// The non-empty path segments, percent-decoded where that gives UTF-8.
    pub(crate) fn segments(&self) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
        let end = self.rest.find(['?', '#']).unwrap_or(self.rest.len());
        let path = self.rest.get(..end).unwrap_or_default();
        path.split('/').filter(|s| !s.is_empty()).map(|segment| {
            percent_decode_str(segment)
                .decode_utf8()
                .unwrap_or(Cow::Borrowed(segment))
        })
    }

    /// The raw value of a query parameter.
    pub(crate) fn query(&self, key: &str) -> Option<&'a str> {
        let (_, query) = self.rest.split_once('?')?;
        let query = query.split('#').next().unwrap_or_default();
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find_map(|(name, value)| (name == key).then_some(value))
    }

    /// Whether this is the DOI resolver.
    pub(crate) fn is_doi_resolver(&self) -> bool {
        matches!(self.host(), "doi.org" | "dx.doi.org")
    }

    /// Whether this is arXiv or one of its mirrors.
    pub(crate) fn is_arxiv(&self) -> bool {
        self.host() == "arxiv.org" || self.host().ends_with(".arxiv.org")
    }
}
