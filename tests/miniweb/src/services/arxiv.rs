//! arXiv: PDFs and abstract pages on the site, Atom feeds on the export host.

use std::fmt::Write as _;

use crate::answer::Answer;
use crate::asked::Asked;
use crate::paper::{Paper, Service};
use crate::services::publisher::{LandingPage, PdfLink};
use crate::text::escape;
use crate::world::{Id, Turns, World};

/// The identifier without its version, and the version.
pub(crate) fn split_version(id: &str) -> (&str, Option<u32>) {
    match id.rsplit_once('v') {
        Some((base, version)) if base.ends_with(|c: char| c.is_ascii_digit()) => {
            match version.parse() {
                Ok(version) => (base, Some(version)),
                Err(_) => (id, None),
            }
        }
        _ => (id, None),
    }
}

/// The paper of an identifier, if that version of it exists.
fn find<'a>(world: &'a World, id: &str) -> Option<&'a Paper> {
    let (base, version) = split_version(id);
    let paper = world.find(Id::Arxiv, base)?;
    let latest = latest_version(paper);
    let exists = version.is_none_or(|version| (1..=latest).contains(&version));
    (exists && (paper.arxiv_pdf.is_some() || paper.scripted(Service::ArxivPdf).is_some()))
        .then_some(paper)
}

fn latest_version(paper: &Paper) -> u32 {
    paper
        .arxiv
        .as_deref()
        .and_then(|id| split_version(id).1)
        .unwrap_or(1)
}

/// `arxiv.org`.
pub(crate) fn site(world: &World, asked: &Asked, turns: &Turns) -> Option<Answer> {
    if let Some(id) = asked.path.strip_prefix("/pdf/") {
        if let Some(bare) = id.strip_suffix(".pdf") {
            return Some(Answer::redirect_as(301, &format!("/pdf/{bare}")));
        }
        return Some(match find(world, id) {
            Some(paper) => world
                .scripted(paper, Service::ArxivPdf, turns)
                .or_else(|| paper.arxiv_pdf.clone())
                .unwrap_or_else(|| no_paper(id)),
            None => no_paper(id),
        });
    }
    let id = asked.path.strip_prefix("/abs/")?;
    Some(match find(world, id) {
        Some(paper) => {
            let pdf = format!("https://arxiv.org/pdf/{}", split_version(id).0);
            LandingPage::new(&paper.title)
                .pdf(PdfLink::CitationMeta(pdf))
                .answer()
        }
        None => no_paper(id),
    })
}

fn no_paper(id: &str) -> Answer {
    Answer::html(format!(
        "<!DOCTYPE html><html><head><title>Article not found</title></head><body><h1>Article not found</h1>\
         <p>No paper '{}' is known here.</p></body></html>",
        escape(id)
    ))
    .with_status(404)
}

/// `export.arxiv.org`: the API, and the same PDFs.
pub(crate) fn export(world: &World, asked: &Asked, turns: &Turns) -> Option<Answer> {
    if asked.path != "/api/query" {
        return site(world, asked, turns);
    }
    let mut entries = String::new();
    let mut count = 0;
    for id in asked
        .query("id_list")
        .unwrap_or_default()
        .split(',')
        .filter(|id| !id.is_empty())
    {
        if !looks_like_an_id(id) {
            let id = escape(id);
            let entry = format!(
                "<entry><id>https://arxiv.org/api/errors#incorrect_id_format_for_{id}</id><title>Error</title>\
                 <summary>incorrect id format for {id}</summary><author><name>arXiv api core</name></author></entry>"
            );
            return Some(feed(&entry, 1).with_status(400));
        }
        if let Some(paper) = find(world, id) {
            if let Some(scripted) = world.scripted(paper, Service::ArxivApi, turns) {
                return Some(scripted);
            }
            let (base, version) = split_version(id);
            let version = version.unwrap_or_else(|| latest_version(paper));
            let _ = write!(
                entries,
                "<entry><id>http://arxiv.org/abs/{base}v{version}</id><title>{}</title><updated>{year}-03-02T00:00:00Z</updated>\
                 <link href=\"https://arxiv.org/abs/{base}v{version}\" rel=\"alternate\" type=\"text/html\"/>\
                 <link href=\"https://arxiv.org/pdf/{base}v{version}\" rel=\"related\" type=\"application/pdf\" title=\"pdf\"/>\
                 <published>{year}-03-02T00:00:00Z</published><author><name>Åsa Näslund</name></author></entry>",
                escape(&paper.title),
                year = paper.year
            );
            count += 1;
        }
    }
    Some(feed(&entries, count))
}

