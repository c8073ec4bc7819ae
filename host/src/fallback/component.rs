//! The bytes of a plan's component. What the plan saw to be a file may have
//! become something else since: nothing that has no end is read.

use std::path::Path;
use std::sync::Arc;

use crate::plan::{Component, Source};
use crate::sandbox::{Bundled, LoadError};

/// A bundled component's bytes, or a file's, its size checked before reading.
pub(super) async fn component_bytes(source: &Source) -> Result<Arc<[u8]>, LoadError> {
    match &source.component {
        Component::Bundled => Bundled::by_name(source.name.as_str())
            .map(|bundled| Arc::from(bundled.bytes))
            .ok_or_else(|| LoadError::Empty {
                name: source.name.to_string(),
            }),
        Component::File(path) => read_component(path).await,
    }
}

async fn read_component(path: &Path) -> Result<Arc<[u8]>, LoadError> {
    let unreadable = |error: std::io::Error| LoadError::Unreadable {
        path: path.to_owned(),
        cause: error.to_string(),
    };
    let metadata = tokio::fs::metadata(path).await.map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(LoadError::Unreadable {
            path: path.to_owned(),
            cause: "not a file".to_owned(),
        });
    }
    if metadata.len() > Bundled::MAX_BYTES {
        return Err(LoadError::TooLarge {
            name: path.display().to_string(),
            bytes: metadata.len(),
        });
    }
    let bytes = tokio::fs::read(path).await.map_err(unreadable)?;
    Ok(Arc::from(bytes))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_has_become_no_file_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path(), Path::new("/dev/null")] {
            let refused = read_component(path).await.unwrap_err().to_string();
            assert!(refused.contains("not a file"), "{refused}");
        }
    }

    #[tokio::test]
    async fn a_component_is_read_when_it_is_no_larger_than_any_may_be() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(Bundled::MAX_BYTES).unwrap();
        let read = read_component(file.path()).await.unwrap();
        assert_eq!(u64::try_from(read.len()).unwrap(), Bundled::MAX_BYTES);
        file.as_file().set_len(Bundled::MAX_BYTES + 1).unwrap();
        let refused = read_component(file.path()).await.unwrap_err();
        assert!(matches!(refused, LoadError::TooLarge { .. }), "{refused}");
    }
}
