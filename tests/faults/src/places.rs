//! Where something can happen to a run of the cast, and cases made of it.

use std::collections::BTreeMap;

use paperfall_e2e::Seeds;

use crate::{Action, Cast, Faults, Judge, ON_LEDGER, counts, run};

/// Something that happens to a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mishap {
    /// At this place.
    pub place: String,
    /// At the so-many-th call, from 1.
    pub number: usize,
    /// This.
    pub action: Action,
}

impl Mishap {
    /// As a fault below a run with this output folder.
    #[must_use]
    pub fn fault(&self, out: &std::path::Path) -> Option<Faults> {
        let faults = Faults::under(out)?;
        Some(faults.at(&self.place, self.number, self.action))
    }
}

/// How often a run that nothing disturbs comes to each place where it changes
/// something.
///
/// # Panics
/// When that run does not do what it should.
pub async fn places() -> BTreeMap<String, usize> {
    let rig = Cast::rig().await;
    let log = rig.folder().join("calls");
    let faults = Faults::under(&rig.out()).expect("a layer").log(&log);
    let judge = Judge::between_runs(&rig);
    let ran = run(&rig, &ON_LEDGER, Some(&faults)).await;
    judge.assert_completed(&rig, &ran);
    Judge::assert_asked_at_most(&rig, 0);
    let mut places = counts(&log);
    places.retain(|place, _| !place.ends_with(".open"));
    places
}

/// Some mishaps: at each place the first call and `more` by chance, each with one
/// of these actions.
#[must_use]
pub fn some(
    places: &BTreeMap<String, usize>,
    actions: &[Action],
    more: usize,
    seeds: &mut Seeds,
) -> Vec<Mishap> {
    let mut mishaps = Vec::new();
    for (place, count) in places {
        let first = std::iter::once(1);
        let numbers: Vec<usize> = first
            .chain((0..more).map(|_| 1 + seeds.below(*count)))
            .collect();
        for number in numbers {
            let mishap = Mishap {
                place: place.clone(),
                number,
                action: actions[seeds.below(actions.len())],
            };
            if !mishaps.contains(&mishap) {
                mishaps.push(mishap);
            }
        }
    }
    mishaps
}

/// Every mishap there is.
#[must_use]
pub fn all(places: &BTreeMap<String, usize>, actions: &[Action]) -> Vec<Mishap> {
    let mut mishaps = Vec::new();
    for (place, count) in places {
        for number in 1..=*count {
            mishaps.extend(actions.iter().map(|action| Mishap {
                place: place.clone(),
                number,
                action: *action,
            }));
        }
    }
    mishaps
}
