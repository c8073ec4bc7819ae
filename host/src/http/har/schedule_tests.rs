#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use crate::http::har::FixedWorld;
use crate::http::har::model::{Notes, Place, Recorded};

fn recorded(work: &str, start: u64, end: Option<u64>, step: u64) -> Recorded {
    Recorded {
        method: "GET".to_owned(),
        url: String::new(),
        range: None,
        answer: None,
        ending: if end.is_some() {
            Ending::Whole
        } else {
            Ending::Cut
        },
        place: Place {
            work: work.to_owned(),
            start,
            end,
            step,
        },
        took: Duration::from_secs(1),
    }
}

struct Scene {
    schedule: Schedule,
    now: Instant,
}

impl Scene {
    fn new(own: bool, exchanges: Vec<Recorded>) -> Self {
        Self::of(own, false, exchanges)
    }

    /// One source has it to itself.
    fn alone(own: bool, exchanges: Vec<Recorded>) -> Self {
        Self::of(own, true, exchanges)
    }

    fn of(own: bool, alone: bool, exchanges: Vec<Recorded>) -> Self {
        let now = Instant::now();
        let recording = Recording {
            world: FixedWorld {
                now: std::time::SystemTime::UNIX_EPOCH,
                seed: 0,
            },
            own,
            exchanges,
            notes: Notes::default(),
        };
        Self {
            schedule: Schedule::new(&recording, alone, now),
            now,
        }
    }

    fn ask(&mut self, index: usize) {
        let label = self.schedule.slots[index].work;
        let label = self
            .schedule
            .by_label
            .iter()
            .find(|(_, work)| **work == label);
        let label = label.unwrap().0.clone();
        self.schedule.ask(index, &label, self.now);
    }

    fn given(&mut self, index: usize) -> bool {
        self.schedule.given(index, self.now).is_ok()
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
    }
}

#[test]
fn pending_answers_are_given_in_the_recorded_order() {
    let mut stage = Scene::new(
        true,
        vec![recorded("w", 0, Some(3), 0), recorded("w", 1, Some(2), 0)],
    );
    stage.ask(0);
    assert!(!stage.given(0), "the other one began before this one ended");
    stage.ask(1);
    assert!(stage.given(1));
    assert!(stage.given(0));
}

#[test]
fn an_answer_waits_for_what_began_before_it_even_if_that_never_ended() {
    let mut stage = Scene::new(
        true,
        vec![recorded("w", 0, Some(2), 0), recorded("w", 1, None, 0)],
    );
    stage.ask(0);
    assert!(!stage.given(0));
    stage.ask(1);
    assert!(stage.given(0));
}

#[test]
fn an_answer_that_came_after_a_look_waits_for_the_look() {
    let mut stage = Scene::new(
        true,
        vec![recorded("w", 0, Some(2), 0), recorded("w", 1, Some(3), 1)],
    );
    stage.ask(0);
    stage.ask(1);
    assert!(stage.given(0));
    assert!(!stage.given(1));
    stage.schedule.stepped("w", 1, stage.now);
    assert!(stage.given(1));
}

#[test]
fn works_do_not_wait_for_each_other() {
    let mut stage = Scene::new(
        true,
        vec![recorded("v", 0, Some(2), 0), recorded("w", 1, Some(3), 0)],
    );
    stage.ask(1);
    assert!(stage.given(1));
}

#[test]
fn a_work_that_left_the_recorded_way_waits_once_and_never_again() {
    let mut stage = Scene::new(
        true,
        vec![
            recorded("w", 0, Some(1), 0),
            recorded("w", 2, Some(5), 4),
            recorded("w", 6, Some(7), 9),
        ],
    );
    stage.ask(1);
    assert!(!stage.given(1));
    stage.pass(GRACE - Duration::from_millis(1));
    assert!(!stage.given(1));
    stage.pass(Duration::from_millis(1));
    assert!(stage.given(1));
    stage.ask(2);
    assert!(stage.given(2));
}

