//! Digital Object Identifiers, in every spelling people paste.
//!
//! Promises: SICI DOIs stay whole, lower case is the normal form, and a `Doi`
//! put into a URL path by [`Doi::url_path`] can neither end the path early nor
//! climb out of it.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::web::Web;
use crate::{ArxivId, IdError, IdKind, paste};

/// What a DOI's characters become in a URL path. Beyond what ends a path
/// (`? #`), escapes (`%`) and is never allowed raw (`< > "`, space), this covers
/// what URL parsers rewrite by themselves, so that they leave the path alone.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A DOI. Normal form: lower case, without any prefix.
///
/// Only ASCII letters are folded, as the DOI Handbook (§2.4) defines equality.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Doi(String);

crate::error::text_id!(Doi, 0);

impl Doi {
    /// Reads a DOI, bare or as `doi:…`, `info:doi/…`, `urn:doi:…` or a URL of
    /// doi.org or dx.doi.org. Percent escapes are decoded once, and only in
    /// URLs or when the text holds a `%3C…%3E` pair; a `&lt;…&gt;` pair, as
    /// exports write SICIs, becomes what it stands for.
    ///
    /// # Errors
    /// When what is left after unwrapping is not `10.<registrant>/<suffix>`.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let given = paste::unwrap(IdKind::Doi, text)?;
        let fail = |why| IdError::new(IdKind::Doi, text, why);

        let (bare, from_url) = without_prefixes(&given);
        let mut doi = if from_url {
            let decoded = paste::percent_decoded(IdKind::Doi, without_query(bare))?;
            without_prefixes(decoded.trim_start()).0.to_owned()
        } else {
            bare.to_owned()
        };
        loop {
            doi = paste::without_invisible(&doi).to_ascii_lowercase();
            if has_pair(&doi, "%3c", "%3e") {
                doi = paste::percent_decoded(IdKind::Doi, &doi)?;
            } else if has_pair(&doi, "&lt;", "&gt;") {
                doi = doi
                    .replace("&lt;", "<")
                    .replace("&gt;", ">")
                    .replace("&amp;", "&");
            } else {
                break;
            }
        }
        let doi = without_end(&doi).to_owned();
        match fault(&doi) {
            None => Ok(Self(doi)),
            Some(why) => Err(fail(why)),
        }
    }

    /// The DOI as it goes into a URL path: `/` stays, what would end the path
    /// or is not allowed in it is percent-encoded.
    #[must_use]
    pub fn url_path(&self) -> String {
        utf8_percent_encode(&self.0, PATH).to_string()
    }

    /// The arXiv paper that a `10.48550/arXiv.…` DOI names.
    #[must_use]
    pub fn arxiv(&self) -> Option<ArxivId> {
        ArxivId::from_bare(self.0.strip_prefix("10.48550/arxiv.")?).ok()
    }

    /// `https://doi.org/…`
    #[must_use]
    pub fn canonical_url(&self) -> String {
        format!("https://doi.org/{}", self.url_path())
    }
}

/// Strips labels and resolver addresses, which come stacked
/// (`doi:https://doi.org/10.…`); says whether a resolver address was among them.
pub(crate) fn without_prefixes(text: &str) -> (&str, bool) {
    let mut rest = text;
    let mut from_url = false;
    loop {
        let labelled = paste::strip_prefix(rest, "info:doi/")
            .or_else(|| paste::strip_prefix(rest, "urn:doi:"))
            .or_else(|| paste::strip_label(rest, "doi"));
        if let Some(after) = labelled {
            rest = after.trim_start();
            continue;
        }
        match Web::split(rest) {
            Some(web) if web.is_doi_resolver() && web.rest().len() < rest.len() => {
                rest = web.rest();
                from_url = true;
            }
            _ => return (rest, from_url),
        }
    }
}

/// The text without trailing punctuation and without the slash that browsers
/// and templates put at the end of addresses; no DOI ends in one.
fn without_end(text: &str) -> &str {
    let mut rest = paste::without_trailing(text);
    while let Some(shorter) = rest.strip_suffix('/').filter(|rest| rest.contains('/')) {
        rest = paste::without_trailing(shorter);
    }
    rest
}

/// Cuts a tracking query (`?utm_source=…`) off a resolver address. A bare `?`
/// stays: it can be a SICI's last character.
fn without_query(path: &str) -> &str {
    path.char_indices()
        .filter(|(_, c)| *c == '?')
        .find_map(|(at, _)| {
            let key_end = path.get(at + 1..)?.find(|c: char| !is_query_key(c))?;
            let is_query = key_end > 0 && path.get(at + 1 + key_end..)?.starts_with('=');
            is_query.then(|| path.get(..at)).flatten()
        })
        .unwrap_or(path)
}

fn is_query_key(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

fn has_pair(text: &str, open: &str, close: &str) -> bool {
    text.split_once(open)
        .is_some_and(|(_, after)| after.contains(close))
}

/// What is wrong with a lower-cased, unwrapped DOI.
fn fault(doi: &str) -> Option<&'static str> {
    let Some(rest) = doi.strip_prefix("10.") else {
        return Some(if doi.starts_with("10/") {
            "short DOIs stand for another DOI: open https://doi.org/ with it and give the full one"
        } else {
            "it does not start with \"10.\""
        });
    };
    let Some((registrant, suffix)) = rest.split_once('/') else {
        return Some("there is no \"/\" after the registrant number");
    };
    let mut groups = registrant.split('.');
    let first_is_good = groups
        .next()
        .is_some_and(|group| (4..=9).contains(&group.len()) && all_digits(group));
    if !first_is_good || !groups.all(|group| !group.is_empty() && all_digits(group)) {
        return Some("the registrant between \"10.\" and \"/\" must be four to nine digits");
    }
    if suffix.is_empty() {
        return Some("nothing follows the \"/\"");
    }
    if doi.chars().any(char::is_whitespace) {
        return Some("it contains blanks");
    }
    if doi.chars().any(char::is_control) {
        return Some("it contains control characters");
    }
    if suffix.contains("://") || holds_another(suffix) {
        return Some("it runs on into a second DOI or address: give them one by one");
    }
    // In a URL these would climb out of the path the DOI was put into.
    if suffix.split('/').any(|part| matches!(part, "." | "..")) {
        return Some("\".\" and \"..\" are no parts of a DOI");
    }
    None
}

/// Whether another DOI follows in a list.
fn holds_another(suffix: &str) -> bool {
    suffix
        .split([';', ',', '|', '，', '；', '、'])
        .skip(1)
        .any(|next| {
            let registrant = without_prefixes(next)
                .0
                .strip_prefix("10.")
                .and_then(|rest| rest.split_once('/'))
                .map(|(registrant, _)| registrant);
            registrant.is_some_and(|group| (4..=9).contains(&group.len()) && all_digits(group))
        })
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}
