//! What a hop says about the redirect it ended in.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use crate::http::{HostGrants, Method, Role};

fn notes(from: &str, to: &str) -> Vec<HopNote> {
    let request = Request::new(Method::Get, from, Role::Metadata, HostGrants::any()).unwrap();
    let mut log = Log::new(request);
    let (from, to) = (Url::parse(from).unwrap(), Url::parse(to).unwrap());
    assert!(log.depart(&from).is_ok());
    log.redirected(&from, &to, true);
    log.into_hops().remove(0).notes
}

#[test]
fn only_a_step_down_to_http_is_told_as_one() {
    assert_eq!(
        notes("https://a.test/", "http://a.test/"),
        [HopNote::Downgraded]
    );
    assert!(notes("https://a.test/", "https://b.test/").is_empty());
    assert!(notes("http://a.test/", "http://b.test/").is_empty());
    assert!(notes("http://a.test/", "https://a.test/").is_empty());
}
