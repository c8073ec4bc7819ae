//! Two JSON values, and where they differ.

use serde_json::Value;

/// Lines told of one pair; more is noise.
const LINES: usize = 12;
/// Characters told of one value.
const CHARS: usize = 160;

/// The places where `now` differs from `before`, a line each.
pub(super) fn differences(before: &Value, now: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    walk("", before, now, &mut lines);
    let more = lines.len().saturating_sub(LINES);
    if more > 0 {
        lines.truncate(LINES);
        lines.push(format!("and {more} more differences"));
    }
    lines
}

fn walk(place: &str, before: &Value, now: &Value, lines: &mut Vec<String>) {
    match (before, now) {
        (Value::Object(before), Value::Object(now)) => {
            for (key, old) in before {
                let new = now.get(key).unwrap_or(&Value::Null);
                walk(&under(place, key), old, new, lines);
            }
            for (key, new) in now.iter().filter(|(key, _)| !before.contains_key(*key)) {
                walk(&under(place, key), &Value::Null, new, lines);
            }
        }
        (Value::Array(before), Value::Array(now)) => {
            let longer = before.len().max(now.len());
            for index in 0..longer {
                let old = before.get(index).unwrap_or(&Value::Null);
                let new = now.get(index).unwrap_or(&Value::Null);
                walk(&format!("{place}[{index}]"), old, new, lines);
            }
        }
        (before, now) if before == now => {}
        (before, now) => lines.push(format!("{place}: {} → {}", shown(before), shown(now))),
    }
}

fn under(place: &str, key: &str) -> String {
    match place {
        "" => key.to_owned(),
        place => format!("{place}.{key}"),
    }
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => return "nothing".to_owned(),
        value => value.to_string(),
    };
    if text.chars().count() <= CHARS {
        return text;
    }
    let cut: String = text.chars().take(CHARS).collect();
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_difference_has_its_place() {
        let before = json!({"a": [1, {"b": "x"}], "gone": true, "same": [1]});
        let now = json!({"a": [1, {"b": "y"}, 3], "new": null, "same": [1]});
        assert_eq!(
            differences(&before, &now),
            [
                "a[1].b: \"x\" → \"y\"",
                "a[2]: nothing → 3",
                "gone: true → nothing"
            ]
        );
        assert_eq!(differences(&before, &before), [""; 0]);
    }

    #[test]
    fn a_flood_of_differences_is_cut() {
        let list = |n: i32| Value::from((0..100).map(|i| i * n).collect::<Vec<_>>());
        let lines = differences(&list(1), &list(2));
        assert_eq!(lines.len(), LINES + 1);
        assert_eq!(
            lines.last().map(String::as_str),
            Some("and 87 more differences")
        );
    }
}
