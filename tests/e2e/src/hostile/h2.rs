//! HTTP/2 by hand: frames as they are on the wire (RFC 9113, section 4.1), so
//! that they can be wrong.

use super::conn::Conn;

/// Frame types.
pub const HEADERS: u8 = 1;
/// See [`HEADERS`].
pub const RST_STREAM: u8 = 3;
/// See [`HEADERS`].
pub const SETTINGS: u8 = 4;
/// See [`HEADERS`].
pub const PING: u8 = 6;
/// See [`HEADERS`].
pub const GOAWAY: u8 = 7;

/// The length of the client's preface.
const PREFACE_BYTES: usize = 24;
const FRAME_HEAD_BYTES: usize = 9;

/// A frame, well-formed or not.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// What it says it is.
    pub kind: u8,
    /// Its flags.
    pub flags: u8,
    /// Whom it is for.
    pub stream: u32,
    /// Its payload.
    pub payload: &'a [u8],
}

impl Frame<'_> {
    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let length = u32::try_from(self.payload.len()).unwrap_or(u32::MAX);
        let mut bytes = length.to_be_bytes()[1..].to_vec();
        bytes.extend([self.kind, self.flags]);
        bytes.extend(self.stream.to_be_bytes());
        bytes.extend(self.payload);
        bytes
    }
}

/// Exchanges settings as the protocol wants it; false when the client has gone.
pub async fn settled(conn: &mut Conn) -> bool {
    let frame = |flags| Frame {
        kind: SETTINGS,
        flags,
        stream: 0,
        payload: &[],
    };
    conn.send(frame(0).bytes()).await && conn.send(frame(1).bytes()).await
}

/// The same, and waits for the first request; false when the client has gone.
pub async fn settled_and_asked(conn: &mut Conn) -> bool {
    if !settled(conn).await {
        return false;
    }
    let mut heard = Vec::new();
    loop {
        let Some(some) = conn.hear().await else {
            return false;
        };
        heard.extend(some);
        let mut rest = heard.get(PREFACE_BYTES..).unwrap_or_default();
        while let Some(head) = rest.get(..FRAME_HEAD_BYTES) {
            if head[3] == HEADERS {
                return true;
            }
            let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8;
            let length = length | usize::from(head[2]);
            rest = rest.get(FRAME_HEAD_BYTES + length..).unwrap_or_default();
        }
    }
}
