//! `paperfall plan`.

use super::args::PlanArgs;
use super::exit::{Exit, Failed};
use super::output::{out, outln};
use super::setup::effective_plan;
use super::table;

/// `paperfall plan`: the effective plan and the origin of every value.
pub(crate) fn plan(args: &PlanArgs) -> Result<Exit, Failed> {
    let plan = effective_plan(&args.plan)?;
    if args.json {
        let text = serde_json::to_string_pretty(&plan).map_err(Failed::machine)?;
        outln!("{text}")?;
        return Ok(Exit::Complete);
    }
    let mut rows = vec![
        ["setting", "value", "from", "note"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for row in plan.rows() {
        rows.push(vec![
            row.key.clone(),
            row.value.clone(),
            row.origin.to_string(),
            row.note.clone().unwrap_or_default(),
        ]);
    }
    out(&table::render(&rows))?;
    Ok(Exit::Complete)
}
