//! Whose word counts on where a client is.
//!
//! **In:** `client_address`. **Out:** [`ClientAddressSettings`].
//!
//! **Never here:** finding the address (`server::address`).
//!
//! **Holds:** without trusted proxies nobody's word counts.

use std::net::IpAddr;

use http::HeaderName;
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::Deserialize;

use super::headers::HeaderRule;
use super::networks::networks;
use super::report::{Key, Problems};

/// `client_address` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ClientAddress")]
pub(super) struct RawClientAddress {
    /// Networks of proxies that say whom they speak for: `[10.0.0.0/8]`. Default: none.
    pub trusted_proxies: Option<Vec<String>>,
    /// The header in which they say so. Default: `x-forwarded-for`.
    pub header: Option<RawForwardingHeader>,
}

/// `header` as written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "ForwardingHeader")]
pub(super) enum RawForwardingHeader {
    /// `X-Forwarded-For`, with `X-Forwarded-Proto` and `X-Forwarded-Host`.
    #[default]
    #[serde(rename = "x-forwarded-for")]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    #[serde(rename = "forwarded")]
    Forwarded,
}

/// Whose word counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientAddressSettings {
    trusted_proxies: Vec<IpNet>,
    /// How proxies say whom they speak for.
    pub header: ForwardingHeader,
    /// Whether any rule sends on what is known of the way of a request.
    pub is_sent_on: bool,
}

/// The form in which proxies say whom they speak for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForwardingHeader {
    /// Addresses, the last hop last.
    XForwardedFor,
    /// RFC 7239.
    Forwarded,
}

impl ClientAddressSettings {
    /// Whether what comes from this address may say whom it speaks for.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(&address))
    }
}

/// Whether a header says which way a request came.
pub fn tells_of_the_way(name: &HeaderName) -> bool {
    let name = name.as_str();
    name.starts_with("x-forwarded-") || name == "forwarded" || name == "x-real-ip"
}

impl RawClientAddress {
    pub(super) fn settle<'a>(
        self,
        mut rules: impl Iterator<Item = &'a HeaderRule>,
        problems: &mut Problems<'_>,
    ) -> ClientAddressSettings {
        let key = Key::default().then("client_address");
        let written = self.trusted_proxies.unwrap_or_default();
        if written.is_empty() && self.header.is_some() {
            let fix = "add `trusted_proxies: [NETWORK]`, or take the key away";
            problems.add(&key.then("header"), "nobody is trusted to send this header", fix);
        }
        ClientAddressSettings {
            trusted_proxies: networks(written, &key.then("trusted_proxies"), problems),
            header: match self.header.unwrap_or_default() {
                RawForwardingHeader::XForwardedFor => ForwardingHeader::XForwardedFor,
                RawForwardingHeader::Forwarded => ForwardingHeader::Forwarded,
            },
            is_sent_on: rules.any(
                |rule| matches!(rule, HeaderRule::Forward { name, .. } if tells_of_the_way(name)),
            ),
        }
    }
}
