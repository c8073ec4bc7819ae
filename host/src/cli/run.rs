//! `paperfall run` and `paperfall fetch`.

use super::args::{FetchArgs, ListFormat, NetworkArgs, OutputArgs, RunArgs};
use super::batch::{Batch, BatchOptions, run_batch};
use super::exit::{Exit, Failed};
use super::output::{out, outln};
use super::setup::{App, effective_plan};
use std::io::Cursor;

use crate::intake::{Format, Input, InputError, Item, open_input, read_works};
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
    let list = Cursor::new(args.ids.join("\n"));
    let items: Vec<Result<Item, InputError>> =
        read_works(Input::new("command line", list), Some(Format::Text))
            .map_err(Failed::usage)?
            .collect();
    if !items
        .iter()
        .any(|item| matches!(item, Ok(Item::Work { .. })))
    {
        let words: Vec<String> = items
            .iter()
            .filter_map(|item| match item {
                Ok(Item::Bad(error)) => Some(error.to_string()),
                Err(error) => Some(error.to_string()),
                Ok(_) => None,
            })
            .collect();
        return Err(Failed::usage(words.join("\npaperfall: ")));
    }
    // Whatever else is due on the ledger was not asked for.
    let options = options(&args.output, args.json, true);
    let items = items.into_iter();
    obtain_all(&plan, &args.network, &args.output, items, options).await
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
    if !json {
        if batch.interrupted {
            outln!("interrupted: these are the works that were finished")?;
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
