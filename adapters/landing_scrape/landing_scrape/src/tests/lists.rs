//! Pages that list many works: the first link is nobody's.

use super::*;

fn papers(n: usize) -> String {
    (1..=n)
        .map(|i| format!("<div><a href=/article/view/{i}00>Paper {i}</a> <a href=/article/download/{i}00/{i}>PDF</a></div>"))
        .collect()
}

#[test]
fn an_issue_of_two_or_two_hundred_papers_gives_none() {
    for n in [2, 3, 10, 200, 500] {
        for page in [
            "https://pub.example/issue/view/45",
            "https://pub.example/index.php/j/issue/current",
            PAGE,
        ] {
            assert_eq!(
                pdfs_at(page, &papers(n)),
                Vec::<String>::new(),
                "{n} on {page}"
            );
        }
    }
}

#[test]
fn a_listing_of_preprints_gives_none() {
    let html: String = (1..26)
        .map(|n| format!("<dt><a href=/abs/2401.{n:05}>arXiv:2401.{n:05}</a> [<a href=/pdf/2401.{n:05} title='Download PDF'>pdf</a>]</dt>"))
        .collect();
    assert_eq!(
        pdfs_at("https://arxiv.example/list/cs.CL/2401", &html),
        Vec::<String>::new()
    );
}

#[test]
fn two_files_that_say_equally_little_are_none() {
    let html = "<a href=/files/one.pdf>one.pdf</a><a href=/files/two.pdf>two.pdf</a>";
    assert_eq!(pdfs(html), Vec::<String>::new());
    assert_eq!(
        pdfs("<a href=/files/one.pdf>one.pdf</a>"),
        ["https://pub.example/files/one.pdf"]
    );
}

#[test]
fn in_a_list_the_work_is_known_by_its_doi_or_title_however_long_the_list() {
    let html = papers(2_000)
        + "<a href=/p/10.1234/ours.pdf>PDF</a><a href=/p/9.pdf>On the nesting habits of lesser penguins</a>";
    let by_doi = Work {
        landing_urls: vec![PAGE.to_owned()],
        ..testing::work(&[("doi", "10.1234/ours")])
    };
    assert_eq!(
        read(&html, &by_doi).unwrap(),
        ["https://pub.example/p/10.1234/ours.pdf"]
    );
    let by_title = Work {
        title: Some("On the nesting habits of lesser penguins".to_owned()),
        ..at(&[PAGE])
    };
    assert_eq!(
        read(&html, &by_title).unwrap(),
        ["https://pub.example/p/9.pdf"]
    );
}

#[test]
fn a_short_title_proves_nothing() {
    let work = Work {
        title: Some("Editorial".to_owned()),
        ..at(&[PAGE])
    };
    let html = "<a href=/1.pdf>Editorial</a><a href=/2.pdf>Editorial</a>";
    assert_eq!(read(html, &work), Err("no_pdf_url".to_owned()));
}

#[test]
fn metadata_of_several_works_give_only_ours() {
    let entry = |n: u8| {
        format!(
            "<meta name=citation_title content='Paper {n}'><meta name=citation_doi content=10.1234/p{n}><meta name=citation_pdf_url content=/pdf/10.1234/p{n}.pdf>"
        )
    };
    let volume: String = (1..4).map(entry).collect();
    assert_eq!(pdfs(&volume), Vec::<String>::new());
    let ours = Work {
        landing_urls: vec![PAGE.to_owned()],
        ..testing::work(&[("doi", "10.1234/p2")])
    };
    assert_eq!(
        read(&volume, &ours).unwrap(),
        ["https://pub.example/pdf/10.1234/p2.pdf"]
    );
}

#[test]
fn a_list_of_works_teaches_no_identifier() {
    let html = "<meta name=citation_doi content=10.1234/p1><meta name=citation_doi content=10.1234/p2><meta name=citation_pmid content=1>";
    assert!(attempt(&ScriptedHost::new().html(PAGE, html), &at(&[PAGE])).is_err());
}

#[test]
fn metadata_of_several_works_without_dois_give_none() {
    let volume: String = (1..4)
        .map(|n| format!("<meta name=citation_title content='Paper {n}'><meta name=citation_pdf_url content=/p{n}.pdf>"))
        .collect();
    assert_eq!(pdfs(&volume), Vec::<String>::new());
    let languages = "<meta name=citation_title lang=en content='On penguins'><meta name=citation_pdf_url content=/en.pdf>\
        <meta name=citation_title lang=pt content='Dos pinguins'><meta name=citation_pdf_url content=/pt.pdf>";
    assert_eq!(pdfs(languages).len(), 2);
}

