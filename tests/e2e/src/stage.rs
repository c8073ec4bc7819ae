//! A stage for adapters nobody trusts: a web with two works that
//! `doi_redirect` obtains, and the adapter under test in a tier before it.

use std::time::{Duration, Instant};

use paperfall_miniweb::{Answer, Paper, Pdf, World};

use crate::{Ran, Rig};

/// The works of the stage by their ids.
pub const WORKS: [&str; 2] = ["doi:10.5555/one", "doi:10.5555/two"];

/// How long an adapter on the stage may take unless the test says otherwise.
const TIMEOUT_MS: u32 = 5_000;

/// See the module.
pub struct Stage {
    /// The web and the binary.
    pub rig: Rig,
    timeout_ms: u32,
}

impl Stage {
    /// The stage with `evil.wasm` on it.
    pub async fn new(component: &[u8]) -> Self {
        Self::in_world(World::new(), component).await
    }

    /// The stage in a world with more in it.
    pub async fn in_world(world: World, component: &[u8]) -> Self {
        let world = ["one", "two"].into_iter().fold(world, |world, name| {
            let pdf = format!("https://publisher.example/{name}.pdf");
            world.paper(
                Paper::new(name)
                    .doi(&format!("10.5555/{name}"))
                    .doi_leads_to(&pdf)
                    .page(&pdf, Answer::pdf(Pdf::new(name, 7, 20_000))),
            )
        });
        let rig = Rig::new(world).await;
        rig.file("evil.wasm", component);
        Self {
            rig,
            timeout_ms: TIMEOUT_MS,
        }
    }

    /// Gives the adapter so many milliseconds.
    #[must_use]
    pub fn timeout_ms(mut self, timeout_ms: u32) -> Self {
        self.timeout_ms = timeout_ms;
        self
    }

    /// What the operator writes into `paperfall.toml`.
    #[must_use]
    pub fn settings(self, toml: &str) -> Self {
        self.rig.file("paperfall.toml", toml);
        self
    }

    /// The flags that put the adapter on the stage.
    #[must_use]
    pub fn flags(&self) -> Vec<String> {
        vec![
            "--only".to_owned(),
            "evil,doi_follow".to_owned(),
            "--fallback-tier".to_owned(),
            format!(
                "evil:adapter=evil.wasm,after=direct_oa,timeout_ms={}",
                self.timeout_ms
            ),
        ]
    }

    /// Fetches both works, one after the other.
    pub async fn fetch(&self) -> Ran {
        let works = ["--workers", "1", "10.5555/one", "10.5555/two"].map(str::to_owned);
        let args = ["fetch".to_owned()].into_iter().chain(works);
        self.rig.paperfall(args.chain(self.flags())).await
    }

    /// Resolves the first work and tells the whole story.
    pub async fn explain(&self) -> Ran {
        let args = ["resolve", "10.5555/one", "--explain"].map(str::to_owned);
        self.rig
            .paperfall(args.into_iter().chain(self.flags()))
            .await
    }

    /// Fetches both works and checks that the adapter ended so (`error trap`)
    /// for each of them, and that the next source obtained both, soon.
    ///
    /// # Panics
    ///
    /// When anything came out differently.
    pub async fn survives(&self, ending: &str) -> Ran {
        let started = Instant::now();
        let ran = self.fetch().await;
        assert_eq!(ran.code, 0, "{ran}");
        for work in WORKS {
            assert_eq!(
                self.rig.attempts(work),
                [
                    format!("evil {ending}"),
                    "doi_redirect success doi_pdf".to_owned()
                ],
                "{work}: {ran}"
            );
            assert!(self.rig.paper(work).starts_with(b"%PDF-"), "{work}: {ran}");
        }
        let bound = Duration::from_secs(30);
        assert!(started.elapsed() < bound, "{ran}");
        ran
    }
}
