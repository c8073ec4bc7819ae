//! What is never taken, in spellings nobody showed us.

use super::*;

fn nothing(html: &str) {
    assert_eq!(
        read(html, &at(&[PAGE])),
        Err("no_pdf_url".to_owned()),
        "{html}"
    );
}

#[test]
fn companions_of_the_article_are_never_taken_by_what_they_are_called() {
    for text in [
        "Supplementary Material (PDF)",
        "Supplemental file 1 (PDF)",
        "Suppl. PDF",
        "Supporting Information PDF",
        "Appendix A (PDF)",
        "Online appendix [PDF]",
        "Additional file 1 (PDF 80 kb)",
        "S1 Table (PDF)",
        "Figure 2 PDF",
        "Table 3 (PDF)",
        "Graphical abstract PDF",
        "Abstract (PDF)",
        "Highlights PDF",
        "Peer review file (PDF)",
        "Reviewer comments (PDF)",
        "Decision letter PDF",
        "Author response PDF",
        "Reporting summary (PDF)",
        "Source data PDF",
        "Data set (PDF)",
        "Slides (PDF)",
        "Poster PDF",
        "Transcript (PDF)",
        "Study protocol (PDF)",
        "PRISMA checklist (PDF)",
        "Questionnaire PDF",
        "Plain language summary (PDF)",
        "Press release (PDF)",
        "Preview PDF",
        "Sample PDF",
        "S1 Text PDF",
        "First page (PDF)",
        "Reply PDF",
        "Zusatzmaterial (PDF)",
        "Anhang (PDF)",
        "Annexes (PDF)",
        "Material suplementario (PDF)",
        "Matériel supplémentaire (PDF)",
        "Дополнения и приложения (PDF)",
        "補足資料 PDF",
    ] {
        nothing(&format!("<a href=/get/17>{text}</a>"));
        nothing(&format!("<a href=/files/17.pdf>{text}</a>"));
    }
}

#[test]
fn a_file_that_no_word_calls_a_pdf_or_a_paper_is_none() {
    for html in [
        "<a href=/docs/GDPR.pdf>GDPR statement</a>",
        "<a href=/docs/vpat.pdf>Accessibility</a>",
        "<a href=/docs/report-2020.pdf>Our report</a>",
    ] {
        nothing(html);
    }
    for html in [
        "<a href=/docs/9.pdf>Smith.pdf</a>",
        "<a href=/docs/9.pdf>Accepted manuscript</a>",
        "<a href=/docs/9.pdf><img src=/icons/pdf.gif></a>",
        "<a href=/docs/9.pdf><i class='fa fa-file-pdf-o'></i> 1.2 MB</a>",
        "<title>On penguins</title><a href=/docs/9.pdf type=application/pdf>On penguins</a>",
    ] {
        assert_eq!(pdfs(html), ["https://pub.example/docs/9.pdf"], "{html}");
    }
}

#[test]
fn the_journals_own_papers_are_never_taken() {
    for text in [
        "Cover (PDF)",
        "Table of contents (PDF)",
        "TOC PDF",
        "Editorial board (PDF)",
        "Front matter PDF",
        "Masthead (PDF)",
        "Full issue (PDF)",
        "Complete volume (PDF)",
        "Author guidelines (PDF)",
        "Instructions for authors PDF",
        "Copyright form (PDF)",
        "Permissions (PDF)",
        "License agreement PDF",
        "Template (PDF)",
        "Call for papers (PDF)",
        "Media kit PDF",
        "Subscription order form (PDF)",
        "Privacy policy (PDF)",
        "Reprints (PDF)",
        "Proceedings (PDF)",
        "Conference programme PDF",
        "Newsletter (PDF)",
        "Erratum (PDF)",
        "Correction PDF",
        "Retraction notice (PDF)",
        "Previous version (PDF)",
        "Older versions PDF",
        "Superseded PDF",
        "Download citation (PDF)",
        "Version history PDF",
    ] {
        nothing(&format!("<a href=/get/17>{text}</a>"));
    }
}

