//! One step of the way: where a page that is no end leads, and addresses freed
//! of what the way hung on them.

use paperfall_adapter::{Page, urls};

/// Where a page that is only a step on the way leads.
pub(crate) fn next(page: &Page) -> Option<String> {
    let refresh = page.refresh()?;
    // linkinghub: the target stands percent-encoded in the refresh's query or
    // in a hidden field; the refresh itself leads to a page for browsers.
    urls::query_value(&refresh, "Redirect")
        .or_else(|| hidden_target(page))
        .and_then(|target| page.absolute(&target))
        .or(Some(refresh))
}

fn hidden_target(page: &Page) -> Option<String> {
    page.elements(&["input"])
        .find(|input| {
            input
                .attr("name")
                .is_some_and(|name| name.eq_ignore_ascii_case("redirectURL"))
        })
        .and_then(|input| input.attr("value"))
        .map(urls::decode)
}

/// Springer's address without its complaint about cookies.
pub(crate) fn without_complaint(url: &str) -> &str {
    match url.split_once('?') {
        Some((page, query)) if query.contains("cookies_not_supported") => page,
        _ => url,
    }
}

/// An http address in https; none for one that is not in http.
pub(crate) fn in_https(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    scheme
        .eq_ignore_ascii_case("http")
        .then(|| format!("https://{rest}"))
}
