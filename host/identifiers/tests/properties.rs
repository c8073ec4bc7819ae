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
    "api.datacite.org/dois/",
    "pub.example/x?doi=",
    "/article-pdf/doi/",
    "brain/119.2.377",
    "0004-637X/792/2/123",
    "(SICI)1-2(3)4:5<6::A>3.0.CO;2-X",
    "/s1",
    ".s001",
    "SUPP",
    "/5544927",
    "/A-title",
    ";jsessionid=1",
    "10.1101/",
    "v3",
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

/// Where publishers put a DOI in a path.
const PLACES: &[&str] = &[
    "https://pub.example/doi/",
    "https://pub.example/doi/full/",
    "https://pub.example/article/",
    "https://pub.example/content/pdf/",
    "https://pub.example/x/advance-article/doi/",
    "https://pub.example/x/article-pdf/doi/",
    "https://link.springer.com/",
    "https://www.taylorfrancis.com/chapters/edit/",
    "https://bioone.org/journals/x/volume-1/issue-2/Title/",
    "https://www.biorxiv.org/content/",
];

/// What stands behind a DOI in addresses and is never its own.
const BEHIND: &[&str] = &[
    "/full",
    ".full.pdf",
    "/s1",
    "/mmc1.pdf",
    "/suppl",
    "/supplement/1",
    "/v2",
    "/download",
    "/data",
    "/figures/1",
    "/issue",
    "/bibTex",
    "/A-title",
    "/A-title-of-2020",
    "/5544927",
    "/12345/x.pdf",
    "/10.1000/other.1",
    ".external-links",
    ".s001",
    ".docx",
    ";jsessionid=1A",
    "?download=true",
    "&type=pdf",
    "#sec-1",
    "?doi=10.1000/other.1",
    "?type=supplementary",
    "/",
];

/// DOIs of the shapes that registrants have, in their normal form.
fn dois() -> impl Strategy<Value = String> {
    prop_oneof![
        "10\\.[1-9][0-9]{3}/[a-z]{2,8}[.-][0-9]{3,6}",
        "10\\.[1-9][0-9]{3}/[0-9]{5,9}",
        "10\\.1088/[0-9]{4}-[0-9]{3}x/[0-9]{3}/[0-9]/[0-9]{3}",
        "10\\.1093/[a-z]{4,9}/gk[a-z][0-9]{3}",
        "10\\.1002/\\(sici\\)1097-0258\\([0-9]{4}/[0-9]{2}\\)17:2/3\\[1::aid\\]3\\.0\\.co;2-[a-z]",
    ]
}

fn learnt(url: &str) -> Option<Doi> {
    match find_in_address(url) {
        Some(AnyId::Doi(doi)) => Some(doi),
        _ => None,
    }
}

/// Whether what was learnt stands whole in the address as it reads decoded.
fn stands_in(doi: &Doi, url: &str) -> bool {
    let ascii = |text: &str| -> String {
        text.chars()
            .filter(char::is_ascii)
            .collect::<String>()
            .to_ascii_lowercase()
    };
    let mut read = url.to_owned();
    for _ in 0..8 {
        let decoded = percent_encoding::percent_decode_str(&read).decode_utf8_lossy();
        let unescaped = decoded
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&");
        let readings = [read.as_str(), &decoded, &unescaped];
        if readings
            .iter()
            .any(|read| ascii(read).contains(&ascii(doi.as_str())))
        {
            return true;
        }
        read = unescaped;
    }
    false
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
        for url in [text.clone(), format!("https://pub.example/doi/{text}"), format!("https://pub.example/x?doi={text}")] {
            if let Some(doi) = learnt(&url) {
                prop_assert!(stands_in(&doi, &url), "{} taught {}", url, doi);
                let again = format!("https://api.datacite.org/dois/{}", doi.url_path());
                if again.len() <= paperfall_identifiers::MAX_INPUT_BYTES {
                    prop_assert_eq!(learnt(&again), Some(doi), "{} taught it", url);
                }
            }
        }
        if let Some(id) = find_arxiv(&text) {
            prop_assert_eq!(find_arxiv(id.as_str()), Some(id));
        }
    }

    #[test]
    fn what_stands_behind_a_doi_in_an_address_never_becomes_part_of_it(
        doi in dois(),
        place in prop::sample::select(PLACES),
        behind in prop::collection::vec(prop::sample::select(BEHIND), 0..4),
    ) {
        let url = format!("{place}{doi}{}", behind.concat());
        if let Some(found) = learnt(&url) {
            prop_assert_eq!(found.as_str(), doi.as_str(), "{}", url);
        }
        let alone = learnt(&format!("https://pub.example/doi/{doi}"));
        prop_assert_eq!(alone.as_ref().map(Doi::as_str), Some(doi.as_str()));
    }

    #[test]
    fn a_word_of_the_address_behind_a_whole_doi_is_none_of_it(
        doi in "10\\.[1-9][0-9]{3}/[a-z]{2,8}[.-][0-9]{3,6}",
        place in prop::sample::select(PLACES),
        behind in "(/[A-Za-z0-9._~%+-]{1,12}){1,3}",
    ) {
        if let Some(found) = learnt(&format!("{place}{doi}{behind}")) {
            prop_assert_eq!(found.as_str(), doi, "{}", behind);
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
