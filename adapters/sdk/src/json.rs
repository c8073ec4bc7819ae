//! Reading JSON that services write carelessly: numbers for strings, one
//! object for a list of one, `null` for anything, an odd element among good
//! ones, lists without an end. For `deserialize_with`, always together with
//! `default`.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, IgnoredAny, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Elements of a [`list`] that are kept; the rest is read over. No service
/// says more about one work, and an attempt's memory is small.
pub const MAX_LIST: usize = 500;

/// JSON that stands inside something else, such as a page's script. None when
/// it is of another shape.
#[must_use]
pub fn parse<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}

/// A value that comes as a string or as a number (a PMID does both); anything
/// else counts as none.
///
/// # Errors
/// Only when the text is no JSON.
pub fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match from.deserialize_any(LooseVisitor)? {
        Loose::Text(text) => Some(text),
        Loose::Number(number) => Some(number.to_string()),
        Loose::Flag(_) | Loose::Other => None,
    })
}

/// A yes or no that comes as a boolean, as 0 or 1, or as a word (`Y`,
/// `"true"`); anything else counts as unknown.
///
/// # Errors
/// Only when the text is no JSON.
pub fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    Ok(match from.deserialize_any(LooseVisitor)? {
        Loose::Flag(flag) => Some(flag),
        Loose::Number(1) => Some(true),
        Loose::Number(0) => Some(false),
        Loose::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "y" | "1" => Some(true),
            "false" | "no" | "n" | "0" => Some(false),
            _ => None,
        },
        Loose::Number(_) | Loose::Other => None,
    })
}

/// A list that may be `null`, may contain `null`, and may be its only element
/// (as converters from XML write it). Elements of another shape are left out
/// as long as others fit: one odd entry must not cost the record. At most
/// [`MAX_LIST`] elements are kept.
///
/// # Errors
/// When it is none of these, or has elements and none of them fits.
pub fn list<'de, D, T>(from: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    from.deserialize_any(ListVisitor(PhantomData))
}

/// A part of a record that the rest can do without: of another shape it counts
/// as missing.
///
/// # Errors
/// Only when the text is no JSON.
pub fn part<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(match Option::<Lenient<T>>::deserialize(from)? {
        Some(Lenient::Fits(part)) => Some(part),
        Some(Lenient::Misfit(_)) | None => None,
    })
}

/// A value of the shape wanted, or of another one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Lenient<T> {
    Fits(T),
    Misfit(IgnoredAny),
}

enum Loose {
    Text(String),
    Number(u64),
    Flag(bool),
    Other,
}

struct LooseVisitor;

