//! The other end: a plain server on loopback, in a process of its own, so that
//! its CPU time and its memory are not ours.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use paperfall::http::HttpConfig;
use paperfall_miniweb::Pdf;

/// Set in the child.
const SERVE: &str = "PAPERFALL_BENCH_ORIGIN";
const MIB: u64 = 1024 * 1024;
/// What `/paper.pdf` weighs.
pub const PAPER_BYTES: u64 = 64 * MIB;
/// What `/gibibyte` weighs.
pub const GIBIBYTE: u64 = 1024 * MIB;
/// What `/record` weighs: an answer of Unpaywall's for one work.
const RECORD_BYTES: usize = 4 * 1024;

/// Call first in `main`: in the child it serves until its standard input ends.
pub fn serve_if_child() -> bool {
    if std::env::var_os(SERVE).is_none() {
        return false;
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    println!("{}", listener.local_addr().expect("bound").port());
    std::io::stdout().flush().expect("stdout");
    let paper: Arc<[u8]> = Pdf::new("Weighty", 7, PAPER_BYTES).bytes().to_vec().into();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let paper = Arc::clone(&paper);
            // A client that leaves ends only its own thread.
            std::thread::spawn(move || serve(&stream, &paper));
        }
    });
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    true
}

fn serve(stream: &TcpStream, paper: &[u8]) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    let record = vec![b' '; RECORD_BYTES];
    loop {
        let mut first = String::new();
        reader.read_line(&mut first).ok().filter(|read| *read > 0)?;
        let mut line = String::new();
        while reader.read_line(&mut line).ok()? > 2 {
            line.clear();
        }
        let path = first.split(' ').nth(1)?;
        let (kind, length) = match path {
            "/paper.pdf" => ("application/pdf", paper.len() as u64),
            "/gibibyte" => ("application/pdf", GIBIBYTE),
            _ => ("application/json", RECORD_BYTES as u64),
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
             Cache-Control: no-store\r\n\r\n"
        );
        writer.write_all(head.as_bytes()).ok()?;
        if first.starts_with("HEAD ") {
            continue;
        }
        match path {
            "/paper.pdf" => writer.write_all(paper).ok()?,
            "/gibibyte" => {
                let piece = vec![b'x'; usize::try_from(MIB).ok()?];
                for _ in 0..GIBIBYTE / MIB {
                    writer.write_all(&piece).ok()?;
                }
            }
            _ => writer.write_all(&record).ok()?,
        }
    }
}

/// A running child; it ends when dropped.
pub struct Origin {
    child: Child,
    port: String,
}

impl Origin {
    pub fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().expect("own path"))
            .env(SERVE, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the child starts");
        let mut port = String::new();
        BufReader::new(child.stdout.take().expect("piped"))
            .read_line(&mut port)
            .expect("the child speaks");
        let port = port.trim().to_owned();
        Self { child, port }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// The stack as the binary has it, but let onto loopback.
pub fn config() -> HttpConfig {
    HttpConfig {
        allow_private: vec!["127.0.0.0/8".parse().expect("a network")],
        artifact_max_bytes: 2 * GIBIBYTE,
        ..HttpConfig::default()
    }
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
}