#[test]
fn a_page_whose_doi_and_title_are_another_works_names_nothing_and_teaches_nothing() {
    let page = |title: &str| {
        format!(
            "<meta name=citation_doi content=10.1234/other><meta name=citation_title content='{title}'>\
            <meta name=citation_pmid content=29456894><meta name=citation_pdf_url content=/other.pdf>\
            <a href=/article/1/pdf>Download PDF</a>"
        )
    };
    let work = Work {
        landing_urls: vec![PAGE.to_owned()],
        title: Some("On the nesting habits of lesser penguins".to_owned()),
        ..testing::work(&[("doi", "10.1234/ours")])
    };
    assert_eq!(
        read(&page("Soil moisture in alpine meadows"), &work),
        Err("no_pdf_url".to_owned())
    );
    // A repository's copy has a DOI of its own.
    let copy = page("Nesting habits of lesser penguins: a study");
    assert!(!read(&copy, &work).unwrap().is_empty());
}

#[test]
fn the_one_paper_an_index_happens_to_list_is_taken_only_by_its_name() {
    let one = "<article><h4>Some other title</h4><a href=/p/x.pdf>Download PDF</a></article>";
    let named = "<a href=/p/10.1234/ours.pdf>PDF</a><a href=/p/10.1234/theirs.pdf>PDF</a>";
    let work = |url: &str| Work {
        landing_urls: vec![url.to_owned()],
        ..testing::work(&[("doi", "10.1234/ours")])
    };
    for url in [
        "https://pub.example/issue/12",
        "https://pub.example/toc/jx/12/3",
        "https://pub.example/search?q=x",
        "https://pub.example/journals/jx",
    ] {
        assert_eq!(pdfs_at(url, one), Vec::<String>::new(), "{url}");
        let host = ScriptedHost::new().html(url, named);
        let found = attempt(&host, &work(url)).unwrap();
        assert_eq!(found.candidates.len(), 1, "{url}");
    }
    let article = "https://pub.example/issue/12/article/3";
    assert_eq!(pdfs_at(article, one), ["https://pub.example/p/x.pdf"]);
}

#[test]
fn chapters_are_none_of_them_the_thesis() {
    for name in ["eprints.document_url", "citation_pdf_url"] {
        let metas = |stem: &str| -> String {
            (1..4)
                .map(|n| format!("<meta name={name} content=/4711/{n}/{stem}{n}.pdf>"))
                .collect()
        };
        for stem in ["chapter", "thesis_part", "Smith_vol"] {
            assert_eq!(pdfs(&metas(stem)), Vec::<String>::new(), "{name} {stem}");
        }
        let whole = format!("<meta name={name} content=/4711/9/Smith2020.pdf>") + &metas("s");
        assert_eq!(
            pdfs(&whole),
            ["https://pub.example/4711/9/Smith2020.pdf"],
            "{name}"
        );
    }
}

#[test]
fn a_page_whose_metadata_list_works_has_no_pdf_of_its_own_but_by_id_or_name() {
    let volume: String = (1..7)
        .map(|n| format!("<meta name=citation_title content='Paper {n}'><meta name=citation_pdf_url content=/p{n}.pdf>"))
        .collect();
    let issue = volume.clone() + "<a href=/files/all12.pdf>PDF</a>";
    assert_eq!(pdfs(&issue), Vec::<String>::new());
    let by_id = volume + "<a href=/article/1/pdf>PDF</a>";
    assert_eq!(pdfs(&by_id), ["https://pub.example/article/1/pdf"]);
}

#[test]
fn a_plain_link_in_a_line_of_unknown_words_yields_to_a_link_that_was_not_understood() {
    let unknown = "<p><a href=/pdf/ax77.pdf>Zzyzx plook</a></p>";
    let other = |line: &str| format!("<p>{line}<a href=/files/zz12.pdf>PDF</a></p>");
    assert_eq!(
        pdfs(&(unknown.to_owned() + &other("Quux: "))),
        Vec::<String>::new()
    );
    for html in [
        other("Quux: "),
        unknown.to_owned() + &other(""),
        unknown.to_owned() + &other("Full text: "),
        // What follows the paper is less likely to be it.
        other("Quux: ") + unknown,
        other("Quux: ") + "<nav><a href=/pdf/ax77.pdf>Zzyzx plook</a></nav>",
        format!("<nav>{unknown}</nav>") + &other("Quux: "),
    ] {
        assert_eq!(
            pdfs(&html),
            ["https://pub.example/files/zz12.pdf"],
            "{html}"
        );
    }
}
