//! One request as the played services see it: read once, decoded once.

use hyper::header::HOST;
use hyper::{Method, Request};

use crate::log::Scheme;
use crate::text::{decode, query_pairs};

/// A request's line and headers.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) scheme: Scheme,
    /// Lower case, without port.
    pub(crate) host: String,
    pub(crate) method: Method,
    /// As sent.
    pub(crate) path_and_query: String,
    /// Decoded once.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    /// Names in lower case, in the order sent.
    pub(crate) headers: Vec<(String, String)>,
}

impl Asked {
    pub(crate) fn of<B>(scheme: Scheme, request: &Request<B>) -> Self {
        let headers: Vec<(String, String)> = request
            .headers()
            .iter()
            .map(|(name, value)| {
                (
                    name.as_str().to_owned(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect();
        let authority = request
            .headers()
            .get(HOST)
            .and_then(|value| value.to_str().ok())
            .or_else(|| request.uri().host())
            .unwrap_or_default();
        Self::from_parts(
            scheme,
            authority,
            request.method().clone(),
            request.uri().path_and_query().map_or("/", |p| p.as_str()),
            headers,
        )
    }

    pub(crate) fn from_parts(
        scheme: Scheme,
        authority: &str,
        method: Method,
        path_and_query: &str,
        headers: Vec<(String, String)>,
    ) -> Self {
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => authority,
        };
        let (path, query) = path_and_query
            .split_once('?')
            .unwrap_or((path_and_query, ""));
        Self {
            scheme,
            host: host.trim_end_matches('.').to_ascii_lowercase(),
            method,
            path_and_query: path_and_query.to_owned(),
            path: decode(path),
            query: query_pairs(query),
            headers,
        }
    }

    /// A plain GET of a URL, for tests of the services.
    #[cfg(test)]
    pub(crate) fn get(url: &str) -> Self {
        let rest = url.strip_prefix("https://").unwrap_or(url);
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        Self::from_parts(
            Scheme::Https,
            host,
            Method::GET,
            &format!("/{path}"),
            Vec::new(),
        )
    }

    /// The first value of a query key.
    pub(crate) fn query(&self, key: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    /// The first header of a (lower-case) name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(header, _)| header == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether a cookie of this name came along.
    pub(crate) fn has_cookie(&self, name: &str) -> bool {
        self.headers
            .iter()
            .filter(|(header, _)| header == "cookie")
            .flat_map(|(_, value)| value.split(';'))
            .any(|pair| pair.trim().split('=').next() == Some(name))
    }
}
