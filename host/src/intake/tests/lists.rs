//! Whole lists in every format.

use super::{describe, items, open, open_as, summary};
use crate::intake::{Counts, Format, Item};

fn format_of(text: &str) -> Format {
    open(text).unwrap().format()
}

#[test]
fn text_has_one_id_a_line_with_comments_and_blank_lines() {
    let list = "\u{feff}# my works\r\n\r\n10.7717/peerj.4375\r\n  arXiv:2101.00001 # a preprint\n\
                PMC5815332\t# tab\nhttps://peerj.com/a#b\n10.1000/3.0.CO;2-#\n";
    assert_eq!(
        summary(list),
        [
            "doi:10.7717/peerj.4375",
            "arxiv:2101.00001",
            "pmcid:PMC5815332",
            "url:https://peerj.com/a",
            "doi:10.1000/3.0.co;2-#",
        ]
    );
}

#[test]
fn formats_are_told_by_the_first_line_that_says_something() {
    assert_eq!(format_of("\n# x\n10.7717/peerj.4375"), Format::Text);
    assert_eq!(format_of("[10.7717/peerj.4375]\n"), Format::Text);
    assert_eq!(format_of("# export\nTitle,DOI\nx,10.1000/a"), Format::Csv);
    assert_eq!(format_of("url\nhttps://a.example/"), Format::Csv);
    assert_eq!(
        format_of("\"Url\";\"Title\"\nhttps://a.example/;x"),
        Format::Csv
    );
    assert_eq!(format_of("\n{\"doi\":\"10.1000/a\"}"), Format::Jsonl);
    assert_eq!(
        format_of(r#"{"id":"https://openalex.org/W1"}"#),
        Format::OpenAlex
    );
    assert_eq!(
        format_of(r#"{"doi":null,"open_access":{}}"#),
        Format::OpenAlex
    );
}

#[test]
fn a_given_format_is_not_second_guessed() {
    let works = open_as("x", "10.1000/a\n", Some(Format::Jsonl)).unwrap();
    let found: Vec<_> = works.map(|item| describe(&item.unwrap())).collect();
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("not JSON"), "{found:?}");
    assert!("yaml".parse::<Format>().is_err());
    for format in Format::ALL {
        assert_eq!(format.as_str().parse::<Format>().unwrap(), format);
    }
}

#[test]
fn csv_columns_are_known_by_name_in_any_case_order_and_delimiter() {
    let expected = ["doi:10.1000/a", "pmid:29456894", "arxiv:2101.00001"];
    let comma = "Title,PMID,\"DOI\",arXiv_ID,note\n\
                 \"One, two\",,10.1000/A,,x\n,29456894.0,,,\n\n,,,,\nThree,,,2101.00001\n";
    assert_eq!(summary(comma), expected);
    assert_eq!(
        summary("title;pmid;doi;arxiv\nOne, two;;10.1000/A;\n;29456894;;\n;;;2101.00001\n"),
        expected
    );
    assert_eq!(
        summary(
            "title\tpmid\tdoi\tarxiv\r\nOne\t\t10.1000/A\t\r\n\t29456894\t\t\r\n\t\t\t2101.00001"
        ),
        expected
    );
}

#[test]
fn csv_fields_may_hold_quotes_delimiters_and_line_breaks() {
    let list = "doi,title\n10.1000/a,\"A \"\"quoted\"\", broken\ntitle\"\n10.1000/b,plain \"x\n";
    let found = items(list);
    assert_eq!(found.len(), 2);
    match (&found[0], &found[1]) {
        (Item::Work { work: a, .. }, Item::Work { work: b, place, .. }) => {
            assert_eq!(a.title.as_deref(), Some("A \"quoted\", broken title"));
            assert_eq!(b.title.as_deref(), Some("plain \"x"));
            assert_eq!(place.number(), 4);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_lone_csv_column_needs_no_quotes_around_commas() {
    assert_eq!(
        summary("doi\n10.1000/a,b;c\n\"10.1000/d,e\"\n"),
        ["doi:10.1000/a,b;c", "doi:10.1000/d,e"]
    );
}

#[test]
fn a_csv_row_carries_urls_and_given_names() {
    let found = items(
        "work_id,artifact_id,openalex,pdf_url,landing_url,id\n\
         w1,w1:main,W7,https://a.example/x,https://a.example/y,3\n",
    );
    let Item::Work { work, warnings, .. } = &found[0] else {
        panic!("{found:?}")
    };
    assert!(warnings.is_empty());
    assert_eq!(
        (work.work_id.as_str(), work.artifact_id.as_str()),
        ("w1", "w1:main")
    );
    assert_eq!(work.identifiers.get("openalex"), Some("W7"));
    assert_eq!(work.pdf_urls[0].as_str(), "https://a.example/x");
    assert_eq!(work.canonical_url, "https://a.example/y");
}

#[test]
fn an_unclosed_quote_costs_its_own_row_only() {
    let found = summary("doi,title\n10.1000/a,\"open\n10.1000/b,x\n10.1000/c,y\n");
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[0].contains("works.txt:2") && found[0].contains("never closed"));
    assert_eq!(found[1..], ["doi:10.1000/b", "doi:10.1000/c"]);
}

#[test]
fn a_row_with_surplus_fields_is_refused_rather_than_misread() {
    let found = summary("title,doi\nOne, two,10.1000/a\nThree,10.1000/b\n");
    assert!(found[0].contains("3 fields, the header 2"), "{found:?}");
    assert_eq!(found[1], "doi:10.1000/b");
}

#[test]
fn jsonl_mixes_both_shapes_and_skips_what_is_broken() {
    let found = summary(
        "{\"doi\":\"10.1000/a\"}\n\n# note\n{\"doi\":\n[1]\n\
         {\"id\":\"https://openalex.org/W1\"}\n\"10.1000/b\"\n{\"pmid\":5}",
    );
    assert_eq!(found.len(), 6, "{found:?}");
    assert_eq!(found[0], "doi:10.1000/a");
    assert!(found[1].contains("works.txt:4") && found[1].contains("not JSON"));
    assert!(found[2].contains("a number, not an object"));
    assert_eq!(found[3], "W1");
    assert!(found[4].contains("a string, not an object"));
    assert_eq!(found[5], "pmid:5");
}

#[test]
fn a_broken_first_line_of_jsonl_costs_only_itself() {
    let found = summary("{\"doi\":\"10.1000/a\n{\"pmid\":5}\n");
    assert!(found[0].contains("works.txt:1"), "{found:?}");
    assert_eq!(found[1], "pmid:5");
}

#[test]
fn lists_and_api_answers_on_one_line_are_opened() {
    assert_eq!(
        summary(r#"[{"doi":"10.1000/a"},{"pmid":5},{"pmid":"5"}]"#),
        ["doi:10.1000/a", "pmid:5", "again: pmid:5 1<-1"]
    );
    assert_eq!(
        summary(
            r#"{"meta":{"count":2},"results":[{"id":"https://openalex.org/W1"},{"id":"https://openalex.org/W2"}]}"#
        ),
        ["W1", "W2"]
    );
}

#[test]
fn a_work_named_twice_is_told_with_both_lines() {
    let mut works =
        open("10.1000/a\nx y\nhttps://doi.org/10.1000/A\n10.1000/b\ndoi:10.1000/a\n").unwrap();
    let found: Vec<_> = works
        .by_ref()
        .map(|item| describe(&item.unwrap()))
        .collect();
    assert_eq!(found[0], "doi:10.1000/a");
    assert_eq!(found[2], "again: doi:10.1000/a 3<-1");
    assert_eq!(found[4], "again: doi:10.1000/a 5<-1");
    assert_eq!(
        works.counts(),
        Counts {
            works: 2,
            bad: 1,
            duplicates: 2
        }
    );
}

#[test]
fn warnings_carry_the_line_they_belong_to() {
    let found = items("{\"pmid\":1}\n{\"pmid\":2,\"doi\":\"x\"}\n");
    let Item::Work { warnings, .. } = &found[1] else {
        panic!("{found:?}")
    };
    assert!(
        warnings[0]
            .to_string()
            .starts_with("works.txt:2: doi: \"x\" is not a DOI")
    );
}
