//! What an adapter says it is. See [`crate::lines`] for how it is written down.

use paperfall_adapter::{Descriptor, SecretSpec, SettingSpec};

use crate::promises;
use crate::sandbox::descriptor::validate;
use crate::sandbox::limits::STRING_BYTES;

/// The longest way of escaping a byte, `\u{1b}`.
const ESCAPED_BYTES: usize = 6;

/// Checks one descriptor.
pub fn check(data: &[u8]) {
    let mut said = Descriptor::new("evil", "1", "");
    for (key, value) in crate::lines::of(data) {
        match key.as_str() {
            "name" => said.name = value,
            "version" => said.version = value,
            "summary" => said.summary = value,
            "host" => said.hosts.push(value),
            "starts" => said.identifiers.push(value),
            "setting" => {
                let (key, help) = value.split_once(' ').unwrap_or((&value, ""));
                said.settings.push(SettingSpec {
                    key: key.to_owned(),
                    help: help.to_owned(),
                    default: None,
                });
            }
            "default" => {
                if let Some(setting) = said.settings.last_mut() {
                    setting.default = Some(value);
                }
            }
            "secret" => {
                let (name, help) = value.split_once(' ').unwrap_or((&value, ""));
                said.secrets.push(SecretSpec {
                    name: name.to_owned(),
                    help: help.to_owned(),
                });
            }
            _ => {}
        }
    }
    let descriptor = match validate("evil", said) {
        Ok(descriptor) => descriptor,
        Err(error) => {
            let words = error.to_string();
            promises::is_a_message(&words);
            return promises::is_harmless(&words);
        }
    };
    assert!((1..=40).contains(&descriptor.name.len()));
    let mut texts = vec![&descriptor.name, &descriptor.version, &descriptor.summary];
    texts.extend(&descriptor.identifiers);
    for setting in &descriptor.settings {
        texts.extend([&setting.key, &setting.help]);
        texts.extend(&setting.default);
    }
    for secret in &descriptor.secrets {
        texts.extend([&secret.name, &secret.help]);
    }
    for text in texts {
        assert!(text.len() <= STRING_BYTES * ESCAPED_BYTES);
        promises::is_harmless(text);
    }
    for host in &descriptor.hosts {
        promises::is_harmless(&host.to_string());
    }
}
