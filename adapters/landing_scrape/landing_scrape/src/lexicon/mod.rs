//! The lists of words the judgement of links rests on.

mod addresses;
mod places;
mod texts;

pub(crate) use addresses::{OTHER_NUMBERED, OTHER_PAIRS, OTHER_PATH_WORDS};
pub(crate) use places::{MARGINS, OTHER_PLACES, OTHER_SECTIONS};
pub(crate) use texts::{FULL_TEXTS, LANGUAGES, OTHER_WORDS};
