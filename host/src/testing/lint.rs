//! What an operator's settings and an adapter's needs have to say to each
//! other: grants nobody asked for, needs nobody granted.

use std::collections::BTreeMap;
use std::fmt;

use crate::http::HostPattern;
use crate::plan::{Component, Source};
use crate::sandbox::Descriptor;

/// One thing that does not fit. Its words name the line of `paperfall.toml`
/// that would mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lint {
    /// A declared host is not granted: requests to it will be denied.
    HostNotGranted {
        /// The source.
        source: String,
        /// What it declares and is not granted.
        host: String,
        /// The whole line that grants everything it declares.
        line: String,
    },
    /// A host is granted that the adapter does not declare.
    HostNotAsked {
        /// The source.
        source: String,
        /// What is granted.
        host: String,
        /// What it declares.
        declared: String,
    },
    /// More is granted than is declared, such as `*` for one host.
    HostTooWide {
        /// The source.
        source: String,
        /// What is granted.
        host: String,
        /// What it declares.
        declared: String,
    },
    /// A secret it uses has no value.
    SecretNotGiven {
        /// The source.
        source: String,
        /// The secret.
        name: String,
        /// The adapter's words about it.
        help: String,
    },
    /// A secret is given that it does not use.
    SecretNotAsked {
        /// The source.
        source: String,
        /// The secret.
        name: String,
    },
    /// A setting without a default has no value.
    SettingNotGiven {
        /// The source.
        source: String,
        /// The setting.
        key: String,
        /// The adapter's words about it.
        help: String,
    },
    /// A setting is given that it does not read.
    SettingNotAsked {
        /// The source.
        source: String,
        /// The setting.
        key: String,
        /// What it reads.
        reads: String,
    },
}

impl Lint {
    /// Its name in JSON.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::HostNotGranted { .. } => "host_not_granted",
            Self::HostNotAsked { .. } => "host_not_asked",
            Self::HostTooWide { .. } => "host_too_wide",
            Self::SecretNotGiven { .. } => "secret_not_given",
            Self::SecretNotAsked { .. } => "secret_not_asked",
            Self::SettingNotGiven { .. } => "setting_not_given",
            Self::SettingNotAsked { .. } => "setting_not_asked",
        }
    }
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HostNotGranted { source, host, line } => write!(
                f,
                "{source} declares {host}, which is not granted: its requests there are denied; \
                 [adapter.{source}] {line} would grant what it declares"
            ),
            Self::HostNotAsked {
                source,
                host,
                declared,
            } => write!(
                f,
                "{source} is granted {host}, which it does not declare: the grant has no effect; \
                 it declares {declared}"
            ),
            Self::HostTooWide {
                source,
                host,
                declared,
            } => write!(
                f,
                "{source} is granted {host}, but declares only {declared}: grant that"
            ),
            Self::SecretNotGiven { source, name, help } => write!(
                f,
                "{source} uses the secret {name} ({help}), which has no value; \
                 [adapter.{source}] secrets = {{ {name} = \"env:VARIABLE\" }} would give it one"
            ),
            Self::SecretNotAsked { source, name } => write!(
                f,
                "{source} is given the secret {name}, which it does not use: it is not handed over; \
                 take it out of [adapter.{source}] secrets"
            ),
            Self::SettingNotGiven { source, key, .. } if key == "email" => write!(
                f,
                "{source} wants a contact address: set email = \"you@university.edu\" in \
                 paperfall.toml, or give --email"
            ),
            Self::SettingNotGiven { source, key, help } => write!(
                f,
                "{source} reads the setting {key} ({help}), which has neither value nor default; \
                 [adapter.{source}] settings = {{ {key} = \"…\" }} would give it one"
            ),
            Self::SettingNotAsked { source, key, reads } => write!(
                f,
                "{source} is given the setting {key}, which it does not read: it is not handed \
                 over; it reads {reads}"
            ),
        }
    }
}

