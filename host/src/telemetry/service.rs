//! The handle everything emits to, and the thread behind it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use uuid::Uuid;

use super::error::TelemetryError;
use super::event::Event;
use super::jsonl::{JsonlOptions, JsonlSink};
use super::log_sink::LogSink;
use super::metrics::Metrics;
use super::queue::{Bounds, Queue};
use super::sink::Sink;
use super::table::{TableOptions, TableSink};
use crate::ledger;

/// Events the queue holds unless [`TelemetryOptions`] say otherwise.
pub const QUEUED_EVENTS: usize = 8192;
/// Bytes the queued events may take, about: long URLs fill it earlier.
pub const QUEUED_BYTES: usize = 32 * 1024 * 1024;
/// How long closing waits for what is still queued.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where events go.
#[derive(Debug, Clone)]
pub struct TelemetryOptions {
    /// Names this process's run in every event.
    pub run_id: Uuid,
    /// Append them to a file.
    pub jsonl: Option<JsonlOptions>,
    /// Enter them into a ledger's table.
    pub table: Option<TableOptions>,
    /// Count them.
    pub metrics: Metrics,
    /// Events the queue holds.
    pub queued_events: usize,
}

impl Default for TelemetryOptions {
    /// A new run id (UUID version 7), nothing else.
    fn default() -> Self {
        Self {
            run_id: Uuid::now_v7(),
            jsonl: None,
            table: None,
            metrics: Metrics::off(),
            queued_events: QUEUED_EVENTS,
        }
    }
}

/// Takes events and never waits: a full queue drops and counts. Clones are one.
///
/// Call [`Telemetry::close`] at the end, or the last events may not be written.
#[derive(Clone, Default)]
pub struct Telemetry {
    /// None when nobody listens: emitting is then a look at this.
    shared: Option<Arc<Shared>>,
}

struct Shared {
    run_id: Uuid,
    metrics: Metrics,
    /// None when events are only counted.
    writer: Option<Writer>,
}

/// The way to the thread.
#[derive(Clone)]
struct Writer {
    queue: Arc<Queue>,
    lost: Arc<AtomicU64>,
}

/// What had become of the events when telemetry was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Closing {
    /// Events dropped because the queue was full.
    pub dropped: u64,
    /// Events that a sink could not write.
    pub lost: u64,
    /// The thread did not end in time (a disk or a pipe hangs); what was queued
    /// then is neither counted nor certain.
    pub hung: bool,
}

impl Closing {
    /// Every event was written.
    #[must_use]
    pub const fn complete(&self) -> bool {
        self.dropped == 0 && self.lost == 0 && !self.hung
    }
}

impl Telemetry {
    /// Nobody listens.
    #[must_use]
    pub const fn off() -> Self {
        Self { shared: None }
    }

    /// Opens what is named in the options, and the log if it shows DEBUG (set
    /// logging up before). With neither this is [`Telemetry::off`].
    ///
    /// # Errors
    /// [`TelemetryError`], with what to do about it.
    pub fn new(options: TelemetryOptions) -> Result<Self, TelemetryError> {
        let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
        if let Some(jsonl) = options.jsonl {
            sinks.push(Box::new(JsonlSink::open(jsonl, options.run_id)?));
        }
        if let Some(table) = options.table {
            sinks.push(Box::new(TableSink::new(table, options.run_id)));
        }
        if LogSink::heard() {
            sinks.push(Box::new(LogSink));
        }
        let bounds = Bounds {
            events: options.queued_events,
            bytes: QUEUED_BYTES,
        };
        Self::with_sinks(options.run_id, bounds, sinks, options.metrics)
    }

    pub(super) fn with_sinks(
        run_id: Uuid,
        bounds: Bounds,
        sinks: Vec<Box<dyn Sink>>,
        metrics: Metrics,
    ) -> Result<Self, TelemetryError> {
        if sinks.is_empty() && !metrics.counts() {
            return Ok(Self::off());
        }
        let writer = if sinks.is_empty() {
            None
        } else {
            Some(Writer::start(bounds, sinks, metrics.clone())?)
        };
        Ok(Self {
            shared: Some(Arc::new(Shared {
                run_id,
                metrics,
                writer,
            })),
        })
    }

