//! API keys that an adapter may use and never see.
//!
//! A guest writes `{{secret:NAME}}` in a header value or in a URL's query; the
//! value goes in just before the request leaves, and only for a host that is
//! granted by name (a bare `*` is not enough: it would let a guest send the
//! key anywhere). Whatever comes back (URLs, headers, errors, bodies) has the
//! values replaced by their placeholders again.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use super::error::HttpErrorKind;
use super::fault::Fault;

pub(super) const OPEN: &str = "{{secret:";
pub(super) const CLOSE: &str = "}}";
/// `{{secret:` as a URL's path spells it.
const OPEN_ENCODED: &str = "%7B%7Bsecret:";

/// What stays as it is in a query value: RFC 3986's unreserved characters.
const QUERY_VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Shorter values could not be taken out of texts without mangling them.
pub const SECRET_MIN_CHARS: usize = 4;

/// A secret that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("secret {name:?}: {why}")]
pub struct SecretError {
    name: String,
    why: &'static str,
}

/// Named secret values of one adapter. Their values appear in no `Debug`.
#[derive(Clone, Default)]
pub struct Secrets(Arc<BTreeMap<String, Value>>);

#[derive(Clone)]
struct Value {
    plain: String,
    /// Every spelling under which the value may come back, longest first.
    spellings: Vec<String>,
}

impl Secrets {
    /// Takes names and values.
    ///
    /// # Errors
    /// A [`SecretError`] for a name outside `[A-Za-z0-9_-]{1,64}` and for a
    /// value that is shorter than [`SECRET_MIN_CHARS`], longer than 4 KiB, or
    /// has characters a header cannot carry.
    pub fn new(values: impl IntoIterator<Item = (String, String)>) -> Result<Self, SecretError> {
        let mut all = BTreeMap::new();
        for (name, plain) in values {
            let named = (1..=64).contains(&name.len())
                && name
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
            let why = if !named {
                Some("a name has 1 to 64 letters, digits, `_` or `-`")
            } else if plain.chars().count() < SECRET_MIN_CHARS {
                Some("its value is empty or too short to be a key")
            } else if plain.len() > 4096 {
                Some("its value is longer than 4 KiB")
            } else if !plain.bytes().all(|b| (0x20..0x7f).contains(&b)) {
                Some("its value has characters a header cannot carry")
            } else {
                None
            };
            if let Some(why) = why {
                return Err(SecretError { name, why });
            }
            all.insert(name, Value::new(plain));
        }
        Ok(Self(Arc::new(all)))
    }

    /// Whether there is nothing to fill in or to hide.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `text` asks for a secret.
    pub(super) fn asked_for(text: &str) -> bool {
        text.contains(OPEN)
    }

    /// A header value with its secrets filled in.
    pub(super) fn fill_header(&self, value: &str) -> Result<String, Fault> {
        self.fill(value, |value| Cow::Borrowed(&value.plain))
    }

    /// `url` with the secrets of its query filled in, percent-encoded.
    pub(super) fn fill_url(&self, url: &Url) -> Result<Url, Fault> {
        if url.path().contains(OPEN_ENCODED) {
            return Err(Fault::new(
                HttpErrorKind::ForbiddenRequest,
                "a secret stands in the URL's path; it may stand in the query or a header",
            ));
        }
        let Some(query) = url.query().filter(|query| Self::asked_for(query)) else {
            return Ok(url.clone());
        };
        let filled = self.fill(query, |value| {
            utf8_percent_encode(&value.plain, QUERY_VALUE).into()
        })?;
        let mut url = url.clone();
        url.set_query(Some(&filled));
        Ok(url)
    }

    fn fill<'a>(
        &'a self,
        text: &str,
        spell: impl Fn(&'a Value) -> Cow<'a, str>,
    ) -> Result<String, Fault> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(OPEN) {
            let (name, after) = after.split_once(CLOSE).ok_or_else(|| {
                Fault::new(
                    HttpErrorKind::ForbiddenRequest,
                    "a {{secret:…}} is not closed with }}",
                )
            })?;
            let value = self.0.get(name).ok_or_else(|| {
                let name: String = name.chars().take(64).collect();
                Fault::new(
                    HttpErrorKind::ForbiddenRequest,
                    format!(
                        "no secret {name:?} is configured; set it under \
                         [adapter.…] secrets = {{ {name} = \"env:VARIABLE\" }}"
                    ),
                )
            })?;
            filled.push_str(before);
            filled.push_str(&spell(value));
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    /// `text` with every secret value replaced by its placeholder.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, spelling) in self.spellings() {
            if text.contains(spelling) {
                text = text.replace(spelling, &format!("{OPEN}{name}{CLOSE}"));
            }
        }
        text
    }

    /// [`Secrets::redact`] for a URL; the query goes if nothing else helps.
    pub(super) fn redact_url(&self, url: &Url) -> Url {
        if self.is_empty() {
            return url.clone();
        }
        let redacted = self.redact(url.as_str());
        if redacted == url.as_str() {
            return url.clone();
        }
        Url::parse(&redacted).unwrap_or_else(|_| {
            let mut bare = url.clone();
            bare.set_query(None);
            bare.set_path("/");
            bare
        })
    }

    /// [`Secrets::redact`] for bytes of any kind.
    pub(super) fn redact_bytes(&self, body: Bytes) -> Bytes {
        let mut body = body;
        for (name, spelling) in self.spellings() {
            let needle = spelling.as_bytes();
            if let Some(first) = position(&body, needle) {
                body = replace(&body, first, needle, &format!("{OPEN}{name}{CLOSE}"));
            }
        }
        body
    }

    /// [`Secrets::redact_bytes`], but for a PDF: with a byte changed it would be
    /// another file.
    pub(super) fn redact_bytes_unless_pdf(&self, body: Bytes) -> Bytes {
        if super::pdf::has_magic(&body) {
            return body;
        }
        self.redact_bytes(body)
    }

    /// Longest spellings first, so that a secret that begins like another is
    /// not cut in half.
    pub(super) fn spellings(&self) -> Vec<(&str, &str)> {
        let mut all: Vec<(&str, &str)> = self
            .0
            .iter()
            .flat_map(|(name, value)| {
                let spellings = value.spellings.iter();
                spellings.map(move |spelling| (name.as_str(), spelling.as_str()))
            })
            .collect();
        all.sort_by_key(|(_, spelling)| std::cmp::Reverse(spelling.len()));
        all
    }
}

