//! The race as the origin sees it: what runs at once, in which order, and how
//! losers leave.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::time::Duration;

use paperfall_e2e::{Guest, Rig, at_once};
use paperfall_miniweb::{
    Answer, Cue, Ended, LandingPage, Location, Paper, Pdf, PmcDeposit, Script, Service,
    UnpaywallRecord, World,
};
use serde_json::{Value, json};

const DOI: &str = "10.5555/race";
const ARXIV: &str = "2101.00001";
const PMCID: &str = "PMC7000001";
const PAGE: &str = "https://journal.example/page";
const BUCKET: &str = "pmc-oa-opendata.s3.amazonaws.com";

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn pdf(bytes: u64) -> Answer {
    Answer::pdf(Pdf::new("A race", 7, bytes))
}

fn work() -> Value {
    json!({"work_id": "W1", "identifiers": {"doi": DOI, "arxiv": ARXIV, "pmcid": PMCID}})
}

/// A work that every source is asked for, and that none has.
fn nobody_has_it(wait: Duration) -> World {
    let paper = Paper::new("Lost")
        .doi(DOI)
        .arxiv(ARXIV)
        .pmcid(PMCID)
        .pmc(PmcDeposit::new([]))
        .unpaywall(UnpaywallRecord::open([Location::landing(PAGE)]))
        .doi_leads_to(PAGE)
        .page(PAGE, LandingPage::new("Lost").doi(DOI).answer().delay(wait));
    [
        "api.unpaywall.org",
        "arxiv.org",
        BUCKET,
        "doi.org",
        "www.ebi.ac.uk",
        "web.archive.org",
    ]
    .into_iter()
    .fold(World::new().paper(paper), |world, host| {
        world.latency(host, "", wait)
    })
}

/// Longer than any race here: nobody is left for being late.
const PATIENT: [&str; 2] = ["--fallback-tier", "direct_oa:timeout_ms=90000"];

