//! Networks of addresses: whom a policy lets in, whom it keeps out.
//!
//! **In:** texts such as `10.0.0.0/8` or `192.0.2.7`; `ip` of a policy. **Out:** networks; [`IpRules`].
//!
//! **Never here:** which address a client has (`server::address`), refusing (`server`).
//!
//! **Holds:** an address is an IPv4 address wherever it can be one, so that `::ffff:192.0.2.7` is no way
//! around a list. Whoever is on both lists is kept out.
//!
//! **Read first:** [`IpRules::admit`].

use std::net::IpAddr;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Deserialize;

use super::report::{Key, Problems};

/// `ip` of a policy as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Ip")]
pub(super) struct RawIp {
    /// Only clients of these networks are let in: `[10.0.0.0/8]`. Default: all.
    pub allow: Option<Vec<String>>,
    /// Clients of these networks are kept out, also those that `allow` has.
    pub deny: Option<Vec<String>>,
}

/// Which clients are let in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IpRules {
    /// Of each list, a client must be on it: one for each policy that has one.
    allow: Vec<Vec<IpNet>>,
    deny: Vec<IpNet>,
}

impl IpRules {
    /// Whether a client of this address is let in.
    pub fn admit(&self, address: IpAddr) -> bool {
        let is_of = |networks: &[IpNet]| networks.iter().any(|network| network.contains(&address));
        !is_of(&self.deny) && self.allow.iter().all(|networks| is_of(networks))
    }

    /// Both: whom either keeps out is kept out.
    pub(super) fn and(mut self, other: &Self) -> Self {
        self.allow.extend(other.allow.iter().cloned());
        self.deny.extend(&other.deny);
        self
    }
}

impl RawIp {
    pub(super) fn settle(self, key: &Key, problems: &mut Problems<'_>) -> IpRules {
        if self.allow.is_none() && self.deny.is_none() {
            problems.add(key, "nobody is kept out", "add `allow: [NETWORK]` or `deny: [NETWORK]`");
        }
        if self.allow.as_ref().is_some_and(Vec::is_empty) {
            let fix = "list networks, or take the key away to let all in";
            problems.add(&key.then("allow"), "nobody is let in", fix);
        }
        let allow = self.allow.map(|written| networks(written, &key.then("allow"), problems));
        let deny = networks(self.deny.unwrap_or_default(), &key.then("deny"), problems);
        IpRules { allow: allow.into_iter().collect(), deny }
    }
}

/// Reads a list of networks; an address alone is a network of one.
pub(super) fn networks(written: Vec<String>, key: &Key, problems: &mut Problems<'_>) -> Vec<IpNet> {
    let mut networks = Vec::new();
    for (i, text) in written.into_iter().enumerate() {
        match network(text.trim()) {
            Some(network) if network.trunc() == network => networks.push(network),
            Some(network) => {
                let message = format!("`{text}` is an address inside a network");
                let fix = format!("write `{}` or `{}`", network.trunc(), network.addr());
                problems.add(&key.then(i), message, fix);
            }
            None => {
                let fix =
                    "write an address or a network: `192.0.2.7`, `10.0.0.0/8`, `2001:db8::/32`";
                problems.add(&key.then(i), format!("`{text}` is not a network"), fix);
            }
        }
    }
    networks
}

fn network(text: &str) -> Option<IpNet> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_canonical().into());
    }
    let network: IpNet = text.parse().ok()?;
    match (network.addr().to_canonical(), network.prefix_len()) {
        // An IPv4 network in the clothes of IPv6.
        (IpAddr::V4(address), length @ 96..) if network.addr().is_ipv6() => {
            IpNet::new(address.into(), length - 96).ok()
        }
        _ => Some(network),
    }
}
