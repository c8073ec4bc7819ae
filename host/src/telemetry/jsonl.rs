//! Events as lines of JSON in a file (`--telemetry FILE`).

use std::path::PathBuf;

use tracing::warn;
use uuid::Uuid;

use super::envelope::Recorded;
use super::error::TelemetryError;
use super::jsonl_file::JsonlFile;
use super::sink::Sink;

/// A file is moved aside before it grows past this many bytes.
pub const DEFAULT_MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;
/// Files kept beside the one that is written.
pub const DEFAULT_KEPT_FILES: u32 = 5;
/// Lines are appended together up to about this many bytes.
const APPEND_BYTES: usize = 64 * 1024;

/// A file of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonlOptions {
    /// The file; lines are appended, by several processes if they like.
    pub path: PathBuf,
    /// It is moved aside, to `FILE.1`, before it grows past this many bytes.
    pub max_bytes: u64,
    /// How many files moved aside are kept: `FILE.1` to this number, at least one.
    pub kept_files: u32,
}

impl JsonlOptions {
    /// This file, with the default limits.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            max_bytes: DEFAULT_MAX_FILE_BYTES,
            kept_files: DEFAULT_KEPT_FILES,
        }
    }
}

/// Appends events to a file.
pub(super) struct JsonlSink {
    path: PathBuf,
    file: JsonlFile,
    run_id: Uuid,
    buffer: String,
    /// Events in the buffer.
    buffered: u64,
    lost: u64,
    told_lost: bool,
    told_unrotated: bool,
}

impl JsonlSink {
    pub(super) fn open(options: JsonlOptions, run_id: Uuid) -> Result<Self, TelemetryError> {
        let file = JsonlFile::open(&options.path, options.max_bytes, options.kept_files)?;
        Ok(Self {
            path: options.path,
            file,
            run_id,
            buffer: String::new(),
            buffered: 0,
            lost: 0,
            told_lost: false,
            told_unrotated: false,
        })
    }

    fn flush(&mut self) {
        if self.buffered == 0 {
            return;
        }
        match self.file.append(self.buffer.as_bytes()) {
            Ok(appended) => {
                if let Some(error) = appended.unrotated
                    && !self.told_unrotated
                {
                    self.told_unrotated = true;
                    warn!(
                        "the telemetry file {} grows past its limit: it cannot be moved aside: {error}",
                        self.path.display()
                    );
                }
            }
            Err(error) => {
                self.lost += self.buffered;
                if !self.told_lost {
                    self.told_lost = true;
                    warn!(
                        "events are not written to {}: {error}; the run goes on without them",
                        self.path.display()
                    );
                }
            }
        }
        self.buffer.clear();
        self.buffered = 0;
    }
}

impl Sink for JsonlSink {
    fn take(&mut self, batch: &[Recorded]) {
        for recorded in batch {
            let whole = self.buffer.len();
            if recorded.write_line(self.run_id, &mut self.buffer).is_ok() {
                self.buffered += 1;
            } else {
                self.buffer.truncate(whole);
                self.lost += 1;
            }
            if self.buffer.len() >= APPEND_BYTES {
                self.flush();
            }
        }
        self.flush();
    }

    fn lost(&self) -> u64 {
        self.lost
    }
}
