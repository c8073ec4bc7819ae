//! `paperfall adapter test`: one component on some works, and everything that
//! happened.

use serde_json::json;

use super::super::exit::{Exit, Failed};
use super::super::interrupt::interrupted;
use super::super::output::{note, out, outln};
use super::super::progress::Waiting;
use super::super::setup::http_config;
use super::super::tally::counted;
use super::args::TestArgs;
use super::bench::{Bench, Equipment};
use super::expectation::Expectation;
use super::{told, works};
use crate::http::{Http, PolitenessConfig};
use crate::intake::Work;
use crate::testing::{Subject, Trial};

/// `paperfall adapter test NAME|FILE.wasm`.
pub(crate) async fn test(args: TestArgs) -> Result<Exit, Failed> {
    let har = &args.network.har;
    if !args.live && har.replay_har.is_none() {
        return Err(Failed::usage(
            "say where answers come from: --replay-har FILE, or --live for the real services",
        ));
    }
    let subject = Subject::given(&args.adapter).map_err(Failed::usage)?;
    let works = works::given(args.work.as_deref(), args.works.as_deref())?;
    let expectation = args
        .expect
        .as_deref()
        .map(|path| Expectation::read(path, args.update_expect))
        .transpose()?;
    let equipment = Equipment {
        flags: &args.plan,
        grants: &args.grant,
        offline: har.replay_har.is_some(),
        cache_dir: args.network.cache.cache_dir.as_deref(),
    };
    let bench = Bench::prepare(subject, equipment).await?;
    let record = args.network.har.record_har.as_deref();
    let recording_is_new = record.is_some_and(|path| path.symlink_metadata().is_err());
    // Last, for it may begin a recording.
    let http = Http::new(stack(&bench, &args)?)?;
    let trials = tokio::select! {
        trials = try_all(&bench, &http, &works) => trials,
        () = interrupted() => {
            http.finish_recording().map_err(Failed::machine)?;
            note("paperfall: interrupted before every work was tried");
            return Ok(Exit::Interrupted);
        }
    };
    if let Ok(trials) = &trials
        && let Err(refused) = refuse_foreign_recording(&args, trials)
    {
        drop(http);
        if let Some(path) = record.filter(|_| recording_is_new) {
            // Refused, the test leaves nothing behind.
            std::fs::remove_file(path).ok();
        }
        return Err(refused);
    }
    http.finish_recording().map_err(Failed::machine)?;
    let trials = trials?;
    let whole = args.works.is_some();
    let differences = match &expectation {
        Some(expectation) if !args.update_expect => expectation.judge(&trials, whole),
        _ => Vec::new(),
    };
    print(&args, &bench, &trials, expectation.as_ref(), &differences)?;
    let fine = match expectation {
        Some(expectation) if args.update_expect => {
            expectation.write(bench.specimen.source().name.as_str(), &trials, whole)?;
            true
        }
        Some(_) => differences.is_empty(),
        None => trials.iter().all(Trial::won),
    };
    Ok(if fine {
        Exit::Complete
    } else {
        Exit::Incomplete
    })
}

fn stack(bench: &Bench, args: &TestArgs) -> Result<crate::http::HttpConfig, Failed> {
    let mut config = http_config(&bench.plan, &args.network)?;
    config.private.secrets.extend(bench.stand_ins.clone());
    // They stand among the calls of their work.
    config.warn_of_misses = false;
    config.replay_alone = true;
    config.politeness = PolitenessConfig {
        rules: bench.plan.hosts.clone(),
        shared_folder: None,
    };
    Ok(config)
}

/// One after the other: what one does must not be put down to another.
async fn try_all(bench: &Bench, http: &Http, works: &[Work]) -> Result<Vec<Trial>, Failed> {
    let mut trials = Vec::with_capacity(works.len());
    let waiting = Waiting::new();
    for work in works {
        let source = &bench.specimen.source().name;
        waiting.say(&format!("asking {source} for {}", work.work_id));
        trials.push(match bench.specimen.would_skip(work) {
            Some(reason) => Trial::skipped(work, reason),
            None => bench
                .specimen
                .run(http, work)
                .await
                .map_err(Failed::usage)?,
        });
    }
    Ok(trials)
}

