//! Where a run's events and counts go.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::Failed;
use super::output::note;
use crate::telemetry::{
    JsonlOptions, Metrics, MetricsServer, TableOptions, Telemetry, TelemetryOptions,
};

/// Where events and counts go.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Telemetry")]
pub(crate) struct TelemetryArgs {
    /// Append every event to this file, one JSON object a line (`-vv` shows them too)
    #[arg(long, value_name = "FILE", env = "PAPERFALL_TELEMETRY")]
    pub(crate) telemetry: Option<PathBuf>,
    /// Serve Prometheus metrics at ADDR/metrics while it runs (a port alone is on 127.0.0.1)
    #[arg(long, value_name = "ADDR", env = "PAPERFALL_METRICS", value_parser = address)]
    pub(crate) metrics: Option<SocketAddr>,
}

/// Telemetry as the flags asked for it.
#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) telemetry: Telemetry,
    /// Serves until it is dropped.
    server: Option<MetricsServer>,
}

impl TelemetryArgs {
    /// What the rooms of a run count with.
    pub(crate) fn counters(&self) -> Metrics {
        match self.metrics {
            Some(_) => Metrics::new(),
            None => Metrics::off(),
        }
    }

    /// Opens what the flags name; events also go to the ledger's own table, and
    /// are counted.
    pub(crate) async fn open(
        &self,
        ledger: Option<&Path>,
        metrics: Metrics,
    ) -> Result<Listening, Failed> {
        if let Some(ledger) = ledger {
            metrics.watch_ledger(ledger);
        }
        let telemetry = Telemetry::new(TelemetryOptions {
            jsonl: self.telemetry.clone().map(JsonlOptions::new),
            table: ledger.map(TableOptions::new),
            metrics: metrics.clone(),
            ..TelemetryOptions::default()
        })
        .map_err(Failed::machine)?;
        let mut server = None;
        if let Some(address) = self.metrics {
            let started = MetricsServer::start(address, metrics)
                .await
                .map_err(Failed::machine)?;
            note(&format!("metrics: http://{}/metrics", started.address()));
            server = Some(started);
        }
        Ok(Listening { telemetry, server })
    }
}

impl Listening {
    /// Writes what is queued, and says what could not be told.
    pub(crate) async fn close(self) {
        let closing = self.telemetry.close().await;
        drop(self.server);
        if !closing.complete() {
            note(&format!(
                "paperfall: warning: {} events were dropped and {} could not be written{}",
                closing.dropped,
                closing.lost,
                if closing.hung {
                    "; the rest was not taken in time"
                } else {
                    ""
                }
            ));
        }
    }
}

/// An address, or a port of this machine alone.
fn address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    text.strip_prefix(':')
        .unwrap_or(text)
        .parse()
        .map(|port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
        .map_err(|_| {
            format!("{text:?} is no address to listen on; write 127.0.0.1:9184, [::1]:9184 or 9184")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_is_on_this_machine_alone() {
        for (text, address_text) in [
            ("9184", "127.0.0.1:9184"),
            (":9184", "127.0.0.1:9184"),
            ("0.0.0.0:1", "0.0.0.0:1"),
            ("[::1]:2", "[::1]:2"),
        ] {
            assert_eq!(
                address(text).map(|a| a.to_string()),
                Ok(address_text.to_owned())
            );
        }
        for bad in ["", ":", "99999", "example.org:80", "127.0.0.1"] {
            assert!(
                address(bad).is_err_and(|error| error.contains("9184")),
                "{bad}"
            );
        }
    }
}
