//! A file on its way: written, hashed and watched as the bytes come in.

use std::io;
use std::path::{Path, PathBuf};

use md5::Md5;
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use super::marks::{MARK_BYTES, Marks, Validators, remove_marks};
use super::store_error::StoreError;
use super::tail::Tail;

/// Bytes kept of the start for judging.
pub(crate) const HEAD_BYTES: usize = 4096;

/// What becomes of a part file that is dropped before it was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnDrop {
    /// It is removed: nobody will continue it.
    Remove,
    /// It stays with its marks: a later worker may continue it.
    Keep,
}

/// An unfinished download.
#[derive(Debug)]
pub(crate) struct PartFile {
    guard: PartGuard,
    file: File,
    digests: Digests,
    head: Vec<u8>,
    tail: Tail,
    bytes: u64,
    /// It is as empty as it was made.
    is_untouched: bool,
    /// Where the file can be continued, if it is worth continuing.
    marks: Option<Marks>,
}

/// What is known of the bytes once all are there.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) sha256: String,
    pub(crate) md5: Option<String>,
    pub(crate) head: Vec<u8>,
    /// The last bytes before the padding.
    pub(crate) tail: Vec<u8>,
    pub(crate) bytes: u64,
    /// How many of them are padding at the end.
    pub(crate) padding: u64,
    pub(crate) guard: PartGuard,
}

/// Names a part file and, where nobody will continue it, removes it in the end.
#[derive(Debug)]
pub(crate) struct PartGuard {
    path: PathBuf,
    on_drop: OnDrop,
}

