//! Pages that say with status 200 what a status should have said: that there
//! is nothing here, or that the service is down.

use super::{describes_an_article, plain_title};

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
    "404",
    "error 404",
    "http 404",
    "not found",
    "page not found",
    "page cannot be found",
    "the page cannot be found",
    "the page you requested",
    "page could not be found",
    "article not found",
    "item not found",
    "document not found",
    "content not found",
    "doi not found",
    "file not found",
    "resource not found",
    "object not found",
    "we can't find",
    "sorry, page not found",
    "oops! page not found",
    "page introuvable",
    "seite nicht gefunden",
    "página no encontrada",
    "página não encontrada",
];

const OUTAGE: &[&str] = &[
    "500 internal",
    "502 bad gateway",
    "502 proxy error",
    "503 service",
    "504 gateway",
    "bad gateway",
    "service unavailable",
    "service temporarily unavailable",
    "temporarily unavailable",
    "internal server error",
    "site maintenance",
    "website maintenance",
    "server maintenance",
    "system maintenance",
    "scheduled maintenance",
    "planned maintenance",
    "maintenance mode",
    "down for maintenance",
    "under maintenance",
    "site under maintenance",
    "site is under maintenance",
    "website under maintenance",
    "we'll be back",
    "we will be back",
    "site offline",
    "site temporarily unavailable",
    "site unavailable",
];

/// Titles that mean an outage only when there is nothing else in them.
const OUTAGE_WHOLE: &[&str] = &[
    "maintenance",
    "offline",
    "wartung",
    "wartungsarbeiten",
    "mantenimiento",
];

/// What the page stands in for, if its title says so. A page with an
/// article's metadata is an article, whatever it is called.
pub(crate) fn substitute(text: &str) -> Option<Substitute> {
    let title = plain_title(text)?;
    let begins = |starts: &[&str]| starts.iter().any(|start| title.starts_with(start));
    let found = if begins(NOT_FOUND) {
        Substitute::NotFound
    } else if begins(OUTAGE) || OUTAGE_WHOLE.contains(&title.as_str()) {
        Substitute::Outage
    } else {
        return None;
    };
    (!describes_an_article(text)).then_some(found)
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
            (
                "<title>Not found in nature: x</title><meta name=citation_title content=x>",
                None,
            ),
            ("<p>404", None),
        ] {
            assert_eq!(substitute(page), means, "{page}");
        }
    }
}