/// A recording without an answer to anything that was asked is another one's;
/// one that lacks some is nothing to write expectations from.
fn refuse_foreign_recording(args: &TestArgs, trials: &[Trial]) -> Result<(), Failed> {
    let Some(har) = &args.network.har.replay_har else {
        return Ok(());
    };
    let calls = || trials.iter().flat_map(|trial| &trial.calls);
    let missing: Vec<_> = trials.iter().flat_map(Trial::not_recorded).collect();
    let answered = calls().any(|call| call.hops.iter().any(|hop| hop.status.is_some()));
    match missing.first() {
        Some((call, words)) if !answered && missing.len() == calls().count() => {
            Err(Failed::usage(format!(
                "{}: {} in this recording; the first is {} {}: {words}",
                har.display(),
                match missing.len() {
                    1 => "the one request is not".to_owned(),
                    several => format!("none of the {several} requests is"),
                },
                call.what,
                call.url
            )))
        }
        Some((call, words)) if args.update_expect => Err(Failed::usage(format!(
            "{}: {} of {} {} not in this recording, and what comes of that is not to be expected: \
             record it anew with --live --record-har; the first is {} {}: {words}",
            har.display(),
            missing.len(),
            counted(calls().count(), "request"),
            if missing.len() == 1 { "is" } else { "are" },
            call.what,
            call.url
        ))),
        _ => Ok(()),
    }
}

fn print(
    args: &TestArgs,
    bench: &Bench,
    trials: &[Trial],
    expectation: Option<&Expectation>,
    differences: &[String],
) -> Result<(), Failed> {
    let specimen = &bench.specimen;
    let descriptor = specimen.descriptor();
    if args.json {
        let ready = specimen.ready().map_err(Failed::usage)?;
        let value = json!({
            "adapter": {
                "source": specimen.source().name.as_str(),
                "name": descriptor.name,
                "version": descriptor.version,
                "digest": specimen.digest(),
                "granted": ready.grants.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "settings": ready.settings,
                "memory_mib": ready.limits.memory_mib,
                "timeout_ms": specimen.source().policy.timeout_ms,
            },
            "notes": bench.notes,
            "lints": bench.lints.iter().map(|lint| json!({
                "kind": lint.kind(), "message": lint.to_string(),
            })).collect::<Vec<_>>(),
            "works": trials.iter().map(Trial::to_json).collect::<Vec<_>>(),
            "expectation": expectation.filter(|_| !args.update_expect).map(|expectation| json!({
                "file": expectation.path().display().to_string(),
                "met": differences.is_empty(),
                "differences": differences,
            })),
        });
        let text = serde_json::to_string_pretty(&value).map_err(Failed::machine)?;
        return outln!("{text}");
    }
    for line in &bench.notes {
        note(&format!("paperfall: {line}"));
    }
    for lint in &bench.lints {
        note(&format!("paperfall: note: {lint}"));
    }
    outln!(
        "{} {} (sha256 {})",
        descriptor.name,
        descriptor.version,
        specimen.digest().get(..16).unwrap_or_default()
    )?;
    for trial in trials {
        out(&told::trial(trial))?;
    }
    let Some(expectation) = expectation else {
        return Ok(());
    };
    let file = expectation.path().display();
    if args.update_expect {
        return outln!(
            "expectation: {} written to {file}",
            counted(trials.len(), "work")
        );
    }
    for line in differences {
        outln!("unexpected: {line}")?;
    }
    match differences.len() {
        0 => outln!(
            "expectation: met, {} as in {file}",
            counted(trials.len(), "work")
        ),
        count => outln!(
            "expectation: not met, {} from {file}",
            counted(count, "difference")
        ),
    }
}
