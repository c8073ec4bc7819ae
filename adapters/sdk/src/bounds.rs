//! How much of a page is parsed. The parser's time grows with the number of
//! tags times the depth of their nesting, its memory with the number of
//! elements, and a `<b>` left open becomes an element of every paragraph after
//! it. A page made to exploit that is read as far as it is harmless.

use std::collections::BTreeMap;

/// Elements of a page that are read. Articles have some ten thousand; a page
/// made of tags only would need ten times its size in memory.
const MAX_ELEMENTS: usize = 100_000;
/// Elements that may be open at once. Browsers stop nesting at 512.
const MAX_OPEN: usize = 1_000;
/// Characters by which two tags are told apart.
const TOLD_APART: usize = 120;
/// How far a tag's end is looked for, in bytes.
const MAX_TAG_BYTES: usize = 2_000;

/// Elements that never nest: without content, or ended by the next of their
/// kind.
const FLAT: &[&str] = &[
    "a", "area", "base", "body", "br", "col", "dd", "dt", "embed", "frame", "head", "hr", "html",
    "img", "input", "li", "link", "meta", "optgroup", "option", "p", "param", "rp", "rt", "source",
    "tbody", "td", "tfoot", "th", "thead", "tr", "track", "wbr",
];
/// Those of them that have content.
const BLOCKS: &[&str] = &["dd", "dt", "li", "p", "td", "th", "tr"];
/// Elements that the parser opens again in every block until they are ended,
/// three at most that look the same.
const FORMATTING: &[&str] = &[
    "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
];
const MOST_ALIKE: usize = 3;
/// Elements whose content is text, whatever it looks like.
const TEXTUAL: &[&str] = &[
    "script", "style", "textarea", "title", "iframe", "noframes", "xmp",
];

/// The beginning of a page that is parsed: all of it, unless it is harmful.
pub(crate) fn readable(text: &str) -> &str {
    let mut at = 0;
    let mut open = Open::default();
    let mut elements: usize = 0;
    loop {
        let Some(start) = find(text, at, "<") else {
            return text;
        };
        let rest = text.get(start + 1..).unwrap_or_default();
        at = start + 1;
        if rest.starts_with("!--") {
            at = find(text, at, "-->").unwrap_or(text.len());
            continue;
        }
        let (is_end, rest) = match rest.strip_prefix('/') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let Some(name) = name_of(rest).map(str::to_ascii_lowercase) else {
            continue;
        };
        if !is_end {
            elements += 1 + open.formatting.len();
        }
        if elements > MAX_ELEMENTS {
            return text.get(..start).unwrap_or(text);
        }
        if FLAT.contains(&name.as_str()) {
            if BLOCKS.contains(&name.as_str()) {
                open.new_block();
            }
            continue;
        }
        if is_end {
            open.end(&name);
        } else if TEXTUAL.contains(&name.as_str()) {
            at = find_end(text, at, &name).unwrap_or(text.len());
        } else if !(open.is_drawing() && is_closed(rest)) {
            if open.depth() >= MAX_OPEN {
                return text.get(..start).unwrap_or(text);
            }
            open.start(name, rest);
        }
    }
}

/// The elements that are open, by their names. An end tag that ends nothing
/// counts for nothing.
#[derive(Default)]
struct Open {
    containers: usize,
    by_name: BTreeMap<String, usize>,
    /// Open since the last block began or ended.
    formats: usize,
    /// Names and beginnings of the tags that every block opens again.
    formatting: Vec<(String, String)>,
}

impl Open {
    fn depth(&self) -> usize {
        self.containers + self.formats
    }

    fn start(&mut self, name: String, tag: &str) {
        if !FORMATTING.contains(&name.as_str()) {
            self.containers += 1;
            *self.by_name.entry(name).or_default() += 1;
            return;
        }
        self.formats += 1;
        let tag: String = tag
            .chars()
            .take(TOLD_APART)
            .take_while(|c| *c != '>')
            .collect();
        let alike = self.formatting.iter().filter(|known| known.1 == tag);
        if alike.count() < MOST_ALIKE {
            self.formatting.push((name, tag));
        }
    }

