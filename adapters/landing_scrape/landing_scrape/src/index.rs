//! Telling by a page's path that it lists works.

use crate::words;

/// Longer names of segments are titles of papers.
const MAX_JOURNAL_WORDS: usize = 3;
/// Digits of an article's number, which counts more than the issues of a year.
const MIN_ARTICLE: usize = 4;
/// Segments of the addresses of pages that list many works.
pub(crate) const LISTS: [&str; 18] = [
    "issue",
    "issues",
    "toc",
    "volume",
    "volumes",
    "archive",
    "archives",
    "list",
    "search",
    "browse",
    "current",
    "contents",
    "category",
    "tag",
    "author",
    "collection",
    "collections",
    "loi",
];

/// Whether a path is an issue's, a search's or a journal's. An article's path
/// may have an issue in it, followed by what stands for the article.
pub(crate) fn is_index(path: &str) -> bool {
    let segments: Vec<&str> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    let is_journals = match segments.as_slice() {
        ["journal" | "journals", name]
        | [.., "index.php", name]
        | [.., "index.php", name, "index"] => {
            !name.contains(|c: char| c.is_ascii_digit())
                && words::split(name).count() <= MAX_JOURNAL_WORDS
        }
        _ => false,
    };
    let lists = |(at, segment): (usize, &&str)| match *segment {
        "toc" | "loi" => true,
        "issue" | "issues" | "search" | "browse" | "current" => {
            let after = segments.get(at + 1..).unwrap_or_default();
            !is_an_article(after)
                && after
                    .iter()
                    .all(|after| LISTS.contains(after) || is_of_a_list(after))
        }
        _ => false,
    };
    is_journals || segments.iter().enumerate().any(lists)
}

/// Whether an article's number follows the issue's: `issue/5001/700001`, but
/// not a year and a number: `issue/2020/12`.
fn is_an_article(after_issue: &[&str]) -> bool {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match after_issue {
        [issue, article] => is_number(issue) && is_number(article) && article.len() >= MIN_ARTICLE,
        _ => false,
    }
}

/// What stands behind `issue` in the address of an issue: its number, or how
/// it is shown.
fn is_of_a_list(segment: &str) -> bool {
    matches!(segment, "view" | "showtoc" | "index" | "index.html")
        || segment
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_issues_searches_and_journals_are_indexes_and_articles_in_them_are_not() {
        for page in [
            "issue/12",
            "index.php/j/issue/view/45",
            "index.php/j/issue/current",
            "toc/jx/12/3",
            "loi/jx",
            "search",
            "browse/2020",
            "journals/jx",
            "index.php/jx/index",
            "jx/issue/2020/12",
        ] {
            assert!(is_index(page), "{page}");
        }
        for page in [
            "jx/issue/12/article/3",
            "issues/12/on-penguins.html",
            "journals/jx/article/7",
            "journal/on-the-nesting-habits-of-penguins",
            "index.php/j/article/view/12",
            "research/12",
            "en/pub/jx/issue/5001/700001",
        ] {
            assert!(!is_index(page), "{page}");
        }
    }
}
