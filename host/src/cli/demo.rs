//! `paperfall demo`: the real pipeline against a miniature web on this
//! machine, judged against its script.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::Path;
use std::time::Instant;

use paperfall_miniweb::{Miniweb, ScriptedWork, World};

use super::args::{DemoArgs, NetworkArgs};
use super::batch::{BatchOptions, run_batch};
use super::exit::{Exit, Failed};
use super::output::{note, out, outln};
use super::setup::{App, warn};
use super::tally::counted;
use crate::download::{StoreError, WorkResult};
use crate::intake::{open_input, read_works};
use crate::ledger::RetryPolicy;
use crate::plan::{Plan, PlanFlags, PlanInputs};

/// The contact address the miniature web is told; `.example` is reserved.
const EMAIL: &str = "demo@paperfall.example";

/// The real archive's limits would make the demo a matter of minutes; the
/// miniature one can take more.
const HOST_LIMITS: [&str; 2] = [
    "web.archive.org/cdx:per_second=1000",
    "web.archive.org/web:per_second=1000",
];

/// Runs the demo; exit 0 exactly when every scripted verdict came out.
pub(crate) async fn demo(args: DemoArgs) -> Result<Exit, Failed> {
    let count = usize::try_from(args.works).map_err(Failed::usage)?;
    let ledger = args.ledger.file(&args.out)?;
    let script = paperfall_miniweb::demo(count);
    std::fs::create_dir_all(&args.out)
        .map_err(|error| StoreError::io("make the folder", &args.out, error))?;
    let list = args.out.join("works.jsonl");
    let ca_file = args.out.join("miniweb-ca.pem");
    if list.exists() && !ca_file.exists() && !is_ours(&list, &script.works) {
        return Err(Failed::usage(format!(
            "{} is there and is not the demo's; choose another folder with --out",
            list.display()
        )));
    }
    write_list(&list, &script.works)?;
    let web = match &args.har.replay_har {
        // A recording stands in for the web.
        Some(_) => None,
        None => Some(start(script.world, &ca_file).await?),
    };

    // Only the defaults: what someone's own environment or paperfall.toml says
    // is not part of the script.
    let flags = PlanFlags {
        email: Some(EMAIL.to_owned()),
        host_limit: HOST_LIMITS.map(str::to_owned).to_vec(),
        ..PlanFlags::default()
    };
    let (plan, warnings) = Plan::build(PlanInputs {
        flags: &flags,
        env: &|_| None,
        cwd: &args.out,
        user_config_dir: None,
    })?;
    warn(&warnings);
    let network = NetworkArgs {
        ca_file: web.iter().map(|_| ca_file.clone()).collect(),
        resolve: web.as_ref().map(Miniweb::pins).unwrap_or_default(),
        har: args.har.clone(),
        cache: args.cache.clone(),
        // No HTTP cache (its size is zero): every answer comes from the script.
        ..NetworkArgs::default()
    };
    let app = App::new(
        &plan,
        &network,
        args.workers,
        ledger.as_deref(),
        args.telemetry.counters(),
    )
    .await?;

    let started = Instant::now();
    let works =
        read_works(open_input(&list).map_err(Failed::usage)?, None).map_err(Failed::usage)?;
    let options = BatchOptions {
        out: &args.out,
        workers: args.workers,
        ledger: &args.ledger,
        telemetry: &args.telemetry,
        json: false,
        tell_earlier: false,
        again: true,
        own_only: false,
        // The script tells of one round: in another one hosts that failed would
        // be left alone, and verdicts be others.
        retry: RetryPolicy {
            rounds: 1,
            ..RetryPolicy::default()
        },
        keep: true,
    };
    let batch = run_batch(&app, works, options).await;
    let elapsed = started.elapsed();
    let recorded = app.finish();
    let answers = match web {
        Some(web) => format!(
            "{} answered by the miniature web",
            counted(web.stop().await.len(), "request")
        ),
        None => "every answer from the recording".to_owned(),
    };
    let batch = batch?;
    recorded?;
    if batch.interrupted {
        let go_on = match ledger {
            Some(_) => "go on",
            None => "begin anew",
        };
        outln!("interrupted; run the same command again to {go_on}")?;
    }

    out(&batch.tally.render(&app.source_names()))?;
    outln!("{:.1} s, {answers}", elapsed.as_secs_f64())?;
    outln!("papers: {}", args.out.join("papers").display())?;
    outln!("list:   {}", list.display())?;
    if batch.interrupted {
        return Ok(Exit::Interrupted);
    }
    let surprises = compare(&script.works, &batch.results);
    for surprise in &surprises {
        outln!("not as scripted: {surprise}")?;
    }
    outln!(
        "{} of {} verdicts came out as scripted",
        script.works.len().saturating_sub(surprises.len()),
        script.works.len()
    )?;
    Ok(if surprises.is_empty() {
        Exit::Complete
    } else {
        Exit::Incomplete
    })
}

