//! What an address says about the file behind it.

use paperfall_adapter::words::{is_numbered, is_supplementary, pieces, split};
use paperfall_adapter::{is_pair_of_supplements, urls};

use crate::lexicon::{
    LAST_PARTS, LETTERED_PARTS, NEVER_PAIRS, NEVER_WHOLE_NAMES, NEVER_WORDS, OTHER_NUMBERED,
    OTHER_PAIRS, OTHER_PATH_WORDS, OTHER_TYPES,
};
use crate::names::{file_name, is_another_name};
use crate::subject::{Subject, split_version};
use crate::words;

/// Parts of a path that say how a file is shown, not which it is.
const DISPLAY_SEGMENTS: &[&str] = &[
    "pdf",
    "epdf",
    "pdfdirect",
    "pdfplus",
    "pdfft",
    "pdfviewer",
    "abs",
    "viewpdf",
    "full",
    "fulltext",
    "full-text",
    "reader",
    "download",
    "view",
    "viewfile",
    "printable",
    "inline",
    "file",
];
/// The same of a query.
const DISPLAY_KEYS: &[&str] = &[
    "download",
    "inline",
    "isallowed",
    "sequence",
    "needaccess",
    "origin",
    "dl",
    "disposition",
    "attachment",
    "raw",
    "lang",
    "locale",
    "format",
    "type",
    "via",
    "casa_token",
    "forcedownload",
    "target",
    "showdoi",
];

/// Whether an address names something other than the article: good for
/// addresses that links lead to.
pub(crate) fn is_another_things(url: &str, subject: &Subject) -> bool {
    let address = urls::below_host(url);
    let path = address.split('?').next().unwrap_or(&address);
    let tokens: Vec<&str> = split(path).collect();
    let foreign = |word: &&str| !subject.is_a(word);
    let by_word = tokens
        .iter()
        .copied()
        .filter(|word| foreign(word))
        .any(|word| {
            OTHER_PATH_WORDS.contains(&word)
                || is_supplementary(word)
                // `OnlineAppendix.pdf`
                || word.ends_with("appendix")
                || OTHER_NUMBERED.iter().any(|stem| is_numbered(word, stem))
        });
    let by_pair = tokens.windows(2).any(|pair| match pair {
        [first, second] => {
            is_pair_of_supplements(first, second)
                || matches!((*first, *second), ("media", n) | ("additional", n) if n == "file" || n.parse::<u8>().is_ok())
                || (OTHER_PAIRS.contains(&(*first, *second)) && foreign(first))
        }
        _ => false,
    });
    let name: Vec<&str> = tokens
        .iter()
        .copied()
        .filter(|token| *token != "pdf")
        .collect();
    // `journal.pone.1.s001`, `1234_s2.pdf`, `science.abc_sm.pdf`
    let by_end = match name.as_slice() {
        [.., _, last] => (is_numbered(last, "s") || *last == "sm") && foreign(last),
        _ => false,
    };
    by_word
        || by_pair
        || by_end
        || is_an_issues(path)
        || makes_a_pdf_of_a_page(&address)
        || is_of_another_type(&address)
        || is_never_the_work(url, subject)
        || is_another_name(&file_name(url), subject)
        || subject.about.is_supplement(url)
}

/// Whether a file is called what no work is: a part of it, or the papers that a
/// thesis is handed in with. Metadata may call a paper `summary.pdf`; by these
/// names they mean the one file of a closed work that is open.
pub(crate) fn is_never_the_work(url: &str, subject: &Subject) -> bool {
    let name = words::fold(&file_name(url)).into_owned();
    let stem = name
        .rsplit_once('.')
        .map_or(name.as_str(), |(stem, _)| stem);
    let foreign = |word: &str| !subject.is_a(word);
    let whole = stem.to_lowercase();
    let tokens: Vec<&str> = split(&whole).collect();
    let letters: Vec<String> = pieces(stem)
        .filter(|piece| !piece.starts_with(|c: char| c.is_ascii_digit()))
        .map(str::to_lowercase)
        .collect();
    let by_word = tokens
        .iter()
        .copied()
        .chain(letters.iter().map(String::as_str))
        .any(|word| NEVER_WORDS.contains(&word) && foreign(word));
    let by_pair = letters.windows(2).any(|pair| match pair {
        [first, second] => {
            NEVER_PAIRS.contains(&(first.as_str(), second.as_str())) && foreign(first)
        }
        _ => false,
    });
    let by_whole = match letters.as_slice() {
        [only] => NEVER_WHOLE_NAMES.contains(&only.as_str()) && foreign(only),
        _ => false,
    };
    let by_part = tokens.windows(2).any(|pair| match pair {
        [part, number] => LETTERED_PARTS.contains(part) && foreign(part) && is_a_count(number),
        _ => false,
    }) || tokens.iter().any(|word| is_numbered(word, "bab"));
    let by_last_part = match tokens.as_slice() {
        // `Vol_12` is rather a journal's.
        [.., part, number] => {
            let is_large = number.parse().is_ok_and(|number: u8| number > 9);
            LAST_PARTS.contains(part) && foreign(part) && is_a_count(number) && !is_large
        }
        _ => false,
    };
    by_word || by_pair || by_whole || by_part || by_last_part
}