    /// Tells of an event. Returns at once, whatever becomes of it.
    pub fn emit(&self, event: impl Into<Event>) {
        if let Some(shared) = &self.shared {
            let event = event.into();
            shared.metrics.count(&event);
            shared.push(event);
        }
    }

    fn writer(&self) -> Option<&Writer> {
        self.shared
            .as_ref()
            .and_then(|shared| shared.writer.as_ref())
    }

    /// The counters, for rooms that count what is no event.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.shared
            .as_ref()
            .map_or_else(Metrics::off, |shared| shared.metrics.clone())
    }

    /// Whether anybody listens: where making an event costs something, look first.
    #[must_use]
    pub const fn listens(&self) -> bool {
        self.shared.is_some()
    }

    /// The id in every event of this process; none when nobody listens.
    #[must_use]
    pub fn run_id(&self) -> Option<Uuid> {
        self.shared.as_ref().map(|shared| shared.run_id)
    }

    /// Events dropped so far because the queue was full.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.writer().map_or(0, |writer| writer.queue.dropped())
    }

    /// Writes what is queued and ends, within five seconds; later events are
    /// dropped. Blocks: for threads without a runtime, and a program's last words.
    pub fn finish(&self) -> Closing {
        self.finish_within(PATIENCE)
    }

    pub(super) fn finish_within(&self, patience: Duration) -> Closing {
        let Some(writer) = self.writer() else {
            return Closing::default();
        };
        writer.queue.close();
        let gone = writer.queue.wait_until_gone(patience);
        Closing {
            dropped: writer.queue.dropped(),
            lost: writer.lost.load(Ordering::Relaxed),
            hung: !gone,
        }
    }

    /// [`Telemetry::finish`] for async code.
    pub async fn close(&self) -> Closing {
        let this = self.clone();
        tokio::task::spawn_blocking(move || this.finish())
            .await
            .unwrap_or(Closing {
                hung: true,
                ..Closing::default()
            })
    }
}

impl ledger::EventSink for Telemetry {
    fn emit(&self, event: &ledger::Event) {
        if let Some(shared) = &self.shared {
            shared.metrics.count_ledger(event);
            if shared.writer.is_some() {
                shared.push(Event::Ledger(event.clone()));
            }
        }
    }
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry")
            .field("run_id", &self.run_id())
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn push(&self, event: Event) {
        if let Some(writer) = &self.writer
            && !writer.queue.push(event)
        {
            self.metrics.event_dropped();
        }
    }
}

impl Drop for Shared {
    /// The thread writes what it has and ends.
    fn drop(&mut self) {
        if let Some(writer) = &self.writer {
            writer.queue.close();
        }
    }
}

impl Writer {
    /// Starts the thread.
    fn start(
        bounds: Bounds,
        sinks: Vec<Box<dyn Sink>>,
        metrics: Metrics,
    ) -> Result<Self, TelemetryError> {
        let writer = Self {
            queue: Arc::new(Queue::new(bounds)),
            lost: Arc::new(AtomicU64::new(0)),
        };
        let threads = writer.clone();
        thread::Builder::new()
            .name("telemetry".to_owned())
            .spawn(move || threads.write(sinks, &metrics))
            .map_err(TelemetryError::Thread)?;
        Ok(writer)
    }

    /// The thread.
    fn write(&self, mut sinks: Vec<Box<dyn Sink>>, metrics: &Metrics) {
        let _leaving = Leaving(&self.queue);
        let mut batch = Vec::new();
        loop {
            let due = sinks.iter().filter_map(|sink| sink.due()).min();
            if !self.queue.next_batch(&mut batch, due) {
                break;
            }
            for sink in &mut sinks {
                sink.take(&batch);
            }
            self.count_lost(&sinks, metrics);
        }
        for sink in &mut sinks {
            sink.close();
        }
        self.count_lost(&sinks, metrics);
    }

    fn count_lost(&self, sinks: &[Box<dyn Sink>], metrics: &Metrics) {
        let lost = sinks.iter().map(|sink| sink.lost()).sum();
        let before = self.lost.swap(lost, Ordering::Relaxed);
        metrics.events_lost(lost - before);
    }
}

/// Says that the thread is gone, even if a sink's own library panicked.
struct Leaving<'q>(&'q Queue);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}
