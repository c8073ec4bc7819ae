//! Spellings met in the wild, one table a kind: what is pasted, what it means.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod table;

use paperfall_identifiers::{AnyId, ArxivId, Doi, OpenAlexId, Pmcid, Pmid, WebUrl};
use table::check;

const SICI: &str = "10.1002/(SICI)1097-4571(199806)49:8<693::AID-ASI4>3.0.CO;2-O";
const SICI_NORMAL: &str = "10.1002/(sici)1097-4571(199806)49:8<693::aid-asi4>3.0.co;2-o";

#[test]
fn dois_are_read_in_every_spelling() {
    check(
        Doi::parse,
        &[
            ("10.7717/peerj.4375", "10.7717/peerj.4375"),
            ("doi：10.7717/peerj.4375", "10.7717/peerj.4375"),
            ("DOI： 10.7717/peerj.4375。", "10.7717/peerj.4375"),
            ("（10.7717/peerj.4375）、", "10.7717/peerj.4375"),
            ("10.7717/peerj.4375…", "10.7717/peerj.4375"),
            ("https://doi.org/10.7717/peerj.4375/", "10.7717/peerj.4375"),
            ("10.7717/peerj.4375/.", "10.7717/peerj.4375"),
            ("10.5061/dryad.x/10.1111/y", "10.5061/dryad.x/10.1111/y"),
            ("10.7717/a,b;c", "10.7717/a,b;c"),
            ("10.7717/PeerJ.4375", "10.7717/peerj.4375"),
            (
                "10.1002/(SICI)1097-4571(199806)49:8&lt;693::AID-ASI4&gt;3.0.CO;2-O",
                SICI_NORMAL,
            ),
            (
                "https://doi.org/10.1002/(SICI)1097-4571(199806)49:8&LT;693::AID-ASI4&GT;3.0.CO;2-O",
                SICI_NORMAL,
            ),
            ("10.1000/a&lt;b&amp;c&gt;d", "10.1000/a<b&c>d"),
            ("10.1000/a&amp;b", "10.1000/a&amp;b"),
            ("doi:10.7717/peerj.4375", "10.7717/peerj.4375"),
            ("DOI: 10.7717/peerj.4375", "10.7717/peerj.4375"),
            ("doi 10.7717/peerj.4375", "10.7717/peerj.4375"),
            ("info:doi/10.7717/peerj.4375", "10.7717/peerj.4375"),
            ("urn:doi:10.7717/peerj.4375", "10.7717/peerj.4375"),
            ("https://doi.org/10.7717/peerj.4375", "10.7717/peerj.4375"),
            ("http://dx.doi.org/10.7717/peerj.4375", "10.7717/peerj.4375"),
            ("HTTPS://DOI.ORG/10.7717/peerj.4375", "10.7717/peerj.4375"),
            (
                "https://www.doi.org/10.7717/peerj.4375",
                "10.7717/peerj.4375",
            ),
            (
                "https://doi.org:443//10.7717/peerj.4375",
                "10.7717/peerj.4375",
            ),
            ("doi.org/10.7717/peerj.4375", "10.7717/peerj.4375"),
            (
                "https://doi.org/doi:10.7717/peerj.4375",
                "10.7717/peerj.4375",
            ),
            (
                "doi:https://doi.org/10.7717/peerj.4375",
                "10.7717/peerj.4375",
            ),
            (
                "https://doi.org/https%3A%2F%2Fdoi.org%2F10.7717%2Fpeerj.4375",
                "10.7717/peerj.4375",
            ),
            ("https://doi.org/10.7717%2Fpeerj.4375", "10.7717/peerj.4375"),
            (
                "https://doi.org/10.7717/peerj.4375?utm_source=mail&x=y",
                "10.7717/peerj.4375",
            ),
            ("  <10.7717/peerj.4375> ", "10.7717/peerj.4375"),
            ("(doi:10.7717/peerj.4375).", "10.7717/peerj.4375"),
            ("“10.7717/peerj.4375”,", "10.7717/peerj.4375"),
            ("\"10.7717/peerj.4375\";", "10.7717/peerj.4375"),
            ("10.7717/\u{200b}peerj.4375\u{feff}", "10.7717/peerj.4375"),
            ("10.1000.10/123", "10.1000.10/123"),
            ("10.1023/a:1007154515475", "10.1023/a:1007154515475"),
            (
                "10.1016/S0140-6736(05)66545-5",
                "10.1016/s0140-6736(05)66545-5",
            ),
            (
                "(10.1016/S0140-6736(05)66545-5)",
                "10.1016/s0140-6736(05)66545-5",
            ),
            ("10.1016/S0140-6736(05)", "10.1016/s0140-6736(05)"),
            (
                "10.1016/0370-2693(91)90012-Z]",
                "10.1016/0370-2693(91)90012-z",
            ),
            ("10.1000/a;b", "10.1000/a;b"),
            ("10.1000/a#b", "10.1000/a#b"),
            ("https://doi.org/10.1000/a#b", "10.1000/a#b"),
            ("10.1000/a?b=c", "10.1000/a?b=c"),
            ("10.1000/50%25off", "10.1000/50%25off"),
            ("https://doi.org/10.1000/50%25off", "10.1000/50%off"),
            ("https://doi.org/10.1000/2-?", "10.1000/2-?"),
            ("10.1000/naïve–dash", "10.1000/naïve–dash"),
            (SICI, SICI_NORMAL),
            (
                "https://doi.org/10.1002/(SICI)1097-4571(199806)49:8<693::AID-ASI4>3.0.CO;2-O",
                SICI_NORMAL,
            ),
            (
                "https://doi.org/10.1002/(SICI)1097-4571(199806)49:8%3C693::AID-ASI4%3E3.0.CO;2-O",
                SICI_NORMAL,
            ),
            (
                "10.1002/(SICI)1097-4571(199806)49:8%3C693::AID-ASI4%3E3.0.CO;2-O",
                SICI_NORMAL,
            ),
            (
                "https://doi.org/10.1002%2F%28SICI%291097-4571%28199806%2949%3A8%3C693%3A%3AAID-ASI4%3E3.0.CO%3B2-O",
                SICI_NORMAL,
            ),
            (
                "<doi:10.1002/(SICI)1097-4571(199806)49:8<693::AID-ASI4>3.0.CO;2-O>.",
                SICI_NORMAL,
            ),
            (
                "10.1002/(SICI)1096-8644(199601)99:1<1::AID-AJPA1>3.0.CO;2-#",
                "10.1002/(sici)1096-8644(199601)99:1<1::aid-ajpa1>3.0.co;2-#",
            ),
        ],
    );
}

