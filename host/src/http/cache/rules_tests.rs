#![allow(clippy::unwrap_used)]

use super::*;

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in lines {
        map.append(*name, HeaderValue::try_from(*value).unwrap());
    }
    map
}

fn asked(lines: &[(&'static str, &str)]) -> Asked {
    Asked::new(&headers(lines), "ua")
}

fn now() -> SystemTime {
    SystemTime::now()
}

fn kept(lines: &[(&'static str, &str)]) -> Option<Entry> {
    storable(&asked(&[]), 200, &headers(lines), false, now())
}

#[test]
fn an_answer_is_fresh_for_as_long_as_its_sender_says() {
    let entry = kept(&[("cache-control", "max-age=60")]).unwrap();
    let later = |secs| entry.time + Duration::from_secs(secs);
    assert_eq!(judge(&entry, &asked(&[]), later(59)), Use::Fresh);
    assert_eq!(judge(&entry, &asked(&[]), later(61)), Use::Stale);
    assert_eq!(age(&entry, later(10)), 10);
}

#[test]
fn freshness_is_not_guessed_from_a_modification_date() {
    let entry = kept(&[("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT")]).unwrap();
    assert_eq!(judge(&entry, &asked(&[]), now()), Use::Stale);
}

#[test]
fn what_can_be_neither_fresh_nor_confirmed_is_not_kept() {
    for useless in [
        &[][..],
        &[("cache-control", "no-store, max-age=60")],
        &[("cache-control", "max-age=0")],
        &[("cache-control", "max-age=60"), ("vary", "*")],
        &[("cache-control", "max-age=60"), ("vary", "accept, *")],
        &[("cache-control", "max-age=60"), ("set-cookie", "a=b")],
    ] {
        assert!(kept(useless).is_none(), "{useless:?}");
    }
    for status in [206, 304, 429, 500, 503] {
        let headers = headers(&[("cache-control", "max-age=60"), ("etag", "\"1\"")]);
        assert!(
            storable(&asked(&[]), status, &headers, false, now()).is_none(),
            "{status}"
        );
    }
}

#[test]
fn what_a_secret_unlocked_is_kept_only_when_it_is_public() {
    let keep = |control| {
        let headers = headers(&[("cache-control", control)]);
        storable(&asked(&[]), 200, &headers, true, now()).is_some()
    };
    assert!(!keep("max-age=60"));
    assert!(!keep("private, max-age=60"));
    assert!(!keep("max-age=60, x-public"));
    assert!(keep("Public, max-age=60"));
}

#[test]
fn an_entry_answers_only_requests_like_its_own_in_what_vary_names() {
    let first = asked(&[("accept-language", "de")]);
    let lines = headers(&[
        ("cache-control", "max-age=60"),
        ("vary", "Accept-Language, User-Agent"),
    ]);
    let entry = storable(&first, 200, &lines, false, now()).unwrap();
    assert_eq!(judge(&entry, &first, now()), Use::Fresh);
    assert_eq!(
        judge(&entry, &asked(&[("accept-language", "en")]), now()),
        Use::Other
    );
    let other_agent = Asked::new(&headers(&[("accept-language", "de")]), "another");
    assert_eq!(judge(&entry, &other_agent, now()), Use::Other);
    assert!(
        !format!("{:?}", entry.varied).contains("de"),
        "{:?}",
        entry.varied
    );
}

#[test]
fn a_304_renews_what_it_says_and_nothing_about_the_body() {
    let kept = headers(&[
        ("etag", "\"1\""),
        ("content-length", "10"),
        ("content-encoding", "gzip"),
        ("age", "50"),
        ("link", "a"),
        ("link", "b"),
    ]);
    let said = headers(&[
        ("cache-control", "max-age=60"),
        ("content-length", "0"),
        ("link", "c"),
    ]);
    let merged = merged(&kept, &said);
    let expected = headers(&[
        ("etag", "\"1\""),
        ("content-length", "10"),
        ("content-encoding", "gzip"),
        ("cache-control", "max-age=60"),
        ("link", "c"),
    ]);
    assert_eq!(merged, expected);
}

#[test]
fn an_absurd_age_is_survived() {
    for age_said in ["18446744073709551615", "-1", "x", "99999999999999999999999"] {
        let entry = kept(&[("cache-control", "max-age=60"), ("age", age_said)]);
        if let Some(entry) = entry {
            let later = entry.time + Duration::from_secs(1000);
            assert_eq!(judge(&entry, &asked(&[]), later), Use::Stale, "{age_said}");
            assert!(age(&entry, later) <= AGE_MAX_SECS + 1000);
        }
    }
}

#[test]
fn absurd_dates_and_directives_are_survived() {
    for line in [
        ("expires", "Fri, 31 Dec 9999 23:59:59 GMT"),
        ("expires", "0"),
        ("expires", "Thu, 01 Jan 1900 00:00:00 GMT"),
        ("date", "Thu, 01 Jan 1900 00:00:00 GMT"),
        ("cache-control", "max-age=18446744073709551615"),
        ("cache-control", "max-age=,,,=,\"=max-age"),
        ("last-modified", "Thu, 01 Jan 1900 00:00:00 GMT"),
        ("vary", "\u{7f}"),
    ] {
        let Ok(value) = HeaderValue::try_from(line.1) else {
            continue;
        };
        let mut map = headers(&[("etag", "\"1\"")]);
        map.append(line.0, value);
        if let Some(entry) = storable(&asked(&[]), 200, &map, false, now()) {
            judge(&entry, &asked(&[]), now());
            age(&entry, now());
        }
    }
}

#[test]
fn an_entry_from_the_future_is_not_used() {
    let mut entry = kept(&[("cache-control", "max-age=60")]).unwrap();
    entry.time += Duration::from_secs(3600);
    assert_eq!(judge(&entry, &asked(&[]), now()), Use::Other);
}

#[test]
fn stale_answers_are_off_limits_where_their_sender_says_so() {
    assert!(may_be_stale(&headers(&[("cache-control", "max-age=1")])));
    for strict in ["no-cache", "max-age=1, must-revalidate"] {
        assert!(
            !may_be_stale(&headers(&[("cache-control", strict)])),
            "{strict}"
        );
    }
}