impl PartGuard {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for PartGuard {
    fn drop(&mut self) {
        if self.on_drop == OnDrop::Remove {
            // Nothing depends on it: the next run sweeps what is left.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[derive(Debug, Clone)]
struct Digests {
    sha256: Sha256,
    md5: Option<Md5>,
}

impl Digests {
    fn new(with_md5: bool) -> Self {
        Self {
            sha256: Sha256::new(),
            md5: with_md5.then(Md5::new),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        if let Some(md5) = &mut self.md5 {
            md5.update(bytes);
        }
    }
}

impl PartFile {
    /// A new, empty part file; `with_md5` when a checksum wants comparing.
    pub(crate) async fn create(
        path: PathBuf,
        with_md5: bool,
        on_drop: OnDrop,
    ) -> Result<Self, StoreError> {
        // One thing to wait for, not three: each costs two changes of thread.
        let made = tokio::task::spawn_blocking(move || {
            make(&path, on_drop).map(|file| (PartGuard { path, on_drop }, file))
        });
        let (guard, file) = match made.await {
            Ok(made) => made?,
            Err(error) => return Err(StoreError::record(io::Error::other(error))),
        };
        let marks = (on_drop == OnDrop::Keep).then(|| Marks::beside(guard.path()));
        Ok(Self {
            guard,
            file: File::from_std(file),
            digests: Digests::new(with_md5),
            head: Vec::with_capacity(HEAD_BYTES),
            tail: Tail::default(),
            bytes: 0,
            is_untouched: true,
            marks,
        })
    }

    /// The first bytes so far.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// Bytes so far.
    pub(crate) fn len(&self) -> u64 {
        self.bytes
    }

    /// Writes down what an answer said of the file, so that a later worker can
    /// ask for the rest of the same one.
    pub(crate) async fn continue_with(
        &mut self,
        validators: &Validators,
    ) -> Result<(), StoreError> {
        match &mut self.marks {
            Some(marks) => marks.head(validators).await,
            None => Ok(()),
        }
    }

    /// Appends bytes.
    pub(crate) async fn write(&mut self, chunk: &[u8]) -> Result<(), StoreError> {
        let mut rest = chunk;
        while !rest.is_empty() {
            let to_mark = MARK_BYTES - self.bytes % MARK_BYTES;
            let step = usize::try_from(to_mark)
                .unwrap_or(usize::MAX)
                .min(rest.len());
            let (now, later) = rest.split_at(step);
            self.append(now).await?;
            rest = later;
            if self.bytes.is_multiple_of(MARK_BYTES) {
                self.mark().await?;
            }
        }
        Ok(())
    }

    /// Marks the place that was reached, wherever it is.
    pub(crate) async fn mark_here(&mut self) -> Result<(), StoreError> {
        if self.bytes.is_multiple_of(MARK_BYTES) {
            // Marked when it was reached; before the first byte is no place.
            return Ok(());
        }
        self.mark().await
    }

    async fn mark(&mut self) -> Result<(), StoreError> {
        let Some(marks) = &mut self.marks else {
            return Ok(());
        };
        // A mark never says more than what the system has.
        let flushed = self.file.flush().await;
        flushed.map_err(|error| StoreError::io("write", &self.guard.path, error))?;
        let sha256 = hex(&self.digests.sha256.clone().finalize());
        marks.add(self.bytes, &sha256).await
    }

    async fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.is_untouched = false;
        self.file
            .write_all(bytes)
            .await
            .map_err(|error| StoreError::io("write", &self.guard.path, error))?;
        self.digests.update(bytes);
        let room = HEAD_BYTES.saturating_sub(self.head.len());
        self.head
            .extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
        self.tail.push(bytes);
        self.bytes = self
            .bytes
            .saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    /// The SHA-256 the file would have with `more` at its end.
    pub(crate) fn sha256_with(&self, more: &[u8]) -> String {
        let mut ahead = self.digests.sha256.clone();
        ahead.update(more);
        hex(&ahead.finalize())
    }

    /// Forgets every byte: another file is coming.
    pub(crate) async fn restart(&mut self) -> Result<(), StoreError> {
        if self.is_untouched {
            return Ok(());
        }
        let emptied = async {
            self.file.flush().await?;
            self.file.set_len(0).await?;
            self.file.rewind().await
        };
        emptied
            .await
            .map_err(|error| StoreError::io("empty", &self.guard.path, error))?;
        self.digests = Digests::new(self.digests.md5.is_some());
        self.head.clear();
        self.tail = Tail::default();
        self.bytes = 0;
        if let Some(marks) = &mut self.marks {
            marks.forget().await?;
        }
        self.is_untouched = true;
        Ok(())
    }

    /// Hands what was written to the system, so that a kill does not lose it.
    pub(crate) async fn flush(&mut self) -> Result<(), StoreError> {
        self.file
            .flush()
            .await
            .map_err(|error| StoreError::io("write", &self.guard.path, error))
    }

    /// Flushes and syncs the file: after this a power loss keeps it.
    pub(crate) async fn seal(mut self) -> Result<Sealed, StoreError> {
        let synced = async {
            self.file.flush().await?;
            self.file.sync_all().await
        };
        synced
            .await
            .map_err(|error| StoreError::io("sync", &self.guard.path, error))?;
        Ok(Sealed {
            sha256: hex(&self.digests.sha256.finalize()),
            md5: self.digests.md5.map(|md5| hex(&md5.finalize())),
            head: self.head,
            padding: self.tail.padding(),
            tail: self.tail.into_bytes(),
            bytes: self.bytes,
            guard: self.guard,
        })
    }
}

/// Makes the file, empty and without marks; blocks.
fn make(path: &Path, on_drop: OnDrop) -> Result<std::fs::File, StoreError> {
    let mut options = std::fs::File::options();
    options.write(true);
    match on_drop {
        OnDrop::Remove => options.create_new(true),
        // The name is this worker's alone: what stands there is its own
        // earlier candidate's.
        OnDrop::Keep => options.create(true).truncate(true),
    };
    let file = options
        .open(path)
        .map_err(|error| StoreError::io("create", path, error))?;
    if on_drop == OnDrop::Keep {
        remove_marks(path)?;
    }
    Ok(file)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::marks::marks_path;
    use super::*;

    async fn leased(path: &Path) -> PartFile {
        PartFile::create(path.to_owned(), false, OnDrop::Keep)
            .await
            .unwrap()
    }

    async fn marked(path: &Path) -> PartFile {
        let mut part = leased(path).await;
        let mut validators = Validators::of("https://a.example/1.pdf");
        validators.etag = Some("\"1\"".to_owned());
        part.continue_with(&validators).await.unwrap();
        part.write(b"the first candidate's").await.unwrap();
        part.mark_here().await.unwrap();
        assert!(marks_path(path).exists());
        part
    }

    #[tokio::test]
    async fn a_lease_s_next_part_file_is_empty_and_the_marks_of_the_last_are_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("job.1.part");
        drop(marked(&path).await);
        let part = leased(&path).await;
        assert_eq!((part.len(), std::fs::read(&path).unwrap().len()), (0, 0));
        assert!(!marks_path(&path).exists());
    }

    #[tokio::test]
    async fn a_part_file_that_restarts_holds_what_comes_then_and_no_older_marks() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("job.1.part");
        let mut part = marked(&path).await;
        part.restart().await.unwrap();
        assert!(!marks_path(&path).exists());
        part.restart().await.unwrap();
        part.write(b"another").await.unwrap();
        let sealed = part.seal().await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"another");
        assert_eq!(sealed.sha256, hex(&Sha256::digest(b"another")));
    }
}
