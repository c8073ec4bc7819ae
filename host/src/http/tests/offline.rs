//! The offline switch: what goes out, and what the cache may answer.

use tempfile::TempDir;

use super::server::{Server, answer, config, fetch, get};
use crate::http::{CacheConfig, CacheVerdict, Http, HttpErrorKind, Meter, Offline, Role, Session};

fn session(server: &Server, folder: &TempDir, offline: Option<Offline>) -> Session {
    let mut config = config(vec![server.pin("a.test")]);
    config.cache = Some(CacheConfig {
        folder: folder.path().join("http"),
        max_bytes: 1024 * 1024,
    });
    config.offline = offline;
    Http::new(config).unwrap().session()
}

async fn three_kinds_of_answer() -> Server {
    Server::answering(|path| match path {
        "/fresh" => answer("200 OK", &["Cache-Control: max-age=60"], b"fresh"),
        "/stale" => answer("200 OK", &["ETag: \"1\""], b"stale"),
        "/strict" => answer("200 OK", &["ETag: \"1\"", "Cache-Control: no-cache"], b"-"),
        _ => answer("200 OK", &[], b"%PDF-"),
    })
    .await
}

#[tokio::test]
async fn metadata_only_asks_for_metadata_and_for_nothing_else() {
    let server = three_kinds_of_answer().await;
    let folder = TempDir::new().unwrap();
    let session = session(&server, &folder, Some(Offline::MetadataOnly));
    fetch(&session, "http://a.test/fresh").await.unwrap();
    for role in [Role::Landing, Role::Artifact] {
        let error = session.fetch(get("http://a.test/x", role)).await;
        assert_eq!(error.unwrap_err().kind, HttpErrorKind::Offline);
    }
    let probe = session.probe("http://a.test/x.pdf", None, None).await;
    assert_eq!(probe.unwrap_err().kind, HttpErrorKind::Offline);
    let head = session
        .head(get("http://a.test/x.pdf", Role::Artifact))
        .await;
    assert_eq!(head.unwrap_err().kind, HttpErrorKind::Offline);
    let open = session
        .open(get("http://a.test/x.pdf", Role::Artifact))
        .await;
    assert_eq!(open.unwrap_err().kind, HttpErrorKind::Offline);
    assert_eq!(server.heads().len(), 1);
}

#[tokio::test]
async fn block_all_neither_asks_nor_answers_from_the_cache() {
    let server = three_kinds_of_answer().await;
    let folder = TempDir::new().unwrap();
    let online = session(&server, &folder, None);
    fetch(&online, "http://a.test/fresh").await.unwrap();
    let offline = session(&server, &folder, Some(Offline::BlockAll));
    let meter = std::sync::Arc::new(Meter::new(5, 100));
    let request = get("http://a.test/fresh", Role::Metadata).metered(meter.clone());
    let error = offline.fetch(request).await.unwrap_err();
    assert_eq!(error.kind, HttpErrorKind::Offline);
    assert!(error.message.contains("block_all"), "{error}");
    assert_eq!(meter.requests_used(), 0, "nothing was sent");
    assert_eq!(server.heads().len(), 1);
}

#[tokio::test]
async fn cache_only_answers_what_it_can_and_may() {
    let server = three_kinds_of_answer().await;
    let folder = TempDir::new().unwrap();
    let online = session(&server, &folder, None);
    for path in ["fresh", "stale", "strict"] {
        let url = format!("http://a.test/{path}");
        fetch(&online, &url).await.unwrap();
    }
    let offline = session(&server, &folder, Some(Offline::CacheOnly));
    for (path, verdict) in [
        ("fresh", CacheVerdict::Fresh),
        ("stale", CacheVerdict::Stale),
    ] {
        let url = format!("http://a.test/{path}");
        let response = fetch(&offline, &url).await.unwrap();
        assert_eq!(&response.body[..], path.as_bytes());
        assert!(response.from_cache);
        assert_eq!(response.hops.last().unwrap().verdicts.cache, verdict);
    }
    for path in ["strict", "never-asked"] {
        let url = format!("http://a.test/{path}");
        let error = fetch(&offline, &url).await.unwrap_err();
        assert_eq!(error.kind, HttpErrorKind::Offline, "{path}");
    }
    assert_eq!(server.heads().len(), 3);
}
