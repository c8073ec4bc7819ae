//! Publishers' pages: landing pages in the shapes that exist, and the hop that
//! hides its target in a form.

use crate::answer::Answer;
use crate::text::{encode, escape};

/// How a landing page names its PDF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PdfLink {
    /// `<meta name="citation_pdf_url" content="…">`
    CitationMeta(String),
    /// The same, attributes turned round, by `property`, without quotes.
    UnquotedProperty(String),
    /// `<link rel="alternate" type="application/pdf" href="…">`
    Alternate(String),
    /// `<a href="…">Download PDF</a>`
    Anchor(String),
    /// `<embed type="application/pdf" src="…">`
    Embed(String),
    /// `<iframe src="…">`
    Frame(String),
}

/// An article's landing page.
#[derive(Debug, Clone)]
pub struct LandingPage {
    title: String,
    doi: Option<String>,
    base: Option<String>,
    links: Vec<PdfLink>,
    decoys: bool,
    paywall: bool,
}

impl LandingPage {
    /// A page about an article, without any PDF.
    #[must_use]
    pub fn new(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            doi: None,
            base: None,
            links: Vec::new(),
            decoys: false,
            paywall: false,
        }
    }

    /// Names the DOI in the metadata.
    #[must_use]
    pub fn doi(mut self, doi: &str) -> Self {
        self.doi = Some(doi.to_owned());
        self
    }

    /// Names the PDF in this way.
    #[must_use]
    pub fn pdf(mut self, link: PdfLink) -> Self {
        self.links.push(link);
        self
    }

    /// Relative links start here.
    #[must_use]
    pub fn base(mut self, href: &str) -> Self {
        self.base = Some(href.to_owned());
        self
    }

    /// Adds what must not be taken: a supplement and a reference's PDF, both
    /// before the article's own links.
    #[must_use]
    pub fn with_decoys(mut self) -> Self {
        self.decoys = true;
        self
    }

    /// Adds a buy box.
    #[must_use]
    pub fn paywalled(mut self) -> Self {
        self.paywall = true;
        self
    }

    /// The page.
    #[must_use]
    pub fn answer(&self) -> Answer {
        let title = escape(&self.title);
        let mut head =
            format!("<meta charset=\"utf-8\">\n<title>{title} | Miniature Press</title>\n");
        if let Some(base) = &self.base {
            head.push_str(&format!("<base href=\"{}\">\n", escape(base)));
        }
        head.push_str(&format!(
            "<meta name=\"citation_title\" content=\"{title}\">\n"
        ));
        if let Some(doi) = &self.doi {
            head.push_str(&format!(
                "<meta name=\"citation_doi\" content=\"{}\">\n",
                escape(doi)
            ));
        }
        let mut body =
            format!("<h1>{title}</h1>\n<p>Abstract. Small worlds are told in small words.</p>\n");
        if self.decoys {
            body.push_str(
                "<ul><li><a href=\"/articles/suppl_file/s1.pdf\">Supplementary material (PDF)</a></li>\
                 <li>Cited: <a href=\"https://elsewhere.example/cited-work.pdf\">Another paper [PDF]</a></li></ul>\n",
            );
        }
        for link in &self.links {
            match link {
                PdfLink::CitationMeta(url) => head.push_str(&format!(
                    "<meta name=\"citation_pdf_url\" content=\"{}\">\n",
                    escape(url)
                )),
                PdfLink::UnquotedProperty(url) => {
                    head.push_str(&format!("<meta content={url} property=citation_pdf_url>\n"));
                }
                PdfLink::Alternate(url) => head.push_str(&format!(
                    "<link href=\"{}\" type=\"application/pdf\" rel=\"alternate nofollow\">\n",
                    escape(url)
                )),
                PdfLink::Anchor(url) => body.push_str(&format!(
                    "<p><a class=\"pdf-download\" href=\"{}\">Download PDF</a></p>\n",
                    escape(url)
                )),
                PdfLink::Embed(url) => body.push_str(&format!(
                    "<embed type=\"application/pdf\" src=\"{}\">\n",
                    escape(url)
                )),
                PdfLink::Frame(url) => {
                    body.push_str(&format!("<iframe src=\"{}\"></iframe>\n", escape(url)));
                }
            }
        }
        if self.paywall {
            body.push_str(
                "<section class=\"buybox\" id=\"article-paywall\"><h2>Access this article</h2>\
                 <p>This is a preview of subscription content.</p><button>Buy article PDF 39,95 €</button>\
                 <a href=\"/login\">Log in via an institution</a></section>\n",
            );
        }
        Answer::html(format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n{head}</head>\n<body>\n{body}</body>\n</html>\n"
        ))
    }
}

/// A page that sends people on by a delayed refresh, its target spelt out,
/// encoded, only in a hidden field and in the refresh's own query. The refresh
/// goes to `/retrieve?Redirect=…` on the same host: register that page too.
#[must_use]
pub fn hidden_redirect(target: &str) -> Answer {
    let encoded = encode(target);
    Answer::html(format!(
        "<!DOCTYPE html><html><head><title>Redirecting</title>\
         <meta http-equiv=\"refresh\" content=\"2; url='/retrieve?Redirect={encoded}&amp;key=5c1f'\" /></head>\
         <body onload=\"autoRedirectToURL()\"><form name=\"redirectForm\">\
         <input type=\"hidden\" name=\"redirectURL\" value=\"{encoded}\" id=\"redirectURL\"/>\
         <input type=\"hidden\" name=\"resultName\" value=\"articleSelectSinglePerm\" id=\"resultName\"/></form>\
         <noscript><p>Redirecting, please wait.</p></noscript></body></html>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(landing: &LandingPage) -> String {
        String::from_utf8_lossy(&landing.answer().body()).into_owned()
    }

    #[test]
    fn urls_are_escaped_in_quoted_attributes_and_bare_in_unquoted_ones() {
        let quoted = LandingPage::new("A & B").pdf(PdfLink::CitationMeta(
            "https://j.example/f?id=1&type=printable".into(),
        ));
        assert!(page(&quoted).contains("content=\"https://j.example/f?id=1&amp;type=printable\""));
        assert!(page(&quoted).contains("<h1>A &amp; B</h1>"));
        let bare =
            LandingPage::new("A").pdf(PdfLink::UnquotedProperty("https://j.example/f.pdf".into()));
        assert!(
            page(&bare)
                .contains("<meta content=https://j.example/f.pdf property=citation_pdf_url>")
        );
    }

    #[test]
    fn decoys_come_before_the_papers_own_link() {
        let page = page(
            &LandingPage::new("A")
                .with_decoys()
                .pdf(PdfLink::Anchor("/a.pdf".into())),
        );
        let (decoy, own) = (page.find("suppl_file"), page.find("href=\"/a.pdf\""));
        assert!(decoy.is_some() && decoy < own, "{page}");
    }
}
