//! A component put on the bench as the plan would equip it.
//!
//! What `paperfall.toml` says of it holds. Where it says nothing, the test
//! grants what the component declares, except `*`, and tells the lines the
//! operator will need.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::super::exit::Failed;
use super::super::output::note;
use super::super::setup::{new_sandbox, warn};
use super::super::tally::human_bytes;
use crate::http::{HostPattern, Secrets};
use crate::plan::{Component, Email, Origin, Plan, PlanFlags, Secret, Source};
use crate::sandbox::{LoadError, LoadedAdapter, Sandbox};
use crate::testing::{Lint, Specimen, Subject, lint, table_for};

/// The tier of a component that stands in none.
const TIER: &str = "adapter_test";
/// Stands in for the contact address where nothing leaves the machine.
const STAND_IN_EMAIL: &str = "author@paperfall.example";
/// Compiling is announced when it takes longer.
const QUIET: Duration = Duration::from_secs(1);

/// What is on the bench.
pub(super) struct Bench {
    pub(super) plan: Plan,
    pub(super) specimen: Specimen,
    /// What would not fit in production.
    pub(super) lints: Vec<Lint>,
    /// What the test did of its own accord.
    pub(super) notes: Vec<String>,
    /// What must be kept out of a recording, beside what the plan knows.
    pub(super) stand_ins: Vec<Secrets>,
}

/// How a component is equipped.
#[derive(Debug, Clone, Copy)]
pub(super) struct Equipment<'a> {
    pub(super) flags: &'a PlanFlags,
    /// Grants instead of those of the plan; empty: the plan's.
    pub(super) grants: &'a [String],
    /// Whether nothing leaves the machine, so that secrets and contact may be
    /// made up.
    pub(super) offline: bool,
    pub(super) cache_dir: Option<&'a Path>,
}

impl Bench {
    /// Finds the component's place in the plan, loads and equips it.
    pub(super) async fn prepare(
        subject: Subject,
        equipment: Equipment<'_>,
    ) -> Result<Self, Failed> {
        let grants = parse_grants(equipment.grants)?;
        let (plan, mut source) = placed(&subject, equipment.flags, equipment.offline)?;
        let sandbox = new_sandbox(&plan, equipment.cache_dir)?;
        let adapter = load(&sandbox, &source, subject).await?;
        let descriptor = adapter.descriptor().clone();
        let mut bench = Self {
            specimen: specimen(&sandbox, &adapter, &source, &plan),
            plan,
            lints: Vec::new(),
            notes: Vec::new(),
            stand_ins: Vec::new(),
        };
        let ready = bench.specimen.ready().map_err(Failed::usage)?;
        bench.lints = lint(&descriptor, &source, &ready.settings);
        if let Some(grants) = grants {
            source.hosts = Some(grants);
        } else if bench.nobody_granted(&source) {
            let hosts: Vec<HostPattern> = descriptor
                .hosts
                .iter()
                .filter(|host| !host.is_any())
                .cloned()
                .collect();
            bench.notes.push(granted_for_the_test(&hosts));
            if hosts.len() < descriptor.hosts.len() {
                bench.notes.push(
                    "it declares *, any public host, which is granted by --grant '*' alone"
                        .to_owned(),
                );
            }
            let table = table_for(&descriptor, &source);
            bench.notes.push(format!(
                "to use it, write into paperfall.toml:\n{}",
                table.trim_end()
            ));
            // Said better than as what is missing.
            bench
                .lints
                .retain(|lint| !matches!(lint, Lint::HostNotGranted { .. }));
            source.hosts = Some(hosts);
        }
        bench.specimen = specimen(&sandbox, &adapter, &source, &bench.plan);
        if equipment.offline {
            bench.stand_in(&mut source);
            bench.specimen = specimen(&sandbox, &adapter, &source, &bench.plan);
        }
        Ok(bench)
    }

    /// Whether nobody said anything about the hosts of a stranger.
    fn nobody_granted(&self, source: &Source) -> bool {
        let key = format!("adapter.{}.hosts", source.name);
        let row = self.plan.rows().iter().find(|row| row.key == key);
        source.hosts.is_some() && row.is_some_and(|row| row.origin == Origin::Default)
    }

