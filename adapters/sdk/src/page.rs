//! A page for people, parsed whole by an HTML5 parser: elements in document
//! order, attributes, links completed against `<base href>`.

use html5ever::tendril::TendrilSink;
use html5ever::tree_builder::TreeBuilderOpts;
use html5ever::{ParseOpts, parse_document};
use scraper::{ElementRef, Html, HtmlTreeSink};
use url::Url;

use crate::{Element, bounds, judgement, urls};

/// What a request in role `landing` led to.
#[derive(Debug)]
pub enum Landing {
    /// The PDF itself: propose the URL that answered.
    Pdf,
    /// A page.
    Page(Page),
}

/// A parsed page.
#[derive(Debug)]
pub struct Page {
    html: Html,
    base: Option<Url>,
    url: String,
    paywall: bool,
}

impl Page {
    /// Parses the page that answered at `url`. Any text is a page: HTML has no
    /// syntax errors. A page of more than a hundred thousand elements, or
    /// nested a thousand deep, is read to there.
    #[must_use]
    pub fn parse(text: &str, url: &str) -> Self {
        let text = bounds::readable(text);
        let html = parse_without_scripts(text);
        let own = Url::parse(url).ok();
        let declared = elements_of(&html, &["base"])
            .find_map(|element| element.attr("href").map(str::to_owned));
        let base = match (own, declared) {
            (Some(own), Some(href)) => urls::join(&own, &href).or(Some(own)),
            (own, _) => own,
        };
        let mut page = Self {
            html,
            base,
            url: url.to_owned(),
            paywall: judgement::is_paywall(text) || judgement::is_door_address(url),
        };
        page.paywall |= page
            .sends_to()
            .is_some_and(|next| judgement::is_door_address(&next));
        page
    }

    /// The URL that answered.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether the page sells the article, asks to log in or sends its reader to
    /// where one does. Such a page may still name the PDF.
    #[must_use]
    pub fn looks_paywalled(&self) -> bool {
        self.paywall
    }

    /// The elements of these tag names (lower case), in document order.
    pub fn elements<'a>(&'a self, tags: &'a [&'a str]) -> impl Iterator<Item = Element<'a>> {
        elements_of(&self.html, tags)
    }

    /// The contents of the `meta` elements of this name, be it in `name`,
    /// `property` or `itemprop`, whatever its case.
    pub fn metas<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.named_metas(name)
            .filter_map(|meta| meta.attr("content"))
    }

    /// The `meta` elements of this name, as [`metas`](Page::metas) reads it.
    pub(crate) fn named_metas<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Element<'a>> {
        self.elements(&["meta"]).filter(move |meta| {
            ["name", "property", "itemprop"].iter().any(|key| {
                meta.attr(key)
                    .is_some_and(|value| value.trim().eq_ignore_ascii_case(name))
            })
        })
    }

    /// A link of this page as an absolute URL: `<base href>` honoured, spaces
    /// encoded, the fragment dropped. None unless it leads to http or https.
    #[must_use]
    pub fn absolute(&self, reference: &str) -> Option<String> {
        urls::join(self.base.as_ref()?, reference).map(String::from)
    }

    /// Where a `<meta http-equiv=refresh>` of at most half a minute leads, if
    /// it leads elsewhere, and not to a login or a challenge: to follow the
    /// latter would be to solve it. One in `noscript` leads to a complaint
    /// about scripts.
    #[must_use]
    pub fn refresh(&self) -> Option<String> {
        self.sends_to()
            .filter(|url| !judgement::is_door_address(url) && !judgement::is_challenge_address(url))
    }

    /// Whether its refresh leads to a challenge.
    pub(crate) fn sends_to_challenge(&self) -> bool {
        self.sends_to()
            .is_some_and(|url| judgement::is_challenge_address(&url))
    }

    fn sends_to(&self) -> Option<String> {
        let content = self.elements(&["meta"]).find_map(|meta| {
            let is_refresh = meta
                .attr("http-equiv")
                .is_some_and(|value| value.trim().eq_ignore_ascii_case("refresh"));
            (is_refresh && meta.ancestors().all(|place| place.tag() != "noscript"))
                .then(|| meta.attr("content"))
                .flatten()
        })?;
        let (delay, rest) = content.split_once([';', ','])?;
        if delay.trim().parse::<f32>().ok()? > 30.0 {
            return None;
        }
        let rest = rest.trim_start();
        let target = match rest.get(..3) {
            Some(key) if key.eq_ignore_ascii_case("url") => {
                rest.get(3..)?.trim_start().strip_prefix('=')?
            }
            _ => rest,
        };
        let target = target.trim().trim_matches(['\'', '"']);
        let url = self.absolute(target)?;
        (urls::sameness(&url) != urls::sameness(&self.url)).then_some(url)
    }
}

