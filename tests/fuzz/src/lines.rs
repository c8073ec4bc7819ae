//! A guest's values written down as text, so that a corpus can be read:
//!
//! ```text
//! candidate https://a.example/x.pdf
//! note two\
//! lines
//! license*2000 by
//! ```
//!
//! A line is a key, perhaps how often its value is repeated, and the value. A
//! backslash at its end takes the line break, and the next line, into the value.

/// The longest value made by repeating, in bytes.
const VALUE_MAX_BYTES: usize = 16 * 1024;

/// The keys and values of an input.
pub(crate) fn of(data: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(data);
    let mut values: Vec<(String, String)> = Vec::new();
    let mut goes_on = false;
    for line in text.split('\n') {
        let (line, open) = match line.strip_suffix('\\') {
            Some(line) => (line, true),
            None => (line, false),
        };
        match values.last_mut() {
            Some((_, value)) if goes_on => {
                value.push('\n');
                value.push_str(line);
            }
            _ => values.push(keyed(line)),
        }
        goes_on = open;
    }
    values
}

fn keyed(line: &str) -> (String, String) {
    let (key, value) = line.split_once(' ').unwrap_or((line, ""));
    let (key, times) = match key.split_once('*') {
        Some((key, times)) => (key, times.parse().unwrap_or(1)),
        None => (key, 1),
    };
    let times = times.min(VALUE_MAX_BYTES / value.len().max(1));
    (key.to_owned(), value.repeat(times))
}
