//! The queue: order, drops, and an end that comes.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use uuid::Uuid;

use super::samples;
use crate::telemetry::envelope::Recorded;
use crate::telemetry::queue::Bounds;
use crate::telemetry::sink::Sink;
use crate::telemetry::{Closing, Event, Metrics, Telemetry};

pub(super) fn recorded(seq: u64, event: Event) -> Recorded {
    Recorded {
        seq,
        at: SystemTime::now(),
        event,
    }
}

/// Remembers what it was handed.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<Recorded>>>);

impl Memory {
    fn all(&self) -> Vec<Recorded> {
        self.0.lock().unwrap().clone()
    }
}

impl Sink for Memory {
    fn take(&mut self, batch: &[Recorded]) {
        self.0.lock().unwrap().extend_from_slice(batch);
    }
}

/// Says when it has a batch, and holds it until told to go on.
struct Gate {
    memory: Memory,
    arrived: Sender<()>,
    go_on: Receiver<()>,
}

impl Sink for Gate {
    fn take(&mut self, batch: &[Recorded]) {
        self.memory.take(batch);
        let _ = self.arrived.send(());
        let _ = self.go_on.recv();
    }
}

fn telemetry(events: usize, bytes: usize, sink: impl Sink + 'static) -> Telemetry {
    Telemetry::with_sinks(
        Uuid::now_v7(),
        Bounds { events, bytes },
        vec![Box::new(sink)],
        Metrics::off(),
    )
    .unwrap()
}

/// A telemetry whose only sink holds its first event until the sender is used
/// or dropped.
fn held(events: usize, bytes: usize) -> (Telemetry, Memory, Sender<()>) {
    let (arrived, arrivals) = channel();
    let (release, go_on) = channel();
    let memory = Memory::default();
    let gate = Gate {
        memory: memory.clone(),
        arrived,
        go_on,
    };
    let telemetry = telemetry(events, bytes, gate);
    telemetry.emit(samples::planned("first"));
    arrivals.recv().unwrap();
    (telemetry, memory, release)
}

#[test]
fn numbers_times_and_the_order_of_writing_agree_when_many_threads_emit() {
    let memory = Memory::default();
    let telemetry = telemetry(100_000, usize::MAX, memory.clone());
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let telemetry = telemetry.clone();
            scope.spawn(move || {
                for number in 0..500 {
                    telemetry.emit(samples::planned(&format!("{thread}:{number}")));
                }
            });
        }
    });
    assert_eq!(telemetry.finish(), Closing::default());
    let all = memory.all();
    let numbers: Vec<u64> = all.iter().map(|recorded| recorded.seq).collect();
    assert_eq!(numbers, (1..=4000).collect::<Vec<u64>>());
    for thread in 0..8 {
        let of_thread: Vec<_> = all
            .iter()
            .filter_map(|recorded| match &recorded.event {
                Event::Ledger(crate::ledger::Event::JobPlanned { work_id, .. }) => {
                    let (of, number) = work_id.split_once(':').unwrap();
                    (of == thread.to_string()).then(|| number.parse::<u32>().unwrap())
                }
                _ => None,
            })
            .collect();
        assert_eq!(of_thread, (0..500).collect::<Vec<u32>>());
    }
}

#[test]
fn a_full_queue_drops_counts_and_leaves_a_gap_in_the_numbers() {
    let (telemetry, memory, release) = held(4, usize::MAX);
    for number in 0..10 {
        telemetry.emit(samples::planned(&number.to_string()));
    }
    assert_eq!(telemetry.dropped(), 6);
    drop(release);
    // What comes when there is room again shows the gap.
    while memory.all().len() < 5 {
        std::thread::yield_now();
    }
    telemetry.emit(samples::planned("later"));
    let closing = telemetry.finish();
    assert_eq!((closing.dropped, closing.hung), (6, false));
    assert!(!closing.complete());
    let numbers: Vec<u64> = memory.all().iter().map(|recorded| recorded.seq).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 12]);
}

#[test]
fn long_names_fill_the_queue_before_its_count_does() {
    let (telemetry, memory, release) = held(1000, 64 * 1024);
    let long = "x".repeat(10_000);
    for _ in 0..100 {
        telemetry.emit(samples::planned(&long));
    }
    assert!(telemetry.dropped() >= 90, "{}", telemetry.dropped());
    drop(release);
    let dropped = telemetry.finish().dropped;
    assert_eq!(memory.all().len() as u64, 101 - dropped);
}

#[test]
fn closing_does_not_wait_for_a_sink_that_hangs() {
    let (telemetry, _, release) = held(10, usize::MAX);
    let closing = telemetry.finish_within(Duration::from_millis(20));
    assert!(closing.hung);
    drop(release);
    assert!(!telemetry.finish_within(Duration::from_secs(60)).hung);
}

#[test]
fn a_sink_that_panics_ends_telemetry_and_nothing_else() {
    struct Panics;
    impl Sink for Panics {
        fn take(&mut self, _: &[Recorded]) {
            panic!("a sink's library failed; this is part of the test");
        }
    }
    let telemetry = telemetry(10, usize::MAX, Panics);
    telemetry.emit(samples::planned("a"));
    assert!(!telemetry.finish_within(Duration::from_secs(60)).hung);
    telemetry.emit(samples::planned("b"));
}

#[test]
fn an_event_after_the_end_is_counted_as_dropped() {
    let memory = Memory::default();
    let telemetry = telemetry(10, usize::MAX, memory.clone());
    telemetry.emit(samples::planned("a"));
    assert!(telemetry.finish().complete());
    telemetry.emit(samples::planned("b"));
    assert_eq!((memory.all().len(), telemetry.dropped()), (1, 1));
}

#[test]
fn without_sinks_nobody_listens_and_nothing_is_dropped() {
    let bounds = Bounds {
        events: 1,
        bytes: 1,
    };
    let telemetry =
        Telemetry::with_sinks(Uuid::now_v7(), bounds, Vec::new(), Metrics::off()).unwrap();
    assert!(!telemetry.listens());
    telemetry.emit(samples::planned("a"));
    assert_eq!(telemetry.finish(), Closing::default());
}

#[tokio::test]
async fn closing_from_async_code_writes_what_is_queued() {
    let memory = Memory::default();
    let telemetry = telemetry(10, usize::MAX, memory.clone());
    telemetry.emit(samples::attempt());
    assert!(telemetry.close().await.complete());
    assert_eq!(memory.all().len(), 1);
}
