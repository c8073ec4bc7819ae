//! Writing a run down while it happens.
//!
//! Exchanges are handed to a thread of its own when they end, which redacts
//! and writes them: recording holds up neither the network nor the race.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use super::FixedWorld;
use super::error::HarError;
use super::model::Notes;
use super::place::Place;
use super::redact::{Private, Redactor};
use super::tap::{Ended, Tap};
use super::write::Writer;
use crate::http::exchange::Outgoing;
use crate::http::fault::Fault;
use crate::http::scope::Scope;
use crate::http::wire::Incoming;

/// Of a file that is there already: enough to see what it is.
const BEGINNING_BYTES: u64 = 1024;

/// A recording being written.
pub(in crate::http) struct Recorder {
    shared: Arc<Shared>,
    world: FixedWorld,
    notes: Mutex<Notes>,
    place: Arc<Place>,
}

/// What its taps need of it.
pub(super) struct Shared {
    /// Beside the file; where large bodies wait.
    pub(super) folder: PathBuf,
    pub(super) user_agent: String,
    clock: AtomicU64,
    to_writer: Mutex<Sender<Message>>,
    path: PathBuf,
}

enum Message {
    Ended(Box<Ended>),
    /// Nothing more comes; how did it go?
    Close(Notes, Sender<Result<(), String>>),
}

impl Recorder {
    /// Begins a recording in `path`, which is a valid one from now on; an older
    /// one that stands there gives way to the first exchange. A replayed run
    /// passes its own world on.
    pub(in crate::http) fn create(
        path: &Path,
        private: &Private,
        user_agent: &str,
        world: Option<FixedWorld>,
    ) -> Result<Self, HarError> {
        let fail = |why: String| HarError::Write {
            path: path.to_owned(),
            why,
        };
        if path.is_dir() {
            return Err(fail("it is a folder; name a file".to_owned()));
        }
        if is_something_else(path) {
            return Err(fail(
                "it is there already and is no recording; name another file, or remove it first"
                    .to_owned(),
            ));
        }
        let (place, file) = Place::beside(path).map_err(|error| fail(error.to_string()))?;
        let place = Arc::new(place);
        let world = world.unwrap_or_else(|| FixedWorld {
            now: this_millisecond(),
            seed: uuid::Uuid::new_v4().as_u64_pair().0,
        });
        let writer = Writer::begin(file, Redactor::new(private), world)
            .map_err(|error| fail(error.to_string()))?;
        place
            .take_if_free()
            .map_err(|error| fail(error.to_string()))?;
        let parent = path.parent().filter(|parent| parent.is_dir());
        let (to_writer, messages) = channel();
        let taken = Arc::clone(&place);
        std::thread::Builder::new()
            .name("har".to_owned())
            .spawn(move || write_all(writer, &messages, &taken))
            .map_err(|error| fail(error.to_string()))?;
        Ok(Self {
            shared: Arc::new(Shared {
                folder: parent.unwrap_or(Path::new(".")).to_owned(),
                user_agent: user_agent.to_owned(),
                clock: AtomicU64::new(0),
                to_writer: Mutex::new(to_writer),
                path: path.to_owned(),
            }),
            world,
            notes: Mutex::default(),
            place,
        })
    }

    pub(in crate::http) fn world(&self) -> FixedWorld {
        self.world
    }

    /// Opens an exchange that is about to be sent.
    pub(in crate::http) fn tap(&self, hop: &Outgoing<'_>) -> Tap {
        Tap::new(Arc::clone(&self.shared), hop)
    }

    /// Notes an answer that the cache gave: a replay may need it, should its
    /// cache be asked in another order.
    pub(in crate::http) fn cached(&self, hop: &Outgoing<'_>, answer: &Incoming, body: &Bytes) {
        let mut tap = self.tap(hop);
        tap.mark_cached();
        tap.answered(answer.status, &answer.headers, answer.address);
        tap.piece(body);
        tap.whole();
    }

    /// Notes who had ended when a race looked.
    pub(in crate::http) fn looked(&self, scope: &Scope, ended: Vec<String>) {
        let label = scope.label().to_owned();
        self.notes().looks.entry(label).or_default().push(ended);
    }

    /// Notes that the question about `host` was answered with an open breaker.
    pub(in crate::http) fn shut(&self, scope: &Scope, host: &str, question: u64) {
        let mut notes = self.notes();
        let of_work = notes.shut.entry(scope.label().to_owned()).or_default();
        of_work.entry(host.to_owned()).or_default().push(question);
    }

    /// Notes a hop that a courtesy refused: nothing was sent.
    pub(in crate::http) fn refused(&self, hop: &Outgoing<'_>, fault: &Fault) {
        self.tap(hop).failed(fault);
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until everything that has ended is in the file.
    pub(in crate::http) fn finish(&self) -> Result<(), HarError> {
        let (ask, answer) = channel();
        let notes = self.notes().clone();
        self.shared.send(Message::Close(notes, ask));
        let went = answer
            .recv()
            .unwrap_or_else(|_| Err("its writer is gone".to_owned()));
        went.map_err(|why| HarError::Write {
            path: self.shared.path.clone(),
            why,
        })
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // Here, for the writer's thread may not come to it before the process ends.
        self.place.leave();
    }
}

impl Shared {
    /// The next number in the order of things.
    pub(super) fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::AcqRel)
    }

    /// Hands an ended exchange on.
    pub(super) fn ended(&self, ended: Box<Ended>) {
        self.send(Message::Ended(ended));
    }

    fn send(&self, message: Message) {
        let to_writer = self
            .to_writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // The writer outlives every sender.
        to_writer.send(message).ok();
    }
}

/// The time as a recording keeps it: what is recorded must not see more of it
/// than its replay will.
fn this_millisecond() -> SystemTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.unwrap_or_default().as_millis();
    UNIX_EPOCH + Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

fn write_all(mut writer: Writer, messages: &Receiver<Message>, place: &Place) {
    let mut went = Ok(());
    while let Ok(message) = messages.recv() {
        match message {
            Message::Ended(ended) if went.is_ok() => {
                let written = writer.append(*ended).and_then(|()| place.take());
                went = written.map_err(|error| {
                    let why = error.to_string();
                    tracing::warn!("the recording stops here: {why}");
                    why
                });
            }
            Message::Ended(_) => {}
            Message::Close(notes, answer) => {
                if went.is_ok() {
                    let closed = writer.close(&notes);
                    // Without an exchange it is nothing to replace an older one by.
                    place.leave();
                    went = closed.map_err(|error| error.to_string());
                }
                answer.send(went.clone()).ok();
            }
        }
    }
}

/// Whether a file is there that no recording would overwrite: one that does not
/// begin as a HAR does.
fn is_something_else(path: &Path) -> bool {
    let Ok(file) = File::open(path) else {
        return false;
    };
    if !file.metadata().is_ok_and(|about| about.is_file()) {
        return false;
    }
    let mut beginning = Vec::new();
    if file
        .take(BEGINNING_BYTES)
        .read_to_end(&mut beginning)
        .is_err()
    {
        return false;
    }
    let text = String::from_utf8_lossy(&beginning);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let is_har = text
        .strip_prefix('{')
        .is_some_and(|rest| rest.trim_start().starts_with("\"log\""));
    !text.is_empty() && !is_har
}