#[test]
fn what_is_no_doi_is_refused() {
    check(
        Doi::parse,
        &[
            ("", "-"),
            ("   ", "-"),
            ("10.7717", "-"),
            ("10.7717/", "-"),
            ("10.7717/.", "-"),
            ("10.77/peerj", "-"),
            ("10.abcd/peerj", "-"),
            ("10.1000./peerj", "-"),
            ("10/abcd", "-"),
            ("11.1000/abcd", "-"),
            ("x10.1000/abcd", "-"),
            ("10.1000/a b", "-"),
            ("10.1000/a\u{7}b", "-"),
            ("https://doi.org/10.1000/a%0Ab", "-"),
            ("https://doi.org/10.1000/%FF", "-"),
            ("https://doi.org/", "-"),
            ("https://example.org/10.1000/abc", "-"),
            ("10.1000/../../admin", "-"),
            ("10.1000/a/./b", "-"),
            ("https://doi.org/10.1000/%2e%2e/x", "-"),
        ],
    );
}

#[test]
fn two_pasted_as_one_are_refused_by_any_parser() {
    for two in [
        "10.7717/a;10.7717/b",
        "10.7717/a, 10.7717/b",
        "10.7717/a,doi:10.7717/b",
        "10.7717/a；10.7717/b",
        "https://doi.org/10.7717/a,https://doi.org/10.7717/b",
        "https://doi.org/10.7717/a https://doi.org/10.7717/b",
        "[10.7717/a](https://doi.org/10.7717/a)",
    ] {
        assert!(Doi::parse(two).is_err(), "{two}");
        assert!(AnyId::parse(two).is_err(), "{two}");
    }
    let refusal = Doi::parse("10.7717/a;10.7717/b").unwrap_err().to_string();
    assert!(refusal.contains("one by one"), "{refusal}");
}

