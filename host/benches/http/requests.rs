//! Requests per CPU-second, eight at once over connections kept alive: the
//! whole stack (grants, guard, cookies, meter, breaker, limits, caps, cache)
//! beside a bare reqwest client.

use std::sync::Arc;

use paperfall::http::{
    CACHE_MAX_BYTES, CacheConfig, HostGrants, Http, HttpConfig, Meter, Method, Request, Role,
};
use reqwest::Client;
use rustls::{ClientConfig, RootCertStore};
use tokio::runtime::Runtime;

use crate::common::{Cost, Goal, Spread, interleave, ratios, report};
use crate::origin::{Origin, config, runtime};

const AT_ONCE: usize = 8;
/// Works of each of those, and requests of each work.
const WORKS: usize = 60;
const REQUESTS: usize = 6;
const ROUNDS: usize = 15;

/// The stack does this much of what bare reqwest does in the same CPU time.
const GOAL: f64 = 0.85;

pub fn measure(origin: &Origin) {
    let runtime = runtime();
    let url: Arc<str> = origin.url("record").into();
    let bare = bare();
    let folder = tempfile::tempdir().expect("a folder");
    let cache = CacheConfig {
        folder: folder.path().join("http"),
        max_bytes: CACHE_MAX_BYTES,
    };
    let with_cache = HttpConfig {
        cache: Some(cache),
        ..config()
    };
    for (what, role, config) in [
        ("files, no cache", Role::Artifact, config()),
        ("metadata, with the cache asked", Role::Metadata, with_cache),
    ] {
        let http = Http::new(config).expect("HTTP");
        let rounds = interleave(
            ROUNDS,
            || through_the_stack(&runtime, &http, role, &url),
            || barely(&runtime, &bare, &url),
        );
        tell(what, &rounds);
    }
}

fn tell(what: &str, rounds: &[(Cost, Cost)]) {
    let count = (AT_ONCE * WORKS * REQUESTS) as f64;
    let per_second = |pick: &dyn Fn(&(Cost, Cost)) -> Cost| {
        let figures = rounds.iter().map(|round| pick(round).cpu.as_secs_f64());
        Spread::new(figures.collect()).map(|seconds| count / seconds)
    };
    let unit = "requests/CPU-second";
    let ours = per_second(&|round| round.0);
    report(&format!("the stack, {what}"), unit, &ours, None);
    report("bare reqwest", unit, &per_second(&|round| round.1), None);
    let ratio = ratios(rounds, |cost| cost.cpu).map(|ratio| 1.0 / ratio);
    let wall = ratios(rounds, |cost| cost.wall).map(|ratio| 1.0 / ratio);
    report("  per CPU-second", "×", &ratio, Some(Goal::AtLeast(GOAL)));
    report("  per second", "×", &wall, None);
}

fn bare() -> Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("TLS 1.2 and 1.3")
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let client = Client::builder().tls_backend_preconfigured(tls).no_proxy();
    client.build().expect("a client")
}

fn through_the_stack(runtime: &Runtime, http: &Http, role: Role, url: &Arc<str>) {
    runtime.block_on(async {
        let workers: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                let (http, url) = (http.clone(), Arc::clone(url));
                tokio::spawn(async move {
                    for work in 0..WORKS {
                        let session = http.session_for(&work.to_string());
                        let meter = Arc::new(Meter::default());
                        for _ in 0..REQUESTS {
                            let request = Request::new(Method::Get, &url, role, HostGrants::any())
                                .expect("a request")
                                .metered(Arc::clone(&meter));
                            let answer = session.fetch(request).await.expect("an answer");
                            assert_eq!(answer.body.len(), 4096);
                        }
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.await.expect("it works");
        }
    });
}

fn barely(runtime: &Runtime, client: &Client, url: &Arc<str>) {
    runtime.block_on(async {
        let workers: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                let (client, url) = (client.clone(), Arc::clone(url));
                tokio::spawn(async move {
                    for _ in 0..WORKS * REQUESTS {
                        let answer = client.get(&*url).send().await.expect("an answer");
                        let body = answer.bytes().await.expect("a body");
                        assert_eq!(body.len(), 4096);
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.await.expect("it works");
        }
    });
}
