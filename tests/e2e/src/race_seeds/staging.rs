//! One work on both stages: the miniature web and the model.

use std::time::Duration;

use paperfall_miniweb::{Answer, Capture, Paper, Pdf, World};
use serde_json::Value;

use super::cast::Cast;
use super::plans::RacePlan;
use crate::race_model::{Copied, Copy, Prediction, Scene, predict};

/// The publisher of all seeds.
pub(super) const PRESS: &str = "https://journal.example";
/// Longer races are drawn again, to keep the test short.
const MAX_TICKS: u64 = 32;
/// How often a seed is drawn at most.
const DRAWS: u64 = 500;

/// One seed's work.
#[derive(Debug)]
pub struct Story {
    /// The seed.
    pub seed: u64,
    /// The work as the binary is given it.
    pub work: Value,
    /// What the model says.
    pub prediction: Prediction,
    pub(super) scene: Scene,
    pub(super) paper: Paper,
    /// Host, part of the path, ticks.
    pub(super) waits: Vec<(&'static str, String, u64)>,
    pub(super) archive: Archive,
    pub(super) tick: Duration,
}

/// What the archive holds of a work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Archive {
    Empty,
    HasAll,
    Broken,
}

impl Story {
    /// The work of a seed, raced under `plan`, with ticks of this length.
    ///
    /// # Panics
    ///
    /// When no draw of the seed has an order.
    #[must_use]
    pub fn of(seed: u64, plan: RacePlan, tick: Duration) -> Self {
        let rules = plan.rules();
        (0..DRAWS)
            .map(|turn| {
                let mut story = Cast::new(seed, turn, tick).story();
                story.prediction = predict(&rules, &story.scene);
                story
            })
            .find(|story| !story.prediction.tie && story.prediction.ticks <= MAX_TICKS)
            .unwrap_or_else(|| panic!("seed {seed} has no draw without a tie"))
    }

    /// Its name.
    #[must_use]
    pub fn work_id(&self) -> String {
        format!("W{}", self.seed)
    }

    /// Everything that would happen, for a failure's message.
    #[must_use]
    pub fn scene(&self) -> &Scene {
        &self.scene
    }

    /// Puts it into the world.
    #[must_use]
    pub fn stage(&self, world: World) -> World {
        let mut world = world.paper(self.paper.clone());
        for (host, path, ticks) in &self.waits {
            world = world.latency(host, path, lasting(self.tick, *ticks));
        }
        let page = page_url(self.seed);
        let copies = self.scene.copies.keys().chain([&page]);
        for url in copies.filter(|url| url.starts_with("https:")) {
            world = match self.archive {
                Archive::Empty => world,
                Archive::Broken => world.when_archive_asked(url, Answer::status(500)),
                Archive::HasAll => {
                    world.captured(url, Capture::new("20210302093000", paper(url, 12_000)))
                }
            };
        }
        world
    }
}

/// So many ticks.
pub(super) fn lasting(tick: Duration, ticks: u64) -> Duration {
    tick * u32::try_from(ticks).expect("few ticks")
}

pub(super) fn page_url(seed: u64) -> String {
    format!("{PRESS}/{seed:04}/page")
}

fn paper(url: &str, bytes: u64) -> Answer {
    let seed = url
        .bytes()
        .fold(7, |seed: u64, byte| seed * 31 % 1_000_003 + u64::from(byte));
    Answer::pdf(Pdf::new(url, seed, bytes))
}

/// What a copy's URL answers, without its wait.
pub(super) fn answer(url: &str, copy: Copy) -> Answer {
    match copy.is {
        Copied::Whole => paper(url, 12_000),
        Copied::Truncated => paper(url, 12_000).truncated_to(8_000),
        Copied::Dead(_, "blocked") => Answer::challenge(),
        Copied::Dead(_, "paywalled") => Answer::login(),
        Copied::Dead(_, "http_5xx") => Answer::status(500),
        Copied::Dead(..) => Answer::status(404),
        Copied::Silent => Answer::never(),
    }
}
