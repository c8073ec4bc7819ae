//! `paperfall adapter check`: the conformance run, for people and programs.

use super::super::exit::{Exit, Failed};
use super::super::output::{out, outln};
use super::super::setup::new_sandbox;
use super::super::tally::counted;
use super::super::{progress, table};
use super::args::CheckArgs;
use crate::conformance::{CheckError, Report, Verdict, check as run_checks};
use crate::plan::{Plan, PlanFlags};
use crate::sandbox::AttemptLimits;
use crate::testing::Subject;

/// `paperfall adapter check …`.
pub(crate) async fn check(args: CheckArgs) -> Result<Exit, Failed> {
    let subject = Subject::given(&args.adapter).map_err(Failed::usage)?;
    let name = subject.shown;
    let (plan, _) = Plan::without_unset_secrets(&PlanFlags::default())?;
    let sandbox = new_sandbox(&plan, args.cache.cache_dir.as_deref())?;
    let bar = progress::spinner();
    bar.set_message(format!("checking {name}"));
    let report = run_checks(
        &sandbox,
        &name,
        subject.bytes,
        AttemptLimits::DEFAULT.memory_mib,
    )
    .await;
    bar.finish_and_clear();
    let report = report?;
    if args.json {
        outln!(
            "{}",
            serde_json::to_string_pretty(&report).map_err(Failed::machine)?
        )?;
    } else {
        print(&report)?;
    }
    Ok(if report.fit {
        Exit::Complete
    } else {
        Exit::Incomplete
    })
}

impl From<CheckError> for Failed {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::Load(error) => Self::usage(error),
            CheckError::Http(_) | CheckError::CutOff(_) => Self::machine(error),
        }
    }
}

fn print(report: &Report) -> Result<(), Failed> {
    let mut rows = vec![["check", "verdict", "seen"].map(str::to_owned).to_vec()];
    for finding in &report.checks {
        rows.push(vec![
            finding.check.to_owned(),
            finding.verdict.as_str().to_owned(),
            finding.seen.clone(),
        ]);
    }
    out(&table::render(&rows))?;
    let amiss = report.checks.iter().filter_map(|finding| {
        let remedy = finding.remedy?;
        Some((finding, remedy))
    });
    for (finding, remedy) in amiss {
        outln!("")?;
        outln!("{} ({})", finding.check, finding.verdict.as_str())?;
        outln!("  tried:  {}", finding.tried)?;
        outln!("  seen:   {}", finding.seen)?;
        outln!("  remedy: {remedy}")?;
    }
    outln!("")?;
    let verdict = if report.fit {
        "fit to be run"
    } else {
        "UNFIT: do not run it before what failed is mended"
    };
    let count = |verdict| report.count(verdict);
    outln!(
        "{} is {verdict} ({} passed, {}, {} failed, {} not applicable)",
        report.adapter.as_deref().unwrap_or(&report.component),
        count(Verdict::Pass),
        counted(count(Verdict::Warn), "warning"),
        count(Verdict::Fail),
        count(Verdict::NotApplicable),
    )?;
    Ok(())
}