#[test]
fn companions_are_known_by_their_address_though_the_link_says_pdf() {
    for href in [
        "/doi/suppl/10.1234/x/suppl_file/x_si_001.pdf",
        "/downloadSupplement?file=SuppData.pdf",
        "/cms/attachment/mmc1.pdf",
        "/x/MOESM2_ESM.pdf",
        "/article/file?type=supplementary&id=10.1234/p.s001",
        "/files/S1_File.pdf",
        "/files/S1-Fig.pdf",
        "/files/appendix.pdf",
        "/files/online-appendix-b.pdf",
        "/early/2020/DC1/embed/media-1.pdf",
        "/files/12_s2.pdf",
        "/links/lww/A1/sdc3.pdf",
        "/x/supporting-information.pdf",
        "/x/additional-file-2.pdf",
        "/x/fig1.pdf",
        "/x/Figure_3.pdf",
        "/x/graphical-abstract.pdf",
        "/x/peer-review-file.pdf",
        "/x/toc.pdf",
        "/x/cover.pdf",
        "/x/frontmatter.pdf",
        "/x/erratum.pdf",
        "/x/copyright.pdf",
        "/x/guidelines.pdf",
        "/x/suppmat.pdf",
        "/x/supmat.pdf",
        "/x/SuppInfo.pdf",
        "/x/OnlineAppendix.pdf",
        "/x/electronicsupplementarymaterial.pdf",
        "/x/abc123-sup-0001.pdf",
        "/x/abc123-correction.pdf",
        "/x/abc123-reply.pdf",
        "/x/abc123-firstpage.pdf",
        "/x/full-issue-12.pdf",
    ] {
        nothing(&format!("<a href='{href}'>PDF</a>"));
        nothing(&format!("<a href='{href}'>Download PDF</a>"));
    }
}

#[test]
fn a_supplement_under_the_works_own_doi_is_still_a_supplement() {
    let work = Work {
        landing_urls: vec![PAGE.to_owned()],
        title: Some("On the nesting habits of lesser penguins".to_owned()),
        ..testing::work(&[("doi", "10.1234/x")])
    };
    for html in [
        "<a href=/doi/suppl/10.1234/x/x_si_001.pdf>PDF</a>",
        "<a href=/doi/10.1234/x/extra.pdf>Supplementary PDF</a>",
        "<a href=/extra.pdf>Supplement to: On the nesting habits of lesser penguins (PDF)</a>",
    ] {
        assert_eq!(read(html, &work), Err("no_pdf_url".to_owned()), "{html}");
    }
    let own = "<a href=/9.pdf>On the nesting habits of lesser penguins (PDF)</a>";
    assert_eq!(read(own, &work).unwrap(), ["https://pub.example/9.pdf"]);
}

#[test]
fn links_among_other_peoples_are_never_taken() {
    for html in [
        "<h2>References</h2><ol><li>Smith <a href=/pdf/other.pdf>PDF</a></ol>",
        "<h3>Bibliography</h3><p><a href=/pdf/other.pdf>Full Text PDF</a>",
        "<h2>Related articles</h2><a href=/pdf/other.pdf>PDF</a>",
        "<h2>Supplementary material</h2><a href=/pdf/other.pdf>Download PDF</a>",
        "<h2>Cited by (3)</h2><h3>A paper</h3><a href=/pdf/other.pdf>PDF</a>",
        "<div id=recommended><div><a href=/pdf/other.pdf>PDF</a></div></div>",
        "<div class='widget similar-articles'><a href=/pdf/other.pdf>PDF</a></div>",
        "<ul class=version-list><li class=versions><a href=/pdf/other.pdf>PDF</a></ul>",
        "<a href=https://doi.example/other.pdf>PDF</a>",
        "<a href=https://pub.example.evil.test/1.pdf>PDF</a>",
    ] {
        nothing(html);
    }
}

#[test]
fn links_that_lead_nowhere_are_never_taken() {
    for href in [
        "javascript:download()",
        "data:application/pdf;base64,AA",
        "#pdf",
        "",
        "mailto:x@y.example?subject=x.pdf",
        "file:///etc/x.pdf",
        "ftp://pub.example/x.pdf",
        "https://",
    ] {
        nothing(&format!("<a class=pdf href='{href}'>Download PDF</a>"));
    }
}

