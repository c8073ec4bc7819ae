//! `paperfall run` and `paperfall fetch`.

use super::args::{FetchArgs, ListFormat, NetworkArgs, OutputArgs, RunArgs};
use super::batch::{Batch, BatchOptions, run_batch};
use super::exit::{Exit, Failed};
use super::named::works_of;
use super::output::{note, out, outln};
use super::setup::{App, effective_plan};
use crate::intake::{Format, InputError, Item, open_input, read_works};
use crate::ledger::RetryPolicy;
use crate::plan::Plan;

/// `paperfall run WORKS`.
pub(crate) async fn run(args: RunArgs) -> Result<Exit, Failed> {
    let plan = effective_plan(&args.plan)?;
    let input = open_input(&args.works).map_err(Failed::usage)?;
    let works = read_works(input, args.format.map(format_of)).map_err(Failed::usage)?;
    let options = options(&args.output, args.json, false);
    obtain_all(&plan, &args.network, &args.output, works, options).await
}

/// `paperfall fetch ID…`.
pub(crate) async fn fetch(args: FetchArgs) -> Result<Exit, Failed> {
    let plan = effective_plan(&args.plan)?;
    let items = works_of(&args.ids);
    if !items.iter().any(|item| matches!(item, Item::Work { .. })) {
        return Err(no_work(&items));
    }
    // Whatever else is due on the ledger was not asked for.
    let options = options(&args.output, args.json, true);
    let items = items.into_iter().map(Ok);
    obtain_all(&plan, &args.network, &args.output, items, options).await
}

/// The error for a command line without a work.
fn no_work(items: &[Item]) -> Failed {
    let words: Vec<String> = items
        .iter()
        .filter_map(|item| match item {
            // Which one it is needs no saying of one.
            Item::Bad(error) if items.len() == 1 => Some(error.error.to_string()),
            Item::Bad(error) => Some(error.to_string()),
            _ => None,
        })
        .collect();
    Failed::usage(words.join("\npaperfall: "))
}

/// Obtains the works of `items` by `plan`, and tells what came of it.
async fn obtain_all(
    plan: &Plan,
    network: &NetworkArgs,
    output: &OutputArgs,
    items: impl Iterator<Item = Result<Item, InputError>> + Send + 'static,
    options: BatchOptions<'_>,
) -> Result<Exit, Failed> {
    let ledger = output.ledger.file(&output.out)?;
    let counters = output.telemetry.counters();
    let app = App::new(plan, network, output.workers, ledger.as_deref(), counters).await?;
    let batch = run_batch(&app, items, options).await;
    let recorded = app.finish();
    let batch = batch?;
    recorded?;
    if plan.email.is_none()
        && let Some(line) = batch.tally.contact_note()
    {
        note(&line);
    }
    report(&app, &batch, output, options.json)
}

fn options(output: &OutputArgs, json: bool, own_only: bool) -> BatchOptions<'_> {
    BatchOptions {
        out: &output.out,
        workers: output.workers,
        ledger: &output.ledger,
        telemetry: &output.telemetry,
        json,
        tell_earlier: own_only,
        again: false,
        own_only,
        retry: RetryPolicy::default(),
        keep: false,
    }
}

fn report(app: &App, batch: &Batch, output: &OutputArgs, json: bool) -> Result<Exit, Failed> {
    if batch.interrupted && json {
        note(&format!("paperfall: {}", batch.interruption()));
    }
    if !json {
        if batch.interrupted {
            outln!("{}", batch.interruption())?;
        }
        out(&batch.tally.render(&app.source_names()))?;
        outln!("papers: {}", output.out.join("papers").display())?;
    }
    Ok(batch.exit())
}

fn format_of(format: ListFormat) -> Format {
    match format {
        ListFormat::Text => Format::Text,
        ListFormat::Csv => Format::Csv,
        ListFormat::Jsonl => Format::Jsonl,
        ListFormat::Openalex => Format::OpenAlex,
    }
}
