//! The tier grammar under arbitrary input: what is well formed reads back,
//! what is not is one line, nothing panics.

use std::path::Path;

use proptest::prelude::*;

use super::super::origin::Origin;
use super::super::tier_spec::parse;

const PLACE: Origin = Origin::Flag {
    name: "--fallback-tier",
};

/// Text that looks like a specification more often than not.
fn nearly_a_spec() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("direct_oa".to_owned()),
        Just("sources".to_owned()),
        Just("parallel".to_owned()),
        Just("adapter".to_owned()),
        Just("enabled".to_owned()),
        Just("a.wasm".to_owned()),
        "[ -~]{0,6}",
        "\\PC{0,3}",
        any::<i64>().prop_map(|n| n.to_string()),
    ];
    let mark = prop_oneof![
        Just(":"),
        Just(","),
        Just("="),
        Just("+"),
        Just(";"),
        Just("")
    ];
    prop::collection::vec((word, mark), 0..12)
        .prop_map(|parts| parts.into_iter().map(|(word, mark)| word + mark).collect())
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_on_one_line(text in prop_oneof![any::<String>(), nearly_a_spec()]) {
        if let Err(error) = parse(&text, &PLACE, Path::new("")) {
            let line = error.to_string();
            prop_assert!(line.starts_with("--fallback-tier: "), "{}", line);
            prop_assert!(!line.chars().any(char::is_control), "{}", line);
        }
    }

    #[test]
    fn a_well_formed_specification_reads_as_written(
        tier in "[a-z][a-z0-9_]{5,20}",
        parallel in 1u32..=64,
        timeout in 1u32..=86_400_000,
        retries in 0u32..=10,
        sources in prop::collection::btree_set("[a-z][a-z0-9]{5,20}", 1..5),
        space in " {0,2}",
    ) {
        let sources: Vec<String> = sources.into_iter().collect();
        let text = format!(
            "{tier}:{space}parallel={space}{parallel},timeout_ms={timeout},{space}retries={retries},sources={}",
            sources.join("+")
        );
        let change = parse(&text, &PLACE, Path::new("")).unwrap();
        prop_assert_eq!(change.name.as_str(), tier);
        prop_assert_eq!(change.parallel.unwrap().value, parallel);
        prop_assert_eq!(change.timeout_ms.unwrap().value, timeout);
        prop_assert_eq!(change.retries.unwrap().value, retries);
        let read: Vec<String> = change.sources.unwrap().value.iter().map(ToString::to_string).collect();
        prop_assert_eq!(read, sources);
        prop_assert!(!change.may_create);
    }
}
