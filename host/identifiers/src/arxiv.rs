//! arXiv identifiers of both schemes, with their versions.
//!
//! The scheme is <https://info.arxiv.org/help/arxiv_identifier.html>: four
//! digits from 0704 to 1412, five from 1501 on, `archive[.SC]/YYMMNNN` before.

use crate::web::Web;
use crate::{Doi, IdError, IdKind, paste};

/// Archives that handed out old-style ids (1991 to March 2007).
const OLD_ARCHIVES: [&str; 34] = [
    "acc-phys", "adap-org", "alg-geom", "ao-sci", "astro-ph", "atom-ph", "bayes-an", "chao-dyn",
    "chem-ph", "cmp-lg", "comp-gas", "cond-mat", "cs", "dg-ga", "funct-an", "gr-qc", "hep-ex",
    "hep-lat", "hep-ph", "hep-th", "math", "math-ph", "mtrl-th", "nlin", "nucl-ex", "nucl-th",
    "patt-sol", "physics", "plasm-ph", "q-alg", "q-bio", "quant-ph", "solv-int", "supr-con",
];

/// First path segments of arxiv.org addresses that name one paper.
const PAPER_PAGES: [&str; 8] = [
    "abs", "pdf", "html", "format", "ps", "e-print", "src", "tex",
];

/// An arXiv id, its version kept where one was given. Normal form:
/// `2101.00001v2`, `hep-th/9901001`, `math.GT/0309136`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ArxivId {
    text: String,
    /// Bytes of `text` before the version.
    base_len: usize,
}

crate::error::text_id!(ArxivId, text);

impl ArxivId {
    /// Reads an arXiv id, bare or as `arXiv:…` (also the stamp on a paper's
    /// margin, `arXiv:2101.00001v1 [cs.CL] 1 Jan 2021`), `oai:arXiv.org:…`, an
    /// arxiv.org address or a `10.48550/arXiv.…` DOI.
    ///
    /// # Errors
    /// When the number does not follow arXiv's scheme.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let given = paste::unwrap(IdKind::Arxiv, text)?;
        let fail = |why| IdError::new(IdKind::Arxiv, text, why);

        let mut rest: &str = &given;
        while let Some(after) = paste::strip_prefix(rest, "oai:arxiv.org:")
            .or_else(|| paste::strip_label(rest, "arxiv"))
        {
            rest = after;
        }
        if let Some((id, stamp)) = rest.split_once(char::is_whitespace)
            && stamp.trim_start().starts_with('[')
        {
            rest = id;
        }
        if let Some(web) = Web::split(rest).filter(Web::is_arxiv) {
            let id = paper_path(&web).ok_or_else(|| fail("this arXiv page is not a paper's"))?;
            let visible = paste::without_invisible(&id);
            return Self::from_bare(paste::without_trailing(&visible)).map_err(fail);
        }
        if let Some(id) = Doi::parse(rest).ok().and_then(|doi| doi.arxiv()) {
            return Ok(id);
        }
        Self::from_bare(rest).map_err(fail)
    }

    /// Reads an id without anything around it.
    pub(crate) fn from_bare(text: &str) -> Result<Self, &'static str> {
        let text = match text
            .len()
            .checked_sub(4)
            .map(|at| text.split_at_checked(at))
        {
            Some(Some((id, suffix))) if suffix.eq_ignore_ascii_case(".pdf") => id,
            _ => text,
        };
        let (base, version) = split_version(text)?;
        let base = match base.split_once('/') {
            Some((archive, number)) => old_style(archive, number)?,
            None => new_style(base)?,
        };
        let base_len = base.len();
        let text = match version {
            Some(version) => format!("{base}v{version}"),
            None => base,
        };
        Ok(Self { text, base_len })
    }

    /// The same paper without a version: its newest.
    #[must_use]
    pub fn without_version(&self) -> Self {
        Self {
            text: self
                .text
                .get(..self.base_len)
                .unwrap_or(&self.text)
                .to_owned(),
            base_len: self.base_len,
        }
    }

    /// The version, where one was given.
    #[must_use]
    pub fn version(&self) -> Option<u16> {
        self.text.get(self.base_len + 1..)?.parse().ok()
    }

    /// `https://arxiv.org/abs/…`, with the version where one was given.
    #[must_use]
    pub fn canonical_url(&self) -> String {
        format!("https://arxiv.org/abs/{}", self.text)
    }
}

