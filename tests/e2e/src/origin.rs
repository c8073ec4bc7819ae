//! A race as the origin saw it: who was asked when, and what at once.

use std::time::Duration;

use paperfall_miniweb::LoggedRequest;
use serde_json::Value;

use crate::{Ran, Rig};

/// What ended with the process takes no longer to be noticed.
const SOON: Duration = Duration::from_secs(20);

impl Rig {
    /// Runs the binary on works, one after the other, and waits until the origin has
    /// noticed that whoever asked is gone.
    pub async fn race(&self, works: &[Value], flags: &[&str]) -> Ran {
        let lines: Vec<String> = works.iter().map(Value::to_string).collect();
        let list = self.file("works.jsonl", lines.join("\n"));
        let mut args = vec!["run".to_owned(), list.display().to_string()];
        args.extend(["--workers".to_owned(), "1".to_owned()]);
        args.extend(flags.iter().map(|flag| (*flag).to_owned()));
        let ran = self.paperfall(args).await;
        let over = |log: &[LoggedRequest]| log.iter().all(|request| request.ended.is_some());
        assert!(self.web.wait_until(SOON, over).await, "{ran}");
        ran
    }

    /// Hosts in the order in which they were first asked.
    pub fn contacts(&self) -> Vec<String> {
        let mut hosts: Vec<String> = Vec::new();
        for request in self.web.requests() {
            if !hosts.contains(&request.host) {
                hosts.push(request.host);
            }
        }
        hosts
    }

    /// Requests for one URL.
    pub fn requests_of(&self, url: &str) -> Vec<LoggedRequest> {
        let mut requests = self.web.requests();
        requests.retain(|request| request.url() == url);
        requests
    }
}

/// The most requests that were open at once.
#[must_use]
pub fn at_once(requests: &[LoggedRequest]) -> usize {
    requests
        .iter()
        .map(|one| {
            let open = |other: &&LoggedRequest| {
                let ended = other.ended_at.expect("the run is over");
                other.started_at <= one.started_at && ended > one.started_at
            };
            requests.iter().filter(open).count()
        })
        .max()
        .unwrap_or(0)
}