fn feed(entries: &str, total: usize) -> Answer {
    Answer::xml(format!(
        "<?xml version='1.0' encoding='UTF-8'?>\n<feed xmlns:opensearch=\"http://a9.com/-/spec/opensearch/1.1/\" \
         xmlns=\"http://www.w3.org/2005/Atom\"><id>https://arxiv.org/api/mini</id><title>arXiv Query</title>\
         <opensearch:totalResults>{total}</opensearch:totalResults>{entries}</feed>"
    ))
    .content_type("application/atom+xml; charset=utf-8")
}

/// Roughly the API's own check: digits around a dot, or an archive and seven
/// digits.
fn looks_like_an_id(id: &str) -> bool {
    let (base, _) = split_version(id);
    let digits = |text: &str, count: std::ops::RangeInclusive<usize>| {
        count.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
    };
    match (base.split_once('/'), base.split_once('.')) {
        (Some((archive, number)), _) => !archive.is_empty() && digits(number, 7..=7),
        (None, Some((month, number))) => digits(month, 4..=4) && digits(number, 4..=5),
        (None, None) => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::pdf::Pdf;

    fn world() -> World {
        World::new()
            .paper(
                Paper::new("New")
                    .arxiv("2103.00001v2")
                    .arxiv_pdf(Answer::pdf(Pdf::new("New", 1, 3000))),
            )
            .paper(
                Paper::new("Old")
                    .arxiv("math/0309136")
                    .arxiv_pdf(Answer::pdf(Pdf::new("Old", 2, 3000))),
            )
    }

    fn status(url: &str) -> u16 {
        site(&world(), &Asked::get(url), &Turns::default())
            .unwrap()
            .status
    }

    #[test]
    fn versions_up_to_the_latest_exist() {
        assert_eq!(status("https://arxiv.org/pdf/2103.00001"), 200);
        assert_eq!(status("https://arxiv.org/pdf/2103.00001v1"), 200);
        assert_eq!(status("https://arxiv.org/pdf/2103.00001v2"), 200);
        assert_eq!(status("https://arxiv.org/pdf/2103.00001v3"), 404);
        assert_eq!(status("https://arxiv.org/pdf/math/0309136v1"), 200);
        assert_eq!(status("https://arxiv.org/pdf/2103.00009"), 404);
        assert_eq!(status("https://arxiv.org/abs/2103.00001"), 200);
    }

    #[test]
    fn a_pdf_suffix_is_redirected_away() {
        let answer = site(
            &world(),
            &Asked::get("https://arxiv.org/pdf/2103.00001.pdf"),
            &Turns::default(),
        )
        .unwrap();
        assert_eq!(answer.status, 301);
        assert!(
            answer
                .headers
                .contains(&("location".to_owned(), "/pdf/2103.00001".to_owned()))
        );
    }

    #[test]
    fn the_api_tells_hits_misses_and_malformed_ids_apart() {
        let ask = |ids: &str| {
            let url = format!("https://export.arxiv.org/api/query?id_list={ids}");
            let answer = export(&world(), &Asked::get(&url), &Turns::default()).unwrap();
            (
                answer.status,
                String::from_utf8_lossy(&answer.body()).into_owned(),
            )
        };
        let (status, feed) = ask("2103.00001");
        assert_eq!(status, 200);
        assert!(feed.contains("https://arxiv.org/pdf/2103.00001v2"));
        let (status, feed) = ask("2103.00009");
        assert!(status == 200 && !feed.contains("<entry>"));
        let (status, feed) = ask("abc");
        assert!(status == 400 && feed.contains("<title>Error</title>"));
    }
}
