//! Running `paperfall adapter check` and reading its report.

use std::fmt;
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::{Ran, binary, finish};

/// A report, and how the program ended.
#[derive(Debug)]
pub struct Checked {
    /// The exit code.
    pub code: i32,
    /// The report; null when there is none.
    pub json: Value,
    /// What was said beside it.
    pub stderr: String,
}

/// Checks a component.
///
/// # Panics
///
/// When the program does not end.
pub async fn checked(component: &[u8]) -> Checked {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("component.wasm");
    std::fs::write(&file, component).expect("the component is written");
    run_check(&file.to_string_lossy()).await
}

/// Checks what goes by this name.
///
/// # Panics
///
/// When the program does not end.
pub async fn run_check(adapter: &str) -> Checked {
    let ran = run(&["adapter", "check", "--json", adapter]).await;
    Checked {
        code: ran.code,
        json: serde_json::from_str(&ran.stdout).unwrap_or_default(),
        stderr: ran.stderr,
    }
}

async fn run(args: &[&str]) -> Ran {
    let home = TempDir::new().expect("a folder");
    let mut command = Command::new(binary());
    command
        .args(args)
        .env_clear()
        .env("HOME", home.path())
        .env("PAPERFALL_CACHE_DIR", binary().with_file_name("e2e-cache"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    finish(command.spawn().expect("the binary starts")).await
}

impl Checked {
    /// Checks a component, for people.
    ///
    /// # Panics
    ///
    /// When the program does not end.
    pub async fn table(component: &[u8]) -> Ran {
        let folder = TempDir::new().expect("a folder");
        let file = folder.path().join("component.wasm");
        std::fs::write(&file, component).expect("the component is written");
        run(&["adapter", "check", &file.to_string_lossy()]).await
    }

    /// What failed and what was warned of, as `fail name` and `warn name`.
    pub fn amiss(&self) -> Vec<String> {
        self.of(&["fail", "warn"])
    }

    /// How many checks passed.
    pub fn passed(&self) -> usize {
        self.of(&["pass"]).len()
    }

    /// What a check came to.
    ///
    /// # Panics
    ///
    /// When there is no such check.
    pub fn verdict(&self, name: &str) -> String {
        let checks = self.json["checks"].as_array().expect("checks");
        let check = checks.iter().find(|check| check["check"] == name);
        let verdict = check.and_then(|check| check["verdict"].as_str());
        verdict.expect("there is such a check").to_owned()
    }

    fn of(&self, verdicts: &[&str]) -> Vec<String> {
        let checks = self.json["checks"].as_array();
        let checks = checks.into_iter().flatten();
        let of = checks.filter_map(|check| {
            let verdict = check["verdict"].as_str()?;
            let name = check["check"].as_str()?;
            verdicts
                .contains(&verdict)
                .then(|| format!("{verdict} {name}"))
        });
        of.collect()
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "exit {}\n{}", self.code, self.stderr)?;
        for check in self.json["checks"].as_array().into_iter().flatten() {
            writeln!(
                f,
                "{} {}: {}",
                check["verdict"], check["check"], check["seen"]
            )?;
        }
        Ok(())
    }
}
