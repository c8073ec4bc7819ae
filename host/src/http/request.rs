//! A request as a caller states it: what is wanted, for whom, and within which
//! limits. Everything a guest may choose is checked while it is put in.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;
use url::Url;

use super::error::{HttpError, HttpErrorKind};
use super::fault::Fault;
use super::host_pattern::HostGrants;
use super::meter::Meter;
use super::secrets::Secrets;
use super::target;

/// The longest header value a requester may set.
pub const HEADER_VALUE_MAX_BYTES: usize = 4096;

/// Headers a requester may set without conditions.
const PLAIN_HEADERS: &[&str] = &[
    "accept",
    "accept-language",
    "range",
    "if-none-match",
    "if-modified-since",
    "if-range",
];
/// Headers that must bring a secret: a credential written into an adapter
/// would be everybody's.
const SECRET_HEADERS: &[&str] = &["authorization", "x-api-key"];

/// The methods there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Headers and body.
    Get,
    /// Headers only.
    Head,
}

/// What the answer is for; decides caps, encodings and the default `Accept`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// An API answer.
    Metadata,
    /// A page for people.
    Landing,
    /// The PDF itself.
    Artifact,
}

impl Role {
    fn accept(self) -> &'static str {
        match self {
            Self::Metadata => "application/json, */*;q=0.8",
            Self::Landing => "text/html, application/xhtml+xml, application/pdf;q=0.9, */*;q=0.8",
            Self::Artifact => "application/pdf, application/octet-stream;q=0.9, */*;q=0.8",
        }
    }

    /// Ranges count encoded bytes, so a ranged request is never encoded.
    fn accept_encoding(self, ranged: bool) -> &'static str {
        match self {
            Self::Metadata | Self::Landing if !ranged => "gzip, br, zstd",
            _ => "identity",
        }
    }
}

/// The longest wait for a rate limit that is worth while, unless the plan's
/// gate says otherwise.
pub const RATE_WAIT_MAX: Duration = Duration::from_secs(5);

/// What the plan says of a source's requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestPolicy {
    /// How often a hop may be sent again after a failure that may pass.
    pub retries_max: u32,
    /// Whether robots.txt is asked, and obeyed.
    pub robots_respect: bool,
    /// A longer wait for a rate limit fails at once (`RateLimited`).
    pub rate_wait_max: Duration,
}

impl Default for RequestPolicy {
    /// No retry, robots.txt not asked, [`RATE_WAIT_MAX`].
    fn default() -> Self {
        Self {
            retries_max: 0,
            robots_respect: false,
            rate_wait_max: RATE_WAIT_MAX,
        }
    }
}

/// A request with its limits. Nothing is granted that was not given.
#[derive(Debug, Clone)]
pub struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) role: Role,
    /// With placeholders where secrets go.
    headers: HeaderMap,
    pub(super) grants: HostGrants,
    pub(super) deadline: Option<Instant>,
    pub(super) meter: Option<Arc<Meter>>,
    pub(super) secrets: Secrets,
    pub(super) policy: RequestPolicy,
}

impl Request {
    /// A request to `url`, sent only to hosts that `grants` opens.
    ///
    /// # Errors
    /// `BadUrl` for anything but a well-formed http or https URL of at most
    /// [`URL_MAX_BYTES`](super::URL_MAX_BYTES) without user name or password.
    pub fn new(
        method: Method,
        url: &str,
        role: Role,
        grants: HostGrants,
    ) -> Result<Self, HttpError> {
        Ok(Self {
            method,
            url: target::parse(url).map_err(|fault| fault.alone(&target::shown(url)))?,
            role,
            headers: HeaderMap::new(),
            grants,
            deadline: None,
            meter: None,
            secrets: Secrets::default(),
            policy: RequestPolicy::default(),
        })
    }

