//! robots.txt: some pages, one a line, an empty line, the file. Whatever a server
//! sends, it is read; what holds no rule forbids nothing; no file makes anybody
//! wait for long; and the kind of a line's end does not matter.

use url::Url;

use crate::http::{CRAWL_DELAY_MAX, robots};

/// Checks one file.
pub fn check(data: &[u8]) {
    let cut = data.windows(2).position(|two| two == b"\n\n");
    let (pages, file) = match cut {
        Some(at) => (&data[..at], &data[at + 2..]),
        None => (&b""[..], data),
    };
    let pages = String::from_utf8_lossy(pages);
    let pages: Vec<Url> = pages
        .lines()
        .take(4)
        .chain(["a.html", "?q=1"])
        .filter_map(|page| Url::parse("https://a.example/").ok()?.join(page).ok())
        .filter(|page| matches!(page.scheme(), "http" | "https"))
        .collect();
    let said = robots(file, &pages);
    if said.nonsense {
        assert!(said.allowed.iter().all(|allowed| *allowed), "{said:?}");
        assert_eq!(said.delay, None);
    }
    if let Some(delay) = said.delay {
        assert!(!delay.is_zero() && delay <= CRAWL_DELAY_MAX, "{delay:?}");
    }
    if !file.contains(&b'\r') {
        let other_end: Vec<u8> = file
            .iter()
            .flat_map(|byte| match byte {
                b'\n' => vec![b'\r', b'\n'],
                other => vec![*other],
            })
            .collect();
        assert_eq!(robots(&other_end, &pages), said);
    }
}
