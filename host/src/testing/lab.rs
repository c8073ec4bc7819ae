//! The engine a test keeps for all its specimens.

use crate::sandbox::{LoadError, Sandbox, SandboxConfig, SandboxError};

use super::specimen::Specimen;
use super::subject::Subject;

/// Loads components. Cheap to clone; compiled code is kept where
/// [`SandboxConfig::cache_dir`] says.
#[derive(Debug, Clone)]
pub struct Lab {
    sandbox: Sandbox,
}

impl Lab {
    /// Sets the engine up.
    ///
    /// # Errors
    /// When this machine cannot run it.
    pub fn new(config: &SandboxConfig) -> Result<Self, SandboxError> {
        Ok(Self {
            sandbox: Sandbox::new(config)?,
        })
    }

    /// A lab around an engine that is there already.
    #[must_use]
    pub fn around(sandbox: Sandbox) -> Self {
        Self { sandbox }
    }

    /// Its engine.
    #[must_use]
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Compiles a component, checks its contract and reads its descriptor. A
    /// bundled one is granted what it declares, a stranger nothing yet.
    ///
    /// # Errors
    /// [`LoadError`] names what is wrong with it.
    pub async fn load(&self, subject: Subject) -> Result<Specimen, LoadError> {
        Specimen::load(&self.sandbox, subject).await
    }
}
