//! Guessing which of a page's links is its PDF.
//!
//! A wrong paper is worse than none: a link has to look like a full text, must
//! not look like anything else (a supplement, a figure, a reference, an older
//! version), and must stand out: by the work's DOI or title, by the id the
//! site gave the article, or by being the only one of its kind. A page with
//! many equal PDF links is an index, and none of them is taken.

use std::collections::{BTreeMap, BTreeSet};

use paperfall_adapter::{Element, Page, urls};

use crate::address;
use crate::extract::Named;
use crate::full_text::{self, Said};
use crate::lexicon::CHAPTERS;
use crate::names;
use crate::subject::Subject;
use crate::surroundings::{self, HEADING_TAGS, Place, Sections};
use crate::words::{self, Label};

/// PDF links that are compared; a page with more is an index, in which only a
/// link that names the work is of interest.
const MAX_LINKS: usize = 200;
/// Addresses that are remembered for being something else.
const MAX_OTHERS: usize = 1_000;
/// Files of one article that are proposed: its languages.
const MAX_FILES: usize = 3;

/// How plainly a link says what it is, from its kind and its looks.
const NAMES_THE_WORK: u8 = 56;
const HAS_ITS_ID: u8 = 44;
const SAYS_FULL_TEXT: u8 = 32;
const LOOKS_LIKE_PDF: u8 = 16;
const TYPED_AS_PDF: u8 = 5;
const PDF_PATH: u8 = 4;
const MENTIONS_PDF: u8 = 2;

/// A link that may be the PDF.
#[derive(Debug)]
struct Link {
    url: String,
    kind: u8,
    score: u8,
    full_text: bool,
    /// Whether words beside it may make its file another.
    is_doubted: bool,
    /// Which of the page's links it is.
    at: usize,
    /// The language it says the file is in.
    language: Option<String>,
}

/// The links that may be the page's PDF. `plainly` says that the page's
/// metadata names one: then links are only a second choice, and only those
/// that say in so many words that they are the full text.
pub(crate) fn pdfs(page: &Page, subject: &Subject, plainly: bool) -> Vec<Named> {
    if address::is_home(page.url()) {
        return Vec::new();
    }
    let (links, rival) = collect(page, subject);
    let Some(best) = links.iter().map(|link| link.kind).max() else {
        return Vec::new();
    };
    let mut of_best: Vec<Link> = links
        .into_iter()
        .filter(|link| link.kind == best && (link.full_text || !plainly))
        .collect();
    if of_best.iter().any(|link| link.full_text) {
        of_best.retain(|link| link.full_text);
    }
    names::leave_out_parts(&mut of_best, |link| &link.url);
    let mut files = without_viewers(by_file(of_best));
    let in_languages = are_in_languages(&files, best);
    let is_named = best == NAMES_THE_WORK;
    let stands_out = match files.len() {
        _ if !is_named && (subject.is_index() || subject.about.is_anothers()) => false,
        // Titles in two languages, too, look like a list, but the site's id is
        // this article's.
        _ if best < HAS_ITS_ID && subject.about.is_list() => false,
        0 => false,
        1 => {
            let mut of_file = files.iter().flatten();
            let is_rivalled = |link: &Link| rival.is_some_and(|rival| rival < link.at);
            best >= HAS_ITS_ID || !of_file.all(|link| link.is_doubted && is_rivalled(link))
        }
        several => {
            is_named && several <= MAX_FILES
                || best >= SAYS_FULL_TEXT && in_languages && several <= MAX_FILES
        }
    };
    if !stands_out {
        return Vec::new();
    }
    files.iter_mut().flatten().flat_map(named).collect()
}

/// Whether files are one article in several languages: each says which, save
/// perhaps one in the journal's own where the site names the article by its id;
/// elsewhere no two may say the same.
fn are_in_languages(files: &[Vec<Link>], kind: u8) -> bool {
    let of_file = |links: &Vec<Link>| links.iter().find_map(|link| link.language.clone());
    let languages: Vec<Option<String>> = files.iter().map(of_file).collect();
    let distinct: BTreeSet<&String> = languages.iter().flatten().collect();
    let nameless = languages
        .iter()
        .filter(|language| language.is_none())
        .count();
    if kind >= HAS_ITS_ID {
        nameless == 0 || (nameless == 1 && !distinct.is_empty())
    } else {
        nameless == 0 && distinct.len() == files.len()
    }
}

/// The files without those whose address is the beginning of another's: a
/// viewer of it.
fn without_viewers(mut files: Vec<Vec<Link>>) -> Vec<Vec<Link>> {
    let of = |links: &Vec<Link>| links.first().map(|link| address::essence(&link.url).0);
    let all: Vec<String> = files.iter().filter_map(of).collect();
    let holds = |one: &str, other: &str| {
        other
            .strip_prefix(one)
            .is_some_and(|rest| rest.starts_with('/'))
    };
    if let [one, other] = all.as_slice() {
        let viewer = match (holds(one, other), holds(other, one)) {
            (true, _) => one.clone(),
            (_, true) => other.clone(),
            _ => return files,
        };
        files.retain(|links| of(links).as_deref() != Some(viewer.as_str()));
    }
    files
}

