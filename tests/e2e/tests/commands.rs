//! The commands around the work itself: `plan`, `resolve`, `adapter`, `demo`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use paperfall_e2e::{Guest, Rig, finish, sha256};
use paperfall_miniweb::{Answer, Location, Paper, Pdf, Service, UnpaywallRecord, World};
use serde_json::Value;

const DOI: &str = "10.5555/commands.1";
const FILE: &str = "https://press.example/1.pdf";

const SOURCES: [(&str, &str); 7] = [
    ("direct_oa", "unpaywall"),
    ("direct_oa", "arxiv"),
    ("direct_oa", "pmc"),
    ("doi_follow", "doi_redirect"),
    ("landing_scrape", "landing_scrape"),
    ("landing_scrape", "europe_pmc"),
    ("archive", "wayback"),
];

/// Unpaywall names a PDF of 200 kB.
async fn open_work() -> Rig {
    let record = UnpaywallRecord::open([Location::pdf(FILE, "https://press.example/1")]);
    Rig::new(
        World::new().paper(
            Paper::new("Commands")
                .doi(DOI)
                .unpaywall(record)
                .page(FILE, Answer::pdf(Pdf::new("Commands", 1, 200_000))),
        ),
    )
    .await
}

/// The row of `paperfall plan` about a setting, its columns squeezed.
fn row(table: &str, key: &str) -> String {
    table
        .lines()
        .find(|line| line.split_whitespace().next() == Some(key))
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .unwrap_or_else(|| panic!("no {key} in\n{table}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_plan_says_where_each_value_came_from_and_the_strongest_wins() {
    let rig = Rig::new(World::new()).await;
    rig.file(
        "paperfall.toml",
        "[budgets]\ntotal_timeout_ms = 90000\nmax_attempts = 7\nmax_concurrent = 2\n\
         [source.wayback]\ntimeout_ms = 4321\n",
    );
    let mut command = rig.command(["plan", "--fallback-max-concurrent", "5"]);
    command
        .env("PAPERFALL_FALLBACK_MAX_CONCURRENT", "4")
        .env("PAPERFALL_FALLBACK_MAX_ATTEMPTS", "9")
        .env("DOCSTOKG_FALLBACK_TOTAL_ATTEMPTS", "11");
    let ran = finish(command.spawn().unwrap()).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(ran.stderr, "");
    for (key, rest) in [
        ("budgets.max_concurrent", "5 --fallback-max-concurrent"),
        (
            "budgets.max_attempts",
            "9 env PAPERFALL_FALLBACK_MAX_ATTEMPTS",
        ),
        ("tier.direct_oa.parallel", "2 default"),
        ("email", "tests@paperfall.example env PAPERFALL_EMAIL"),
    ] {
        assert_eq!(row(&ran.stdout, key), format!("{key} {rest}"));
    }
    for (key, value, place) in [
        (
            "budgets.total_timeout_ms",
            "90000",
            "paperfall.toml:2: budgets.total_timeout_ms",
        ),
        (
            "source.wayback.timeout_ms",
            "4321",
            "paperfall.toml:6: source.wayback.timeout_ms",
        ),
    ] {
        let row = row(&ran.stdout, key);
        assert!(row.starts_with(&format!("{key} {value} ")), "{row}");
        assert!(row.ends_with(place), "{row}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_plan_as_json_is_the_effective_one() {
    let rig = Rig::new(World::new()).await;
    let ran = rig
        .paperfall([
            "plan",
            "--json",
            "--disable-wayback-fallback",
            "--fallback-tier",
            "direct_oa:sources=pmc+arxiv,timeout_ms=1234",
        ])
        .await;
    assert_eq!(ran.code, 0, "{ran}");
    let plan: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let tiers = plan["tiers"].as_array().unwrap();
    let names: Vec<_> = tiers.iter().map(|tier| &tier["name"]).collect();
    assert_eq!(names, ["direct_oa", "doi_follow", "landing_scrape"]);
    let sources = tiers[0]["sources"].as_array().unwrap();
    let names: Vec<_> = sources.iter().map(|source| &source["name"]).collect();
    assert_eq!(names, ["pmc", "arxiv"]);
    for source in sources {
        assert_eq!(source["policy"]["timeout_ms"], 1234);
    }
    assert!(!rig.out().exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_plan_says_that_unpaywall_will_be_skipped_without_an_e_mail() {
    let rig = Rig::new(World::new()).await;
    let mut command = rig.command(["plan"]);
    command.env_remove("PAPERFALL_EMAIL");
    let ran = finish(command.spawn().unwrap()).await;
    let row = row(&ran.stdout, "email");
    assert!(row.contains("unpaywall will be skipped"), "{row}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resolve_finds_the_pdf_without_downloading_or_writing_anything() {
    let rig = open_work().await;
    let ran = rig.paperfall(["resolve", DOI]).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert!(ran.stdout.contains(FILE), "{ran}");
    assert!(ran.stdout.contains("unpaywall, oa_pdf"), "{ran}");
    assert_eq!(ran.stdout.lines().count(), 1, "{ran}");
    assert!(!rig.out().exists());
    let asked = rig.web.requests_for("press.example", "/1.pdf");
    assert!(!asked.is_empty());
    for request in asked {
        assert_eq!(request.header("range"), Some("bytes=0-4095"));
        assert!(request.bytes_sent <= 4096, "{request:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resolve_as_json_is_a_result_without_a_file() {
    let rig = open_work().await;
    let work = format!(r#"{{"work_id":"mine-1","doi":"{DOI}","title":"T"}}"#);
    let ran = rig.paperfall(["resolve", "--json", &work]).await;
    assert_eq!(ran.code, 0, "{ran}");
    let result: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(result["work_id"], "mine-1");
    assert_eq!(result["artifact_id"], "mine-1:pdf");
    assert_eq!(result["outcome"], "success");
    assert_eq!(result["source"], "unpaywall");
    assert_eq!(result["url"], FILE);
    for absent in ["sha256", "path", "bytes"] {
        assert!(result.get(absent).is_none(), "{absent}");
    }
    let attempts = result["attempts"].as_array().unwrap();
    let unpaywall = attempts
        .iter()
        .find(|a| a["source"] == "unpaywall")
        .unwrap();
    assert_eq!(unpaywall["status"], 200);
    assert_eq!(unpaywall["host"], "press.example");
    assert!(!rig.out().exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_explanation_tells_every_attempt_hop_candidate_and_verdict() {
    let moved = "https://press.example/moved";
    let record = UnpaywallRecord::open([
        Location::pdf("https://press.example/dead.pdf", "https://press.example/1"),
        Location::pdf(moved, "https://press.example/1"),
    ]);
    let world = World::new().paper(
        Paper::new("Explained")
            .doi(DOI)
            .unpaywall(record)
            .page(moved, Answer::redirect(FILE))
            .page(FILE, Answer::pdf(Pdf::new("Explained", 1, 20_000))),
    );
    let rig = Rig::new(world).await;
    let ran = rig
        .paperfall(["resolve", "--explain", "--only", "unpaywall,arxiv", DOI])
        .await;
    assert_eq!(ran.code, 0, "{ran}");
    for line in [
        "direct_oa/arxiv: skipped (no_arxiv_id)",
        "direct_oa/unpaywall: success (oa_pdf)",
        "GET    https://api.unpaywall.org/v2/10.5555/commands.1?email=",
        "candidate https://press.example/dead.pdf [oa_pdf] → not_found",
        "candidate https://press.example/moved [oa_pdf] → a PDF",
        "hop  https://press.example/moved [",
        "hop  https://press.example/1.pdf [",
        "status 200",
    ] {
        assert!(ran.stdout.contains(line), "no {line:?} in {ran}");
    }
    let verdict = ran.stdout.lines().last().unwrap();
    assert!(verdict.starts_with("doi:10.5555/commands.1: https://press.example/moved"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_work_that_cannot_be_resolved_is_explained_and_exits_with_1() {
    let paper = Paper::new("Lost")
        .arxiv("2101.00001")
        .when_asked(Service::ArxivPdf, Answer::challenge());
    let rig = Rig::new(World::new().paper(paper)).await;
    let ran = rig
        .paperfall(["resolve", "--explain", "--only", "arxiv", "2101.00001"])
        .await;
    assert_eq!(ran.code, 1, "{ran}");
    assert!(
        ran.stdout.contains("direct_oa/arxiv: no_pdf (blocked)"),
        "{ran}"
    );
    let verdict = ran.stdout.lines().last().unwrap();
    assert!(
        verdict.starts_with("arxiv:2101.00001: no_pdf (blocked) after 1 attempt in ")
            && verdict.ends_with(" ms. A challenge page or a firewall refused us."),
        "{ran}"
    );
    assert!(!rig.out().exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_explained_once() {
    let rig = Rig::new(World::new()).await;
    // A host that does not resolve: its page is refused by way of its robots.txt.
    let url = "https://nowhere.invalid/a";
    let ran = rig
        .paperfall(["resolve", "--explain", "--only", "landing_scrape", url])
        .await;
    assert_eq!(ran.code, 1, "{ran}");
    let asked = format!("{url} → dns: it is not asked without its robots.txt: ");
    assert!(ran.stdout.contains(&asked), "{ran}");
    assert_eq!(ran.stdout.matches("does not resolve").count(), 1, "{ran}");
    for word in ["hop  ", "log ", "the adapter says"] {
        assert!(!ran.stdout.contains(word), "{word}: {ran}");
    }
    let verdict = ran.stdout.lines().last().unwrap();
    assert!(verdict.ends_with(" ms. The name did not resolve."), "{ran}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn adapters_are_listed_by_tier_with_what_they_declare() {
    let rig = Rig::new(World::new()).await;
    let ran = rig.paperfall(["adapter", "list"]).await;
    assert_eq!(ran.code, 0, "{ran}");
    let listed: Vec<(&str, &str)> = ran
        .stdout
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?, words.next()?))
        })
        .collect();
    assert_eq!(listed, SOURCES);

    let ran = rig
        .paperfall(["adapter", "list", "--json", "--only", "archive"])
        .await;
    assert_eq!(ran.code, 0, "{ran}");
    let list: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(list[0]["source"], "wayback");
    let hosts = list[0]["descriptor"]["hosts"].to_string();
    assert!(hosts.contains("web.archive.org"), "{hosts}");

    let mut nameless = rig.command(["adapter", "list"]);
    let ran = finish(nameless.env_remove("PAPERFALL_EMAIL").spawn().unwrap()).await;
    let how = "set email = \"you@university.edu\" in paperfall.toml, or give --email";
    let said = ["unpaywall", "pmc"]
        .map(|source| format!("paperfall: note: {source} wants a contact address: {how}"));
    assert_eq!(ran.complaints(), said, "{ran}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_bundled_adapter_can_be_inspected_and_imports_nothing_but_the_contract() {
    let rig = Rig::new(World::new()).await;
    for (_, name) in SOURCES {
        let ran = rig.paperfall(["adapter", "inspect", "--json", name]).await;
        assert_eq!(ran.code, 0, "{ran}");
        let shape: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        assert_eq!(shape["descriptor"]["name"], name);
        assert_eq!(shape["sha256"].as_str().map(str::len), Some(64));
        for import in shape["imports"].as_array().unwrap() {
            let import = import.as_str().unwrap();
            let expected = import.starts_with("paperfall:adapter/") || import.starts_with("wasi:");
            assert!(expected, "{name} imports {import}");
            for never in ["wasi:http", "wasi:sockets", "wasi:filesystem"] {
                assert!(!import.starts_with(never), "{name} imports {import}");
            }
        }
        let exports = shape["exports"].to_string();
        assert!(
            exports.contains("paperfall:adapter/source@0.1.0"),
            "{exports}"
        );
    }
    let ran = rig.paperfall(["adapter", "inspect", "unpaywall"]).await;
    assert!(ran.stdout.contains("api.unpaywall.org"), "{ran}");
    assert!(
        ran.stdout.contains("imports: paperfall:adapter/http@0.1.0"),
        "{ran}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_file_can_be_inspected_without_being_in_any_plan() {
    let rig = Rig::new(World::new()).await;
    let guest = Guest::new("mine")
        .host("api.mine.example")
        .starts_from("doi")
        .build();
    rig.file("mine.wasm", &guest);
    let ran = rig
        .paperfall(["adapter", "inspect", "--json", "mine.wasm"])
        .await;
    assert_eq!(ran.code, 0, "{ran}");
    let shape: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(shape["descriptor"]["name"], "mine");
    assert_eq!(shape["bytes"], guest.len());
    assert_eq!(shape["sha256"], sha256(&guest));
    let declared = shape["descriptor"].to_string();
    assert!(declared.contains("api.mine.example"), "{declared}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_component_cannot_be_inspected_and_is_told_what_it_is() {
    let rig = Rig::new(World::new()).await;
    let ran = rig.paperfall(["adapter", "inspect", "absent.wasm"]).await;
    ran.assert_refused(2, &["absent.wasm", "unpaywall", "wayback"]);
    let ran = rig.paperfall(["adapter", "inspect", "/"]).await;
    ran.assert_refused(2, &["/", "not a file"]);
    rig.file("core.wasm", wat::parse_str("(module)").unwrap());
    rig.file("text.wasm", "hello");
    rig.file("empty.wasm", "");
    rig.file("torn.wasm", b"\0asm\x0d\0\x01\0\x07\xff");
    for (name, word) in [
        ("core.wasm", "core WebAssembly module"),
        ("text.wasm", "text.wasm"),
        ("empty.wasm", "empty"),
        ("torn.wasm", "torn.wasm"),
    ] {
        let ran = rig.paperfall(["adapter", "inspect", name]).await;
        ran.assert_refused(2, &[word]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_without_the_contract_is_shown_and_called_unusable() {
    let rig = Rig::new(World::new()).await;
    rig.file("other.wasm", wat::parse_str("(component)").unwrap());
    let ran = rig.paperfall(["adapter", "inspect", "other.wasm"]).await;
    assert_eq!(ran.code, 2, "{ran}");
    assert!(ran.stdout.contains("not usable: "), "{ran}");
    assert!(ran.stdout.contains("paperfall:adapter/source"), "{ran}");
    assert!(ran.stdout.contains("sha256"), "{ran}");
    ran.assert_orderly();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_comes_out_as_scripted_in_an_empty_environment() {
    let rig = Rig::new(World::new()).await;
    let out = rig.out();
    // A settings file and variables of one's own are not part of the script.
    rig.file("paperfall.toml", "[budgets]\nmax_attempts = 1\n");
    // What an earlier run obtained is obtained again, or there would be nothing
    // to watch.
    let earlier = &paperfall_miniweb::demo(20).works[2].work_id;
    rig.file("out/objects/00/00.pdf", "stale");
    rig.file(
        "out/results.jsonl",
        format!(
            "{{\"work_id\":\"{earlier}\",\"outcome\":\"success\",\"path\":\"objects/00/00.pdf\"}}\n"
        ),
    );
    let mut command = rig.command(["demo", "--works", "20", "--out", out.to_str().unwrap()]);
    command
        .env("PAPERFALL_ONLY", "archive")
        .env_remove("PAPERFALL_RESOLVE")
        .env_remove("PAPERFALL_CA_FILE");
    let ran = finish(command.spawn().unwrap()).await;
    assert_eq!(ran.code, 0, "{ran}");
    assert!(
        ran.stdout
            .contains("20 of 20 verdicts came out as scripted"),
        "{ran}"
    );
    let list = std::fs::read_to_string(out.join("works.jsonl")).unwrap();
    assert_eq!(list.lines().count(), 20);
    assert_eq!(rig.results().len(), 20);
    // Piped: plain lines, no control sequences.
    assert!(!ran.stderr.contains('\x1b'), "{ran}");
    assert_eq!(rig.files(".parts"), [""; 0]);
}