#[test]
fn a_doi_in_a_url_path_ends_it_nowhere_and_comes_back_whole() {
    let sici = Doi::parse(SICI).unwrap();
    assert_eq!(
        sici.url_path(),
        "10.1002/(sici)1097-4571(199806)49:8%3C693::aid-asi4%3E3.0.co;2-o"
    );
    let odd = Doi::parse("10.1000/a#b?c%d\"é").unwrap();
    assert_eq!(odd.url_path(), "10.1000/a%23b%3Fc%25d%22%C3%A9");
    assert_eq!(Doi::parse(&odd.canonical_url()).unwrap(), odd);
}

#[test]
fn arxiv_ids_are_read_in_every_spelling() {
    check(
        ArxivId::parse,
        &[
            ("2101.00001", "2101.00001"),
            ("2101.00001v2", "2101.00001v2"),
            ("2101.00001V12", "2101.00001v12"),
            ("arXiv:2101.00001v2", "2101.00001v2"),
            ("arxiv: 2101.00001", "2101.00001"),
            ("ARXIV 2101.00001", "2101.00001"),
            ("arXiv:2101.00001v1 [cs.CL] 1 Jan 2021", "2101.00001v1"),
            ("[2101.00001]", "2101.00001"),
            ("arXiv:0704.0001", "0704.0001"),
            ("1412.9999v3", "1412.9999v3"),
            ("1501.00001", "1501.00001"),
            ("hep-th/9901001", "hep-th/9901001"),
            ("HEP-TH/9901001v3", "hep-th/9901001v3"),
            ("math.GT/0309136", "math.GT/0309136"),
            ("math.gt/0309136v2", "math.GT/0309136v2"),
            ("cond-mat.str-el/9901001", "cond-mat.str-el/9901001"),
            ("solv-int/9901001v2", "solv-int/9901001v2"),
            ("https://arxiv.org/abs/2101.00001", "2101.00001"),
            ("http://www.arxiv.org/pdf/2101.00001v2.pdf", "2101.00001v2"),
            ("https://arxiv.org/pdf/2101.00001v2#page=3", "2101.00001v2"),
            (
                "https://arxiv.org/html/2101.00001v1?context=cs",
                "2101.00001v1",
            ),
            ("https://export.arxiv.org/abs/2101.00001", "2101.00001"),
            ("https://ar5iv.labs.arxiv.org/html/2101.00001", "2101.00001"),
            ("https://arxiv.org/pdf/astro-ph/0001001", "astro-ph/0001001"),
            (
                "https://arxiv.org/abs/math.GT/0309136v1",
                "math.GT/0309136v1",
            ),
            ("https://arxiv.org/abs/hep-th%2F9901001", "hep-th/9901001"),
            ("arxiv.org/abs/2101.00001.", "2101.00001"),
            ("oai:arXiv.org:1605.08386", "1605.08386"),
            ("oai:arXiv.org:hep-th/9901001", "hep-th/9901001"),
            ("10.48550/arXiv.2101.00001", "2101.00001"),
            (
                "https://doi.org/10.48550/arXiv.2101.00001v2",
                "2101.00001v2",
            ),
            ("10.48550/arXiv.math.GT/0309136", "math.GT/0309136"),
        ],
    );
}

#[test]
fn malformed_arxiv_ids_are_refused() {
    check(
        ArxivId::parse,
        &[
            ("arXiv:1501.0001", "-"),
            ("arXiv:1412.00001", "-"),
            ("0703.0001", "-"),
            ("2113.00001", "-"),
            ("2100.00001", "-"),
            ("2101.000001", "-"),
            ("2101.00001v", "-"),
            ("2101.00001v0", "-"),
            ("2101.00001v01", "-"),
            ("2101.00001v1000", "-"),
            ("2101.00001x", "-"),
            ("2101.", "-"),
            ("hep-th/990100", "-"),
            ("hep-th/99010011", "-"),
            ("hep-th/9913001", "-"),
            ("hep-th/0704001", "-"),
            ("hep-xx/9901001", "-"),
            ("math.G/0309136", "-"),
            ("math.G1/0309136", "-"),
            ("https://arxiv.org/list/cs.CL/recent", "-"),
            ("https://arxiv.org/", "-"),
            ("https://example.org/abs/2101.00001", "-"),
            ("10.1000/arXiv.2101.00001", "-"),
        ],
    );
}

