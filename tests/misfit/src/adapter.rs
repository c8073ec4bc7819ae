//! What it does when nothing is wrong, and where something may go wrong.

use crate::fault::{self, has};
use paperfall_adapter::ids::Doi;
use paperfall_adapter::{
    Candidate, Descriptor, Findings, Host, HttpError, HttpErrorKind, Level, Miss, Policy, Request,
    Response, Work,
};
use serde_json::Value;

const API: &str = "https://api.misfit.example";
/// Pages of an answer that are read.
const MAX_PAGES: usize = 3;

pub(crate) fn describe() -> Descriptor {
    assert!(!has("describe_answers"), "no answer");
    let name = if has("descriptor_valid") {
        "Mis Fit"
    } else {
        "misfit"
    };
    let version = if has("describe_steady") {
        fault::moment()
    } else {
        env!("CARGO_PKG_VERSION").to_owned()
    };
    let mut descriptor = Descriptor::new(name, &version, "An adapter of the tests")
        .setting_or("base-url", API, "Where the service lives.")
        .secret("KEY", "The key of the service.");
    descriptor = if has("known_identifiers") {
        descriptor.starts_from("isbn")
    } else {
        descriptor.starts_from("doi").starts_from("pmid")
    };
    descriptor = if has("narrow_hosts") {
        descriptor.host("*.example")
    } else {
        descriptor.host("api.misfit.example")
    };
    if has("secrets_to_one_site") {
        descriptor = descriptor.host("cdn.elsewhere.example");
    }
    if has("keys_are_secrets") {
        descriptor = descriptor.setting("api-key", "The key of the service.");
    }
    let help = if has("described_for_people") {
        " "
    } else {
        "Your address."
    };
    descriptor.setting("email", help)
}

pub(crate) fn resolve(host: &dyn Host, work: &Work, policy: &Policy) -> Result<Findings, Miss> {
    fault::before(host, work, policy);
    let name = name_of(host, work)?;
    let base = policy.base_url("base-url")?;
    assert!(
        !(has("odd_settings") && base.contains('\u{7}')),
        "an odd setting"
    );
    let url = format!("{base}/works/{name}");
    let mut answer = ask(host, &url)?;
    if has("html_as_pdf") && answer.header("content-type") == Some("application/pdf") {
        let mut found = Findings::none("no_pdf_url");
        found.propose(Candidate::new(answer.url, "oa_pdf"));
        return Ok(found);
    }
    let mut record = read(host, &answer)?;
    let most = if has("stops_asking") {
        usize::MAX
    } else {
        MAX_PAGES
    };
    for _ in 0..most {
        let next = record.get("next").and_then(Value::as_str);
        let Some(next) = next.filter(|next| next.starts_with(base)) else {
            break;
        };
        answer = ask(host, next)?;
        record = read(host, &answer)?;
    }
    let mut found = Findings::none("no_pdf_url");
    let pdf = record.pointer("/best_oa_location/url_for_pdf");
    assert!(
        !(has("wrong_types") && pdf.is_some_and(Value::is_number)),
        "a URL that is a number"
    );
    let pdf = pdf.and_then(Value::as_str).unwrap_or_default();
    assert!(
        !(has("hostile_answer") && pdf.starts_with("javascript:")),
        "no URL"
    );
    if pdf.starts_with("https://") {
        found.propose(Candidate::new(pdf, "oa_pdf"));
    }
    fault::behind(host, work, policy, &answer, &url, &mut found);
    Ok(found)
}

/// What the service calls the work.
fn name_of(host: &dyn Host, work: &Work) -> Result<String, Miss> {
    if has("escapes_identifiers")
        && let Some(doi) = work.identifier("doi")
    {
        return Ok(doi.to_owned());
    }
    if let Some(doi) = work.doi() {
        return Ok(Doi::url_path(&doi));
    }
    if let Some(pmid) = work.pmid().filter(|_| !has("each_identifier")) {
        return Ok(format!("pmid/{pmid}"));
    }
    if has("missing_identifiers") {
        host.log(Level::Info, "perhaps the service knows");
        return Ok("unknown".to_owned());
    }
    Err(Miss::skipped("no_doi"))
}

/// Asks the service, once.
fn ask(host: &dyn Host, url: &str) -> Result<Response, Miss> {
    let request = Request::metadata(url).header("x-api-key", "{{secret:KEY}}");
    let response = match request.send(host) {
        Ok(response) => response,
        Err(error) => {
            if has("leaves_retries_to_host") {
                let _ = request.send(host);
            }
            let denied = [HttpErrorKind::DeniedHost, HttpErrorKind::PrivateAddress];
            if has("private_redirect") && denied.contains(&error.kind) {
                let _ = Request::metadata("http://10.13.37.7/admin").send(host);
            }
            return Err(miss_of(error));
        }
    };
    match fault::instead(host, &request, &response) {
        Some(miss) => Err(miss),
        None => Ok(response.ok()?),
    }
}

/// What an error stands for, or, with a fault, does not.
fn miss_of(error: HttpError) -> Miss {
    use HttpErrorKind as Kind;
    let words = error.message.as_str();
    let wrong = match error.kind {
        Kind::Stalled if words.contains("no answer") => has("time_out"),
        Kind::Stalled => has("slow_drip"),
        Kind::Dns => has("connection_trouble"),
        Kind::Reset if words.contains("closed before") => has("truncated_body"),
        Kind::Protocol => has("broken_encoding"),
        Kind::TooLarge => has("oversize_body"),
        Kind::RedirectLoop => has("redirect_circle"),
        Kind::DeniedHost => has("denied_host"),
        Kind::ForbiddenRequest if has("missing_secrets") => {
            return Miss::retryable("rate_limited");
        }
        _ => false,
    };
    if wrong {
        return Miss::no_pdf("not_found");
    }
    Miss::from(error)
}

/// Reads a record.
fn read(host: &dyn Host, response: &Response) -> Result<Value, Miss> {
    let text = response.text();
    let wrong = match text.as_ref() {
        "" => {
            assert!(!has("empty_answer"), "nothing");
            false
        }
        text if text.starts_with('<') => has("invalid_json"),
        _ if response.body.starts_with(&[0xff]) => has("binary_answer"),
        _ => false,
    };
    if wrong {
        return Err(Miss::no_pdf("not_found"));
    }
    assert!(!(has("hollow_json") && text == "null"), "nothing");
    assert!(
        !(has("deep_nesting") && text.starts_with("[[[[")),
        "too deep"
    );
    if has("large_answer") && text.len() > 1024 * 1024 {
        fault::hold(host, 100);
    }
    serde_json::from_str(&text).map_err(|error| {
        if has("cut_json") && error.is_eof() && !text.is_empty() {
            return Miss::no_pdf("not_found");
        }
        Miss::bad_answer("a record")
    })
}
