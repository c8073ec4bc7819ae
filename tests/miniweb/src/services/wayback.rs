//! The Wayback Machine: the CDX index, the replay of captures, and the
//! availability hint of archive.org.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::asked::Asked;
use crate::http_date;
use crate::text::{escape, seed_of};
use crate::world::{Turns, World};

/// The columns of the CDX index, in its order.
const COLUMNS: [&str; 7] = [
    "urlkey",
    "timestamp",
    "original",
    "mimetype",
    "statuscode",
    "digest",
    "length",
];

/// One capture of one URL.
#[derive(Debug, Clone)]
pub struct Capture {
    original: String,
    timestamp: String,
    mimetype: String,
    listed_status: String,
    memento: bool,
    replay: Answer,
}

impl Capture {
    /// Captured at `YYYYMMDDhhmmss`, replaying this answer. The index lists
    /// the answer's own status and content type.
    #[must_use]
    pub fn new(timestamp: &str, replay: Answer) -> Self {
        let mimetype = replay
            .headers
            .iter()
            .find(|(name, _)| name == "content-type")
            .and_then(|(_, value)| value.split(';').next())
            .unwrap_or("unk")
            .to_owned();
        Self {
            original: String::new(),
            timestamp: timestamp.to_owned(),
            mimetype,
            listed_status: replay.status.to_string(),
            memento: true,
            replay,
        }
    }

    /// The index lists it under this type.
    #[must_use]
    pub fn listed_as(mut self, mimetype: &str) -> Self {
        self.mimetype = mimetype.to_owned();
        self
    }

    /// The index lists it with this status, whatever the replay says; `-` is a
    /// revisit record.
    #[must_use]
    pub fn listed_status(mut self, status: &str) -> Self {
        self.listed_status = status.to_owned();
        self
    }

    /// The replay comes without `Memento-Datetime`: an excluded site.
    #[must_use]
    pub fn excluded(mut self) -> Self {
        self.memento = false;
        self
    }

    pub(crate) fn of(mut self, url: &str) -> Self {
        self.original = url.to_owned();
        self
    }

    pub(crate) fn timestamp(&self) -> &str {
        &self.timestamp
    }

    pub(crate) fn is_dated(&self) -> bool {
        self.timestamp.len() == 14 && http_date::of_timestamp(&self.timestamp).is_some()
    }

    fn column(&self, name: &str) -> String {
        match name {
            "urlkey" => surt(&self.original),
            "timestamp" => self.timestamp.clone(),
            "original" => self.original.clone(),
            "mimetype" => self.mimetype.clone(),
            "statuscode" => self.listed_status.clone(),
            "digest" => digest(&self.original, &self.timestamp),
            "length" => self.replay.content.len().to_string(),
            _ => "-".to_owned(),
        }
    }
}

/// The URL as the archive compares it: no scheme, no `www.`, any case.
pub(crate) fn key(url: &str) -> String {
    let lower = url.trim().to_ascii_lowercase();
    let bare = lower
        .strip_prefix("https://")
        .or_else(|| lower.strip_prefix("http://"))
        .unwrap_or(&lower);
    let bare = bare.strip_prefix("www.").unwrap_or(bare);
    crate::text::decode(bare.trim_end_matches('/'))
}

/// `com,example)/path`: the host turned round.
fn surt(url: &str) -> String {
    let key = key(url);
    let (host, path) = key.split_once('/').unwrap_or((&key, ""));
    let turned: Vec<&str> = host.split('.').rev().collect();
    format!("{})/{path}", turned.join(","))
}

/// Thirty-two letters of base 32, as the index has them.
fn digest(url: &str, timestamp: &str) -> String {
    let mut state = seed_of(&format!("{timestamp}/{url}"));
    (0..32)
        .map(|_| {
            state = crate::text::mix(state);
            char::from(
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
                    .get((state % 32) as usize)
                    .copied()
                    .unwrap_or(b'A'),
            )
        })
        .collect()
}

/// `web.archive.org`.
pub(crate) fn web(world: &World, asked: &Asked, turns: &Turns) -> Option<Answer> {
    if asked.path.trim_end_matches('/') == "/cdx/search/cdx" {
        return Some(cdx(world, asked, turns));
    }
    // The original's own query belongs to it.
    let (when, original) = asked
        .path_and_query
        .strip_prefix("/web/")?
        .split_once('/')?;
    Some(replay(world, when, original))
}