/// Whether a lower-case word counts parts: `1`, `iv`, `a`.
fn is_a_count(word: &str) -> bool {
    let consists_of = |kind: fn(u8) -> bool| word.bytes().all(kind);
    (word.len() <= 2 && consists_of(|byte| byte.is_ascii_digit()))
        || (word.len() <= 5 && consists_of(|byte| matches!(byte, b'i' | b'v' | b'x')))
        || matches!(word, "a" | "b" | "c" | "d")
}

/// Whether an address in lower case asks for a companion by its query:
/// `type=additional`.
fn is_of_another_type(address: &str) -> bool {
    let query = address.split_once('?').map_or("", |(_, query)| query);
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .any(|(key, value)| {
            matches!(key, "type" | "kind" | "what" | "filetype" | "file_type")
                && (OTHER_TYPES.contains(&value) || split(value).any(is_supplementary))
        })
}

/// Open Journal Systems serves whole issues as it serves articles.
fn is_an_issues(path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').collect();
    segments.windows(2).any(|pair| {
        matches!(
            pair,
            [
                "issue",
                "view" | "download" | "viewissue" | "viewfile" | "viewdownload"
            ]
        )
    })
}

/// MediaWiki prints its own pages.
fn makes_a_pdf_of_a_page(address: &str) -> bool {
    [
        "special:downloadaspdf",
        "special:electronpdf",
        "special:book",
    ]
    .iter()
    .any(|page| address.contains(page))
}

/// Whether the path (query and fragment aside) ends in `.pdf`.
pub(crate) fn is_pdf_path(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or(url).trim();
    path.len() > 4
        && path
            .get(path.len() - 4..)
            .is_some_and(|end| end.eq_ignore_ascii_case(".pdf"))
}

/// `/pdf/`, `/pdfft`, `/doi/pdf/…`, `?format=pdf`, `type=printable`.
pub(crate) fn has_pdf_segment(url: &str) -> bool {
    urls::below_host(url)
        .split(['/', '?', '&', '='])
        .any(|part| {
            matches!(
                part,
                "pdf" | "pdfft" | "pdfdirect" | "epdf" | "viewpdf" | "printable" | "_pdf"
            )
        })
}

/// Whether an address is a site's first page.
pub(crate) fn is_home(url: &str) -> bool {
    let rest = urls::below_host(url);
    rest.is_empty()
        || matches!(
            rest.as_str(),
            "index.html" | "index.htm" | "index.php" | "home" | "index.aspx"
        )
}

/// What is left of an address without how it is shown: equal for the buttons
/// above and below an article and for its versions, whose number comes apart.
pub(crate) fn essence(url: &str) -> (String, Option<u16>) {
    let rest = urls::below_host(&urls::decode(url));
    let (path, query) = rest.split_once('?').unwrap_or((&rest, ""));
    let mut version = None;
    let mut parts: Vec<&str> = Vec::new();
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        let bare = segment
            .trim_end_matches(".pdf")
            .trim_end_matches(".full")
            .trim_end_matches(".full-text");
        if DISPLAY_SEGMENTS.contains(&bare) || bare.is_empty() {
            continue;
        }
        let is_number = bare.strip_prefix('v').and_then(|n| n.parse().ok());
        let (stem, number) = match is_number {
            Some(number) => ("", Some(number)),
            None => split_version(bare),
        };
        version = number.or(version);
        if !stem.is_empty() {
            parts.push(stem);
        }
    }
    parts.extend(query.split('&').filter(|pair| {
        let key = pair.split('=').next().unwrap_or(pair);
        !key.is_empty() && !DISPLAY_KEYS.contains(&key) && !key.starts_with("utm_")
    }));
    (parts.join("/"), version)
}

