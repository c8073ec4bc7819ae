//! A file on its way: written, hashed and watched as the bytes come in,
//! removed when dropped before it was stored.

use std::path::{Path, PathBuf};

use md5::Md5;
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use super::store_error::StoreError;

/// Bytes kept of the start and of the end for judging.
pub(crate) const HEAD_BYTES: usize = 4096;
/// See [`HEAD_BYTES`].
pub(crate) const TAIL_BYTES: usize = 4096;

/// An unfinished download.
#[derive(Debug)]
pub(crate) struct PartFile {
    path: PathBuf,
    file: File,
    sha256: Sha256,
    md5: Option<Md5>,
    head: Vec<u8>,
    tail: Vec<u8>,
    bytes: u64,
}

/// What is known of the bytes once all are there.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) sha256: String,
    pub(crate) md5: Option<String>,
    pub(crate) head: Vec<u8>,
    pub(crate) tail: Vec<u8>,
    pub(crate) bytes: u64,
    pub(crate) guard: RemoveOnDrop,
}

/// Removes the file it names unless it was stored.
#[derive(Debug)]
pub(crate) struct RemoveOnDrop(PathBuf);

impl RemoveOnDrop {
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for RemoveOnDrop {
    fn drop(&mut self) {
        // Nothing depends on it: the next run sweeps what is left.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty() {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl PartFile {
    /// A new, empty part file; `with_md5` when a checksum wants comparing.
    pub(crate) async fn create(path: PathBuf, with_md5: bool) -> Result<Self, StoreError> {
        let file = File::options()
            .write(true)
            .create_new(true)
            .open(&path)
            .await
            .map_err(|error| StoreError::io("create", &path, error))?;
        Ok(Self {
            path,
            file,
            sha256: Sha256::new(),
            md5: with_md5.then(Md5::new),
            head: Vec::with_capacity(HEAD_BYTES),
            tail: Vec::with_capacity(TAIL_BYTES * 2),
            bytes: 0,
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

    pub(crate) async fn write(&mut self, chunk: &[u8]) -> Result<(), StoreError> {
        self.file
            .write_all(chunk)
            .await
            .map_err(|error| StoreError::io("write", &self.path, error))?;
        self.sha256.update(chunk);
        if let Some(md5) = &mut self.md5 {
            md5.update(chunk);
        }
        let room = HEAD_BYTES.saturating_sub(self.head.len());
        self.head
            .extend_from_slice(chunk.get(..room.min(chunk.len())).unwrap_or_default());
        let start = chunk.len().saturating_sub(TAIL_BYTES);
        self.tail
            .extend_from_slice(chunk.get(start..).unwrap_or_default());
        let surplus = self.tail.len().saturating_sub(TAIL_BYTES);
        self.tail.drain(..surplus);
        self.bytes = self
            .bytes
            .saturating_add(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    /// Flushes and syncs the file: after this a power loss keeps it.
    pub(crate) async fn seal(mut self) -> Result<Sealed, StoreError> {
        let synced = async {
            self.file.flush().await?;
            self.file.sync_all().await
        };
        synced
            .await
            .map_err(|error| StoreError::io("sync", &self.path, error))?;
        Ok(Sealed {
            sha256: hex(&self.sha256.finalize_reset()),
            md5: self.md5.take().map(|md5| hex(&md5.finalize())),
            head: std::mem::take(&mut self.head),
            tail: std::mem::take(&mut self.tail),
            bytes: self.bytes,
            guard: RemoveOnDrop(std::mem::take(&mut self.path)),
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
