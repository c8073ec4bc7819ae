//! `paperfall adapter diff`: what an operator reads before an upgrade.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::exit::{Exit, Failed};
use super::super::output::{note, outln};
use super::super::setup::new_sandbox;
use super::super::tally::counted;
use super::args::DiffArgs;
use super::compare::differences;
use super::sides::Side;
use super::works;
use crate::plan::{Plan, PlanFlags};
use crate::testing::Trial;

/// One change of what a component is or needs.
struct Change {
    /// `hosts`, `imports`, `settings`, …
    what: &'static str,
    /// The entry that is only there now, or was only there before, or both
    /// spellings of one that changed.
    before: Option<String>,
    now: Option<String>,
}

/// What one work came to on both sides, where that differs.
struct ChangedWork {
    work_id: String,
    differences: Vec<String>,
    requests: [Vec<String>; 2],
    memory: [u64; 2],
}

/// `paperfall adapter diff OLD.wasm NEW.wasm`.
pub(crate) async fn diff(args: DiffArgs) -> Result<Exit, Failed> {
    let works = args.works.as_deref().map(works::listed).transpose()?;
    let (plan, _) = Plan::without_unset_secrets(&PlanFlags::default())?;
    let sandbox = new_sandbox(&plan, args.cache.cache_dir.as_deref())?;
    let old = Side::load(&sandbox, &args.old).await?;
    let new = Side::load(&sandbox, &args.new).await?;
    let changes = changes(&old, &new);
    let mut results = Vec::new();
    if let (Some(har), Some(works)) = (&args.replay_har, &works) {
        let before = old.replay(har, works).await?;
        let now = new.replay(har, works).await?;
        if before.iter().chain(&now).all(nothing_recorded) {
            return Err(Failed::usage(format!(
                "{}: it holds no answer to anything that either component asks; give a recording \
                 made with one of them",
                har.display()
            )));
        }
        results = before
            .iter()
            .zip(&now)
            .filter_map(|(before, now)| compared(before, now))
            .collect();
    }
    let same = changes.is_empty() && results.is_empty();
    if args.json {
        let value = account(&old, &new, &changes, works.as_ref().map(Vec::len), &results);
        let text = serde_json::to_string_pretty(&value).map_err(Failed::machine)?;
        outln!("{text}")?;
    } else {
        print(&old, &new, &changes, works.as_ref().map(Vec::len), &results)?;
    }
    Ok(if same {
        Exit::Complete
    } else {
        Exit::Incomplete
    })
}

fn nothing_recorded(trial: &Trial) -> bool {
    let missing = trial.not_recorded().count();
    missing > 0 && missing == trial.calls.len()
}

fn compared(before: &Trial, now: &Trial) -> Option<ChangedWork> {
    let differences = differences(&before.result_json(), &now.result_json());
    let requests = [before, now].map(|trial| {
        let calls = trial.calls.iter();
        calls
            .map(|call| format!("{} {}", call.what, call.url))
            .collect::<Vec<_>>()
    });
    if differences.is_empty() && requests[0] == requests[1] {
        return None;
    }
    Some(ChangedWork {
        work_id: now.work_id.clone(),
        differences,
        requests,
        memory: [before, now].map(|trial| trial.receipt.memory_peak_bytes),
    })
}