/// Compares what `source` is given with what its adapter declares. `settings`
/// are those it will have, defaults filled in.
#[must_use]
pub fn lint(
    descriptor: &Descriptor,
    source: &Source,
    settings: &BTreeMap<String, String>,
) -> Vec<Lint> {
    let name = source.name.to_string();
    let mut lints = hosts(descriptor, source);
    for spec in &descriptor.secrets {
        if !source.secrets.contains_key(&spec.name) {
            lints.push(Lint::SecretNotGiven {
                source: name.clone(),
                name: spec.name.clone(),
                help: spec.help.clone(),
            });
        }
    }
    for given in source.secrets.keys() {
        if !descriptor.secrets.iter().any(|spec| spec.name == *given) {
            lints.push(Lint::SecretNotAsked {
                source: name.clone(),
                name: given.clone(),
            });
        }
    }
    for spec in &descriptor.settings {
        if !settings.contains_key(&spec.key) {
            lints.push(Lint::SettingNotGiven {
                source: name.clone(),
                key: spec.key.clone(),
                help: spec.help.clone(),
            });
        }
    }
    for given in source.settings.keys() {
        if !descriptor.settings.iter().any(|spec| spec.key == *given) {
            let keys: Vec<&str> = descriptor
                .settings
                .iter()
                .map(|spec| spec.key.as_str())
                .collect();
            lints.push(Lint::SettingNotAsked {
                source: name.clone(),
                key: given.clone(),
                reads: or_none(&keys.join(", ")),
            });
        }
    }
    lints
}

fn hosts(descriptor: &Descriptor, source: &Source) -> Vec<Lint> {
    let declared = &descriptor.hosts;
    // A bundled adapter of whose hosts nothing is said gets what it declares.
    let Some(granted) = &source.hosts else {
        return Vec::new();
    };
    let name = source.name.to_string();
    let names = or_none(&listed(declared));
    let mut lints = Vec::new();
    for host in declared {
        if !granted.iter().any(|grant| grant.covers(host)) {
            lints.push(Lint::HostNotGranted {
                source: name.clone(),
                host: host.to_string(),
                line: grant_line(declared),
            });
        }
    }
    for grant in granted {
        if declared.iter().any(|host| host.covers(grant)) {
            continue;
        }
        let host = grant.to_string();
        let (source, declared_names) = (name.clone(), names.clone());
        lints.push(match declared.iter().any(|host| grant.covers(host)) {
            true => Lint::HostTooWide {
                source,
                host,
                declared: declared_names,
            },
            false => Lint::HostNotAsked {
                source,
                host,
                declared: declared_names,
            },
        });
    }
    lints
}

/// The line of `[adapter.NAME]` that grants these hosts.
#[must_use]
pub fn grant_line(hosts: &[HostPattern]) -> String {
    let quoted: Vec<String> = hosts.iter().map(|host| format!("\"{host}\"")).collect();
    format!("hosts = [{}]", quoted.join(", "))
}

/// The whole table that would let a stranger have what it declares.
#[must_use]
pub fn table_for(descriptor: &Descriptor, source: &Source) -> String {
    let mut table = format!("[adapter.{}]\n", source.name);
    if let Component::File(path) = &source.component
        && !path.as_os_str().is_empty()
    {
        table.push_str(&format!("file = {:?}\n", path.display().to_string()));
    }
    table.push_str(&grant_line(&descriptor.hosts));
    table.push('\n');
    if !descriptor.secrets.is_empty() {
        let secrets: Vec<String> = descriptor
            .secrets
            .iter()
            .map(|spec| format!("{} = \"env:{}\"", spec.name, spec.name))
            .collect();
        table.push_str(&format!("secrets = {{ {} }}\n", secrets.join(", ")));
    }
    table
}

fn listed(hosts: &[HostPattern]) -> String {
    let names: Vec<String> = hosts.iter().map(ToString::to_string).collect();
    names.join(", ")
}

fn or_none(text: &str) -> String {
    match text {
        "" => "none".to_owned(),
        text => text.to_owned(),
    }
}
