//! The fault layer from its user's side: what is to happen at which call.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The library that is preloaded; none where there is none to preload.
const LIBRARY: Option<&str> = option_env!("PAPERFALL_FAULTS_LAYER");

/// What happens at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// SIGKILL before it.
    Before,
    /// SIGKILL after half of it, where it is a write.
    Within,
    /// SIGKILL after it.
    After,
    /// SIGSTOP before it.
    Freeze,
    /// It fails once: the disk is broken.
    Eio,
    /// It fails from there on.
    EioForGood,
    /// It fails once: the disk is full.
    Enospc,
    /// It fails from there on.
    EnospcForGood,
}

impl Action {
    /// The ways to be killed at a call.
    pub const KILLS: [Self; 3] = [Self::Before, Self::Within, Self::After];

    fn word(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::Within => "within",
            Self::After => "after",
            Self::Freeze => "freeze",
            Self::Eio => "eio",
            Self::EioForGood => "eio+",
            Self::Enospc => "enospc",
            Self::EnospcForGood => "enospc+",
        }
    }
}

/// What a run meets. The places are named in `layer/places.c`.
#[derive(Debug, Clone)]
pub struct Faults {
    root: PathBuf,
    rules: Vec<String>,
    log: Option<PathBuf>,
    only_while: Option<PathBuf>,
    clock: Option<PathBuf>,
}

impl Faults {
    /// None yet, for a run with this output folder. `None` where the system has
    /// no such layer.
    #[must_use]
    pub fn under(out: &Path) -> Option<Self> {
        LIBRARY.map(|_| Self {
            root: out.to_owned(),
            rules: Vec::new(),
            log: None,
            only_while: None,
            clock: None,
        })
    }

    /// At the `number`-th call (from 1) that `place` names or matches.
    #[must_use]
    pub fn at(mut self, place: &str, number: usize, action: Action) -> Self {
        self.rules
            .push(format!("{place}:{number}:{}", action.word()));
        self
    }

    /// Writes the place of every call to this file.
    #[must_use]
    pub fn log(mut self, file: &Path) -> Self {
        self.log = Some(file.to_owned());
        self
    }

    /// Nothing happens while this file is not there.
    #[must_use]
    pub fn only_while(mut self, file: &Path) -> Self {
        self.only_while = Some(file.to_owned());
        self
    }

    /// The wall clock is turned by as many seconds as this file says.
    #[must_use]
    pub fn clock(mut self, file: &Path) -> Self {
        self.clock = Some(file.to_owned());
        self
    }

    /// The environment that brings all this about.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, OsString)> {
        let mut set: Vec<(&'static str, OsString)> = vec![
            ("LD_PRELOAD", LIBRARY.unwrap_or_default().into()),
            ("PAPERFALL_FAULTS_ROOT", self.root.clone().into()),
        ];
        if !self.rules.is_empty() {
            set.push(("PAPERFALL_FAULTS", self.rules.join(",").into()));
        }
        let files = [
            ("PAPERFALL_FAULTS_LOG", &self.log),
            ("PAPERFALL_FAULTS_WHILE", &self.only_while),
            ("PAPERFALL_FAULTS_CLOCK", &self.clock),
        ];
        for (name, file) in files {
            set.extend(file.clone().map(|file| (name, file.into())));
        }
        set
    }
}

/// The places of the calls that were logged, in order, and whether something
/// happened there.
#[must_use]
pub fn calls(log: &Path) -> Vec<(String, bool)> {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    text.lines()
        .map(|line| match line.strip_suffix(" HIT") {
            Some(place) => (place.to_owned(), true),
            None => (line.to_owned(), false),
        })
        .collect()
}

/// How often each place was called.
#[must_use]
pub fn counts(log: &Path) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for (place, _) in calls(log) {
        *counts.entry(place).or_insert(0) += 1;
    }
    counts
}
