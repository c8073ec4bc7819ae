//! Judges a value by a JSON schema, as far as the events' schemas go: any
//! keyword beyond that is itself a fault, so a schema cannot ask in vain.

use serde_json::Value;

/// What is wrong with `value`, and which of its fields the schema does not name.
pub(super) fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    judge("", schema, value, &mut faults);
    faults
}

fn judge(at: &str, schema: &Value, value: &Value, faults: &mut Vec<String>) {
    for (keyword, asked) in schema.as_object().expect("a schema is an object") {
        let holds = match keyword.as_str() {
            "$schema" | "title" | "description" => true,
            "type" => match asked.as_str().unwrap() {
                "object" => value.is_object(),
                "string" => value.is_string(),
                "number" => value.is_number(),
                "integer" => value.is_i64() || value.is_u64(),
                _ => false,
            },
            "const" => value == asked,
            "enum" => asked.as_array().unwrap().contains(value),
            "minimum" => value.as_f64() >= asked.as_f64(),
            "maximum" => value.as_f64() <= asked.as_f64(),
            "minLength" => {
                value.as_str().map_or(0, |text| text.chars().count() as u64)
                    >= asked.as_u64().unwrap()
            }
            "pattern" => matches(asked.as_str().unwrap(), value.as_str().unwrap_or_default()),
            "required" => asked.as_array().unwrap().iter().all(|name| {
                let there = value.get(name.as_str().unwrap()).is_some();
                if !there {
                    faults.push(format!("{at}: no {name}"));
                }
                there
            }),
            "properties" => {
                for (name, field) in value.as_object().into_iter().flatten() {
                    match asked.get(name) {
                        Some(schema) => judge(&format!("{at}/{name}"), schema, field, faults),
                        None => faults.push(format!("{at}/{name}: the schema does not name it")),
                    }
                }
                true
            }
            _ => false,
        };
        if !holds {
            faults.push(format!("{at}: {value} against {keyword}: {asked}"));
        }
    }
}

/// The little of regular expressions that the schemas use: anchors, literals,
/// `[…]` sets of characters and ranges, `\.`, and `{n}` or `{n,m}` behind them.
fn matches(pattern: &str, text: &str) -> bool {
    let inner = pattern
        .strip_prefix('^')
        .and_then(|rest| rest.strip_suffix('$'))
        .expect("patterns are anchored");
    let mut pattern = inner.chars().peekable();
    let mut text = text.chars().peekable();
    while let Some(next) = pattern.next() {
        let set: Vec<(char, char)> = match next {
            '[' => {
                let inside: Vec<char> = pattern.by_ref().take_while(|c| *c != ']').collect();
                let mut set = Vec::new();
                let mut i = 0;
                while i < inside.len() {
                    if inside.get(i + 1) == Some(&'-') && i + 2 < inside.len() {
                        set.push((inside[i], inside[i + 2]));
                        i += 3;
                    } else {
                        set.push((inside[i], inside[i]));
                        i += 1;
                    }
                }
                set
            }
            '\\' => pattern.next().map(|c| (c, c)).into_iter().collect(),
            c => vec![(c, c)],
        };
        let (least, most) = if pattern.next_if_eq(&'{').is_some() {
            let counts: String = pattern.by_ref().take_while(|c| *c != '}').collect();
            let (least, most) = counts.split_once(',').unwrap_or((&counts, &counts));
            (least.parse().unwrap(), most.parse().unwrap())
        } else {
            (1, 1)
        };
        let mut count = 0;
        while count < most
            && text
                .next_if(|c| set.iter().any(|(from, to)| (from..=to).contains(&c)))
                .is_some()
        {
            count += 1;
        }
        if count < least {
            return false;
        }
    }
    text.next().is_none()
}

#[test]
fn the_checker_finds_every_kind_of_fault() {
    let schema = serde_json::json!({
        "type": "object",
        "properties": {
            "a": {"type": "integer", "minimum": 1, "maximum": 9},
            "b": {"type": "string", "pattern": "^[0-9a-f]{2,4}-x\\.$", "minLength": 5},
            "c": {"enum": ["X", "Y"]},
        },
        "required": ["a"],
    });
    let good = serde_json::json!({"a": 3, "b": "0f9-x.", "c": "X"});
    assert_eq!(faults(&schema, &good), Vec::<String>::new());
    for bad in [
        serde_json::json!({}),
        serde_json::json!({"a": 0}),
        serde_json::json!({"a": 10}),
        serde_json::json!({"a": 1.5}),
        serde_json::json!({"a": "1"}),
        serde_json::json!({"a": 1, "b": "0-x."}),
        serde_json::json!({"a": 1, "b": "0g-x."}),
        serde_json::json!({"a": 1, "b": "0f-xx"}),
        serde_json::json!({"a": 1, "b": "0f-x.."}),
        serde_json::json!({"a": 1, "c": "Z"}),
        serde_json::json!({"a": 1, "d": 1}),
    ] {
        assert_ne!(faults(&schema, &bad), Vec::<String>::new(), "{bad}");
    }
    let unknown = serde_json::json!({"format": "date-time"});
    assert_ne!(faults(&unknown, &good), Vec::<String>::new());
}
