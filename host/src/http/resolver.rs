//! From a host name to the addresses that may be dialled.
//!
//! reqwest asks its resolver for every new connection and dials exactly what
//! it answers, so a name is judged each time it is looked up: one that was
//! public before and is private now (DNS rebinding) is refused now. An answer
//! that mixes public and private addresses is refused whole: honest names do
//! not do that.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use url::{Host, Url};

use super::address::{AddressGuard, Refusal};
use super::client::Origin;
use super::error::HttpErrorKind;
use super::fault::Fault;

/// Addresses of one name that are dialled at most, in the answer's order.
const ADDRESSES_PER_NAME: usize = 16;

/// Looks names up. Tests put their own answers behind it.
pub trait Resolver: Send + Sync + 'static {
    /// The addresses of `name`, an ASCII host name; an error or an empty list
    /// when there are none.
    fn lookup(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The operating system's own resolver. A look-up that is given up ends in the
/// background: the system offers no way to stop it.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn lookup(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// The resolver of one origin's client: looks up, judges, or obeys a pin.
pub(super) struct GuardedResolver {
    pub(super) origin: Origin,
    /// The operator's word on where the origin is; no guard is asked then.
    pub(super) pinned: Vec<SocketAddr>,
    pub(super) names: Arc<dyn Resolver>,
    pub(super) guard: Arc<AddressGuard>,
}

impl reqwest::dns::Resolve for GuardedResolver {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        if !self.pinned.is_empty() {
            let pinned = self.pinned.clone();
            return Box::pin(async move { Ok(Box::new(pinned.into_iter()) as _) });
        }
        // One client, one name: anything else would be a bug, and a hole.
        if name.as_str() != self.origin.host {
            let fault = Fault::new(
                HttpErrorKind::Other,
                format!(
                    "the client of {} was asked for {}",
                    self.origin.host,
                    name.as_str()
                ),
            );
            return Box::pin(async move { Err(fault.into()) });
        }
        let (names, guard) = (Arc::clone(&self.names), Arc::clone(&self.guard));
        Box::pin(async move {
            let checked = checked_lookup(&*names, &guard, name.as_str()).await?;
            // Port 0 stands for the URL's own.
            let dialled = checked.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok(Box::new(dialled) as _)
        })
    }
}

/// The addresses of `name`, all of them public.
pub(super) async fn checked_lookup(
    names: &dyn Resolver,
    guard: &AddressGuard,
    name: &str,
) -> Result<Vec<IpAddr>, Fault> {
    let found = names.lookup(name.to_owned()).await.map_err(|error| {
        Fault::new(
            HttpErrorKind::Dns,
            format!("{name} does not resolve: {error}"),
        )
    })?;
    if found.is_empty() {
        return Err(Fault::new(
            HttpErrorKind::Dns,
            format!("{name} has no address"),
        ));
    }
    for address in &found {
        guard
            .check(*address)
            .map_err(|refusal| private(name, &refusal))?;
    }
    Ok(found.into_iter().take(ADDRESSES_PER_NAME).collect())
}

/// Refuses a URL that names an address the guard refuses; names are not looked
/// up. For wires that dial nothing.
pub(super) fn check_literal(guard: &AddressGuard, url: &Url) -> Result<(), Fault> {
    let literal = match url.host() {
        Some(Host::Ipv4(v4)) => v4.into(),
        Some(Host::Ipv6(v6)) => v6.into(),
        _ => return Ok(()),
    };
    let host = url.host_str().unwrap_or_default();
    guard
        .check(literal)
        .map_err(|refusal| private(host, &refusal))
}

/// The refusal of a host because of an address, with its remedy.
pub(super) fn private(host: &str, refusal: &Refusal) -> Fault {
    let bits = if refusal.address.is_ipv4() { 32 } else { 128 };
    Fault::new(
        HttpErrorKind::PrivateAddress,
        format!(
            "{host} is refused: {refusal}; if it is meant, allow it with --allow-private-net {}/{bits}",
            refusal.address
        ),
    )
}
