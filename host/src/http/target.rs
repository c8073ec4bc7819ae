//! Which URLs may be asked at all, before any grant or address is looked at.
//!
//! The `url` crate brings the many spellings of a host (octal, hexadecimal and
//! short IPv4, percent-encoding, full-width digits) to one canonical form; the
//! rules here see nothing else, and so does everything after them.

use url::Url;

use super::error::HttpErrorKind;
use super::fault::Fault;

/// The longest URL a requester may ask for.
pub const URL_MAX_BYTES: usize = 4096;
/// Redirects may be longer: sign-on services carry whole documents in them.
pub(super) const REDIRECT_MAX_BYTES: usize = 16 * 1024;

/// Reads a URL a requester gave.
pub(super) fn parse(text: &str) -> Result<Url, Fault> {
    if text.len() > URL_MAX_BYTES {
        return Err(bad(text, "it is longer than 4 KiB"));
    }
    // The parser would drop tabs and line breaks silently.
    if text.chars().any(char::is_control) {
        return Err(bad(text, "it has control characters in it"));
    }
    let url = Url::parse(text).map_err(|error| bad(text, &error.to_string()))?;
    check(url)
}

/// Reads the target of a redirect, relative to the page that sent it.
pub(super) fn parse_redirect(from: &Url, location: &[u8]) -> Result<Url, Fault> {
    // Servers send raw UTF-8 and, rarely, Latin-1; the parser encodes both.
    let location = match std::str::from_utf8(location) {
        Ok(text) => text.to_owned(),
        Err(_) => location.iter().map(|byte| char::from(*byte)).collect(),
    };
    if location.len() > REDIRECT_MAX_BYTES {
        return Err(bad(&location, "the redirect is longer than 16 KiB"));
    }
    let url = from
        .join(&location)
        .map_err(|error| bad(&location, &format!("as a redirect of {from}: {error}")))?;
    check(url)
}

/// Holds a parsed URL to the rules and brings it to its one form: no fragment,
/// no dot at the end of the host.
fn check(mut url: Url) -> Result<Url, Fault> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad(url.as_str(), "only http and https are fetched"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad(url.as_str(), "it carries a user name or password"));
    }
    if url.port() == Some(0) {
        return Err(bad(url.as_str(), "port 0 cannot be dialled"));
    }
    let Some(host) = url.host_str() else {
        return Err(bad(url.as_str(), "it has no host"));
    };
    if let Some(bare) = host.strip_suffix('.') {
        let bare = bare.to_owned();
        if bare.ends_with('.') || url.set_host(Some(&bare)).is_err() {
            return Err(bad(url.as_str(), "its host is not a host name"));
        }
    }
    url.set_fragment(None);
    Ok(url)
}

fn bad(text: &str, why: &str) -> Fault {
    Fault::new(
        HttpErrorKind::BadUrl,
        format!("{} cannot be fetched: {why}", shown(text)),
    )
}

/// A text fit for a message: at most 200 characters, control characters
/// escaped, and nothing before an `@` where a URL would have a password.
pub(super) fn shown(text: &str) -> String {
    let authority = text.split_once("//").map_or("", |(_, rest)| rest);
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    let unnamed = match authority.rsplit_once('@') {
        Some((user, _)) => text.replacen(user, "…", 1),
        None => text.to_owned(),
    };
    let text = unnamed.as_str();
    let mut short: String = text
        .chars()
        .take(200)
        .flat_map(|c| {
            let escaped = c.is_control().then(|| c.escape_default());
            let plain = (!c.is_control()).then_some(c);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect();
    if text.chars().nth(200).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn one_form_stands_for_all_spellings_of_a_url() {
        for (given, normal) in [
            ("HTTPS://A.org:443/x#frag", "https://a.org/x"),
            ("http://a.org./x", "http://a.org/x"),
            ("http://127.1/", "http://127.0.0.1/"),
            ("http://0x7f.0.0.1./", "http://127.0.0.1/"),
            ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ] {
            assert_eq!(parse(given).unwrap().as_str(), normal, "{given}");
        }
    }

    #[test]
    fn what_is_no_plain_web_url_is_refused() {
        let long = format!("https://a.org/{}", "x".repeat(URL_MAX_BYTES));
        for bad in [
            "",
            "a.org",
            "/x",
            "file:///etc/passwd",
            "data:text/plain,x",
            "ftp://a.org/",
            "javascript:1",
            "https://u:p@a.org/",
            "https://u@a.org/",
            "https://:p@a.org/",
            "http://a.org:0/",
            "http://a.org:70000/",
            "http:///",
            "http://./",
            "http://a.org../",
            "http://a b/",
            "http://a.org/\r\nX: y",
            "http://a.org/\tx",
            "http://[::1",
            "http://%00/",
            &long,
        ] {
            let fault = parse(bad).unwrap_err();
            assert_eq!(fault.kind, HttpErrorKind::BadUrl, "{bad:?}");
            assert!(!fault.message.contains('\n') && fault.message.len() < 500);
        }
    }

    #[test]
    fn a_message_never_repeats_a_password() {
        for url in [
            "https://user:hunter2@a.org/",
            "https://user:hunter2@a b/",
            "https://u@hunter2@a.org:0/x",
        ] {
            let fault = parse(url).unwrap_err();
            assert!(!fault.message.contains("hunter2"), "{}", fault.message);
            assert!(!shown(url).contains("hunter2"));
        }
    }

    #[test]
    fn a_message_shows_200_characters_and_marks_that_there_were_more() {
        let text = |length: usize| shown(&"x".repeat(length));
        assert_eq!(text(200), "x".repeat(200));
        assert_eq!(text(201), format!("{}…", "x".repeat(200)));
    }

    #[test]
    fn a_message_shows_control_characters_for_what_they_are() {
        assert_eq!(shown("http://a\u{7}\n/"), "http://a\\u{7}\\n/");
    }

    #[test]
    fn a_redirect_is_read_relative_to_its_page_and_held_to_the_same_rules() {
        let page = parse("https://a.org/x/y?z").unwrap();
        let to = |location: &[u8]| parse_redirect(&page, location).map(|url| url.to_string());
        assert_eq!(to(b"../p q").unwrap(), "https://a.org/p%20q");
        assert_eq!(to(b"//b.org/").unwrap(), "https://b.org/");
        assert_eq!(to("/\u{e9}".as_bytes()).unwrap(), "https://a.org/%C3%A9");
        assert_eq!(to(b"/\xe9").unwrap(), "https://a.org/%C3%A9");
        assert!(to(b"file:///etc/passwd").is_err());
        assert!(to(b"https://u:p@a.org/").is_err());
    }
}
