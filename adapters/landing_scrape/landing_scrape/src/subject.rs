//! Which article a page is: its DOI, its title and the id its site gave it, by
//! which the links of the page are told from one another.

use paperfall_adapter::{About, Page, Work, urls};

use crate::dois::{begins_with_doi, doi_of, dois_in};
use crate::index::{LISTS, is_index};
use crate::title::{Beside, Title};
use crate::words;

/// Where pages give their title for machines, and how many of them are read.
const TITLE_METAS: [&str; 3] = ["citation_title", "dc.title", "og:title"];
const MAX_TITLES: usize = 20;
/// Words that the beginning of a title must have to stand for it.
const MIN_BEGINNING: usize = 4;
/// Shorter identifiers in an address occur by chance, in bytes.
const MIN_ID: usize = 4;
/// What stands before even a short id of one article.
const BEFORE_IDS: [&str; 13] = [
    "view", "viewfile", "download", "article", "articles", "abs", "abstract", "paper", "papers",
    "record", "records", "item", "document",
];

/// Last segments that say how an article is shown.
pub(crate) const VIEWS: [&str; 9] = [
    "full",
    "fulltext",
    "full-text",
    "abstract",
    "html",
    "summary",
    "meta",
    "index.html",
    "_article",
];

/// What the page is about, as far as it can be known.
pub(crate) struct Subject {
    doi: Option<String>,
    title: Option<Title>,
    /// What the page calls itself, in plain words.
    page_titles: Vec<String>,
    pub(crate) about: About,
    /// What stands for this one article in the addresses of its site.
    ids: Vec<String>,
    /// What stands before the id in the page's path, with its slash.
    place: Option<String>,
    is_index: bool,
    /// The DOI in the page's path.
    place_doi: Option<String>,
}

impl Subject {
    pub(crate) fn new(page: &Page, work: &Work) -> Self {
        let about = About::new(page, work);
        let path = path_of(page.url());
        let mut ids: Vec<String> = id_in(&path).into_iter().collect();
        let place = match (ids.is_empty(), path.trim_end_matches('/').rsplit_once('/')) {
            (false, Some((before, _))) => Some(format!("{before}/")),
            _ => None,
        };
        if let (1, Some(doi)) = (about.dois().len(), about.dois().first()) {
            let suffix = doi.rsplit('/').next().unwrap_or_default();
            if suffix.len() >= MIN_ID + 2 {
                ids.push(suffix.to_owned());
            }
        }
        Self {
            doi: work.doi().map(|doi| doi.to_string()),
            title: work.title.as_deref().and_then(Title::telling),
            page_titles: titles_of(page),
            about,
            ids,
            place,
            place_doi: doi_of(&path),
            is_index: is_index(&path),
        }
    }

    /// Whether an address has the work's DOI in it.
    pub(crate) fn doi_is_in(&self, url: &str) -> bool {
        let Some(doi) = self.doi.as_deref() else {
            return false;
        };
        let address = urls::decode(url).to_lowercase();
        address
            .match_indices(doi)
            .filter_map(|(at, _)| address.get(at..))
            .any(|rest| begins_with_doi(rest, doi))
    }

    /// Whether the page gives the work's DOI as its own and no other.
    pub(crate) fn is_the_works_own(&self) -> bool {
        self.doi
            .as_ref()
            .is_some_and(|doi| self.about.dois().len() == 1 && self.about.dois().contains(doi))
    }

    /// Whether the page's address says that it lists works or is a journal's
    /// own: its only PDF is the one work that happens to be listed.
    pub(crate) fn is_index(&self) -> bool {
        self.is_index
    }

    /// What a text says beside the work's title; none if it does not name it.
    pub(crate) fn beside_title(&self, text: &str) -> Option<Beside> {
        self.title.as_ref()?.beside(text)
    }

    /// Whether a plain text is the page's title, or the beginning of one.
    pub(crate) fn is_a_title(&self, text: &str) -> bool {
        text.contains(' ')
            && self.page_titles.iter().any(|title| {
                title.strip_prefix(text).is_some_and(|rest| {
                    rest.is_empty()
                        || (rest.starts_with(' ') && text.split(' ').count() >= MIN_BEGINNING)
                })
            })
    }

    /// Whether a heading is the title of the work or of the page.
    pub(crate) fn is_titled(&self, heading: &str) -> bool {
        self.title
            .as_ref()
            .is_some_and(|title| title.is_whole(heading))
            || self.is_a_title(&words::plain(heading))
    }

