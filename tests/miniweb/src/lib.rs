//! The miniature scholarly web: a loopback server that plays the seven sources
//! and some publishers over real HTTP and TLS, misbehaving as it is told to.
//!
//! It is an independent reading of how those services answer, so it shares no
//! type with the host or its adapters. It promises two things: the same
//! [`World`] gives the same bytes every time, and every request is in the log
//! ([`Miniweb::requests`]) with how it ended, seen from the origin's side.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use paperfall_miniweb::{Answer, Miniweb, Paper, Pdf, World};
//!
//! let world = World::new().paper(
//!     Paper::new("On small webs")
//!         .arxiv("2101.00001")
//!         .arxiv_pdf(Answer::pdf(Pdf::new("On small webs", 7, 20_000))),
//! );
//! let web = Miniweb::start(world).await?;
//! for pin in web.pins() {
//!     println!("--resolve {pin}");
//! }
//! # Ok(()) }
//! ```

mod answer;
mod answer_kinds;
mod asked;
mod behaviour;
mod certificate;
mod content;
mod cue;
mod demo;
mod http_date;
mod log;
mod outgoing;
mod paper;
mod pdf;
mod script;
mod server;
mod services;
mod text;
mod wire;
mod world;

pub use answer::{Answer, RetryAfter};
pub use cue::{Cue, Door};
pub use demo::{Demo, ScriptedWork, Verdict, demo};
pub use log::{Ended, LoggedRequest, Scheme};
pub use paper::{Paper, Service};
pub use pdf::Pdf;
pub use script::Script;
pub use server::Miniweb;
pub use services::doi::DoiTarget;
pub use services::europe_pmc::EuropePmcRecord;
pub use services::openalex::OpenAlexRecord;
pub use services::pmc::{PmcDeposit, PmcVersion};
pub use services::publisher::{LandingPage, PdfLink, hidden_redirect};
pub use services::semantic_scholar::SemanticScholarRecord;
pub use services::unpaywall::{Location, UnpaywallRecord};
pub use services::wayback::Capture;
pub use world::World;
