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
