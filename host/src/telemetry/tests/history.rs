//! Looking back: statistics and the page, from results and from ledgers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::ledger::Timestamp;
use crate::telemetry::history::{GroupBy, HistoryError, PageFacts, Recorded, Stats, Tally, page};

const EVERYTHING: Timestamp = Timestamp::from_millis(i64::MIN);
/// 2025-11-21T12:00:00Z.
const NOON: i64 = 1_763_726_400_000;

fn attempt(source: &str, outcome: &str, reason: &str, elapsed_ms: u64) -> Value {
    json!({
        "tier": "direct_oa", "source": source, "outcome": outcome, "reason": reason,
        "host": format!("api.{source}.org"), "retries": 1, "elapsed_ms": elapsed_ms,
        "requests": if outcome == "skipped" { 0 } else { 2 }, "bytes": 1000,
    })
}

fn result(minute: i64, outcome: &str, reason: &str, attempts: &[Value]) -> Value {
    let at = jiff::Timestamp::from_millisecond(NOON + minute * 60_000).unwrap();
    json!({
        "work_id": "w", "artifact_id": "w:pdf", "outcome": outcome, "reason": reason,
        "elapsed_ms": 1200, "bytes": 50_000, "attempts": attempts, "finished_at": at.to_string(),
    })
}

/// A folder with these results.
fn folder(lines: &[String]) -> (TempDir, Recorded) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("results.jsonl");
    fs::write(&path, lines.join("\n")).unwrap();
    let recorded = Recorded::find(dir.path(), None).unwrap();
    assert_eq!(recorded, Recorded::Results(path));
    (dir, recorded)
}

fn some_day() -> Vec<String> {
    let mut lines = Vec::new();
    for minute in 0..20 {
        let quick = attempt(
            "arxiv",
            "success",
            "arxiv_pdf",
            100 + u64::try_from(minute).unwrap(),
        );
        let skip = attempt("unpaywall", "skipped", "no_email", 0);
        lines.push(result(minute, "success", "arxiv_pdf", &[skip, quick]).to_string());
    }
    let slow = attempt("wayback", "timeout", "source_deadline", 10_000);
    let none = attempt("arxiv", "no_pdf", "not_found", 90);
    lines.push(result(30, "retryable", "source_deadline", &[none, slow]).to_string());
    lines
}

#[test]
fn attempts_are_put_together_by_source_and_skips_are_no_attempts() {
    let (_dir, recorded) = folder(&some_day());
    let stats = Stats::read(&recorded, GroupBy::Source, EVERYTHING).unwrap();
    assert_eq!(
        (stats.works, stats.works_with_paper, stats.unreadable),
        (21, 20, 0)
    );
    let names: Vec<&str> = stats.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["arxiv", "wayback", "unpaywall"]);
    let arxiv = &stats.rows[0];
    assert_eq!((arxiv.attempts, arxiv.success), (21, 20));
    assert_eq!((arxiv.p50_ms, arxiv.p95_ms), (109, 118));
    assert_eq!(
        (arxiv.requests, arxiv.retries, arxiv.bytes),
        (42, 21, 21_000)
    );
    let unpaywall = &stats.rows[2];
    assert_eq!((unpaywall.attempts, unpaywall.outcomes["skipped"]), (0, 20));
}

#[test]
fn attempts_are_put_together_by_tier_outcome_and_host() {
    let (_dir, recorded) = folder(&some_day());
    let names = |by| -> Vec<(String, u64)> {
        let stats = Stats::read(&recorded, by, EVERYTHING).unwrap();
        let rows = stats.rows.into_iter();
        rows.map(|row| (row.name, row.outcomes.values().sum()))
            .collect()
    };
    assert_eq!(names(GroupBy::Tier), [("direct_oa".to_owned(), 42)]);
    assert_eq!(
        names(GroupBy::Outcome),
        [
            ("success", 20),
            ("no_pdf", 1),
            ("timeout", 1),
            ("skipped", 20)
        ]
        .map(|(n, c)| (n.to_owned(), c))
    );
    assert_eq!(names(GroupBy::Host)[0].0, "api.arxiv.org");
}

#[test]
fn a_window_leaves_out_what_is_older() {
    let (_dir, recorded) = folder(&some_day());
    let since = Timestamp::from_millis(NOON + 15 * 60_000);
    let stats = Stats::read(&recorded, GroupBy::Source, since).unwrap();
    assert_eq!((stats.works, stats.works_with_paper), (6, 5));
}

#[test]
fn lines_that_make_no_sense_are_counted_and_passed_over() {
    let good = result(
        0,
        "success",
        "arxiv_pdf",
        &[attempt("arxiv", "success", "arxiv_pdf", 1)],
    );
    let odd = result(
        0,
        "success",
        "arxiv_pdf",
        &[attempt("arxiv", "triumph", "arxiv_pdf", 1)],
    );
    let mut no_time = good.clone();
    no_time["finished_at"] = json!("yesterday");
    let lines = [
        "not json".to_owned(),
        String::new(),
        good.to_string(),
        "{\"outcome\":7}".to_owned(),
        odd.to_string(),
        no_time.to_string(),
        "{\"cut\":".to_owned(),
    ];
    let (_dir, recorded) = folder(&lines);
    let stats = Stats::read(&recorded, GroupBy::Source, EVERYTHING).unwrap();
    assert_eq!(
        (stats.works, stats.rows[0].attempts, stats.unreadable),
        (2, 1, 5)
    );
}