/// Leaves out the addresses of which a newer version is known, be it as one of
/// them or as a page that was read.
pub(crate) fn leave_out_older<T>(named: &mut Vec<T>, url: impl Fn(&T) -> &str, pages: &[String]) {
    let known: Vec<(String, Option<u16>, String)> = named
        .iter()
        .map(&url)
        .chain(pages.iter().map(String::as_str))
        .map(|url| {
            let (essence, version) = essence(url);
            (essence, version, url.to_owned())
        })
        .collect();
    named.retain(|named| {
        let url = url(named);
        let (essence, version) = essence(url);
        version.is_none()
            || known.iter().all(|(other, newer, theirs)| {
                *other != essence || *newer <= version || !are_one_sites(url, theirs)
            })
    });
}

/// Open Journal Systems shows a galley at `/article/view/1/2` and serves its
/// file at `/article/download/1/2`.
pub(crate) fn galley_file(url: &str) -> Option<String> {
    let (path, query) = match url.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (url, None),
    };
    let (before, after) = ["/article/view/", "/article/viewFile/"]
        .iter()
        .find_map(|mark| path.split_once(mark))?;
    let mut ids = after.split('/');
    let (article, galley) = (ids.next()?, ids.next()?);
    let plain =
        !article.is_empty() && !galley.is_empty() && ids.next().is_none() && query.is_none();
    plain.then(|| format!("{before}/article/download/{article}/{galley}"))
}

/// The last two labels of a host name, three where the last but one is a
/// public suffix's (`ac.uk`). Close enough to tell one's own site from others.
fn domain(host: &str) -> &str {
    let mut cuts = host.rmatch_indices('.').map(|(at, _)| at + 1);
    let (_, second, third) = (cuts.next(), cuts.next(), cuts.next());
    let from = |at: Option<usize>| at.and_then(|at| host.get(at..)).unwrap_or(host);
    let two = from(second);
    let short = two.split('.').next().is_some_and(|label| {
        [
            "ac", "co", "com", "edu", "gov", "org", "net", "gob", "or", "go", "gouv", "ne",
        ]
        .contains(&label)
    });
    if short && two != host {
        from(third)
    } else {
        two
    }
}

