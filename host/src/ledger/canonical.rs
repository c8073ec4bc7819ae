//! JSON as DocsToKG hashes it: sorted keys, no white space, every character
//! outside printable ASCII as `\uXXXX` (surrogates for astral ones), floats as
//! Python writes them. Two equal values have the same text on every machine.

use serde_json::{Number, Value};

/// The canonical text of an object.
pub(super) fn object_text<'v>(fields: impl Iterator<Item = (&'v str, &'v Value)>) -> String {
    let mut out = String::with_capacity(256);
    write_object(&mut out, fields);
    out
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(out, number),
        Value::String(text) => write_text(out, text),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_value(out, item);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            write_object(
                out,
                fields.iter().map(|(name, value)| (name.as_str(), value)),
            );
        }
    }
}

fn write_object<'v>(out: &mut String, fields: impl Iterator<Item = (&'v str, &'v Value)>) {
    // Strings order by code point here as they do in Python.
    let mut sorted: Vec<_> = fields.collect();
    sorted.sort_by(|a, b| a.0.cmp(b.0));
    out.push('{');
    for (index, (name, value)) in sorted.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_text(out, name);
        out.push(':');
        write_value(out, value);
    }
    out.push('}');
}

/// A string in quotes.
pub(super) fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
}

fn write_number(out: &mut String, number: &Number) {
    match number.as_f64() {
        Some(float) if number.is_f64() => out.push_str(&float_as_python(float)),
        _ => out.push_str(&number.to_string()),
    }
}

/// The shortest digits that give the float back, in Python's layout: plain
/// between 1e-4 and 1e16, with an exponent of at least two digits outside.
fn float_as_python(float: f64) -> String {
    let shortest = format!("{float:e}");
    let exponent = shortest
        .split_once('e')
        .and_then(|(_, exponent)| exponent.parse::<i32>().ok())
        .unwrap_or(0);
    if (-4..16).contains(&exponent) {
        return format!("{float:?}");
    }
    let mantissa = shortest.split('e').next().unwrap_or_default();
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_look_as_python_writes_them() {
        for (float, text) in [
            (1.5, "1.5"),
            (1.0, "1.0"),
            (0.0001, "0.0001"),
            (0.000_01, "1e-05"),
            (-2.5e-7, "-2.5e-07"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.25e100, "1.25e+100"),
            (0.0, "0.0"),
            (-0.0, "-0.0"),
        ] {
            assert_eq!(float_as_python(float), text);
        }
    }
}
