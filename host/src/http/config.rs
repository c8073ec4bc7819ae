//! What an operator chooses about HTTP, and why a choice can be refused.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

use super::cache::CacheConfig;
use super::har::{HarError, Private};
use super::offline::Offline;
use super::pin::Pin;
use super::politeness::PolitenessConfig;
use super::resolver::{Resolver, SystemResolver};
use super::script::Script;
use crate::telemetry::Metrics;

/// How long a connection may take, name look-up and TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an answer may keep silent.
pub const STALL_TIMEOUT: Duration = Duration::from_secs(20);
/// The largest artifact.
pub const ARTIFACT_MAX_BYTES: u64 = 512 * 1024 * 1024;

/// The settings of one HTTP stack.
#[derive(Clone)]
pub struct HttpConfig {
    /// Sent with every request; should name a contact.
    pub user_agent: String,
    /// PEM files with further trusted authorities (`--ca-file`).
    pub ca_files: Vec<PathBuf>,
    /// Hosts whose address the operator dictates (`--resolve`).
    pub pins: Vec<Pin>,
    /// Networks the address guard lets through (`--allow-private-net`).
    pub allow_private: Vec<IpNet>,
    /// The one proxy that is used, if any; the system's own are ignored. The
    /// proxy then resolves names, so the guard judges what this machine
    /// resolves them to, where it can, and address literals. Pinned hosts are
    /// dialled directly.
    pub proxy: Option<Url>,
    /// How long a connection may take, name look-up and TLS included.
    pub connect_timeout: Duration,
    /// How long an answer may keep silent. A body must also bring
    /// 16 KiB in every three times this long, so that it cannot drip forever.
    pub stall_timeout: Duration,
    /// The cap on a download's bytes, as sent and as decoded.
    pub artifact_max_bytes: u64,
    /// Where answers to metadata requests are kept, if anywhere.
    pub cache: Option<CacheConfig>,
    /// What may not be asked for.
    pub offline: Option<Offline>,
    /// A HAR file to write every exchange to.
    pub record: Option<PathBuf>,
    /// A HAR file that answers instead of the network.
    pub replay: Option<PathBuf>,
    /// Whether the replay answers one source at a time: nobody races, so that an
    /// answer waits for none that is not asked for.
    pub replay_alone: bool,
    /// Whether each request that the replay has no answer for is logged as a
    /// warning; not where its caller tells of them.
    pub warn_of_misses: bool,
    /// Makes the answers up instead of the network, where nothing is replayed.
    pub script: Option<Arc<dyn Script>>,
    /// What no recording may hold.
    pub private: Private,
    /// Limits of hosts, and whom they are shared with.
    pub politeness: PolitenessConfig,
    /// Where names are looked up; tests put their own answers here.
    pub resolver: Arc<dyn Resolver>,
    /// Counts every hop by service, status and cache verdict.
    pub metrics: Metrics,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            user_agent: concat!("paperfall/", env!("CARGO_PKG_VERSION")).to_owned(),
            ca_files: Vec::new(),
            pins: Vec::new(),
            allow_private: Vec::new(),
            proxy: None,
            connect_timeout: CONNECT_TIMEOUT,
            stall_timeout: STALL_TIMEOUT,
            artifact_max_bytes: ARTIFACT_MAX_BYTES,
            cache: None,
            offline: None,
            record: None,
            replay: None,
            replay_alone: false,
            warn_of_misses: true,
            script: None,
            private: Private::default(),
            politeness: PolitenessConfig::default(),
            resolver: Arc::new(SystemResolver),
            metrics: Metrics::off(),
        }
    }
}

impl fmt::Debug for HttpConfig {
    /// Everything but the proxy's password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpConfig")
            .field("user_agent", &self.user_agent)
            .field("ca_files", &self.ca_files)
            .field("pins", &self.pins)
            .field("allow_private", &self.allow_private)
            .field("proxy", &self.proxy.as_ref().and_then(Url::host_str))
            .field("connect_timeout", &self.connect_timeout)
            .field("stall_timeout", &self.stall_timeout)
            .field("artifact_max_bytes", &self.artifact_max_bytes)
            .field("cache", &self.cache)
            .field("offline", &self.offline)
            .field("record", &self.record)
            .field("replay", &self.replay)
            .field("replay_alone", &self.replay_alone)
            .field("scripted", &self.script.is_some())
            .field("politeness", &self.politeness)
            .finish_non_exhaustive()
    }
}

/// Why no HTTP stack can be built from a configuration.
#[derive(Debug, thiserror::Error)]
pub enum HttpSetupError {
    /// A `--ca-file` that cannot be used.
    #[error("CA file {}: {why}; give a PEM file of CA certificates", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A proxy that cannot be used.
    #[error("proxy {proxy}: {why}; give a URL like http://proxy.example:3128")]
    Proxy {
        /// Scheme and host as given.
        proxy: String,
        /// What is wrong with it.
        why: String,
    },
    /// A User-Agent no header can carry.
    #[error("User-Agent {0:?} has characters a header cannot carry; use printable ASCII")]
    UserAgent(String),
    /// A limit of zero.
    #[error("{0} is zero; give it a positive value")]
    ZeroLimit(&'static str),
    /// A limit that would bound nothing.
    #[error("{0} is longer than an hour; give it fewer seconds")]
    LongLimit(&'static str),
    /// A recording that cannot be read or written.
    #[error(transparent)]
    Har(#[from] HarError),
    /// No folder for the cache of a recording or a replay.
    #[error("no folder can be made in {}: {why}", path.display())]
    Scratch {
        /// Where.
        path: PathBuf,
        /// What is in the way.
        why: String,
    },
    /// The client library refused.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(String),
}