#[test]
fn an_arxiv_version_is_kept_and_can_be_taken_off() {
    let id = ArxivId::parse("math.GT/0309136v2").unwrap();
    assert_eq!(id.version(), Some(2));
    assert_eq!(id.without_version().to_string(), "math.GT/0309136");
    assert_eq!(id.without_version().version(), None);
    assert_eq!(
        id.canonical_url(),
        "https://arxiv.org/abs/math.GT/0309136v2"
    );
}

#[test]
fn an_arxiv_doi_knows_its_paper_and_others_do_not() {
    let arxiv = |doi: &str| Doi::parse(doi).unwrap().arxiv().map(|id| id.to_string());
    assert_eq!(
        arxiv("10.48550/arXiv.2101.00001").as_deref(),
        Some("2101.00001")
    );
    assert_eq!(
        arxiv("10.48550/ARXIV.HEP-TH/9901001").as_deref(),
        Some("hep-th/9901001")
    );
    assert_eq!(arxiv("10.48550/arXiv.nonsense"), None);
    assert_eq!(arxiv("10.1000/arxiv.2101.00001"), None);
}

#[test]
fn pmcids_are_read_in_every_spelling() {
    check(
        Pmcid::parse,
        &[
            ("PMC5815332", "PMC5815332"),
            ("pmc5815332", "PMC5815332"),
            ("5815332", "PMC5815332"),
            ("PMCPMC5815332", "PMC5815332"),
            ("PMC005815332", "PMC5815332"),
            ("PMC5815332.1", "PMC5815332"),
            ("PMCID: PMC5815332", "PMC5815332"),
            ("pmcid:5815332", "PMC5815332"),
            ("oai:pubmedcentral.nih.gov:4234579", "PMC4234579"),
            (
                "https://pmc.ncbi.nlm.nih.gov/articles/PMC5815332/",
                "PMC5815332",
            ),
            (
                "https://pmc.ncbi.nlm.nih.gov/articles/PMC5815332/pdf/x.pdf",
                "PMC5815332",
            ),
            (
                "http://www.ncbi.nlm.nih.gov/pmc/articles/PMC5815332/?report=classic",
                "PMC5815332",
            ),
            (
                "https://www.ncbi.nlm.nih.gov/labs/pmc/articles/PMC5815332",
                "PMC5815332",
            ),
            (
                "https://europepmc.org/articles/pmc7775079?pdf=render",
                "PMC7775079",
            ),
            ("https://europepmc.org/article/PMC/PMC7775079", "PMC7775079"),
            (
                "https://www.pubmedcentral.nih.gov/articlerender.fcgi?artid=123456",
                "PMC123456",
            ),
            ("PMC", "-"),
            ("PMC0", "-"),
            ("PMC-5", "-"),
            ("PMC12345678901", "-"),
            ("PMC5815332x", "-"),
            ("PMC5815332.x", "-"),
            ("https://example.org/articles/PMC5815332", "-"),
        ],
    );
}

#[test]
fn pmids_are_read_in_every_spelling() {
    check(
        Pmid::parse,
        &[
            ("29456894", "29456894"),
            ("0029456894", "29456894"),
            ("pmid:29456894", "29456894"),
            ("PMID: 29456894.", "29456894"),
            ("info:pmid/29456894", "29456894"),
            ("https://pubmed.ncbi.nlm.nih.gov/29456894/", "29456894"),
            ("https://www.ncbi.nlm.nih.gov/pubmed/29456894", "29456894"),
            ("https://europepmc.org/article/MED/29456894", "29456894"),
            (
                "http://europepmc.org/abstract/med/29456894;jsessionid=A1",
                "29456894",
            ),
            ("0", "-"),
            ("-5", "-"),
            ("12345678901", "-"),
            ("PMC29456894", "-"),
            ("https://pubmed.ncbi.nlm.nih.gov/?term=cats", "-"),
        ],
    );
}

