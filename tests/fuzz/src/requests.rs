//! Requests as a guest states them: a URL on the first line, then headers as
//! `Name: value` and redirects as `> location`. What is accepted goes to a
//! plain web address with allowed headers; secrets go in where they may and
//! come out of everything that is shown.

use crate::http::{self, HostGrants, Method, Request, Role, Secrets};
use crate::promises;

const VALUE: &str = "s3cr&t key";
/// A request's own headers, and the two that every request has.
const HEADERS: [&str; 9] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "authorization",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "range",
    "x-api-key",
];

/// Checks one request.
pub fn check(data: &[u8]) {
    // A line of its own may end in CR: values get to smuggle.
    let mut lines = data.split(|byte| *byte == b'\n');
    let url = String::from_utf8_lossy(lines.next().unwrap_or_default());
    let mut request = match Request::new(Method::Get, &url, Role::Metadata, HostGrants::any()) {
        Ok(request) => request,
        Err(error) => return promises::is_a_message(&error.to_string()),
    };
    promises::is_plain(http::asked_url(&request));
    for line in lines {
        if let Some(location) = line.strip_prefix(b"> ") {
            match http::redirect(http::asked_url(&request), location) {
                Ok(url) => promises::is_plain(&url),
                Err(words) => promises::is_a_message(&words),
            }
            continue;
        }
        let line = String::from_utf8_lossy(line);
        let (name, value) = line.split_once(": ").unwrap_or((&line, ""));
        match request.clone().header(name, value) {
            Ok(more) => request = more,
            Err(error) => promises::is_a_message(&error.to_string()),
        }
    }
    leaves_with_its_secrets(request);
}

fn leaves_with_its_secrets(request: Request) {
    let secrets = Secrets::new([("KEY".to_owned(), VALUE.to_owned())]).expect("a good secret");
    let request = request.with_secrets(secrets.clone());
    let asked = http::asked_url(&request).clone();
    match http::filled_url(&request) {
        Ok(filled) => {
            promises::is_plain(&filled);
            assert_eq!(filled.origin(), asked.origin());
            assert_eq!(filled.path(), asked.path());
            let shown = http::redacted(&secrets, &filled);
            for spelling in ["s3cr&t%20key", "s3cr%26t%20key", "s3cr%26t+key", VALUE] {
                assert!(!shown.as_str().contains(spelling), "{shown}");
            }
        }
        Err(words) => promises::is_a_message(&words),
    }
    for credentialed in [false, true] {
        let headers = match http::hop_headers(&request, credentialed) {
            Ok(headers) => headers,
            Err(words) => return promises::is_a_message(&words),
        };
        for (name, value) in &headers {
            assert!(HEADERS.contains(&name.as_str()), "{name}");
            let value = value.to_str().expect("visible ASCII");
            assert!(!value.contains("{{secret:"), "{value}");
            let secret = matches!(name.as_str(), "authorization" | "x-api-key");
            assert!(credentialed || !secret, "{name}");
            promises::is_harmless(value);
        }
    }
}
