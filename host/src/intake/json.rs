//! Works as JSON objects: our own shape with its shorthand, and telling it from
//! OpenAlex's.

use paperfall_identifiers::printable;
use serde_json::{Map, Value};

use super::draft::{Draft, Field};
use super::{Format, ReadWork, WorkError, openalex};

/// A JSON object, as serde_json holds it.
pub(super) type Object = Map<String, Value>;

/// Reads one work from a text that is one JSON object.
pub(super) fn read_work(text: &str) -> Result<ReadWork, WorkError> {
    match parse(text)? {
        Value::Object(object) => work_from(&object),
        other => Err(not_an_object(&other)),
    }
}

/// Parses a JSON text; the error names the place in it.
pub(super) fn parse(text: &str) -> Result<Value, WorkError> {
    serde_json::from_str(text).map_err(|error| {
        WorkError::new(
            format!("it is not JSON ({error})"),
            "write one object a line, such as {\"doi\":\"10.7717/peerj.4375\"}",
        )
    })
}

/// Whether a text is the beginning of some JSON that goes on.
pub(super) fn is_cut_off(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_err_and(|error| error.is_eof())
}

/// The works of one JSON line: of an object, of a list of them, or of an
/// OpenAlex API answer, which lists them under `results`.
pub(super) fn works(value: Value, format: Format) -> Vec<Result<ReadWork, WorkError>> {
    entries(value)
        .iter()
        .map(|entry| match (entry, format) {
            (Value::Object(object), Format::OpenAlex) => openalex::work_from(object),
            (Value::Object(object), _) => work_from(object),
            (other, _) => Err(not_an_object(other)),
        })
        .collect()
}

/// The objects among the entries of one JSON line.
pub(super) fn objects(value: Value) -> Vec<Object> {
    let object = |entry| match entry {
        Value::Object(object) => Some(object),
        _ => None,
    };
    entries(value).into_iter().filter_map(object).collect()
}

fn entries(value: Value) -> Vec<Value> {
    match value {
        Value::Array(entries) => entries,
        Value::Object(mut object) => match object.get_mut("results").map(Value::take) {
            Some(Value::Array(entries)) => entries,
            _ => vec![Value::Object(object)],
        },
        other => vec![other],
    }
}

/// Reads one work from an object of either shape.
fn work_from(object: &Object) -> Result<ReadWork, WorkError> {
    if openalex::looks_like(object) {
        openalex::work_from(object)
    } else {
        own_work_from(object)
    }
}

/// The error for JSON that is no object.
fn not_an_object(value: &Value) -> WorkError {
    let what = match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    WorkError::new(
        format!("it is {what}, not an object"),
        "write one object a line, such as {\"doi\":\"10.7717/peerj.4375\"}",
    )
}

/// Our own shape: `identifiers`, `pdf_urls`, `landing_urls`, and every field of
/// a CSV header as shorthand. Unknown fields are ignored.
fn own_work_from(object: &Object) -> Result<ReadWork, WorkError> {
    let mut draft = Draft::default();
    // The named list goes first: shorthand only fills its gaps.
    match object.get("identifiers") {
        Some(Value::Object(identifiers)) => {
            for (scheme, value) in identifiers {
                for text in texts(&mut draft, scheme, value) {
                    match Field::named(scheme) {
                        Some(field @ (Field::Scheme(_) | Field::Url)) => {
                            draft.field(field, scheme, &text);
                        }
                        _ => draft.other_identifier(scheme, &text),
                    }
                }
            }
        }
        Some(Value::Null) | None => {}
        Some(_) => draft.fault(WorkError::new(
            "identifiers: it is not an object",
            "write {\"identifiers\":{\"doi\":\"10.7717/peerj.4375\"}}",
        )),
    }
    for (name, value) in object {
        let field = match name.as_str() {
            "pdf_urls" => Some(Field::PdfUrl),
            "landing_urls" => Some(Field::LandingUrl),
            _ => Field::named(name),
        };
        if let Some(field) = field {
            for text in texts(&mut draft, name, value) {
                draft.field(field, name, &text);
            }
        }
    }
    draft.finish()
}

/// The text or texts of a value; numbers count as texts, null as none.
pub(super) fn texts(draft: &mut Draft, name: &str, value: &Value) -> Vec<String> {
    let values = match value {
        Value::Array(values) => values.as_slice(),
        single => std::slice::from_ref(single),
    };
    let mut found = Vec::new();
    for value in values {
        match value {
            Value::String(text) => found.push(text.clone()),
            Value::Number(number) => found.push(number.to_string()),
            Value::Null => {}
            _ => draft.fault(WorkError::new(
                format!("{}: it is not a text", printable(name)),
                "write a text or a list of texts",
            )),
        }
    }
    found
}
