//! Who counts as one caller, as a text.
//!
//! **In:** the key of a limit, and what is known of a request. **Out:** a short text, the same for requests
//! of the same caller.
//!
//! **Never here:** finding out who asks (`identity`), the client's address (`server::address`).
//!
//! **Holds:** what a request has no value for is replaced by its client's address, never left out: whoever
//! leaves a header away shares a bucket with nobody but himself. A value that a client sends is never taken
//! for an address or for two values. An IPv6 address counts as its network, for one client has 2⁶⁴ of them.
//!
//! **Read first:** [`text()`].

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv6Addr};

use aws_lc_rs::digest::{SHA256, digest};

use crate::config::{KeyPart, KeySettings};
use crate::expressions::Scope;

/// Longer texts are kept as what they hash to: a header may have kilobytes.
const MAX_BYTES: usize = 96;

/// The text that stands for the caller.
pub(super) fn text(key: &KeySettings, scope: &Scope<'_>) -> String {
    let mut text = String::with_capacity(32);
    for part in &key.parts {
        let value = match part {
            KeyPart::Address => None,
            KeyPart::Expression(expression) => expression.evaluate(scope),
        };
        match value.filter(|value| !value.is_empty()) {
            // With its length, so that two values are never taken for others.
            Some(value) => {
                let _ = write!(text, "={}:", value.len());
                text.push_str(&value);
            }
            None => put_address(scope.client_ip, &mut text),
        }
    }
    match text.len() {
        0..=MAX_BYTES => text,
        _ => hashed(&text),
    }
}

fn put_address(address: IpAddr, text: &mut String) {
    let _ = match address.to_canonical() {
        IpAddr::V4(address) => write!(text, "@{address}"),
        IpAddr::V6(address) => {
            let network = u128::from(address) & (u128::MAX << 64);
            write!(text, "@{}/64", Ipv6Addr::from(network))
        }
    };
}

/// A text that stands for a longer one, and cannot be taken for one that is not hashed.
pub(super) fn hashed(text: &str) -> String {
    let digest = digest(&SHA256, text.as_bytes());
    let mut hashed = String::with_capacity(65);
    hashed.push('#');
    for byte in digest.as_ref() {
        let _ = write!(hashed, "{byte:02x}");
    }
    hashed
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::text;
    use crate::config::{KeyPart, KeySettings};
    use crate::consumer::Consumer;
    use crate::expressions::{Expression, Phase, Scope};

    fn key(parts: &[&str], headers: &[(&'static str, &str)], address: &str) -> String {
        let part = |text: &&str| match *text {
            "request.client_ip" => KeyPart::Address,
            text => KeyPart::Expression(Expression::compile(text, Phase::Route).unwrap()),
        };
        let key = KeySettings { parts: parts.iter().map(part).collect() };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        text(
            &key,
            &Scope {
                id: "r",
                method: &Method::GET,
                path: "/",
                query: "",
                headers: &map,
                client_ip: address.parse().unwrap(),
                consumer: &Consumer::anonymous(),
                path_params: &[],
                route: "/orders",
                operation: None,
                args: None,
                response: None,
            },
        )
    }

    #[test]
    fn a_missing_or_empty_value_is_the_address() {
        let tenant = r#"request.headers["x-tenant"]"#;
        assert_eq!(key(&["consumer.id"], &[], "10.0.0.1"), "@10.0.0.1");
        assert_eq!(key(&[tenant], &[("x-tenant", "")], "10.0.0.1"), "@10.0.0.1");
        assert_eq!(key(&[tenant], &[("x-tenant", "a")], "10.0.0.1"), "=1:a");
        assert_eq!(key(&[tenant, "route.name"], &[], "10.0.0.1"), "@10.0.0.1=7:/orders");
    }

    #[test]
    fn what_a_client_sends_is_no_address_and_no_two_values() {
        let (a, b) = (r#"request.headers["a"]"#, r#"request.headers["b"]"#);
        assert_ne!(key(&[a], &[("a", "@10.0.0.1")], "::1"), key(&[a], &[], "10.0.0.1"));
        let one = key(&[a, b], &[("a", "x"), ("b", "y=1:z")], "::1");
        let two = key(&[a, b], &[("a", "x=5:y"), ("b", "z")], "::1");
        assert_ne!(one, two);
    }

    #[test]
    fn an_ipv6_client_counts_as_its_network() {
        let ip = ["request.client_ip"];
        let first = key(&ip, &[], "2001:db8:0:1:aaaa::1");
        assert_eq!(first, key(&ip, &[], "2001:db8:0:1:bbbb::2"));
        assert_ne!(first, key(&ip, &[], "2001:db8:0:2:aaaa::1"));
        assert_eq!(key(&ip, &[], "::ffff:10.0.0.1"), key(&ip, &[], "10.0.0.1"));
    }

    #[test]
    fn a_long_value_is_kept_as_its_hash() {
        let long = "x".repeat(5_000);
        let a = r#"request.headers["a"]"#;
        let kept = key(&[a], &[("a", &long)], "::1");
        assert_eq!(kept.len(), 65);
        assert_ne!(kept, key(&[a], &[("a", &long[1..])], "::1"));
    }
}
