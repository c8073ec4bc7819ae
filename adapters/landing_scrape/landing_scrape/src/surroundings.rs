//! Where on its page a link stands. Reference lists, related articles and
//! supplements have PDF links of their own; a page says where they begin by
//! headings, by labels that stand like headings, by the elements around them
//! and by what those are called.

use paperfall_adapter::{Element, Page, urls};

use crate::subject::Subject;
use crate::words;

/// How far around a link its surroundings are looked at, when whatever they
/// are called counts.
const NEAR: usize = 6;
/// How far they are looked at when only a section's own name counts: what
/// encloses half the page has classes that say what the page has.
const FAR: usize = 14;
/// Classes of what encloses only some of a page's links.
const LISTS_AND_SECTIONS: [&str; 7] = ["section", "aside", "ol", "ul", "dl", "table", "article"];
/// Words of the class of a label that is written as a heading.
const HEADINGS: [&str; 5] = ["title", "heading", "header", "head", "headline"];

/// Whose links are to be expected somewhere, the surest place first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// The article's own.
    Own,
    /// The page's margin: also of the journal and of other articles.
    Margin,
    /// Most likely not the article's: navigation, or below what looks like the
    /// heading of the references.
    Doubtful,
    /// Other people's.
    Others,
}

/// Elements that [`Sections::pass`] has to see, in document order.
pub(crate) const HEADING_TAGS: [&str; 14] = [
    "h1", "h2", "h3", "h4", "h5", "h6", "b", "strong", "dt", "summary", "legend", "div", "p",
    "span",
];

/// The section that a place of the page belongs to, by the headings before it.
#[derive(Debug, Default)]
pub(crate) struct Sections {
    /// The level of the heading since which the links are other people's.
    since: Option<u8>,
    /// The tag of the label since which they most likely are.
    label: Option<String>,
    /// Whether the article's title has been passed.
    is_titled: bool,
    /// What the last heading says.
    heading: String,
}

impl Sections {
    /// Passes a heading, or what may be one.
    pub(crate) fn pass(&mut self, element: &Element<'_>, subject: &Subject) {
        if let Some(level) = level_of(element) {
            self.label = None;
            let text = element.text();
            self.heading.clone_from(&text);
            // Above its title stands the section of the journal the article is
            // in: `Notes`, `Reviews`.
            if !self.is_titled && subject.is_titled(&text) {
                self.is_titled = true;
                self.since = None;
                return;
            }
            if self.since.is_none_or(|since| level <= since) {
                // The greatest heading is most often a title, which may begin
                // or go on with any word.
                let begins = if level == 1 {
                    words::are_another_section(&text)
                } else {
                    words::head_another_section(&text)
                        || words::mention_another_section(&text, &subject.about)
                };
                self.since = begins.then_some(level);
            }
            return;
        }
        let tag = element.tag();
        let is_of_series = matches!(tag, "dt" | "summary" | "legend");
        if !is_of_series && !looks_like_a_heading(element) {
            return;
        }
        let text = element.text();
        if words::head_another_section(&text) && !is_a_links(element) {
            if is_of_series || element.stands_alone() {
                self.label = Some(tag.to_owned());
            }
        } else if is_of_series && self.label.as_deref() == Some(tag) && !text.is_empty() {
            // Bold names and volumes stand in reference lists as well: only
            // what comes in a series is ended by the next of its kind.
            self.label = None;
        }
    }

    /// Whether the last heading is that of what comes with the article or of
    /// other articles. References are no such: documents shown in a page stand
    /// behind all of its text.
    pub(crate) fn is_of_other_documents(&self, subject: &Subject) -> bool {
        self.place() == Place::Others && words::are_other_documents(&self.heading, &subject.about)
    }

    /// Whose links stand here, as far as headings say.
    pub(crate) fn place(&self) -> Place {
        match (self.since, &self.label) {
            (Some(_), _) => Place::Others,
            (None, Some(_)) => Place::Doubtful,
            (None, None) => Place::Own,
        }
    }
}

/// The level of a heading.
fn level_of(element: &Element<'_>) -> Option<u8> {
    element.tag().strip_prefix('h')?.parse().ok()
}

fn looks_like_a_heading(element: &Element<'_>) -> bool {
    matches!(element.tag(), "b" | "strong")
        || element.words("class").any(|class| {
            words::split(&class.to_ascii_lowercase()).any(|word| HEADINGS.contains(&word))
        })
}

/// Whether an entry of a menu, not a heading.
fn is_a_links(element: &Element<'_>) -> bool {
    element.elements(&["a", "button"]).next().is_some()
        || element
            .ancestors()
            .take(NEAR)
            .any(|around| matches!(around.tag(), "a" | "button" | "nav"))
}

/// What ends `-footer` in the class of a part of the article's own.
const PARTS_WITH_FOOTERS: [&str; 12] = [
    "card", "panel", "entry", "article", "post", "item", "box", "tile", "record", "paper", "media",
    "file",
];

/// The names of a class or id without those of an article's own parts, which
/// have words of other people's places: a card's footer, the files related to
/// a record.
fn without_own_parts(names: &str) -> String {
    let is_own = |name: &&str| {
        let name = name.to_ascii_lowercase();
        let words: Vec<&str> = words::split(&name).collect();
        match words.as_slice() {
            [.., part, "footer"] => PARTS_WITH_FOOTERS.contains(part),
            all => all
                .windows(2)
                .any(|pair| matches!(pair, ["related", "files"])),
        }
    };
    let others: Vec<&str> = names
        .split_ascii_whitespace()
        .filter(|name| !is_own(name))
        .collect();
    others.join(" ")
}

