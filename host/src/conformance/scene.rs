//! The scenes a component is put through.

use std::collections::BTreeMap;
use std::time::Duration;

use super::origin::Behaviour;
use crate::http::HttpErrorKind;
use crate::sandbox::{Descriptor, GuestIdentifier, GuestPdfUrl, GuestWork};

/// What a scene is called; checks ask for what was seen in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    /// Everything works; played three times.
    Calm,
    /// 429 with `Retry-After`.
    TooMany,
    /// 503 with `Retry-After`.
    Unavailable,
    ServerError,
    /// One of the statuses that do not change.
    Refusal(u16),
    Drip,
    Silence,
    Trouble(HttpErrorKind),
    CutShort,
    BrokenEncoding,
    Oversize,
    PrivateRedirect,
    DeniedRedirect,
    Circle,
    HtmlAsPdf,
    NotJson,
    CutJson,
    Empty,
    Hollow(usize),
    WrongTypes,
    Deep,
    Binary,
    Large,
    /// The first answer is fine, the next are not.
    LaterTooMany,
    LaterJunk,
    /// Every answer names a next page.
    Endless,
    /// Answers full of what should not be passed on.
    HostileAnswer,
    /// A work of which only this is known.
    Only(String),
    NothingKnown,
    HostileWork,
    ShortOfTime,
    ShortOfRequests,
    WithoutSettings,
    OddSettings(usize),
    WithoutSecrets,
}

/// One attempt to be made.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    pub(super) name: Name,
    pub(super) work: GuestWork,
    pub(super) behaviour: Behaviour,
    pub(super) settings: BTreeMap<String, String>,
    /// Whether the declared secrets are configured.
    pub(super) secrets: bool,
    pub(super) timeout: Duration,
    /// Requests the attempt may send; none: as many as any.
    pub(super) requests: Option<u32>,
}

/// What an attempt gets: as long as a source of the default plan.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Less than adapters like to have, and enough for many answers that come at
/// once.
const SHORT: Duration = Duration::from_millis(1_500);
/// Where a pause is asked for that is longer still.
const UNDER_RETRY_AFTER: Duration = Duration::from_secs(3);
/// The pause a service asks for: longer than any attempt.
pub(super) const RETRY_AFTER: &str = "30";

/// A key of a work's query that must never turn up as one.
pub(super) const INJECTED: &str = "pfinjected";
/// Where no adapter may be led.
pub(super) const PRIVATE: &str = "10.13.37.7";

/// Statuses that asking again does not change.
pub(super) const REFUSALS: [u16; 5] = [400, 401, 403, 404, 410];
/// The ways a connection fails that are tried.
const TROUBLES: [HttpErrorKind; 4] = [
    HttpErrorKind::Dns,
    HttpErrorKind::Connect,
    HttpErrorKind::Tls,
    HttpErrorKind::Reset,
];
/// JSON with nothing in it.
pub(super) const HOLLOW: [&str; 5] = ["{}", "[]", "null", "\"\"", "0"];

/// What the contract's identifiers are called, and one of each.
pub(super) const SCHEMES: [(&str, &str); 5] = [
    ("doi", "10.5555/paperfall.check.1"),
    ("arxiv", "2101.00001"),
    ("pmcid", "PMC5815332"),
    ("pmid", "29456894"),
    ("openalex", "W2741809807"),
];
pub(super) const LANDING: [&str; 2] = [
    "https://publisher.example/articles/4375",
    "https://repository.example/handle/1/4375",
];
pub(super) const PDF: &str = "https://mirror.example/papers/4375.pdf";
/// Words of a descriptor that stand for URLs.
pub(super) const LANDING_URL: &str = "landing-url";
/// See [`LANDING_URL`].
pub(super) const PDF_URL: &str = "pdf-url";

