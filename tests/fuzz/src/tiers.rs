//! The grammar of `--fallback-tier`, one a line; a line `only NAMES` stands
//! for `--only`. A plan that comes out is sound, and equal however it was said.

use std::collections::BTreeSet;
use std::path::Path;

use crate::plan::{Plan, PlanError, PlanFlags, PlanInputs, PlanWarning};
use crate::promises;

/// A folder with one component, `acme.wasm`.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");

/// Checks one list of flags.
pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut flags = PlanFlags::default();
    for line in text.lines() {
        match line.strip_prefix("only ") {
            Some(names) => flags.only.push(names.to_owned()),
            None => flags.fallback_tier.push(line.to_owned()),
        }
    }
    let by_flags = build(&flags, &|_| None);
    if let Ok((plan, warnings)) = &by_flags {
        is_sound(plan, warnings);
    }
    // The same, said by the environment.
    let said: Vec<&str> = flags.fallback_tier.iter().map(String::as_str).collect();
    let cannot = |tier: &&str| tier.contains(';') || tier.trim().is_empty();
    if said.is_empty() || said.iter().any(cannot) || !flags.only.is_empty() {
        return;
    }
    let joined = said.join(";");
    let env = |name: &str| (name == "PAPERFALL_FALLBACK_TIER").then(|| joined.clone());
    match (by_flags, build(&PlanFlags::default(), &env)) {
        (Ok((by_flags, _)), Ok((by_env, _))) => {
            assert_eq!(
                format!("{:?}", by_flags.tiers),
                format!("{:?}", by_env.tiers)
            );
        }
        (Err(_), Err(error)) => promises::is_a_message(&error.to_string()),
        (one, other) => panic!("{:?} {:?}", one.err(), other.err()),
    }
}

fn build(
    flags: &PlanFlags,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<(Plan, Vec<PlanWarning>), PlanError> {
    let built = Plan::build(PlanInputs {
        flags,
        env,
        cwd: Path::new(FOLDER),
        user_config_dir: None,
    });
    if let Err(error) = &built {
        promises::is_a_message(&error.to_string());
    }
    built
}

/// What every plan promises.
pub(crate) fn is_sound(plan: &Plan, warnings: &[PlanWarning]) {
    assert!(!plan.tiers.is_empty());
    assert!(plan.budgets.max_attempts > 0 && plan.budgets.max_concurrent > 0);
    assert!(plan.budgets.total_timeout_ms > 0);
    let mut seen = BTreeSet::new();
    for tier in &plan.tiers {
        assert!(tier.parallel > 0 && !tier.sources.is_empty());
        for source in &tier.sources {
            assert_eq!(source.tier, tier.name);
            assert!(source.policy.timeout_ms > 0 && source.memory_mib > 0);
            assert!(seen.insert((tier.name.clone(), source.name.clone())));
        }
    }
    for warning in warnings {
        promises::is_a_message(&warning.to_string());
    }
    for row in plan.rows() {
        let told = [&row.key, &row.value, &row.origin.to_string()];
        for text in told {
            assert!(!text.contains(char::is_control), "{text:?}");
        }
    }
}