    /// Makes up what a replay needs and nobody gave.
    fn stand_in(&mut self, source: &mut Source) {
        let descriptor = self.specimen.descriptor();
        for spec in &descriptor.secrets {
            if source.secrets.contains_key(&spec.name) {
                continue;
            }
            let value = format!("stand-in-for-{}", spec.name);
            // A value that cannot be used is not needed either.
            self.stand_ins
                .extend(Secrets::new([(spec.name.clone(), value.clone())]).ok());
            let secret = Secret::new("nothing: a stand-in".to_owned(), value);
            source.secrets.insert(spec.name.clone(), secret);
            self.notes.push(format!(
                "secret {}: a stand-in, for nothing leaves in a replay",
                spec.name
            ));
        }
        if self.plan.email.is_none() && descriptor.settings.iter().any(|s| s.key == "email") {
            self.plan.email = Email::parse(STAND_IN_EMAIL).ok();
            self.notes.push(format!(
                "email: {STAND_IN_EMAIL}, for nothing leaves in a replay"
            ));
        }
        let offline = |lint: &Lint| {
            matches!(lint, Lint::SecretNotGiven { .. })
                || matches!(lint, Lint::SettingNotGiven { key, .. } if key == "email")
        };
        self.lints.retain(|lint| !offline(lint));
    }
}

fn specimen(sandbox: &Sandbox, adapter: &LoadedAdapter, source: &Source, plan: &Plan) -> Specimen {
    Specimen::of_plan(
        sandbox,
        adapter.clone(),
        source.clone(),
        plan.email.clone(),
        plan.gates,
    )
}

fn granted_for_the_test(hosts: &[HostPattern]) -> String {
    match hosts {
        [] => "nothing is granted: paperfall.toml says nothing about it".to_owned(),
        hosts => {
            let names: Vec<String> = hosts.iter().map(ToString::to_string).collect();
            format!("granted for this test, as declared: {}", names.join(", "))
        }
    }
}

fn parse_grants(grants: &[String]) -> Result<Option<Vec<HostPattern>>, Failed> {
    if grants.is_empty() {
        return Ok(None);
    }
    let parsed = grants.iter().map(|grant| {
        HostPattern::parse(grant).map_err(|error| Failed::usage(format!("--grant: {error}")))
    });
    Ok(Some(parsed.collect::<Result<_, _>>()?))
}

/// The plan, and the subject's source in it; a file that has none is put into
/// a tier of its own.
fn placed(subject: &Subject, flags: &PlanFlags, offline: bool) -> Result<(Plan, Source), Failed> {
    let plan_of = |flags: &PlanFlags| match offline {
        true => Plan::without_unset_secrets(flags),
        false => Plan::from_process(flags),
    };
    let (plan, warnings) = plan_of(flags)?;
    if let Some(source) = source_of(subject, &plan) {
        let source = source.clone();
        warn(&warnings);
        return Ok((plan, source));
    }
    let Some(file) = &subject.file else {
        return Err(not_in_plan(subject));
    };
    let path = file.display().to_string();
    if path.contains(',') {
        return Err(Failed::usage(format!(
            "{path}: a comma in its path cannot stand in the plan; rename it"
        )));
    }
    let mut flags = flags.clone();
    flags.fallback_tier.push(format!("{TIER}:adapter={path}"));
    let (plan, warnings) = plan_of(&flags)?;
    warn(&warnings);
    match source_of(subject, &plan) {
        Some(source) => {
            let source = source.clone();
            Ok((plan, source))
        }
        None => Err(not_in_plan(subject)),
    }
}

fn not_in_plan(subject: &Subject) -> Failed {
    Failed::usage(format!(
        "{} is not in the plan: something switches it off or puts another component in its place; \
         `paperfall plan` says what",
        subject.shown
    ))
}

fn source_of<'p>(subject: &Subject, plan: &'p Plan) -> Option<&'p Source> {
    let real = |path: &Path| path.canonicalize().ok();
    plan.sources()
        .find(|source| match (&source.component, &subject.file) {
            (Component::Bundled, None) => subject.bundled && source.name == subject.name,
            (Component::File(known), Some(file)) => {
                known == file || real(known).is_some_and(|known| real(file) == Some(known))
            }
            _ => false,
        })
}

/// Loads the component; compiling a big one takes seconds, and is said.
async fn load(
    sandbox: &Sandbox,
    source: &Source,
    subject: Subject,
) -> Result<LoadedAdapter, Failed> {
    loaded(
        sandbox,
        source.name.as_str(),
        subject.bytes,
        source.memory_mib,
    )
    .await
    .map_err(Failed::usage)
}

/// [`Sandbox::load`], with a line for whoever waits.
pub(super) async fn loaded(
    sandbox: &Sandbox,
    name: &str,
    bytes: Arc<[u8]>,
    memory_mib: u32,
) -> Result<LoadedAdapter, LoadError> {
    let size = human_bytes(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    let loading = sandbox.load(name, bytes, memory_mib);
    tokio::pin!(loading);
    tokio::select! {
        loaded = &mut loading => return loaded,
        () = tokio::time::sleep(QUIET) => {}
    }
    note(&format!(
        "paperfall: compiling {name} ({size}); the next start takes it from the cache"
    ));
    loading.await
}
