//! What a recording must not hold, and a placeholder for each.
//!
//! The same is taken out of a request before it is looked up, so that a
//! recording made with one e-mail address or key replays with another, or with
//! none.

use std::fmt;

use bytes::Bytes;
use url::Url;

use crate::http::pdf;
use crate::http::secrets::{self, CLOSE, OPEN, Secrets};

/// What stands for an e-mail address.
const EMAIL: &str = "{{email}}";
/// Query parameters that carry the requester's e-mail address, whoever set
/// them.
const EMAIL_KEYS: [&str; 2] = ["email", "mailto"];

/// What belongs to the operator alone.
#[derive(Clone, Default)]
pub struct Private {
    /// The contact address.
    pub email: Option<String>,
    /// The secrets of every adapter.
    pub secrets: Vec<Secrets>,
}

impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Private").finish_non_exhaustive()
    }
}

/// Takes it out.
#[derive(Clone, Default)]
pub(in crate::http) struct Redactor {
    /// Spelling and placeholder; longer spellings first.
    words: Vec<(String, String)>,
}

impl Redactor {
    pub(in crate::http) fn new(private: &Private) -> Self {
        let mut words = Vec::new();
        for secrets in &private.secrets {
            for (name, spelling) in secrets.spellings() {
                words.push((spelling.to_owned(), format!("{OPEN}{name}{CLOSE}")));
            }
        }
        for email in private.email.iter().filter(|email| !email.is_empty()) {
            let mut spellings = secrets::spellings_of(email);
            spellings.extend(secrets::spellings_of(&email.to_lowercase()));
            words.extend(
                spellings
                    .into_iter()
                    .map(|spelling| (spelling, EMAIL.to_owned())),
            );
        }
        words.sort_by_key(|(spelling, _)| std::cmp::Reverse(spelling.len()));
        words.dedup();
        Self { words }
    }

    /// `text` without what is private.
    pub(super) fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (spelling, placeholder) in &self.words {
            if text.contains(spelling.as_str()) {
                text = text.replace(spelling.as_str(), placeholder);
            }
        }
        text
    }

    /// `url` without what is private, spelled as this program spells URLs.
    pub(super) fn url(&self, url: &str) -> String {
        let redacted = self.text(url);
        let Ok(mut parsed) = Url::parse(&redacted) else {
            return redacted;
        };
        parsed.set_fragment(None);
        if let Some(query) = parsed.query() {
            let blanked: Vec<String> = query.split('&').map(without_email).collect();
            let blanked = blanked.join("&");
            if blanked != query {
                parsed.set_query(Some(&blanked));
            }
        }
        parsed.into()
    }

    /// A body without what is private. A PDF is left as it is: with a byte
    /// changed it would be another file.
    pub(super) fn body(&self, body: Bytes) -> Bytes {
        if pdf::has_magic(&body) {
            return body;
        }
        let mut body = body;
        for (spelling, placeholder) in &self.words {
            let needle = spelling.as_bytes();
            if let Some(first) = secrets::position(&body, needle) {
                body = secrets::replace(&body, first, needle, placeholder);
            }
        }
        body
    }
}

fn without_email(pair: &str) -> String {
    match pair.split_once('=') {
        Some((key, value))
            if !value.is_empty() && EMAIL_KEYS.iter().any(|k| k.eq_ignore_ascii_case(key)) =>
        {
            format!("{key}={EMAIL}")
        }
        _ => pair.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn redactor() -> Redactor {
        let key = ("KEY".to_owned(), "s3cr&t".to_owned());
        Redactor::new(&Private {
            email: Some("Ada@Lovelace.edu".to_owned()),
            secrets: vec![Secrets::new([key]).unwrap()],
        })
    }

    #[test]
    fn secrets_and_the_address_go_in_every_spelling() {
        let redactor = redactor();
        for text in [
            "x Ada@Lovelace.edu y",
            "x ada@lovelace.edu y",
            "x Ada%40Lovelace.edu y",
        ] {
            assert_eq!(redactor.text(text), "x {{email}} y", "{text}");
        }
        assert_eq!(redactor.text("k=s3cr%26t"), "k={{secret:KEY}}");
        assert_eq!(
            redactor.body(Bytes::from_static(b"\xff s3cr&t Ada@Lovelace.edu")),
            &b"\xff {{secret:KEY}} {{email}}"[..]
        );
    }

    #[test]
    fn urls_that_differ_in_what_is_private_alone_become_the_same() {
        let redactor = redactor();
        let recorded = redactor.url("https://a.test/x?email=somebody%40else.org&q=1#top");
        assert_eq!(recorded, "https://a.test/x?email={{email}}&q=1");
        for same in [
            "https://a.test/x?email=Ada%40Lovelace.edu&q=1",
            "https://a.test/x?email={{email}}&q=1",
            "https://A.test:443/x?email=b@c.d&q=1",
        ] {
            assert_eq!(redactor.url(same), recorded, "{same}");
        }
        assert_ne!(redactor.url("https://a.test/x?email=&q=1"), recorded);
    }

    #[test]
    fn a_pdf_is_not_touched() {
        let pdf = Bytes::from_static(b"%PDF-1.7 Ada@Lovelace.edu");
        assert_eq!(redactor().body(pdf.clone()), pdf);
    }
}
