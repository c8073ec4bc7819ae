//! Single works: their names, canonical URLs and shapes.

use paperfall_identifiers::AnyId;

use super::only_work;
use crate::intake::{ReadWork, Work};

fn read(json: &str) -> ReadWork {
    Work::from_json(json).unwrap()
}

fn from_id(pasted: &str) -> Work {
    Work::from_id(&AnyId::parse(pasted).unwrap())
}

#[test]
fn each_kind_of_identifier_names_its_work_as_the_identity_table_says() {
    for (pasted, work_id, canonical_url) in [
        (
            "10.7717/PeerJ.4375",
            "doi:10.7717/peerj.4375",
            "https://doi.org/10.7717/peerj.4375",
        ),
        (
            "arXiv:2101.00001",
            "arxiv:2101.00001",
            "https://arxiv.org/abs/2101.00001",
        ),
        (
            "2101.00001v2",
            "arxiv:2101.00001v2",
            "https://arxiv.org/abs/2101.00001v2",
        ),
        (
            "pmc5815332",
            "pmcid:PMC5815332",
            "https://pmc.ncbi.nlm.nih.gov/articles/PMC5815332/",
        ),
        (
            "pmid:29456894",
            "pmid:29456894",
            "https://pubmed.ncbi.nlm.nih.gov/29456894/",
        ),
        (
            "https://PeerJ.com/a#b",
            "url:https://peerj.com/a",
            "https://peerj.com/a",
        ),
        (
            "W2741809807",
            "W2741809807",
            "https://openalex.org/W2741809807",
        ),
    ] {
        let work = from_id(pasted);
        assert_eq!(work.work_id.as_str(), work_id);
        assert_eq!(work.artifact_id, format!("{work_id}:pdf"));
        assert_eq!(work.canonical_url, canonical_url);
        // Reading it as a line of text gives the very same work.
        assert_eq!(only_work(pasted), work);
    }
}

#[test]
fn a_pdf_address_counts_as_the_pdf_and_any_other_as_a_landing_page() {
    let pdf = from_id("https://peerj.com/a.PDF?x=1");
    assert_eq!(pdf.pdf_urls[0].as_str(), "https://peerj.com/a.PDF?x=1");
    assert!(pdf.landing_urls.is_empty());
    let page = from_id("https://peerj.com/articles/4375");
    assert_eq!(
        page.landing_urls[0].as_str(),
        "https://peerj.com/articles/4375"
    );
    assert!(page.pdf_urls.is_empty());
}

#[test]
fn the_documented_shape_is_read_and_written_back_unchanged() {
    let text = r#"{"work_id":"W2741809807","artifact_id":"W2741809807:pdf","title":"The state of OA","identifiers":{"doi":"10.7717/peerj.4375","arxiv":"2101.00001v2","pmcid":"PMC5815332","pmid":"29456894","openalex":"W2741809807","mag":"1"},"pdf_urls":["https://peerj.com/a.pdf"],"landing_urls":["https://peerj.com/articles/4375"]}"#;
    let ReadWork { work, warnings } = read(text);
    assert!(warnings.is_empty());
    assert_eq!(serde_json::to_string(&work).unwrap(), text);
    assert_eq!(work.canonical_url, "https://doi.org/10.7717/peerj.4375");
}

#[test]
fn shorthand_numbers_and_single_urls_are_accepted() {
    let work = read(
        r#"{"doi":"https://doi.org/10.7717/PEERJ.4375","arxiv_id":"arXiv:2101.00001","pmcid":5815332,
            "pmid":29456894,"url":"https://peerj.com/articles/4375","pdf_urls":"https://peerj.com/a.pdf"}"#,
    )
    .work;
    assert_eq!(work.work_id.as_str(), "doi:10.7717/peerj.4375");
    assert_eq!(work.identifiers.get("pmcid"), Some("PMC5815332"));
    assert_eq!(work.identifiers.get("pmid"), Some("29456894"));
    assert_eq!(work.pdf_urls[0].as_str(), "https://peerj.com/a.pdf");
    assert_eq!(
        work.landing_urls[0].as_str(),
        "https://peerj.com/articles/4375"
    );
}

