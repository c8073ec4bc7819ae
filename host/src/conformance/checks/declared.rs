//! What a component is and says of itself.

use super::judging::{Check, Judgement};
use crate::conformance::evidence::Evidence;
use crate::conformance::scene::{LANDING_URL, PDF_URL, SCHEMES};
use crate::http::HostPattern;
use crate::sandbox::LoadError;

/// How the names of the contract's interfaces begin.
const CONTRACT: &str = "paperfall:adapter/";

const IMPORTS: &str = "imports";
const SHAPE: &str = "contract_shape";
const DESCRIBE: &str = "describe_answers";
const DESCRIPTOR: &str = "descriptor_valid";

/// How the names of settings end that hold a credential.
const CREDENTIALS: [&str; 8] = [
    "api-key",
    "apikey",
    "access-key",
    "token",
    "secret",
    "password",
    "passwd",
    "credential",
];

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: IMPORTS,
        tried: "listed what it imports",
        remedy: "import paperfall:adapter only, and of WASI what is offered; send requests with \
                 paperfall:adapter/http",
        judge: |_| Judgement::Pass("only what paperfall offers".to_owned()),
    },
    Check {
        name: SHAPE,
        tried: "linked it to paperfall:adapter@0.1.0",
        remedy: "build it against the wit folder of this version, without async",
        judge: |_| Judgement::Pass("speaks paperfall:adapter@0.1.0".to_owned()),
    },
    Check {
        name: DESCRIBE,
        tried: "called describe() with nothing but the log to call",
        remedy: "return the descriptor from constants: no request, no budget, no long computation",
        judge: |_| Judgement::Pass("answers".to_owned()),
    },
    Check {
        name: DESCRIPTOR,
        tried: "read names, hosts, identifiers, settings and secrets of its descriptor",
        remedy: "correct the field named",
        judge: |_| Judgement::Pass("well formed".to_owned()),
    },
    Check {
        name: "describe_steady",
        tried: "called describe() three times more",
        remedy: "make describe() depend on nothing: the host pins the first answer",
        judge: steady,
    },
    Check {
        name: "described_for_people",
        tried: "looked for version, summary and help texts",
        remedy: "give a version, a summary of one line, and a help text for every setting and secret",
        judge: for_people,
    },
    Check {
        name: "known_identifiers",
        tried: "compared what it starts from with what works have",
        remedy: "start from doi, arxiv, pmcid, pmid, openalex, landing-url or pdf-url; with none of \
                 these a work is never shown to it",
        judge: known_identifiers,
    },
    Check {
        name: "narrow_hosts",
        tried: "looked how much of the world its hosts are",
        remedy: "declare the hosts it talks to by name; `*` must be granted by the operator, and \
                 secrets are never sent under it",
        judge: narrow_hosts,
    },
    Check {
        name: "keys_are_secrets",
        tried: "looked for credentials among its settings",
        remedy: "declare it as a secret and write {{secret:NAME}}: a setting is visible to the \
                 component and in `paperfall plan`",
        judge: keys_are_secrets,
    },
];

/// The check a load error stands for; none for what is no adapter at all.
pub(super) fn broken_by(error: &LoadError) -> Option<&'static str> {
    match error {
        // Built against another version of the contract, as in OtherVersion.
        LoadError::UnknownImport { import, .. } if import.starts_with(CONTRACT) => None,
        LoadError::UnknownImport { .. } => Some(IMPORTS),
        LoadError::Mismatch { .. } | LoadError::Concurrency { .. } => Some(SHAPE),
        LoadError::Describe { .. } => Some(DESCRIBE),
        LoadError::BadDescriptor { .. } => Some(DESCRIPTOR),
        LoadError::Unreadable { .. }
        | LoadError::Empty { .. }
        | LoadError::TooLarge { .. }
        | LoadError::NotWasm { .. }
        | LoadError::CoreModule { .. }
        | LoadError::Invalid { .. }
        | LoadError::OtherVersion { .. }
        | LoadError::MissingExport { .. }
        | LoadError::Configuration { .. } => None,
    }
}

fn steady(evidence: &Evidence) -> Judgement {
    for again in &evidence.described_again {
        match again {
            Ok(descriptor) if descriptor == evidence.descriptor() => {}
            Ok(_) => return Judgement::Fail("it described itself differently".to_owned()),
            Err(error) => return Judgement::Fail(error.to_string()),
        }
    }
    Judgement::Pass("the same each time".to_owned())
}

fn for_people(evidence: &Evidence) -> Judgement {
    let descriptor = evidence.descriptor();
    let blank = |text: &str| text.trim().is_empty();
    let mut missing = Vec::new();
    if blank(&descriptor.version) {
        missing.push("version".to_owned());
    }
    if blank(&descriptor.summary) {
        missing.push("summary".to_owned());
    }
    let settings = descriptor.settings.iter().filter(|spec| blank(&spec.help));
    missing.extend(settings.map(|spec| format!("help of setting {}", spec.key)));
    let secrets = descriptor.secrets.iter().filter(|spec| blank(&spec.help));
    missing.extend(secrets.map(|spec| format!("help of secret {}", spec.name)));
    if missing.is_empty() {
        return Judgement::Pass("all there".to_owned());
    }
    Judgement::Fail(format!("missing: {}", missing.join(", ")))
}

fn known_identifiers(evidence: &Evidence) -> Judgement {
    let declared = &evidence.descriptor().identifiers;
    let known = |word: &&String| {
        let mut schemes = SCHEMES.iter().map(|(scheme, _)| *scheme);
        [LANDING_URL, PDF_URL].contains(&word.as_str()) || schemes.any(|scheme| scheme == **word)
    };
    let unknown: Vec<&str> = declared
        .iter()
        .filter(|word| !known(word))
        .map(String::as_str)
        .collect();
    match (declared.len(), unknown.len()) {
        (0, _) => Judgement::Pass("any work".to_owned()),
        (_, 0) => Judgement::Pass(declared.join(", ")),
        (all, none) if all == none => {
            Judgement::Fail(format!("no work has any of these: {}", unknown.join(", ")))
        }
        _ => Judgement::Warn(format!("unknown here: {}", unknown.join(", "))),
    }
}

fn narrow_hosts(evidence: &Evidence) -> Judgement {
    let hosts = &evidence.descriptor().hosts;
    let shown = |hosts: &[HostPattern]| {
        let names: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        names.join(", ")
    };
    // Everything below a whole top-level domain.
    let is_wide = |host: &&HostPattern| {
        let text = host.to_string();
        let below = text.strip_prefix("*.");
        below.is_some_and(|domain| !domain.contains('.'))
    };
    if let Some(wide) = hosts.iter().find(is_wide) {
        return Judgement::Fail(format!("{wide} is a whole top-level domain"));
    }
    if hosts.iter().any(HostPattern::is_any) {
        return Judgement::Warn("it wants any public host".to_owned());
    }
    Judgement::Pass(if hosts.is_empty() {
        "none".to_owned()
    } else {
        shown(hosts)
    })
}

fn keys_are_secrets(evidence: &Evidence) -> Judgement {
    let settings = &evidence.descriptor().settings;
    let credential = settings.iter().find(|spec| {
        let name = spec.key.replace('_', "-");
        let mut endings = CREDENTIALS.iter();
        name == "key" || endings.any(|ending| name.ends_with(ending))
    });
    match credential {
        Some(spec) => Judgement::Fail(format!("the setting {} looks like a credential", spec.key)),
        None => Judgement::Pass("none".to_owned()),
    }
}
