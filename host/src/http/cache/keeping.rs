//! A body on its way to its reader, collected for the folder beside.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::entry::Entry;
use super::folder::Folder;

/// The entry in the making. What is not read to its end is not kept.
pub(in crate::http) struct Keeping {
    folder: Arc<Folder>,
    key: String,
    entry: Entry,
    body: BytesMut,
    room: u64,
}

impl Keeping {
    pub(super) fn new(folder: Arc<Folder>, key: String, entry: Entry, room: u64) -> Self {
        Self {
            folder,
            key,
            entry,
            body: BytesMut::new(),
            room,
        }
    }

    /// Takes a piece; false when the body has become too large to keep.
    pub(in crate::http) fn take(&mut self, piece: &Bytes) -> bool {
        let size = self.body.len().saturating_add(piece.len());
        let fits = u64::try_from(size).is_ok_and(|size| size <= self.room);
        if fits {
            self.body.extend_from_slice(piece);
        }
        fits
    }

    /// The body is whole: writes the entry.
    pub(in crate::http) async fn finish(self) {
        let entry = Entry {
            body: self.body.freeze(),
            ..self.entry
        };
        let (folder, key) = (self.folder, self.key);
        // A folder that fails says so once, by itself.
        tokio::task::spawn_blocking(move || folder.write(&key, &entry))
            .await
            .ok();
    }
}
