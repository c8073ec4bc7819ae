//! Crossref's chooser: a DOI with several places, offered to people.

use paperfall_adapter::ids::Doi;
use paperfall_adapter::{Findings, Page, urls};

/// Whose links on a chooser are not the publishers'.
const ITS_OWN: &[&str] = &[
    "crossref.org",
    "doi.org",
    "creativecommons.org",
    "w3.org",
    "twitter.com",
    "x.com",
    "facebook.com",
    "linkedin.com",
    "youtube.com",
    "google.com",
    "googletagmanager.com",
];

/// Every place a chooser page offers.
pub(crate) fn places(page: &Page, doi: &Doi) -> Findings {
    let mut found = Findings::none("no_pdf_url");
    let own = doi.to_string();
    for link in page.elements(&["a"]) {
        let Some(url) = link.attr("href").and_then(|href| page.absolute(href)) else {
            continue;
        };
        let elsewhere = ITS_OWN.iter().all(|domain| !urls::is_under(&url, domain));
        // Publishers' targets are deep; a link to a bare host is a logo's.
        let deep = urls::sameness(&url).contains('/') || url.contains(&own);
        if elsewhere && deep {
            found.hand_on(url);
        }
    }
    found
}
