//! Every bound and every rule of what a guest may return, at its edge.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;

const URL: &str = "https://papers.example/a.pdf";

fn candidate() -> wit::Candidate {
    wit::Candidate {
        url: URL.to_owned(),
        reason: "oa_pdf".to_owned(),
        version: None,
        license: None,
        checksum: None,
        notes: Vec::new(),
    }
}

fn raw(candidates: Vec<wit::Candidate>) -> wit::Findings {
    wit::Findings {
        candidates,
        landing_urls: Vec::new(),
        identifiers: Vec::new(),
        reason: "no_pdf_url".to_owned(),
    }
}

fn identifier(scheme: &str, value: &str) -> wit::Identifier {
    wit::Identifier {
        scheme: scheme.to_owned(),
        value: value.to_owned(),
    }
}

/// What is left, and what the operator is told.
fn kept(raw: wit::Findings) -> (Findings, Vec<String>) {
    let mut trace = AttemptTrace::default();
    let findings = validate(raw, &mut trace).unwrap();
    let told = trace.log.into_iter().map(|line| line.message).collect();
    (findings, told)
}

/// The one candidate changed so.
fn changed(change: impl FnOnce(&mut wit::Candidate)) -> wit::Findings {
    let mut one = candidate();
    change(&mut one);
    raw(vec![one])
}

#[test]
fn lists_are_cut_at_their_bounds_and_every_cut_is_told() {
    let many = |count: usize| {
        let mut one = candidate();
        one.notes = vec!["a note".to_owned(); count];
        let mut all = raw(vec![one; count]);
        all.landing_urls = vec![URL.to_owned(); count];
        all.identifiers = vec![identifier("doi", "10.1/x"); 2 * count];
        all
    };
    for (count, told) in [(8, 0), (9, 3)] {
        let (findings, log) = kept(many(count));
        assert_eq!(findings.candidates.len(), 8);
        assert_eq!(findings.candidates[0].notes, ["a note"; 8]);
        assert_eq!(findings.landing_urls.len(), 8);
        assert_eq!(findings.identifiers.len(), 16);
        assert_eq!(log.len(), told, "{log:?}");
    }
    assert!(kept(many(9)).1[0].starts_with("9 candidates proposed"));
}

#[test]
fn a_string_of_four_kibibytes_is_taken_and_one_byte_more_costs_the_attempt() {
    type Put = fn(&mut wit::Findings, String);
    let puts: [(&str, Put); 6] = [
        ("note", |all, text| all.candidates[0].notes = vec![text]),
        ("version", |all, text| {
            all.candidates[0].version = Some(text);
        }),
        ("license", |all, text| {
            all.candidates[0].license = Some(text);
        }),
        ("identifier scheme", |all, text| {
            all.identifiers[0].scheme = text;
        }),
        ("identifier value", |all, text| {
            all.identifiers[0].value = text;
        }),
        ("landing url", |all, text| {
            all.landing_urls = vec![text.replacen("xxxxxxxxxxxxxxxxxx", "https://a.example/", 1)];
        }),
    ];
    for (what, put) in puts {
        let with = |length: usize| {
            let mut all = raw(vec![candidate()]);
            all.identifiers = vec![identifier("doi", "10.1/x")];
            put(&mut all, "x".repeat(length));
            validate(all, &mut AttemptTrace::default())
        };
        assert!(with(4096).is_ok(), "{what}");
        let failure = with(4097).unwrap_err();
        assert_eq!(failure.reason, Reason::OutputLimit, "{what}");
        assert!(failure.message.contains(what), "{}", failure.message);
    }
    let long = || "x".repeat(4097);
    for all in [
        changed(|one| one.url = long()),
        changed(|one| one.reason = long()),
        changed(|one| one.checksum = Some(long())),
        wit::Findings {
            reason: long(),
            ..raw(Vec::new())
        },
    ] {
        let failure = validate(all, &mut AttemptTrace::default()).unwrap_err();
        assert_eq!(failure.reason, Reason::OutputLimit);
    }
}

#[test]
fn a_candidate_is_proposed_for_a_success_or_an_adapters_own_reason() {
    for good in ["oa_pdf", "my_own_word"] {
        let (findings, _) = kept(changed(|one| one.reason = good.to_owned()));
        assert_eq!(findings.candidates[0].reason.as_str(), good);
    }
    for bad in ["not_found", "trap", "Not a reason", ""] {
        let all = changed(|one| one.reason = bad.to_owned());
        let failure = validate(all, &mut AttemptTrace::default()).unwrap_err();
        assert_eq!(failure.reason, Reason::Contract, "{bad}");
    }
    let all = changed(|one| one.reason = "Z".repeat(4000));
    let failure = validate(all, &mut AttemptTrace::default()).unwrap_err();
    assert!(failure.message.len() < 200, "{}", failure.message);
}