    /// Sets a header (again: replaces it).
    ///
    /// Allowed: Accept, Accept-Language, Range, If-None-Match,
    /// If-Modified-Since, If-Range; Authorization and X-Api-Key when they
    /// contain a `{{secret:NAME}}`.
    ///
    /// # Errors
    /// `ForbiddenRequest` for any other name, for control or non-ASCII
    /// characters, and for values beyond [`HEADER_VALUE_MAX_BYTES`].
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, HttpError> {
        let refuse = |why: &str| {
            let message = format!("header {:?} is not sent: {why}", target::shown(name));
            Fault::new(HttpErrorKind::ForbiddenRequest, message).alone(self.url.as_str())
        };
        let lower = name.to_ascii_lowercase();
        let lower = lower.as_str();
        if SECRET_HEADERS.contains(&lower) {
            if !Secrets::asked_for(value) {
                return Err(refuse("it needs a {{secret:NAME}} in its value"));
            }
        } else if !PLAIN_HEADERS.contains(&lower) {
            return Err(refuse(
                "allowed are Accept, Accept-Language, Range, If-None-Match, If-Modified-Since, \
                 If-Range, and Authorization or X-Api-Key with a {{secret:NAME}}",
            ));
        }
        if value.len() > HEADER_VALUE_MAX_BYTES {
            return Err(refuse("its value is longer than 4 KiB"));
        }
        if !value.bytes().all(|b| (0x20..0x7f).contains(&b)) {
            return Err(refuse("its value has control or non-ASCII characters"));
        }
        let name = HeaderName::try_from(lower).map_err(|_| refuse("no such name can exist"))?;
        let value = HeaderValue::try_from(value).map_err(|_| refuse("no such value can exist"))?;
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Ends the request, its body included, at `deadline`.
    #[must_use]
    pub fn until(mut self, deadline: impl Into<Instant>) -> Self {
        self.deadline = Some(deadline.into());
        self
    }

    /// Charges every hop and body byte to `meter`.
    #[must_use]
    pub fn metered(mut self, meter: Arc<Meter>) -> Self {
        self.meter = Some(meter);
        self
    }

    /// Lets `{{secret:NAME}}` be filled in from `secrets`.
    #[must_use]
    pub fn with_secrets(mut self, secrets: Secrets) -> Self {
        self.secrets = secrets;
        self
    }

    /// Sends it as `policy` says.
    #[must_use]
    pub(super) fn under(mut self, policy: RequestPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// The same request by another method.
    pub(super) fn by(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// Whether a secret stands anywhere in this request.
    pub(super) fn asks_for_secrets(&self) -> bool {
        let in_headers = self.headers.values().any(bears_secret);
        in_headers
            || self.url.query().is_some_and(Secrets::asked_for)
            || self.url.path().contains("%7B%7Bsecret:")
    }

    /// The headers of one hop, defaults included. `credentialed` says whether
    /// the hop is still at the origin that may see secrets.
    pub(super) fn hop_headers(&self, credentialed: bool) -> Result<HeaderMap, Fault> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            if !bears_secret(value) {
                headers.insert(name.clone(), value.clone());
            } else if credentialed {
                let template = value.to_str().unwrap_or_default();
                let filled = self.secrets.fill_header(template)?;
                let mut filled = HeaderValue::try_from(filled).map_err(|_| {
                    Fault::new(
                        HttpErrorKind::ForbiddenRequest,
                        format!("header {name} is not sent: with its secret it is not valid"),
                    )
                })?;
                filled.set_sensitive(true);
                headers.insert(name.clone(), filled);
            }
        }
        let ranged = headers.contains_key(header::RANGE);
        headers
            .entry(header::ACCEPT)
            .or_insert(HeaderValue::from_static(self.role.accept()));
        headers.insert(
            header::ACCEPT_ENCODING,
            HeaderValue::from_static(self.role.accept_encoding(ranged)),
        );
        Ok(headers)
    }

    /// Whether any header would be left out of an uncredentialed hop.
    pub(super) fn has_credentials(&self) -> bool {
        self.headers.values().any(bears_secret)
    }
}

fn bears_secret(value: &HeaderValue) -> bool {
    value.to_str().is_ok_and(Secrets::asked_for)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn request(role: Role) -> Request {
        Request::new(Method::Get, "https://a.org/", role, HostGrants::any()).unwrap()
    }

    #[test]
    fn only_the_listed_headers_are_taken() {
        for name in [
            "Accept",
            "RANGE",
            "if-none-match",
            "If-Modified-Since",
            "If-Range",
            "Accept-Language",
        ] {
            assert!(request(Role::Metadata).header(name, "x").is_ok(), "{name}");
        }
        for name in [
            "Host",
            "Cookie",
            "Content-Length",
            "Transfer-Encoding",
            "User-Agent",
            "Referer",
            "Connection",
            "X-Forwarded-For",
            "Proxy-Authorization",
            "Accept-Encoding",
            "",
            "a b",
            "Accept\r\nX",
        ] {
            let error = request(Role::Metadata).header(name, "x").unwrap_err();
            assert_eq!(error.kind, HttpErrorKind::ForbiddenRequest, "{name:?}");
        }
    }

    #[test]
    fn credentials_come_from_secrets_or_not_at_all() {
        for name in ["Authorization", "X-Api-Key"] {
            assert!(
                request(Role::Metadata).header(name, "Bearer abc").is_err(),
                "{name}"
            );
            assert!(
                request(Role::Metadata)
                    .header(name, "Bearer {{secret:K}}")
                    .is_ok(),
                "{name}"
            );
        }
    }

    #[test]
    fn a_value_cannot_smuggle_a_second_header() {
        for value in [
            "a\r\nX: y",
            "a\nb",
            "a\0b",
            "a\tb",
            "né",
            &"x".repeat(HEADER_VALUE_MAX_BYTES + 1),
        ] {
            assert!(
                request(Role::Metadata).header("Accept", value).is_err(),
                "{value:?}"
            );
        }
    }

    #[test]
    fn artifacts_and_ranges_are_asked_for_unencoded() {
        let encoding = |request: Request| {
            let headers = request.hop_headers(true).unwrap();
            headers
                .get(header::ACCEPT_ENCODING)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        };
        assert_eq!(encoding(request(Role::Artifact)), "identity");
        assert_eq!(encoding(request(Role::Metadata)), "gzip, br, zstd");
        let ranged = request(Role::Landing).header("Range", "bytes=0-9").unwrap();
        assert_eq!(encoding(ranged), "identity");
    }
}