/// Every change, in a stable order; the bytes of the file are not one.
fn changes(old: &Side, new: &Side) -> Vec<Change> {
    let (before, now) = (old.specimen.descriptor(), new.specimen.descriptor());
    let mut changes = Vec::new();
    let mut entries = |what, before: BTreeMap<String, String>, now: BTreeMap<String, String>| {
        let keys: std::collections::BTreeSet<&String> = before.keys().chain(now.keys()).collect();
        for key in keys {
            let shown = |entries: &BTreeMap<String, String>| {
                entries.get(key).map(|about| match about.as_str() {
                    "" => key.clone(),
                    about => format!("{key} {about}"),
                })
            };
            let (before, now) = (shown(&before), shown(&now));
            if before != now {
                changes.push(Change { what, before, now });
            }
        }
    };
    let names = |list: Vec<String>| -> BTreeMap<String, String> {
        list.into_iter().map(|name| (name, String::new())).collect()
    };
    let one = |value: &str| names(vec![value.to_owned()]);
    entries("name", one(&before.name), one(&now.name));
    entries("version", one(&before.version), one(&now.version));
    let hosts = |side: &Side| {
        let hosts = side.specimen.descriptor().hosts.iter();
        names(hosts.map(ToString::to_string).collect())
    };
    entries("hosts", hosts(old), hosts(new));
    entries(
        "identifiers",
        names(before.identifiers.clone()),
        names(now.identifiers.clone()),
    );
    let settings = |side: &Side| -> BTreeMap<String, String> {
        let settings = side.specimen.descriptor().settings.iter();
        settings
            .map(|spec| {
                let default = spec.default.as_ref();
                let default = default.map_or_else(
                    || "(no default)".to_owned(),
                    |default| format!("(default {default:?})"),
                );
                (spec.key.clone(), default)
            })
            .collect()
    };
    entries("settings", settings(old), settings(new));
    let secrets = |side: &Side| {
        let secrets = side.specimen.descriptor().secrets.iter();
        names(secrets.map(|spec| spec.name.clone()).collect())
    };
    entries("secrets", secrets(old), secrets(new));
    entries(
        "imports",
        names(old.shape.imports.clone()),
        names(new.shape.imports.clone()),
    );
    entries(
        "exports",
        names(old.shape.exports.clone()),
        names(new.shape.exports.clone()),
    );
    let memory = |side: &Side| {
        let known = side.shape.memory_at_start;
        names(
            known
                .into_iter()
                .map(|bytes| format!("{bytes} bytes"))
                .collect(),
        )
    };
    entries("memory at start", memory(old), memory(new));
    changes
}

fn print(
    old: &Side,
    new: &Side,
    changes: &[Change],
    works: Option<usize>,
    results: &[ChangedWork],
) -> Result<(), Failed> {
    for (sign, side) in [("-", old), ("+", new)] {
        let descriptor = side.specimen.descriptor();
        outln!(
            "{sign} {}: {} {}, {} bytes, sha256 {}",
            side.shown,
            descriptor.name,
            descriptor.version,
            side.shape.bytes,
            side.shape.digest.get(..16).unwrap_or_default()
        )?;
    }
    if old.shape.digest == new.shape.digest {
        note("paperfall: both are the same file, byte for byte");
    }
    for change in changes {
        for (sign, entry) in [("-", &change.before), ("+", &change.now)] {
            if let Some(entry) = entry {
                outln!("{}: {sign} {entry}", change.what)?;
            }
        }
    }
    if changes.is_empty() {
        outln!("it declares, imports and exports the same")?;
    }
    if let Some(works) = works {
        outln!(
            "results: {} of {} changed",
            results.len(),
            counted(works, "work")
        )?;
    }
    for result in results {
        outln!("{}", result.work_id)?;
        for line in &result.differences {
            outln!("    {line}")?;
        }
        let [before, now] = &result.requests;
        for (sign, mine, other) in [("-", before, now), ("+", now, before)] {
            for request in mine.iter().filter(|request| !other.contains(request)) {
                outln!("    {sign} {request}")?;
            }
        }
        let [before, now] = result.memory;
        outln!(
            "    memory {} → {} KiB, requests {} → {}",
            before / 1024,
            now / 1024,
            result.requests[0].len(),
            result.requests[1].len()
        )?;
    }
    Ok(())
}

fn account(
    old: &Side,
    new: &Side,
    changes: &[Change],
    works: Option<usize>,
    results: &[ChangedWork],
) -> Value {
    let side = |side: &Side| {
        json!({
            "given": side.shown,
            "name": side.specimen.descriptor().name,
            "version": side.specimen.descriptor().version,
            "bytes": side.shape.bytes,
            "sha256": side.shape.digest,
        })
    };
    json!({
        "old": side(old),
        "new": side(new),
        "same": changes.is_empty() && results.is_empty(),
        "changes": changes.iter().map(|change| json!({
            "what": change.what, "before": change.before, "now": change.now,
        })).collect::<Vec<_>>(),
        "works": works,
        "results": results.iter().map(|result| json!({
            "work_id": result.work_id,
            "differences": result.differences,
            "requests": {"before": result.requests[0], "now": result.requests[1]},
            "memory_peak_bytes": {"before": result.memory[0], "now": result.memory[1]},
        })).collect::<Vec<_>>(),
    })
}
