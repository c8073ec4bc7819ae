//! `paperfall.toml`: whatever is in it, a sound plan or one line that says what
//! is wrong.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use crate::plan::{Plan, PlanFlags, PlanInputs};
use crate::{promises, tiers};

/// A folder of this process's own, with one component beside the settings.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("paperfall-fuzz-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder for the settings");
    fs::write(folder.join("acme.wasm"), "").expect("a component beside them");
    folder
});

/// Checks one settings file.
pub fn check(data: &[u8]) {
    let file = FOLDER.join("paperfall.toml");
    fs::write(&file, data).expect("room for the settings");
    let env = |name: &str| (name == "ACME_KEY").then(|| "s3cr&t key".to_owned());
    let built = Plan::build(PlanInputs {
        flags: &PlanFlags::default(),
        env: &env,
        cwd: &FOLDER,
        user_config_dir: None,
    });
    match built {
        Ok((plan, warnings)) => tiers::is_sound(&plan, &warnings),
        Err(error) => promises::is_a_message(&error.to_string()),
    }
}
