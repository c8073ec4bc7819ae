//! Plays every scene with a component in the real sandbox and has what was
//! seen judged.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;

use super::checks;
use super::evidence::{Evidence, Seen};
use super::origin::ChaosOrigin;
use super::report::Report;
use super::scene::{self, Scene};
use crate::http::{HostGrants, Http, HttpConfig, HttpSetupError, Secrets};
use crate::sandbox::{
    AttemptInput, AttemptLimits, AttemptTrace, Descriptor, LoadError, LoadedAdapter, Sandbox,
};

/// How long a connection may take, and an answer keep silent: short, so that
/// silence costs little time. The answers come at once or not at all.
const PATIENCE: Duration = Duration::from_millis(150);
/// How often a component describes itself beyond the first time.
const DESCRIBED_AGAIN: usize = 3;
/// What every secret's value begins with.
pub(super) const CANARY: &str = "pfcanary";

/// Why nothing could be checked.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The file is no adapter at all.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// No HTTP stack could be set up.
    #[error("the HTTP stack cannot be set up: {0}")]
    Http(#[from] HttpSetupError),
    /// A scene was not played to its end.
    #[error("a scene was cut off: {0}; run the check again")]
    CutOff(String),
}

/// Checks a component. A component that is one, but breaks its contract, is
/// told of in the report.
///
/// # Errors
///
/// [`CheckError::Load`] when the bytes are no component, or one of another
/// contract; others when the machine's side fails.
pub async fn check(
    sandbox: &Sandbox,
    name: &str,
    bytes: Arc<[u8]>,
    memory_mib: u32,
) -> Result<Report, CheckError> {
    let adapter = match sandbox.load(name, bytes, memory_mib).await {
        Ok(adapter) => adapter,
        Err(error) => return Ok(checks::unloadable(name, &error).ok_or(error)?),
    };
    let mut described_again = Vec::new();
    for _ in 0..DESCRIBED_AGAIN {
        described_again.push(sandbox.describe_again(&adapter).await);
    }
    let seen = play_all(sandbox, &adapter).await?;
    Ok(checks::judge(
        name,
        &Evidence {
            adapter,
            described_again,
            seen,
        },
    ))
}

async fn play_all(sandbox: &Sandbox, adapter: &LoadedAdapter) -> Result<Vec<Seen>, CheckError> {
    let mut playing = JoinSet::new();
    for (index, scene) in scene::all(adapter.descriptor()).into_iter().enumerate() {
        let (sandbox, adapter) = (sandbox.clone(), adapter.clone());
        playing.spawn(async move { (index, play(&sandbox, &adapter, scene).await) });
    }
    let mut played = Vec::new();
    while let Some(one) = playing.join_next().await {
        let (index, seen) = one.map_err(|error| CheckError::CutOff(error.to_string()))?;
        played.push((index, seen?));
    }
    played.sort_by_key(|(index, _)| *index);
    Ok(played.into_iter().map(|(_, seen)| seen).collect())
}

async fn play(
    sandbox: &Sandbox,
    adapter: &LoadedAdapter,
    scene: Scene,
) -> Result<Seen, HttpSetupError> {
    let origin = Arc::new(ChaosOrigin::new(scene.behaviour));
    let http = Http::new(HttpConfig {
        script: Some(Arc::clone(&origin) as _),
        connect_timeout: PATIENCE,
        stall_timeout: PATIENCE,
        ..HttpConfig::default()
    })?;
    let trace = Arc::new(Mutex::new(AttemptTrace::default()));
    let descriptor = adapter.descriptor();
    let input = AttemptInput {
        work: scene.work,
        session: http.session(),
        grants: HostGrants::new(descriptor.hosts.iter().cloned()),
        secrets: if scene.secrets {
            canaries(descriptor)
        } else {
            Secrets::default()
        },
        settings: scene.settings,
        // What comes twice to the wire was asked for twice.
        retries_max: 0,
        robots_respect: false,
        timeout: scene.timeout,
        limits: AttemptLimits {
            memory_mib: adapter.memory_mib(),
            requests: scene.requests.unwrap_or(AttemptLimits::DEFAULT.requests),
            ..AttemptLimits::DEFAULT
        },
    };
    let report = sandbox.resolve(adapter, input, Arc::clone(&trace)).await;
    let trace = std::mem::take(&mut *trace.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(Seen {
        name: scene.name,
        ending: report.result.into(),
        trace,
        asked: origin.asked(),
        timeout: scene.timeout,
    })
}

/// A value for every declared secret that would be known again anywhere.
fn canaries(descriptor: &Descriptor) -> Secrets {
    let values = descriptor.secrets.iter().enumerate();
    let values =
        values.map(|(index, spec)| (spec.name.clone(), format!("{CANARY}-{index}-7d3e91")));
    Secrets::new(values).unwrap_or_default()
}
