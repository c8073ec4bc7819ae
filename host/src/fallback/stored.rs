//! What need not be asked for again: URLs whose bytes are stored already.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// Knows the URLs whose bytes are stored. It answers no when it cannot tell:
/// asking twice is allowed, losing a paper is not.
pub trait StoredUrls: fmt::Debug + Send + Sync {
    /// Whether the bytes of this URL are stored.
    fn holds<'s>(&'s self, url: &'s str) -> Pin<Box<dyn Future<Output = bool> + Send + 's>>;
}
