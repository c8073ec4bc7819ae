//! What holds for every list: no panic, and what was read can be written down
//! and read again as the same work.

use proptest::prelude::*;

use super::open_as;
use crate::intake::{Format, Item, Work};

/// Pieces that lists, and their corruptions, are made of.
const PIECES: &[&str] = &[
    "doi",
    "title",
    "pmid",
    "url",
    "id",
    ",",
    ";",
    "\t",
    "\n",
    "\r\n",
    "\"",
    "\"\"",
    "#",
    " ",
    "{",
    "}",
    "[",
    "]",
    ":",
    "null",
    "17",
    "\"doi\":",
    "\"identifiers\":{",
    "\"arxiv\":",
    "\"10.1000/a\"",
    "\"landing_urls\":[",
    "\"https://a.example/x\"",
    "\"https://doi.org/10.1000/b\"",
    "\"work_id\":",
    "\"id\":",
    "\"locations\":[",
    "\"https://openalex.org/W1\"",
    "\"url\":",
    "10.1000/a",
    "10.1002/(SICI)1<2::A>3.0.CO;2-#",
    "arXiv:2101.00001v2",
    "hep-th/9901001",
    "PMC5",
    "pmid:7",
    "W9",
    "https://a.example/a.pdf.",
    "\u{feff}",
    "\0",
    "é",
];

fn lists() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        any::<Vec<u8>>(),
        prop::collection::vec(prop::sample::select(PIECES), 0..30)
            .prop_map(|p| p.concat().into_bytes()),
        prop::collection::vec(
            (
                prop::sample::select(
                    &[
                        "doi",
                        "pmid",
                        "arxiv",
                        "pmcid",
                        "url",
                        "work_id",
                        "landing_urls",
                        "pdf_urls",
                        "openalex",
                        "isbn"
                    ][..]
                ),
                prop::sample::select(
                    &[
                        "10.1000/a",
                        "5",
                        "2101.00001",
                        "PMC5",
                        "https://a.example/a.pdf",
                        "https://arxiv.org/abs/2101.00002",
                        "doi:10.1000/c",
                        "W4",
                        "x"
                    ][..]
                )
            ),
            0..5
        )
        .prop_map(|fields| {
            let object: serde_json::Map<_, _> = fields
                .into_iter()
                .map(|(k, v)| (k.to_owned(), v.into()))
                .collect();
            serde_json::Value::Object(object).to_string().into_bytes()
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_list_is_read_to_its_end_and_its_works_survive_being_written_down(
        list in lists(),
        format in prop::sample::select(&[None, Some(Format::Text), Some(Format::Csv), Some(Format::Jsonl), Some(Format::OpenAlex)][..]),
    ) {
        let Ok(works) = open_as("works", list, format) else { return Ok(()) };
        for item in works {
            match item {
                Ok(Item::Work { work, .. }) => {
                    let written = serde_json::to_string(&work).unwrap();
                    let read = Work::from_json(&written);
                    prop_assert!(read.is_ok(), "{}: {:?}", written, read);
                    let read = read.unwrap();
                    prop_assert_eq!(&read.work, &*work, "{}", written);
                    prop_assert!(read.warnings.is_empty(), "{:?}", read.warnings);
                }
                Ok(Item::Bad(error)) => {
                    prop_assert!(!error.to_string().contains(char::is_control), "{}", error);
                }
                Ok(Item::Duplicate { .. }) | Err(_) => {}
            }
        }
    }
}
