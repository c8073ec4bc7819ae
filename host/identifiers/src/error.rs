//! Why a text is no identifier, in one line that says what to write instead.

use std::fmt;

use crate::paste;

/// How many characters of a refused input an error repeats.
const SHOWN_CHARS: usize = 80;

/// The kinds of identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IdKind {
    /// A Digital Object Identifier.
    Doi,
    /// An arXiv paper.
    Arxiv,
    /// A PubMed Central article.
    Pmcid,
    /// A PubMed record.
    Pmid,
    /// An OpenAlex work.
    OpenAlex,
    /// An http or https URL.
    Url,
    /// Any of the above: the text could not be assigned to one.
    Any,
}

impl IdKind {
    fn noun(self) -> &'static str {
        match self {
            Self::Doi => "not a DOI",
            Self::Arxiv => "not an arXiv id",
            Self::Pmcid => "not a PMCID",
            Self::Pmid => "not a PMID",
            Self::OpenAlex => "not an OpenAlex work",
            Self::Url => "not a usable URL",
            Self::Any => "not an identifier paperfall knows",
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::Doi => "10.7717/peerj.4375",
            Self::Arxiv => "2101.00001, 2101.00001v2 or hep-th/9901001",
            Self::Pmcid => "PMC5815332",
            Self::Pmid => "29456894",
            Self::OpenAlex => "W2741809807",
            Self::Url => "https://peerj.com/articles/4375",
            Self::Any => {
                "10.7717/peerj.4375, arXiv:2101.00001, PMC5815332, pmid:29456894, \
                 W2741809807 or https://peerj.com/articles/4375"
            }
        }
    }
}

/// A text that is no identifier of the kind asked for. Its message is one line:
/// what was given (shortened, control characters escaped), why it is none, and
/// what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdError {
    kind: IdKind,
    given: String,
    /// None where the kind of identifier says it all.
    why: Option<&'static str>,
    /// None where an example is the best remedy.
    remedy: Option<&'static str>,
}

impl IdError {
    pub(crate) fn new(kind: IdKind, given: &str, why: &'static str) -> Self {
        Self {
            kind,
            given: printable(given),
            why: Some(why),
            remedy: None,
        }
    }

    /// The error for a text that could not be assigned to any kind.
    pub(crate) fn unknown(
        given: &str,
        why: Option<&'static str>,
        remedy: Option<&'static str>,
    ) -> Self {
        Self {
            kind: IdKind::Any,
            given: printable(given),
            why,
            remedy,
        }
    }

    /// The kind of identifier that was asked for.
    #[must_use]
    pub fn kind(&self) -> IdKind {
        self.kind
    }

    /// What was given and why it is no such identifier.
    #[must_use]
    pub fn cause(&self) -> String {
        let cause = format!("\"{}\" is {}", self.given, self.kind.noun());
        match self.why {
            Some(why) => format!("{cause}: {why}"),
            None => cause,
        }
    }

    /// What to write instead.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self.remedy {
            Some(remedy) => remedy.to_owned(),
            None => format!("write one like {}", self.kind.example()),
        }
    }
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.cause(), self.remedy())
    }
}

impl std::error::Error for IdError {}

/// A text from outside as it may stand in a message: at most 80 characters, no
/// control or direction-changing ones, no password of a URL.
#[must_use]
pub fn printable(given: &str) -> String {
    let given = given.trim();
    let hidden = paste::hide_userinfo(given);
    let mut shown = String::new();
    let mut chars = hidden.chars();
    for c in chars.by_ref().take(SHOWN_CHARS) {
        push_visible(&mut shown, c);
    }
    if chars.next().is_some() {
        shown.push('…');
    }
    shown
}

/// A text from outside as a terminal may get it: whole, on one line, without
/// control or direction-changing characters.
#[must_use]
pub fn visible(given: &str) -> String {
    let mut shown = String::with_capacity(given.len());
    for c in given.chars() {
        push_visible(&mut shown, c);
    }
    shown
}

fn push_visible(shown: &mut String, c: char) {
    if c.is_control() || paste::is_invisible(c) {
        shown.extend(c.escape_default());
    } else {
        shown.push(c);
    }
}

/// What every identifier type shares: its text is its normal form.
macro_rules! text_id {
    ($name:ident, $field:tt) => {
        impl $name {
            /// The normal form.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.$field.as_str()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::IdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }
    };
}
pub(crate) use text_id;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_the_input_the_cause_and_a_good_example() {
        let error = IdError::new(IdKind::Pmcid, "PMCx", "no digits follow");
        assert_eq!(
            error.to_string(),
            "\"PMCx\" is not a PMCID: no digits follow; write one like PMC5815332"
        );
    }

    #[test]
    fn control_and_direction_characters_are_escaped_and_long_inputs_shortened() {
        let hostile = format!("a\u{1b}[31m\u{202e}{}", "x".repeat(500));
        let message = IdError::new(IdKind::Any, &hostile, "no").to_string();
        assert!(!message.contains('\u{1b}') && !message.contains('\u{202e}'));
        assert!(message.contains("\\u{1b}") && message.contains('…'));
        assert!(message.chars().count() < 350);
    }

    #[test]
    fn a_password_in_a_url_is_not_repeated() {
        let message =
            IdError::new(IdKind::Url, "https://me:hunter2@example.org/a", "no").to_string();
        assert!(!message.contains("hunter2"));
        assert!(message.contains("example.org"));
    }
}