/// arXiv's file: found once `loser` was asked, and downloaded once it is left, so that
/// the end of the process comes later than that.
fn beside(loser: &str) -> Script {
    let found = pdf(40_960).held_until(&Cue::asked(loser));
    // Probe, HEAD, download.
    Script::from(found)
        .then(pdf(40_960))
        .then(pdf(40_960).held_until(&Cue::left(loser)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_success_drops_a_source_that_has_not_answered_and_the_origin_sees_it_leave() {
    let paper = Paper::new("Quick")
        .doi(DOI)
        .when_asked(Service::Unpaywall, Answer::never())
        .arxiv(ARXIV)
        .when_asked(Service::ArxivPdf, beside("api.unpaywall.org"));
    let rig = Rig::new(World::new().paper(paper)).await;
    let ran = rig.race(&[work()], &PATIENT).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(rig.attempts("W1"), ["arxiv success arxiv_pdf"]);

    let loser = rig.web.requests_for("api.unpaywall.org", "/");
    assert_eq!(loser.len(), 1);
    assert_eq!(loser[0].ended, Some(Ended::ClientGone));
    let download = rig.web.requests_for("arxiv.org", "/pdf/");
    let download = download.last().unwrap();
    assert_eq!(download.bytes_sent, 40_960);
    assert!(
        loser[0].ended_at < download.ended_at,
        "dropped only when the process ended"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_success_drops_a_probe_that_has_not_answered() {
    let slow = "https://journal.example/slow.pdf";
    let paper = Paper::new("Quick")
        .doi(DOI)
        .unpaywall(UnpaywallRecord::open([Location::pdf(slow, PAGE)]))
        .page(slow, Answer::never())
        .arxiv(ARXIV)
        .when_asked(Service::ArxivPdf, beside("journal.example"));
    let rig = Rig::new(World::new().paper(paper)).await;
    let ran = rig.race(&[work()], &PATIENT).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(rig.attempts("W1"), ["arxiv success arxiv_pdf"]);
    let loser = rig.requests_of(slow);
    assert_eq!(loser.len(), 1);
    assert_eq!(loser[0].ended, Some(Ended::ClientGone));
    let download = rig.web.requests_for("arxiv.org", "/pdf/");
    assert!(loser[0].ended_at < download.last().unwrap().ended_at);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_attempts_run_at_once_as_tier_and_plan_both_allow() {
    for (flags, expected) in [
        (&[][..], 2),
        (&["--fallback-tier", "direct_oa:parallel=1"], 1),
        (&["--fallback-tier", "direct_oa:parallel=3"], 3),
        (
            &[
                "--fallback-tier",
                "direct_oa:parallel=3",
                "--fallback-max-concurrent",
                "2",
            ],
            2,
        ),
        (&["--fallback-max-concurrent", "1"], 1),
    ] {
        // The first are answered when as many have come as are to come; and a little
        // later, for those that are not to.
        let as_many = Cue::when(move |log| log.len() >= expected);
        let world = ["api.unpaywall.org", "arxiv.org", BUCKET]
            .into_iter()
            .fold(nobody_has_it(ms(400)), |world, host| {
                world.held_until(host, &as_many)
            });
        let rig = Rig::new(world).await;
        let flags = [&["--only", "direct_oa"], flags].concat();
        let ran = rig.race(&[work()], &flags).await;
        assert_eq!(ran.code, 1, "{ran}");
        assert_eq!(rig.attempts("W1").len(), 3, "{ran}");
        assert_eq!(at_once(&rig.web.requests()), expected, "{flags:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tier_begins_when_the_one_before_it_has_ended() {
    let rig = Rig::new(nobody_has_it(ms(100))).await;
    let ran = rig.race(&[work()], &[]).await;
    assert_eq!(ran.code, 1, "{ran}");
    let result = rig.result("W1");
    let tiers: Vec<&str> = result["attempts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|attempt| attempt["tier"].as_str().unwrap())
        .collect();
    let order = ["direct_oa", "doi_follow", "landing_scrape", "archive"];
    let place = |tier: &&str| order.iter().position(|one| one == tier).unwrap();
    assert_eq!(tiers.len(), 7);
    assert!(tiers.is_sorted_by_key(place), "{tiers:?}");

    let hosts: [&[&str]; 4] = [
        &["api.unpaywall.org", "arxiv.org", BUCKET],
        &["doi.org"],
        &["www.ebi.ac.uk"],
        &["web.archive.org"],
    ];
    let requests = rig.web.requests();
    for pair in hosts.windows(2) {
        let of = |tier: &[&str]| {
            let mut those = requests.clone();
            those.retain(|request| tier.contains(&request.host.as_str()));
            those
        };
        let ended = of(pair[0]).iter().map(|r| r.ended_at.unwrap()).max();
        let began = of(pair[1]).iter().map(|r| r.started_at).min();
        assert!(ended.unwrap() <= began.unwrap(), "{pair:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sources_are_asked_in_the_order_of_the_plan_however_it_was_changed() {
    const UNPAYWALL: &str = "api.unpaywall.org";
    const DOI_ORG: &str = "doi.org";
    const JOURNAL: &str = "journal.example";
    const EUROPE: &str = "www.ebi.ac.uk";
    const ARCHIVE: &str = "web.archive.org";
    let rows: [(&[&str], &[&str]); 7] = [
        (
            &[],
            &[
                UNPAYWALL,
                "arxiv.org",
                BUCKET,
                DOI_ORG,
                JOURNAL,
                EUROPE,
                ARCHIVE,
            ],
        ),
        (
            &["--fallback-tier", "direct_oa:sources=pmc+arxiv+unpaywall"],
            &[
                BUCKET,
                "arxiv.org",
                UNPAYWALL,
                DOI_ORG,
                JOURNAL,
                EUROPE,
                ARCHIVE,
            ],
        ),
        (
            &["--fallback-tier", "archive:after=direct_oa"],
            &[
                UNPAYWALL,
                "arxiv.org",
                BUCKET,
                ARCHIVE,
                DOI_ORG,
                JOURNAL,
                EUROPE,
            ],
        ),
        (
            &["--fallback-tier", "direct_oa:enabled=false"],
            &[DOI_ORG, JOURNAL, EUROPE, ARCHIVE],
        ),
        (
            &["--disable-wayback-fallback"],
            &[UNPAYWALL, "arxiv.org", BUCKET, DOI_ORG, JOURNAL, EUROPE],
        ),
        (&["--only", "archive"], &[ARCHIVE]),
        (
            &[
                "--only",
                "europe_pmc,unpaywall",
                "--disable-wayback-fallback",
            ],
            &[UNPAYWALL, EUROPE],
        ),
    ];
    for (flags, expected) in rows {
        let rig = Rig::new(nobody_has_it(ms(0))).await;
        let mut work = work();
        work["landing_urls"] = json!([PAGE]);
        // One at a time: two that start together arrive in any order.
        let flags = [&["--fallback-max-concurrent", "1"], flags].concat();
        let ran = rig.race(&[work], &flags).await;
        assert_eq!(ran.code, 1, "{ran}");
        assert_eq!(rig.contacts(), expected, "{flags:?}");
        assert_eq!(at_once(&rig.web.requests()), 1, "{flags:?}");
    }
}

/// An adapter that asks one host and finds nothing.
fn asking(name: &str, host: &str) -> Vec<u8> {
    let mut guest = Guest::new(name).host(host);
    let ask = guest.get(&format!("https://{host}/{name}"));
    let miss = guest.miss("not_found");
    guest.resolve(format!("(drop {ask}) {miss}")).build()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_side_by_side_prefer_different_hosts() {
    let hosts = [
        ("one", "a.example"),
        ("twin", "a.example"),
        ("other", "b.example"),
    ];
    let both = Cue::when(|log| log.len() >= 2);
    // The other is answered last, so that a twin has somebody to run beside.
    let twin = Cue::when(|log| log.iter().any(|one| one.path_and_query == "/twin"));
    let world = World::new()
        .host("a.example")
        .host("b.example")
        .held_until("a.example", &both)
        .held_until("b.example", &twin);
    let rig = Rig::new(world).await;
    let mut settings = String::new();
    for (name, host) in hosts {
        rig.file(&format!("{name}.wasm"), asking(name, host));
        settings.push_str(&format!(
            "[adapter.{name}]\nfile = \"{name}.wasm\"\nhosts = [\"{host}\"]\n"
        ));
    }
    rig.file("paperfall.toml", settings);
    let tier = "direct_oa:sources=one+twin+other,parallel=2";
    let flags = ["--only", "direct_oa", "--fallback-tier", tier];
    let ran = rig.race(&[work()], &flags).await;
    assert_eq!(ran.code, 1, "{ran}");
    let requests = rig.web.requests();
    assert_eq!(requests.len(), 3, "{ran}");
    assert_eq!(requests[2].path_and_query, "/twin", "{requests:?}");
    assert_eq!(at_once(&requests), 2, "nothing ran side by side");
    let twins = rig.web.requests_for("a.example", "/");
    assert_eq!(at_once(&twins), 1, "one host was asked twice at once");
}
