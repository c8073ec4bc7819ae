//! robots.txt as the origins see it: asked once, obeyed, and only by the
//! sources whose policy says so.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::{Ran, Rig};
use paperfall_miniweb::{Answer, LandingPage, Paper, Pdf, PdfLink, World};
use serde_json::{Value, json};

const HOST: &str = "journal.example";
const ROBOTS: &str = "https://journal.example/robots.txt";

fn page(n: usize) -> String {
    format!("https://{HOST}/article/{n}")
}

/// Papers with landing pages on one host, whose robots.txt is this.
fn pages(count: usize, robots: Answer) -> (World, Vec<Value>) {
    let mut world = World::new().page(ROBOTS, robots);
    let mut works = Vec::new();
    for n in 0..count {
        let pdf = format!("https://{HOST}/files/{n}.pdf");
        let landing = LandingPage::new("Robots").pdf(PdfLink::CitationMeta(pdf.clone()));
        let doi = format!("10.5555/{n}");
        world = world.paper(
            Paper::new("Robots")
                .doi(&doi)
                .doi_leads_to(&page(n))
                .page(&page(n), landing.doi(&doi).answer())
                .page(&pdf, Answer::pdf(Pdf::new("Robots", 7, 20_000))),
        );
        works.push(json!({"work_id": format!("W{n}"), "landing_urls": [page(n)]}));
    }
    (world, works)
}

async fn scraped(robots: Answer, toml: &str) -> (Rig, Ran) {
    let (world, works) = pages(1, robots);
    let rig = Rig::new(world).await;
    rig.file("paperfall.toml", toml);
    let ran = rig.race(&works, &["--only", "landing_scrape_pdf"]).await;
    (rig, ran)
}

fn asked(rig: &Rig) -> Vec<String> {
    let requests = rig.web.requests_for(HOST, "/");
    requests
        .iter()
        .map(|request| request.path_and_query.clone())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_robots_txt_forbids_is_not_asked_for() {
    for rules in [
        "User-agent: *\nDisallow: /article\n",
        "User-agent: *\nDisallow:\n\nUser-agent: paperfall\nDisallow: /\n",
    ] {
        let (rig, ran) = scraped(Answer::text(rules), "").await;
        assert_eq!(
            rig.attempts("W0"),
            ["landing_scrape skipped robots_disallow"]
        );
        rig.assert_lost(&ran, "W0", "no_pdf", "exhausted");
        assert_eq!(asked(&rig), ["/robots.txt"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_is_allowed_leads_to_its_paper() {
    for robots in [
        Answer::text("User-agent: *\nDisallow: /admin\n"),
        Answer::text("User-agent: GPTBot\nDisallow: /\n"),
        Answer::status(404),
        Answer::status(403),
        Answer::redirect("https://journal.example/elsewhere.txt"),
    ] {
        let (rig, ran) = scraped(robots.clone(), "").await;
        assert_eq!(ran.code, 0, "{robots:?}: {ran}");
        assert_eq!(asked(&rig)[0], "/robots.txt");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_robots_txt_that_cannot_be_had_forbids_everything() {
    let (rig, _) = scraped(Answer::status(503), "").await;
    assert_eq!(
        rig.attempts("W0"),
        ["landing_scrape skipped robots_disallow"]
    );
    assert!(asked(&rig).iter().all(|path| path == "/robots.txt"));

    let (rig, ran) = scraped(Answer::dropped(), "").await;
    rig.assert_lost(&ran, "W0", "retryable", "reset");
    assert!(asked(&rig).iter().all(|path| path == "/robots.txt"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_does_not_respect_it_does_not_ask_for_it() {
    let forbidding = Answer::text("User-agent: *\nDisallow: /\n");
    let (rig, ran) = scraped(
        forbidding,
        "[source.landing_scrape]\nrobots_respect = false\n",
    )
    .await;
    assert_eq!(ran.code, 0, "{ran}");
    assert!(!asked(&rig).contains(&"/robots.txt".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_request_for_it_serves_all_works_and_workers() {
    let robots = Answer::text("User-agent: *\nDisallow: /admin\n");
    let (world, works) = pages(12, robots.delay(std::time::Duration::from_millis(200)));
    let rig = Rig::new(world).await;
    let lines: Vec<String> = works.iter().map(Value::to_string).collect();
    let list = rig.file("works.jsonl", lines.join("\n"));
    let args = [
        "run",
        list.to_str().unwrap(),
        "--workers",
        "12",
        "--only",
        "landing_scrape_pdf",
    ];
    let ran = rig.paperfall(args).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(rig.requests_of(ROBOTS).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_is_not_followed_to_a_page_that_is_forbidden() {
    let (world, _) = pages(1, Answer::text("User-agent: *\nDisallow: /article\n"));
    let rig = Rig::new(world).await;
    let work = json!({"work_id": "W0", "doi": "10.5555/0"});
    let ran = rig.race(&[work], &["--only", "doi_redirect"]).await;
    assert_eq!(ran.code, 1, "{ran}");
    assert_eq!(asked(&rig), ["/robots.txt"]);
    assert_eq!(rig.web.requests_for("doi.org", "/10.5555").len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_robots_txt_that_holds_no_rules_is_one_line_and_forbids_nothing() {
    let (world, works) = pages(2, Answer::html("<h1>Not found</h1>"));
    let rig = Rig::new(world).await;
    let ran = rig
        .race(&works, &["--only", "landing_scrape_pdf", "--verbose"])
        .await;
    assert_eq!(ran.code, 0, "{ran}");
    let told = ran
        .stderr
        .matches("holds no rules that can be read")
        .count();
    assert_eq!(told, 1, "{ran}");
}
