//! The two components of `adapter diff`: what each is, and what each does.

use std::path::Path;
use std::sync::Arc;

use super::super::adapter::shape_of;
use super::super::exit::Failed;
use super::bench::loaded;
use crate::http::{Http, HttpConfig, Secrets, har::Private};
use crate::intake::Work;
use crate::plan::Email;
use crate::sandbox::{AttemptLimits, ComponentShape, Sandbox};
use crate::testing::{Lab, Specimen, Subject, Trial};

/// Stands in for the contact address: nothing leaves the machine.
const STAND_IN_EMAIL: &str = "author@paperfall.example";

/// One of the two.
pub(super) struct Side {
    pub(super) shown: String,
    pub(super) shape: ComponentShape,
    pub(super) specimen: Specimen,
    /// What must be kept out of sight of the recording.
    private: Private,
}

impl Side {
    /// Loads it and gives it what it declares: a replay leads nowhere.
    pub(super) async fn load(sandbox: &Sandbox, given: &str) -> Result<Self, Failed> {
        let subject = Subject::given(given).map_err(Failed::usage)?;
        let shown = subject.shown.clone();
        let shape = shape_of(sandbox, &shown, &subject.bytes).await?;
        // Compiled here, with a word to whoever waits; found again below.
        let memory_mib = AttemptLimits::DEFAULT.memory_mib;
        loaded(sandbox, &shown, Arc::clone(&subject.bytes), memory_mib)
            .await
            .map_err(Failed::usage)?;
        let mut specimen = Lab::around(sandbox.clone())
            .load(subject)
            .await
            .map_err(Failed::usage)?
            .granting_declared();
        let mut private = Private::default();
        for spec in specimen.descriptor().secrets.clone() {
            let value = format!("stand-in-for-{}", spec.name);
            private
                .secrets
                .extend(Secrets::new([(spec.name.clone(), value.clone())]).ok());
            specimen = specimen.secret(&spec.name, &value);
        }
        if let Ok(email) = Email::parse(STAND_IN_EMAIL) {
            private.email = Some(email.to_string());
            specimen = specimen.email(email);
        }
        Ok(Self {
            shown,
            shape,
            specimen,
            private,
        })
    }

    /// Runs it on every work over a recording of its own.
    pub(super) async fn replay(&self, har: &Path, works: &[Work]) -> Result<Vec<Trial>, Failed> {
        let http = Http::new(HttpConfig {
            replay: Some(har.to_owned()),
            replay_alone: true,
            warn_of_misses: false,
            private: self.private.clone(),
            ..HttpConfig::default()
        })?;
        let mut trials = Vec::with_capacity(works.len());
        for work in works {
            trials.push(match self.specimen.would_skip(work) {
                Some(reason) => Trial::skipped(work, reason),
                None => self
                    .specimen
                    .run(&http, work)
                    .await
                    .map_err(Failed::usage)?,
            });
        }
        Ok(trials)
    }
}
