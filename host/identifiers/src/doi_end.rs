//! Where a DOI ends in an address that goes on behind it.
//!
//! Nothing in an address says so: DOIs have slashes, and publishers put views,
//! files, versions and titles behind them. What is known to say how a page is
//! shown is cut off; what else stands there is only believed to be the DOI's
//! own in shapes that registrants are known to use, and else none is learnt:
//! a DOI with something of an address at its end is another's, or nobody's.

use crate::doi::without_prefixes;
use crate::{Doi, paste};

/// Segments behind a DOI that say what is shown of the article.
const VIEWS: &[&str] = &[
    "full",
    "fulltext",
    "fulltext.html",
    "full-text",
    "abstract",
    "html",
    "index.html",
    "pdf",
    "epdf",
    "epub",
    "xml",
    "nlm",
    "summary",
    "meta",
    "metrics",
    "figures",
    "tables",
    "references",
    "citations",
    "related",
    "comments",
    "authors",
    "agency",
];

/// What hangs on the last segment to say the same.
const ENDINGS: &[&str] = &[
    ".pdf+html",
    ".pdf",
    ".html",
    ".htm",
    ".xml",
    ".epub",
    ".full",
    ".full-text",
    ".fulltext",
    ".long",
    ".short",
    ".abstract",
    ".supplementary-material",
    ".figures-only",
    ".article-info",
    ".article-metrics",
];

/// Endings of files that are no paper's.
const OTHER_FILES: &[&str] = &[
    "avi", "bib", "csv", "doc", "docx", "gif", "gz", "jpeg", "jpg", "json", "mov", "mp3", "mp4",
    "png", "ppt", "pptx", "ris", "svg", "tar", "tif", "tiff", "txt", "xls", "xlsx", "zip",
];

/// Words that number a part of an article where a number stands behind them.
const PARTS: &[&str] = &[
    "appendix",
    "asset",
    "attachment",
    "chapter",
    "data",
    "dataset",
    "download",
    "esm",
    "fig",
    "figs",
    "figure",
    "file",
    "image",
    "img",
    "issue",
    "media",
    "mmc",
    "moesm",
    "page",
    "part",
    "s",
    "section",
    "sup",
    "tab",
    "table",
    "v",
    "version",
    "video",
    "vol",
    "volume",
];

/// Registrants whose addresses have the version behind the DOI (bioRxiv,
/// medRxiv); others' versions belong to theirs.
const VERSIONED: &[&str] = &["10.1101/", "10.64898/"];

/// The registrant whose DOIs have their version behind a slash: Research Square.
const VERSION_BEHIND_SLASH: &str = "10.21203/";

/// The registrant whose parts of an article have DOIs of their own: PLOS.
const PLOS: &str = "10.1371/";

/// The DOI where nothing but views can stand behind it: in the path of a
/// service that is asked by DOI, in a query.
pub(crate) fn exact(text: &str) -> Option<Doi> {
    let mut doi = Doi::parse(cut(text)).ok()?;
    // What ended in a bracket or a full stop may show a view without it.
    loop {
        let shorter = cut(doi.as_str());
        if shorter.len() == doi.as_str().len() {
            break;
        }
        doi = Doi::parse(shorter).ok()?;
    }
    (text.starts_with("10.") && !is_doubtful(doi.as_str())).then_some(doi)
}

/// The same behind a label or a resolver's address (`doi:`,
/// `https://doi.org/`).
pub(crate) fn labelled(text: &str) -> Option<Doi> {
    exact(without_prefixes(text.trim()).0)
}

/// The DOI where anything may stand behind it: in a publisher's path.
pub(crate) fn in_path(text: &str) -> Option<Doi> {
    exact(text).filter(|doi| nothing_follows(doi.as_str()))
}

/// Where DOIs begin in a text in lower case, and what stands from there.
pub(crate) fn dois_in(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("10.").filter_map(|(at, found)| {
        let (before, from) = text.split_at_checked(at)?;
        let rest = from.get(found.len()..)?;
        let (registrant, _) = rest.split_once('/')?;
        let is_apart = !before.ends_with(|c: char| c.is_alphanumeric() || c == '.');
        (is_apart && is_registrant(registrant)).then_some(from)
    })
}

