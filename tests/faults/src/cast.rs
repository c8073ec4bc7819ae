//! A small list of works that, taken together, pass through every effect.

use std::collections::BTreeMap;

use paperfall_e2e::{Rig, sha256};
use paperfall_miniweb::{Answer, Paper, Pdf, World};
use serde_json::json;

/// More than two marks, so that a download can be continued.
const BIG: u64 = 2_400_000;

/// A work of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Work {
    /// Its id.
    pub id: &'static str,
    /// How it ends.
    pub outcome: &'static str,
    /// Why.
    pub reason: &'static str,
}

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct Cast;

impl Cast {
    /// Two works that bring the same bytes from different URLs.
    pub const TWINS: [&'static str; 2] = ["struck", "twin"];
    /// Two works with one URL.
    pub const SHARERS: [&'static str; 2] = ["first", "same-url"];
    /// The URL of the two.
    pub const SHARED: &'static str = "https://files.example/shared.pdf";
    /// The URL of the work that is tried again later; its host is left alone when
    /// it fails too often, so nothing else is there.
    pub const BUSY: &'static str = "https://busy.example/busy.pdf";
    /// The URL of the big file.
    pub const BIG: &'static str = "https://arxiv.org/pdf/2101.00001";

    /// The works in the order of the list.
    pub const WORKS: [Work; 8] = [
        won("big", "arxiv_pdf"),
        won("struck", "given_pdf"),
        won("twin", "given_pdf"),
        won("first", "given_pdf"),
        won("same-url", "given_pdf"),
        won("wrapped", "given_pdf"),
        Work {
            id: "missing",
            outcome: "no_pdf",
            reason: "not_found",
        },
        Work {
            id: "busy",
            outcome: "retryable",
            reason: "http_5xx",
        },
    ];

    /// The web they are on.
    #[must_use]
    pub fn world() -> World {
        let twin = || Answer::pdf(pdf("twin"));
        World::new()
            .paper(
                Paper::new("Big")
                    .arxiv("2101.00001")
                    .arxiv_pdf(Answer::pdf(pdf("big"))),
            )
            .page(&url("cut"), twin().truncated_to(9_000))
            .page(&url("good"), twin())
            .page(&url("twin"), twin())
            .page(Self::SHARED, Answer::pdf(pdf("first")))
            .page(&url("wrapped"), Answer::pdf(pdf("wrapped")).gzip_wrapped())
            .page(Self::BUSY, Answer::status(503))
            .host("files.example")
    }

    /// The list, one JSON object a line.
    #[must_use]
    pub fn list() -> String {
        let lines = Self::WORKS.iter().map(|work| {
            let line = match work.id {
                "big" => json!({"work_id": "big", "arxiv_id": "2101.00001"}),
                other => json!({"work_id": other, "pdf_urls": Self::urls_of(other)}),
            };
            format!("{line}\n")
        });
        lines.collect()
    }

    /// The URLs that are asked about a work.
    #[must_use]
    pub fn urls_of(work: &str) -> Vec<String> {
        match work {
            "big" => vec![Self::BIG.to_owned()],
            "struck" => vec![url("cut"), url("good")],
            "first" | "same-url" => vec![Self::SHARED.to_owned()],
            "busy" => vec![Self::BUSY.to_owned()],
            other => vec![url(other)],
        }
    }

    /// A web, an empty folder and the list in it as `works.jsonl`.
    pub async fn rig() -> Rig {
        let rig = Rig::new(Self::world()).await;
        rig.file("works.jsonl", Self::list());
        rig
    }

    /// The hashes of the files they bring, by work.
    #[must_use]
    pub fn files() -> BTreeMap<&'static str, String> {
        let won = Self::WORKS.iter().filter(|work| work.outcome == "success");
        won.map(|work| (work.id, sha256(&pdf(work.id).bytes())))
            .collect()
    }
}

const fn won(id: &'static str, reason: &'static str) -> Work {
    Work {
        id,
        outcome: "success",
        reason,
    }
}

fn url(name: &str) -> String {
    format!("https://files.example/{name}.pdf")
}

fn pdf(work: &str) -> Pdf {
    match work {
        "big" => Pdf::new("Big", 1, BIG),
        "struck" | "twin" => Pdf::new("Twin", 2, 20_000),
        "first" | "same-url" => Pdf::new("Shared", 3, 20_000),
        _ => Pdf::new("Wrapped", 4, 20_000),
    }
}
