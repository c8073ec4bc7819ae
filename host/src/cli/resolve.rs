//! `paperfall resolve`: where a work's PDF is, without downloading it.

use super::args::{NetworkArgs, ResolveArgs};
use super::exit::{Exit, Failed};
use super::explain;
use super::interrupt::interrupted;
use super::named::{RUN, work_of};
use super::obtain::obtain;
use super::output::{note, out, outln};
use super::progress::Waiting;
use super::setup::{App, effective_plan};
use super::tally::Tally;
use crate::outcome::Outcome;
use crate::telemetry::Metrics;

/// `paperfall resolve ID|WORK-JSON`.
pub(crate) async fn resolve(args: ResolveArgs) -> Result<Exit, Failed> {
    let plan = effective_plan(&args.plan)?;
    let work = work_of(&args.work, RUN)?;
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
    let mut tally = Tally::default();
    tally.add_attempts(result);
    if plan.email.is_none()
        && let Some(line) = tally.contact_note()
    {
        note(&line);
    }
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
