//! The plan as a user meets it: real flags, a made-up environment, real files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod adapters;
mod config;
mod defaults;
mod grammar;
mod guards;
mod host_limits;
mod precedence;
mod refusals;
mod switches;
mod tiers;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use clap::Parser;
use tempfile::TempDir;

use super::{Plan, PlanError, PlanFlags, PlanInputs, PlanWarning, Row, Source};

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    plan: PlanFlags,
}

/// A scene: a folder to start in, variables, flags.
struct Scene {
    folder: TempDir,
    env: BTreeMap<String, String>,
    flags: Vec<String>,
}

impl Scene {
    fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            env: BTreeMap::new(),
            flags: Vec::new(),
        }
    }

    fn flags<const N: usize>(mut self, flags: [&str; N]) -> Self {
        self.flags.extend(flags.map(str::to_owned));
        self
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    fn config(self, text: &str) -> Self {
        self.file("paperfall.toml", text)
    }

    fn file(self, path: &str, text: &str) -> Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn build(&self) -> Result<(Plan, Vec<PlanWarning>), PlanError> {
        let args = std::iter::once("paperfall".to_owned()).chain(self.flags.iter().cloned());
        let command = Command::try_parse_from(args).expect("clap accepts the flags");
        let env = |name: &str| self.env.get(name).cloned();
        Plan::build(PlanInputs {
            flags: &command.plan,
            env: &env,
            cwd: self.folder.path(),
            user_config_dir: Some(&self.path("home")),
        })
    }

    /// The plan of a scene without anything odd in it.
    fn plan(&self) -> Plan {
        let (plan, warnings) = self.build().expect("the plan is accepted");
        assert_eq!(warnings, Vec::new());
        plan
    }

    fn warnings(&self) -> Vec<String> {
        let (_, warnings) = self.build().expect("the plan is accepted");
        warnings
            .iter()
            .map(|w| self.shorten(&w.to_string()))
            .collect()
    }

    /// The refusal, on one line, with the scene's folder left out.
    fn refusal(&self) -> String {
        let error = self.build().expect_err("the plan is refused");
        let text = self.shorten(&error.to_string());
        assert!(
            !text.chars().any(char::is_control),
            "not one line: {text:?}"
        );
        text
    }

    fn shorten(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.folder.path().display()), "")
    }
}

fn refused_flags<const N: usize>(flags: [&str; N]) -> String {
    Scene::new().flags(flags).refusal()
}

fn refused_config(text: &str) -> String {
    Scene::new().config(text).refusal()
}

/// `tier: source source` for every tier.
fn shape(plan: &Plan) -> Vec<String> {
    plan.tiers
        .iter()
        .map(|tier| {
            let sources: Vec<&str> = tier.sources.iter().map(|s| s.name.as_str()).collect();
            format!("{}: {}", tier.name, sources.join(" "))
        })
        .collect()
}

fn source<'a>(plan: &'a Plan, name: &str) -> &'a Source {
    plan.sources()
        .find(|source| source.name.as_str() == name)
        .unwrap_or_else(|| panic!("{name} is not in the plan"))
}

fn row<'a>(plan: &'a Plan, key: &str) -> &'a Row {
    plan.rows()
        .iter()
        .find(|row| row.key == key)
        .unwrap_or_else(|| panic!("no row {key}"))
}

/// Value and origin of a row, as printed.
fn value(plan: &Plan, key: &str) -> (String, String) {
    let row = row(plan, key);
    (row.value.clone(), row.origin.to_string())
}

const ALL: [&str; 4] = [
    "direct_oa: unpaywall arxiv pmc",
    "doi_follow: doi_redirect",
    "landing_scrape: landing_scrape europe_pmc",
    "archive: wayback",
];