#[test]
fn openalex_works_are_read_and_other_entities_refused() {
    check(
        OpenAlexId::parse,
        &[
            ("W2741809807", "W2741809807"),
            ("w2741809807", "W2741809807"),
            ("openalex:W2741809807", "W2741809807"),
            ("https://openalex.org/W2741809807", "W2741809807"),
            ("https://openalex.org/works/w2741809807", "W2741809807"),
            (
                "https://api.openalex.org/works/W2741809807?select=id",
                "W2741809807",
            ),
            ("A5023888391", "-"),
            ("https://openalex.org/A5023888391", "-"),
            ("W", "-"),
            ("W0", "-"),
            ("W27x", "-"),
            ("2741809807", "-"),
        ],
    );
}

#[test]
fn urls_get_one_spelling() {
    check(
        WebUrl::parse,
        &[
            (
                "https://PeerJ.com/articles/4375",
                "https://peerj.com/articles/4375",
            ),
            ("https://peerj.com", "https://peerj.com/"),
            ("HTTPS://peerj.com:443/a#methods", "https://peerj.com/a"),
            (
                "http://peerj.com:80/a?b=c&d=e#f",
                "http://peerj.com/a?b=c&d=e",
            ),
            ("http://peerj.com:8080/a", "http://peerj.com:8080/a"),
            (" https://peerj.com/a b.pdf ", "https://peerj.com/a%20b.pdf"),
            ("https://peerj.com/a(1).", "https://peerj.com/a(1)."),
            (
                "https://bücher.example/ü",
                "https://xn--bcher-kva.example/%C3%BC",
            ),
            ("https://user:secret@peerj.com/a", "-"),
            ("https://user@peerj.com/a", "-"),
            ("ftp://peerj.com/a", "-"),
            ("file:///etc/passwd", "-"),
            ("javascript:alert(1)", "-"),
            ("data:text/html,x", "-"),
            ("peerj.com/a", "-"),
            ("https://", "-"),
            ("https://peerj.com:99999/", "-"),
            ("https://pe erj.com/", "-"),
            ("https://peerj.com/a\nb", "-"),
            ("https://peerj.com/a\0b", "-"),
        ],
    );
}

#[test]
fn what_people_paste_is_understood() {
    check(
        AnyId::parse,
        &[
            ("10.7717/peerj.4375", "doi:10.7717/peerj.4375"),
            (
                "https://dx.doi.org/10.7717/PEERJ.4375.",
                "doi:10.7717/peerj.4375",
            ),
            (
                SICI,
                "doi:10.1002/(sici)1097-4571(199806)49:8<693::aid-asi4>3.0.co;2-o",
            ),
            ("10.48550/arXiv.2101.00001", "doi:10.48550/arxiv.2101.00001"),
            ("arXiv:2101.00001", "arxiv:2101.00001"),
            ("2101.00001v2", "arxiv:2101.00001v2"),
            ("hep-th/9901001", "arxiv:hep-th/9901001"),
            (
                "https://arxiv.org/abs/hep-th/9901001v1",
                "arxiv:hep-th/9901001v1",
            ),
            ("(https://arxiv.org/pdf/2101.00001.pdf)", "arxiv:2101.00001"),
            ("PMC7759461", "pmcid:PMC7759461"),
            ("PMCPMC7759461", "pmcid:PMC7759461"),
            (
                "https://www.ncbi.nlm.nih.gov/pmc/articles/PMC7759461/pdf/",
                "pmcid:PMC7759461",
            ),
            (
                "https://pmc.ncbi.nlm.nih.gov/articles/pmc7759461",
                "pmcid:PMC7759461",
            ),
            (
                "https://europepmc.org/article/MED/29456894",
                "pmid:29456894",
            ),
            ("pubmed.ncbi.nlm.nih.gov/29456894", "pmid:29456894"),
            (
                "https://www.ncbi.nlm.nih.gov/pmc/articles/pmid/29456894/",
                "pmid:29456894",
            ),
            ("PMID:29456894", "pmid:29456894"),
            ("W2741809807", "W2741809807"),
            ("https://openalex.org/works/W2741809807", "W2741809807"),
            (
                "<https://peerj.com/articles/4375.pdf>,",
                "url:https://peerj.com/articles/4375.pdf",
            ),
            ("https://peerj.com/a(1)", "url:https://peerj.com/a(1)"),
            ("https://peerj.com/a.#top", "url:https://peerj.com/a"),
            ("url:https://peerj.com/a", "url:https://peerj.com/a"),
            (
                "https://onlinelibrary.wiley.com/doi/10.1002/asi.1",
                "url:https://onlinelibrary.wiley.com/doi/10.1002/asi.1",
            ),
            (
                "https://arxiv.org/list/cs.CL/recent",
                "url:https://arxiv.org/list/cs.CL/recent",
            ),
            (
                "https://pubmed.ncbi.nlm.nih.gov/?term=cats",
                "url:https://pubmed.ncbi.nlm.nih.gov/?term=cats",
            ),
            ("url:https://arxiv.org/abs/2101.00001", "arxiv:2101.00001"),
            ("https://%61rxiv.org/abs/2101.00001", "arxiv:2101.00001"),
            ("https://doi.org/abc12", "url:https://doi.org/abc12"),
            (
                "https://doi.org.evil.example/10.7717/peerj.4375",
                "url:https://doi.org.evil.example/10.7717/peerj.4375",
            ),
            ("https://doi.org@evil.example/10.7717/peerj.4375", "-"),
            ("https://doi.org/10.77/x", "-"),
            ("https://arxiv.org/abs/1501.0001", "-"),
            ("https://openalex.org/A5023888391", "-"),
            ("29456894", "-"),
            ("A5023888391", "-"),
            ("peerj.com/articles/4375", "-"),
            ("ftp://peerj.com/a.pdf", "-"),
            ("hello", "-"),
            ("10.7717/a 10.7717/b", "-"),
            ("()", "-"),
            ("", "-"),
            ("\u{0}", "-"),
        ],
    );
}

