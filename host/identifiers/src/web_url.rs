//! http and https URLs in one spelling, so that equal pages compare equal.

use std::fmt;
use std::str::FromStr;

use url::Url;

use crate::{IdError, IdKind, MAX_INPUT_BYTES, paste};

/// A normalised http or https URL: host in lower case, no default port, no
/// fragment, no user name or password; path and query as they came.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WebUrl(Url);

impl WebUrl {
    /// Reads an absolute http or https URL. Surrounding blanks are dropped and
    /// nothing else: a URL may well end in a dot or a bracket.
    ///
    /// # Errors
    /// When it is no such URL, carries credentials, or is longer than
    /// [`MAX_INPUT_BYTES`] before or after normalising.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let fail = |why| IdError::new(IdKind::Url, text, why);
        let given = text.trim();
        if given.len() > MAX_INPUT_BYTES {
            return Err(fail("it is longer than 2048 bytes"));
        }
        // The url crate would drop tabs and line breaks inside without a word.
        if given.chars().any(char::is_control) {
            return Err(fail("it contains control characters"));
        }
        if !has_web_scheme(given) {
            return Err(fail("it does not start with http:// or https://"));
        }
        let mut url = Url::parse(given).map_err(|error| fail(why(error)))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(fail("it carries a user name or password: leave them out"));
        }
        url.set_fragment(None);
        if url.as_str().len() > MAX_INPUT_BYTES {
            return Err(fail("it is longer than 2048 bytes once percent-encoded"));
        }
        Ok(Self(url))
    }

    /// The normal form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The host: a name or an IP literal, in lower case.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The parsed URL.
    #[must_use]
    pub fn as_url(&self) -> &Url {
        &self.0
    }
}

pub(crate) fn has_web_scheme(text: &str) -> bool {
    paste::strip_prefix(text, "http://").is_some()
        || paste::strip_prefix(text, "https://").is_some()
}

fn why(error: url::ParseError) -> &'static str {
    match error {
        url::ParseError::EmptyHost => "it names no host",
        url::ParseError::InvalidPort => "its port is no number up to 65535",
        url::ParseError::IdnaError
        | url::ParseError::InvalidIpv4Address
        | url::ParseError::InvalidIpv6Address
        | url::ParseError::InvalidDomainCharacter => "its host is malformed",
        _ => "it is malformed",
    }
}

impl TryFrom<Url> for WebUrl {
    type Error = IdError;

    fn try_from(url: Url) -> Result<Self, IdError> {
        Self::parse(url.as_str())
    }
}

impl From<WebUrl> for Url {
    fn from(url: WebUrl) -> Self {
        url.0
    }
}

impl fmt::Display for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for WebUrl {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::parse(text)
    }
}

impl AsRef<str> for WebUrl {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}