#[test]
fn the_ledger_comes_before_the_results_and_nothing_is_an_error_with_both_names() {
    let dir = TempDir::new().unwrap();
    let said = Recorded::find(dir.path(), None).unwrap_err().to_string();
    assert!(
        said.contains("manifest.sqlite3") && said.contains("results.jsonl"),
        "{said}"
    );
    fs::write(dir.path().join("results.jsonl"), "").unwrap();
    fs::write(dir.path().join("manifest.sqlite3"), "").unwrap();
    let found = Recorded::find(dir.path(), None).unwrap();
    assert!(matches!(found, Recorded::Ledger(_)));
    let named = PathBuf::from("/no/such/ledger");
    let found = Recorded::find(dir.path(), Some(&named)).unwrap();
    let error = Stats::read(&found, GroupBy::Source, EVERYTHING).unwrap_err();
    assert!(matches!(error, HistoryError::Ledger(_)), "{error}");
}

fn facts(from: &str) -> PageFacts {
    PageFacts {
        from: from.to_owned(),
        since: None,
        made: Timestamp::from_millis(NOON),
    }
}

fn some_page() -> String {
    let (_dir, recorded) = folder(&some_day());
    let tally = Tally::read(&recorded, EVERYTHING).unwrap();
    page(&facts("my-papers/results.jsonl"), &tally, None)
}

#[test]
fn the_page_has_every_plot_and_fetches_nothing() {
    let html = some_page();
    for part in [
        "<h2>Outcomes by source</h2>",
        "<h2>Time to a paper</h2>",
        "<h2>Works over time</h2>",
        "<h2>Bytes over time</h2>",
        "<h2>Works without a paper, by reason</h2>",
        "<b>95.2 %</b>",
        "<title>arxiv: success 20 of 21</title>",
        "<title>≤ 2.5 s: 20 works</title>",
        "<title>source_deadline: 1</title>",
        "2025-11-21 12:00",
    ] {
        assert!(html.contains(part), "no {part} in\n{html}");
    }
    for fetching in [
        "<script", "src=", "href=", "url(", "@import", "http://", "https://",
    ] {
        assert!(!html.contains(fetching), "{fetching}");
    }
}

#[test]
fn names_from_outside_are_text_on_the_page_whatever_they_hold() {
    let evil = "</title><script>alert('x')</script>\"\u{1b}[2J&";
    let attempts = [attempt(evil, "success", evil, 5)];
    let lines = [
        result(0, "success", "x", &attempts).to_string(),
        result(1, "no_pdf", evil, &[]).to_string(),
    ];
    let (_dir, recorded) = folder(&lines);
    let tally = Tally::read(&recorded, EVERYTHING).unwrap();
    let html = page(&facts(evil), &tally, None);
    assert!(
        !html.contains("<script") && !html.contains('\u{1b}'),
        "{html}"
    );
    assert!(html.contains("&lt;script&gt;alert(&#39;x&#39;)"));
}

#[test]
fn a_page_about_nothing_says_so() {
    let (_dir, recorded) = folder(&[]);
    let tally = Tally::read(&recorded, EVERYTHING).unwrap();
    let html = page(&facts("results.jsonl"), &tally, None);
    assert!(html.contains("Nothing was recorded") && !html.contains("<svg"));
}

#[test]
fn a_plot_over_time_has_room_for_a_minute_and_for_a_decade_and_loses_nothing() {
    for minutes in [1, 2, 59, 61, 500, 5_000, 50_000, 500_000, 5_000_000] {
        let works = 40;
        let lines: Vec<String> = (0..works)
            .map(|number| result(number * minutes / works, "success", "x", &[]).to_string())
            .collect();
        let (_dir, recorded) = folder(&lines);
        let tally = Tally::read(&recorded, EVERYTHING).unwrap();
        let (_, _, slots) = tally.over_time().unwrap();
        assert!(slots.len() <= 49, "{minutes}: {}", slots.len());
        let placed: u64 = slots.iter().map(|slot| slot.with_paper).sum();
        assert_eq!(placed, 40, "{minutes}");
    }
}

/// What a browser makes of a page: its text, and a picture.
fn browse(page: &Path, picture: &Path) -> Option<String> {
    let profile = TempDir::new().unwrap();
    let run = |asked: &str| {
        Command::new("chromium")
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
            ])
            .args(["--window-size=1400,1600", "--virtual-time-budget=2000"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args([asked, &format!("file://{}", page.display())])
            .output()
    };
    match run(&format!("--screenshot={}", picture.display())) {
        Ok(shot) => assert!(
            shot.status.success(),
            "{}",
            String::from_utf8_lossy(&shot.stderr)
        ),
        Err(error) => {
            assert!(
                std::env::var_os("PAPERFALL_REQUIRE_TOOLS").is_none(),
                "chromium is needed: {error}"
            );
            return None;
        }
    }
    let dumped = run("--dump-dom").unwrap();
    Some(String::from_utf8(dumped.stdout).unwrap())
}

#[test]
fn a_browser_draws_the_page() {
    let dir = TempDir::new().unwrap();
    let (page, picture) = (dir.path().join("report.html"), dir.path().join("page.png"));
    fs::write(&page, some_page()).unwrap();
    let Some(dom) = browse(&page, &picture) else {
        return;
    };
    assert_eq!(dom.matches("<section>").count(), 5);
    assert!(dom.contains("arxiv: success 20 of 21"));
    let picture = fs::read(&picture).unwrap();
    assert!(picture.starts_with(b"\x89PNG"));
    let blank = dir.path().join("blank.html");
    fs::write(&blank, "<!doctype html><title>x</title>").unwrap();
    let nothing = dir.path().join("blank.png");
    browse(&blank, &nothing).unwrap();
    // A drawn page of this size takes many times what a white one takes.
    let white = fs::read(&nothing).unwrap().len();
    assert!(
        picture.len() > 4 * white,
        "{} against {white}",
        picture.len()
    );
}
