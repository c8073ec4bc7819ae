//! `paperfall adapter`: `list` and `inspect` here, the rest by its own room.

use std::sync::Arc;

use serde_json::json;

use super::adapter_new;
use super::args::{AdapterArgs, AdapterCommand, AdapterInspectArgs, AdapterListArgs};
use super::author;
use super::exit::{Exit, Failed};
use super::output::{note, out, outln};
use super::setup::{effective_plan, load, new_sandbox};
use super::table;
use crate::plan::{Plan, PlanFlags};
use crate::sandbox::{AttemptLimits, ComponentShape, Descriptor, Sandbox, inspect_component};
use crate::testing::{Subject, lint};

/// `paperfall adapter …`.
pub(crate) async fn adapter(args: AdapterArgs) -> Result<Exit, Failed> {
    match args.command {
        AdapterCommand::List(args) => list(*args).await,
        AdapterCommand::Inspect(args) => inspect(args).await,
        AdapterCommand::Test(args) => author::test(*args).await,
        AdapterCommand::Check(args) => author::check(args).await,
        AdapterCommand::Diff(args) => author::diff(args).await,
        AdapterCommand::New(args) => adapter_new::new(&args),
    }
}

async fn list(args: AdapterListArgs) -> Result<Exit, Failed> {
    let plan = effective_plan(&args.plan)?;
    let sandbox = new_sandbox(&plan, args.cache.cache_dir.as_deref())?;
    let roster = load(&plan, &sandbox).await;
    let mut entries = Vec::new();
    let mut rows = vec![
        [
            "tier",
            "source",
            "version",
            "starts from",
            "talks to",
            "summary",
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    let mut all_loaded = true;
    for source in roster.sources() {
        match &source.adapter {
            Ok(ready) => {
                let descriptor = ready.adapter.descriptor();
                let planned = plan.sources().find(|planned| planned.name == source.name);
                let lints = planned.map(|planned| lint(descriptor, planned, &ready.settings));
                let lints: Vec<String> = lints
                    .into_iter()
                    .flatten()
                    .map(|lint| lint.to_string())
                    .collect();
                if !args.json {
                    for lint in &lints {
                        note(&format!("paperfall: note: {lint}"));
                    }
                }
                rows.push(vec![
                    source.tier.to_string(),
                    source.name.to_string(),
                    descriptor.version.clone(),
                    descriptor.identifiers.join(" "),
                    hosts(descriptor),
                    descriptor.summary.clone(),
                ]);
                entries.push(json!({
                    "tier": source.tier.to_string(),
                    "source": source.name.to_string(),
                    "digest": ready.adapter.digest(),
                    "descriptor": descriptor_json(descriptor),
                    "lints": lints,
                }));
            }
            Err(error) => {
                all_loaded = false;
                rows.push(vec![
                    source.tier.to_string(),
                    source.name.to_string(),
                    "-".to_owned(),
                    "-".to_owned(),
                    "-".to_owned(),
                    format!("not loaded: {error}"),
                ]);
                entries.push(json!({
                    "tier": source.tier.to_string(),
                    "source": source.name.to_string(),
                    "error": error.to_string(),
                }));
            }
        }
    }
    if args.json {
        outln!(
            "{}",
            serde_json::to_string_pretty(&entries).map_err(Failed::machine)?
        )?;
    } else {
        out(&table::render(&rows))?;
    }
    Ok(if all_loaded {
        Exit::Complete
    } else {
        Exit::Incomplete
    })
}

async fn inspect(args: AdapterInspectArgs) -> Result<Exit, Failed> {
    let subject = Subject::given(&args.adapter).map_err(Failed::usage)?;
    let (name, bytes) = (subject.shown, subject.bytes);
    let (plan, _) = Plan::without_unset_secrets(&PlanFlags::default())?;
    let sandbox = new_sandbox(&plan, args.cache.cache_dir.as_deref())?;
    let shape = shape_of(&sandbox, &name, &bytes).await?;
    // A component that breaks the contract is still worth showing.
    let loaded = sandbox
        .load(&name, Arc::clone(&bytes), AttemptLimits::DEFAULT.memory_mib)
        .await;
    let exit = if loaded.is_ok() {
        Exit::Complete
    } else {
        Exit::Usage
    };
    if args.json {
        let value = json!({
            "name": name,
            "bytes": shape.bytes,
            "sha256": shape.digest,
            "imports": shape.imports,
            "exports": shape.exports,
            "descriptor": loaded.as_ref().ok().map(|adapter| descriptor_json(adapter.descriptor())),
            "error": loaded.as_ref().err().map(ToString::to_string),
        });
        outln!(
            "{}",
            serde_json::to_string_pretty(&value).map_err(Failed::machine)?
        )?;
        return Ok(exit);
    }
    match &loaded {
        Ok(adapter) => print_descriptor(adapter.descriptor())?,
        Err(error) => outln!("not usable: {error}")?,
    }
    outln!("component: {} bytes, sha256 {}", shape.bytes, shape.digest)?;
    for import in &shape.imports {
        outln!("imports: {import}")?;
    }
    for export in &shape.exports {
        outln!("exports: {export}")?;
    }
    Ok(exit)
}

pub(super) async fn shape_of(
    sandbox: &Sandbox,
    name: &str,
    bytes: &Arc<[u8]>,
) -> Result<ComponentShape, Failed> {
    let (sandbox, name, bytes) = (sandbox.clone(), name.to_owned(), Arc::clone(bytes));
    tokio::task::spawn_blocking(move || inspect_component(&sandbox, &name, &bytes))
        .await
        .map_err(Failed::machine)?
        .map_err(Failed::usage)
}

fn hosts(descriptor: &Descriptor) -> String {
    descriptor
        .hosts
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" ")
}

fn print_descriptor(descriptor: &Descriptor) -> Result<(), Failed> {
    outln!("{} {}", descriptor.name, descriptor.version)?;
    outln!("{}", descriptor.summary)?;
    outln!("starts from: {}", descriptor.identifiers.join(", "))?;
    outln!("talks to: {}", hosts(descriptor))?;
    for setting in &descriptor.settings {
        let default = setting
            .default
            .as_deref()
            .map(|default| format!(" [default: {default}]"))
            .unwrap_or_default();
        outln!("setting {}: {}{default}", setting.key, setting.help)?;
    }
    for secret in &descriptor.secrets {
        outln!("secret {}: {}", secret.name, secret.help)?;
    }
    Ok(())
}

pub(super) fn descriptor_json(descriptor: &Descriptor) -> serde_json::Value {
    json!({
        "name": descriptor.name,
        "version": descriptor.version,
        "summary": descriptor.summary,
        "hosts": descriptor.hosts.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "identifiers": descriptor.identifiers,
        "settings": descriptor.settings.iter().map(|setting| json!({
            "key": setting.key, "help": setting.help, "default": setting.default,
        })).collect::<Vec<_>>(),
        "secrets": descriptor.secrets.iter().map(|secret| json!({
            "name": secret.name, "help": secret.help,
        })).collect::<Vec<_>>(),
    })
}