async fn start(world: World, ca_file: &Path) -> Result<Miniweb, Failed> {
    let web = Miniweb::start(world)
        .await
        .map_err(|error| Failed::machine(format!("the miniature web does not start: {error}")))?;
    web.write_ca(ca_file)
        .map_err(|error| StoreError::io("write", ca_file, error))?;
    note(&format!(
        "the miniature scholarly web plays {} hosts on {}",
        web.names().len(),
        web.tls_address()
    ));
    Ok(web)
}

/// Whether an earlier demo, a replayed one maybe, wrote this list.
fn is_ours(list: &Path, works: &[ScriptedWork]) -> bool {
    let first = works.first().map(|work| work.line.as_bytes());
    let mut start = vec![0; first.map_or(0, <[u8]>::len)];
    let read = File::open(list).and_then(|mut list| list.read_exact(&mut start));
    read.is_ok() && first == Some(start.as_slice())
}

fn write_list(path: &Path, works: &[ScriptedWork]) -> Result<(), StoreError> {
    let write = || {
        let mut file = BufWriter::new(File::create(path)?);
        for work in works {
            writeln!(file, "{}", work.line)?;
        }
        file.flush()
    };
    write().map_err(|error| StoreError::io("write", path, error))
}

/// Each scripted verdict that did not come out, in one line.
fn compare(script: &[ScriptedWork], results: &[WorkResult]) -> Vec<String> {
    let by_id: HashMap<&str, &WorkResult> = results
        .iter()
        .map(|result| (result.work_id.as_str(), result))
        .collect();
    script
        .iter()
        .filter_map(|scripted| {
            let expected = &scripted.verdict;
            let Some(result) = by_id.get(scripted.work_id.as_str()) else {
                return Some(format!(
                    "{} ({}): no result",
                    scripted.work_id, scripted.story
                ));
            };
            let same = result.outcome.as_str() == expected.outcome
                && result.reason.as_str() == expected.reason
                && result.source.as_deref() == expected.source;
            (!same).then(|| {
                format!(
                    "{} ({}): {} {} {}, scripted {} {} {}",
                    scripted.work_id,
                    scripted.story,
                    result.outcome,
                    result.reason,
                    result.source.as_deref().unwrap_or("-"),
                    expected.outcome,
                    expected.reason,
                    expected.source.unwrap_or("-"),
                )
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::outcome::{Outcome, Reason};

    /// The catalogue's third work: Unpaywall names its PDF.
    fn scripted() -> Vec<ScriptedWork> {
        paperfall_miniweb::demo(3).works.split_off(2)
    }

    fn result(outcome: Outcome, reason: Reason, source: &str) -> WorkResult {
        WorkResult {
            work_id: scripted().remove(0).work_id,
            artifact_id: String::new(),
            outcome,
            reason,
            tier: None,
            source: Some(source.to_owned()),
            url: None,
            sha256: None,
            bytes: None,
            version: None,
            license: None,
            path: None,
            elapsed_ms: 0,
            attempts: Vec::new(),
            identifiers: BTreeMap::new(),
            notes: Vec::new(),
            finished_at: String::new(),
        }
    }

    #[test]
    fn only_the_scripted_outcome_reason_and_source_together_are_no_surprise() {
        let surprises = |result| compare(&scripted(), &[result]).len();
        let (success, no_pdf) = (Outcome::Success, Outcome::NoPdf);
        assert_eq!(surprises(result(success, Reason::OaPdf, "unpaywall")), 0);
        assert_eq!(surprises(result(success, Reason::OaPdf, "arxiv")), 1);
        assert_eq!(surprises(result(success, Reason::DoiPdf, "unpaywall")), 1);
        assert_eq!(surprises(result(no_pdf, Reason::OaPdf, "unpaywall")), 1);
    }

    #[test]
    fn a_work_without_a_result_is_a_surprise() {
        let surprises = compare(&scripted(), &[]);
        assert_eq!(surprises.len(), 1);
        assert!(surprises.iter().all(|line| line.ends_with("no result")));
    }
}
