//! A project: its name, its place in the plan, and the text of its files.

use std::path::PathBuf;

use super::error::NewError;
use super::language::{Language, repository};
use crate::plan::{SourceName, TierName};
use crate::sandbox::{BUNDLED, Bundled};

/// Where an adapter is tried unless `--tier` says otherwise: it asks an index.
const DEFAULT_TIER: &str = "direct_oa";
/// What the crates of the Rust kit are called after `paperfall-`, as the project's own
/// crate would be.
const KIT: [&str; 2] = ["adapter", "identifiers"];
/// The host that every template talks to.
const HOST: &str = "api.crossref.org";

/// What every project has.
const COMMON: [(&str, &str); 6] = [
    (
        "wit/0.1.0/paperfall-adapter.wit",
        repository!("wit/0.1.0/paperfall-adapter.wit"),
    ),
    ("README.md", include_str!("templates/common/README.md")),
    (
        "paperfall.toml",
        include_str!("templates/common/paperfall.toml"),
    ),
    (
        "tests/works.jsonl",
        include_str!("templates/common/works.jsonl"),
    ),
    (
        "tests/recording.har",
        include_str!("templates/common/recording.har"),
    ),
    (
        "tests/expected.json",
        include_str!("templates/common/expected.json"),
    ),
];

/// One file of a project.
#[derive(Debug)]
pub(super) struct File {
    /// In the project's folder.
    pub(super) path: PathBuf,
    pub(super) text: String,
    pub(super) executable: bool,
}

/// A project that can be written.
#[derive(Debug)]
pub(super) struct Project {
    name: SourceName,
    tier: TierName,
    language: Language,
}

impl Project {
    /// Checks the words of the command line.
    ///
    /// # Errors
    ///
    /// [`NewError`] about the name or the tier.
    pub(super) fn new(
        given: &str,
        language: Language,
        tier: Option<&str>,
    ) -> Result<Self, NewError> {
        let name = SourceName::parse(given).map_err(NewError::Name)?;
        if Bundled::by_name(name.as_str()).is_some() {
            return Err(NewError::Bundled {
                name: name.to_string(),
            });
        }
        if name.as_str() != given {
            return Err(NewError::OtherName {
                given: given.to_owned(),
                meant: name.to_string(),
            });
        }
        if matches!(language, Language::Rust) && KIT.contains(&name.as_str()) {
            return Err(NewError::Kit {
                name: name.to_string(),
            });
        }
        let tier = TierName::parse(tier.unwrap_or(DEFAULT_TIER)).map_err(NewError::Tier)?;
        Ok(Self {
            name,
            tier,
            language,
        })
    }

    pub(super) fn name(&self) -> &SourceName {
        &self.name
    }

    pub(super) fn tier(&self) -> &TierName {
        &self.tier
    }

    /// To build, test and use it, in its folder.
    pub(super) fn commands(&self) -> [String; 3] {
        let name = &self.name;
        [
            "./build.sh".to_owned(),
            self.test_command(),
            format!("paperfall resolve 10.7717/peerj.4375 --only {name} --explain"),
        ]
    }

    fn test_command(&self) -> String {
        format!(
            "paperfall adapter test {}.wasm --works tests/works.jsonl \
             --replay-har tests/recording.har --expect tests/expected.json",
            self.name
        )
    }

    /// Every file, placeholders filled in.
    pub(super) fn files(&self) -> Vec<File> {
        COMMON
            .into_iter()
            .chain(self.language.files())
            .map(|(path, template)| File {
                path: PathBuf::from(path),
                text: self.fill(template),
                executable: path.ends_with(".sh"),
            })
            .collect()
    }

    fn fill(&self, template: &str) -> String {
        let mut text = template.to_owned();
        for (placeholder, value) in [
            ("@TEST@", self.test_command()),
            ("@PLACE@", self.place()),
            ("@LANGUAGE@", self.language.title().to_owned()),
            ("@SOURCE@", self.language.source().to_owned()),
            ("@NEEDS@", self.language.needs().to_owned()),
            ("@HELPER@", self.language.helper().to_owned()),
            ("@MORE@", self.language.more().to_owned()),
            ("@VERSION@", env!("CARGO_PKG_VERSION").to_owned()),
            ("@NAME@", self.name.to_string()),
        ] {
            text = text.replace(placeholder, &value);
        }
        text
    }

    /// The settings that put it into its tier and grant it its host.
    fn place(&self) -> String {
        let (name, tier) = (&self.name, &self.tier);
        let hosts = format!("hosts = [\"{HOST}\"]");
        let known = BUNDLED.iter().any(|bundled| bundled.tier == tier.as_str());
        if known {
            format!("tier = \"{tier}\"\n{hosts}")
        } else {
            format!(
                "{hosts}\n\n[[tier]]\nname = \"{tier}\"\nsources = [\"{name}\"]\nafter = \"{DEFAULT_TIER}\""
            )
        }
    }
}
