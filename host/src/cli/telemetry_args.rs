//! Where a run's events go.

use std::path::PathBuf;

use clap::Args;

use super::exit::Failed;
use super::output::note;
use crate::telemetry::{JsonlOptions, Telemetry, TelemetryOptions};

/// Where events go.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Telemetry")]
pub(crate) struct TelemetryArgs {
    /// Append every event to this file, one JSON object a line (`-vv` shows them too)
    #[arg(long, value_name = "FILE", env = "PAPERFALL_TELEMETRY")]
    pub(crate) telemetry: Option<PathBuf>,
}

impl TelemetryArgs {
    /// Opens what the flags name.
    pub(crate) fn open(&self) -> Result<Telemetry, Failed> {
        Telemetry::new(TelemetryOptions {
            jsonl: self.telemetry.clone().map(JsonlOptions::new),
            ..TelemetryOptions::default()
        })
        .map_err(Failed::machine)
    }
}

/// Writes what is queued, and says what could not be told.
pub(crate) async fn close(telemetry: &Telemetry) {
    let closing = telemetry.close().await;
    if !closing.complete() {
        note(&format!(
            "paperfall: warning: {} events were dropped and {} could not be written{}",
            closing.dropped,
            closing.lost,
            if closing.hung {
                "; the file did not take the rest in time"
            } else {
                ""
            }
        ));
    }
}