/// A link's file, before its viewer where the two are known apart.
fn named(link: &mut Link) -> Vec<Named> {
    let score = link.score;
    let file = address::galley_file(&link.url).map(|url| Named { url, score });
    let url = std::mem::take(&mut link.url);
    file.into_iter().chain([Named { url, score }]).collect()
}

/// The links of each file together, in the order of the page, the best spelling
/// of each first; of several versions of a file only the newest.
fn by_file(links: Vec<Link>) -> Vec<Vec<Link>> {
    let mut order: Vec<String> = Vec::new();
    let mut files: BTreeMap<String, (Option<u16>, Vec<Link>)> = BTreeMap::new();
    for link in links {
        let (essence, version) = address::essence(&link.url);
        if !files.contains_key(&essence) {
            order.push(essence.clone());
        }
        let (newest, links) = files.entry(essence).or_insert((version, Vec::new()));
        if version > *newest {
            *newest = version;
            links.clear();
        }
        if version == *newest {
            links.push(link);
        }
    }
    order
        .iter()
        .filter_map(|essence| files.remove(essence))
        .map(|(_, mut links)| {
            links.sort_by_key(|link| std::cmp::Reverse(link.score));
            links
        })
        .collect()
}

/// What is thought of one link.
enum Judged {
    /// It may be the PDF.
    Maybe(Link),
    /// It says that its address is something else's.
    SaysOther(String),
    /// It looks like a PDF where the article's own stand, and is called by
    /// words that are not known.
    Rival,
    /// It is not of interest.
    Passed,
}

/// The page's links that look like a PDF of the article, each address once, and
/// where its first rival stands. A file that one of its links calls something
/// else is that, whatever its other links say: its name, then a button.
fn collect(page: &Page, subject: &Subject) -> (Vec<Link>, Option<usize>) {
    let mut rival: Option<usize> = None;
    let mut links: Vec<Link> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut others: BTreeSet<String> = BTreeSet::new();
    let mut sections = Sections::default();
    let tags: Vec<&str> = ["a", "area"].into_iter().chain(HEADING_TAGS).collect();
    for (at, element) in page.elements(&tags).enumerate() {
        if !matches!(element.tag(), "a" | "area") {
            sections.pass(&element, subject);
            continue;
        }
        if element.is_hidden() {
            continue;
        }
        let link = match judge(page, subject, &element, sections.place()) {
            Judged::Maybe(link) => Link { at, ..link },
            Judged::Rival => {
                rival = rival.or(Some(at));
                continue;
            }
            Judged::SaysOther(url) => {
                if others.len() < MAX_OTHERS {
                    others.insert(urls::sameness(&url));
                }
                continue;
            }
            Judged::Passed => continue,
        };
        let key = urls::sameness(&link.url);
        if let Some(known) = places.get(&key).and_then(|at| links.get_mut(*at)) {
            known.kind = known.kind.max(link.kind);
            known.score = known.score.max(link.score);
            known.full_text |= link.full_text;
            known.is_doubted &= link.is_doubted;
            known.language = known.language.take().or(link.language);
            continue;
        }
        let most = match link.kind {
            NAMES_THE_WORK => 2 * MAX_LINKS,
            _ => MAX_LINKS,
        };
        if links.len() < most {
            places.insert(key, links.len());
            links.push(link);
        }
    }
    links.retain(|link| !others.contains(&urls::sameness(&link.url)));
    (links, rival)
}