/// Every scene for an adapter.
pub(super) fn all(descriptor: &Descriptor) -> Vec<Scene> {
    let mut scenes = vec![
        scene(descriptor, Name::Calm, Behaviour::Plausible),
        scene(descriptor, Name::Calm, Behaviour::Plausible),
        scene(descriptor, Name::Calm, Behaviour::Plausible),
        Scene {
            timeout: UNDER_RETRY_AFTER,
            ..scene(descriptor, Name::TooMany, Behaviour::Status(429))
        },
        Scene {
            timeout: UNDER_RETRY_AFTER,
            ..scene(descriptor, Name::Unavailable, Behaviour::Status(503))
        },
        scene(descriptor, Name::ServerError, Behaviour::Status(500)),
        scene(descriptor, Name::Drip, Behaviour::Drip),
        scene(descriptor, Name::Silence, Behaviour::Silence),
        scene(descriptor, Name::CutShort, Behaviour::CutShort),
        scene(descriptor, Name::BrokenEncoding, Behaviour::BrokenEncoding),
        scene(descriptor, Name::Oversize, Behaviour::Oversize),
        scene(
            descriptor,
            Name::PrivateRedirect,
            Behaviour::Redirect(format!("http://{PRIVATE}/admin")),
        ),
        scene(
            descriptor,
            Name::DeniedRedirect,
            Behaviour::Redirect("https://undeclared.example/paper".to_owned()),
        ),
        scene(descriptor, Name::Circle, Behaviour::Circle),
        scene(descriptor, Name::HtmlAsPdf, Behaviour::HtmlAsPdf),
        scene(
            descriptor,
            Name::NotJson,
            Behaviour::body("text/html", "<html><body><p>We are moving house.</p>"),
        ),
        scene(descriptor, Name::CutJson, Behaviour::CutJson),
        scene(
            descriptor,
            Name::Empty,
            Behaviour::body("application/json", ""),
        ),
        scene(descriptor, Name::WrongTypes, Behaviour::WrongTypes),
        scene(descriptor, Name::Deep, Behaviour::Deep),
        scene(descriptor, Name::Binary, Behaviour::Binary),
        scene(descriptor, Name::Large, Behaviour::Large),
        scene(descriptor, Name::LaterTooMany, Behaviour::LaterTooMany),
        scene(descriptor, Name::LaterJunk, Behaviour::LaterJunk),
        scene(descriptor, Name::Endless, Behaviour::Endless),
        scene(descriptor, Name::HostileAnswer, Behaviour::Hostile),
    ];
    for status in REFUSALS {
        let name = Name::Refusal(status);
        scenes.push(scene(descriptor, name, Behaviour::Status(status)));
    }
    for kind in TROUBLES {
        let name = Name::Trouble(kind);
        scenes.push(scene(descriptor, name, Behaviour::Fails(kind)));
    }
    for (index, body) in HOLLOW.into_iter().enumerate() {
        let behaviour = Behaviour::body("application/json", body);
        scenes.push(scene(descriptor, Name::Hollow(index), behaviour));
    }
    scenes.extend(odd_works(descriptor));
    scenes.extend(odd_terms(descriptor));
    scenes
}

fn scene(descriptor: &Descriptor, name: Name, behaviour: Behaviour) -> Scene {
    Scene {
        name,
        work: known_work(),
        behaviour,
        settings: settings(descriptor),
        secrets: true,
        timeout: TIMEOUT,
        requests: None,
    }
}

/// Works of which too little or too much is known.
fn odd_works(descriptor: &Descriptor) -> Vec<Scene> {
    let with = |name, work| Scene {
        work,
        ..scene(descriptor, name, Behaviour::Plausible)
    };
    let mut scenes = vec![
        with(Name::NothingKnown, bare_work()),
        with(Name::HostileWork, hostile_work()),
    ];
    for scheme in &descriptor.identifiers {
        if let Some(work) = only(scheme) {
            scenes.push(with(Name::Only(scheme.clone()), work));
        }
    }
    scenes
}

