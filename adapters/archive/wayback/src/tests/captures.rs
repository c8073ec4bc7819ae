//! Which captures are looked at and proposed.

use super::*;
use paperfall_adapter::HttpErrorKind;

const STAMPS: [&str; 5] = [
    "20200101000000",
    "20200102000000",
    "20200103000000",
    "20200104000000",
    "20200105000000",
];

/// An index of five captures, each of other bytes, and their replays.
fn five(kind: &str) -> ScriptedHost {
    let listing: Vec<_> = STAMPS.iter().map(|stamp| (*stamp, kind, "200")).collect();
    STAMPS.iter().fold(
        ScriptedHost::new().json(&cdx(PDF), &rows(PDF, &listing)),
        |host, stamp| {
            let url = replay(stamp, PDF);
            host.answer(&url, capture(&url, 200, kind, "%PDF-1.4"))
        },
    )
}

fn with_replay(host: ScriptedHost, stamp: &str, status: u16, body: &str) -> ScriptedHost {
    let url = replay(stamp, PDF);
    host.answer(&url, capture(&url, status, "text/html", body))
}

fn raw(stamps: &[&str]) -> Vec<String> {
    stamps.iter().map(|stamp| replay(stamp, PDF)).collect()
}

#[test]
fn three_captures_are_proposed_the_newest_first_in_case_one_was_cut_short() {
    let host = five("application/pdf");
    assert_eq!(
        urls_of(&attempt(&host).unwrap()),
        raw(&["20200105000000", "20200104000000", "20200103000000"])
    );
    assert_eq!(host.requests().len(), 1 + 3);
}

#[test]
fn a_captured_429_or_error_page_gives_way_to_the_next_and_is_no_rate_limit() {
    let host = with_replay(
        five("application/pdf"),
        "20200105000000",
        429,
        "<h1>Too Many Requests",
    );
    let host = with_replay(
        host,
        "20200103000000",
        200,
        "<title>Just a moment...</title>",
    );
    assert_eq!(urls_of(&attempt(&host).unwrap()), raw(&["20200104000000"]));
}

#[test]
fn captures_of_equal_bytes_are_looked_at_once() {
    let listing = rows(PDF, &STAMPS.map(|stamp| (stamp, "application/pdf", "200")));
    let same = STAMPS.iter().fold(listing, |listing, stamp| {
        listing.replace(&format!("D{stamp}"), "SAME")
    });
    let host = five("application/pdf").json(&cdx(PDF), &same);
    assert_eq!(urls_of(&attempt(&host).unwrap()), raw(&["20200105000000"]));
    assert_eq!(host.requests().len(), 1 + 1);
}

#[test]
fn octets_and_unknown_types_are_judged_by_their_bytes_behind_declared_pdfs() {
    for kind in [
        "application/octet-stream",
        "unk",
        "binary/octet-stream",
        "application/x-pdf",
    ] {
        assert_eq!(attempt(&five(kind)).unwrap().candidates.len(), 3, "{kind}");
    }
    let mixed = rows(
        PDF,
        &[
            ("20200101000000", "application/pdf", "200"),
            ("20200105000000", "application/octet-stream", "200"),
            ("20200104000000", "image/png", "200"),
        ],
    );
    let host = five("application/pdf").json(&cdx(PDF), &mixed);
    assert_eq!(
        urls_of(&attempt(&host).unwrap()),
        raw(&["20200101000000", "20200105000000"])
    );
}

#[test]
fn when_time_is_short_one_good_capture_is_enough() {
    let host = five("application/pdf").with_ms_left(2_000);
    assert_eq!(urls_of(&attempt(&host).unwrap()), raw(&["20200105000000"]));
    assert_eq!(host.requests().len(), 1 + 1);
}

#[test]
fn a_captured_redirect_out_of_the_archive_gives_way_to_an_older_capture() {
    let asked = replay("20200105000000", PDF);
    let older = raw(&["20200104000000", "20200103000000"]);
    let out = capture(
        "https://evil.example/x.pdf",
        200,
        "application/pdf",
        "%PDF-1.4",
    );
    let host = five("application/pdf").answer(&asked, out);
    assert_eq!(urls_of(&attempt(&host).unwrap()), older);
    // What the host refuses to follow, whatever stands at its end.
    for kind in [
        HttpErrorKind::DeniedHost,
        HttpErrorKind::RedirectLoop,
        HttpErrorKind::TooLarge,
    ] {
        let host = five("application/pdf").fail(&asked, kind);
        assert_eq!(urls_of(&attempt(&host).unwrap()), older, "{kind:?}");
    }
}

#[test]
fn what_was_never_archived_answers_404_without_memento_and_is_no_snapshot() {
    let asked = replay("20200105000000", PDF);
    let never = response(&asked, 404, "text/html", "<title>Wayback Machine</title>");
    let found = attempt(&five("application/pdf").answer(&asked, never)).unwrap();
    assert_eq!(
        (found.reason.as_str(), found.candidates.len()),
        ("no_snapshot", 0)
    );
}

#[test]
fn pages_are_only_asked_for_when_no_pdf_url_was_captured() {
    let work = testing::work_at(&[PDF], &[PAGE]);
    let host = five("application/pdf");
    testing::attempt::<Wayback>(&host, &work, &[]).unwrap();
    assert!(!host.requests().contains(&cdx(PAGE)));
}

#[test]
fn a_captured_pages_relative_pdf_is_completed_against_the_original_and_its_base() {
    let page = replay("20200101000000", PAGE);
    let pdf_url = "https://cdn.pub.example/files/1.pdf";
    let pdf = replay("20200202000000", pdf_url);
    let html =
        "<base href=//cdn.pub.example/files/><meta name=bepress_citation_pdf_url content=1.pdf>";
    let host = ScriptedHost::new()
        .json(
            &cdx(PAGE),
            &rows(PAGE, &[("20200101000000", "text/html", "200")]),
        )
        .answer(&page, capture(&page, 200, "text/html", html))
        .json(
            &cdx(pdf_url),
            &rows(pdf_url, &[("20200202000000", "application/pdf", "200")]),
        )
        .answer(&pdf, capture(&pdf, 200, "application/pdf", "%PDF-1.4"));
    let found = testing::attempt::<Wayback>(&host, &testing::work_at(&[], &[PAGE]), &[]).unwrap();
    assert_eq!(urls_of(&found), [pdf.as_str()]);
}

#[test]
fn a_page_captured_behind_a_challenge_gives_way_to_an_older_one() {
    let (bad, good) = (
        replay("20220101000000", PAGE),
        replay("20200101000000", PAGE),
    );
    let listing = rows(
        PAGE,
        &[
            ("20200101000000", "text/html", "200"),
            ("20220101000000", "text/html", "200"),
        ],
    );
    let host = ScriptedHost::new()
        .json(&cdx(PAGE), &listing)
        .answer(
            &bad,
            capture(&bad, 200, "text/html", "<title>Just a moment...</title>"),
        )
        .answer(&good, capture(&good, 200, "application/pdf", "%PDF-1.4"));
    let found = testing::attempt::<Wayback>(&host, &testing::work_at(&[], &[PAGE]), &[]).unwrap();
    assert_eq!(urls_of(&found), [good.as_str()]);
}
