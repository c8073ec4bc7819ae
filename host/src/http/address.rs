//! The address guard: which addresses may be dialled at all.
//!
//! Adapters, landing pages and redirects name hosts that we did not choose.
//! Without a guard any of them could make this machine talk to itself, to its
//! neighbours or to a cloud's metadata service. The guard judges every address
//! before it is dialled, and knows two rules: IPv4 and IPv6 blocks of the IANA
//! special-purpose registries are refused by the name of their family, and
//! IPv6 outside `2000::/3` is refused altogether. Forms that carry an IPv4
//! address inside an IPv6 one are refused whatever they carry: a public server
//! has no need of them, and a translator in between would undo the check.
//!
//! Sources: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890
//! and its updates), read late 2026.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Why an address is not dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{address} is {family}, not a public address")]
pub struct Refusal {
    /// The address in question.
    pub address: IpAddr,
    /// What it is: `private`, `loopback`, `link-local`, …
    pub family: &'static str,
}

/// Judges addresses; cheap to clone and to ask.
#[derive(Debug, Clone, Default)]
pub struct AddressGuard {
    allowed: Vec<IpNet>,
}

impl AddressGuard {
    /// A guard that lets through public addresses and those in `allowed`
    /// (`--allow-private-net`). An IPv4 network says nothing about IPv6 forms
    /// that embed its addresses.
    #[must_use]
    pub fn new(allowed: Vec<IpNet>) -> Self {
        Self { allowed }
    }

    /// Whether `address` may be dialled.
    ///
    /// # Errors
    /// A [`Refusal`] that names the family the address belongs to.
    pub fn check(&self, address: IpAddr) -> Result<(), Refusal> {
        if self.allowed.iter().any(|net| net.contains(&address)) {
            return Ok(());
        }
        let family = match address {
            IpAddr::V4(v4) => family_v4(v4),
            IpAddr::V6(v6) => family_v6(v6),
        };
        match family {
            None => Ok(()),
            Some(family) => Err(Refusal { address, family }),
        }
    }
}

/// Network, prefix length, family. The first match names the family, so
/// narrower blocks stand before wider ones.
const SPECIAL_V4: &[([u8; 4], u32, &str)] = &[
    ([0, 0, 0, 0], 32, "unspecified"),
    ([0, 0, 0, 0], 8, "this-network"),
    ([10, 0, 0, 0], 8, "private"),
    ([100, 64, 0, 0], 10, "carrier-grade-nat"),
    ([127, 0, 0, 0], 8, "loopback"),
    // The host's own agent on Azure: public by number, private by nature.
    ([168, 63, 129, 16], 32, "cloud-platform"),
    ([169, 254, 0, 0], 16, "link-local"),
    ([172, 16, 0, 0], 12, "private"),
    ([192, 0, 0, 0], 24, "ietf-protocol"),
    ([192, 0, 2, 0], 24, "documentation"),
    ([192, 31, 196, 0], 24, "as112"),
    ([192, 52, 193, 0], 24, "amt"),
    ([192, 88, 99, 0], 24, "6to4-relay"),
    ([192, 168, 0, 0], 16, "private"),
    ([192, 175, 48, 0], 24, "as112"),
    ([198, 18, 0, 0], 15, "benchmarking"),
    ([198, 51, 100, 0], 24, "documentation"),
    ([203, 0, 113, 0], 24, "documentation"),
    ([224, 0, 0, 0], 4, "multicast"),
    ([255, 255, 255, 255], 32, "broadcast"),
    ([240, 0, 0, 0], 4, "reserved"),
];

fn family_v4(address: Ipv4Addr) -> Option<&'static str> {
    let bits = u32::from(address);
    SPECIAL_V4
        .iter()
        .find(|(network, prefix, _)| {
            let shift = 32 - prefix;
            bits.checked_shr(shift) == u32::from_be_bytes(*network).checked_shr(shift)
        })
        .map(|(_, _, family)| *family)
}

/// As [`SPECIAL_V4`], with the first four groups; longer prefixes are written
/// out in [`family_v6`].
const SPECIAL_V6: &[([u16; 4], u32, &str)] = &[
    ([0x0064, 0xff9b, 0x0001, 0], 48, "nat64"),
    ([0x0100, 0, 0, 0], 64, "discard-only"),
    ([0x2001, 0, 0, 0], 32, "teredo"),
    ([0x2001, 0x0002, 0, 0], 48, "benchmarking"),
    ([0x2001, 0x0db8, 0, 0], 32, "documentation"),
    ([0x2001, 0x0010, 0, 0], 28, "orchid"),
    ([0x2001, 0x0020, 0, 0], 28, "orchid"),
    ([0x2001, 0, 0, 0], 23, "ietf-protocol"),
    ([0x2002, 0, 0, 0], 16, "6to4"),
    ([0x2620, 0x004f, 0x8000, 0], 48, "as112"),
    ([0x3ffe, 0, 0, 0], 16, "6bone"),
    ([0x3fff, 0, 0, 0], 20, "documentation"),
    ([0x5f00, 0, 0, 0], 16, "srv6"),
    ([0xfc00, 0, 0, 0], 7, "unique-local"),
    ([0xfe80, 0, 0, 0], 10, "link-local"),
    ([0xfec0, 0, 0, 0], 10, "site-local"),
    ([0xff00, 0, 0, 0], 8, "multicast"),
];

fn family_v6(address: Ipv6Addr) -> Option<&'static str> {
    if address.is_unspecified() {
        return Some("unspecified");
    }
    if address.is_loopback() {
        return Some("loopback");
    }
    let bits = u128::from(address);
    // ::/96, ::ffff:0:0/96, ::ffff:0:0:0/96 and 64:ff9b::/96.
    match bits >> 32 {
        0 => return Some("ipv4-compatible"),
        0xffff => return Some("ipv4-mapped"),
        0xffff_0000 => return Some("ipv4-translated"),
        0x0064_ff9b_0000_0000_0000_0000 => return Some("nat64"),
        _ => {}
    }
    let top = u64::try_from(bits >> 64).unwrap_or(u64::MAX);
    let special = SPECIAL_V6.iter().find(|(groups, prefix, _)| {
        let network = groups
            .iter()
            .fold(0_u64, |all, group| (all << 16) | u64::from(*group));
        let shift = 64 - prefix;
        top.checked_shr(shift) == network.checked_shr(shift)
    });
    match special {
        Some((_, _, family)) => Some(family),
        // Global unicast is 2000::/3; the rest is nobody's yet.
        None if top >> 61 != 0b001 => Some("reserved"),
        None => None,
    }
}
