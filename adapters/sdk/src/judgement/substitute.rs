//! Pages that say with status 200 what a status should have said: that there
//! is nothing here, or that the service is down.

use super::{describes_an_article, plain_text_of, plain_title, title_is};

/// What a page stands in for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Substitute {
    /// "Page not found".
    NotFound,
    /// "Down for maintenance", "502 Bad Gateway".
    Outage,
}

/// How the titles of such pages begin, in lower case.
const NOT_FOUND: &[&str] = &[
    "404 not found",
    "404 page",
    "404 error",
    "404 file",
    "404 -",
    "404:",
    "404,",
    "404|",
    "404 |",
    "404 –",
    "error 404",
    "http 404",
    "the page cannot be found",
    "the page you requested",
    "we can't find",
    "sorry, page not found",
    "oops! page not found",
];

const OUTAGE: &[&str] = &[
    "500 internal",
    "502 bad gateway",
    "502 proxy error",
    "503 service",
    "504 gateway",
    "service temporarily unavailable",
    "maintenance mode",
    "down for maintenance",
    "site is under maintenance",
    "we'll be back",
    "we will be back",
    "site temporarily unavailable",
];

/// Names of such pages with which an article's title may begin as well: they
/// count where nothing but the site's name follows.
const NOT_FOUND_NAMES: &[&str] = &[
    "not found",
    "page not found",
    "page cannot be found",
    "page could not be found",
    "article not found",
    "item not found",
    "document not found",
    "content not found",
    "doi not found",
    "file not found",
    "resource not found",
    "object not found",
    "page introuvable",
    "seite nicht gefunden",
    "página no encontrada",
    "página não encontrada",
];
const OUTAGE_NAMES: &[&str] = &[
    "bad gateway",
    "service unavailable",
    "temporarily unavailable",
    "internal server error",
    "site maintenance",
    "website maintenance",
    "server maintenance",
    "system maintenance",
    "scheduled maintenance",
    "planned maintenance",
    "under maintenance",
    "site under maintenance",
    "website under maintenance",
    "site offline",
    "site unavailable",
];
/// What may follow such a name and still belong to it.
const TAILS: &[&str] = &[
    " page",
    " error",
    " in progress",
    " notice",
    " on this server",
];

/// Titles that say it only when there is nothing else in them but the site's
/// name; under "error", what stands in the heading is what is meant.
const NOT_FOUND_WHOLE: &[&str] = &["404"];
const ERROR_WHOLE: &[&str] = &["error"];

/// What a server's program says in place of a page, at its very beginning.
const OUTAGE_STARTS: &[&str] = &[
    "db error:",
    "<b>fatal error</b>:",
    "error establishing a database connection",
];
/// How far in that may stand, in bytes.
const START_BYTES: usize = 256;

/// Titles that mean an outage only when there is nothing else in them.
const OUTAGE_WHOLE: &[&str] = &[
    "maintenance",
    "offline",
    "wartung",
    "wartungsarbeiten",
    "mantenimiento",
];

/// What the page stands in for, if it says so. A page with an article's
/// metadata is an article, whatever it is called.
pub(crate) fn substitute(text: &str) -> Option<Substitute> {
    let found = named(text)?;
    (!describes_an_article(text)).then_some(found)
}

fn named(text: &str) -> Option<Substitute> {
    let title = plain_title(text).unwrap_or_default();
    let begins = |text: &str, starts: &[&str]| starts.iter().any(|start| text.starts_with(start));
    let is_missing = |text: &str| {
        begins(text, NOT_FOUND)
            || is_named(text, NOT_FOUND_NAMES)
            || title_is(text, NOT_FOUND_WHOLE)
    };
    let heading = || plain_text_of(text, "<h1").unwrap_or_default();
    if is_missing(&title) || (title_is(&title, ERROR_WHOLE) && is_missing(&heading())) {
        return Some(Substitute::NotFound);
    }
    let start = text
        .get(..text.floor_char_boundary(START_BYTES))?
        .to_ascii_lowercase();
    let is_outage = begins(&title, OUTAGE)
        || is_named(&title, OUTAGE_NAMES)
        || OUTAGE_WHOLE.contains(&title.as_str())
        || OUTAGE_STARTS.iter().any(|said| start.contains(said));
    is_outage.then_some(Substitute::Outage)
}

/// Whether a title is one of these names, perhaps with the site's behind a sign.
/// A colon is none: it stands before what an article is about.
fn is_named(title: &str, names: &[&str]) -> bool {
    names.iter().any(|name| {
        title.strip_prefix(name).is_some_and(|rest| {
            let tail = TAILS.iter().find_map(|tail| rest.strip_prefix(tail));
            let rest = tail.unwrap_or(rest).trim();
            rest.is_empty()
                || rest.starts_with("::")
                || rest.starts_with(|c: char| !c.is_alphanumeric() && c != ':')
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_says_nothing_is_here_or_nobody_is_at_home_is_named() {
        for (page, means) in [
            ("<title>404 - Not Found</title>", Some(Substitute::NotFound)),
            (
                "<title>Page not found | Publisher</title>",
                Some(Substitute::NotFound),
            ),
            ("<title>Site maintenance</title>", Some(Substitute::Outage)),
            ("<title>502 Proxy Error</title>", Some(Substitute::Outage)),
            ("<title>Maintenance</title>", Some(Substitute::Outage)),
            ("<title>Maintenance of genome integrity</title>", None),
            ("<title>Bad Gateway</title>", Some(Substitute::Outage)),
            (
                "<title>System maintenance in progress :: A site</title>",
                Some(Substitute::Outage),
            ),
            (
                "<title>Page Not Found (404)</title>",
                Some(Substitute::NotFound),
            ),
            ("<title>Under maintenance: roads of Peru</title>", None),
            ("<title>Bad gateway drugs</title>", None),
            ("<title>Page not found: lost manuscripts</title>", None),
            ("<title>Not found in nature</title>", None),
            (
                "<title>Not found in nature: x</title><meta name=citation_title content=x>",
                None,
            ),
            ("<p>404", None),
            ("<title>404</title>", Some(Substitute::NotFound)),
            ("<title>A journal | 404</title>", Some(Substitute::NotFound)),
            ("<title>404 genes not found in Drosophila | J</title>", None),
            (
                "<title>The Journal - Error</title><body><h1>404 Page not found</h1>",
                Some(Substitute::NotFound),
            ),
            ("<title>Error</title><h1>Error bars in biology</h1>", None),
            (
                "<html><body>DB Error: Access denied for user ojs@localhost</body></html>",
                Some(Substitute::Outage),
            ),
            (
                "<br /><b>Fatal error</b>: Uncaught Error in /var/www/index.php on line 3<br />",
                Some(Substitute::Outage),
            ),
        ] {
            assert_eq!(substitute(page), means, "{page}");
        }
    }
}
