//! The adapters as WebAssembly against the same adapters compiled natively:
//! the same attempts over the same HTTP stack on the same thread, by CPU time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use common::{Goal, Spread, interleave, ratios, report};
use paperfall::http::{
    HostGrants, Http, HttpConfig, HttpErrorKind as Kind, Meter, Method, Pin, Role, Secrets, Session,
};
use paperfall::intake::Work;
use paperfall::sandbox::{
    AttemptInput, AttemptLimits, BUNDLED, GuestIdentifier, GuestPdfUrl, GuestWork, LoadedAdapter,
    Sandbox, SandboxConfig,
};
use paperfall_adapter as sdk;
use tokio::runtime::Runtime;

const WORKS: usize = 64;
const ROUNDS: usize = 9;
const EMAIL: &str = "demo@paperfall.example";

type Native = fn(&dyn sdk::Host, &sdk::Work, &sdk::Policy) -> Result<sdk::Findings, sdk::Miss>;

/// The seven, natively, in the order of `BUNDLED`.
const NATIVE: [Native; 7] = [
    sdk::run::<unpaywall::Unpaywall>,
    sdk::run::<arxiv::Arxiv>,
    sdk::run::<pmc::Pmc>,
    sdk::run::<doi_redirect::DoiRedirect>,
    sdk::run::<landing_scrape::LandingScrape>,
    sdk::run::<europe_pmc::EuropePmc>,
    sdk::run::<wayback::Wayback>,
];

/// The host's functions for a native adapter: the same session, blocking.
struct NativeHost<'a> {
    runtime: &'a Runtime,
    session: Session,
    deadline: Instant,
    meter: Arc<Meter>,
}

impl sdk::Host for NativeHost<'_> {
    fn send(&self, request: &sdk::Request) -> Result<sdk::Response, sdk::HttpError> {
        let failed = |error: paperfall::http::HttpError| sdk::HttpError {
            kind: kind(error.kind),
            message: error.message,
        };
        let method = match request.method {
            sdk::Method::Get => Method::Get,
            sdk::Method::Head => Method::Head,
        };
        let role = match request.role {
            sdk::Role::Metadata => Role::Metadata,
            sdk::Role::Landing => Role::Landing,
            sdk::Role::Artifact => Role::Artifact,
        };
        let mut prepared =
            paperfall::http::Request::new(method, &request.url, role, HostGrants::any())
                .map_err(failed)?
                .until(self.deadline)
                .metered(Arc::clone(&self.meter));
        for header in &request.headers {
            prepared = prepared
                .header(&header.name, &header.value)
                .map_err(failed)?;
        }
        let response = self
            .runtime
            .block_on(self.session.fetch(prepared))
            .map_err(failed)?;
        Ok(sdk::Response {
            status: response.status,
            url: response.url.to_string(),
            hops: response
                .hops
                .iter()
                .map(|hop| sdk::Hop {
                    url: hop.url.to_string(),
                    status: hop.status.unwrap_or(0),
                })
                .collect(),
            headers: response
                .headers
                .iter()
                .map(|(name, value)| sdk::Header {
                    name: name.to_owned(),
                    value: value.into_owned(),
                })
                .collect(),
            body: response.body.to_vec(),
            complete: response.complete,
            from_cache: false,
        })
    }

    fn probe(&self, _url: &str) -> Result<sdk::Verdict, sdk::HttpError> {
        unreachable!("none of the seven probes by itself")
    }

    fn log(&self, _level: sdk::Level, _message: &str) {}

    fn remaining(&self) -> sdk::RemainingBudget {
        let left = self.deadline.saturating_duration_since(Instant::now());
        sdk::RemainingBudget {
            ms: u32::try_from(left.as_millis()).unwrap_or(u32::MAX),
            requests: self.meter.requests_left(),
            bytes: self.meter.bytes_left(),
        }
    }
}

fn kind(kind: Kind) -> sdk::HttpErrorKind {
    match kind {
        Kind::Timeout => sdk::HttpErrorKind::Timeout,
        Kind::Dns => sdk::HttpErrorKind::Dns,
        Kind::Connect => sdk::HttpErrorKind::Connect,
        Kind::Reset => sdk::HttpErrorKind::Reset,
        _ => sdk::HttpErrorKind::Other,
    }
}

/// One adapter in both shapes.
struct Pair {
    wasm: LoadedAdapter,
    native: Native,
    settings: BTreeMap<String, String>,
    starts_from: Vec<String>,
}

