//! The languages a project can be in, and what each brings along.

use super::error::NewError;
use super::sdk;
use crate::plan::remedy;

/// The path in the project, and the text with its placeholders.
pub(super) type Template = (&'static str, &'static str);

/// A file of the repository, as it was when this binary was built.
macro_rules! repository {
    ($path:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../", $path))
    };
}
pub(super) use repository;

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Rust,
    Python,
    JavaScript,
}

impl Language {
    /// As `--lang` says it.
    pub(super) const WORDS: [(&'static str, Self); 3] = [
        ("rust", Self::Rust),
        ("python", Self::Python),
        ("js", Self::JavaScript),
    ];

    /// Reads `--lang`.
    ///
    /// # Errors
    ///
    /// [`NewError::Language`] with the valid words.
    pub(super) fn parse(given: &str) -> Result<Self, NewError> {
        Self::WORDS
            .into_iter()
            .find(|(word, _)| *word == given)
            .map(|(_, language)| language)
            .ok_or_else(|| NewError::Language {
                given: given
                    .chars()
                    .take(60)
                    .collect::<String>()
                    .escape_debug()
                    .to_string(),
                remedy: remedy(given, Self::WORDS.into_iter().map(|(word, _)| word)),
            })
    }

    /// As people say it.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
        }
    }

    /// For the beginning of a sentence's object.
    pub(super) fn with_article(self) -> String {
        format!("a {}", self.title())
    }

    /// The adapter's own source.
    pub(super) fn source(self) -> &'static str {
        match self {
            Self::Rust => "src/lib.rs",
            Self::Python => "src/adapter.py",
            Self::JavaScript => "src/adapter.js",
        }
    }

    /// What the build wants, for the README's sentence.
    pub(super) fn needs(self) -> &'static str {
        match self {
            Self::Rust => " (with Rust 1.95 or newer, for `wasm32-wasip2`)",
            Self::Python => {
                " (with Python 3.10 or newer; `requirements.txt` pins the tool, `.venv` keeps it)"
            }
            Self::JavaScript => " (with Node.js 20 or newer; `package-lock.json` pins the tools)",
        }
    }

    /// The README's row about the helpers.
    pub(super) fn helper(self) -> &'static str {
        match self {
            Self::Rust => {
                "| `sdk/` | the guest kit `paperfall-adapter`, in source: `cargo doc --open -p paperfall-adapter` |\n"
            }
            Self::Python => {
                "| `src/paperfall.py` | asking for JSON, naming misses; yours to change |\n"
            }
            Self::JavaScript => {
                "| `src/paperfall.js` | asking for JSON, naming misses; yours to change |\n"
            }
        }
    }

    /// What else the README says.
    pub(super) fn more(self) -> &'static str {
        match self {
            Self::Rust => {
                "\n`cargo test` runs the tests in `src/lib.rs` natively, against a scripted host.\n"
            }
            Self::Python => {
                "\nThe component holds a whole Python (19 MB): paperfall compiles it once, for some seconds, and keeps the result.\n"
            }
            Self::JavaScript => {
                "\nThe component holds a whole JavaScript engine (12 MB): paperfall compiles it once, for some seconds, and keeps the result.\n"
            }
        }
    }

    /// The language's own files.
    pub(super) fn files(self) -> Vec<Template> {
        match self {
            Self::Rust => [
                ("Cargo.toml", include_str!("templates/rust/Cargo.toml")),
                ("Cargo.lock", include_str!("templates/rust/Cargo.lock")),
                ("src/lib.rs", include_str!("templates/rust/lib.rs")),
                ("build.sh", include_str!("templates/rust/build.sh")),
                (".gitignore", include_str!("templates/rust/gitignore")),
            ]
            .into_iter()
            .chain(sdk::FILES.iter().copied())
            .collect(),
            Self::Python => vec![
                (
                    "src/adapter.py",
                    include_str!("templates/python/adapter.py"),
                ),
                (
                    "src/paperfall.py",
                    repository!("adapters/examples/openalex/src/paperfall.py"),
                ),
                (
                    "requirements.txt",
                    repository!("adapters/examples/openalex/requirements.txt"),
                ),
                ("build.sh", include_str!("templates/python/build.sh")),
                (".gitignore", include_str!("templates/python/gitignore")),
            ],
            Self::JavaScript => vec![
                ("src/adapter.js", include_str!("templates/js/adapter.js")),
                (
                    "src/paperfall.js",
                    repository!("adapters/examples/semantic_scholar/src/paperfall.js"),
                ),
                (
                    "package.json",
                    repository!("adapters/examples/semantic_scholar/package.json"),
                ),
                (
                    "package-lock.json",
                    repository!("adapters/examples/semantic_scholar/package-lock.json"),
                ),
                ("build.sh", include_str!("templates/js/build.sh")),
                (".gitignore", include_str!("templates/js/gitignore")),
            ],
        }
    }
}
