//! Pages of the shapes publishers and repositories are known to send.

use super::*;

#[test]
fn a_citation_pdf_url_with_a_bare_ampersand_and_no_suffix_is_kept_whole() {
    let url = "https://journals.pub.example/jone/article?id=10.1234/journal.pone.01";
    let html = "<meta name=\"citation_pdf_url\" content=\"https://journals.pub.example/jone/article/file?id=10.1234/journal.pone.01&type=printable\" >\
        <a href=\"/jone/article/file?type=supplementary&id=10.1234/journal.pone.01.s001\">S1 File (PDF)</a>";
    assert_eq!(
        pdfs_at(url, html),
        [
            "https://journals.pub.example/jone/article/file?id=10.1234/journal.pone.01&type=printable"
        ]
    );
}

#[test]
fn a_news_item_with_citation_metadata_but_no_pdf_has_none() {
    let html = "<title>News</title><meta name=citation_title content=News><meta name=citation_doi content=10.1234/d1>\
        <nav><a href=/subscribe>Subscribe</a></nav><a href=/articles/d2>Read the paper</a><a href=/content/pdf/privacy.pdf>Privacy policy</a>";
    assert_eq!(
        read(html, &at(&[PAGE])),
        Ok(vec![]),
        "its DOI is learnt all the same"
    );
}

#[test]
fn of_a_conference_papers_three_files_the_one_the_metadata_names_comes_first() {
    let url = "https://www.conf.example/conference/sec22/presentation/smith";
    let html = "<meta name=citation_pdf_url content=https://www.conf.example/system/files/sec22-smith.pdf>\
        <h2>Open access media</h2>\
        <a href=https://www.conf.example/system/files/sec22-smith.pdf type='application/pdf; length=9' title=sec22-smith.pdf>Smith PDF</a>\
        <a href=https://www.conf.example/system/files/sec22summer_smith.pdf type='application/pdf; length=8'>Smith Paper (Prepublication) PDF</a>\
        <a href=https://www.conf.example/system/files/confsecurity22-smith.pdf type='application/pdf; length=7'>confsecurity22-smith.pdf</a>\
        <a href=/system/files/sec22_slides-smith.pdf>View the slides</a>";
    let found = pdfs_at(url, html);
    assert_eq!(
        found.first().map(String::as_str),
        Some("https://www.conf.example/system/files/sec22-smith.pdf")
    );
    assert!(
        !found
            .iter()
            .any(|url| url.contains("summer") || url.contains("slides")),
        "{found:?}"
    );
}

#[test]
fn a_repositorys_absolute_metadata_and_its_relative_link_are_one_candidate() {
    let url = "https://opus.uni.example/opus4-x/frontdoor/index/index/docId/481";
    let html = "<meta name=DC.identifier content=https://opus.uni.example/opus4-x/files/481/paper.pdf>\
        <meta name=citation_pdf_url content='https://opus.uni.example/opus4-x/files/481/paper.pdf'>\
        <meta name=DC.identifier content=https://opus.uni.example/opus4-x/frontdoor/index/index/docId/481>\
        <a class=application_pdf href=/opus4-x/files/481/paper.pdf><img alt='Download full text'></a>";
    assert_eq!(
        pdfs_at(url, html),
        ["https://opus.uni.example/opus4-x/files/481/paper.pdf"]
    );
}

#[test]
fn metadata_alternate_and_button_that_agree_are_one_candidate() {
    let html = "<meta name=citation_pdf_url content=https://pub.example/article/1.pdf>\
        <link rel=alternate type=application/pdf href=/article/1.pdf>\
        <a download data-format=PDF href=https://pub.example/article/1.pdf>Download</a>";
    assert_eq!(pdfs(html), ["https://pub.example/article/1.pdf"]);
}

#[test]
fn a_paywalled_page_that_names_a_pdf_proposes_it_and_validation_decides() {
    let html = "<meta name=citation_pdf_url content=https://pub.example/content/pdf/10.1234/s1.pdf>\
        <div data-test=buy-box>Buy article PDF 39,95 €</div><a href=https://idp.pub.example/authorize>Log in via an institution</a>";
    assert_eq!(
        pdfs(html),
        ["https://pub.example/content/pdf/10.1234/s1.pdf"]
    );
}

#[test]
fn a_tiny_splash_page_with_a_root_relative_link_is_completed_against_itself() {
    let url = "https://www.aa.example/articles/aa/abs/2010/08/aa100-10/aa100-10.html";
    let html = "<?xml version=\"1.0\"?><html><body><ul><li><a href=/articles/aa/abs/2010/08/aa100-10/aa100-10.html>Abstract</a></li>\
        <li><a href=/articles/aa/full_html/2010/08/aa100-10/aa100-10.html>Full HTML</a></li>\
        <li><a href=/articles/aa/pdf/2010/08/aa100-10.pdf>PDF (1.622 MB)</a></li>\
        <li><a href=/articles/aa/ref/2010/08/aa100-10/aa100-10.html>References</a></li></ul></body></html>";
    assert_eq!(
        pdfs_at(url, html),
        ["https://www.aa.example/articles/aa/pdf/2010/08/aa100-10.pdf"]
    );
}

/// A page of ScienceDirect's kind: the address in the data of a script.
fn scripted(pii: &str, path: &str) -> String {
    format!(
        r#"<title>An article</title><meta name="citation_pii" content="S1"><a aria-label="View PDF. Opens in a new window.">View PDF</a>
        <a href="https://other.example/cited.pdf">PDF</a><a href="/science/article/pii/S0000000000000002/pdfft">View PDF of another</a>
        <script type="application/json" data-iso-key="_0">{{"abstracts":{{"x":[1]}},"article":{{"pii":"{pii}","pdfDownload":{{"isPdfFullText":false,
        "urlMetadata":{{"queryParams":{{"md5":"344240c0","pid":"1-s2.0-{pii}-main.pdf"}},"pii":"{pii}","pdfExtension":"/pdfft","path":"{path}"}}}}}}}}</script>"#
    )
}

#[test]
fn an_address_in_a_json_script_is_put_together_when_it_is_the_pages_own() {
    let url = "https://www.sd.example/science/article/pii/S146290112300999X?via%3Dihub";
    assert_eq!(
        pdfs_at(url, &scripted("S146290112300999X", "science/article/pii")),
        [
            "https://www.sd.example/science/article/pii/S146290112300999X/pdfft?md5=344240c0&pid=1-s2.0-S146290112300999X-main.pdf"
        ]
    );
}

#[test]
fn a_json_script_about_another_article_or_of_another_shape_names_nothing() {
    let url = "https://www.sd.example/science/article/pii/S146290112300999X";
    for html in [
        scripted("S1462901123000000", "science/article/pii"),
        scripted("S146290112300999X", "//evil.example/x?"),
        scripted("", ""),
        scripted("S146290112300999X", "science/article/pii").replace("\"pii\"", "\"id\""),
        scripted("S146290112300999X", "science/article/pii").replace("}}}}", "}}"),
        scripted("S146290112300999X", "science/article/pii")
            .replace("application/json", "text/javascript"),
    ] {
        assert_eq!(pdfs_at(url, &html), Vec::<String>::new(), "{html}");
    }
}
