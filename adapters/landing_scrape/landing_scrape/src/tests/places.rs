//! Links that stand where other people's stand.

use super::*;

const TITLE: &str = "A study of things in the wild";

fn ours() -> Work {
    Work {
        landing_urls: vec!["https://pub.example/articles/abc123".to_owned()],
        title: Some(TITLE.to_owned()),
        ..testing::work(&[("doi", "10.1234/abc123")])
    }
}

fn of_ours(html: &str) -> Vec<String> {
    let page = "https://pub.example/articles/abc123";
    attempt(&ScriptedHost::new().html(page, html), &ours())
        .map(|found| found.candidates.into_iter().map(|c| c.url).collect())
        .unwrap_or_default()
}

#[test]
fn a_link_with_another_works_doi_is_never_taken_wherever_it_stands() {
    for html in [
        "<p><b>References</b></p><p>1. Smith. <a href=/doi/pdf/10.1234/zzz999>PDF</a>",
        "<div class=card><a href=/doi/pdf/10.1234/zzz999>Download PDF</a></div>",
        "<div><a href=/content/pdf/10.1234/zzz999.pdf>Download PDF</a></div>",
        "<a href='/get?doi=10.1234%2Fzzz999&type=pdf'>Full text PDF</a>",
        "<a href=/doi/pdf/10.1234/abc1234>PDF</a>",
    ] {
        assert_eq!(of_ours(html), Vec::<String>::new(), "{html}");
    }
    for html in [
        "<meta name=citation_doi content=10.9999/copy><a href=/doi/pdf/10.9999/copy>PDF</a>",
        "<a href=/doi/pdf/10.1234/ABC123>PDF</a>",
    ] {
        assert_eq!(of_ours(html).len(), 1, "{html}");
    }
}

#[test]
fn a_reference_list_is_known_by_labels_that_stand_like_headings() {
    for html in [
        "<p><b>References</b></p><p>1. Smith <a href=/docs/zzz.pdf>PDF</a>",
        "<b>References</b><p>1. Smith, <b>12</b>, 3. <a href=/docs/zzz.pdf>PDF</a>",
        "<p><strong>REFERENCES</strong></p><p>Smith <b>Nature</b> <a href=/docs/zzz.pdf>PDF</a>",
        "<div class=title>References</div><div><a href=/docs/zzz.pdf>PDF</a></div>",
        "<p class=section-heading>Literaturverzeichnis</p><a href=/docs/zzz.pdf>PDF</a>",
        "<dl><dt>Downloads<dd>none<dt>References<dd><a href=/docs/zzz.pdf>PDF</a></dl>",
        "<details><summary>Cited by</summary><a href=/docs/zzz.pdf>PDF</a></details>",
        "<h2>Literaturverzeichnis</h2><a href=/docs/zzz.pdf>PDF</a>",
        "<h2>Bibliographie</h2><a href=/docs/zzz.pdf>PDF</a>",
        "<h3>Further reading</h3><a href=/docs/zzz.pdf>PDF</a>",
        "<h2>参考文献</h2><a href=/docs/zzz.pdf>PDF</a>",
        "<h2>Notes</h2><a href=/docs/zzz.pdf>PDF</a>",
    ] {
        assert_eq!(of_ours(html), Vec::<String>::new(), "{html}");
    }
}

#[test]
fn a_word_that_is_no_heading_and_a_list_that_has_ended_hide_nothing() {
    for html in [
        "<p><b>References</b>: 42</p><a href=/docs/9.pdf>PDF</a>",
        "<ul><li><b><a href=#refs>References</a></b></ul><a href=/docs/9.pdf>PDF</a>",
        "<dl><dt>References<dd>12<dt>Download<dd><a href=/docs/9.pdf>PDF</a></dl>",
        "<p><b>References</b></p><p>Smith</p><h2>Download</h2><a href=/docs/9.pdf>PDF</a>",
        "<p><b>References</b></p><p>Smith</p><a href=/docs/abc123.pdf>PDF</a>",
        "<p><b>References</b></p><p>Smith</p><a href=/docs/10.1234/abc123>PDF</a>",
        "<div><div>Citations</div><a href=/docs/9.pdf>PDF</a></div>",
    ] {
        assert_eq!(of_ours(html).len(), 1, "{html}");
    }
}

#[test]
fn a_place_is_known_by_what_it_is_and_is_called_however_deep_the_link_stands() {
    let deep = |open: &str| {
        format!("{open}<div><div><div><div><div><p><span><a href=/docs/zzz.pdf>PDF</a>")
    };
    for html in [
        deep("<section id=references>"),
        deep("<div id=references>"),
        deep("<ol class=c-article-references>"),
        deep("<section aria-label=References>"),
        deep("<section data-title=References>"),
        deep("<div role=doc-bibliography>"),
        deep("<section aria-labelledby=related-articles>"),
        "<aside class=recommend><a href=/docs/zzz.pdf>PDF</a></aside>".to_owned(),
        "<div class=teaser><a href=/docs/zzz.pdf>PDF</a></div>".to_owned(),
        "<div id=sidebar><h5>Top articles</h5><a href=/docs/zzz.pdf>PDF</a></div>".to_owned(),
        "<nav><a href=/docs/zzz.pdf>PDF</a></nav>".to_owned(),
        "<template><a href=/docs/zzz.pdf>Download PDF</a></template>".to_owned(),
        "<aside><a href=/docs/zzz.pdf>A report (PDF)</a></aside>".to_owned(),
    ] {
        assert_eq!(of_ours(&html), Vec::<String>::new(), "{html}");
    }
}

