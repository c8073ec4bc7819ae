//! The miniature web in a child process, so that its CPU time is not ours.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

use paperfall_miniweb::Miniweb;

/// Set in the child; its value is the number of works.
const SERVE: &str = "PAPERFALL_BENCH_SERVE";

/// Call first in `main`: in the child it serves and never returns.
pub fn serve_if_child() {
    let Ok(works) = std::env::var(SERVE) else {
        return;
    };
    let works = works.parse().expect("a number of works");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let web = runtime
        .block_on(Miniweb::start(paperfall_miniweb::demo(works).world))
        .expect("the miniweb starts");
    let hello = serde_json::json!({ "pins": web.pins(), "ca": web.ca_pem() });
    println!("{hello}");
    std::io::stdout().flush().expect("stdout");
    // Serves until the parent closes the pipe, however the parent ends.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    std::process::exit(0);
}

/// A running child; it ends when dropped.
pub struct Web {
    child: Child,
    pub pins: Vec<String>,
    pub folder: tempfile::TempDir,
}

impl Web {
    /// Plays the demo's world for this many works.
    pub fn start(works: usize) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("own path"))
            .env(SERVE, works.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the child starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped"))
            .read_line(&mut line)
            .expect("the child speaks");
        let hello: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(
            folder.path().join("ca.pem"),
            hello["ca"].as_str().expect("a certificate"),
        )
        .expect("written");
        Self {
            child,
            pins: hello["pins"]
                .as_array()
                .expect("pins")
                .iter()
                .map(|pin| pin.as_str().expect("a pin").to_owned())
                .collect(),
            folder,
        }
    }

    pub fn ca_file(&self) -> std::path::PathBuf {
        self.folder.path().join("ca.pem")
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