/// Whether two addresses are of one site: one host below the other's domain.
pub(crate) fn are_one_sites(url: &str, page: &str) -> bool {
    match (urls::host(url), urls::host(page)) {
        (Some(url), Some(page)) => domain(&url) == domain(&page),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use paperfall_adapter::{Page, testing};

    fn another(url: &str) -> bool {
        let page = Page::parse(
            "<title>Vitamin D supplement use</title>",
            "https://a.example/article/7",
        );
        is_another_things(url, &Subject::new(&page, &testing::work(&[])))
    }

    #[test]
    fn supplements_figures_and_companions_are_known_in_many_spellings() {
        for path in [
            "doi/suppl/10.1/x/suppl_file/x_si_001.pdf",
            "downloadSupplement?doi=10.1&file=SuppData.pdf",
            "cms/attachment/mmc1.pdf",
            "cms/10.1016/j.x/attachment/a/mmc12.pdf",
            "static-content/esm/art%3A10/MediaObjects/41467_2020_1_MOESM1_ESM.pdf",
            "article/file?type=supplementary&id=10.1371/journal.pone.1.s001",
            "files/S1_File.pdf",
            "files/S2-Table.pdf",
            "files/paper-appendix.pdf",
            "content/biorxiv/early/2020/1/1/123/DC1/embed/media-1.pdf",
            "content/suppl/2020/1/1/DC1/123_supp.pdf",
            "files/1234_s2.pdf",
            "files/science.abc_sm.pdf",
            "links/lww/A123/sdc1.pdf",
            "x/supporting-information.pdf",
            "x/additional-file-1.pdf",
            "x/fig12.pdf",
            "x/table3.pdf",
            "x/graphical_abstract.pdf",
            "x/peer-review-file.pdf",
            "x/Author_Response.pdf",
            "journal/toc.pdf",
            "journal/cover.pdf",
            "forms/copyright.pdf",
            "forms/permissions.pdf",
            "x/erratum.pdf",
            "index.php/j/issue/view/55/66",
            "index.php/j/issue/download/55/66",
            "w/index.php?title=Special:DownloadAsPdf&page=X",
            "content/pdf/bfm:978-3-030-12345-6/1.pdf",
            "books/book/chapter-pdf/567/c000100.pdf",
            "books/chapter1.pdf",
            "books/chapter_2.pdf",
            "books/ch_2.pdf",
            "books/ch1.pdf",
            "books/intro.pdf",
            "x/acp-2019-1-RC1.pdf",
            "x/SPIKBLAD01.pdf",
            "x/elife-12345-transrepform1-v2.pdf",
            "cgi/viewcontent.cgi?filename=0&article=1122&context=bio&type=additional",
            "article/file?type=supplementary&id=10.1371/journal.pone.1",
            "download?doi=10.1/x&type=data",
            "action/downloadTable?id=T1&format=pdf",
            "php/getFT.phtml?paperid=7&what=listfile",
            "bitstream/1/accesoRestringido.pdf",
            "1/BAB%20I.pdf",
            "1/Smith-BAB_IV.pdf",
            "1/bab1.pdf",
            "1/BAB_1.pdf",
            "1/3.%20Kapitel%20III.pdf",
            "1/Portada.pdf",
            "1/Car%C3%A1tula.pdf",
            "1/capa.pdf",
            "1/Halaman_Judul.pdf",
            "1/posudek_oponenta.pdf",
            "1/Smith_Deckblatt.pdf",
            "1/Acta.pdf",
            "1/Smith_Vol_I.pdf",
            "1/Smith_Part_B.pdf",
            "1/Policy%20Brief.pdf",
        ] {
            assert!(another(&format!("https://a.example/{path}")), "{path}");
        }
    }

    #[test]
    fn what_belongs_to_the_papers_or_the_journals_name_is_no_mark() {
        for path in [
            "pdf/7.pdf",
            "files/vitamin-d-supplement-use.pdf",
            "vitamin-d-supplementation.pdf",
            "policy/recovery.pdf",
            "content/s41586-020-2649-2.pdf",
            "article/S0140-6736(20)30183-5/pdf",
            "cgi/viewcontent.cgi?article=1122&context=bio&type=printable",
            "files/Acta_Botanica_2020.pdf",
            "files/IJCS_Vol_12_No_3_Smith.pdf",
            "files/capa_limite.pdf",
            "files/carta_2_linnaei.pdf",
            "files/Smith_Vol_12.pdf",
            "files/Smith_Part_Time_Work.pdf",
            "files/Babcock_2020.pdf",
            "files/Wang_Ch_V_2020.pdf",
        ] {
            assert!(!another(&format!("https://a.example/{path}")), "{path}");
        }
        // A host's name says nothing about a file.
        assert!(!another("https://www.kisupplements.example/article/7/pdf"));
    }

    #[test]
    fn the_buttons_of_one_article_have_one_essence_and_two_articles_two() {
        let same = [
            (
                "https://a.example/doi/pdf/10.1/x",
                "https://a.example/doi/epdf/10.1/x",
            ),
            (
                "https://a.example/pdf/1.pdf",
                "https://a.example/pdf/1.pdf?download=1",
            ),
            (
                "https://a.example/content/1v1.full.pdf",
                "https://a.example/content/1v2.full.pdf",
            ),
            (
                "https://a.example/a/1/v1/pdf",
                "https://a.example/a/1/v2/pdf",
            ),
        ];
        for (one, other) in same {
            assert_eq!(essence(one).0, essence(other).0, "{one} {other}");
        }
        assert_ne!(
            essence("https://a.example/viewcontent.cgi?article=1").0,
            essence("https://a.example/viewcontent.cgi?article=2").0
        );
        assert_eq!(essence("https://a.example/content/1v2.full.pdf").1, Some(2));
    }

    #[test]
    fn a_galleys_file_is_beside_its_viewer() {
        assert_eq!(
            galley_file("https://j.example/index.php/j/article/view/1/2").as_deref(),
            Some("https://j.example/index.php/j/article/download/1/2")
        );
        for url in [
            "https://j.example/article/view/1",
            "https://j.example/article/view/1/2/3",
            "https://j.example/article/download/1/2",
        ] {
            assert_eq!(galley_file(url), None, "{url}");
        }
    }

    #[test]
    fn one_sites_hosts_are_told_from_others() {
        assert!(are_one_sites(
            "https://cdn.pub.example/x",
            "https://www.pub.example/"
        ));
        assert!(are_one_sites("https://a.lab.ac.uk/x", "https://lab.ac.uk/"));
        assert!(!are_one_sites(
            "https://other.ac.uk/x",
            "https://lab.ac.uk/"
        ));
        assert!(!are_one_sites(
            "https://pub.example.evil.test/",
            "https://pub.example/"
        ));
    }
}
