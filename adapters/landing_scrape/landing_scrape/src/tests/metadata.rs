//! What pages say for machines, in every way they write it.

use super::*;

const PDF: &str = "https://pub.example/files/a%20b.pdf?x=1&y=2";

#[test]
fn the_same_address_is_read_in_every_spelling_of_html() {
    for html in [
        "<meta name=\"citation_pdf_url\" content=\"/files/a b.pdf?x=1&amp;y=2\">",
        "<META CONTENT='/files/a%20b.pdf?x=1&y=2' NAME='CITATION_PDF_URL'>",
        "<meta content=/files/a%20b.pdf?x=1&#38;y=2 property=citation_pdf_url>",
        "<meta name = ' citation_pdf_url ' content = '  /files/a b.pdf?x=1&y=2\n '>",
        "<meta data-x='<' itemprop=citation_pdf_url content=//pub.example/files/a%20b.pdf?x=1&y=2#page=3>",
        "<base href='https://pub.example/files/'><meta name=citation_pdf_url content='a b.pdf?x=1&y=2'>",
        "<base href=/files/x/><meta name=citation_pdf_url content='../a b.pdf?x=1&y=2'>",
        "<base target=_blank><base href=/files/><meta name=citation_pdf_url content='a b.pdf?x=1&y=2'>",
        "<body><p>late</p><meta name=citation_pdf_url content='/files/a b.pdf?x=1&y=2'></body>",
        "<meta name=citation_pdf_url content=''><meta name=citation_pdf_url content='/files/a b.pdf?x=1&y=2'>",
    ] {
        assert_eq!(pdfs(html), [PDF], "{html}");
    }
}

#[test]
fn what_is_commented_out_or_inside_a_script_is_not_on_the_page() {
    for html in [
        "<!-- <meta name=citation_pdf_url content=/x.pdf> <a href=/x.pdf>PDF</a> -->",
        "<script>document.write('<a href=/x.pdf>PDF</a>')</script>",
        "<textarea><a href=/x.pdf>PDF</a></textarea>",
        "<style><a href=/x.pdf>PDF</a></style>",
    ] {
        assert_eq!(pdfs(html), Vec::<String>::new(), "{html}");
    }
}

#[test]
fn of_several_citation_pdf_urls_a_supplement_is_left_out_and_languages_are_kept() {
    let html = "<meta name=citation_pdf_url content=/doi/suppl/10.1234/x/suppl_file/x_si_001.pdf>\
        <meta name=citation_pdf_url content=/pdf/1.pdf?lang=en><meta name=citation_pdf_url content=/pdf/1.pdf?lang=pt>";
    assert_eq!(
        pdfs(html),
        [
            "https://pub.example/pdf/1.pdf?lang=en",
            "https://pub.example/pdf/1.pdf?lang=pt"
        ]
    );
}

#[test]
fn addresses_that_are_none_are_passed_over() {
    for content in [
        "javascript:void(0)",
        "data:application/pdf;base64,JVBERi0",
        "mailto:a@b.example",
        "#",
        "null",
        "undefined",
        "NULL",
        "false",
        "Not available",
        "{{pdfUrl}}",
        "/files/${pdf}.pdf",
        "ftp://x.example/1.pdf",
        "https://",
        "http://[::1",
        "/article/1",
    ] {
        let html = format!("<meta name=citation_pdf_url content='{content}'>");
        assert_eq!(pdfs(&html), Vec::<String>::new(), "{content}");
    }
}

#[test]
fn the_variants_of_repositories_count_where_they_name_one_pdf() {
    for html in [
        "<meta name=bepress_citation_pdf_url content=/x.pdf>",
        "<meta name=wkhealth_pdf_url content=/x.pdf>",
        "<meta name=eprints.document_url content=/x.pdf><meta name=eprints.document_url content=/x.docx>",
        "<meta name=DC.Identifier content=10.1234/x><meta name=DC.identifier content=https://pub.example/x.pdf>",
        "<meta name=dcterms.identifier scheme=DCTERMS.URI content=https://pub.example/x.pdf>",
        "<meta name=DC.identifier.uri content=https://pub.example/x.pdf>",
    ] {
        assert_eq!(pdfs(html), ["https://pub.example/x.pdf"], "{html}");
    }
    let two = "<meta name=DC.identifier content=https://pub.example/x.pdf><meta name=DC.identifier content=https://pub.example/y.pdf>";
    assert_eq!(pdfs(two), Vec::<String>::new());
}