    /// Whether an address lies in the folder that the page's own address is.
    pub(crate) fn is_in_its_folder(&self, page: &Page, url: &str) -> bool {
        let (folder, file) = (urls::sameness(page.url()), urls::sameness(url));
        folder.ends_with('/')
            && file
                .strip_prefix(&folder)
                .is_some_and(|name| !name.contains('/'))
    }

    /// Whether the page is called a `chapter`, a `book`, or stands among them.
    pub(crate) fn is_a(&self, word: &str) -> bool {
        self.about.owns(word)
            || self.about.owns(&format!("{word}s"))
            || word
                .strip_suffix('s')
                .is_some_and(|singular| self.about.owns(singular))
    }

    /// Whether an address is one of this article's, by the id its site gave it.
    pub(crate) fn id_is_in(&self, url: &str) -> bool {
        let address = urls::decode(url).to_lowercase();
        let path = path_of(&address);
        let mut before = "";
        for segment in path.split('/') {
            let bare = segment.trim_end_matches(".pdf").trim_end_matches(".full");
            let (stem, _) = split_version(bare);
            let known = self.ids.iter().any(|id| {
                (id == bare || id == stem)
                    && (id.len() >= MIN_ID || BEFORE_IDS.contains(&before) || before == "pdf")
            });
            if known {
                return true;
            }
            before = segment;
        }
        false
    }
}

impl Subject {
    /// Whether an address has a DOI in it that is neither the work's nor the
    /// page's: a reference's, a related article's. Where nothing is known of
    /// the article's own there is none to compare with.
    pub(crate) fn anothers_doi_is_in(&self, url: &str) -> bool {
        if self.id_is_in(url) {
            return false;
        }
        let own = self
            .doi
            .iter()
            .chain(self.about.dois())
            .chain(&self.place_doi);
        let own: Vec<&String> = own.collect();
        let address = urls::decode(url).to_lowercase();
        let mut dois = dois_in(&address).peekable();
        !own.is_empty()
            && dois.peek().is_some()
            && dois.all(|doi| own.iter().all(|own| !begins_with_doi(doi, own)))
    }

    /// Whether an address stands where this article's own would stand, but
    /// with another article's id: `/articles/8/pdf` on the page `/articles/7`.
    pub(crate) fn is_a_siblings(&self, url: &str) -> bool {
        let (Some(place), false) = (&self.place, self.id_is_in(url)) else {
            return false;
        };
        let path = path_of(&urls::decode(url).to_lowercase());
        let Some(rest) = path.strip_prefix(place.as_str()) else {
            return false;
        };
        // A file in the same folder is not an article's folder.
        let Some((id, _)) = rest.split_once('/') else {
            return false;
        };
        let is_year = id.len() == 4 && (id.starts_with("19") || id.starts_with("20"));
        id.contains(|c: char| c.is_ascii_digit()) && !is_year
    }
}

/// The titles a page gives itself, in plain words.
fn titles_of(page: &Page) -> Vec<String> {
    TITLE_METAS
        .iter()
        .flat_map(|name| page.metas(name))
        .map(words::plain)
        .chain(
            page.elements(&["title"])
                .take(1)
                .map(|title| words::plain(&title.text())),
        )
        .take(MAX_TITLES)
        .collect()
}

/// `…v2` as its stem and its number.
pub(crate) fn split_version(segment: &str) -> (&str, Option<u16>) {
    match segment.rsplit_once('v') {
        Some((stem, number)) if stem.ends_with(|c: char| c.is_ascii_digit()) => {
            match number.parse() {
                Ok(number) => (stem, Some(number)),
                Err(_) => (segment, None),
            }
        }
        _ => (segment, None),
    }
}

/// The address's path in lower case, without query and fragment.
fn path_of(url: &str) -> String {
    let address = urls::sameness(url).to_lowercase();
    let path = address.split_once('/').map_or("", |(_, path)| path);
    path.split('?').next().unwrap_or(path).to_owned()
}

/// The segment of a page's path that stands for its article.
fn id_in(path: &str) -> Option<String> {
    let segments: Vec<&str> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    if segments.iter().any(|segment| LISTS.contains(segment)) {
        return None;
    }
    let shown = segments
        .iter()
        .rposition(|segment| !VIEWS.contains(segment))?;
    let (last, rest) = segments.get(..=shown)?.split_last()?;
    let bare = last
        .trim_end_matches(".html")
        .trim_end_matches(".htm")
        .trim_end_matches(".full");
    let (stem, _) = split_version(bare);
    let told = rest
        .last()
        .is_some_and(|before| BEFORE_IDS.contains(before));
    let is_id = stem.contains(|c: char| c.is_ascii_digit())
        && (stem.len() >= MIN_ID || told)
        && !is_issn(stem);
    is_id.then(|| stem.to_owned())
}

