//! The lists of words the judgement of links rests on.

mod addresses;
mod places;
mod texts;

pub(crate) use addresses::{AFTER_S_NUMBER, OTHER_NUMBERED, OTHER_PATH_WORDS};
pub(crate) use places::{OTHER_PLACES, OTHER_SECTIONS};
pub(crate) use texts::{FULL_TEXTS, LANGUAGES, OTHER_WORDS};