/// Whose links stand where this one stands, as far as the elements around it
/// say.
pub(crate) fn around(link: &Element<'_>) -> Place {
    std::iter::once(*link)
        .chain(link.ancestors().take(FAR))
        .enumerate()
        .take_while(|(_, place)| !matches!(place.tag(), "body" | "html" | "main"))
        .map(|(distance, place)| whose(&place, distance))
        .max()
        .unwrap_or(Place::Own)
}

fn whose(place: &Element<'_>, distance: usize) -> Place {
    let is_called = |name: &str| {
        place
            .attr(name)
            .is_some_and(|names| words::are_another_place(&without_own_parts(names)))
    };
    let is_headed = |name: &str| place.attr(name).is_some_and(words::head_another_section);
    let class_counts = distance <= NEAR || LISTS_AND_SECTIONS.contains(&place.tag());
    // A link's own label says what it leads to.
    let is_labelled = distance > 0
        && (is_headed("aria-label") || is_headed("data-title") || is_called("aria-labelledby"));
    // What a template holds is not on the page, unless it is a shadow's.
    let is_inert = place.tag() == "template" && place.attr("shadowrootmode").is_none();
    let is_the_pages_footer =
        place.tag() == "footer" && !place.ancestors().any(|around| around.tag() == "article");
    if is_the_pages_footer
        || is_inert
        || is_labelled
        || is_called("id")
        || is_called("role")
        || (class_counts && is_called("class"))
    {
        return Place::Others;
    }
    if place.tag() == "nav" {
        return Place::Doubtful;
    }
    let is_margin = place.tag() == "aside"
        || ["class", "id"]
            .iter()
            .any(|name| place.attr(name).is_some_and(words::are_a_margin));
    if is_margin && distance > 0 {
        return Place::Margin;
    }
    Place::Own
}

/// How far around a link the row of its file is looked for.
const ROW: usize = 4;
/// Elements that hold one file of a list, and how many nodes and words they
/// have at most.
const ROWS: [&str; 5] = ["tr", "li", "dd", "td", "p"];
const ROW_NODES: usize = 100;
const ROW_WORDS: usize = 20;

/// Whether the row a link stands in, which leads to no other file, says that
/// its file is another thing: `x9.pdf | Supplementary material | View/Open`.
pub(crate) fn row_is_another_things(page: &Page, link: &Element<'_>, subject: &Subject) -> bool {
    let key = |link: &Element<'_>| {
        let url = link.attr("href").and_then(|href| page.absolute(href));
        url.map(|url| urls::sameness(&url))
    };
    let own = key(link);
    let leads_elsewhere = |row: &Element<'_>| row.elements(&["a"]).any(|other| key(&other) != own);
    link.ancestors()
        .take(ROW)
        .filter(|row| ROWS.contains(&row.tag()) && row.has_at_most(ROW_NODES))
        .take_while(|row| !leads_elsewhere(row))
        .any(|row| {
            let text = row.text();
            words::plain(&text).split(' ').count() <= ROW_WORDS
                && words::are_a_companions(&words::plain(&without_contents(&text)), &subject.about)
        })
}

/// Words of a line with a link at most.
const LINE_WORDS: usize = 12;

/// The short line a link stands in with other words, if with no other link.
pub(crate) fn line(link: &Element<'_>) -> Option<String> {
    let own = link.text();
    let (block, text) = link
        .ancestors()
        .take(ROW)
        .take_while(|block| !matches!(block.tag(), "body" | "html" | "main"))
        .take_while(|block| block.has_at_most(ROW_NODES))
        .map(|block| (block, block.text()))
        .find(|(_, text)| *text != own)?;
    let is_only = block.elements(&["a"]).take(2).count() == 1;
    (is_only && text.split(' ').count() <= LINE_WORDS).then_some(text)
}

/// What stands before what an article has.
const HAVING: [&str; 12] = [
    "with",
    "has",
    "including",
    "includes",
    "incl",
    "mit",
    "inkl",
    "avec",
    "con",
    "com",
    "sisältää",
    "med",
];
/// Words that what it has is told in.
const CONTENTS: usize = 3;
/// What is counted beside it.
const COUNTED: [&str; 10] = [
    "page",
    "pages",
    "pp",
    "figure",
    "figures",
    "table",
    "tables",
    "references",
    "words",
    "plates",
];

/// A text without what it says the article has: `12 pages, 1 appendix`,
/// `published with supplementary data`.
fn without_contents(text: &str) -> String {
    let text = text.to_lowercase();
    let all: Vec<&str> = words::split(&text).collect();
    let is_count = |word: &&str| word.len() <= 3 && word.bytes().all(|byte| byte.is_ascii_digit());
    let counts = all
        .windows(2)
        .any(|pair| matches!(pair, [number, noun] if is_count(number) && COUNTED.contains(noun)));
    let mut kept: Vec<&str> = Vec::new();
    let mut left_out = 0;
    for word in all {
        if HAVING.contains(&word) {
            left_out = CONTENTS;
        } else if counts && is_count(&word) {
            left_out = 1;
        } else if left_out > 0 {
            left_out -= 1;
        } else {
            kept.push(word);
        }
    }
    kept.join(" ")
}
