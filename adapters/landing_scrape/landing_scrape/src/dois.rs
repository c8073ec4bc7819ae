//! DOIs inside addresses, where versions, suffixes and ways of display follow
//! them without a sign.

use paperfall_adapter::urls;

use crate::subject::{VIEWS, split_version};

/// How a file or a page of the work is called behind its DOI.
const ENDINGS: [&str; 9] = [
    ".pdf",
    ".epdf",
    ".full-text",
    ".full",
    ".html",
    ".htm",
    ".abstract",
    ".short",
    ".long",
];

/// Whether a text begins with this DOI and not with a longer one:
/// `10.1/nature12` names neither `10.1/nature123` nor its front matter
/// `10.1/nature12-fm`, its chapter `10.1/nature12_7`, its comment
/// `10.1/nature12.r001`, but its second version.
pub(crate) fn begins_with_doi(text: &str, doi: &str) -> bool {
    text.strip_prefix(doi).is_some_and(|rest| {
        let mut rest = without_version(rest, doi);
        while let Some(after) = ENDINGS.iter().find_map(|ending| rest.strip_prefix(ending)) {
            rest = after;
        }
        rest.chars().next().is_none_or(|next| {
            !next.is_alphanumeric() && !matches!(next, '.' | '-' | '_' | ':' | '(' | '~')
        })
    })
}

/// What follows a DOI, without the number of a version: `v2`, `.v2`, `-v2`.
fn without_version<'a>(rest: &'a str, doi: &str) -> &'a str {
    let marked = rest.strip_prefix(['.', '-']).unwrap_or(rest);
    let is_apart = marked.len() < rest.len() || doi.ends_with(|c: char| c.is_ascii_digit());
    match marked.strip_prefix('v') {
        Some(number) if is_apart => {
            let after = number.trim_start_matches(|c: char| c.is_ascii_digit());
            if after.len() < number.len() {
                after
            } else {
                rest
            }
        }
        _ => rest,
    }
}

/// Where DOIs begin in an address in lower case, each to the address's end.
pub(crate) fn dois_in(address: &str) -> impl Iterator<Item = &str> {
    address.match_indices("10.").filter_map(|(at, _)| {
        let before = address.get(..at)?.chars().next_back();
        let rest = address.get(at..)?;
        let (registrant, suffix) = rest.split_once('/')?;
        let digits = registrant.get(3..)?.split('.').next().unwrap_or_default();
        let is_doi = before.is_none_or(|c| !c.is_alphanumeric() && c != '.')
            && (4..=9).contains(&digits.len())
            && registrant
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.')
            && suffix.starts_with(char::is_alphanumeric);
        is_doi.then_some(rest)
    })
}

/// The DOI in a page's own path, without how the page is shown.
pub(crate) fn doi_of(path: &str) -> Option<String> {
    let path = urls::decode(path);
    let doi = dois_in(&path).next()?;
    let mut doi = doi.trim_end_matches('/');
    while let Some((before, last)) = doi.rsplit_once('/')
        && VIEWS.contains(&last)
    {
        doi = before;
    }
    let doi = doi
        .trim_end_matches(".html")
        .trim_end_matches(".htm")
        .trim_end_matches(".full");
    Some(split_version(doi).0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doi_is_a_works_own_only_where_nothing_of_another_doi_follows() {
        let doi = "10.1515/9783110123456";
        for rest in [
            "",
            "/pdf",
            "/html?x=1",
            "?download=true",
            "&type=printable",
            "#p",
            "%20",
            "+html",
            "v2",
            "v2.full.pdf",
            ".v3",
            "-v2",
            ".pdf",
            ".full.pdf",
            ".full.pdf+html",
            ".epdf",
            ".full-text.pdf",
            ".html",
            ".abstract",
            ".short",
        ] {
            assert!(begins_with_doi(&format!("{doi}{rest}"), doi), "{rest}");
        }
        for rest in [
            "-fm/pdf",
            "-001/pdf",
            "_7.pdf",
            ".1",
            ".r001&type=printable",
            ".s001",
            "7",
            "v",
            "vol",
            ".pdfx",
            "-toc",
            ":1",
            "(2)",
        ] {
            assert!(!begins_with_doi(&format!("{doi}{rest}"), doi), "{rest}");
        }
        assert!(!begins_with_doi("10.1234/abcv2", "10.1234/abc"));
    }

    #[test]
    fn a_doi_is_found_in_path_and_query_and_a_number_is_none() {
        for (address, found) in [
            ("p.example/doi/10.1234/abc", Some("10.1234/abc")),
            ("p.example/get?doi=10.1234/abc&x=1", Some("10.1234/abc&x=1")),
            ("p.example/10.1234.10/abc", Some("10.1234.10/abc")),
            ("p.example/10.12/abc", None),
            ("p.example/v10.1234/abc", None),
            ("p.example/2.10.1234/abc", None),
            ("p.example/10.1234/", None),
            ("p.example/10.1234", None),
        ] {
            assert_eq!(dois_in(address).next(), found, "{address}");
        }
    }

    #[test]
    fn a_pages_doi_is_read_without_how_the_page_is_shown() {
        for (path, doi) in [
            (
                "articles/10.3389/fpsyg.2020.00001/full",
                Some("10.3389/fpsyg.2020.00001"),
            ),
            (
                "doi/abs/10.1093/bio/btab001.html",
                Some("10.1093/bio/btab001"),
            ),
            (
                "content/10.1101/2020.01.02.123456v2",
                Some("10.1101/2020.01.02.123456"),
            ),
            ("articles/7", None),
        ] {
            assert_eq!(doi_of(path).as_deref(), doi, "{path}");
        }
    }
}
