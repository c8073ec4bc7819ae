//! The places at which workers are killed and stopped, and what is known of each.

/// What a worker finds when it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    /// An empty folder.
    Fresh,
    /// What a predecessor left that was killed in the middle of a download.
    Crashed,
    /// A ledger that DocsToKG wrote.
    Legacy,
}

/// Where the predecessor of [`Scene::Crashed`] died.
pub const CRASH: &str = "STREAM.mid_effect";

/// A place, and a scene in which every worker passes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// Its name in the sources.
    pub name: &'static str,
    /// The scene.
    pub scene: Scene,
}

const FRESH: &[&str] = &[
    "open.owner_locked",
    "create.in_tx",
    "open.before_epoch",
    "open.after_epoch",
    "plan.in_tx",
    "plan.after",
    "reconcile.after_leases",
    "reconcile.after_files",
    "lease.in_tx",
    "lease.after",
    "renew.in_tx",
    "renew.after",
    "release.in_tx",
    "release.after",
    "commit.before",
    "commit.after",
    "checkpoint.before",
    "checkpoint.after",
    "checkpoint.turn_taken",
    "checkpoint.log_restarted",
    "checkpoint.over",
    "advance.in_tx",
    "advance.after",
    "fail.in_tx",
    "backoff.in_tx",
    "fail.after",
    "skip.in_tx",
    "skip.after",
    "RESOLUTION.in_intent_tx",
    "RESOLUTION.mid_effect",
    "RESOLUTION.after_effect",
    "RESOLUTION.in_result_tx",
    "RESOLUTION.after_result",
    "FALLBACK.mid_effect",
    "FALLBACK.after_effect",
    "FALLBACK.in_result_tx",
    "FALLBACK.after_result",
    "HEAD.mid_effect",
    "HEAD.after_effect",
    "HEAD.in_result_tx",
    "HEAD.after_result",
    "STREAM.in_intent_tx",
    "STREAM.after_intent",
    "STREAM.mid_effect",
    "STREAM.after_effect",
    "STREAM.in_result_tx",
    "STREAM.after_result",
    "FINALIZE.in_intent_tx",
    "FINALIZE.after_intent",
    "FINALIZE.mid_effect",
    "FINALIZE.after_effect",
    "FINALIZE.in_result_tx",
    "FINALIZE.after_result",
    "INDEX.before",
    "INDEX.half_done",
    "INDEX.in_result_tx",
    "INDEX.after_result",
    "DEDUPE.in_intent_tx",
    "DEDUPE.after_intent",
    "DEDUPE.mid_effect",
    "DEDUPE.after_effect",
    "DEDUPE.in_result_tx",
    "DEDUPE.after_result",
    "close.before_retire",
    "close.retired",
];

const CRASHED: &[&str] = &[
    "takeover.found",
    "takeover.in_tx",
    "takeover.after",
    "takeover.lease_in_tx",
];

const LEGACY: &[&str] = &[
    "migrate.copying",
    "migrate.copied",
    "migrate.begun",
    "migrate.jobs_moved",
    "migrate.before_commit",
    "migrate.after",
];

/// Every place there is.
#[must_use]
pub fn all() -> Vec<Point> {
    let of = |scene, names: &'static [&'static str]| {
        names.iter().map(move |name| Point { name, scene })
    };
    of(Scene::Fresh, FRESH)
        .chain(of(Scene::Crashed, CRASHED))
        .chain(of(Scene::Legacy, LEGACY))
        .collect()
}

impl Point {
    /// A process stopped here holds the turn to write, and with it everybody up.
    #[must_use]
    pub fn is_in_a_turn(&self) -> bool {
        self.name.ends_with("_tx")
            || self.name.starts_with("commit.")
            || self.name.starts_with("checkpoint.")
            || matches!(
                self.name,
                "open.before_epoch" | "INDEX.half_done"
            )
            || self.name.starts_with("migrate.")
    }

    /// The origin may be asked once more for what was asked before: the answer
    /// had come, and its result was not durable yet.
    #[must_use]
    pub fn repeats(&self) -> usize {
        let asks = ["FALLBACK.", "HEAD.", "STREAM."]
            .iter()
            .any(|kind| self.name.starts_with(kind));
        let undecided = self.name.ends_with(".after_effect")
            || self.name.ends_with(".in_result_tx")
            || self.name == "STREAM.mid_effect";
        // FINALIZE begins in the transaction of STREAM's result.
        let others = matches!(self.name, "FINALIZE.in_intent_tx" | "commit.before");
        usize::from((asks && undecided) || others)
    }
}