#[test]
fn the_articles_own_button_may_stand_in_navigation_margin_or_a_shadow() {
    for html in [
        "<nav class=tools><a href=/articles/abc123/pdf>Download PDF</a></nav>",
        "<nav><a href=/doi/pdf/10.1234/abc123>PDF</a></nav>",
        "<aside><a href=/docs/9>Download PDF</a></aside>",
        "<div class=sidebar><a href=/docs/9.pdf>PDF</a></div>",
        "<div><template shadowrootmode=open><a href=/docs/9.pdf>Download PDF</a></template></div>",
        "<div class='page has-references with-ads'><a href=/docs/9.pdf>PDF</a></div>",
        "<div class=related-site><div><div><div><div><div><div><div><a href=/docs/9.pdf>PDF</a>",
    ] {
        assert_eq!(of_ours(html).len(), 1, "{html}");
    }
}

#[test]
fn a_section_is_other_peoples_by_any_word_of_its_heading() {
    for heading in [
        "<h1>References</h1>",
        "<h2>Notes and references</h2>",
        "<h2>Electronic supplementary material</h2>",
        "<h3>Похожие статьи</h3>",
        "<h2>関連記事</h2>",
        "<h2>Linked articles</h2>",
    ] {
        let html = format!("<h1>{TITLE}</h1>{heading}<a href=/docs/zzz.pdf>PDF</a>");
        assert_eq!(of_ours(&html), Vec::<String>::new(), "{heading}");
    }
    for heading in [
        "<h1>Related party transactions</h1>",
        "<h2>Things in the wild</h2>",
        "<h2>Downloads</h2>",
        "<h2>Vol. 12 Issue 3</h2>",
        "<h2>References</h2><h1>A study</h1>",
    ] {
        let html = format!("{heading}<a href=/docs/9.pdf>PDF</a>");
        assert_eq!(of_ours(&html).len(), 1, "{heading}");
    }
}

#[test]
fn the_foot_of_a_part_of_the_article_is_its_own_and_the_pages_is_not() {
    for html in [
        "<div class=card-footer><a href=/docs/9.pdf>PDF</a></div>",
        "<div class='panel-footer clearfix'><a href=/docs/9.pdf>PDF</a></div>",
        "<article><p>Text</p><footer><a href=/docs/9.pdf>PDF</a></footer></article>",
        "<table class='table related-files'><tr><td><a href=/docs/9.pdf>PDF</a></table>",
    ] {
        assert_eq!(of_ours(html).len(), 1, "{html}");
    }
    for html in [
        "<footer><a href=/docs/zzz.pdf>PDF</a></footer>",
        "<div class=footer><a href=/docs/zzz.pdf>PDF</a></div>",
        "<div class=site-footer><a href=/docs/zzz.pdf>PDF</a></div>",
        "<div class=footer-links><a href=/docs/zzz.pdf>PDF</a></div>",
        "<ul class=related-articles><li><a href=/docs/zzz.pdf>PDF</a></ul>",
    ] {
        assert_eq!(of_ours(html), Vec::<String>::new(), "{html}");
    }
}

#[test]
fn the_journals_section_above_the_title_says_nothing_of_what_is_below_it() {
    for heading in ["Notes", "Reviews", "Corrections", "Similar methods", "News"] {
        let html =
            format!("<h2>{heading}</h2><h3>{TITLE}</h3><p>A. Smith</p><a href=/docs/9.pdf>PDF</a>");
        assert_eq!(of_ours(&html).len(), 1, "{heading}");
        let after = format!(
            "<h3>{TITLE}</h3><h2>{heading}</h2><h4>{TITLE}</h4><a href=/docs/zzz.pdf>PDF</a>"
        );
        assert_eq!(of_ours(&after), Vec::<String>::new(), "{heading}");
    }
}

#[test]
fn a_document_shown_in_anothers_place_is_not_the_article() {
    for html in [
        "<footer><iframe src=/docs/zzz.pdf></iframe></footer>",
        "<div class=related><embed src=/docs/zzz.pdf></div>",
        "<h2>Supplementary material</h2><iframe src=/docs/zzz.pdf></iframe>",
        "<h2>Related articles</h2><object data=/docs/zzz.pdf></object>",
    ] {
        assert_eq!(of_ours(html), Vec::<String>::new(), "{html}");
    }
    for html in [
        "<h2>Abstract</h2><iframe src=/docs/9.pdf></iframe>",
        // A viewer stands behind all of the article's text.
        "<h2>References</h2><p>1. Smith</p><iframe src=/docs/9.pdf></iframe>",
    ] {
        assert_eq!(of_ours(html).len(), 1, "{html}");
    }
}

#[test]
fn what_an_article_has_is_not_what_its_file_is() {
    for row in [
        "12 pages, 1 appendix",
        "6 figures, 2 tables, 1 appendix",
        "published with supplementary data",
        "including an appendix",
    ] {
        let html = format!("<p>{row} <a href=/docs/9.pdf>PDF</a></p>");
        assert_eq!(of_ours(&html).len(), 1, "{row}");
    }
    for row in ["Supplementary data", "2 Appendix", "12 pages, appendix"] {
        let html = format!("<p>{row} <a href=/docs/zzz.pdf>PDF</a></p>");
        assert_eq!(of_ours(&html), Vec::<String>::new(), "{row}");
    }
}

#[test]
fn a_line_that_names_the_work_says_nothing_against_its_link() {
    let unknown = "<p><a href=/docs/zzz.pdf>Zzyzx plook (PDF)</a></p>";
    let line = |text: &str| format!("{unknown}<p>{text} <a href=/docs/9.pdf>PDF</a></p>");
    assert_eq!(of_ours(&line(TITLE)).len(), 1);
    assert_eq!(of_ours(&line("Zzyzx quux")), Vec::<String>::new());
}