/// Every spelling under which `plain` may come back.
pub(super) fn spellings_of(plain: &str) -> Vec<String> {
    Value::new(plain.to_owned()).spellings
}

impl Value {
    fn new(plain: String) -> Self {
        let encoded = utf8_percent_encode(&plain, QUERY_VALUE).to_string();
        let as_form = encoded.replace("%20", "+");
        // A URL parser leaves alone what may stand in a query.
        let in_query = Url::parse("http://x/").ok().map(|mut url| {
            url.set_query(Some(&plain));
            url.query().unwrap_or_default().to_owned()
        });
        let mut spellings = vec![plain.clone(), lower_hex(&encoded), as_form, encoded];
        spellings.extend(in_query);
        spellings.sort();
        spellings.dedup();
        Self { plain, spellings }
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// `%3A` → `%3a`, the rest as it was.
fn lower_hex(encoded: &str) -> String {
    let mut out = String::with_capacity(encoded.len());
    let mut hex_left = 0_u8;
    for c in encoded.chars() {
        if c == '%' {
            hex_left = 3;
        }
        out.push(if hex_left > 0 {
            c.to_ascii_lowercase()
        } else {
            c
        });
        hex_left = hex_left.saturating_sub(1);
    }
    out
}

pub(super) fn position(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len().max(1)).position(|w| w == needle)
}

pub(super) fn replace(body: &[u8], first: usize, needle: &[u8], with: &str) -> Bytes {
    let mut out = Vec::with_capacity(body.len());
    let (mut rest, mut next) = (body, Some(first));
    while let Some(at) = next {
        let (before, after) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        out.extend_from_slice(before);
        out.extend_from_slice(with.as_bytes());
        rest = after.get(needle.len()..).unwrap_or_default();
        next = position(rest, needle);
    }
    out.extend_from_slice(rest);
    out.into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn one(value: &str) -> Secrets {
        Secrets::new([("KEY".to_owned(), value.to_owned())]).unwrap()
    }

    #[test]
    fn a_secret_fills_headers_as_it_is_and_queries_encoded() {
        let secrets = one("s3cr&t key");
        assert_eq!(
            secrets.fill_header("Bearer {{secret:KEY}}").unwrap(),
            "Bearer s3cr&t key"
        );
        let url = Url::parse("https://a.org/x?k={{secret:KEY}}&q=1").unwrap();
        assert_eq!(
            secrets.fill_url(&url).unwrap().as_str(),
            "https://a.org/x?k=s3cr%26t%20key&q=1"
        );
    }

    #[test]
    fn every_spelling_of_a_value_is_taken_out_again() {
        let secrets = one("s3cr&t key");
        for text in [
            "a s3cr&t key b",
            "a s3cr%26t%20key b",
            "a s3cr%26t+key b",
            "a s3cr&t%20key b",
        ] {
            assert_eq!(secrets.redact(text), "a {{secret:KEY}} b", "{text}");
        }
        assert_eq!(
            secrets.redact_bytes(Bytes::from_static(b"\xffs3cr&t key, s3cr&t key")),
            &b"\xff{{secret:KEY}}, {{secret:KEY}}"[..]
        );
        assert!(!format!("{secrets:?}").contains("s3cr"));
    }

    #[test]
    fn a_secret_unknown_unclosed_or_in_a_path_is_refused() {
        let secrets = one("abcdef");
        for bad in ["{{secret:OTHER}}", "{{secret:KEY"] {
            let fault = secrets.fill_header(bad).unwrap_err();
            assert_eq!(fault.kind, HttpErrorKind::ForbiddenRequest, "{bad}");
        }
        let url = Url::parse("https://a.org/{{secret:KEY}}/x").unwrap();
        assert!(secrets.fill_url(&url).is_err());
    }

    #[test]
    fn a_value_a_header_cannot_carry_is_refused_at_once() {
        for bad in ["", "abc", "new\nline", "naïve!"] {
            let made = Secrets::new([("KEY".to_owned(), bad.to_owned())]);
            assert!(made.is_err(), "{bad:?}");
        }
    }
}