fn judge(page: &Page, subject: &Subject, link: &Element<'_>, section: Place) -> Judged {
    let Some(url) = link.attr("href").and_then(|href| page.absolute(href)) else {
        return Judged::Passed;
    };
    if !address::are_one_sites(&url, page.url())
        || urls::sameness(&url) == urls::sameness(page.url())
        || address::is_another_things(&url, subject)
        || (subject.is_a_siblings(&url) && !subject.doi_is_in(&url))
        || subject.anothers_doi_is_in(&url)
    {
        return Judged::Passed;
    }
    let labels = words::of_link(link);
    let texts: Vec<&str> = labels.iter().map(|label| label.plain.as_str()).collect();
    let beside_title = labels
        .iter()
        .find_map(|label| subject.beside_title(&label.raw));
    let is_other = match &beside_title {
        // A title may contain any word.
        Some(beside) => words::are_another_things(&beside.text),
        None => texts.iter().any(|text| words::are_another_things(text)),
    };
    let is_a_part = texts
        .iter()
        .flat_map(|text| words::split(text))
        .any(|word| CHAPTERS.contains(&word) && !subject.is_a(word));
    let is_other = is_other || (is_a_part && beside_title.is_none());
    let names_work = beside_title.is_some() || subject.doi_is_in(&url);
    let around = surroundings::around(link);
    let in_others_section = section == Place::Others && beside_title.is_none();
    if is_other && surely_names_its_file(link, &texts) {
        return Judged::SaysOther(url);
    }
    if is_other || in_others_section || around == Place::Others {
        return Judged::Passed;
    }
    let mentions = texts
        .iter()
        .any(|text| text.split(' ').any(|word| word == "pdf"));
    let typed = link.attr("type").is_some_and(|kind| {
        kind.trim()
            .to_ascii_lowercase()
            .starts_with("application/pdf")
    });
    let path = address::is_pdf_path(&url) || address::has_pdf_segment(&url);
    // "Download" and "Full text" alone may be a citation or a web page.
    let shown = looks_like_a_pdfs(link);
    if !(mentions || typed || path || shown) {
        return Judged::Passed;
    }
    let said = full_text::said(&labels, &url, subject);
    let full_text = said == Said::FullText;
    let names_its_file = labels
        .iter()
        .any(|label| label.is_shown && full_text::is_files_name(&label.raw, &url));
    let kind = if names_work {
        NAMES_THE_WORK
    } else if subject.id_is_in(&url) {
        HAS_ITS_ID
    } else if full_text {
        SAYS_FULL_TEXT
    } else {
        LOOKS_LIKE_PDF
    };
    // `PDF` behind a name that is not the paper's is no word of its own.
    let is_own_place = section.max(around) == Place::Own;
    if kind == LOOKS_LIKE_PDF && said == Said::SomethingElse {
        let is_rival = is_own_place && !surroundings::row_is_another_things(page, link, subject);
        return if is_rival {
            Judged::Rival
        } else {
            Judged::Passed
        };
    }
    // Neither is a path alone: so end a site's reports and notices.
    if kind == LOOKS_LIKE_PDF && !(mentions || typed || shown || names_its_file) {
        return Judged::Passed;
    }
    // Nor is a file that merely lies beside the page under another's name.
    if kind == HAS_ITS_ID
        && said == Said::SomethingElse
        && !(mentions || typed || shown)
        && subject.is_in_its_folder(page, &url)
    {
        return Judged::Passed;
    }
    let least = match section.max(around) {
        Place::Own => LOOKS_LIKE_PDF,
        Place::Margin => SAYS_FULL_TEXT,
        Place::Doubtful | Place::Others => HAS_ITS_ID,
    };
    if kind < least {
        return Judged::Passed;
    }
    if surroundings::row_is_another_things(page, link, subject) {
        return Judged::SaysOther(url);
    }
    let looks: u8 = [
        (typed, TYPED_AS_PDF),
        (path, PDF_PATH),
        (mentions, MENTIONS_PDF),
    ]
    .into_iter()
    .filter_map(|(holds, worth)| holds.then_some(worth))
    .sum();
    Judged::Maybe(Link {
        url,
        kind,
        score: kind.saturating_add(looks),
        full_text,
        is_doubted: kind < HAS_ITS_ID && says_more_beside(link, subject),
        at: 0,
        language: link
            .attr("hreflang")
            .map(str::to_lowercase)
            .or_else(|| texts.iter().find_map(|text| words::language_in(text))),
    })
}

/// Whether the line a link stands in, if it is its only one, has words that are
/// not known to mean a full text, nor name the work: `Newsletter: PDF`.
fn says_more_beside(link: &Element<'_>, subject: &Subject) -> bool {
    surroundings::line(link).is_some_and(|line| {
        subject.beside_title(&line).is_none()
            && full_text::said(&[Label::shown(&line)], "", subject) == Said::SomethingElse
    })
}

/// Whether what a link says is said of its whole file: not of a page in it, and
/// not of the picture that stands for it.
fn surely_names_its_file(link: &Element<'_>, texts: &[&str]) -> bool {
    !link.attr("href").is_some_and(|href| href.contains('#'))
        && !link.text().is_empty()
        && !texts
            .iter()
            .any(|text| words::split(text).any(|word| word == "preview"))
}

/// Whether a link is shown as a PDF's, by its class or its picture.
fn looks_like_a_pdfs(link: &Element<'_>) -> bool {
    let says_pdf = |element: &Element<'_>, name: &str| {
        element.attr(name).is_some_and(|value| {
            words::split(&value.to_ascii_lowercase()).any(|word| word == "pdf")
        })
    };
    ["class", "id"].iter().any(|name| says_pdf(link, name))
        || link
            .elements(&["img", "i", "span", "svg", "use"])
            .any(|inside| {
                ["class", "src", "href", "xlink:href"]
                    .iter()
                    .any(|name| says_pdf(&inside, name))
            })
}