#[test]
fn a_journal_called_supplement_keeps_its_papers() {
    let url = "https://www.heartsupplements.example/supplements/article/S2157-1716";
    let html = "<title>European Heart Supplements</title><meta name=citation_pdf_url content=/supplements/article/S2157-1716/pdf>";
    assert_eq!(
        pdfs_at(url, html),
        ["https://www.heartsupplements.example/supplements/article/S2157-1716/pdf"]
    );
    let title = "<title>Dietary supplement use</title><meta name=citation_title content='Dietary supplement use'>\
        <meta name=citation_pdf_url content=/files/dietary-supplement-use.pdf>";
    assert_eq!(
        pdfs(title),
        ["https://pub.example/files/dietary-supplement-use.pdf"]
    );
}

#[test]
fn an_alternate_counts_alone_or_once_for_each_language() {
    let link = |href: &str, more: &str| {
        format!("<link rel='alternate' type='application/pdf' {more} href={href}>")
    };
    assert_eq!(pdfs(&link("/1.pdf", "")), ["https://pub.example/1.pdf"]);
    assert_eq!(
        pdfs(&(link("/1.pdf", "") + &link("/2.pdf", ""))),
        Vec::<String>::new()
    );
    let languages = link("/1.pdf?l=en", "hreflang=en") + &link("/1.pdf?l=pt", "hreflang=pt");
    assert_eq!(pdfs(&languages).len(), 2);
    for html in [
        link("/figure1.pdf", ""),
        "<link rel=alternate type=text/html href=/1.pdf>".to_owned(),
        "<link rel=stylesheet type=application/pdf href=/1.pdf>".to_owned(),
    ] {
        assert_eq!(pdfs(&html), Vec::<String>::new(), "{html}");
    }
}

#[test]
fn documents_in_frames_and_viewers_are_found() {
    for html in [
        "<embed src=/f/1.pdf>",
        "<object type=application/pdf data=/f/1.pdf></object>",
        "<iframe src='/f/1.pdf#view=FitH'></iframe>",
        "<iframe data-src=/f/1.pdf src=about:blank></iframe>",
        "<iframe src='/plugins/generic/pdfJsViewer/pdf.js/web/viewer.html?file=https%3A%2F%2Fpub.example%2Ff%2F1.pdf'></iframe>",
        "<iframe src='/lib/viewer.html?file=../f/1.pdf'></iframe>",
        "<iframe src='https://docs.google.com/gview?embedded=true&url=https://pub.example/f/1.pdf'></iframe>",
        "<frameset cols=20%,80%><frame src=/menu.html><frame src=/f/1.pdf></frameset>",
        "<object data=/f/1.pdf type=application/pdf><embed src=/f/1.pdf></object>",
    ] {
        assert_eq!(pdfs(html), ["https://pub.example/f/1.pdf"], "{html}");
    }
}

#[test]
fn a_frame_that_gets_a_pdf_holds_one() {
    let html = "<iframe src='/stampPDF/getPDF.jsp?tp=&arnumber=9050001&ref='></iframe>";
    assert_eq!(
        pdfs(html),
        ["https://pub.example/stampPDF/getPDF.jsp?tp=&arnumber=9050001&ref="]
    );
}

#[test]
fn frames_that_show_something_else_are_left_alone() {
    for html in [
        "<iframe src='https://ads.example/banner?file=spring.html'></iframe>",
        "<iframe src=/login></iframe>",
        "<embed src=/player.swf>",
        "<iframe src=/f/1.pdf></iframe><iframe src=/f/2.pdf></iframe>",
        "<iframe src=/f/brochure.pdf></iframe>",
        "<frameset><frame src=/menu.html><frame src=/main.html></frameset>",
        "<iframe></iframe><object></object><embed>",
    ] {
        assert_eq!(pdfs(html), Vec::<String>::new(), "{html}");
    }
}

