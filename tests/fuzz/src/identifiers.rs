//! Identifiers: no panic, a normal form is a fixed point, what was printed
//! parses back.

use paperfall_identifiers::{AnyId, ArxivId, Doi, OpenAlexId, Pmcid, Pmid, WebUrl};
use paperfall_identifiers::{MAX_INPUT_BYTES, find_arxiv, find_in_address, find_pmcid};

use crate::intake::Identifiers;
use crate::promises;

macro_rules! fixed_point {
    ($type:ty, $text:expr) => {
        match <$type>::parse($text) {
            Ok(id) => {
                let printed = id.to_string();
                assert_eq!(<$type>::parse(&printed), Ok(id), "{printed:?}");
                promises::is_a_message(&printed);
            }
            Err(error) => promises::is_a_message(&error.to_string()),
        }
    };
}

/// Checks one pasted text.
pub fn check(data: &[u8]) {
    let text = &*String::from_utf8_lossy(data);
    fixed_point!(Doi, text);
    fixed_point!(ArxivId, text);
    fixed_point!(Pmcid, text);
    fixed_point!(Pmid, text);
    fixed_point!(OpenAlexId, text);
    fixed_point!(WebUrl, text);
    fixed_point!(AnyId, text);
    if let Ok(id) = AnyId::parse(text) {
        let url = id.canonical_url();
        if url.len() <= MAX_INPUT_BYTES {
            assert_eq!(AnyId::parse(&url), Ok(id), "{url}");
        }
    }
    if let Ok(doi) = Doi::parse(text) {
        stays_in_its_path(&doi);
    }
    if let Some(id) = find_pmcid(text) {
        assert_eq!(find_pmcid(id.as_str()), Some(id));
    }
    if let Some(id) = find_arxiv(text) {
        assert_eq!(find_arxiv(id.as_str()), Some(id));
    }
    if let Some(id) = find_in_address(text) {
        assert_eq!(AnyId::parse(&id.to_string()).as_ref(), Ok(&id));
        if let AnyId::Doi(doi) = id {
            is_learnt_again(&doi);
        }
    }
    learns(text);
}

/// What was learnt from an address has nothing more to be cut off.
fn is_learnt_again(doi: &Doi) {
    let url = format!("https://api.datacite.org/dois/{}", doi.url_path());
    if url.len() <= MAX_INPUT_BYTES {
        assert_eq!(
            find_in_address(&url),
            Some(AnyId::Doi(doi.clone())),
            "{url}"
        );
    }
}

fn stays_in_its_path(doi: &Doi) {
    let path = format!("/v2/{}", doi.url_path());
    let url = url::Url::parse(&format!("https://api.example{path}?email=x")).unwrap();
    assert_eq!(url.query(), Some("email=x"), "{doi}");
    assert_eq!(url.fragment(), None, "{doi}");
    assert_eq!(url.path(), path, "{doi}");
}

/// What is learnt under any scheme is learnt once, in its normal form.
fn learns(text: &str) {
    let (scheme, value) = text.split_once(' ').unwrap_or(("doi", text));
    let mut known = Identifiers::default();
    if known.learn(scheme, value) {
        let again: Vec<_> = known.iter().collect();
        let mut second = Identifiers::default();
        for (scheme, value) in again {
            assert!(!value.is_empty() && !value.contains(char::is_control));
            second.learn(scheme, value);
        }
        assert_eq!(second, known);
        assert!(!known.learn(scheme, value));
    }
}
