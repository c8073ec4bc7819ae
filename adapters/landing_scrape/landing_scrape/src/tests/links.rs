//! Links for people: how repositories and journals write the one to the paper.

use super::*;

#[test]
fn the_link_to_the_paper_is_found_as_each_platform_writes_it() {
    for (platform, page, html, pdf) in [
        (
            "DSpace",
            "https://dspace.uni.example/handle/1/42",
            "<table><tr><td>thesis.pdf</td><td><a href='/bitstream/handle/1/42/thesis.pdf?sequence=1&amp;isAllowed=y'>View/Open</a></td></tr></table>\
          <a href=/bitstream/handle/1/42/thesis.pdf.txt?sequence=2>Text</a><a href=/bitstream/handle/1/42/license.txt>license</a>",
            "https://dspace.uni.example/bitstream/handle/1/42/thesis.pdf?sequence=1&isAllowed=y",
        ),
        (
            "DSpace 7",
            "https://d7.uni.example/items/9a8b7c6d-0000-4111-8222-333344445555",
            "<a href=/bitstreams/11112222-0000-4111-8222-333344445555/download>paper.pdf (1.2 MB)</a>",
            "https://d7.uni.example/bitstreams/11112222-0000-4111-8222-333344445555/download",
        ),
        (
            "EPrints",
            "https://eprints.uni.example/123/",
            "<a class=ep_document_link href=https://eprints.uni.example/123/1/paper.pdf>Text<br>paper.pdf - Accepted Version</a>",
            "https://eprints.uni.example/123/1/paper.pdf",
        ),
        (
            "bepress",
            "https://works.uni.example/jx/vol9/iss2/3",
            "<a id=pdf class='btn' href='https://works.uni.example/cgi/viewcontent.cgi?article=11&amp;context=jx' title='PDF (12 KB) opens in new window'>Download</a>",
            "https://works.uni.example/cgi/viewcontent.cgi?article=11&context=jx",
        ),
        (
            "Highwire",
            "https://www.bmj.example/content/350/bmj.h1234",
            "<a href=/content/350/bmj.h1234/tab-figures-data>Figures</a><a href=/content/350/bmj.h1234.full.pdf>PDF</a>",
            "https://www.bmj.example/content/350/bmj.h1234.full.pdf",
        ),
        (
            "Zenodo",
            "https://zen.example/records/1234567",
            "<a href='/records/1234567/files/paper.pdf?download=1'>Download</a><a href='/records/1234567/files/data.zip?download=1'>Download</a>",
            "https://zen.example/records/1234567/files/paper.pdf?download=1",
        ),
        (
            "arXiv",
            "https://arxiv.example/abs/2101.00001",
            "<a href=/pdf/2101.00001 class='abs-button download-pdf'>View PDF</a><a href=/abs/2101.00001v1>[v1]</a>",
            "https://arxiv.example/pdf/2101.00001",
        ),
        (
            "J-STAGE",
            "https://jst.example/article/x/12/3/12_45/_article",
            "<a href=https://jst.example/article/x/12/3/12_45/_pdf class=thirdlevel-pdf-btn>Download PDF (123K)</a>",
            "https://jst.example/article/x/12/3/12_45/_pdf",
        ),
        (
            "a picture for a text",
            PAGE,
            "<a href=/get?id=9><img src=/pdf.gif alt='Full text PDF'></a>",
            "https://pub.example/get?id=9",
        ),
        (
            "a label for a text",
            PAGE,
            "<a href=/get?id=9 aria-label='Download PDF'><i class=icon></i></a>",
            "https://pub.example/get?id=9",
        ),
        (
            "another host of the site",
            PAGE,
            "<a href=https://cdn.pub.example/9.pdf>PDF</a>",
            "https://cdn.pub.example/9.pdf",
        ),
        (
            "spaces and fragments",
            PAGE,
            "<a href=' /files/my paper.pdf#page=1 '>PDF</a>",
            "https://pub.example/files/my%20paper.pdf",
        ),
        (
            "broken HTML",
            PAGE,
            "<table><tr><a href=/9.pdf <b>PDF</table></b><p",
            "https://pub.example/9.pdf",
        ),
    ] {
        assert_eq!(pdfs_at(page, html), [pdf], "{platform}");
    }
}

