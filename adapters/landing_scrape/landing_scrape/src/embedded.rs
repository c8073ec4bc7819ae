//! Documents shown inside a page: by the browser itself, or by a viewer
//! written in JavaScript that takes the document as a parameter.

use paperfall_adapter::{Element, Page, urls};

use crate::address::is_pdf_path;
use crate::subject::Subject;
use crate::surroundings::{self, HEADING_TAGS, Place, Sections};

/// Parameters by which viewers take their document.
const PARAMETERS: [&str; 4] = ["file", "url", "pdf", "src"];

/// Elements that show documents.
const FRAMES: [&str; 4] = ["embed", "iframe", "object", "frame"];

/// The documents embedded in a page, where it shows what is the article's own.
pub(crate) fn documents(page: &Page, subject: &Subject) -> Vec<String> {
    if page.elements(&FRAMES).next().is_none() {
        return Vec::new();
    }
    let mut sections = Sections::default();
    let tags: Vec<&str> = FRAMES.into_iter().chain(HEADING_TAGS).collect();
    page.elements(&tags)
        .filter_map(|element| {
            if !FRAMES.contains(&element.tag()) {
                sections.pass(&element, subject);
                return None;
            }
            let document = document(page, &element)?;
            let is_others = sections.is_of_other_documents(subject)
                || surroundings::around(&element) == Place::Others;
            (!is_others).then_some(document)
        })
        .collect()
}

fn document(page: &Page, element: &Element<'_>) -> Option<String> {
    let source = ["src", "data", "data-src"]
        .iter()
        .filter_map(|name| element.attr(name))
        .map(str::trim)
        .find(|source| !source.is_empty() && !source.starts_with("about:"))?;
    if let Some(file) = viewed(source) {
        // The viewer completes what it is given against its own address.
        let viewer = page.absolute(source)?;
        return urls::absolute(&viewer, &file);
    }
    (is_pdf_type(element, "type") || is_pdf_path(source) || gets_a_pdf(source))
        .then(|| source.to_owned())
}

/// IEEE's frame holds `/stampPDF/getPDF.jsp?arnumber=…`.
fn gets_a_pdf(source: &str) -> bool {
    let path = source.split(['?', '#']).next().unwrap_or(source);
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.split('.').next().unwrap_or(name);
    stem.eq_ignore_ascii_case("getpdf")
}

/// What a viewer shows. A frame with a parameter is no viewer by that alone:
/// advertisements have parameters, too.
fn viewed(source: &str) -> Option<String> {
    let path = source
        .split(['?', '#'])
        .next()
        .unwrap_or(source)
        .to_ascii_lowercase();
    let is_viewer = ["viewer", "gview", "pdfjs", "pdf.js"]
        .iter()
        .any(|mark| path.contains(mark));
    PARAMETERS
        .iter()
        .filter_map(|name| urls::query_value(source, name))
        .find(|file| !file.is_empty() && (is_viewer || is_pdf_path(file)))
}

/// Whether an attribute says `application/pdf`.
pub(crate) fn is_pdf_type(element: &Element<'_>, attribute: &str) -> bool {
    element.attr(attribute).is_some_and(|kind| {
        let kind = kind.split(';').next().unwrap_or(kind).trim();
        kind.eq_ignore_ascii_case("application/pdf")
            || kind.eq_ignore_ascii_case("application/x-pdf")
    })
}