fn cdx(world: &World, asked: &Asked, turns: &Turns) -> Answer {
    let Some(url) = asked.query("url").filter(|url| !url.is_empty()) else {
        return Answer::text("org.archive.wayback.exception: url param is required\n")
            .with_status(400);
    };
    let key = key(url);
    if let Some(script) = world.archive_scripts.get(&key) {
        return turns.next(&format!("cdx {key}"), script);
    }
    let filters: Vec<&str> = asked
        .query
        .iter()
        .filter(|(name, _)| name == "filter")
        .map(|(_, value)| value.as_str())
        .collect();
    let mut rows: Vec<&Capture> = world
        .captures
        .get(&key)
        .into_iter()
        .flatten()
        .filter(|capture| filters.iter().all(|filter| passes(capture, filter)))
        .collect();
    match asked
        .query("limit")
        .and_then(|limit| limit.parse::<i64>().ok())
    {
        Some(last) if last < 0 => {
            let keep = usize::try_from(last.unsigned_abs()).unwrap_or(usize::MAX);
            rows.drain(..rows.len().saturating_sub(keep));
        }
        Some(first) => rows.truncate(usize::try_from(first).unwrap_or(usize::MAX)),
        None => {}
    }
    let columns: Vec<&str> = match asked.query("fl") {
        Some(list) => list.split(',').collect(),
        None => COLUMNS.to_vec(),
    };
    let table = rows.iter().map(|capture| {
        columns
            .iter()
            .map(|name| capture.column(name))
            .collect::<Vec<_>>()
    });
    if asked.query("output") == Some("json") {
        let mut lines: Vec<Value> = table.map(|row| json!(row)).collect();
        if !lines.is_empty() {
            lines.insert(0, json!(columns));
        }
        return Answer::json(&Value::Array(lines));
    }
    let text: String = table.map(|row| row.join(" ") + "\n").collect();
    Answer::text(text)
}

/// `[!]field:value`; values are compared whole (the real one takes a regular
/// expression, of which plain text is the common case).
fn passes(capture: &Capture, filter: &str) -> bool {
    let (negative, filter) = match filter.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, filter),
    };
    match filter.split_once(':') {
        Some((field, value)) => (capture.column(field) == value.replace('\\', "")) != negative,
        None => true,
    }
}

/// `{timestamp}id_` replays raw bytes, another flag or none wraps them.
fn replay(world: &World, when: &str, original: &str) -> Answer {
    let digits = when.bytes().take_while(u8::is_ascii_digit).count();
    let (timestamp, flag) = when.split_at(digits);
    let nearest = http_date::seconds_of(timestamp).and_then(|wanted| {
        world
            .captures
            .get(&key(original))?
            .iter()
            .min_by_key(|capture| {
                http_date::seconds_of(&capture.timestamp).map_or(u64::MAX, |at| at.abs_diff(wanted))
            })
    });
    let Some(capture) = nearest else {
        return Answer::html(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><title>Wayback Machine</title></head>\
             <body><p>The Wayback Machine has not archived that URL.</p></body></html>",
        )
        .with_status(404);
    };
    if !capture.memento {
        return Answer::html(
            "<html><head><title>Internet Archive</title></head>\
             <body><p>This URL has been excluded from the Wayback Machine.</p></body></html>",
        )
        .with_status(403);
    }
    if capture.timestamp != timestamp {
        let location = format!(
            "https://web.archive.org/web/{}{flag}/{}",
            capture.timestamp, capture.original
        );
        return Answer::redirect(&location).header(
            "x-archive-redirect-reason",
            &format!("found capture at {}", capture.timestamp),
        );
    }
    let date = http_date::of_timestamp(timestamp).unwrap_or_default();
    if flag == "id_" {
        return capture
            .replay
            .clone()
            .header("memento-datetime", &date)
            .header("x-archive-orig-content-type", &capture.mimetype);
    }
    Answer::html(format!(
        "<!DOCTYPE html><html><head><title>Wayback Machine</title></head><body><div id=\"wm-ipp-base\"></div>\
         <iframe id=\"playback\" src=\"/web/{timestamp}if_/{}\"></iframe></body></html>",
        escape(&capture.original)
    ))
    .header("memento-datetime", &date)
}

