//! What a robots.txt says, as RFC 9309 has it: from whatever bytes a server
//! sent to a yes or a no for a page, and a pace.
//!
//! Reading never fails (2.2.4): a file is taken for what can be read of it, and
//! one without a single rule forbids nothing.

use std::time::Duration;

use robotxt::{BYTE_LIMIT, Robots as Rules};
use url::Url;

use super::rate::Rate;

/// The name robots.txt files know this program by.
pub const PRODUCT_TOKEN: &str = "paperfall";
/// The longest `Crawl-delay` between two pages that is kept: it is meant for
/// crawlers that walk through a whole site, and doi.org's would make a list of
/// works take days.
pub const CRAWL_DELAY_MAX: Duration = Duration::from_secs(1);

/// What is read of a file: as much as counts, and a byte more, for a line cut
/// off there must not pass for a whole one.
pub(super) const READ_MAX_BYTES: usize = BYTE_LIMIT + 1;

/// The rules for this program.
pub(super) struct RobotsFile(Rules);

impl RobotsFile {
    /// The file of an origin that has none.
    pub(super) fn allow_all() -> Self {
        Self(Rules::allow_all())
    }

    /// Reads the first [`READ_MAX_BYTES`] of a file.
    pub(super) fn read(text: &[u8]) -> Self {
        Self(Rules::parse(text, PRODUCT_TOKEN))
    }

    /// Whether a page may be asked for.
    pub(super) fn allows(&self, url: &Url) -> bool {
        self.0.is_url_allowed(url)
    }

    /// The pace at which pages may be asked for, where it names one.
    pub(super) fn pace(&self) -> Option<Rate> {
        self.0
            .crawl_delay()
            .filter(|delay| !delay.is_zero())
            .map(|delay| Rate::even(1, delay.min(CRAWL_DELAY_MAX)))
    }
}

/// Whether there is something, and not one line of it is a rule: a web page,
/// most often.
pub(super) fn is_nonsense(text: &[u8]) -> bool {
    const KEYS: [&[u8]; 5] = [
        b"user-agent",
        b"disallow",
        b"allow",
        b"crawl-delay",
        b"sitemap",
    ];
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    let lines = text.split(|byte| matches!(byte, b'\n' | b'\r'));
    let mut said = lines
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty() && !line.starts_with(b"#"))
        .peekable();
    said.peek().is_some()
        && said.all(|line| {
            let key = line.split(|byte| *byte == b':').next().unwrap_or(line);
            !KEYS
                .iter()
                .any(|known| key.trim_ascii().eq_ignore_ascii_case(known))
        })
}

#[cfg(test)]
mod tests {
    use super::is_nonsense;

    #[test]
    fn what_has_no_rule_and_more_than_comments_is_nonsense() {
        for (text, nonsense) in [
            ("", false),
            ("\n \n# nothing here\n", false),
            ("\u{feff}User-Agent: *\nDisallow:", false),
            ("<html>\rallow : /", false),
            ("Sitemap: https://a.org/map.xml", false),
            ("<!doctype html><title>Home</title>", true),
            ("\0\0\0", true),
            ("# a comment\nDisallowed: /", true),
            ("Disallow /", true),
        ] {
            assert_eq!(is_nonsense(text.as_bytes()), nonsense, "{text:?}");
        }
    }
}
