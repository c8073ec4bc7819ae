//! What holds for every input: no panic, a normal form is a fixed point, what
//! was printed parses back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use paperfall_identifiers::{AnyId, ArxivId, Doi, OpenAlexId, Pmcid, Pmid, WebUrl};
use paperfall_identifiers::{find_arxiv, find_in_address, find_pmcid};
use proptest::prelude::*;

/// Pieces that identifiers, and the ways of mangling them, are made of.
const PIECES: &[&str] = &[
    "10.",
    "10.1000",
    "10.48550/",
    "arXiv.",
    "/",
    "(",
    ")",
    "<",
    ">",
    "[",
    "]",
    "{",
    "}",
    "%3C",
    "%3E",
    "%253C",
    "%253e",
    "%25",
    "%2F",
    "%2e",
    "%00",
    "%ff",
    "%20",
    ";",
    "#",
    "?",
    "&",
    "=",
    "x=y",
    ".",
    "..",
    ",",
    "'",
    "\"",
    " ",
    "\t",
    "\u{200b}",
    "\u{202e}",
    "\u{feff}",
    "é",
    "İ",
    "ß",
    "doi:",
    "DOI ",
    "info:doi/",
    "urn:doi:",
    "https://",
    "http://",
    "doi.org/",
    "dx.doi.org/",
    "arxiv:",
    "arxiv.org/abs/",
    "arxiv.org/pdf/",
    "2101.00001",
    "1501.0001",
    "0704.0001",
    "hep-th/9901001",
    "math.GT/",
    "0309136",
    "v2",
    "v0",
    ".pdf",
    "PMC",
    "pmcid:",
    "5815332",
    "pmid:",
    "0",
    "W",
    "w2741809807",
    "openalex.org/",
    "works/",
    "url:",
    "pmc.ncbi.nlm.nih.gov/articles/",
    "www.ncbi.nlm.nih.gov/pmc/articles/",
    "europepmc.org/article/",
    "MED/",
    "pubmed.ncbi.nlm.nih.gov/",
    "oai:pubmedcentral.nih.gov:",
    "oai:arXiv.org:",
    "example.org",
    "pub.example/doi/",
    "/full",
    ".full",
    "/figures/1",
    "?doi=",
    "api.unpaywall.org/v2/",
    "identifiers.org/",
    "journals.plos.org/x?id=",
    "export.arxiv.org/api/query?id_list=",
    "&lt;",
    "&gt;",
    "&amp;",
    ":443",
    ":80",
    "@",
    "\\",
    "|",
    "^",
    "`",
    "a",
    "Z",
    "peerj.4375",
    "“",
    "”",
    "«",
    "»",
];

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,60}",
        any::<String>(),
        prop::collection::vec(prop::sample::select(PIECES), 0..12).prop_map(|p| p.concat()),
        ("10\\.[0-9]{4,6}/", ".{1,40}").prop_map(|(prefix, suffix)| prefix + &suffix),
        ("https?://[a-zA-Z.-]{1,20}(:[0-9]{1,5})?", ".{0,40}").prop_map(|(a, b)| a + "/" + &b),
    ]
}

/// Whatever `parse` accepts prints as a normal form that it reads as the same.
macro_rules! fixed_point {
    ($type:ty, $text:expr) => {
        if let Ok(id) = <$type>::parse($text) {
            let printed = id.to_string();
            let again = <$type>::parse(&printed);
            prop_assert_eq!(again.as_ref(), Ok(&id), "{:?} printed {:?}", $text, printed);
            prop_assert_eq!(again.unwrap().to_string(), printed);
        }
    };
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_normal_form_is_a_fixed_point_and_nothing_panics(text in texts()) {
        fixed_point!(Doi, &text);
        fixed_point!(ArxivId, &text);
        fixed_point!(Pmcid, &text);
        fixed_point!(Pmid, &text);
        fixed_point!(OpenAlexId, &text);
        fixed_point!(WebUrl, &text);
        fixed_point!(AnyId, &text);
        if let Some(id) = find_pmcid(&text) {
            prop_assert_eq!(find_pmcid(id.as_str()), Some(id));
        }
        if let Some(id) = find_in_address(&text) {
            let printed = id.to_string();
            prop_assert_eq!(AnyId::parse(&printed), Ok(id), "{:?} printed {:?}", text, printed);
        }
        if let Some(id) = find_arxiv(&text) {
            prop_assert_eq!(find_arxiv(id.as_str()), Some(id));
        }
    }

    #[test]
    fn an_identifiers_canonical_url_names_the_same_identifier(text in texts()) {
        if let Ok(id) = AnyId::parse(&text) {
            let url = id.canonical_url();
            if url.len() <= paperfall_identifiers::MAX_INPUT_BYTES {
                prop_assert_eq!(AnyId::parse(&url), Ok(id), "{}", url);
            }
        }
    }

    #[test]
    fn a_doi_put_into_a_url_stays_in_its_path(suffix in ".{1,40}") {
        if let Ok(doi) = Doi::parse(&format!("10.1000/{suffix}")) {
            let url = url::Url::parse(&format!("https://api.example/v2/{}?email=x", doi.url_path())).unwrap();
            prop_assert_eq!(url.query(), Some("email=x"));
            prop_assert_eq!(url.fragment(), None);
            prop_assert_eq!(url.path(), format!("/v2/{}", doi.url_path()));
        }
    }

    #[test]
    fn a_refusal_is_one_short_line_without_control_characters(text in any::<String>()) {
        if let Err(error) = AnyId::parse(&text) {
            let message = error.to_string();
            prop_assert!(!message.contains(char::is_control), "{:?}", message);
            prop_assert!(message.chars().count() < 1200);
        }
    }

    #[test]
    fn wrapping_changes_nothing(
        year in 16_u32..=99, month in 1_u32..=12, tail in 10_000_u32..=99_999,
        before in "[(\\[{<\"'“ ]{0,4}", after in "[)\\]}>\"'”.,; ]{0,4}",
    ) {
        let bare = format!("{year}{month:02}.{tail}");
        let wrapped = AnyId::parse(&format!("{before}arXiv:{bare}{after}")).unwrap();
        prop_assert_eq!(wrapped.to_string(), format!("arxiv:{}", bare));
    }
}