impl<'de> Visitor<'de> for LooseVisitor {
    type Value = Loose;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Loose, E> {
        Ok(Loose::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Loose, E> {
        Ok(Loose::Text(text))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Loose, E> {
        Ok(Loose::Number(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Loose, E> {
        Ok(Loose::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Loose, E> {
        Ok(Loose::Other)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Loose, E> {
        Ok(Loose::Flag(flag))
    }

    fn visit_unit<E>(self) -> Result<Loose, E> {
        Ok(Loose::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Loose, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Loose::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Loose, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Loose::Other)
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_str<E: serde::de::Error>(self, only: &str) -> Result<Vec<T>, E> {
        T::deserialize(only.into_deserializer()).map(|only| vec![only])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        let mut misfits = false;
        while list.len() < MAX_LIST {
            match items.next_element::<Option<Lenient<T>>>()? {
                Some(Some(Lenient::Fits(item))) => list.push(item),
                Some(Some(Lenient::Misfit(_))) => misfits = true,
                Some(None) => {}
                None if list.is_empty() && misfits => {
                    return Err(serde::de::Error::custom("no element of the list fits"));
                }
                None => return Ok(list),
            }
        }
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Vec<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(entries)).map(|only| vec![only])
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Record {
        #[serde(default, deserialize_with = "text")]
        pmid: Option<String>,
        #[serde(default, deserialize_with = "flag")]
        open: Option<bool>,
        #[serde(default, deserialize_with = "list")]
        links: Vec<String>,
        #[serde(default, deserialize_with = "list")]
        records: Vec<Record>,
        #[serde(default, deserialize_with = "part")]
        best: Option<Box<Record>>,
    }

    fn record(json: &str) -> Record {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_pmid_may_be_a_number_a_string_or_nothing_usable() {
        for (json, pmid) in [
            (r#"{"pmid":37391585}"#, Some("37391585")),
            (r#"{"pmid":"37391585"}"#, Some("37391585")),
            (r#"{"pmid":null}"#, None),
            (r#"{"pmid":{"value":[1]}}"#, None),
            (r#"{"pmid":[1,{"x":2}]}"#, None),
            (r#"{"pmid":-1.5}"#, None),
            ("{}", None),
        ] {
            assert_eq!(record(json).pmid.as_deref(), pmid, "{json}");
        }
    }

    #[test]
    fn a_flag_may_be_a_word_or_a_number_and_nonsense_is_unknown() {
        for (value, open) in [
            ("true", Some(true)),
            ("\"Y\"", Some(true)),
            ("\"False\"", Some(false)),
            ("1", Some(true)),
            ("0", Some(false)),
            ("2", None),
            ("null", None),
            ("\"maybe\"", None),
            ("[true]", None),
        ] {
            assert_eq!(
                record(&format!(r#"{{"open":{value}}}"#)).open,
                open,
                "{value}"
            );
        }
    }

    #[test]
    fn a_list_may_be_null_hold_nulls_or_be_its_only_element() {
        assert!(record(r#"{"links":null}"#).links.is_empty());
        assert_eq!(record(r#"{"links":[null,"a",null]}"#).links, ["a"]);
        let one = record(r#"{"records":{"pmid":7}}"#);
        assert_eq!(one.records.first().unwrap().pmid.as_deref(), Some("7"));
        assert_eq!(record(r#"{"links":"a"}"#).links, ["a"]);
    }

    #[test]
    fn an_odd_element_is_left_out_and_a_list_of_nothing_else_is_no_list() {
        assert_eq!(record(r#"{"links":[1,"a",{"x":[2]},["b"]]}"#).links, ["a"]);
        let two = record(r#"{"records":["junk",{"pmid":7},{"records":5},{"pmid":8}]}"#);
        let pmids: Vec<_> = two
            .records
            .iter()
            .filter_map(|r| r.pmid.as_deref())
            .collect();
        assert_eq!(pmids, ["7", "8"]);
        for other in [
            r#"{"links":[1]}"#,
            r#"{"links":1}"#,
            r#"{"records":"none"}"#,
            r#"{"records":[null,"junk"]}"#,
            // Half an answer is none, whatever stood in it before.
            r#"{"records":[{"pmid":7},{"pmid""#,
        ] {
            assert!(serde_json::from_str::<Record>(other).is_err(), "{other}");
        }
    }

    #[test]
    fn a_part_of_another_shape_counts_as_missing() {
        let whole = record(r#"{"best":{"pmid":7}}"#);
        assert_eq!(whole.best.unwrap().pmid.as_deref(), Some("7"));
        for other in ["null", "7", "\"junk\"", r#"{"records":5}"#] {
            let odd = record(&format!(r#"{{"best":{other},"pmid":9}}"#));
            assert!(odd.best.is_none(), "{other}");
            assert_eq!(odd.pmid.as_deref(), Some("9"));
        }
        assert!(serde_json::from_str::<Record>(r#"{"best":{"pmid""#).is_err());
    }

    #[test]
    fn a_list_without_an_end_is_cut() {
        let long = format!(r#"{{"links":[{}"x"]}}"#, "\"x\",".repeat(100_000));
        assert_eq!(record(&long).links.len(), MAX_LIST);
    }

    #[test]
    fn json_inside_a_page_is_read_or_left() {
        assert_eq!(parse::<Vec<u8>>("[1,2]"), Some(vec![1, 2]));
        assert_eq!(parse::<Vec<u8>>("[1,2"), None);
        assert_eq!(parse::<Vec<u8>>(&"[".repeat(100_000)), None);
    }
}
