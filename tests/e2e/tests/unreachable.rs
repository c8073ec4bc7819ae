//! Hosts that cannot or must not be reached: each is named, and a private
//! address never sees a connection.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::io::ErrorKind;
use std::net::TcpListener;

use paperfall_e2e::{Rig, finish};
use paperfall_miniweb::{Answer, Location, Paper, Pdf, UnpaywallRecord, World};

const ARXIV: &str = "arXiv:2101.00001";
const WORK: &str = "arxiv:2101.00001";

fn paper(answer: Answer) -> Paper {
    Paper::new("Out of reach")
        .arxiv("2101.00001")
        .arxiv_pdf(answer)
}

/// A service on a private address that must not be reached.
struct Private {
    listener: TcpListener,
    port: u16,
}

impl Private {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        Self { listener, port }
    }

    fn assert_untouched(&self) {
        match self.listener.accept() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            touched => panic!("the private service was reached: {touched:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_to_a_private_address_is_refused_in_every_spelling() {
    let private = Private::new();
    let port = private.port;
    for host in [
        "127.0.0.1",
        "localhost",
        "0x7f.1",
        "2130706433",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "10.0.0.1",
        "169.254.169.254",
    ] {
        let target = Answer::redirect(&format!("http://{host}:{port}/secret.pdf"));
        let rig = Rig::new(World::new().paper(paper(target))).await;
        let ran = rig.paperfall(["fetch", ARXIV, "--only", "arxiv"]).await;
        rig.assert_lost(&ran, WORK, "no_pdf", "private_address");
        private.assert_untouched();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_candidate_at_a_private_address_is_refused_and_the_work_goes_on() {
    let private = Private::new();
    let good = "https://repository.example/copy.pdf";
    let pdf = Pdf::new("Out of reach", 7, 20_000);
    let inside = format!("http://127.0.0.1:{}/secret.pdf", private.port);
    let record = UnpaywallRecord::open([
        Location::pdf(&inside, "https://press.example/"),
        Location::pdf(good, "https://repository.example/copy"),
    ]);
    let world = World::new().paper(
        Paper::new("Out of reach")
            .doi("10.5555/inside.1")
            .unpaywall(record)
            .page(good, Answer::pdf(pdf.clone())),
    );
    let rig = Rig::new(world).await;
    let ran = rig.paperfall(["fetch", "10.5555/inside.1"]).await;
    assert_eq!(ran.code, 0, "{ran}");
    rig.assert_obtained("doi:10.5555/inside.1", "unpaywall", "oa_pdf", &pdf.bytes());
    private.assert_untouched();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_network_is_reached_only_where_it_was_allowed() {
    let rig = Rig::new(World::new()).await;
    let url = format!("http://{}/inside.pdf", rig.web.http_address());
    let args = ["fetch", &url, "--disable-wayback-fallback"];
    let ran = rig.paperfall(args).await;
    assert_eq!(ran.code, 1, "{ran}");
    assert!(rig.web.requests().is_empty(), "{:?}", rig.web.requests());
    let given = |rig: &Rig| rig.attempts(&format!("url:{url}"));
    assert_eq!(given(&rig)[0], "given nonretryable private_address");

    let allowed = ["--allow-private-net", "127.0.0.0/8"];
    let ran = rig.paperfall(args.into_iter().chain(allowed)).await;
    // Nothing is there, but now it was asked.
    assert_eq!(ran.code, 1, "{ran}");
    assert_eq!(given(&rig)[0], "given no_pdf not_found");
    assert!(!rig.web.requests_for("127.0.0.1", "/inside.pdf").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_port_is_a_failed_connection() {
    // Bound and let go again: nothing listens there now.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let target = Answer::redirect("https://closed.example/x.pdf");
    let rig = Rig::new(World::new().paper(paper(target))).await;
    let mut pins = rig.web.pins();
    pins.push(format!("closed.example:443:127.0.0.1:{port}"));
    let mut command = rig.command(["fetch", ARXIV, "--only", "arxiv"]);
    command.env("PAPERFALL_RESOLVE", pins.join(";"));
    let ran = paperfall_e2e::finish(command.spawn().unwrap()).await;
    rig.assert_lost(&ran, WORK, "retryable", "connect");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_hangs_up_is_a_reset() {
    let rig = Rig::new(World::new().paper(paper(Answer::dropped()))).await;
    let ran = rig.paperfall(["fetch", ARXIV, "--only", "arxiv"]).await;
    rig.assert_lost(&ran, WORK, "retryable", "reset");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_speaks_no_tls_is_a_tls_failure() {
    let target = Answer::redirect("https://plain.example/x.pdf");
    let rig = Rig::new(World::new().paper(paper(target))).await;
    let mut pins = rig.web.pins();
    pins.push(format!("plain.example:443:{}", rig.web.http_address()));
    let mut command = rig.command(["fetch", ARXIV, "--only", "arxiv"]);
    command.env("PAPERFALL_RESOLVE", pins.join(";"));
    let ran = paperfall_e2e::finish(command.spawn().unwrap()).await;
    rig.assert_lost(&ran, WORK, "retryable", "tls");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_nobody_vouches_for_is_refused() {
    let pdf = Answer::pdf(Pdf::new("Unvouched", 7, 20_000));
    let rig = Rig::new(World::new().paper(paper(pdf))).await;
    let mut command = rig.command(["fetch", ARXIV, "--only", "arxiv"]);
    command.env_remove("PAPERFALL_CA_FILE");
    let ran = paperfall_e2e::finish(command.spawn().unwrap()).await;
    rig.assert_lost(&ran, WORK, "retryable", "tls");
    assert!(rig.web.requests().is_empty(), "{:?}", rig.web.requests());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_only_the_environment_names_is_not_asked() {
    let proxy = Private::new();
    let address = format!("http://127.0.0.1:{}", proxy.port);
    let pdf = "https://publisher.example/one.pdf";
    let paper = Paper::new("One")
        .doi("10.5555/one")
        .doi_leads_to(pdf)
        .page(pdf, Answer::pdf(Pdf::new("One", 7, 20_000)));
    let rig = Rig::new(World::new().paper(paper)).await;
    let mut command = rig.command(["fetch", "10.5555/one", "--only", "doi_follow"]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command
            .env(name, &address)
            .env(name.to_lowercase(), &address);
    }
    let ran = finish(command.spawn().unwrap()).await;
    assert_eq!(ran.code, 0, "{ran}");
    proxy.assert_untouched();
}