/// `1234-567x` is a journal's number.
fn is_issn(text: &str) -> bool {
    let mut parts = text.split('-');
    let digits = |part: Option<&str>| {
        part.is_some_and(|part| {
            part.len() == 4 && part.bytes().take(3).all(|byte| byte.is_ascii_digit())
        })
    };
    digits(parts.next()) && digits(parts.next()) && parts.next().is_none()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use paperfall_adapter::testing;

    fn subject(url: &str) -> Subject {
        Subject::new(
            &Page::parse("<title>x</title>", url),
            &testing::work(&[("doi", "10.1234/nature12")]),
        )
    }

    #[test]
    fn an_articles_id_is_found_in_its_pages_address_and_a_lists_is_none() {
        for (page, link) in [
            (
                "https://j.example/index.php/j/article/view/12",
                "https://j.example/index.php/j/article/download/12/34",
            ),
            (
                "https://z.example/records/1234567",
                "https://z.example/records/1234567/files/paper.pdf?download=1",
            ),
            (
                "https://f.example/articles/10.3389/fpsyg.2020.00001/full",
                "https://f.example/articles/10.3389/fpsyg.2020.00001/pdf",
            ),
            (
                "https://p.example/articles/ab123.html",
                "https://p.example/pdf/AB123.pdf",
            ),
            (
                "https://r.example/content/10.1101/2020.01.02.123456v2",
                "https://r.example/content/10.1101/2020.01.02.123456v1.full.pdf",
            ),
        ] {
            assert!(subject(page).id_is_in(link), "{page} {link}");
        }
        for (page, link) in [
            (
                "https://j.example/issue/view/4512",
                "https://j.example/article/download/4512/1",
            ),
            (
                "https://j.example/journal/1234-567X",
                "https://j.example/journal/1234-567X/pdf/1",
            ),
            ("https://j.example/", "https://j.example/1.pdf"),
            (
                "https://j.example/article/view/12",
                "https://j.example/vol/12/7.pdf",
            ),
        ] {
            assert!(!subject(page).id_is_in(link), "{page} {link}");
        }
    }

    #[test]
    fn the_same_place_with_another_id_is_a_siblings() {
        let subject = subject("https://p.example/science/article/pii/S14629011");
        for (link, is) in [
            (
                "https://p.example/science/article/pii/S00000002/pdfft",
                true,
            ),
            (
                "https://p.example/science/article/pii/S14629011/pdfft",
                false,
            ),
            ("https://p.example/science/article/pii/s2.pdf", false),
            ("https://p.example/science/article/pii/2020/x.pdf", false),
            ("https://p.example/files/S00000002/x.pdf", false),
        ] {
            assert_eq!(subject.is_a_siblings(link), is, "{link}");
        }
    }

    #[test]
    fn another_works_doi_is_told_from_the_works_the_pages_and_their_versions() {
        let subject = subject("https://p.example/doi/full/10.9876/copy.7/html");
        for (link, is) in [
            ("https://p.example/doi/pdf/10.1234/zzz9", true),
            ("https://p.example/get?doi=10.1234%2Fnature123", true),
            ("https://p.example/content/pdf/10.5555/s1.pdf", true),
            ("https://p.example/doi/pdf/10.1234/nature12", false),
            ("https://p.example/10.1234/nature12v2.full.pdf", false),
            ("https://p.example/doi/pdf/10.9876/copy.7", false),
            ("https://p.example/pdf/7.pdf", false),
            ("https://p.example/10.12/7.pdf", false),
            ("https://p.example/v1.10.2020/7.pdf", false),
        ] {
            assert_eq!(subject.anothers_doi_is_in(link), is, "{link}");
        }
        let page = Page::parse("<title>x</title>", "https://p.example/article/7");
        let nameless = Subject::new(&page, &testing::work(&[]));
        assert!(!nameless.anothers_doi_is_in("https://p.example/doi/pdf/10.1234/zzz9"));
    }

    #[test]
    fn a_doi_names_a_work_only_whole() {
        let subject = subject("https://p.example/");
        assert!(subject.doi_is_in("https://p.example/doi/pdf/10.1234%2FNature12"));
        assert!(subject.doi_is_in("https://p.example/10.1234/nature12.pdf"));
        assert!(subject.doi_is_in("https://p.example/10.1234/nature12v3.full.pdf"));
        assert!(!subject.doi_is_in("https://p.example/10.1234/nature123.pdf"));
        assert!(!subject.doi_is_in("https://p.example/10.1234/nature12vol.pdf"));
    }
}
