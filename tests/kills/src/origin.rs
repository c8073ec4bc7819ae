//! The origin of the workers' files: a server in the test's process that counts
//! what it is asked, whatever becomes of the worker that asked.
//!
//! One request a connection, one line a request: `RESOLVE job`, `HEAD job`, or
//! `GET job offset`. The answer is bytes until the end.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::ledger::Sha256Hex;

/// The server, until dropped.
pub struct Origin {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    body: Mutex<Vec<u8>>,
    asked: Mutex<BTreeMap<String, usize>>,
    over: AtomicBool,
}

impl Origin {
    /// Serves these bytes for every job.
    #[must_use]
    pub fn serve(body: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            body: Mutex::new(body),
            asked: Mutex::default(),
            over: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if serving.over.load(Ordering::SeqCst) {
                    return;
                }
                let serving = Arc::clone(&serving);
                // A worker that is killed in between is no trouble of ours.
                thread::spawn(move || serving.answer(stream));
            }
        });
        Self { address, shared }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves other bytes from now on.
    pub fn change(&self, body: Vec<u8>) {
        *self.shared.body.lock().unwrap() = body;
    }

    /// How often each thing was asked: `HEAD W0`, for example.
    #[must_use]
    pub fn asked(&self) -> BTreeMap<String, usize> {
        self.shared.asked.lock().unwrap().clone()
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn answer(&self, mut stream: TcpStream) -> Option<()> {
        let mut line = String::new();
        BufReader::new(stream.try_clone().ok()?)
            .read_line(&mut line)
            .ok()?;
        let mut words = line.split_whitespace();
        let (verb, job) = (words.next()?, words.next()?);
        *self
            .asked
            .lock()
            .unwrap()
            .entry(format!("{verb} {job}"))
            .or_default() += 1;
        let body = self.body.lock().unwrap().clone();
        let answer = match verb {
            "RESOLVE" => b"u".to_vec(),
            "HEAD" => Sha256Hex::of(&body).to_string().into_bytes(),
            _ => {
                let offset: usize = words.next()?.parse().ok()?;
                body.get(offset..).unwrap_or_default().to_vec()
            }
        };
        stream.write_all(&answer).ok()
    }
}

/// Asks an origin, as a worker does.
#[must_use]
pub fn ask(origin: SocketAddr, question: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(origin).unwrap();
    stream.write_all(format!("{question}\n").as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}