/// Whether an arxiv.org address is one of a paper's pages.
pub(crate) fn is_paper_page(web: &Web<'_>) -> bool {
    paper_path(web).is_some()
}

fn paper_path(web: &Web<'_>) -> Option<String> {
    let mut segments = web.segments();
    let page = segments.next()?.to_ascii_lowercase();
    let id = segments.collect::<Vec<_>>().join("/");
    (PAPER_PAGES.contains(&page.as_str()) && !id.is_empty()).then_some(id)
}

/// Splits `…vN` off, where a digit stands before the `v`.
fn split_version(text: &str) -> Result<(&str, Option<u16>), &'static str> {
    const BAD: &str = "the version after \"v\" must be a number from 1 to 999";
    let Some((base, version)) = text.rsplit_once(['v', 'V']) else {
        return Ok((text, None));
    };
    if !base.ends_with(|c: char| c.is_ascii_digit()) {
        return Ok((text, None));
    }
    let digits = paste::positive_number(version, 3).ok_or(BAD)?;
    if digits.len() != version.len() {
        return Err(BAD);
    }
    Ok((base, Some(digits.parse().map_err(|_| BAD)?)))
}

fn new_style(text: &str) -> Result<String, &'static str> {
    const SHAPE: &str = "it is neither YYMM.NNNNN nor archive/YYMMNNN";
    let (year_month, number) = text.split_once('.').ok_or(SHAPE)?;
    if year_month.len() != 4 || number.is_empty() || !all_digits(year_month) || !all_digits(number)
    {
        return Err(SHAPE);
    }
    if !has_month(year_month) {
        return Err("its third and fourth digit are no month");
    }
    if year_month < "0704" {
        return Err("before April 2007 ids were written archive/YYMMNNN");
    }
    match (year_month < "1501", number.len()) {
        (true, 4) | (false, 5) => Ok(text.to_owned()),
        (true, _) => Err("before 2015 four digits follow the dot"),
        (false, _) => Err("since 2015 five digits follow the dot"),
    }
}

fn old_style(archive: &str, number: &str) -> Result<String, &'static str> {
    let (archive, class) = match archive.split_once('.') {
        Some((archive, class)) => (archive, Some(class)),
        None => (archive, None),
    };
    let archive = archive.to_ascii_lowercase();
    if !OLD_ARCHIVES.contains(&archive.as_str()) {
        return Err("there is no such archive before the slash");
    }
    let year_month = number.get(..4).unwrap_or_default();
    if number.len() != 7 || !all_digits(number) {
        return Err("seven digits must follow the archive's slash");
    }
    if !has_month(year_month) {
        return Err("its third and fourth digit are no month");
    }
    if year_month > "0703" && year_month < "9101" {
        return Err("archive/YYMMNNN ids ended in March 2007");
    }
    match class {
        None => Ok(format!("{archive}/{number}")),
        Some(class) => Ok(format!("{archive}.{}/{number}", subject_class(class)?)),
    }
}

/// Two-letter classes are written in capitals (`math.GT`), longer ones small
/// (`cond-mat.str-el`).
fn subject_class(class: &str) -> Result<String, &'static str> {
    let well_formed = (2..=12).contains(&class.len())
        && class.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-');
    match (well_formed, class.len()) {
        (true, 2) => Ok(class.to_ascii_uppercase()),
        (true, _) => Ok(class.to_ascii_lowercase()),
        (false, _) => Err("the subject class before the slash is malformed"),
    }
}

fn has_month(year_month: &str) -> bool {
    year_month
        .get(2..)
        .is_some_and(|month| ("01"..="12").contains(&month))
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}