#[test]
fn what_is_no_web_url_is_dropped_and_told() {
    let mut all = raw(vec![candidate(), candidate()]);
    all.candidates[0].url = "file:///etc/passwd".to_owned();
    all.landing_urls = vec!["nowhere".to_owned(), URL.to_owned()];
    let (findings, told) = kept(all);
    assert_eq!(findings.candidates.len(), 1);
    assert_eq!(findings.landing_urls.len(), 1);
    assert!(told[0].starts_with("candidate dropped: "), "{told:?}");
    assert!(told[1].starts_with("landing page dropped: "), "{told:?}");
}

#[test]
fn a_checksum_that_cannot_be_checked_takes_its_candidate_with_it() {
    let (md5, sha) = ("0Ab".repeat(11), "c".repeat(64));
    let md5 = &md5[..32];
    let good = |text: String| {
        let (findings, told) = kept(changed(|one| one.checksum = Some(text)));
        assert_eq!(told, [""; 0]);
        findings.candidates[0].checksum.clone().unwrap().to_string()
    };
    let lower = format!("md5:{}", md5.to_lowercase());
    assert_eq!(good(format!("md5:{md5}")), lower);
    assert_eq!(good(format!("sha256:{sha}")), format!("sha256:{sha}"));
    for bad in [
        String::new(),
        md5.to_owned(),
        format!("md5:{sha}"),
        format!("sha256:{md5}"),
        format!("sha1:{}", "c".repeat(40)),
        format!("md5:{}", "g".repeat(32)),
    ] {
        let (findings, told) = kept(changed(|one| one.checksum = Some(bad.clone())));
        assert!(findings.candidates.is_empty(), "{bad}");
        assert_eq!(told.len(), 1, "{bad}");
    }
}

#[test]
fn only_known_versions_and_harmless_text_reach_the_results() {
    let (findings, told) = kept(changed(|one| {
        one.version = Some("publishedVersion".to_owned());
        one.license = Some("cc-by".to_owned());
        one.notes = vec!["good".to_owned(), "bad\u{1b}[2J".to_owned()];
    }));
    let one = &findings.candidates[0];
    assert_eq!(one.version.as_deref(), Some("publishedVersion"));
    assert_eq!(one.license.as_deref(), Some("cc-by"));
    assert_eq!(one.notes, ["good"]);
    assert_eq!(told.len(), 1);

    let mut all = changed(|one| {
        one.version = Some("finalVersion".to_owned());
        one.license = Some("cc\u{202e}by".to_owned());
    });
    all.identifiers = vec![
        identifier("do\ni", "10.1/x"),
        identifier("doi", "10.1/\u{7}"),
        identifier("doi", "10.1/x"),
    ];
    let (findings, told) = kept(all);
    assert_eq!(findings.candidates[0].version, None);
    assert_eq!(findings.candidates[0].license, None);
    assert_eq!(findings.identifiers.len(), 1);
    assert_eq!(told.len(), 3, "{told:?}");
}

fn miss(outcome: wit::MissOutcome, reason: &str, status: Option<u16>) -> Failure {
    validate_miss(wit::Miss {
        outcome,
        reason: reason.to_owned(),
        status,
    })
}

#[test]
fn a_miss_is_filed_under_the_registrys_outcome_or_else_the_adapters() {
    use wit::MissOutcome;
    let failure = miss(MissOutcome::Error, "not_found", Some(404));
    assert_eq!(failure.outcome, Outcome::NoPdf);
    assert_eq!(failure.reason, Reason::NotFound);
    for (said, meant) in [
        (MissOutcome::NoPdf, Outcome::NoPdf),
        (MissOutcome::Nonretryable, Outcome::Nonretryable),
        (MissOutcome::Retryable, Outcome::Retryable),
        (MissOutcome::Skipped, Outcome::Skipped),
        (MissOutcome::Error, Outcome::Error),
    ] {
        assert_eq!(miss(said, "my_own_word", None).outcome, meant);
    }
    for lie in ["oa_pdf", "Not a reason"] {
        let failure = miss(MissOutcome::NoPdf, lie, None);
        assert_eq!(failure.reason, Reason::Contract, "{lie}");
    }
}

#[test]
fn a_status_that_no_server_sends_is_left_out() {
    for (given, kept) in [(100, true), (599, true), (99, false), (600, false)] {
        let failure = miss(wit::MissOutcome::NoPdf, "not_found", Some(given));
        assert_eq!(failure.status.is_some(), kept, "{given}");
    }
}