#[test]
fn a_sites_first_page_has_no_paper_of_its_own() {
    for url in [
        "https://pub.example/",
        "https://pub.example",
        "https://pub.example/index.php",
    ] {
        assert_eq!(
            pdfs_at(url, "<a href=/annual.pdf>Download PDF</a>"),
            Vec::<String>::new(),
            "{url}"
        );
    }
}

#[test]
fn a_file_that_one_of_its_links_calls_something_else_is_that() {
    for html in [
        "<a href=/files/x9.pdf>Supplementary material (PDF)</a> <a href=/files/x9.pdf>Download</a>",
        "<a href=/files/x9.pdf>PDF</a> <a href=/files/x9.pdf>Table of contents</a>",
        "<a href=/files/x9.pdf>Erratum</a><a href=/files/x9.pdf><img src=pdf.gif alt=PDF></a>",
        "<table><tr><td><a href=/b/2/x9.pdf>x9.pdf</a><td>Supplementary material<td><a href=/b/2/x9.pdf>View/Open</a></table>",
        "<table><tr><td>Other (Supplementary)<br>x9.pdf<br><a href=/b/2/x9.pdf>Download (1MB)</a></table>",
        "<ul><li>Online appendix: <a href=/b/2/x9.pdf>PDF</a></ul>",
    ] {
        nothing(html);
    }
    for html in [
        "<a href=/9.pdf><img alt='Cover image' src=/c.png></a><a href=/9.pdf>PDF</a>",
        "<a href='/9.pdf#page=4'>Figure 2</a><a href=/9.pdf>PDF</a>",
        "<a href=/9.pdf>Preview</a><a href=/9.pdf>PDF</a>",
        "<table><tr><td>Volume 3, issue 2<td>Abstract and data<td><a href=/9.pdf>PDF</a></table>",
        "<ul><li><a href=/s.zip>Supplement</a> <a href=/9.pdf>PDF</a></ul>",
    ] {
        assert_eq!(pdfs(html), ["https://pub.example/9.pdf"], "{html}");
    }
    // What metadata name is not taken back by a link.
    let named =
        "<meta name=citation_pdf_url content=/files/x9.pdf><a href=/files/x9.pdf>Cover letter</a>";
    assert_eq!(pdfs(named), ["https://pub.example/files/x9.pdf"]);
}

#[test]
fn a_sole_pdf_is_taken_only_when_nothing_else_is_said_of_it() {
    for text in [
        "Número completo (PDF)",
        "Normas para autores (PDF)",
        "Правила для авторов (PDF)",
        "投稿規定 (PDF)",
        "Export PDF",
        "Print this record (PDF)",
        "Commentary (PDF)",
        "Version 1 PDF",
        "Chapter 1 PDF",
        "Price list 2020 (PDF)",
    ] {
        nothing(&format!("<a class=pdf href=/files/a7.pdf>{text}</a>"));
        nothing(&format!(
            "<a title='Download PDF' href=/files/a7.pdf>{text}</a>"
        ));
    }
    nothing("<a href=/issue/download/55/66 class='obj_galley_link pdf'>PDF</a>");
}

#[test]
fn a_longer_doi_is_another_works() {
    let work = Work {
        landing_urls: vec![PAGE.to_owned()],
        ..testing::work(&[("doi", "10.1515/9783110123456")])
    };
    for part in ["-fm/pdf", "-001/pdf", "_7.pdf", ".r001/pdf"] {
        let html = format!("<a href=/doi/10.1515/9783110123456{part}>Download PDF</a>");
        assert_eq!(read(&html, &work), Err("no_pdf_url".to_owned()), "{part}");
        let both = html + "<a href=/doi/10.1515/9783110123456/pdf>Download PDF</a>";
        assert_eq!(
            read(&both, &work).unwrap(),
            ["https://pub.example/doi/10.1515/9783110123456/pdf"],
            "{part}"
        );
    }
}
