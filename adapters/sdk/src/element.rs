//! One element of a page: its attributes, its text, what is around it.

use scraper::{ElementRef, Node};

/// How much text of one element is looked at, in characters.
const TEXT_CHARS: usize = 400;
/// How many nodes inside it are visited for that: elements without text, one
/// in the other, would otherwise be visited once for each of them.
const TEXT_NODES: usize = 1_000;

/// Elements that begin a line of their own, or end one.
const LINES: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "br",
    "center",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "legend",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
];

/// One element of a [`Page`](crate::Page).
#[derive(Debug, Clone, Copy)]
pub struct Element<'a>(pub(crate) ElementRef<'a>);

impl<'a> Element<'a> {
    /// The tag's name in lower case.
    #[must_use]
    pub fn tag(&self) -> &'a str {
        self.0.value().name()
    }

    /// An attribute's value, entities decoded.
    #[must_use]
    pub fn attr(&self, name: &str) -> Option<&'a str> {
        self.0.value().attr(name)
    }

    /// The words of an attribute such as `rel` or `class`.
    pub fn words(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.attr(name).unwrap_or_default().split_ascii_whitespace()
    }

    /// The beginning of the text inside, white space collapsed.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let texts = self
            .0
            .descendants()
            .take(TEXT_NODES)
            .filter_map(|node| node.value().as_text());
        for word in texts.flat_map(|text| text.split_whitespace()) {
            if text.len() + word.len() > TEXT_CHARS {
                break;
            }
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(word);
        }
        text
    }

    /// All the text inside, as it stands: a script's, for instance.
    #[must_use]
    pub fn contents(&self) -> String {
        self.0.text().collect()
    }

    /// The elements of these tag names (lower case) inside this one.
    pub fn elements(&self, tags: &'a [&'a str]) -> impl Iterator<Item = Element<'a>> {
        self.0
            .descendants()
            .filter_map(ElementRef::wrap)
            .filter(|element| tags.contains(&element.value().name()))
            .map(Element)
    }

    /// Whether no words stand beside this element on its line, as nothing does
    /// beside a heading.
    #[must_use]
    pub fn stands_alone(&self) -> bool {
        if LINES.contains(&self.tag()) {
            return true;
        }
        let (mut before, mut after) = (Beside::Nothing, Beside::Nothing);
        let of_line = self
            .0
            .ancestors()
            .take_while(|around| !begins_a_line(around.value()));
        for node in std::iter::once(*self.0).chain(of_line) {
            if before == Beside::Nothing {
                before = beside(
                    node.prev_siblings()
                        .map(|node| (node.value(), ElementRef::wrap(node))),
                );
            }
            if after == Beside::Nothing {
                after = beside(
                    node.next_siblings()
                        .map(|node| (node.value(), ElementRef::wrap(node))),
                );
            }
        }
        before != Beside::Words && after != Beside::Words
    }

    /// Whether the element itself says that it is not shown.
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        self.attr("hidden").is_some()
            || self.attr("style").is_some_and(|style| {
                let style: String = style.split_whitespace().collect();
                style.to_ascii_lowercase().contains("display:none")
            })
    }

    /// Whether at most this many nodes are inside.
    #[must_use]
    pub fn has_at_most(&self, nodes: usize) -> bool {
        self.0.descendants().nth(nodes + 1).is_none()
    }

    /// The elements around this one, the nearest first.
    pub fn ancestors(&self) -> impl Iterator<Item = Element<'a>> {
        self.0.ancestors().filter_map(ElementRef::wrap).map(Element)
    }
}

/// What stands on one side of a node.
#[derive(PartialEq, Eq)]
enum Beside {
    Nothing,
    Words,
    AnotherLine,
}

/// The siblings on that side, the nearest first, each also as an element if it
/// is one.
fn beside<'a>(siblings: impl Iterator<Item = (&'a Node, Option<ElementRef<'a>>)>) -> Beside {
    for (node, element) in siblings {
        if begins_a_line(node) {
            return Beside::AnotherLine;
        }
        let words = match node {
            Node::Text(text) => text.contains(char::is_alphanumeric),
            _ => element.is_some_and(|element| !Element(element).text().is_empty()),
        };
        if words {
            return Beside::Words;
        }
    }
    Beside::Nothing
}

fn begins_a_line(node: &Node) -> bool {
    node.as_element()
        .is_some_and(|element| LINES.contains(&element.name()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::Page;

    const URL: &str = "https://a.example/articles/1";

    #[test]
    fn a_heading_stands_alone_and_a_label_beside_words() {
        for (html, is) in [
            ("<p><b>References</b></p>", true),
            ("<b>References</b><p>1. Smith", true),
            (
                "<div>1. Smith<br><span><b>References</b>:</span><br>2.</div>",
                true,
            ),
            ("<p>text</p><b>References</b>", true),
            ("<b>References</b>: 42", false),
            ("<p><span><b>References</b></span> 42</p>", false),
            ("<p>See the <b>References</b></p>", false),
            ("<i>Smith</i> <b>References</b>", false),
        ] {
            let page = Page::parse(html, URL);
            let bold = page.elements(&["b"]).next().unwrap();
            assert_eq!(bold.stands_alone(), is, "{html}");
        }
    }

    #[test]
    fn an_elements_text_is_collapsed_and_bounded() {
        let page = Page::parse(
            &format!("<a> Full\n <b>text</b> {}</a>", "x".repeat(9999)),
            URL,
        );
        assert_eq!(page.elements(&["a"]).next().unwrap().text(), "Full text");
    }

    #[test]
    fn what_stands_inside_an_element_is_reached() {
        let page = Page::parse(
            "<a href=/x><span><img alt=PDF></span></a><script type=application/json>{\"a\": 1}</script>",
            URL,
        );
        let link = page.elements(&["a"]).next().unwrap();
        let image = link.elements(&["img"]).next().unwrap();
        assert_eq!(image.attr("alt"), Some("PDF"));
        let script = page.elements(&["script"]).next().unwrap();
        assert_eq!(script.contents(), "{\"a\": 1}");
        assert!(link.has_at_most(2) && !link.has_at_most(1));
    }
}
