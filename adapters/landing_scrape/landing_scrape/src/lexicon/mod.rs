//! The lists of words the judgement of links rests on.

mod addresses;
mod full_texts;
mod places;
mod texts;

pub(crate) use addresses::{
    OTHER_NAME_NUMBERED, OTHER_NAME_PAIRS, OTHER_NAME_WORDS, OTHER_NUMBERED, OTHER_PAIRS,
    OTHER_PATH_WORDS, OTHER_WHOLE_NAMES, PARTS, REVIEWS,
};
pub(crate) use full_texts::{FILLERS, KINDS_OF_WORKS, ONLY_WHERE_OWNED, OPENERS, SIGNS, UNPARTED};
pub(crate) use places::{
    MARGINS, OTHER_DOCUMENTS, OTHER_PLACES, OTHER_SECTION_WORDS, OTHER_SECTIONS,
    OTHER_SECTIONS_INSIDE,
};
pub(crate) use texts::{
    ABOUT_A_WORK, CHAPTERS, COMPANIONS, GENERIC_TITLES, LANGUAGES, OTHER_WORDS,
};
