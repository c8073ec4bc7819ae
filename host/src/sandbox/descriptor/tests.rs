//! Every bound and every rule of a descriptor, at its edge.
#![allow(clippy::unwrap_used)]

use super::*;

fn raw() -> wit::Descriptor {
    wit::Descriptor {
        name: "acme".to_owned(),
        version: "1.0.0".to_owned(),
        summary: "an adapter".to_owned(),
        hosts: Vec::new(),
        identifiers: Vec::new(),
        settings: Vec::new(),
        secrets: Vec::new(),
    }
}

fn setting(key: &str, help: &str, default: Option<&str>) -> wit::SettingSpec {
    wit::SettingSpec {
        key: key.to_owned(),
        help: help.to_owned(),
        default: default.map(str::to_owned),
    }
}

fn secret(name: &str, help: &str) -> wit::SecretSpec {
    wit::SecretSpec {
        name: name.to_owned(),
        help: help.to_owned(),
    }
}

fn read(change: impl FnOnce(&mut wit::Descriptor)) -> Result<Descriptor, LoadError> {
    let mut raw = raw();
    change(&mut raw);
    validate("acme", raw)
}

/// The field that is refused.
fn refused(change: impl FnOnce(&mut wit::Descriptor)) -> (&'static str, String) {
    match read(change).unwrap_err() {
        LoadError::BadDescriptor { field, cause, .. } => (field, cause),
        _ => ("another error", String::new()),
    }
}

#[test]
fn a_list_has_at_most_64_entries() {
    type Fill = fn(&mut wit::Descriptor, usize);
    let fills: [(&str, Fill); 4] = [
        ("hosts", |raw, count| {
            raw.hosts = vec!["a.example".to_owned(); count];
        }),
        ("identifiers", |raw, count| {
            raw.identifiers = vec!["doi".to_owned(); count];
        }),
        ("settings", |raw, count| {
            raw.settings = (0..count).map(|_| setting("key", "", None)).collect();
        }),
        ("secrets", |raw, count| {
            raw.secrets = (0..count).map(|_| secret("KEY", "")).collect();
        }),
    ];
    for (field, fill) in fills {
        assert!(read(|raw| fill(raw, 64)).is_ok(), "{field}");
        assert_eq!(refused(|raw| fill(raw, 65)).0, field);
    }
}

#[test]
fn names_are_plain_and_short() {
    for good in ["a", "a1_b", &"x".repeat(40)] {
        assert!(read(|raw| raw.name = good.to_owned()).is_ok(), "{good}");
    }
    for bad in [
        "",
        "1a",
        "_a",
        "Acme",
        "a-b",
        "a b",
        "\u{e4}",
        &"x".repeat(41),
    ] {
        assert_eq!(refused(|raw| raw.name = bad.to_owned()).0, "name", "{bad}");
    }
    let (_, cause) = refused(|raw| raw.name = "\u{1b}x".repeat(2000));
    assert!(!cause.contains('\u{1b}') && cause.len() < 1000, "{cause}");
}

#[test]
fn keys_and_secrets_have_one_to_64_plain_characters() {
    let longest = "x".repeat(64);
    for key in ["a", "landing-url", "a_1", &longest] {
        assert!(read(|raw| raw.identifiers = vec![key.to_owned()]).is_ok());
        assert!(read(|raw| raw.settings = vec![setting(key, "", None)]).is_ok());
    }
    for name in ["A", "key_1", &longest] {
        assert!(read(|raw| raw.secrets = vec![secret(name, "")]).is_ok());
    }
    let long = "x".repeat(65);
    for bad in ["", "DOI", "a b", "a:b", "\u{e4}", &long] {
        assert_eq!(
            refused(|raw| raw.identifiers = vec![bad.to_owned()]).0,
            "identifiers"
        );
        assert_eq!(
            refused(|raw| raw.settings = vec![setting(bad, "", None)]).0,
            "settings"
        );
    }
    for bad in ["", "a-b", "a}}b", "\u{e4}", &long] {
        assert_eq!(
            refused(|raw| raw.secrets = vec![secret(bad, "")]).0,
            "secrets"
        );
    }
}

#[test]
fn texts_are_at_most_four_kibibytes_and_harmless() {
    type Put = fn(&mut wit::Descriptor, &str);
    let puts: [(&str, Put); 5] = [
        ("version", |raw, text| raw.version = text.to_owned()),
        ("summary", |raw, text| raw.summary = text.to_owned()),
        ("settings", |raw, text| {
            raw.settings = vec![setting("key", text, None)];
        }),
        ("settings", |raw, text| {
            raw.settings = vec![setting("key", "", Some(text))];
        }),
        ("secrets", |raw, text| {
            raw.secrets = vec![secret("KEY", text)];
        }),
    ];
    for (field, put) in puts {
        assert!(read(|raw| put(raw, &"x".repeat(4096))).is_ok(), "{field}");
        assert_eq!(refused(|raw| put(raw, &"x".repeat(4097))).0, field);
    }
    let shown = read(|raw| raw.summary = "a\u{1b}b".to_owned()).unwrap();
    assert_eq!(shown.summary, "a\\u{1b}b");
}