/// Parses as a browser without scripts does: what `noscript` holds is part of
/// the page.
fn parse_without_scripts(text: &str) -> Html {
    let options = ParseOpts {
        tree_builder: TreeBuilderOpts {
            scripting_enabled: false,
            ..TreeBuilderOpts::default()
        },
        ..ParseOpts::default()
    };
    parse_document(HtmlTreeSink::new(Html::new_document()), options).one(text)
}

fn elements_of<'a>(html: &'a Html, tags: &'a [&'a str]) -> impl Iterator<Item = Element<'a>> {
    html.tree
        .root()
        .descendants()
        .filter_map(ElementRef::wrap)
        .filter(|element| tags.contains(&element.value().name()))
        .map(Element)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const URL: &str = "https://a.example/articles/1";

    #[test]
    fn metas_are_found_by_name_or_property_in_any_order_quoting_and_case() {
        let page = Page::parse(
            "<meta content=/a.pdf name=citation_pdf_url>\
             <META PROPERTY='Citation_PDF_URL' CONTENT='/b.pdf?x=1&amp;y=2'>\
             <meta name=citation_pdf_url>",
            URL,
        );
        let found: Vec<_> = page.metas("citation_pdf_url").collect();
        assert_eq!(found, ["/a.pdf", "/b.pdf?x=1&y=2"]);
    }

    #[test]
    fn links_are_completed_against_the_declared_base() {
        let page = Page::parse("<base href='/files/'><a href='a b.pdf'>x</a>", URL);
        let link = page.elements(&["a"]).next().unwrap();
        assert_eq!(
            page.absolute(link.attr("href").unwrap()).as_deref(),
            Some("https://a.example/files/a%20b.pdf")
        );
    }

    #[test]
    fn a_refresh_is_read_in_the_spellings_in_use() {
        for (content, target) in [
            (
                "2; url='/go?Redirect=x'",
                Some("https://a.example/go?Redirect=x"),
            ),
            ("0;URL=https://b.example/", Some("https://b.example/")),
            ("0.5, https://b.example/x", Some("https://b.example/x")),
            ("35", None),
            ("300; url=/later", None),
            ("5; url=https://a.example/articles/1#self", None),
            ("x; url=/y", None),
            ("1; url=javascript:alert(1)", None),
        ] {
            let html = format!("<meta http-equiv=Refresh content=\"{content}\">");
            assert_eq!(
                Page::parse(&html, URL).refresh().as_deref(),
                target,
                "{content}"
            );
        }
    }

    #[test]
    fn a_refresh_to_a_login_or_a_challenge_is_none_and_makes_a_door_of_the_page() {
        for (target, is_door) in [
            ("https://login.uni.example/sso?x", true),
            ("/captcha?return=/articles/1", false),
            ("/action/cookieAbsent", false),
        ] {
            let html = format!("<meta http-equiv=refresh content='0;url={target}'>");
            let page = Page::parse(&html, URL);
            assert_eq!(page.refresh(), None, "{target}");
            assert_eq!(page.looks_paywalled(), is_door, "{target}");
            assert_eq!(page.sends_to_challenge(), !is_door, "{target}");
        }
    }

    #[test]
    fn what_noscript_holds_is_on_the_page_but_its_refresh_is_not_followed() {
        let page = Page::parse(
            "<head><noscript><meta name=citation_pdf_url content=/a.pdf>\
             <meta http-equiv=refresh content='0; url=/enable-scripts'></noscript>\
             <noscript><img src=/pixel></noscript><meta name=citation_doi content=10.1234/x>\
             <body><noscript><a href=/b.pdf>PDF</a></noscript>",
            URL,
        );
        assert_eq!(page.metas("citation_pdf_url").next(), Some("/a.pdf"));
        assert_eq!(page.metas("citation_doi").count(), 1);
        assert_eq!(page.elements(&["a"]).count(), 1);
        assert_eq!(page.refresh(), None);
    }

    #[test]
    fn a_login_pages_address_makes_a_paywall_of_any_page() {
        assert!(Page::parse("<p>Welcome", "https://idp.pub.example/authorize").looks_paywalled());
        assert!(!Page::parse("<p>Welcome", URL).looks_paywalled());
    }

    #[test]
    fn a_page_nested_without_end_is_read_as_deep_as_browsers_would() {
        let page = Page::parse(&"<div>".repeat(1_000_000), URL);
        assert_eq!(page.elements(&["div"]).count(), 1_000);
    }
}
