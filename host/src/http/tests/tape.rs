//! Recordings for the tests of both ends.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::server::{Server, config, fetch};
use crate::http::har::Private;
use crate::http::{Http, HttpConfig, Secrets, Session};

pub(super) const EMAIL: &str = "ada@lovelace.edu";

/// A folder with a recording in it.
pub(super) struct Tape {
    pub(super) folder: TempDir,
}

impl Tape {
    pub(super) fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("run.har")
    }

    pub(super) fn recorder(&self, server: &Server) -> Http {
        let mut config = config(vec![server.pin("a.test"), server.pin("b.test")]);
        config.record = Some(self.path());
        config.private = private();
        Http::new(config).unwrap()
    }

    pub(super) fn player(&self) -> Http {
        play(&self.path(), |_| {})
    }

    pub(super) fn text(&self) -> String {
        std::fs::read_to_string(self.path()).unwrap()
    }

    pub(super) fn entries(&self) -> Vec<Value> {
        let har: Value = serde_json::from_str(&self.text()).unwrap();
        assert_eq!(har["log"]["version"], "1.2");
        har["log"]["entries"].as_array().unwrap().clone()
    }
}

pub(super) fn private() -> Private {
    Private {
        email: Some(EMAIL.to_owned()),
        secrets: vec![secrets()],
    }
}

pub(super) fn secrets() -> Secrets {
    Secrets::new([("KEY".to_owned(), "s3cr3t-k3y".to_owned())]).unwrap()
}

/// A stack that replays `path`: no name has an address.
pub(super) fn play(path: &Path, change: impl FnOnce(&mut HttpConfig)) -> Http {
    let mut config = config(Vec::new());
    config.replay = Some(path.to_owned());
    config.private = private();
    change(&mut config);
    Http::new(config).unwrap()
}

/// A recording as a browser would write it, with one entry for each URL.
pub(super) fn browser_har(folder: &TempDir, entries: &[(&str, &str)]) -> PathBuf {
    let entries: Vec<Value> = entries
        .iter()
        .map(|(url, body)| {
            serde_json::json!({
                "request": {"method": "GET", "url": url},
                "response": {"status": 200, "content": {"text": body}},
            })
        })
        .collect();
    let har = serde_json::json!({"log": {"entries": entries}});
    let path = folder.path().join("browser.har");
    std::fs::write(&path, har.to_string()).unwrap();
    path
}

pub(super) async fn told(session: &Session, url: &str) -> String {
    match fetch(session, url).await {
        Ok(response) => format!(
            "{} {} {:?}",
            response.status,
            response.url,
            String::from_utf8_lossy(&response.body)
        ),
        Err(error) => format!("{}: {}", error.kind, error.message),
    }
}
