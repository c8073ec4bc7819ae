//! Reading an answer: its status as a miss, its body as JSON, text or a page.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

use crate::judgement::Substitute;
use crate::page::{Landing, Page};
use crate::{Miss, Response, charset, judgement};

/// How far into a file the magic may stand and the file still be a PDF.
const MAGIC_WINDOW_BYTES: usize = 1024;

impl Response {
    /// The first header of this name, whatever the name's case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value.as_str())
    }

    /// The body as text: UTF-8, UTF-16 or Latin-1 as declared or evident;
    /// bytes of other encodings that are not UTF-8 become U+FFFD.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        charset::decode(&self.body, self.header("content-type").unwrap_or_default())
    }

    /// Whether the status is 200 to 299.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether the bytes are a PDF's, whatever the headers say. A web page that
    /// shows such bytes is none, nor is an archive that holds them.
    #[must_use]
    pub fn is_pdf(&self) -> bool {
        let head = self.body.get(..MAGIC_WINDOW_BYTES).unwrap_or(&self.body);
        head.windows(5).any(|bytes| bytes == b"%PDF-")
            && !judgement::begins_a_page(&self.body)
            && !judgement::begins_an_archive(&self.body)
    }

    /// An API's answer, if its status is 200 to 299.
    ///
    /// # Errors
    /// Otherwise the [`Miss`] the status stands for: 404 and 410 `not_found`,
    /// 429 `rate_limited`, 5xx `http_5xx`, 401 and 402 `misconfigured`, 403,
    /// 418 and 451 `blocked`, other 4xx `http_4xx`.
    pub fn ok(self) -> Result<Self, Miss> {
        if self.is_success() {
            Ok(self)
        } else {
            Err(self.status_miss())
        }
    }

    /// The answer of an API that says "unknown" in its body, never by a
    /// status: a 404 there is a wrong address or a retired service.
    ///
    /// # Errors
    /// As [`ok`](Response::ok), but `error`/`bad_answer` for 404 and 410, which
    /// say nothing about the work.
    pub fn answered(self) -> Result<Self, Miss> {
        if !matches!(self.status, 404 | 410) {
            return self.ok();
        }
        let detail = format!(
            "{} answered {}: the service itself is not there, which says nothing of the work",
            self.url, self.status
        );
        Err(Miss::bad_answer("an answer")
            .with_status(self.status)
            .because(detail))
    }

    /// The body as JSON; `expected` completes "expected …" for the log.
    ///
    /// # Errors
    /// `error`/`bad_answer` when the body is no JSON or of another shape.
    pub fn json<T: DeserializeOwned>(&self, expected: &str) -> Result<T, Miss> {
        serde_json::from_str(&self.text()).map_err(|error| {
            Miss::bad_answer(expected)
                .with_status(self.status)
                .because(format!("expected {expected} from {}: {error}", self.url))
        })
    }

    /// What a request in role `landing` led to: a PDF or a page.
    ///
    /// # Errors
    /// `blocked` for challenge pages and firewalls (any status), `paywalled`
    /// for 401 and 402, `no_pdf_url` for a success that is neither PDF nor
    /// text, `not_found` and `http_5xx` for pages that say so with status 200,
    /// `bad_answer` for an empty success, else as [`ok`](Response::ok).
    pub fn landing(&self) -> Result<Landing, Miss> {
        if self.is_success() && (self.is_pdf() || !self.complete) {
            return Ok(Landing::Pdf);
        }
        let text = self.text();
        let challenged = || {
            Miss::no_pdf("blocked")
                .with_status(self.status)
                .because(format!("{} answered with a challenge page", self.url))
        };
        if judgement::says_challenge(|name| self.header(name)) || judgement::is_challenge(&text) {
            return Err(challenged());
        }
        match self.status {
            200..300 => {}
            401 | 402 | 407 => return Err(Miss::no_pdf("paywalled").with_status(self.status)),
            _ => return Err(self.status_miss()),
        }
        let kind = self.header("content-type").unwrap_or_default();
        if !judgement::may_be_a_page(kind) {
            return Err(Miss::no_pdf("no_pdf_url")
                .with_status(self.status)
                .because(format!("{} is {kind}, not a page", self.url)));
        }
        if text.trim().is_empty() {
            return Err(Miss::bad_answer("a page")
                .with_status(self.status)
                .because(format!("{} answered with nothing", self.url)));
        }
        let said = |miss: Miss, what: &str| {
            Err(miss.with_status(self.status).because(format!(
                "{} answered {} with a page that says: {what}",
                self.url, self.status
            )))
        };
        match judgement::substitute(&text) {
            Some(Substitute::NotFound) => said(Miss::no_pdf("not_found"), "not found"),
            Some(Substitute::Outage) => said(Miss::retryable("http_5xx"), "out of order"),
            None => match Page::parse(&text, &self.url) {
                page if page.sends_to_challenge() && !judgement::describes_an_article(&text) => {
                    Err(challenged())
                }
                page => Ok(Landing::Page(page)),
            },
        }
    }

    fn status_miss(&self) -> Miss {
        let miss = match self.status {
            404 | 410 => Miss::no_pdf("not_found"),
            429 => Miss::retryable("rate_limited"),
            401 | 402 | 407 => Miss::nonretryable("misconfigured"),
            // 418 is no server's own answer: filters send it.
            403 | 418 | 451 => Miss::no_pdf("blocked"),
            400..500 => Miss::nonretryable("http_4xx"),
            500..600 => Miss::retryable("http_5xx"),
            _ => Miss::error("bad_answer"),
        };
        let wait = match self.header("retry-after") {
            Some(when) => format!("; it wants to be asked again after {when:.40}"),
            None => String::new(),
        };
        miss.with_status(self.status)
            .because(format!("{} answered {}{wait}", self.url, self.status))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::{MissOutcome, testing::response};

    #[test]
    fn each_status_is_a_named_miss() {
        for (status, outcome, reason) in [
            (404, MissOutcome::NoPdf, "not_found"),
            (410, MissOutcome::NoPdf, "not_found"),
            (403, MissOutcome::NoPdf, "blocked"),
            (401, MissOutcome::Nonretryable, "misconfigured"),
            (418, MissOutcome::NoPdf, "blocked"),
            (422, MissOutcome::Nonretryable, "http_4xx"),
            (429, MissOutcome::Retryable, "rate_limited"),
            (503, MissOutcome::Retryable, "http_5xx"),
            (304, MissOutcome::Error, "bad_answer"),
        ] {
            let miss = response("https://a.example/", status, "text/html", "")
                .ok()
                .unwrap_err();
            assert_eq!(
                (miss.outcome(), miss.reason()),
                (outcome, reason),
                "{status}"
            );
            assert_eq!(miss.status(), Some(status));
        }
    }

    #[test]
    fn where_absence_is_said_in_the_body_a_404_says_nothing() {
        for (status, outcome, reason) in [
            (404, MissOutcome::Error, "bad_answer"),
            (410, MissOutcome::Error, "bad_answer"),
            (403, MissOutcome::NoPdf, "blocked"),
            (429, MissOutcome::Retryable, "rate_limited"),
            (500, MissOutcome::Retryable, "http_5xx"),
        ] {
            let miss = response("https://a.example/", status, "text/html", "")
                .answered()
                .unwrap_err();
            assert_eq!(
                (miss.outcome(), miss.reason(), miss.status()),
                (outcome, reason, Some(status))
            );
        }
        let fine = response("https://a.example/", 200, "application/json", "[]");
        assert!(fine.answered().is_ok());
    }

    #[test]
    fn json_of_another_shape_is_a_bad_answer_that_names_what_was_expected() {
        let answer = response("https://a.example/", 200, "application/json", "[1,2");
        let miss = answer.json::<Vec<u8>>("a list of bytes").unwrap_err();
        assert_eq!(
            (miss.outcome(), miss.reason()),
            (MissOutcome::Error, "bad_answer")
        );
        let detail = miss.detail().unwrap();
        assert!(
            detail.contains("a list of bytes from https://a.example/"),
            "{detail}"
        );
    }

    #[test]
    fn bytes_decide_what_is_a_pdf() {
        let late = format!("{}%PDF-1.7", "\n".repeat(1019));
        let too_late = format!("{}%PDF-1.7", "\n".repeat(1020));
        assert!(response("https://a.example/", 200, "text/html", &late).is_pdf());
        assert!(!response("https://a.example/", 200, "application/pdf", &too_late).is_pdf());
        let shown = "<!DOCTYPE html><pre>%PDF-1.4 ... %%EOF</pre>";
        let packed = "PK\u{3}\u{4}\0\0a.pdf%PDF-1.4";
        for other in [shown, packed] {
            assert!(!response("https://a.example/", 200, "application/pdf", other).is_pdf());
        }
    }

    #[test]
    fn a_filters_header_is_believed_without_a_body() {
        let mut answer = response("https://a.example/", 202, "text/html", "");
        answer.headers.push(crate::Header {
            name: "X-Amzn-Waf-Action".to_owned(),
            value: "challenge".to_owned(),
        });
        assert_eq!(answer.landing().err().unwrap().reason(), "blocked");
    }

    #[test]
    fn a_challenge_is_blocked_even_with_status_200_and_a_firewalls_403_too() {
        let challenge = "<title>Just a moment...</title><script>window._cf_chl_opt={}</script>";
        for (status, body) in [
            (200, challenge),
            (403, challenge),
            (503, challenge),
            (403, "<h1>403 Forbidden</h1>"),
            (
                200,
                "<title>P</title><meta http-equiv=refresh content='0;url=/captcha?x'>",
            ),
        ] {
            let miss = response("https://a.example/", status, "text/html", body)
                .landing()
                .err()
                .unwrap();
            assert_eq!(
                (miss.outcome(), miss.reason()),
                (MissOutcome::NoPdf, "blocked")
            );
        }
    }

    #[test]
    fn a_page_that_says_404_an_outage_or_nothing_is_no_page() {
        for (body, outcome, reason) in [
            (
                "<title>Page not found</title>",
                MissOutcome::NoPdf,
                "not_found",
            ),
            (
                "<title>Site maintenance</title>",
                MissOutcome::Retryable,
                "http_5xx",
            ),
            (" \n", MissOutcome::Error, "bad_answer"),
        ] {
            let miss = response("https://a.example/", 200, "text/html", body)
                .landing()
                .err()
                .unwrap();
            assert_eq!((miss.outcome(), miss.reason()), (outcome, reason), "{body}");
        }
    }

    #[test]
    fn retry_after_is_told_to_people() {
        let mut busy = response("https://a.example/", 429, "text/html", "<h1>Slow down");
        busy.headers.push(crate::Header {
            name: "retry-after".to_owned(),
            value: "120".to_owned(),
        });
        let miss = busy.ok().unwrap_err();
        assert_eq!(miss.reason(), "rate_limited");
        assert!(miss.detail().unwrap().ends_with("after 120"));
    }

    #[test]
    fn pages_in_utf16_and_json_behind_a_byte_order_mark_are_read() {
        let mut page = response("https://a.example/", 200, "text/html", "");
        page.body = "<a href=/x>é"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let Ok(Landing::Page(page)) = page.landing() else {
            panic!("no page");
        };
        assert_eq!(page.elements(&["a"]).next().unwrap().text(), "é");
        let json = response("https://a.example/", 200, "application/json", "\u{FEFF}[1]");
        assert_eq!(json.json::<Vec<u8>>("a list").unwrap(), [1]);
    }

    #[test]
    fn a_picture_is_no_page_and_a_cut_off_answer_is_a_pdf() {
        let picture = response("https://a.example/x.png", 200, "image/png", "\u{1}");
        assert_eq!(picture.landing().err().unwrap().reason(), "no_pdf_url");
        let mut cut = response("https://a.example/x", 200, "application/pdf", "");
        cut.complete = false;
        assert!(matches!(cut.landing(), Ok(Landing::Pdf)));
    }
}
