//! The harness of the end-to-end tests: a miniature web, an output folder and
//! the real `paperfall` binary, with names mapped to loopback.
//!
//! ```no_run
//! # async fn example() {
//! use paperfall_e2e::Rig;
//! use paperfall_miniweb::{Answer, Paper, Pdf, World};
//!
//! let rig = Rig::new(World::new().paper(
//!     Paper::new("On small webs")
//!         .arxiv("2101.00001")
//!         .arxiv_pdf(Answer::pdf(Pdf::new("On small webs", 7, 20_000))),
//! ))
//! .await;
//! let ran = rig.paperfall(["fetch", "arXiv:2101.00001"]).await;
//! assert_eq!(ran.code, 0, "{ran}");
//! assert_eq!(rig.result("arxiv:2101.00001")["source"], "arxiv");
//! # }
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod binary;
mod checking;
mod components;
mod half_way;
pub mod hostile;
mod misfit;
mod on_ledger;
mod origin;
mod peak;
mod process;
pub mod race_model;
mod race_seeds;
mod rig;
mod seeds;
mod short_lives;
mod stage;
mod stored;
mod tiers;
mod tiny_disk;
mod toolchains;

pub use binary::binary;
pub use checking::{Checked, checked, run_check};
pub use components::{Guest, Proposal, component};
pub use half_way::{HalfWay, MIB};
pub use misfit::misfit;
pub use on_ledger::{Job, RUN, paper_url, paper_work};
pub use origin::at_once;
pub use peak::Peak;
pub use process::Running;
pub use race_seeds::{RacePlan, Story};
pub use rig::{EMAIL, Ran, Rig, finish};
pub use seeds::Seeds;
pub use short_lives::ShortLives;
pub use stage::{Stage, WORKS};
pub use stored::sha256;
pub use tiny_disk::TinyDisk;
pub use toolchains::{build_project, example};
