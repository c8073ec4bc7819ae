//! Testing an adapter natively, without a network: a host whose answers are
//! written down beforehand, and short ways to write works and policies.
//!
//! ```
//! use paperfall_adapter::testing::ScriptedHost;
//! use paperfall_adapter::{HttpErrorKind, Miss, Request};
//!
//! let host = ScriptedHost::new()
//!     .json("https://api.acme.org/1", "[1, 2]")
//!     .fail("https://api.acme.org/2", HttpErrorKind::Dns);
//!
//! let answer = Request::metadata("https://api.acme.org/1").send(&host).unwrap();
//! assert_eq!(answer.json::<Vec<u8>>("a list of numbers").unwrap(), [1, 2]);
//!
//! let error = Request::metadata("https://api.acme.org/2").send(&host).unwrap_err();
//! assert_eq!(Miss::from(error).reason(), "dns");
//! ```

use std::cell::RefCell;
use std::collections::HashMap;

use crate::{
    Adapter, Findings, Header, Host, HttpError, HttpErrorKind, Identifier, Level, Miss, PdfUrl,
    Policy, RemainingBudget, Request, Response, Setting, Verdict, Work,
};

/// Requests an attempt may send, as the real host counts by default.
const REQUESTS: u32 = 24;

/// A host that answers from a script. A URL the script lacks is an error of
/// kind `other`, so that a test which asks too much fails with
/// `http_other`.
#[derive(Debug, Default)]
pub struct ScriptedHost {
    answers: HashMap<String, Result<Response, HttpError>>,
    requests: RefCell<Vec<String>>,
    logged: RefCell<Vec<String>>,
    ms_left: Option<u32>,
}

impl ScriptedHost {
    /// A host that answers nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers `url` with a response.
    #[must_use]
    pub fn answer(mut self, url: &str, response: Response) -> Self {
        self.answers.insert(url.to_owned(), Ok(response));
        self
    }

    /// Answers `url` with status 200 and JSON.
    #[must_use]
    pub fn json(self, url: &str, body: &str) -> Self {
        self.answer(url, response(url, 200, "application/json", body))
    }

    /// Answers `url` with status 200 and a page.
    #[must_use]
    pub fn html(self, url: &str, body: &str) -> Self {
        self.answer(url, response(url, 200, "text/html; charset=utf-8", body))
    }

    /// Answers `url` with the first bytes of a PDF, cut off as the host does.
    #[must_use]
    pub fn pdf(self, url: &str) -> Self {
        let mut head = response(url, 200, "application/pdf", "%PDF-1.7\n");
        head.complete = false;
        self.answer(url, head)
    }

    /// Answers `url` with a status and an empty page.
    #[must_use]
    pub fn status(self, url: &str, status: u16) -> Self {
        self.answer(url, response(url, status, "text/html", ""))
    }

    /// Lets `url` fail without a response.
    #[must_use]
    pub fn fail(mut self, url: &str, kind: HttpErrorKind) -> Self {
        let message = format!("scripted failure of {url}");
        self.answers
            .insert(url.to_owned(), Err(HttpError { kind, message }));
        self
    }

    /// Leaves this many milliseconds of the attempt.
    #[must_use]
    pub fn with_ms_left(mut self, ms: u32) -> Self {
        self.ms_left = Some(ms);
        self
    }

    /// The URLs asked for so far, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.requests.borrow().clone()
    }

    /// The lines logged so far.
    #[must_use]
    pub fn logged(&self) -> Vec<String> {
        self.logged.borrow().clone()
    }

    fn look_up(&self, url: &str) -> Result<Response, HttpError> {
        self.requests.borrow_mut().push(url.to_owned());
        self.answers.get(url).cloned().unwrap_or_else(|| {
            Err(HttpError {
                kind: HttpErrorKind::Other,
                message: format!("the script has no answer for {url}"),
            })
        })
    }
}

impl Host for ScriptedHost {
    fn send(&self, request: &Request) -> Result<Response, HttpError> {
        self.look_up(&request.url)
    }

    fn probe(&self, url: &str) -> Result<Verdict, HttpError> {
        let response = self.look_up(url)?;
        let is_pdf = response.is_success() && response.is_pdf();
        Ok(Verdict {
            is_pdf,
            reason: if is_pdf { "ok" } else { "not_a_pdf" }.to_owned(),
            content_type: response.header("content-type").map(str::to_owned),
            url: response.url,
            status: response.status,
            length: None,
        })
    }

    fn log(&self, _level: Level, message: &str) {
        self.logged.borrow_mut().push(message.to_owned());
    }

    fn remaining(&self) -> RemainingBudget {
        let sent = u32::try_from(self.requests.borrow().len()).unwrap_or(u32::MAX);
        RemainingBudget {
            ms: self.ms_left.unwrap_or(10_000),
            requests: REQUESTS.saturating_sub(sent),
            bytes: 32 << 20,
        }
    }
}

/// A complete response that came from `url` without redirects.
#[must_use]
pub fn response(url: &str, status: u16, content_type: &str, body: &str) -> Response {
    Response {
        status,
        url: url.to_owned(),
        hops: Vec::new(),
        headers: vec![Header {
            name: "content-type".to_owned(),
            value: content_type.to_owned(),
        }],
        body: body.as_bytes().to_vec(),
        complete: true,
        from_cache: false,
    }
}

/// A work with these identifiers (scheme, normal form).
#[must_use]
pub fn work(identifiers: &[(&str, &str)]) -> Work {
    Work {
        work_id: "test".to_owned(),
        artifact_id: "test:pdf".to_owned(),
        title: None,
        identifiers: identifiers
            .iter()
            .map(|(scheme, value)| Identifier::new(scheme, *value))
            .collect(),
        pdf_urls: Vec::new(),
        landing_urls: Vec::new(),
    }
}

/// A work known by these PDF URLs (each tried in vain) and landing pages.
#[must_use]
pub fn work_at(pdf_urls: &[&str], landing_urls: &[&str]) -> Work {
    Work {
        pdf_urls: pdf_urls
            .iter()
            .map(|url| PdfUrl {
                url: (*url).to_owned(),
                failed: Some("not_a_pdf".to_owned()),
            })
            .collect(),
        landing_urls: landing_urls.iter().map(|url| (*url).to_owned()).collect(),
        ..work(&[])
    }
}

/// A policy with exactly these settings.
#[must_use]
pub fn policy_of(settings: &[(&str, &str)]) -> Policy {
    Policy {
        timeout_ms: 10_000,
        retries_max: 0,
        robots_respect: false,
        settings: settings
            .iter()
            .map(|(key, value)| Setting {
                key: (*key).to_owned(),
                value: (*value).to_owned(),
            })
            .collect(),
    }
}

/// The policy the host would send: these settings, and the adapter's declared
/// defaults for the rest.
#[must_use]
pub fn policy<A: Adapter>(settings: &[(&str, &str)]) -> Policy {
    let mut policy = policy_of(settings);
    for spec in A::describe().settings {
        let given = policy
            .settings
            .iter()
            .any(|setting| setting.key == spec.key);
        if let (false, Some(value)) = (given, spec.default) {
            policy.settings.push(Setting {
                key: spec.key,
                value,
            });
        }
    }
    policy
}

/// One attempt, as the exported component makes it.
///
/// # Errors
/// The adapter's [`Miss`].
pub fn attempt<A: Adapter>(
    host: &ScriptedHost,
    work: &Work,
    settings: &[(&str, &str)],
) -> Result<Findings, Miss> {
    crate::run::<A>(host, work, &policy::<A>(settings))
}