#[test]
fn what_the_page_calls_the_work_is_learnt_where_the_work_does_not_say() {
    let html = "<meta name=citation_doi content='doi:10.1234/ABC'><meta name=citation_pmid content=29456894>\
        <meta name=citation_arxiv_id content=2101.00001>";
    let found = attempt(&ScriptedHost::new().html(PAGE, html), &at(&[PAGE])).unwrap();
    assert_eq!(
        (found.reason.as_str(), found.candidates.len()),
        ("no_pdf_url", 0)
    );
    let learnt: Vec<_> = found
        .identifiers
        .iter()
        .map(|id| (id.scheme.as_str(), id.value.as_str()))
        .collect();
    assert_eq!(
        learnt,
        [
            ("doi", "10.1234/abc"),
            ("pmid", "29456894"),
            ("arxiv", "2101.00001")
        ]
    );

    let known = Work {
        landing_urls: vec![PAGE.to_owned()],
        ..testing::work(&[
            ("doi", "10.1234/other"),
            ("pmid", "1"),
            ("arxiv", "2101.00002"),
        ])
    };
    let miss = attempt(&ScriptedHost::new().html(PAGE, html), &known).unwrap_err();
    assert_eq!(miss.reason(), "no_pdf_url");
}

#[test]
fn metadata_that_name_a_supplement_name_nothing() {
    for file in [
        "/static/esm/abc123_ESM.pdf",
        "/files/S1_File.pdf",
        "/files/abc123.si.pdf",
        "/files/supporting-information.pdf",
        "/files/sdc1.pdf",
        "/files/fig1.pdf",
        "/files/mmc1.pdf",
    ] {
        let html = format!("<meta name=citation_pdf_url content={file}>");
        assert_eq!(pdfs(&html), Vec::<String>::new(), "{file}");
    }
}

#[test]
fn an_appendix_is_left_out_beside_the_paper_and_taken_alone() {
    let appendix = "<meta name=citation_pdf_url content=/files/appendix-1.pdf>";
    let both = appendix.to_owned() + "<meta name=citation_pdf_url content=/files/main.pdf>";
    assert_eq!(pdfs(&both), ["https://pub.example/files/main.pdf"]);
    assert_eq!(pdfs(appendix), ["https://pub.example/files/appendix-1.pdf"]);
}

#[test]
fn the_papers_a_thesis_is_handed_in_with_are_not_taken_even_alone() {
    for name in [
        "accesoRestringido.pdf",
        "1/BAB%20I.pdf",
        "Portada.pdf",
        "posudek.pdf",
    ] {
        let html = format!("<meta name=citation_pdf_url content='/files/{name}'>");
        assert_eq!(pdfs(&html), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn a_link_that_is_not_shown_is_not_taken() {
    for hidden in ["hidden", "style='color: red; display : none'"] {
        let html = format!("<a {hidden} href=/article/1.pdf>PDF</a>");
        assert_eq!(pdfs(&html), Vec::<String>::new(), "{hidden}");
    }
    let shown = "<a style='display: inline' href=/article/1.pdf>PDF</a>";
    assert_eq!(pdfs(shown).len(), 1);
}

#[test]
fn an_alternate_that_is_titled_something_else_is_left_out() {
    let link = |title: &str| {
        format!(
            "<title>A review of reviews</title><link rel=alternate type=application/pdf href=/1.pdf title='{title}'>"
        )
    };
    for title in ["Supplementary Information", "Full issue", "Zusatzmaterial"] {
        assert_eq!(pdfs(&link(title)), Vec::<String>::new(), "{title}");
    }
    for title in [
        "PDF",
        "",
        "A review of reviews",
        "Open data and code in the sciences of the sea",
    ] {
        assert_eq!(pdfs(&link(title)).len(), 1, "{title}");
    }
}

#[test]
fn what_stands_in_noscript_is_on_the_page() {
    for html in [
        "<head><noscript><meta name=citation_pdf_url content=/x.pdf></noscript>",
        "<noscript><a href=/x.pdf>Download PDF</a></noscript>",
    ] {
        assert_eq!(pdfs(html), ["https://pub.example/x.pdf"], "{html}");
    }
}

#[test]
fn of_many_files_beside_the_works_own_doi_the_first_is_taken() {
    let metas: String = (1..7)
        .map(|n| format!("<meta name=citation_pdf_url content=/article/download/12/{n}>"))
        .collect();
    let html = |doi: &str| format!("<meta name=citation_doi content={doi}>{metas}");
    let work = Work {
        landing_urls: vec![PAGE.to_owned()],
        ..testing::work(&[("doi", "10.1234/ours")])
    };
    assert_eq!(
        read(&html("10.1234/ours"), &work).unwrap(),
        ["https://pub.example/article/download/12/1"]
    );
    assert_eq!(
        read(&html("10.1234/other"), &work),
        Err("no_pdf_url".to_owned())
    );
}