#[test]
fn the_first_identifier_of_the_tables_order_names_the_work() {
    let name = |json: &str| read(json).work.work_id.to_string();
    assert_eq!(
        name(r#"{"pmid":1,"pmcid":"PMC2","arxiv_id":"2101.00001","doi":"10.1000/a"}"#),
        "doi:10.1000/a"
    );
    assert_eq!(
        name(r#"{"pmid":1,"pmcid":"PMC2","arxiv_id":"2101.00001"}"#),
        "arxiv:2101.00001"
    );
    assert_eq!(name(r#"{"pmid":1,"pmcid":"PMC2"}"#), "pmcid:PMC2");
    assert_eq!(name(r#"{"url":"https://a.example/","pmid":1}"#), "pmid:1");
    assert_eq!(
        name(r#"{"openalex":"W1","url":"https://a.example/"}"#),
        "url:https://a.example/"
    );
    assert_eq!(
        name(r#"{"openalex":"W1","landing_urls":["https://a.example/"]}"#),
        "W1"
    );
    assert_eq!(
        name(r#"{"landing_urls":["https://a.example/"]}"#),
        "url:https://a.example/"
    );
    assert_eq!(name(r#"{"work_id":" mine ","doi":"10.1000/a"}"#), "mine");
    assert_eq!(name(r#"{"identifiers":{"isbn":"978"}}"#), "isbn:978");
    assert_eq!(
        name(r#"{"identifiers":{"url":"https://a.example/"}}"#),
        "url:https://a.example/"
    );
}

#[test]
fn an_openalex_work_is_pinned_to_its_best_page() {
    let canonical = |json: &str| read(json).work.canonical_url;
    assert_eq!(
        canonical(r#"{"identifiers":{"openalex":"W1"},"work_id":"W1","pmid":3}"#),
        "https://pubmed.ncbi.nlm.nih.gov/3/"
    );
    assert_eq!(
        canonical(r#"{"openalex":"W1","landing_urls":["https://a.example/x"]}"#),
        "https://a.example/x"
    );
    assert_eq!(canonical(r#"{"openalex":"W1"}"#), "https://openalex.org/W1");
}

#[test]
fn a_work_id_of_our_own_making_says_what_it_was_made_from() {
    // A line of results.jsonl: identifiers holds only what was learnt.
    let work = read(r#"{"work_id":"doi:10.1000/a","artifact_id":"doi:10.1000/a:pdf","identifiers":{"pmcid":"PMC2"}}"#).work;
    assert_eq!(work.identifiers.get("doi"), Some("10.1000/a"));
    assert_eq!(work.canonical_url, "https://doi.org/10.1000/a");
    let by_arxiv = read(r#"{"work_id":"arxiv:2101.00001","identifiers":{"doi":"10.1000/a"}}"#).work;
    assert_eq!(by_arxiv.canonical_url, "https://arxiv.org/abs/2101.00001");
}

#[test]
fn an_arxiv_doi_also_gives_the_arxiv_id() {
    let work = from_id("10.48550/arXiv.2101.00001");
    assert_eq!(work.work_id.as_str(), "doi:10.48550/arxiv.2101.00001");
    assert_eq!(work.identifiers.get("arxiv"), Some("2101.00001"));
}

#[test]
fn addresses_of_known_services_teach_identifiers_without_renaming_the_work() {
    let work = read(
        r#"{"pmid":1,"landing_urls":["https://doi.org/10.1000/a","https://arxiv.org/abs/2101.00001v2"],
            "pdf_urls":["https://europepmc.org/articles/pmc77?pdf=render"]}"#,
    )
    .work;
    assert_eq!(work.work_id.as_str(), "pmid:1");
    assert_eq!(work.canonical_url, "https://pubmed.ncbi.nlm.nih.gov/1/");
    assert_eq!(work.identifiers.get("doi"), Some("10.1000/a"));
    assert_eq!(work.identifiers.get("arxiv"), Some("2101.00001v2"));
    assert_eq!(work.identifiers.get("pmcid"), Some("PMC77"));
    let nameless = read(r#"{"landing_urls":["https://doi.org/10.1000/a"]}"#).work;
    assert_eq!(nameless.work_id.as_str(), "doi:10.1000/a");
}

#[test]
fn a_publishers_address_names_the_work_and_its_doi_is_learnt_besides() {
    let url = "https://onlinelibrary.wiley.com/doi/full/10.1002/ECE3.1234";
    for mut work in [
        from_id(url),
        read(&format!(r#"{{"landing_urls":["{url}"]}}"#)).work,
        read(&format!(r#"{{"work_id":"W1","landing_urls":["{url}"]}}"#)).work,
    ] {
        let named = (work.work_id.clone(), work.canonical_url.clone());
        assert_eq!(work.canonical_url, url);
        assert_eq!(work.identifiers.get("doi"), None);
        work.learn_from_addresses();
        assert_eq!(work.identifiers.get("doi"), Some("10.1002/ece3.1234"));
        assert_eq!((work.work_id, work.canonical_url), named);
        assert_eq!(work.landing_urls[0].as_str(), url);
    }
}

#[test]
fn addresses_teach_nothing_where_they_disagree_or_it_is_known_better() {
    let learnt = |given: &str| {
        let mut work = read(given).work;
        work.learn_from_addresses();
        work.identifiers.get("doi").map(str::to_owned)
    };
    let pages =
        r#""landing_urls":["https://a.example/doi/10.1000/a","https://b.example/doi/10.1000/b"]"#;
    assert_eq!(learnt(&format!(r#"{{"pmid":1,{pages}}}"#)), None);
    assert_eq!(
        learnt(&format!(r#"{{"doi":"10.1000/c",{pages}}}"#)).as_deref(),
        Some("10.1000/c")
    );
}

#[test]
fn learning_more_never_changes_the_canonical_url() {
    let mut work = from_id("pmid:29456894");
    assert!(work.identifiers.learn("doi", "10.7717/peerj.4375"));
    assert_eq!(
        work.canonical_url,
        "https://pubmed.ncbi.nlm.nih.gov/29456894/"
    );
    // Nor does writing the work down and reading it again.
    let written = serde_json::to_string(&work).unwrap();
    assert_eq!(read(&written).work, work);
}

#[test]
fn a_malformed_identifier_beside_a_good_one_is_a_warning() {
    let ReadWork { work, warnings } = read(
        r#"{"doi":"11.1000/a","arxiv_id":"1501.0001","pmid":"29456894","pdf_urls":[{"a":1},"ftp://x"]}"#,
    );
    assert_eq!(work.work_id.as_str(), "pmid:29456894");
    let all = warnings
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n");
    assert_eq!(warnings.len(), 4, "{all}");
    assert!(all.contains("doi: \"11.1000/a\" is not a DOI"), "{all}");
    assert!(
        all.contains("arxiv_id") && all.contains("pdf_urls"),
        "{all}"
    );
}

#[test]
fn a_row_number_called_id_is_no_fault_unless_nothing_else_names_the_work() {
    assert!(read(r#"{"id":17,"doi":"10.1000/a"}"#).warnings.is_empty());
    assert_eq!(
        read(r#"{"id":"10.1000/a"}"#).work.work_id.as_str(),
        "doi:10.1000/a"
    );
    assert!(
        Work::from_json(r#"{"id":17}"#)
            .unwrap_err()
            .to_string()
            .contains("pmid:")
    );
}

#[test]
fn json_that_names_no_work_is_refused_with_cause_and_remedy() {
    for (json, part) in [
        ("{}", "neither an identifier nor a URL"),
        (r#"{"title":"x"}"#, "neither an identifier nor a URL"),
        (
            r#"{"doi":null,"pmid":""}"#,
            "neither an identifier nor a URL",
        ),
        (r#"{"doi":"11.1000/a"}"#, "not a DOI"),
        (
            r#"{"doi":"10.1000/a","work_id":"a\nb"}"#,
            "control characters",
        ),
        (r#"{"identifiers":["10.1000/a"]}"#, "not an object"),
        ("[]", "a list"),
        ("17", "a number"),
        ("{", "not JSON"),
        ("", "not JSON"),
    ] {
        let message = Work::from_json(json).unwrap_err().to_string();
        assert!(message.contains(part), "{json}: {message}");
        assert!(message.contains("; "), "{json}: {message}");
    }
}

#[test]
fn titles_become_one_bounded_line() {
    let long = "long ".repeat(1000);
    let json = serde_json::json!({"pmid": 1, "title": format!("A\n\ttitle\u{7} {long}")});
    let title = read(&json.to_string()).work.title.unwrap();
    assert!(title.starts_with("A title long"), "{title}");
    assert!(title.chars().count() <= 1000);
}

#[test]
fn a_title_of_control_characters_is_none_and_another_field_may_give_it() {
    let work = read(r#"{"pmid": 1, "title": "\u0001 \u0002"}"#).work;
    assert_eq!(work.title, None);
    let list =
        r#"{"id":"https://openalex.org/W1","title":"\u0007","display_name":"The state of OA"}"#;
    assert_eq!(read(list).work.title.as_deref(), Some("The state of OA"));
}

#[test]
fn an_openalex_record_gives_its_ids_and_every_location() {
    let work = only_work(
        r#"{"id":"https://openalex.org/W2741809807","doi":"https://doi.org/10.7717/peerj.4375","title":null,"display_name":"The state of OA","ids":{"openalex":"https://openalex.org/W2741809807","mag":"2741809807","pmid":"https://pubmed.ncbi.nlm.nih.gov/29456894","pmcid":"https://www.ncbi.nlm.nih.gov/pmc/articles/5815332"},"primary_location":{"landing_page_url":"https://doi.org/10.7717/peerj.4375","pdf_url":null,"source":null},"best_oa_location":{"landing_page_url":"https://peerj.com/articles/4375","pdf_url":"https://peerj.com/articles/4375.pdf"},"locations":[null,{"landing_page_url":"https://arxiv.org/abs/2101.00001","pdf_url":"https://arxiv.org/pdf/2101.00001"},{"landing_page_url":"https://repo.example/1","pdf_url":null}],"open_access":{"oa_url":"https://peerj.com/articles/4375.pdf"},"authorships":[]}"#,
    );
    assert_eq!(
        serde_json::to_string(&work).unwrap(),
        r#"{"work_id":"W2741809807","artifact_id":"W2741809807:pdf","title":"The state of OA","identifiers":{"doi":"10.7717/peerj.4375","arxiv":"2101.00001","pmcid":"PMC5815332","pmid":"29456894","openalex":"W2741809807"},"pdf_urls":["https://peerj.com/articles/4375.pdf","https://arxiv.org/pdf/2101.00001"],"landing_urls":["https://peerj.com/articles/4375","https://repo.example/1"]}"#
    );
    assert_eq!(work.canonical_url, "https://doi.org/10.7717/peerj.4375");
}

#[test]
fn an_openalex_record_full_of_nulls_is_still_a_work() {
    let work = only_work(
        r#"{"id":"https://openalex.org/W1","doi":null,"title":null,"ids":null,"primary_location":null,"best_oa_location":null,"locations":null,"open_access":{"oa_url":null}}"#,
    );
    assert_eq!(work.work_id.as_str(), "W1");
    assert_eq!(work.canonical_url, "https://openalex.org/W1");
}

#[test]
fn an_openalex_author_is_no_work() {
    let error =
        Work::from_json(r#"{"id":"https://openalex.org/A5023888391","ids":{}}"#).unwrap_err();
    assert!(error.to_string().contains("else than a work"), "{error}");
}
