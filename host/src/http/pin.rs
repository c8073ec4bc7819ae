//! Pins: `HOST:PORT:ADDR`, the operator's word on where a host is.
//!
//! The meaning follows curl's `--resolve`: a request to that host and port
//! goes to the address instead of what DNS says. `ADDR` is `IP`, `IP:PORT` or
//! `[v6]:PORT`. A pinned address passes the guard. Changing the port works for
//! 80 and 443 only: an explicit port in a URL is always the one dialled.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use url::Host;

/// One pinned host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    host: String,
    port: u16,
    address: SocketAddr,
}

/// A text that is no pin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is no HOST:PORT:ADDR: {why} (like export.arxiv.org:443:127.0.0.1:8443)")]
pub struct PinError {
    given: String,
    why: &'static str,
}

impl Pin {
    /// Reads `HOST:PORT:ADDR`.
    ///
    /// # Errors
    /// A [`PinError`] that says which of the three parts is wrong.
    pub fn parse(text: &str) -> Result<Self, PinError> {
        let fail = |why| PinError {
            given: text.chars().take(120).collect(),
            why,
        };
        let mut parts = text.splitn(3, ':');
        let (Some(host), Some(port), Some(address)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(fail("it has fewer than three parts"));
        };
        let host = match Host::parse(host) {
            Ok(Host::Domain(domain)) => domain.trim_end_matches('.').to_owned(),
            Ok(_) => return Err(fail("the host is an address already")),
            Err(_) => return Err(fail("the host is not a host name")),
        };
        let port: u16 = port
            .parse()
            .ok()
            .filter(|port| *port != 0)
            .ok_or_else(|| fail("the port is not a number from 1 to 65535"))?;
        let bare = address
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(address);
        let address = bare
            .parse::<IpAddr>()
            .map(|ip| SocketAddr::new(ip, port))
            .or_else(|_| address.parse::<SocketAddr>())
            .map_err(|_| fail("the address is neither IP, IP:PORT nor [IPv6]:PORT"))?;
        if address.port() == 0 {
            return Err(fail("the address has port 0"));
        }
        if address.port() != port && port != 80 && port != 443 {
            return Err(fail("only ports 80 and 443 can be led to another port"));
        }
        Ok(Self {
            host,
            port,
            address,
        })
    }

    /// The address to dial for `host` and `port`, if this pin is about them.
    pub(super) fn applies(&self, host: &str, port: u16) -> Option<SocketAddr> {
        (self.host == host && self.port == port).then_some(self.address)
    }
}

impl FromStr for Pin {
    type Err = PinError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_written_form_of_an_address_is_read() {
        for (text, address) in [
            ("a.org:443:127.0.0.1", "127.0.0.1:443"),
            ("a.org:443:127.0.0.1:38111", "127.0.0.1:38111"),
            ("A.org.:80:::1", "[::1]:80"),
            ("a.org:80:[::1]", "[::1]:80"),
            ("a.org:80:[::1]:8080", "[::1]:8080"),
            ("a.org:8080:10.0.0.1", "10.0.0.1:8080"),
        ] {
            let pin = Pin::parse(text).unwrap();
            assert_eq!(pin.address, address.parse().unwrap(), "{text}");
            assert_eq!(pin.applies("a.org", pin.port), Some(pin.address));
        }
    }

    #[test]
    fn a_pin_that_cannot_be_honoured_is_refused() {
        for bad in [
            "",
            "a.org",
            "a.org:443",
            "a.org:443:",
            "a.org:443:b.org",
            "a.org:0:127.0.0.1",
            "a.org:99999:127.0.0.1",
            ":443:127.0.0.1",
            "127.0.0.1:443:10.0.0.1",
            "a.org:443:127.0.0.1:0",
            "a.org:8080:127.0.0.1:9090",
            "a b:443:127.0.0.1",
        ] {
            assert!(Pin::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_refusal_says_which_part_is_wrong_and_stays_short() {
        let long = format!("{}:443", "a".repeat(5000));
        for (bad, why) in [
            ("a.org:0:127.0.0.1", "the port is not a number"),
            ("a.org:443:127.0.0.1:0", "the address has port 0"),
            (long.as_str(), "fewer than three parts"),
        ] {
            let message = Pin::parse(bad).unwrap_err().to_string();
            assert!(message.contains(why), "{message}");
            assert!(message.len() < 300, "{message}");
        }
    }

    #[test]
    fn a_pin_speaks_of_its_own_host_and_port_only() {
        let pin = Pin::parse("a.org:443:127.0.0.1").unwrap();
        assert_eq!(pin.applies("a.org", 80), None);
        assert_eq!(pin.applies("b.a.org", 443), None);
    }
}
