//! Writing a request.

use crate::{Header, Host, HttpError, Method, Request, Response, Role};

impl Request {
    /// A GET whose answer is an API's: JSON, XML, text.
    pub fn metadata(url: impl Into<String>) -> Self {
        Self::get(url.into(), Role::Metadata)
    }

    /// A GET whose answer is a page for people. If it turns out to be a PDF,
    /// the host stops reading after the first bytes.
    pub fn landing(url: impl Into<String>) -> Self {
        Self::get(url.into(), Role::Landing)
    }

    fn get(url: String, role: Role) -> Self {
        Self {
            method: Method::Get,
            url,
            role,
            headers: Vec::new(),
        }
    }

    /// Adds a header. The host sends Accept, Accept-Language, Range, If-* and,
    /// with a `{{secret:NAME}}`, Authorization and X-Api-Key; others are
    /// refused.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push(Header {
            name: name.to_owned(),
            value: value.to_owned(),
        });
        self
    }

    /// Sends it.
    ///
    /// # Errors
    /// As [`Host::send`].
    pub fn send(&self, host: &dyn Host) -> Result<Response, HttpError> {
        host.send(self)
    }
}