    fn end(&mut self, name: &str) {
        if let Some(at) = self.formatting.iter().rposition(|known| known.0 == name) {
            self.formatting.remove(at);
            self.formats = self.formats.saturating_sub(1);
        }
        if let Some(count) = self.by_name.get_mut(name).filter(|count| **count > 0) {
            *count -= 1;
            self.containers = self.containers.saturating_sub(1);
            self.new_block();
        }
    }

    /// What was left open inside the block before is closed with it, and what
    /// is on the list opened again.
    fn new_block(&mut self) {
        self.formats = self.formatting.len();
    }

    /// In drawings and formulas a tag may close itself.
    fn is_drawing(&self) -> bool {
        ["svg", "math"]
            .iter()
            .any(|name| self.by_name.get(*name).is_some_and(|count| *count > 0))
    }
}

/// Whether a tag ends in `/>`.
fn is_closed(tag: &str) -> bool {
    let mut before = 0;
    for byte in tag.bytes().take(MAX_TAG_BYTES) {
        if byte == b'>' {
            return before == b'/';
        }
        before = byte;
    }
    false
}

fn find(text: &str, from: usize, what: &str) -> Option<usize> {
    text.get(from..)?.find(what).map(|at| from + at)
}

/// Where the end tag of a textual element begins or, for the tags after it to
/// be seen, ends.
fn find_end(text: &str, from: usize, name: &str) -> Option<usize> {
    let mut at = from;
    loop {
        let start = find(text, at, "</")?;
        at = start + 2;
        let named = text.get(at..at + name.len())?;
        if named.eq_ignore_ascii_case(name) {
            return Some(at);
        }
    }
}

/// A tag's name: letters first.
fn name_of(rest: &str) -> Option<&str> {
    let end = rest
        .bytes()
        .position(|byte| !byte.is_ascii_alphanumeric())
        .unwrap_or(rest.len());
    let name = rest.get(..end)?;
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        .then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_page_is_read_whole_however_carelessly_it_is_written() {
        let page = format!(
            "<!DOCTYPE html><html><!-- {} --><script>if(i<a.length){{{}}}</script>{}<ul>{}</ul>é",
            "<div>".repeat(5_000),
            "i<b;".repeat(5_000),
            "<div><p>text<br><img src=x></div>".repeat(5_000),
            "<li><span>x</span><svg><path d=m/><g/></svg>".repeat(5_000),
        );
        assert!(readable(&page) == page);
    }

    #[test]
    fn what_nests_too_deep_is_cut_where_it_does() {
        let page = format!("<p>kept</p>{}", "<DIV class=x>".repeat(5_000));
        let read = readable(&page);
        assert!(read.starts_with("<p>kept</p>"));
        assert_eq!(read.matches("<DIV").count(), MAX_OPEN);
    }

    #[test]
    fn end_tags_of_nothing_hide_no_nesting() {
        for unit in [
            "<span></b>",
            "<span></p>",
            "<x/>",
            "<b><br>",
            "<b id=x></i>",
        ] {
            let read = readable(&unit.repeat(5_000)).len();
            assert!(read <= unit.len() * (MAX_OPEN + 1), "{unit}");
        }
    }

    #[test]
    fn after_a_hundred_thousand_elements_the_rest_is_left() {
        let page = "<br>".repeat(300_000);
        assert_eq!(readable(&page).len(), "<br>".len() * MAX_ELEMENTS);
    }

    #[test]
    fn formatting_left_open_counts_in_every_block_after_it() {
        let open: String = (0..500).map(|n| format!("<b id={n}>")).collect();
        let page = format!("<p>{open}</p>{}", "<p>x</p>".repeat(50_000));
        assert!(readable(&page).len() < page.len() / 50);
        // Careless pages leave the same one open again and again.
        let careless = "<p><font size=2>x".repeat(10_000);
        assert!(readable(&careless) == careless);
    }

    #[test]
    fn unfinished_and_foreign_text_ends_nowhere_else_than_at_its_end() {
        for text in [
            "",
            "<",
            "</",
            "<é",
            "<!--",
            "<script>",
            "<script></scriptx",
            "<title",
            "a < b </",
        ] {
            assert_eq!(readable(text), text);
        }
    }
}
