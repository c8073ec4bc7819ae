//! One connection of a hostile server: bytes at will, at any pace, and every
//! way of leaving.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// More than this no script sends on one connection: a client that takes it
/// all has failed, and a test must end.
const SENT_MAX_BYTES: u64 = 1024 * 1024 * 1024;
/// The longest head a script reads.
const HEAD_MAX_BYTES: usize = 64 * 1024;

/// The head of a request.
#[derive(Debug, Clone)]
pub struct Asked {
    /// All of it.
    pub head: String,
}

impl Asked {
    /// Path and query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    /// The value of a header, by its lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// The probe asks for the first bytes; the download does not.
    #[must_use]
    pub fn is_probe(&self) -> bool {
        self.header("range") == Some("bytes=0-4095")
    }

    /// Whether it is a HEAD.
    #[must_use]
    pub fn is_head(&self) -> bool {
        self.head.starts_with("HEAD ")
    }
}

/// See the module.
pub struct Conn {
    stream: Stream,
    sent: u64,
    /// The client has gone, or was left.
    over: bool,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Conn {
    pub(super) fn plain(stream: TcpStream) -> Self {
        Self::on(Stream::Plain(stream))
    }

    pub(super) fn tls(stream: TlsStream<TcpStream>) -> Self {
        Self::on(Stream::Tls(Box::new(stream)))
    }

    fn on(stream: Stream) -> Self {
        Self {
            stream,
            sent: 0,
            over: false,
        }
    }

    /// Whether it is a TLS connection.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }

    /// Sends bytes; false once the client has gone.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        let bytes = bytes.as_ref();
        self.sent += bytes.len() as u64;
        if self.over || self.sent > SENT_MAX_BYTES {
            return false;
        }
        let sent = match &mut self.stream {
            Stream::Plain(stream) => stream.write_all(bytes).await,
            Stream::Tls(stream) => match stream.write_all(bytes).await {
                Ok(()) => stream.flush().await,
                failed => failed,
            },
        };
        self.over |= sent.is_err();
        !self.over
    }

    /// Sends the same bytes until the client has gone.
    pub async fn forever(&mut self, bytes: impl AsRef<[u8]>) {
        while self.send(&bytes).await {}
    }

    /// Sends the same bytes at this pace until the client has gone.
    pub async fn drip(&mut self, bytes: impl AsRef<[u8]>, every: Duration) {
        while self.send(&bytes).await {
            tokio::time::sleep(every).await;
        }
    }

    /// Bytes handed to the system so far.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Some of what the client says; none when it has gone.
    pub async fn hear(&mut self) -> Option<Vec<u8>> {
        let mut some = vec![0; 4096];
        let heard = match &mut self.stream {
            Stream::Plain(stream) => stream.read(&mut some).await,
            Stream::Tls(stream) => stream.read(&mut some).await,
        };
        match heard {
            Ok(count @ 1..) => {
                some.truncate(count);
                Some(some)
            }
            _ => None,
        }
    }

    /// The head of the next request; none when the client has gone.
    pub async fn asked(&mut self) -> Option<Asked> {
        let mut head = Vec::new();
        while !head.windows(4).any(|end| end == b"\r\n\r\n") {
            head.extend(self.hear().await?);
            if head.len() > HEAD_MAX_BYTES {
                return None;
            }
        }
        Some(Asked {
            head: String::from_utf8_lossy(&head).into_owned(),
        })
    }

    /// Says nothing until the client goes.
    pub async fn silence(&mut self) {
        while self.hear().await.is_some() {}
        self.over = true;
    }

    /// Resets the connection.
    pub fn reset(&mut self) {
        let stream = match &self.stream {
            Stream::Plain(stream) => stream,
            Stream::Tls(stream) => stream.get_ref().0,
        };
        stream.set_zero_linger().expect("a socket");
        self.over = true;
    }

    /// Ends the connection below TLS: no `close_notify` is sent.
    pub async fn cut(&mut self) {
        if let Stream::Tls(stream) = &mut self.stream {
            stream.get_mut().0.shutdown().await.ok();
        }
        self.silence().await;
    }

    /// Ends it politely, unless a script did otherwise: what the client still
    /// sends is read, so that no reset discards the answer.
    pub(super) async fn close(mut self) {
        if self.over {
            return;
        }
        match &mut self.stream {
            Stream::Plain(stream) => stream.shutdown().await.ok(),
            Stream::Tls(stream) => stream.shutdown().await.ok(),
        };
        self.silence().await;
    }
}

/// A whole answer with its length, closing the connection.
#[must_use]
pub fn answer(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n");
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    let told = |name: &str| head.to_ascii_lowercase().contains(name);
    if !told("content-length:") && !told("transfer-encoding:") {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}

/// A redirect to anything.
#[must_use]
pub fn redirect_to(location: &str) -> Vec<u8> {
    answer("302 Found", &[&format!("Location: {location}")], "moved")
}