/// Whether this is a registrant's number behind the `10.`
pub(crate) fn is_registrant(text: &str) -> bool {
    let digits = text.split('.').next().unwrap_or_default();
    (4..=9).contains(&digits.len()) && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// A DOI without what says how its article is shown.
fn cut(text: &str) -> &str {
    let mut doi = text.trim_end_matches('/');
    loop {
        let shorter = without_version(without_view(doi));
        if shorter.len() == doi.len() {
            return doi;
        }
        doi = shorter;
    }
}

fn without_version(doi: &str) -> &str {
    let is_versioned = VERSIONED
        .iter()
        .any(|registrant| doi.starts_with(registrant));
    match doi.rsplit_once(['v', 'V']) {
        Some((stem, version))
            if is_versioned
                && stem.ends_with(|c: char| c.is_ascii_digit())
                && paste::positive_number(version, 3).is_some() =>
        {
            stem
        }
        _ => doi,
    }
}

fn without_view(doi: &str) -> &str {
    let is_view = |segment: &str| VIEWS.iter().any(|view| segment.eq_ignore_ascii_case(view));
    // What stays has its registrant and something behind it.
    let is_whole = |rest: &str| {
        rest.split_once('/')
            .is_some_and(|(_, suffix)| !suffix.is_empty())
    };
    if let Some((before, last)) = doi.rsplit_once('/').filter(|(before, _)| is_whole(before)) {
        if last.is_empty() || is_view(last) {
            return before;
        }
        // `/figures/1`
        let numbered = before.rsplit_once('/').filter(|(rest, part)| {
            is_whole(rest)
                && matches!(*part, "figures" | "tables")
                && last.bytes().all(|b| b.is_ascii_digit())
        });
        if let Some((rest, _)) = numbered {
            return rest;
        }
    }
    let ending = ENDINGS.iter().find_map(|ending| {
        let at = doi.len().checked_sub(ending.len())?;
        let (stem, last) = doi.split_at_checked(at)?;
        (last.eq_ignore_ascii_case(ending) && is_whole(stem) && !stem.ends_with('/'))
            .then_some(stem)
    });
    ending.unwrap_or(doi)
}

/// Whether a DOI has at its end what no article's has, wherever it stood.
fn is_doubtful(doi: &str) -> bool {
    let is_escape = |three: &[u8]| matches!(three, [b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit());
    // A query's, an address escaped twice, another DOI.
    if doi.contains('=') || doi.as_bytes().windows(3).any(is_escape) || dois_in(doi).count() > 1 {
        return true;
    }
    let last = doi.rsplit('/').next().unwrap_or(doi);
    if ends_as_supplement(last) {
        return true;
    }
    let Some((_, ending)) = last.rsplit_once('.') else {
        return false;
    };
    OTHER_FILES.contains(&ending) || is_tab(ending) || is_part(doi, ending)
}

/// `19-aos1800supp`
fn ends_as_supplement(last: &str) -> bool {
    last.rsplit_once("supp").is_some_and(|(before, behind)| {
        before.ends_with(|c: char| c.is_ascii_digit())
            && behind.len() <= 6
            && behind.bytes().all(|b| b.is_ascii_lowercase())
    })
}

/// How a page's tabs are called that are not among the [`ENDINGS`]
/// (`.external-links`): two words.
fn is_tab(ending: &str) -> bool {
    let is_word = |word: &str| word.len() > 2 && word.bytes().all(|b| b.is_ascii_lowercase());
    ending
        .split_once('-')
        .is_some_and(|(one, other)| is_word(one) && is_word(other))
}

/// Whether a DOI that ends so is that of a figure, a table or a supplement of
/// an article: those of PLOS, `.s001` and `.supp` of many, AEA's `.appx`.
fn is_part(doi: &str, ending: &str) -> bool {
    let numbered = |letters: &str| {
        let number = ending.strip_prefix(|c: char| letters.contains(c));
        number.filter(|number| number.len() == 3 && is_digits(number))
    };
    matches!(ending, "appx" | "data")
        || ending.starts_with("supp")
        || numbered("s").is_some_and(|number| number.starts_with('0'))
        || (doi.starts_with(PLOS) && numbered("gtser").is_some())
}

/// Whether all of a DOI is one, as far as its shape tells: one segment behind
/// the registrant's, or several as some registrants are known to have them.
fn nothing_follows(doi: &str) -> bool {
    let Some((_, suffix)) = doi.split_once('/') else {
        return false;
    };
    // A SICI has its own end.
    if let Some((_, end)) = suffix.rsplit_once(".co;") {
        return end.len() <= 3 && !end.contains('/');
    }
    // APA's have two slashes.
    let suffix = suffix.strip_prefix('/').unwrap_or(suffix);
    let segments: Vec<&str> = suffix.split('/').collect();
    let [first, between @ .., last] = segments.as_slice() else {
        return true;
    };
    if doi.starts_with(VERSION_BEHIND_SLASH) {
        return between.is_empty() && is_version(last);
    }
    let is_known = if is_issn(first) {
        // `0004-637x/792/2/123`
        let is_place = |segment: &&str| segment.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        between.len() <= 2 && between.iter().all(is_place)
    } else if is_name(first) {
        // `bioinformatics/btz001`, `ijmms/2006/32682`
        matches!(between, []) || matches!(between, [year] if is_year(year))
    } else {
        // `2020/1234567`, `v1/2020.acl-main.1`
        between.is_empty() && (is_year(first) || is_version(first))
    };
    is_known && is_articles(last, between.is_empty() && !is_version(first))
}

/// Whether this segment behind the registrant's, in lower case, is known not to
/// be a DOI's last: an ISSN, a year, a journal's name.
pub(crate) fn goes_on(first: &str) -> bool {
    is_issn(first) || is_year(first) || is_version(first) || is_name(first)
}

/// Whether a last segment can be an article's number, and no part, no title.
fn is_articles(last: &str, may_be_part: bool) -> bool {
    let letters = last.trim_end_matches(|c: char| !c.is_ascii_alphabetic());
    let is_parts = may_be_part && (PARTS.contains(&letters) || letters.starts_with("supp"));
    let words = last
        .split(['-', '_'])
        .filter(|word| word.len() > 1 && word.chars().all(char::is_alphabetic));
    last.bytes().any(|b| b.is_ascii_digit()) && !is_parts && words.count() < 2
}

/// A journal's name: no number but one within (`e3sconf`).
fn is_name(text: &str) -> bool {
    let mut digits = text.match_indices(|c: char| c.is_ascii_digit());
    let is_within = |at: usize| {
        let is_letter = |at: Option<usize>| {
            at.and_then(|at| text.as_bytes().get(at))
                .is_some_and(u8::is_ascii_alphabetic)
        };
        is_letter(at.checked_sub(1)) && is_letter(at.checked_add(1))
    };
    let fits = digits.next().is_none_or(|(at, _)| is_within(at));
    fits && digits.next().is_none() && text.bytes().any(|b| b.is_ascii_alphabetic())
}

/// An ISSN, alone or with a year (`2071-789x.2020`).
fn is_issn(text: &str) -> bool {
    let (issn, behind) = text.split_at_checked(9).unwrap_or((text, ""));
    let Some((one, other)) = issn.split_once('-') else {
        return false;
    };
    let other = other.strip_suffix('x').unwrap_or(other);
    (one.len(), issn.len()) == (4, 9)
        && other.len() >= 3
        && is_digits(one)
        && is_digits(other)
        && (behind.is_empty() || behind.strip_prefix('.').is_some_and(is_year))
}

fn is_year(text: &str) -> bool {
    text.len() == 4 && is_digits(text) && (text.starts_with("19") || text.starts_with("20"))
}

fn is_version(text: &str) -> bool {
    text.strip_prefix('v')
        .is_some_and(|number| paste::positive_number(number, 2).is_some())
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}
