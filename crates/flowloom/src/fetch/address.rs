//! Hosts in switches: addresses and patterns as they are, names as their addresses.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};

use flow_frame::predicate::Wildcard;

use crate::error::{ErrorKind, Result};

/// Which address of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The source.
    Source,
    /// The destination.
    Destination,
    /// Either of them.
    Any,
}

impl Side {
    /// The switches for one address or pattern, and for a list of addresses (semantics 3.6).
    const fn switches(self) -> (&'static str, &'static str) {
        match self {
            Self::Source => ("--saddress", "--scidr"),
            Self::Destination => ("--daddress", "--dcidr"),
            Self::Any => ("--any-address", "--any-cidr"),
        }
    }
}

/// The `rwfilter` switch for flows of a host. An address, a block or a wildcard pattern stays as it is; anything else
/// is a host name, which `resolve` turns into addresses: all of them, since a host may use each.
///
/// # Errors
/// `Io` if the name has no address.
pub fn address_switch(
    side: Side,
    host: &str,
    resolve: &dyn Fn(&str) -> io::Result<Vec<IpAddr>>,
) -> Result<String> {
    let (one, many) = side.switches();
    if is_pattern(host) {
        return Ok(format!("{one}={host}"));
    }
    let fail = |source| ErrorKind::Resolve { name: host.to_owned(), source };
    // In order, and each once: the answer of a resolver has neither.
    let addresses: BTreeSet<IpAddr> = resolve(host).map_err(fail)?.into_iter().collect();
    let text: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    match text.as_slice() {
        [] => Err(fail(io::ErrorKind::NotFound.into()).into()),
        [address] => Ok(format!("{one}={address}")),
        addresses => Ok(format!("{many}={}", addresses.join(","))),
    }
}

/// Whether a text is an address or a pattern of addresses (semantics 3.6) and no name.
fn is_pattern(host: &str) -> bool {
    Wildcard::parse(host).is_ok()
}

/// The addresses of a name as this machine resolves it: A and AAAA records, `/etc/hosts`.
///
/// # Errors
/// Those of the system's resolver.
pub fn lookup(name: &str) -> io::Result<Vec<IpAddr>> {
    Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(name: &str) -> io::Result<Vec<IpAddr>> {
        let list = match name {
            "one.example" => vec!["192.0.2.1", "192.0.2.1"],
            "two.example" => vec!["2001:db8::1", "192.0.2.9", "192.0.2.1", "192.0.2.9"],
            "none.example" => vec![],
            _ => return Err(io::Error::other("no such name")),
        };
        Ok(list.into_iter().map(|address| address.parse().unwrap()).collect())
    }

    #[test]
    fn addresses_patterns_and_names() {
        for (side, host, expected) in [
            (Side::Source, "192.0.2.80", "--saddress=192.0.2.80"),
            (Side::Source, "10.x.1-3,5.0", "--saddress=10.x.1-3,5.0"),
            (Side::Destination, "10.0.0.0/8", "--daddress=10.0.0.0/8"),
            (Side::Any, "2001:db8::x", "--any-address=2001:db8::x"),
            (Side::Any, "167838211", "--any-address=167838211"),
            (Side::Source, "one.example", "--saddress=192.0.2.1"),
            (Side::Source, "two.example", "--scidr=192.0.2.1,192.0.2.9,2001:db8::1"),
            (Side::Destination, "two.example", "--dcidr=192.0.2.1,192.0.2.9,2001:db8::1"),
            (Side::Any, "two.example", "--any-cidr=192.0.2.1,192.0.2.9,2001:db8::1"),
        ] {
            assert_eq!(address_switch(side, host, &resolve).unwrap(), expected);
        }
        for host in ["none.example", "nowhere.example"] {
            let error = address_switch(Side::Source, host, &resolve).unwrap_err();
            assert_eq!(error.class(), crate::error::Class::Io);
            assert!(error.to_string().contains(host), "{error}");
        }
    }

    #[test]
    fn this_machine_knows_itself() {
        let addresses = lookup("localhost").unwrap();
        assert!(!addresses.is_empty() && addresses.iter().all(IpAddr::is_loopback), "{addresses:?}");
    }
}
