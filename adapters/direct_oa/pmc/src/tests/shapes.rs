//! Answers of the shapes the converter and the bucket are known to send.

use super::*;

const BUCKET: &str = "https://pmc-oa-opendata.s3.amazonaws.com";
const BY_PMID: &str = "https://pmc.ncbi.nlm.nih.gov/tools/idconv/api/v1/articles/?ids=37000001&format=json&tool=paperfall&email=me%40lab.edu";

fn outcome(miss: &Miss) -> (MissOutcome, &str) {
    (miss.outcome(), miss.reason())
}

#[test]
fn a_publishers_version_and_the_manuscript_of_one_file_are_one_candidate_the_open_one() {
    // The manuscript's metadata name the first version's file.
    let manuscript =
        article(1, r#","is_manuscript":true,"is_pmc_openaccess":false"#).replace("CC BY", "TDM");
    let host = bucket(&[1, 2])
        .json(
            &metadata(1),
            &article(1, r#","is_pmc_openaccess":true,"is_manuscript":false"#),
        )
        .json(&metadata(2), &manuscript);
    let found = by_pmcid(&host).unwrap();
    assert_eq!(urls(&found), [format!("{BUCKET}/PMC77.1/PMC77.1.pdf")]);
    assert_eq!(
        found.candidates.first().unwrap().license.as_deref(),
        Some("cc-by")
    );
}

#[test]
fn a_manuscript_outside_the_open_subset_is_free_to_read_and_accepted() {
    let host = bucket(&[1]).json(
        &metadata(1),
        &article(
            1,
            r#","is_pmc_openaccess":false,"is_manuscript":true,"is_retracted":false"#,
        )
        .replace("CC BY", "TDM"),
    );
    let found = by_pmcid(&host).unwrap();
    let candidate = found.candidates.first().unwrap();
    assert_eq!(candidate.version.as_deref(), Some("acceptedVersion"));
    assert_eq!(candidate.notes, ["free_to_read"]);
    assert_eq!(candidate.license.as_deref(), Some("tdm"));
}

#[test]
fn nothing_is_claimed_about_openness_when_the_metadata_do_not_say() {
    let host = bucket(&[1]).json(&metadata(1), &article(1, ""));
    let found = by_pmcid(&host).unwrap();
    assert!(found.candidates.first().unwrap().notes.is_empty());
}

#[test]
fn the_echo_of_our_own_prefix_is_no_version_and_nine_comes_before_ten() {
    let host = bucket(&[9, 10])
        .json(&metadata(9), &article(9, ""))
        .json(&metadata(10), &article(10, ""));
    let found = by_pmcid(&host).unwrap();
    assert_eq!(
        urls(&found),
        [
            format!("{BUCKET}/PMC77.10/PMC77.10.pdf"),
            format!("{BUCKET}/PMC77.9/PMC77.9.pdf")
        ]
    );
    assert_eq!(
        host.requests(),
        [LIST.to_owned(), metadata(10), metadata(9)]
    );
}

#[test]
fn the_converter_is_matched_by_requested_id_with_numbers_for_pmids() {
    let host = bucket(&[1]).json(&metadata(1), &article(1, "")).json(
        BY_PMID,
        r#"{"status":"ok","records":[
        {"pmid":99999999999,"requested-id":"99999999999","status":"error","errmsg":"Identifier not found in PMC"},
        {"doi":"10.1234/abc","pmcid":"PMC77","pmid":37000001,"requested-id":"37000001"}]}"#,
    );
    let found = attempt(&host, &testing::work(&[("pmid", "37000001")])).unwrap();
    assert_eq!(found.candidates.len(), 1);
    assert!(
        found
            .identifiers
            .contains(&Identifier::new("pmid", "37000001"))
    );
}

#[test]
fn a_requested_id_that_is_a_number_is_matched_too() {
    let host = ScriptedHost::new().json(
        BY_PMID,
        r#"{"status":"ok","records":[{"pmid":37000001,"requested-id":37000001,"status":"error","errmsg":"Identifier not found in PMC"}]}"#,
    );
    let miss = attempt(&host, &testing::work(&[("pmid", "37000001")])).unwrap_err();
    assert_eq!(outcome(&miss), (MissOutcome::NoPdf, "not_found"));
}

