//! The checks: each looks at what was seen and says what it is worth.
//!
//! A check fails for one fault and no other, so that an author reads one line
//! for each thing to mend. What merely costs time or is worth knowing is a
//! warning.

mod answers;
mod conduct;
mod declared;
mod judging;
mod results;
mod secrets;
mod works;

use judging::{Check, Judgement};

use super::evidence::Evidence;
use super::report::{Finding, Report, Verdict};
use crate::sandbox::LoadError;

/// Every check, in the order of the report.
fn all() -> impl Iterator<Item = &'static Check> {
    [
        declared::CHECKS,
        conduct::CHECKS,
        answers::CHECKS,
        works::CHECKS,
        results::CHECKS,
        secrets::CHECKS,
    ]
    .into_iter()
    .flatten()
}

/// Judges what was seen.
pub(super) fn judge(component: &str, evidence: &Evidence) -> Report {
    let findings = all().map(|check| finding(check, (check.judge)(evidence)));
    let descriptor = evidence.descriptor();
    report(
        component,
        Some(format!("{} {}", descriptor.name, descriptor.version)),
        Some(evidence.adapter.digest().to_owned()),
        findings.collect(),
    )
}

/// The report of a component that breaks its contract when it is loaded; none
/// for what is no adapter at all.
pub(super) fn unloadable(component: &str, error: &LoadError) -> Option<Report> {
    let broken = declared::broken_by(error)?;
    let findings = all().map(|check| {
        let judgement = if check.name == broken {
            Judgement::Fail(error.to_string())
        } else {
            Judgement::NotApplicable("not reached: the component does not load".to_owned())
        };
        finding(check, judgement)
    });
    Some(report(component, None, None, findings.collect()))
}

fn finding(check: &Check, judgement: Judgement) -> Finding {
    let (verdict, seen) = match judgement {
        Judgement::Pass(seen) => (Verdict::Pass, seen),
        Judgement::Warn(seen) => (Verdict::Warn, seen),
        Judgement::Fail(seen) => (Verdict::Fail, seen),
        Judgement::NotApplicable(why) => (Verdict::NotApplicable, why),
    };
    let amiss = matches!(verdict, Verdict::Warn | Verdict::Fail);
    Finding {
        check: check.name,
        verdict,
        tried: check.tried,
        seen: crate::sandbox::escape_controls(&seen),
        remedy: amiss.then_some(check.remedy),
    }
}

fn report(
    component: &str,
    adapter: Option<String>,
    sha256: Option<String>,
    checks: Vec<Finding>,
) -> Report {
    Report {
        component: component.to_owned(),
        adapter,
        sha256,
        fit: checks.iter().all(|check| check.verdict != Verdict::Fail),
        checks,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn every_check_has_a_name_of_its_own_and_says_what_to_do() {
        let names: BTreeSet<_> = super::all().map(|check| check.name).collect();
        assert_eq!(names.len(), super::all().count());
        for check in super::all() {
            assert!(!check.tried.is_empty() && !check.remedy.is_empty());
            assert!(
                check
                    .name
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b == b'_')
            );
        }
    }
}
