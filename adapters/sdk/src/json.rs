//! Reading JSON that services write carelessly. For `deserialize_with`.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

#[derive(Deserialize)]
#[serde(untagged)]
enum Loose {
    Text(String),
    Number(u64),
    Other(IgnoredAny),
}

/// A value that comes as a string or as a number (a PMID does both); anything
/// else counts as none. Use with `#[serde(default, deserialize_with = "…")]`.
///
/// # Errors
/// Only when the text is no JSON.
pub fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match Loose::deserialize(from)? {
        Loose::Text(text) => Some(text),
        Loose::Number(number) => Some(number.to_string()),
        Loose::Other(IgnoredAny) => None,
    })
}

/// A list that may be `null`. Use with `#[serde(default, deserialize_with = "…")]`.
///
/// # Errors
/// When it is neither a list nor `null`, or an element has another shape.
pub fn list<'de, D, T>(from: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::<Vec<T>>::deserialize(from)?.unwrap_or_default())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Record {
        #[serde(default, deserialize_with = "text")]
        pmid: Option<String>,
        #[serde(default, deserialize_with = "list")]
        links: Vec<String>,
    }

    #[test]
    fn a_pmid_may_be_a_number_a_string_or_nothing_usable() {
        for (json, pmid) in [
            (r#"{"pmid":37391585}"#, Some("37391585")),
            (r#"{"pmid":"37391585"}"#, Some("37391585")),
            (r#"{"pmid":null}"#, None),
            (r#"{"pmid":{"value":1}}"#, None),
            ("{}", None),
        ] {
            let record: Record = serde_json::from_str(json).unwrap();
            assert_eq!(record.pmid.as_deref(), pmid, "{json}");
        }
    }

    #[test]
    fn a_list_may_be_null() {
        let record: Record = serde_json::from_str(r#"{"links":null}"#).unwrap();
        assert!(record.links.is_empty());
    }
}
