//! Kills in the middle of a conversation: while the origin holds an answer
//! back, and between two mebibytes of a download.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::time::Duration;

use paperfall_e2e::{Rig, finish};
use paperfall_faults::{
    Action, Cast, Judge, LedgerCopy, Mishap, ON_LEDGER, asked, ended, run, started, sweep,
};
use paperfall_miniweb::{Answer, Cue, Door, Location, LoggedRequest, Paper, Pdf, UnpaywallRecord};

const PATIENCE: Duration = Duration::from_secs(30);
const MIB: u64 = 1024 * 1024;

/// Whether somebody waits for the answer to such a request.
fn is_waited_for(log: &[LoggedRequest], method: &str, url: &str) -> bool {
    let fits = |request: &LoggedRequest| {
        let is_probe = request.header("range").is_some();
        let kind = if is_probe {
            "PROBE"
        } else {
            request.method.as_str()
        };
        kind == method && request.url().starts_with(url) && request.ended.is_none()
    };
    log.iter().any(fits)
}

/// Such a request is answered when the door is open, and what comes beside it too.
fn held_back(door: &Door, method: &'static str, url: &'static str) -> Cue {
    let door = door.clone();
    Cue::when(move |log| door.is_open() || !is_waited_for(log, method, url))
}

/// Runs until the origin holds such a request, and kills the run then.
async fn killed_while_held(rig: &Rig, args: &[&str], method: &'static str, url: &'static str) {
    let mut child = started(rig, args, None);
    let held = move |log: &[LoggedRequest]| is_waited_for(log, method, url);
    assert!(rig.web.wait_until(PATIENCE, held).await, "{method} {url}");
    child.start_kill().unwrap();
    let ran = finish(child).await;
    assert_eq!(ran.code, -1, "{ran}");
    ended(rig).await;
}

async fn held((method, url): (&'static str, &'static str)) {
    let door = Door::closed();
    let cue = held_back(&door, method, url);
    let world = Cast::world()
        .held_until("files.example", &cue)
        .held_until("arxiv.org", &cue);
    let rig = Rig::new(world).await;
    rig.file("works.jsonl", Cast::list());
    killed_while_held(&rig, &ON_LEDGER, method, url).await;
    door.open();
    let judge = Judge::between_runs(&rig);
    let second = run(&rig, &ON_LEDGER, None).await;
    judge.assert_completed(&rig, &second);
    Judge::assert_asked_at_most(&rig, 1);
    let asked = asked(&rig.web.requests())[url];
    let was = match method {
        "PROBE" => asked.probes,
        "HEAD" => asked.heads,
        _ => asked.gets,
    };
    // Of two works with one URL the other may come first now.
    let most = if url == Cast::SHARED { 3 } else { 2 };
    assert!(
        (2..=most).contains(&was),
        "once more, for the answer nobody got: {asked:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_an_answer_is_held_back_a_run_asks_once_more() {
    let mut cases = vec![("PROBE", "https://files.example/missing.pdf")];
    for url in [Cast::BIG, "https://files.example/cut.pdf", Cast::SHARED] {
        cases.extend(["PROBE", "HEAD", "GET"].map(|method| (method, url)));
    }
    sweep(cases, held).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_a_sources_answer_is_held_back_a_run_asks_it_once_more() {
    const COPY: &str = "https://journal.example/copy.pdf";
    let door = Door::closed();
    let world = Cast::world()
        .paper(
            Paper::new("Asked about")
                .doi("10.5555/asked")
                .unpaywall(UnpaywallRecord::open([Location::pdf(COPY, COPY)]))
                .page(COPY, Answer::pdf(Pdf::new("Asked about", 9, 20_000))),
        )
        .held_until("api.unpaywall.org", &door.cue());
    let rig = Rig::new(world).await;
    let mut args = vec!["fetch", "10.5555/asked", "--only", "unpaywall"];
    args.push("--enable-idempotency");
    killed_while_held(&rig, &args, "GET", "https://api.unpaywall.org/").await;
    door.open();
    let copy = LedgerCopy::of(&rig.out().join("manifest.sqlite3")).unwrap();
    let job = &copy.jobs()["doi:10.5555/asked"];
    assert_eq!(job.state, "LEASED");
    assert_eq!(job.ops.len(), 1, "the resolution was begun: {job:?}");
    let ran = run(&rig, &args, None).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(rig.web.requests_for("api.unpaywall.org", "/").len(), 2);
    let ran = run(&rig, &args, None).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(rig.web.requests_for("api.unpaywall.org", "/").len(), 2);
    assert_eq!(asked(&rig.web.requests())[COPY].gets, 1);
}

/// Killed when the marks say that so many mebibytes are there.
async fn killed_at_mebibyte(k: u64) {
    let rig = Cast::rig().await;
    let kill = Mishap {
        place: "marks.write".to_owned(),
        number: usize::try_from(k).unwrap(),
        action: Action::After,
    };
    let first = run(&rig, &ON_LEDGER, kill.fault(&rig.out()).as_ref()).await;
    assert_eq!(first.code, -1, "{first}");
    ended(&rig).await;
    let judge = Judge::between_runs(&rig);
    let second = run(&rig, &ON_LEDGER, None).await;
    judge.assert_completed(&rig, &second);
    Judge::assert_asked_at_most(&rig, 1);
    let requests = rig.web.requests_for("arxiv.org", "/pdf/2101.00001");
    let rest = requests.last().unwrap();
    let range = format!("bytes={}-", k * MIB);
    assert_eq!(rest.header("range"), Some(range.as_str()));
    assert!(
        rest.header("if-range")
            .is_some_and(|tag| tag.starts_with('"'))
    );
    assert_eq!(rest.status, Some(206));
    let word = format!(
        "at byte {}",
        ["", "1,048,576", "2,097,152"][usize::try_from(k).unwrap()]
    );
    assert!(second.stdout.contains(&word), "{word}: {second}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_a_mebibyte_of_a_download_a_run_asks_for_the_rest_from_there() {
    sweep(vec![1, 2], killed_at_mebibyte).await;
}
