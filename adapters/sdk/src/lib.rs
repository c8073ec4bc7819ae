//! The guest kit for paperfall adapters.
//!
//! An adapter answers one question: *where might the open-access PDF of this
//! work be?* It is a type with two functions, and one line that exports it:
//!
//! ```
//! use paperfall_adapter::{Adapter, Candidate, Descriptor, Findings, Host, Miss, Policy, Request, Work, urls};
//!
//! struct Acme;
//!
//! impl Adapter for Acme {
//!     fn describe() -> Descriptor {
//!         Descriptor::new("acme", env!("CARGO_PKG_VERSION"), "PDFs of the Acme repository")
//!             .starts_from("doi")
//!             .host("api.acme.org")
//!             .setting_or("base-url", "https://api.acme.org", "Where the Acme API lives.")
//!     }
//!
//!     fn resolve(host: &dyn Host, work: &Work, policy: &Policy) -> Result<Findings, Miss> {
//!         let doi = work.doi().ok_or_else(|| Miss::skipped("no_doi"))?;
//!         let url = urls::with_query(policy.base_url("base-url")?, &[("doi", &doi.to_string())]);
//!         let pdfs: Vec<String> = Request::metadata(url).send(host)?.ok()?.json("a list of URLs")?;
//!         let mut findings = Findings::none("no_pdf_url");
//!         for url in pdfs {
//!             findings.propose(Candidate::new(url, "oa_pdf"));
//!         }
//!         Ok(findings)
//!     }
//! }
//!
//! paperfall_adapter::export!(Acme);
//! ```
//!
//! Built for `wasm32-wasip2` this is a component of the world
//! `paperfall:adapter/adapter@0.1.0`; built for any other target it is a plain
//! library whose logic is tested against [`testing::ScriptedHost`].

mod about;
mod adapter;
#[doc(hidden)]
#[allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    clippy::all,
    clippy::pedantic,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used
)]
pub mod bindings;
mod bounds;
mod charset;
mod descriptor;
mod element;
mod findings;
mod host;
pub mod json;
mod judgement;
mod language;
mod miss;
mod page;
mod request;
mod response;
pub mod testing;
mod titles;
pub mod urls;
pub mod words;
mod work;

pub use paperfall_identifiers as ids;

pub use about::{About, is_pair_of_supplements};
pub use adapter::{Adapter, run};
pub use bindings::paperfall::adapter::{
    budget::RemainingBudget,
    http::{Header, Hop, HttpError, HttpErrorKind, Method, Request, Response, Role, Verdict},
    log::Level,
    types::{
        Candidate, Descriptor, Findings, Identifier, MissOutcome, PdfUrl, Policy, SecretSpec,
        Setting, SettingSpec, Work,
    },
};
pub use element::Element;
pub use findings::{MAX_CANDIDATES, MAX_IDENTIFIERS, MAX_LANDING_URLS, MAX_STRING_BYTES};
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub use host::ComponentHost;
pub use host::Host;
pub use miss::Miss;
pub use page::{Landing, Page};
