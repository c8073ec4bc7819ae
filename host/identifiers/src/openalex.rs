//! OpenAlex work identifiers, `W` and a number.

use crate::web::Web;
use crate::{IdError, IdKind, paste};

/// More digits than OpenAlex uses (today ten).
const MAX_DIGITS: usize = 12;

/// A work in OpenAlex. Normal form: `W2741809807`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OpenAlexId(String);

crate::error::text_id!(OpenAlexId, 0);

impl OpenAlexId {
    /// Reads an OpenAlex work in any case, bare, as `openalex:W…` or as an
    /// address of openalex.org or its API.
    ///
    /// # Errors
    /// When it is not `W` and a number; authors, sources and other entities are
    /// no works.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let given = paste::unwrap(IdKind::OpenAlex, text)?;
        let mut rest: &str = &given;
        while let Some(after) = paste::strip_label(rest, "openalex") {
            rest = after;
        }
        let from_web = Web::split(rest).and_then(|web| entity(&web));
        let id = from_web.as_deref().unwrap_or(rest);
        Self::from_bare(id).map_err(|why| IdError::new(IdKind::OpenAlex, text, why))
    }

    fn from_bare(text: &str) -> Result<Self, &'static str> {
        match paste::strip_prefix(text, "W") {
            Some(digits) => paste::positive_number(digits, MAX_DIGITS)
                .map(|digits| Self(format!("W{digits}")))
                .ok_or("one to twelve digits must follow the W"),
            None if is_entity(text) => Err("it names something else than a work"),
            None => Err("it does not start with W"),
        }
    }

    /// `https://openalex.org/W…`
    #[must_use]
    pub fn canonical_url(&self) -> String {
        format!("https://openalex.org/{}", self.0)
    }
}

/// The entity an openalex.org address names (`W123`, `works/W123`, `A123`).
pub(crate) fn entity(web: &Web<'_>) -> Option<String> {
    if web.host() != "openalex.org" && !web.host().ends_with(".openalex.org") {
        return None;
    }
    let last = web.segments().last()?;
    is_entity(&last).then(|| last.into_owned())
}

fn is_entity(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic())
        && !chars.as_str().is_empty()
        && chars.all(|c| c.is_ascii_digit())
}
