//! Ends of the way in the shapes real DOIs lead to.

use super::*;

#[test]
fn a_sici_doi_goes_into_the_path_whole() {
    let doi = "10.1002/(sici)1097-4571(199806)49:8<693::aid-asi4>3.0.co;2-o";
    let asked = "https://doi.org/10.1002/(sici)1097-4571(199806)49:8%3C693::aid-asi4%3E3.0.co;2-o";
    let host = ScriptedHost::new().answer(asked, page(END, "<p>x"));
    let work = testing::work(&[("doi", doi)]);
    let found = testing::attempt::<DoiRedirect>(&host, &work, &[]).unwrap();
    assert_eq!(found.landing_urls, [END]);
}

#[test]
fn a_pdf_end_is_told_by_its_bytes_whatever_its_name_says() {
    for kind in ["text/html", "application/octet-stream", ""] {
        let url = "https://pub.example/article/1.html";
        let found = attempt(&ends_at(response(url, 200, kind, "\n%PDF-1.4"))).unwrap();
        assert_eq!(found.candidates.first().unwrap().url, url);
    }
    let liar = response(
        "https://pub.example/1.pdf",
        200,
        "application/pdf",
        "<html><p>Sign in</html>",
    );
    assert!(attempt(&ends_at(liar)).unwrap().candidates.is_empty());
}

#[test]
fn a_step_that_cannot_be_taken_hands_its_target_on() {
    let hub = "https://linkinghub.elsevier.com/retrieve/pii/S1";
    let body = r#"<meta HTTP-EQUIV="REFRESH" content="2; url='/retrieve/x?Redirect=https%3A%2F%2Fpub.example%2Farticle%2F1'">"#;
    let host = ends_at(page(hub, body)).fail(END, HttpErrorKind::Reset);
    assert_eq!(handed_on(&host), ("reset".to_owned(), vec![END.to_owned()]));
}

#[test]
fn a_hidden_target_that_leads_inside_is_still_the_hosts_to_refuse() {
    let hub = "https://linkinghub.elsevier.com/retrieve/pii/S1";
    let body =
        r#"<meta http-equiv=refresh content="0; url='/x?Redirect=http%3A%2F%2F10.0.0.1%2F'">"#;
    let host = ends_at(page(hub, body)).fail("http://10.0.0.1/", HttpErrorKind::PrivateAddress);
    let miss = attempt(&host).unwrap_err();
    assert_eq!(
        (miss.outcome(), miss.reason()),
        (MissOutcome::Nonretryable, "private_address")
    );
}

#[test]
fn a_hidden_target_that_is_no_web_address_is_not_followed() {
    let hub = "https://hub.example/1";
    let body =
        "<meta http-equiv=refresh content=\"0; url='/x?Redirect=javascript%3Aalert(1)'\"><p>x";
    let host = ends_at(page(hub, body)).html(
        "https://hub.example/x?Redirect=javascript%3Aalert(1)",
        "<p>y",
    );
    let found = attempt(&host).unwrap();
    assert_eq!(
        found.landing_urls,
        ["https://hub.example/x?Redirect=javascript%3Aalert(1)"]
    );
}

#[test]
fn a_page_that_says_404_or_maintenance_is_not_taken_for_an_article() {
    for (title, reason) in [
        ("Page not found", "not_found"),
        ("Scheduled maintenance", "http_5xx"),
    ] {
        let host = ends_at(page(END, &format!("<title>{title}</title>")));
        assert_eq!(handed_on(&host), (reason.to_owned(), vec![END.to_owned()]));
    }
}

#[test]
fn an_empty_page_and_a_picture_are_handed_on_as_pages_without_a_pdf() {
    for end in [page(END, ""), response(END, 200, "image/png", "x")] {
        assert_eq!(
            handed_on(&ends_at(end)),
            ("no_pdf_url".to_owned(), vec![END.to_owned()])
        );
    }
}

#[test]
fn springers_way_round_by_its_login_host_keeps_the_articles_address() {
    let end = page(
        "https://pub.example/article/10.1007/s1?error=cookies_not_supported&code=5",
        "<p>x",
    );
    let (reason, pages) = handed_on(&ends_at(end));
    assert_eq!(
        (reason.as_str(), pages.as_slice()),
        (
            "no_pdf_url",
            &["https://pub.example/article/10.1007/s1".to_owned()][..]
        )
    );
}

#[test]
fn a_chooser_without_places_hands_nothing_on() {
    let chooser = page(
        "https://chooser.crossref.org/?doi=10.1234/abc",
        "<a href=https://www.crossref.org/privacy/>Privacy</a><a href=https://doi.org/10.1234/abc>DOI</a><a href='#'>Top</a><a href=mailto:x@y.example>Mail</a>",
    );
    let found = attempt(&ends_at(chooser)).unwrap();
    assert_eq!(
        (found.reason.as_str(), found.landing_urls.len()),
        ("no_pdf_url", 0)
    );
}
