//! A download that a kill ended half way, and what the next run made of it.

use std::path::{Path, PathBuf};

use paperfall_miniweb::{Answer, LoggedRequest, Pdf, Script, World};

use crate::{Ran, Rig};

/// One mark's distance in part files.
pub const MIB: u64 = 1024 * 1024;

/// A paper of 3 MiB, half of which had come when the run was killed.
pub struct HalfWay {
    /// The web and the binary.
    pub rig: Rig,
    /// Whole bytes of the paper as it was.
    pub bytes: Vec<u8>,
}

impl HalfWay {
    /// Where the paper is.
    pub const URL: &'static str = "https://papers.example/big.pdf";
    /// The work it is of.
    pub const WORK: &'static str = "url:https://papers.example/big.pdf";

    /// The paper.
    #[must_use]
    pub fn pdf() -> Pdf {
        Pdf::new("Half way", 11, 3 * MIB)
    }

    /// Killed when `kept` bytes had come from an origin that sends `before`,
    /// and answers what is asked later from `after`.
    pub async fn killed(before: Answer, kept: u64, after: &[Answer]) -> Self {
        // Probe, HEAD, download.
        let script = Script::from(before.clone())
            .then(before.clone())
            .then(before.clone().hang_after(kept));
        let script = after
            .iter()
            .fold(script, |script, answer| script.then(answer.clone()));
        let rig = Rig::new(World::new().page(Self::URL, script)).await;
        rig.list([Self::URL]);
        let mut run = rig.start(crate::RUN);
        let size = |path: &Path| path.metadata().map_or(0, |file| file.len());
        run.until("half of the file is there", || {
            rig.parts().iter().any(|part| size(part) >= kept)
        })
        .await;
        run.kill().await;
        assert_eq!(rig.results().len(), 0);
        Self {
            rig,
            bytes: before.body().to_vec(),
        }
    }

    /// The same of an origin that behaves.
    pub async fn of_good_origin(kept: u64) -> Self {
        let good = Answer::pdf(Self::pdf());
        Self::killed(good.clone(), kept, &[good]).await
    }

    /// The part file that was left, and its marks.
    pub fn left(&self) -> (PathBuf, PathBuf) {
        let parts = self.rig.parts();
        let [part] = parts.as_slice() else {
            panic!("not one part file: {parts:?}");
        };
        (part.clone(), part.with_extension("marks"))
    }

    /// Runs again, and checks that the paper is there, whole, and nothing else
    /// is left. Returns what the run said and the downloads it asked for.
    pub async fn run_again(&self) -> (Ran, Vec<LoggedRequest>) {
        let before = self.rig.downloads(Self::URL).len();
        let others = self.rig.requests_of(Self::URL).len() - before;
        let ran = self.rig.run(&[]).await;
        assert_eq!(ran.code, 0, "{ran}");
        self.rig
            .assert_obtained(Self::WORK, "given", "given_pdf", &self.bytes);
        assert_eq!(self.rig.files(".parts"), [""; 0]);
        assert_eq!(ran.counted("resumed"), 1, "{ran}");
        let mut downloads = self.rig.downloads(Self::URL);
        let probed = self.rig.requests_of(Self::URL).len() - downloads.len() - others;
        assert_eq!(probed, 0, "what was found was looked for again");
        (ran, downloads.split_off(before))
    }

    /// What these downloads asked for, `-` for everything.
    pub fn ranges(downloads: &[LoggedRequest]) -> Vec<&str> {
        downloads
            .iter()
            .map(|request| request.header("range").unwrap_or("-"))
            .collect()
    }
}
