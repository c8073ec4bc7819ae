//! Bodies that are small on the wire and large when undone.

use std::io::Write as _;

use async_compression::tokio::write::{BrotliEncoder, ZstdEncoder};
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::AsyncWriteExt;

const MIB: usize = 1024 * 1024;

/// An encoding that shrinks zeros to next to nothing.
#[derive(Debug, Clone, Copy)]
pub enum Bomb {
    /// `gzip`.
    Gzip,
    /// `br`.
    Brotli,
    /// `zstd`.
    Zstd,
}

impl Bomb {
    /// Its name in `Content-Encoding`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    /// `start`, then so many mebibytes of zeros, encoded.
    ///
    /// # Panics
    ///
    /// Never: memory takes everything.
    pub async fn of(self, start: &[u8], mebibytes: usize) -> Vec<u8> {
        let zeros = zeros(1);
        match self {
            Self::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(start).expect("memory");
                for _ in 0..mebibytes {
                    encoder.write_all(&zeros).expect("memory");
                }
                encoder.finish().expect("memory")
            }
            Self::Brotli => {
                let quality = async_compression::Level::Precise(1);
                let mut encoder = BrotliEncoder::with_quality(Vec::new(), quality);
                encoder.write_all(start).await.expect("memory");
                for _ in 0..mebibytes {
                    encoder.write_all(&zeros).await.expect("memory");
                }
                encoder.shutdown().await.expect("memory");
                encoder.into_inner()
            }
            Self::Zstd => {
                let mut encoder = ZstdEncoder::new(Vec::new());
                encoder.write_all(start).await.expect("memory");
                for _ in 0..mebibytes {
                    encoder.write_all(&zeros).await.expect("memory");
                }
                encoder.shutdown().await.expect("memory");
                encoder.into_inner()
            }
        }
    }
}

/// So many mebibytes of zeros.
#[must_use]
pub fn zeros(mebibytes: usize) -> Vec<u8> {
    vec![0; mebibytes * MIB]
}