/// Attempts with less than usual.
fn odd_terms(descriptor: &Descriptor) -> Vec<Scene> {
    let calm = |name| scene(descriptor, name, Behaviour::Plausible);
    let mut scenes = vec![
        Scene {
            timeout: SHORT,
            ..calm(Name::ShortOfTime)
        },
        Scene {
            requests: Some(1),
            ..calm(Name::ShortOfRequests)
        },
    ];
    let defaults = descriptor.settings.iter().filter_map(|spec| {
        let default = spec.default.clone()?;
        Some((spec.key.clone(), default))
    });
    if descriptor
        .settings
        .iter()
        .any(|spec| spec.default.is_none())
    {
        scenes.push(Scene {
            settings: defaults.collect(),
            ..calm(Name::WithoutSettings)
        });
    }
    let odd = [
        String::new(),
        "no url \u{7}\n".to_owned(),
        "x/".repeat(1500),
    ];
    for (index, value) in odd.into_iter().enumerate() {
        if descriptor.settings.is_empty() {
            break;
        }
        let keys = descriptor.settings.iter().map(|spec| spec.key.clone());
        scenes.push(Scene {
            settings: keys.map(|key| (key, value.clone())).collect(),
            ..calm(Name::OddSettings(index))
        });
    }
    if !descriptor.secrets.is_empty() {
        scenes.push(Scene {
            secrets: false,
            ..calm(Name::WithoutSecrets)
        });
    }
    scenes
}

/// The declared defaults, and an address where one is wanted.
fn settings(descriptor: &Descriptor) -> BTreeMap<String, String> {
    let values = descriptor.settings.iter().filter_map(|spec| {
        let value = match &spec.default {
            Some(default) => default.clone(),
            None if spec.key.contains("mail") => "checker@paperfall.example".to_owned(),
            None => return None,
        };
        Some((spec.key.clone(), value))
    });
    values.collect()
}

fn bare_work() -> GuestWork {
    GuestWork {
        work_id: "doi:10.5555/paperfall.check.1".to_owned(),
        artifact_id: "doi:10.5555/paperfall.check.1:pdf".to_owned(),
        title: None,
        identifiers: Vec::new(),
        pdf_urls: Vec::new(),
        landing_urls: Vec::new(),
    }
}

fn known_work() -> GuestWork {
    let identifiers = SCHEMES.into_iter().map(|(scheme, value)| GuestIdentifier {
        scheme: scheme.to_owned(),
        value: value.to_owned(),
    });
    GuestWork {
        title: Some("On the conduct of adapters".to_owned()),
        identifiers: identifiers.collect(),
        pdf_urls: vec![tried(PDF)],
        landing_urls: LANDING.map(str::to_owned).to_vec(),
        ..bare_work()
    }
}

/// A work of which only what `scheme` stands for is known.
fn only(scheme: &str) -> Option<GuestWork> {
    let mut work = bare_work();
    match scheme {
        LANDING_URL => work.landing_urls.push(LANDING.first()?.to_string()),
        PDF_URL => work.pdf_urls.push(tried(PDF)),
        _ => {
            let (scheme, value) = SCHEMES.into_iter().find(|(known, _)| *known == scheme)?;
            work.identifiers.push(GuestIdentifier {
                scheme: scheme.to_owned(),
                value: value.to_owned(),
            });
        }
    }
    Some(work)
}

fn tried(url: &str) -> GuestPdfUrl {
    GuestPdfUrl {
        url: url.to_owned(),
        failed: Some("not_a_pdf".to_owned()),
    }
}

/// Words of which each wants to be more than a word.
fn hostile_work() -> GuestWork {
    let poison = format!("?{INJECTED}=1&{INJECTED}=2#x/../..%2F\"'<>\\ {{{{secret:KEY}}}}");
    let identifiers = SCHEMES.into_iter().map(|(scheme, value)| GuestIdentifier {
        scheme: scheme.to_owned(),
        value: format!("{value}{poison}"),
    });
    GuestWork {
        work_id: format!("doi:10.5555/x{poison}"),
        artifact_id: format!("doi:10.5555/x{poison}:pdf"),
        title: Some(format!(
            "\u{1b}[2J\u{202e}\r\nHost: evil.example\r\n{poison}{}",
            "é".repeat(1500)
        )),
        identifiers: identifiers.collect(),
        pdf_urls: vec![tried("https://mirror.example/a%00b/%2e%2e/c.pdf?q=%0d%0a")],
        landing_urls: vec![
            "https://publisher.example/%3Cscript%3E?x=%22%27#%0a".to_owned(),
            format!("https://publisher.example/{}", "long/".repeat(700)),
        ],
    }
}
