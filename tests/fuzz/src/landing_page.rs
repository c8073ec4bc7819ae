//! Landing pages: an address, a content type and the work's title on three
//! lines, then the page. No supplement comes out of one.

use paperfall_adapter::testing;

use crate::answers::{Answer, Answers, holds};

/// Checks one page.
pub fn check(data: &[u8]) {
    let mut parts = data.splitn(4, |byte| *byte == b'\n');
    let mut line = || String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
    let (url, content_type, title) = (line(), line(), line());
    let page = parts.next().unwrap_or_default();
    let mut work = testing::work_at(&[], &["https://publisher.example/article/7"]);
    work.identifiers = testing::work(&[("doi", "10.5555/one")]).identifiers;
    work.title = Some(title);
    let answers = Answers::new(vec![Answer {
        status: 200,
        url: Some(url),
        content_type,
        headers: Vec::new(),
        body: page.to_vec(),
        complete: true,
    }]);
    let found = holds::<landing_scrape::LandingScrape>(&answers, &work);
    for candidate in found.iter().flat_map(|found| &found.candidates) {
        assert!(!is_supplement(&candidate.url), "{}", candidate.url);
    }
}

/// Whether an address is of a folder in which publishers keep nothing but
/// supplements.
fn is_supplement(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| {
        url.path_segments()
            .is_some_and(|mut segments| segments.any(|segment| segment == "suppl_file"))
    })
}