#[test]
fn refusals_say_what_to_write_instead() {
    let message = |pasted: &str| AnyId::parse(pasted).unwrap_err().to_string();
    assert!(message("29456894").contains("pmid:"));
    assert!(message("arXiv:1501.0001").contains("five digits"));
    assert!(message("peerj.com/articles/4375").contains("https://"));
    assert!(message("ftp://peerj.com/a").contains("http"));
    assert!(message("10.77/x").contains("four to nine digits"));
    assert!(message("10/abcd").contains("short DOI"));
    assert!(message("https://openalex.org/A5023888391").contains("else than a work"));
    assert!(message("see 10.7717/peerj.4375").ends_with("give one identifier at a time"));
    assert_eq!(
        message("a title of a paper"),
        "\"a title of a paper\" is not an identifier paperfall knows: it is several words, and \
         titles cannot be looked up; give the DOI of the work, or another identifier of it"
    );
    assert!(message("banana").starts_with(
        "\"banana\" is not an identifier paperfall knows; write one like 10.7717/peerj.4375, "
    ));
    assert!(message(" ").contains("it is empty"));
    assert!(message(&"x".repeat(3000)).contains("2048 bytes"));
    for pasted in ["", "a\nb", "\u{1b}[2J", "10.1/\u{7}"] {
        assert!(!message(pasted).contains(char::is_control), "{pasted:?}");
    }
}

#[test]
fn canonical_urls_are_those_of_the_identity_table() {
    let canonical = |pasted: &str| AnyId::parse(pasted).unwrap().canonical_url();
    assert_eq!(
        canonical("10.7717/peerj.4375"),
        "https://doi.org/10.7717/peerj.4375"
    );
    assert_eq!(canonical("2101.00001"), "https://arxiv.org/abs/2101.00001");
    assert_eq!(
        canonical("PMC5815332"),
        "https://pmc.ncbi.nlm.nih.gov/articles/PMC5815332/"
    );
    assert_eq!(
        canonical("pmid:29456894"),
        "https://pubmed.ncbi.nlm.nih.gov/29456894/"
    );
    assert_eq!(canonical("https://PeerJ.com/a#b"), "https://peerj.com/a");
    assert_eq!(canonical("W2741809807"), "https://openalex.org/W2741809807");
}
