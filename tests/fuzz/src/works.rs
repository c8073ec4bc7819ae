//! Lists of works in every format: read to their end, and what was read can be
//! written down and read again as the same work.

use std::collections::BTreeSet;
use std::io::{BufReader, Cursor};

use crate::intake::{Counts, Format, Input, Item, Work, Works, read_works};
use crate::promises;

/// Checks one list.
pub fn check(data: &[u8]) {
    let formats = [Format::Text, Format::Csv, Format::Jsonl, Format::OpenAlex];
    for format in formats.map(Some).into_iter().chain([None]) {
        // A buffer so small that lines span several.
        let reader = BufReader::with_capacity(16, Cursor::new(data.to_vec()));
        match read_works(Input::new("works", reader), format) {
            Ok(works) => read(works),
            Err(error) => promises::is_a_message(&error.to_string()),
        }
    }
}

fn read(mut works: Works) {
    let mut counts = Counts::default();
    let mut ids = BTreeSet::new();
    let mut last = 0;
    while let Some(item) = works.next() {
        let place = match item {
            Ok(Item::Work {
                work,
                place,
                warnings,
            }) => {
                counts.works += 1;
                survives_being_written_down(&work);
                for warning in warnings {
                    promises::is_a_message(&warning.to_string());
                }
                assert!(ids.insert(work.work_id));
                place
            }
            Ok(Item::Bad(error)) => {
                counts.bad += 1;
                promises::is_a_message(&error.to_string());
                error.place
            }
            Ok(Item::Duplicate { work_id, place, .. }) => {
                counts.duplicates += 1;
                assert!(ids.contains(&work_id));
                place
            }
            Err(error) => {
                promises::is_a_message(&error.to_string());
                assert!(works.next().is_none());
                return;
            }
        };
        assert!(place.number() >= last, "the lines come in order");
        last = place.number();
    }
    assert_eq!(works.counts(), counts);
}

fn survives_being_written_down(work: &Work) {
    let ids = [work.work_id.as_str(), &work.artifact_id];
    for text in ids.into_iter().chain(work.title.as_deref()) {
        assert!(!text.contains(char::is_control), "{text:?}");
    }
    assert!(ids.iter().all(|id| (1..=4096).contains(&id.len())));
    for url in work.pdf_urls.iter().chain(&work.landing_urls) {
        promises::is_plain(url.as_url());
    }
    let written = serde_json::to_string(work).expect("a work can be written");
    let read = Work::from_json(&written).expect(&written);
    assert_eq!(read.work, *work, "{written}");
    assert!(read.warnings.is_empty(), "{:?}", read.warnings);
}
