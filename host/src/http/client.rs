//! One reqwest client per origin, in a bounded cache.
//!
//! The resolver hook of a client is told a name without a port and is never
//! shown an address literal, so a shared client could neither honour a pin for
//! one port nor be sure which origin it resolves for. A client that serves a
//! single origin can. All clients share one TLS configuration, and with it the
//! session cache.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Client;
use url::{Host, Url};

use super::address::AddressGuard;
use super::config::{HttpConfig, HttpSetupError};
use super::error::HttpErrorKind;
use super::fault::Fault;
use super::resolver::{GuardedResolver, checked_lookup, private};
use super::tls;

/// Origins whose clients, and idle connections, are kept.
const CLIENTS_KEPT: usize = 256;
/// Idle connections kept for each origin, and for how long: one for each of the
/// eight works that are under way at once unless the operator says otherwise.
const IDLE_PER_ORIGIN: usize = 8;
const IDLE_FOR: Duration = Duration::from_secs(30);
/// A server that sends more header lines breaks off with `protocol`.
const HEADERS_MAX: usize = 256;
/// All header bytes of an HTTP/2 answer.
const HEADER_LIST_MAX_BYTES: u32 = 64 * 1024;

/// The longest time-out there may be.
const LIMIT_MAX: Duration = Duration::from_secs(60 * 60);

/// Scheme, host and port: the unit of trust for credentials, and of clients.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Origin {
    pub(super) scheme: String,
    /// As the URL spells it: lower-case ASCII, IPv6 in brackets.
    pub(super) host: String,
    pub(super) port: u16,
}

impl Origin {
    /// The origin of a checked URL.
    pub(super) fn of(url: &Url) -> Self {
        Self {
            scheme: url.scheme().to_owned(),
            host: url.host_str().unwrap_or_default().to_owned(),
            port: url.port_or_known_default().unwrap_or_default(),
        }
    }

    /// Whether a URL of this origin spells its port out.
    fn explicit_port(&self) -> bool {
        !matches!(
            (self.scheme.as_str(), self.port),
            ("http", 80) | ("https", 443)
        )
    }
}

/// Builds, keeps and hands out clients.
pub(super) struct Clients {
    pub(super) config: HttpConfig,
    tls: rustls::ClientConfig,
    guard: Arc<AddressGuard>,
    kept: Mutex<Kept>,
    proxied: Option<Client>,
}

#[derive(Default)]
struct Kept {
    clients: HashMap<Origin, (Client, u64)>,
    /// Grows with every use; the smallest stamp was used longest ago.
    clock: u64,
}

impl Clients {
    pub(super) fn new(config: HttpConfig) -> Result<Self, HttpSetupError> {
        let printable = config.user_agent.bytes().all(|b| (0x20..0x7f).contains(&b));
        if config.user_agent.is_empty() || !printable {
            return Err(HttpSetupError::UserAgent(config.user_agent));
        }
        for (what, limit) in [
            ("the connect time-out", config.connect_timeout),
            ("the stall time-out", config.stall_timeout),
        ] {
            if limit.is_zero() {
                return Err(HttpSetupError::ZeroLimit(what));
            }
            if limit > LIMIT_MAX {
                return Err(HttpSetupError::LongLimit(what));
            }
        }
        if config.artifact_max_bytes == 0 {
            return Err(HttpSetupError::ZeroLimit("the artifact cap"));
        }
        let tls = tls::client_config(&config.ca_files)?;
        let guard = Arc::new(AddressGuard::new(config.allow_private.clone()));
        let mut clients = Self {
            config,
            tls,
            guard,
            kept: Mutex::default(),
            proxied: None,
        };
        if let Some(proxy) = &clients.config.proxy {
            let fail = |why: String| HttpSetupError::Proxy {
                proxy: format!(
                    "{}://{}",
                    proxy.scheme(),
                    proxy.host_str().unwrap_or_default()
                ),
                why,
            };
            if !matches!(proxy.scheme(), "http" | "https") {
                return Err(fail("only http and https proxies are known".to_owned()));
            }
            let rule = reqwest::Proxy::all(proxy.clone())
                .map_err(|error| fail(error.without_url().to_string()))?;
            // The proxy itself is the operator's choice: it is not guarded.
            let client = clients.builder().proxy(rule).build();
            clients.proxied =
                Some(client.map_err(|error| HttpSetupError::Client(error.to_string()))?);
        }
        Ok(clients)
    }