#[test]
fn a_galleys_file_is_proposed_before_its_viewer() {
    let page = "https://ojs.example/index.php/j/article/view/12";
    let html = "<a class='obj_galley_link pdf' href=https://ojs.example/index.php/j/article/view/12/34>PDF</a>";
    assert_eq!(
        pdfs_at(page, html),
        [
            "https://ojs.example/index.php/j/article/download/12/34",
            "https://ojs.example/index.php/j/article/view/12/34"
        ]
    );
}

#[test]
fn a_galley_in_two_languages_is_two_files_and_two_nameless_galleys_are_none() {
    let page = "https://ojs.example/index.php/j/article/view/12";
    let galley = |id: u8, text: &str| {
        format!(
            "<a class='obj_galley_link pdf' href=/index.php/j/article/download/12/{id}>{text}</a>"
        )
    };
    let languages = galley(34, "PDF (English)") + &galley(35, "PDF (Español)");
    assert_eq!(pdfs_at(page, &languages).len(), 2);
    let nameless = galley(34, "PDF") + &galley(35, "PDF");
    assert_eq!(pdfs_at(page, &nameless), Vec::<String>::new());
}

#[test]
fn buttons_above_and_below_are_one_file() {
    let html = "<a href=/doi/pdf/10.1234/x>PDF</a><p>text</p><a href=/doi/epdf/10.1234/x>View PDF</a><a href='/doi/pdf/10.1234/x?download=true'>Download PDF</a>";
    let found = pdfs(html);
    assert!(
        found.contains(&"https://pub.example/doi/pdf/10.1234/x".to_owned()),
        "{found:?}"
    );
    assert!(found.iter().all(|url| url.contains("10.1234/x")));
}

#[test]
fn of_two_versions_the_newer_is_taken() {
    let html = "<a href=/content/10.1234/77v1.full.pdf>PDF</a><a href=/content/10.1234/77v2.full.pdf>PDF</a>";
    assert_eq!(
        pdfs(html),
        ["https://pub.example/content/10.1234/77v2.full.pdf"]
    );
}

#[test]
fn the_articles_own_link_stands_out_among_the_neighbours() {
    let page = "https://pub.example/articles/abc-1234";
    let neighbours: String = (1..9)
        .map(|n| format!("<li><a href=/articles/xyz-{n}/pdf>PDF</a></li>"))
        .collect();
    let html = format!("<a href=/articles/abc-1234/pdf>Download PDF</a><ul>{neighbours}</ul>");
    assert_eq!(
        pdfs_at(page, &html),
        ["https://pub.example/articles/abc-1234/pdf"]
    );
}

#[test]
fn sections_of_other_peoples_links_end_at_the_next_heading_of_their_level() {
    let html = "<h1>Related party transactions</h1><h2>References</h2><h3>Books</h3><a href=/cited.pdf>PDF</a>\
        <h2>Download</h2><a href=/own.pdf>PDF</a>";
    assert_eq!(pdfs(html), ["https://pub.example/own.pdf"]);
}

#[test]
fn a_galley_without_language_beside_labelled_ones_is_the_journals_own() {
    let page = "https://ojs.example/index.php/j/article/view/12";
    let galley = |id: u8, text: &str| {
        format!(
            "<a class='obj_galley_link pdf' href=/index.php/j/article/download/12/{id}>{text}</a>"
        )
    };
    let both = galley(34, "PDF") + &galley(35, "PDF_EN");
    assert_eq!(pdfs_at(page, &both).len(), 2);
    // By words alone, each has to say another language.
    let scielo = |texts: [&str; 2]| -> String {
        let [one, other] = texts;
        format!("<a href=/pdf/es_a1.pdf>{one}</a><a href=/pdf/en_a1.pdf>{other}</a>")
    };
    assert_eq!(pdfs(&scielo(["Español (pdf)", "Inglés (pdf)"])).len(), 2);
    for texts in [["Español (pdf)", "Español (pdf)"], ["PDF", "Inglés (pdf)"]] {
        assert_eq!(pdfs(&scielo(texts)), Vec::<String>::new(), "{texts:?}");
    }
}

#[test]
fn a_file_is_known_by_its_name_without_its_ending() {
    for (text, is) in [
        ("Smith_2020", true),
        ("<span>File</span> <span>Smith_2020</span>", true),
        ("Jones_2020", false),
        ("Errata of Smith_2020", false),
    ] {
        let html =
            format!("<a href=/portal/12345/Smith_2020.pdf>{text}</a>, Final published version");
        assert_eq!(pdfs(&html).len(), usize::from(is), "{text}");
    }
}
