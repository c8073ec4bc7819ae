//! The one HTTP stack under adapters, probe and download: every policy about
//! talking to the world lives here, and nothing here knows of wasm, tiers or
//! the ledger.
//!
//! What it promises for every request, each redirect anew:
//! - only http and https, only granted hosts ([`HostGrants`]), only public
//!   addresses ([`AddressGuard`]), and exactly the addresses that were judged
//!   are dialled;
//! - an end: in time (deadline, connect and stall limits), in size (as sent
//!   and as decoded) and in number (ten redirects, the attempt's [`Meter`]);
//! - what may be remembered is not asked twice, and nothing is asked that is
//!   switched off;
//! - credentials never leave their origin, and secrets never come back;
//! - dropping a future, a [`Download`] or a [`Session`] leaves nothing running.
//!
//! The way of a request: [`Request`] → redirect loop (`journey`) → one
//! `exchange` per hop (policies) → the `wire`: per-origin client with the
//! guarded resolver → body limits → decoding → [`Response`], [`Download`], [`Head`] or [`Verdict`].

mod address;
mod body;
mod brotli_window;
mod cache;
mod client;
mod client_error;
mod config;
mod cookies;
mod counting;
mod decode;
mod download;
mod encoding;
mod error;
mod exchange;
mod fault;
pub mod har;
mod head;
mod host_pattern;
mod journey;
mod limits;
mod meter;
mod offline;
mod page;
pub mod pdf;
mod pin;
mod politeness;
mod probe;
mod request;
mod resolver;
mod response;
mod scope;
mod script;
mod secrets;
mod session;
mod target;
#[cfg(test)]
mod tests;
mod tls;
mod verdicts;
mod wire;

pub use address::{AddressGuard, Refusal};
pub use body::TRICKLE_MIN_BYTES;
pub use cache::{CACHE_MAX_BYTES, CacheConfig};
pub use config::{ARTIFACT_MAX_BYTES, CONNECT_TIMEOUT, HttpConfig, HttpSetupError, STALL_TIMEOUT};
pub use cookies::{COOKIE_MAX_BYTES, COOKIES_PER_JAR};
pub use download::Download;
pub use error::{HttpError, HttpErrorKind};
pub(crate) use har::NOT_RECORDED_WORDS;
pub use head::Head;
pub use host_pattern::{HostGrants, HostPattern, HostPatternError};
pub use journey::REDIRECTS_MAX;
pub use meter::{BYTES_PER_ATTEMPT, Meter, REQUESTS_PER_ATTEMPT};
pub use offline::Offline;
pub use pin::{Pin, PinError};
pub use politeness::{
    BACKOFF_FIRST, BACKOFF_MAX, BREAKER_FAILURES, BREAKER_PAUSE, BREAKER_PAUSE_MAX, BREAKER_WINDOW,
    CRAWL_DELAY_MAX, HostPlace, HostPlaceError, HostRule, PRODUCT_TOKEN, PolitenessConfig,
    ROBOTS_KEPT, ROBOTS_REDIRECTS_MAX,
};
pub use probe::{PROBE_BYTES, Verdict};
pub use request::{HEADER_VALUE_MAX_BYTES, Method, RATE_WAIT_MAX, Request, RequestPolicy, Role};
pub use resolver::{Resolver, SystemResolver};
pub use response::{ContentRange, Headers, Hop, HopNote, Response};
pub use script::{Asked, Reply, Script};
pub use secrets::{SECRET_MIN_CHARS, SecretError, Secrets};
pub use session::{BODY_MAX_BYTES, Http, LANDING_PDF_BYTES, Session};
pub use target::URL_MAX_BYTES;
pub use verdicts::{BreakerVerdict, CacheVerdict, Verdicts};