#[test]
fn not_in_pmc_by_one_id_is_asked_by_the_other() {
    let missing = r#"{"status":"ok","request":{"warnings":[]},"records":[{"pmid":37000001,"requested-id":"37000001","status":"error"}]}"#;
    let host = bucket(&[1])
        .json(BY_PMID, missing)
        .json(IDCONV, r#"{"status":"ok","records":[{"doi":"10.1234/ABC","requested-id":"10.1234/abc","pmcid":"PMC77"}]}"#)
        .json(&metadata(1), &article(1, ""));
    let work = testing::work(&[("doi", "10.1234/abc"), ("pmid", "37000001")]);
    assert_eq!(attempt(&host, &work).unwrap().candidates.len(), 1);
}

#[test]
fn the_retired_service_and_the_article_pages_are_never_asked() {
    // oa.fcgi and the FTP tree are gone: whatever they would say means nothing.
    let host = bucket(&[1])
        .json(
            IDCONV,
            r#"{"status":"ok","records":[{"requested-id":"10.1234/abc","pmcid":"PMC77"}]}"#,
        )
        .json(&metadata(1), &article(1, ""));
    by_doi(&host).unwrap();
    assert_eq!(
        host.requests(),
        [IDCONV.to_owned(), LIST.to_owned(), metadata(1)]
    );
}

#[test]
fn an_article_in_pmc_but_not_in_the_bucket_is_not_found_there_and_keeps_its_pmcid() {
    let host = bucket(&[]).json(
        IDCONV,
        r#"{"status":"ok","records":[{"requested-id":"10.1234/abc","pmcid":"PMC77","doi":"10.1234/abc"}]}"#,
    );
    let found = by_doi(&host).unwrap();
    assert_eq!(
        (found.reason.as_str(), found.candidates.len()),
        ("not_found", 0)
    );
    assert!(
        found
            .identifiers
            .contains(&Identifier::new("pmcid", "PMC77"))
    );
}

#[test]
fn the_file_is_fetched_from_the_configured_bucket_whatever_the_json_names() {
    for address in [
        "s3://evil-bucket/PMC77.1/PMC77.1.pdf",
        "https://evil.example/PMC77.1/PMC77.1.pdf",
        "ftp://ftp.ncbi.example/PMC77.1/PMC77.1.pdf",
    ] {
        let json = article(1, "").replace("s3://pmc-oa-opendata/PMC77.1/PMC77.1.pdf", address);
        let found = by_pmcid(&bucket(&[1]).json(&metadata(1), &json)).unwrap();
        assert_eq!(urls(&found), [format!("{BUCKET}/PMC77.1/PMC77.1.pdf")]);
    }
}

#[test]
fn a_checksum_that_is_none_is_left_out_and_the_file_kept() {
    let json = article(1, "").replace("4B3FC3A0a63cf2c7c4df3cc1b3d3d25e", "nonsense");
    let found = by_pmcid(&bucket(&[1]).json(&metadata(1), &json)).unwrap();
    assert_eq!(found.candidates.first().unwrap().checksum, None);
}

#[test]
fn a_long_listing_is_followed_to_its_end_and_an_endless_one_is_not() {
    let page = |version: u32, token: &str| {
        listing(&[version]).replace(
            "<CommonPrefixes>",
            &format!("<IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken><CommonPrefixes>"),
        )
    };
    let next = |token: &str| format!("{LIST}&continuation-token={token}");
    let xml = |url: &str, body: &str| response(url, 200, "application/xml", body);
    let host = ScriptedHost::new()
        .answer(LIST, xml(LIST, &page(1, "a&amp;b=")))
        .answer(&next("a%26b%3D"), xml(LIST, &listing(&[2])))
        .json(&metadata(1), &article(1, ""))
        .json(&metadata(2), &article(2, ""));
    assert_eq!(by_pmcid(&host).unwrap().candidates.len(), 2);

    let endless = ScriptedHost::new()
        .answer(LIST, xml(LIST, &page(1, "x")))
        .answer(&next("x"), xml(LIST, &page(1, "x")))
        .json(&metadata(1), &article(1, ""));
    assert_eq!(by_pmcid(&endless).unwrap().candidates.len(), 1);
    assert_eq!(endless.requests().len(), 3 + 1);
}
