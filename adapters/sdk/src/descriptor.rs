//! Writing a descriptor as a chain of declarations.

use crate::{Descriptor, SecretSpec, SettingSpec};

impl Descriptor {
    /// Starts a descriptor. `name` is `[a-z][a-z0-9_]{0,39}`; `version` is
    /// best `env!("CARGO_PKG_VERSION")`.
    #[must_use]
    pub fn new(name: &str, version: &str, summary: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            summary: summary.to_owned(),
            hosts: Vec::new(),
            identifiers: Vec::new(),
            settings: Vec::new(),
            secrets: Vec::new(),
        }
    }

    /// Declares a host the adapter's own requests go to: `api.acme.org`,
    /// `*.acme.org` (any depth of subdomain), or `*` (any public host).
    /// Candidates need no declaration: the host probes those itself.
    #[must_use]
    pub fn host(mut self, pattern: &str) -> Self {
        self.hosts.push(pattern.to_owned());
        self
    }

    /// Declares something the adapter can start from: an identifier scheme
    /// (`doi`, `arxiv`, `pmcid`, `pmid`, `openalex`, …), `landing-url` or
    /// `pdf-url`. A work with none of them is not shown to the adapter.
    #[must_use]
    pub fn starts_from(mut self, what: &str) -> Self {
        self.identifiers.push(what.to_owned());
        self
    }

    /// Declares a setting without a default.
    #[must_use]
    pub fn setting(mut self, key: &str, help: &str) -> Self {
        self.settings.push(SettingSpec {
            key: key.to_owned(),
            help: help.to_owned(),
            default: None,
        });
        self
    }

    /// Declares a setting with a default; the host always sends a value.
    #[must_use]
    pub fn setting_or(mut self, key: &str, default: &str, help: &str) -> Self {
        self.settings.push(SettingSpec {
            key: key.to_owned(),
            help: help.to_owned(),
            default: Some(default.to_owned()),
        });
        self
    }

    /// Declares a secret. Its value never reaches the adapter: write
    /// `{{secret:NAME}}` in a header value or a query string.
    #[must_use]
    pub fn secret(mut self, name: &str, help: &str) -> Self {
        self.secrets.push(SecretSpec {
            name: name.to_owned(),
            help: help.to_owned(),
        });
        self
    }
}
