//! Pages that send their readers on.

use super::*;

const NEXT: &str = "https://pub.example/article/1/full";

fn to(url: &str) -> String {
    format!("<meta http-equiv=refresh content='0; url={url}'>")
}

#[test]
fn a_page_that_names_nothing_is_followed_to_the_one_it_sends_to() {
    let named = "<meta name=citation_pdf_url content=/1.pdf>";
    for answer in [
        ScriptedHost::new().html(NEXT, named),
        ScriptedHost::new().pdf(NEXT),
    ] {
        let host = answer.html(PAGE, &to("/article/1/full"));
        let found = attempt(&host, &at(&[PAGE])).unwrap();
        assert_eq!(found.candidates.len(), 1);
        assert_eq!(host.requests(), [PAGE, NEXT]);
    }
}

#[test]
fn a_page_that_names_a_pdf_sells_the_article_or_complains_of_scripts_is_not_left() {
    for html in [
        to("/article/1/full") + "<meta name=citation_pdf_url content=/1.pdf>",
        to("/article/1/full") + "<div class='c-article-buy-box'>Buy article PDF</div>",
        format!("<noscript>{}</noscript>", to("/enable-scripts")),
    ] {
        let host = ScriptedHost::new().html(PAGE, &html);
        let _ = attempt(&host, &at(&[PAGE]));
        assert_eq!(host.requests(), [PAGE], "{html}");
    }
}

#[test]
fn a_circle_of_refreshes_ends_after_two() {
    let host = ScriptedHost::new()
        .html(PAGE, &to("/article/1/full"))
        .html(NEXT, &to("/article/1"));
    let miss = attempt(&host, &at(&[PAGE])).unwrap_err();
    assert_eq!(miss.reason(), "no_pdf_url");
    assert_eq!(host.requests(), [PAGE, NEXT, PAGE]);
}

#[test]
fn a_refresh_to_a_login_or_into_a_challenge_is_named_and_not_followed() {
    for (target, reason) in [
        (
            "/.well-known/go-away/verify-challenge?__goaway_challenge=x",
            "blocked",
        ),
        ("/captcha?return=/article/1", "blocked"),
        ("/action/cookieAbsent", "blocked"),
        ("https://validate.perfdrive.com/?ssa=1", "blocked"),
        ("https://login.uni.example/sso?x", "paywalled"),
    ] {
        let host = ScriptedHost::new().html(PAGE, &to(target));
        let miss = attempt(&host, &at(&[PAGE])).unwrap_err();
        assert_eq!(miss.reason(), reason, "{target}");
        assert_eq!(host.requests(), [PAGE], "{target}");
    }
}

#[test]
fn an_articles_page_names_its_pdf_wherever_its_refresh_leads() {
    let html = to("/captcha")
        + "<meta name=citation_title content=x><meta name=citation_pdf_url content=/1.pdf>";
    assert_eq!(pdfs(&html), ["https://pub.example/1.pdf"]);
}