fn main() {
    common::web::serve_if_child();
    let web = common::web::Web::start(WORKS);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let http = Http::new(HttpConfig {
        ca_files: vec![web.ca_file()],
        pins: web
            .pins
            .iter()
            .map(|pin| Pin::parse(pin).expect("a pin"))
            .collect(),
        ..HttpConfig::default()
    })
    .expect("HTTP");
    let sandbox = Sandbox::new(&SandboxConfig::default()).expect("a sandbox");
    let pairs: Vec<Pair> = BUNDLED
        .iter()
        .zip(NATIVE)
        .map(|(bundled, native)| {
            let wasm = runtime
                .block_on(sandbox.load(bundled.name, Arc::from(bundled.bytes), 64))
                .expect("it loads");
            let mut settings = BTreeMap::new();
            for spec in &wasm.descriptor().settings {
                let email = (spec.key == "email").then(|| EMAIL.to_owned());
                if let Some(value) = email.or_else(|| spec.default.clone()) {
                    settings.insert(spec.key.clone(), value);
                }
            }
            Pair {
                starts_from: wasm.descriptor().identifiers.clone(),
                wasm,
                native,
                settings,
            }
        })
        .collect();
    let works: Vec<Work> = paperfall_miniweb::demo(WORKS)
        .works
        .iter()
        .filter(|work| work.verdict.reason != "source_deadline")
        .map(|work| Work::from_json(&work.line).expect("a work").work)
        .collect();

    let run_wasm = |pairs: &[Pair]| {
        for (work, pair) in attempts(&works, pairs) {
            let input = AttemptInput {
                work: guest_work(work),
                session: http.session(),
                grants: HostGrants::any(),
                secrets: Secrets::default(),
                settings: pair.settings.clone(),
                retries_max: 0,
                robots_respect: false,
                timeout: std::time::Duration::from_secs(10),
                limits: AttemptLimits::DEFAULT,
            };
            let trace = Arc::new(Mutex::default());
            let _ = runtime.block_on(sandbox.resolve(&pair.wasm, input, trace));
        }
    };
    let run_native = |pairs: &[Pair]| {
        for (work, pair) in attempts(&works, pairs) {
            let host = NativeHost {
                runtime: &runtime,
                session: http.session(),
                deadline: Instant::now() + std::time::Duration::from_secs(10),
                meter: Arc::new(Meter::new(24, 32 * 1024 * 1024)),
            };
            let policy = sdk::Policy {
                timeout_ms: 10_000,
                retries_max: 0,
                robots_respect: false,
                settings: pair
                    .settings
                    .iter()
                    .map(|(key, value)| sdk::Setting {
                        key: key.clone(),
                        value: value.clone(),
                    })
                    .collect(),
            };
            let _ = (pair.native)(&host, &native_work(work), &policy);
        }
    };
    println!(
        "works per CPU-second, wasm / native, on {} works",
        works.len()
    );
    let compare = |name: &str, pairs: &[Pair], goal: Option<Goal>| {
        let count = attempts(&works, pairs).count();
        let rounds = interleave(ROUNDS, || run_wasm(pairs), || run_native(pairs));
        let each = |cost: common::Cost| cost.cpu.as_secs_f64() * 1e6 / count as f64;
        let per_attempt = Spread::new(rounds.iter().map(|(wasm, _)| each(*wasm)).collect());
        let swapped: Vec<_> = rounds
            .iter()
            .map(|(wasm, native)| (*native, *wasm))
            .collect();
        report(
            &format!(
                "  {name}, {count} attempts of {:.0} µs of CPU",
                per_attempt.median()
            ),
            "×",
            &ratios(&swapped, |cost| cost.cpu),
            goal,
        );
    };
    compare("the seven", &pairs, Some(Goal::AtLeast(0.95)));
    for (pair, bundled) in pairs.chunks(1).zip(BUNDLED) {
        compare(bundled.name, pair, None);
    }
}

/// Every adapter with every work it can start from.
fn attempts<'a>(
    works: &'a [Work],
    pairs: &'a [Pair],
) -> impl Iterator<Item = (&'a Work, &'a Pair)> {
    works.iter().flat_map(move |work| {
        pairs
            .iter()
            .filter(move |pair| {
                pair.starts_from.iter().any(|scheme| match scheme.as_str() {
                    "landing-url" => !work.landing_urls.is_empty(),
                    "pdf-url" => !work.pdf_urls.is_empty(),
                    scheme => work.identifiers.get(scheme).is_some(),
                })
            })
            .map(move |pair| (work, pair))
    })
}

fn guest_work(work: &Work) -> GuestWork {
    GuestWork {
        work_id: work.work_id.to_string(),
        artifact_id: work.artifact_id.clone(),
        title: work.title.clone(),
        identifiers: work
            .identifiers
            .iter()
            .map(|(scheme, value)| GuestIdentifier {
                scheme: scheme.to_owned(),
                value: value.to_owned(),
            })
            .collect(),
        pdf_urls: work
            .pdf_urls
            .iter()
            .map(|url| GuestPdfUrl {
                url: url.to_string(),
                failed: None,
            })
            .collect(),
        landing_urls: work.landing_urls.iter().map(ToString::to_string).collect(),
    }
}

fn native_work(work: &Work) -> sdk::Work {
    sdk::Work {
        work_id: work.work_id.to_string(),
        artifact_id: work.artifact_id.clone(),
        title: work.title.clone(),
        identifiers: work
            .identifiers
            .iter()
            .map(|(scheme, value)| sdk::Identifier {
                scheme: scheme.to_owned(),
                value: value.to_owned(),
            })
            .collect(),
        pdf_urls: work
            .pdf_urls
            .iter()
            .map(|url| sdk::PdfUrl {
                url: url.to_string(),
                failed: None,
            })
            .collect(),
        landing_urls: work.landing_urls.iter().map(ToString::to_string).collect(),
    }
}