#[test]
fn a_hop_held_up_by_a_policy_is_waited_for_however_long() {
    let mut stage = Scene::new(
        true,
        vec![recorded("w", 0, Some(2), 0), recorded("w", 1, Some(3), 0)],
    );
    stage.schedule.moved("w", Stage::SetOut, stage.now);
    stage.schedule.moved("w", Stage::AtWire, stage.now);
    stage.schedule.moved("w", Stage::SetOut, stage.now);
    stage.ask(0);
    stage.pass(GRACE * 100);
    assert!(!stage.given(0));
    stage.ask(1);
    assert!(stage.given(0));
    assert!(stage.given(1));
}

#[test]
fn a_hop_that_hangs_at_the_wire_is_not_waited_for() {
    let mut stage = Scene::new(
        true,
        vec![
            recorded("w", 0, None, 0),
            recorded("w", 1, Some(3), 0),
            recorded("w", 2, Some(4), 0),
        ],
    );
    for index in [0, 1] {
        stage.schedule.moved("w", Stage::SetOut, stage.now);
        stage.schedule.moved("w", Stage::AtWire, stage.now);
        stage.ask(index);
    }
    stage.pass(GRACE);
    assert!(stage.given(1));
}

#[test]
fn a_request_given_up_holds_nobody_back() {
    let mut stage = Scene::new(
        true,
        vec![
            recorded("w", 0, Some(5), 0),
            recorded("w", 1, Some(3), 0),
            recorded("w", 2, Some(4), 0),
        ],
    );
    stage.ask(0);
    stage.ask(1);
    assert!(!stage.given(1), "the third began before");
    stage.schedule.drop_out(1, stage.now);
    stage.ask(2);
    assert!(stage.given(2));
    assert!(stage.given(0));
}

#[test]
fn where_a_deadline_decided_answers_take_as_long_as_they_took() {
    let mut cut = recorded("w", 0, None, 0);
    cut.ending = Ending::Deadline;
    let mut stage = Scene::new(true, vec![cut, recorded("w", 1, Some(2), 0)]);
    stage.ask(0);
    stage.ask(1);
    stage.pass(Duration::from_millis(999));
    assert!(!stage.given(1));
    stage.pass(Duration::from_millis(1));
    assert!(stage.given(1));
}

#[test]
fn a_request_of_another_work_is_answered_at_once() {
    let mut stage = Scene::new(
        true,
        vec![recorded("w", 0, Some(1), 0), recorded("w", 2, Some(3), 7)],
    );
    stage.schedule.ask(1, "another", stage.now);
    assert!(stage.given(1));
}

#[test]
fn a_foreign_recording_waits_a_moment_for_what_is_not_asked_for() {
    let mut stage = Scene::new(
        false,
        vec![
            recorded("", 0, Some(10), 0),
            recorded("", 5, Some(20), 0),
            recorded("", 6, Some(30), 0),
        ],
    );
    stage.ask(1);
    assert!(!stage.given(1));
    stage.pass(COURTESY);
    assert!(stage.given(1));
    // The first is not waited for again, and still answers.
    stage.ask(2);
    assert!(stage.given(2));
    stage.ask(0);
    assert!(stage.given(0));
}

#[test]
fn a_foreign_recordings_pending_answers_come_in_order() {
    let mut stage = Scene::new(
        false,
        vec![recorded("", 0, Some(20), 0), recorded("", 1, Some(10), 0)],
    );
    stage.ask(0);
    stage.ask(1);
    assert!(stage.given(1));
    assert!(stage.given(0));
}

#[test]
fn one_source_alone_waits_for_nothing_that_others_asked() {
    for own in [true, false] {
        let mut stage = Scene::alone(
            own,
            vec![
                recorded("w", 0, Some(1), 0),
                recorded("w", 2, Some(9), 4),
                recorded("w", 3, Some(5), 4),
            ],
        );
        stage.ask(2);
        assert!(stage.given(2), "own: {own}");
        stage.ask(1);
        assert!(stage.given(1), "own: {own}");
    }
}

#[test]
fn a_deadline_decides_for_one_source_alone_too() {
    let mut cut = recorded("w", 0, None, 0);
    cut.ending = Ending::Deadline;
    let mut stage = Scene::alone(true, vec![cut, recorded("w", 1, Some(2), 3)]);
    stage.ask(1);
    stage.pass(Duration::from_millis(999));
    assert!(!stage.given(1));
    stage.pass(Duration::from_millis(1));
    assert!(stage.given(1));
}
