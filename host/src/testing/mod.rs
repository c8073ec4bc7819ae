//! The test kit: one adapter, one work, the real sandbox and the real HTTP
//! stack, and everything that happened laid open.
//!
//! A [`Lab`] loads a [`Subject`] (a bundled adapter, a file, bytes) into a
//! [`Specimen`], which the test gives what an operator would: grants,
//! settings, secrets, limits. [`Specimen::run`] makes one attempt, exactly as
//! a race would, over any [`Http`](crate::http::Http): the network, a
//! recording ([`replayed`]) or answers the test makes up ([`scripted`]). The
//! [`Trial`] holds the findings, every request with its verdict, the log and a
//! [`Receipt`]. `paperfall adapter test` and `adapter check` stand on it.
//!
//! ```
//! use paperfall::intake::Work;
//! use paperfall::sandbox::SandboxConfig;
//! use paperfall::testing::{Asked, Lab, Reply, Subject, scripted};
//!
//! # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let lab = Lab::new(&SandboxConfig::default())?;
//! let arxiv = lab.load(Subject::given("arxiv")?).await?;
//! let web = scripted(|asked: &Asked| match asked.url.path() {
//!     "/pdf/2101.00001" => Reply::pdf(format!("%PDF-1.7\n{}\n%%EOF", " ".repeat(2000))),
//!     _ => Reply::status(404),
//! })?;
//! let work = Work::from_json(r#"{"arxiv_id":"2101.00001"}"#)?.work;
//! let trial = arxiv.run(&web, &work).await?;
//! trial.won_with("https://arxiv.org/pdf/2101.00001");
//! assert!(trial.receipt.memory_peak_bytes < 4 << 20);
//! # Ok(()) }
//! ```

mod account;
mod lab;
mod lint;
mod specimen;
mod subject;
mod trial;
mod web;

pub use crate::http::{Asked, Reply, Script};
pub use lab::Lab;
pub use lint::{Lint, grant_line, lint, table_for};
pub use specimen::Specimen;
pub use subject::{Subject, SubjectError};
pub use trial::{Receipt, Trial};
pub use web::{replayed, scripted};