/// `archive.org/wayback/available`. Asked with an https URL it often finds
/// nothing; here, never anything.
pub(crate) fn availability(world: &World, asked: &Asked) -> Option<Answer> {
    if asked.path != "/wayback/available" {
        return None;
    }
    let url = asked.query("url").unwrap_or_default();
    let newest = world
        .captures
        .get(&key(url))
        .filter(|_| !url.starts_with("https://"))
        .and_then(|captures| {
            captures
                .iter()
                .rfind(|capture| capture.listed_status == "200")
        });
    let snapshots = match newest {
        Some(capture) => json!({"closest": {
            "status": "200",
            "available": true,
            "url": format!("http://web.archive.org/web/{}/{}", capture.timestamp, capture.original),
            "timestamp": capture.timestamp,
        }}),
        None => json!({}),
    };
    Some(Answer::json(
        &json!({"url": url, "archived_snapshots": snapshots}),
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::pdf::Pdf;
    use crate::text::encode;

    const URL: &str = "https://www.j.example/a.pdf?id=1&x=2";

    fn world() -> World {
        World::new()
            .captured(
                URL,
                Capture::new("20210304050607", Answer::pdf(Pdf::new("W", 1, 3000))),
            )
            .captured(URL, Capture::new("20190101000000", Answer::status(404)))
            .captured(URL, Capture::new("20220101000000", Answer::html("moved")))
    }

    fn cdx(rest: &str) -> Value {
        let url = format!(
            "https://web.archive.org/cdx/search/cdx?url={}&output=json{rest}",
            encode("http://j.example/a.pdf?id=1&x=2")
        );
        let answer = web(&world(), &Asked::get(&url), &Turns::default()).unwrap();
        serde_json::from_slice(&answer.body()).unwrap()
    }

    #[test]
    fn the_index_is_in_order_of_time_below_a_header_row() {
        let rows = cdx("");
        assert_eq!(rows[0], json!(COLUMNS));
        let times: Vec<&str> = (1..4).map(|i| rows[i][1].as_str().unwrap()).collect();
        assert_eq!(
            times,
            ["20190101000000", "20210304050607", "20220101000000"]
        );
        assert_eq!(rows[2][0], "example,j)/a.pdf?id=1&x=2");
        assert_eq!(rows[2][3], "application/pdf");
    }

    #[test]
    fn filters_and_negative_limits_narrow_the_index() {
        assert_eq!(cdx("&filter=statuscode:200").as_array().unwrap().len(), 3);
        let newest = cdx("&filter=statuscode:200&limit=-1");
        assert_eq!(newest[1][1], "20220101000000");
        let pdfs = cdx("&filter=statuscode:200&filter=mimetype:application/pdf");
        assert_eq!(pdfs.as_array().unwrap().len(), 2);
        assert_eq!(cdx("&filter=statuscode:301"), json!([]));
    }

    #[test]
    fn only_an_exact_raw_replay_carries_the_bytes_and_the_memento_date() {
        let get = |when: &str| {
            web(
                &world(),
                &Asked::get(&format!("https://web.archive.org/web/{when}/{URL}")),
                &Turns::default(),
            )
            .unwrap()
        };
        let header = |answer: &Answer, name: &str| {
            answer
                .headers
                .iter()
                .find(|(n, _)| n == name)
                .map(|(_, v)| v.clone())
        };
        let raw = get("20210304050607id_");
        assert!(raw.body().starts_with(b"%PDF-"));
        assert_eq!(
            header(&raw, "memento-datetime").as_deref(),
            Some("Thu, 04 Mar 2021 05:06:07 GMT")
        );
        assert!(!get("20210304050607").body().starts_with(b"%PDF-"));
        let near = get("20210401id_");
        assert_eq!(near.status, 302);
        assert_eq!(
            header(&near, "location"),
            Some(format!(
                "https://web.archive.org/web/20210304050607id_/{URL}"
            ))
        );
    }

    #[test]
    fn what_was_never_archived_is_a_404_without_memento() {
        let asked =
            Asked::get("https://web.archive.org/web/20210101000000id_/https://nowhere.example/");
        let answer = web(&World::new(), &asked, &Turns::default()).unwrap();
        assert_eq!(answer.status, 404);
        assert!(
            answer
                .headers
                .iter()
                .all(|(name, _)| name != "memento-datetime")
        );
    }

    #[test]
    fn availability_knows_http_urls_only() {
        let ask = |url: &str| -> Value {
            let asked = Asked::get(&format!(
                "https://archive.org/wayback/available?url={}",
                encode(url)
            ));
            serde_json::from_slice(&availability(&world(), &asked).unwrap().body()).unwrap()
        };
        assert_eq!(
            ask("http://j.example/a.pdf?id=1&x=2")["archived_snapshots"]["closest"]["timestamp"],
            "20220101000000"
        );
        assert_eq!(ask(URL)["archived_snapshots"], json!({}));
    }
}
