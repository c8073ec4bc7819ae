//! Scholarly identifiers as types: parsed once, normalised once, never wrong
//! afterwards.
//!
//! One place knows how DOIs, arXiv ids, PMCIDs, PMIDs, OpenAlex works and URLs
//! are written, pasted and mangled; the host and the adapters both use it. Each
//! type's `Display` is its normal form, and parsing a normal form gives it back
//! unchanged. Nothing here does I/O, and no input makes it panic.
//!
//! ```
//! use paperfall_identifiers::{AnyId, Doi};
//!
//! let doi = Doi::parse("https://dx.doi.org/10.7717/PeerJ.4375).").unwrap();
//! assert_eq!(doi.to_string(), "10.7717/peerj.4375");
//! assert_eq!(AnyId::parse("arXiv:2101.00001v2 [cs.CL]").unwrap().to_string(), "arxiv:2101.00001v2");
//! ```

mod address;
mod any_id;
mod arxiv;
mod doi;
mod doi_end;
mod error;
mod mine;
mod openalex;
mod paste;
mod pubmed;
mod web;
mod web_url;

pub use address::find_in_address;
pub use any_id::AnyId;
pub use arxiv::ArxivId;
pub use doi::Doi;
pub use error::{IdError, IdKind, printable, visible};
pub use mine::{find_arxiv, find_pmcid};
pub use openalex::OpenAlexId;
pub use pubmed::{Pmcid, Pmid};
pub use web_url::WebUrl;

/// The longest input any parser here looks at, in bytes.
pub const MAX_INPUT_BYTES: usize = 2048;
