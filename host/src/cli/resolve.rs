//! `paperfall resolve`: where a work's PDF is, without downloading it.

use super::args::{NetworkArgs, ResolveArgs};
use super::exit::{Exit, Failed};
use super::explain;
use super::interrupt::interrupted;
use super::obtain::obtain;
use super::output::{note, out, outln};
use super::progress::Waiting;
use super::setup::{App, effective_plan};
use crate::intake::Work;
use crate::outcome::Outcome;
use crate::telemetry::Metrics;
use paperfall_identifiers::AnyId;

/// `paperfall resolve ID|WORK-JSON`.
pub(crate) async fn resolve(args: ResolveArgs) -> Result<Exit, Failed> {
    let plan = effective_plan(&args.plan)?;
    let work = work_of(&args.work)?;
    let network: &NetworkArgs = &args.network;
    let app = App::new(&plan, network, 1, None, Metrics::off()).await?;
    let waiting = Waiting::new();
    waiting.say(&format!("asking for {}", work.work_id));
    let obtained = tokio::select! {
        obtained = obtain(&app, work, None) => obtained,
        () = interrupted() => {
            app.finish()?;
            note("paperfall: interrupted before there was an answer");
            return Ok(Exit::Interrupted);
        }
    };
    drop(waiting);
    let obtained = obtained?;
    app.finish()?;
    let result = &obtained.result;
    if args.json {
        let text = serde_json::to_string_pretty(result).map_err(Failed::machine)?;
        outln!("{text}")?;
    } else {
        if args.explain {
            out(&explain::story(&obtained.story))?;
        }
        outln!("{}", explain::verdict(result))?;
    }
    Ok(if result.outcome == Outcome::Success {
        Exit::Complete
    } else {
        Exit::Incomplete
    })
}

/// A work as JSON when it looks like JSON, else an id or URL.
pub(crate) fn work_of(argument: &str) -> Result<Work, Failed> {
    if argument.trim_start().starts_with('{') {
        let read = Work::from_json(argument).map_err(Failed::usage)?;
        for warning in &read.warnings {
            note(&format!("paperfall: warning: {warning}"));
        }
        return Ok(read.work);
    }
    AnyId::parse(argument)
        .map(|id| Work::from_id(&id))
        .map_err(Failed::usage)
}