    /// The client for `url`, once the address it names literally, or would
    /// reach through a proxy, has passed the guard.
    pub(super) async fn admit(&self, url: &Url) -> Result<Client, Fault> {
        let origin = Origin::of(url);
        let literal = match url.host() {
            Some(Host::Ipv4(v4)) => Some(v4.into()),
            Some(Host::Ipv6(v6)) => Some(v6.into()),
            _ => None,
        };
        if let Some(address) = literal {
            self.guard
                .check(address)
                .map_err(|refusal| private(&origin.host, &refusal))?;
        }
        let pinned = self.pinned(&origin)?;
        if let Some(proxied) = &self.proxied
            && pinned.is_empty()
        {
            if literal.is_none() {
                match checked_lookup(&*self.config.resolver, &self.guard, &origin.host).await {
                    // A name only the proxy knows is the proxy's to judge.
                    Err(fault) if fault.kind == HttpErrorKind::Dns => {}
                    other => drop(other?),
                }
            }
            return Ok(proxied.clone());
        }
        self.direct(origin, pinned)
    }

    fn pinned(&self, origin: &Origin) -> Result<Vec<SocketAddr>, Fault> {
        let addresses: Vec<SocketAddr> = self
            .config
            .pins
            .iter()
            .filter_map(|pin| pin.applies(&origin.host, origin.port))
            .collect();
        let elsewhere = addresses
            .iter()
            .any(|address| address.port() != origin.port);
        if origin.explicit_port() && elsewhere {
            return Err(Fault::new(
                HttpErrorKind::Connect,
                format!(
                    "{}://{}:{} is pinned to another port, which works only for a scheme's own port",
                    origin.scheme, origin.host, origin.port
                ),
            ));
        }
        Ok(addresses)
    }

    fn direct(&self, origin: Origin, pinned: Vec<SocketAddr>) -> Result<Client, Fault> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clock += 1;
        let now = kept.clock;
        if let Some((client, used)) = kept.clients.get_mut(&origin) {
            *used = now;
            return Ok(client.clone());
        }
        let resolver = GuardedResolver {
            origin: origin.clone(),
            pinned,
            names: Arc::clone(&self.config.resolver),
            guard: Arc::clone(&self.guard),
        };
        let client = self
            .builder()
            .no_proxy()
            .dns_resolver(Arc::new(resolver))
            .build()
            .map_err(|error| {
                Fault::new(HttpErrorKind::Other, format!("no HTTP client: {error}"))
            })?;
        if kept.clients.len() >= CLIENTS_KEPT {
            let oldest = kept.clients.iter().min_by_key(|(_, (_, used))| *used);
            if let Some(oldest) = oldest.map(|(origin, _)| origin.clone()) {
                kept.clients.remove(&oldest);
            }
        }
        kept.clients.insert(origin, (client.clone(), now));
        Ok(client)
    }

    fn builder(&self) -> reqwest::ClientBuilder {
        Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .user_agent(self.config.user_agent.as_str())
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(self.config.connect_timeout)
            .pool_max_idle_per_host(IDLE_PER_ORIGIN)
            .pool_idle_timeout(IDLE_FOR)
            .http1_max_headers(HEADERS_MAX)
            .http2_max_header_list_size(HEADER_LIST_MAX_BYTES)
            .http2_adaptive_window(true)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn setup(change: impl FnOnce(&mut HttpConfig)) -> Result<Clients, HttpSetupError> {
        let mut config = HttpConfig::default();
        change(&mut config);
        Clients::new(config)
    }

    #[tokio::test]
    async fn the_cache_forgets_the_origin_unused_longest() {
        let clients = setup(|_| {}).unwrap();
        let url = |n: usize| Url::parse(&format!("https://h{n}.example/")).unwrap();
        for n in 0..CLIENTS_KEPT {
            clients.admit(&url(n)).await.unwrap();
        }
        clients.admit(&url(0)).await.unwrap();
        clients.admit(&url(CLIENTS_KEPT)).await.unwrap();
        let kept = clients.kept.lock().unwrap();
        assert_eq!(kept.clients.len(), CLIENTS_KEPT);
        assert!(kept.clients.contains_key(&Origin::of(&url(0))));
        assert!(!kept.clients.contains_key(&Origin::of(&url(1))));
    }

    #[test]
    fn a_setting_that_cannot_work_is_refused_at_the_start() {
        assert!(setup(|config| config.user_agent = "a\nb".to_owned()).is_err());
        assert!(setup(|config| config.user_agent = String::new()).is_err());
        assert!(setup(|config| config.connect_timeout = Duration::ZERO).is_err());
        assert!(setup(|config| config.stall_timeout = Duration::ZERO).is_err());
        assert!(setup(|config| config.stall_timeout = Duration::MAX).is_err());
        assert!(setup(|config| config.artifact_max_bytes = 0).is_err());
        let proxy = |text: &str| Some(Url::parse(text).unwrap());
        let error = setup(|config| config.proxy = proxy("socks5://u:pw@p.example:1")).err();
        let message = error.unwrap().to_string();
        assert!(
            message.contains("p.example") && !message.contains("pw"),
            "{message}"
        );
        assert!(setup(|config| config.proxy = proxy("http://p.example:3128")).is_ok());
    }
}
