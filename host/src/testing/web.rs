//! The webs of a trial that are no network.

use std::path::Path;
use std::sync::Arc;

use crate::http::{Http, HttpConfig, HttpSetupError, Script};

/// A stack whose every answer comes from a recording, which may be that of a
/// whole race.
///
/// # Errors
/// When the file is no HAR 1.2 recording.
pub fn replayed(har: &Path) -> Result<Http, HttpSetupError> {
    Http::new(HttpConfig {
        replay: Some(har.to_owned()),
        replay_alone: true,
        ..HttpConfig::default()
    })
}

/// A stack whose every answer `script` makes up. Limits, breakers and retries
/// are the stack's own and take their real time.
///
/// # Errors
/// None that depends on the script.
pub fn scripted(script: impl Script) -> Result<Http, HttpSetupError> {
    Http::new(HttpConfig {
        script: Some(Arc::new(script)),
        ..HttpConfig::default()
    })
}
