//! The faults, each by the name of the check it fails.

use std::hint::black_box;
use std::time::{Duration, SystemTime};

use paperfall_adapter::{
    Candidate, Findings, Host, HttpErrorKind, Level, Miss, Policy, Request, Response, Work,
};

/// Where the fault's name is written, padded with blanks. The tests look for
/// these very bytes.
pub(crate) static SLOT: [u8; 40] = *b"misfit-fault:none                       ";
/// What stands before the name.
const LABEL: usize = "misfit-fault:".len();

/// Whether the fault of this name was asked for.
pub(crate) fn has(fault: &str) -> bool {
    // Read from the component as it is, not as it was compiled.
    let slot = black_box(&SLOT);
    let name = slot.get(LABEL..).unwrap_or_default();
    name.trim_ascii() == fault.as_bytes()
}

/// The time, to the nanosecond.
pub(crate) fn moment() -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_nanos().to_string()
}

/// Holds so many MiB for a moment.
pub(crate) fn hold(host: &dyn Host, mib: usize) {
    let held = black_box(vec![1_u8; mib * 1024 * 1024]);
    host.log(Level::Debug, &format!("{} bytes held", held.len()));
}

/// What goes wrong before anything is asked.
pub(crate) fn before(host: &dyn Host, work: &Work, policy: &Policy) {
    let title = work.title.as_deref().unwrap_or_default();
    assert!(
        !(has("hostile_work") && title.contains('\r')),
        "an odd title"
    );
    assert!(
        !has("missing_settings") || policy.settings.iter().any(|given| given.key == "email"),
        "no address"
    );
    if has("short_of_time") && host.remaining().ms < 1_600 {
        loop {
            black_box(());
        }
    }
}

/// What is made of an answer instead of what it says.
pub(crate) fn instead(host: &dyn Host, request: &Request, response: &Response) -> Option<Miss> {
    let status = response.status;
    match status {
        429 if has("heeds_retry_after") => {
            let other = Request::metadata(format!("{}?again=1", request.url));
            let _ = other.send(host);
            None
        }
        429 if has("does_not_wait") => {
            std::thread::sleep(Duration::from_secs(30));
            None
        }
        429 if has("names_rate_limit") => Some(Miss::no_pdf("not_found")),
        404 if has("named_reasons") => Some(Miss::no_pdf("Not Found!")),
        400..429 if has("accepts_refusals") => {
            let _ = request.send(host);
            None
        }
        400..429 if has("names_refusals") => Some(Miss::retryable("http_5xx")),
        500.. if has("leaves_retries_to_host") => {
            let _ = request.send(host);
            None
        }
        500.. if has("names_server_error") => Some(Miss::no_pdf("not_found")),
        _ => None,
    }
}

/// What goes wrong once there is something to propose.
pub(crate) fn behind(
    host: &dyn Host,
    work: &Work,
    policy: &Policy,
    answer: &Response,
    url: &str,
    found: &mut Findings,
) {
    let with_key = |url: &str| Request::metadata(url).header("x-api-key", "{{secret:KEY}}");
    let terms = "https://api.misfit.example/terms";
    if let Some(extra) = extra(url, terms, with_key) {
        let status = extra.send(host).map(|answer| answer.status);
        let spent = status.as_ref().err().map(|error| error.kind);
        assert!(
            !(has("short_of_requests") && spent == Some(HttpErrorKind::BudgetExhausted)),
            "no request left"
        );
        assert!(!(has("later_trouble") && status == Ok(429)), "not now");
    }
    if has("deterministic") {
        found.learn(paperfall_adapter::Identifier::new("local", moment()));
    }
    if has("valid_candidates") {
        found.propose(Candidate::new("ftp://misfit.example/a.pdf", "oa_pdf"));
    }
    if has("within_limits") {
        for n in 0..9 {
            let url = format!("https://misfit.example/{n}.pdf");
            found.propose(Candidate::new(url, "oa_pdf"));
        }
    }
    if has("log_volume") {
        for _ in 0..100 {
            host.log(Level::Info, &"words ".repeat(500));
        }
    }
    if has("modest_memory") {
        hold(host, 52);
    }
    if has("secrets_stay_inside") {
        host.log(Level::Info, "asked with {{secret:KEY}}");
    }
    let calm = work.title.is_some()
        && policy.timeout_ms > 5_000
        && policy.setting("email").is_some()
        && host.remaining().requests > 5
        && answer.body.len() < 1024 * 1024
        && !found.candidates.is_empty();
    assert!(!(has("calm_answer") && calm), "too good to be true");
}

/// A request too many.
fn extra(url: &str, terms: &str, with_key: impl Fn(&str) -> Request) -> Option<Request> {
    let plain = "http://api.misfit.example/terms";
    if has("declared_hosts") {
        return Some(Request::metadata("https://stats.misfit.example/ping"));
    }
    if has("permitted_requests") {
        return Some(Request::metadata(terms).header("cookie", "a=b"));
    }
    if has("well_formed_urls") {
        return Some(Request::metadata("api.misfit.example/terms"));
    }
    if has("https_only") {
        return Some(Request::metadata(plain));
    }
    if has("secrets_over_https") {
        return Some(with_key(plain));
    }
    if has("secrets_to_one_site") {
        return Some(with_key("https://cdn.elsewhere.example/a"));
    }
    if has("asks_once") {
        return Some(with_key(url));
    }
    let second = has("short_of_requests") || has("later_trouble");
    second.then(|| with_key(terms))
}
