//! Finds out where a client is, and which way its request came.
//!
//! **In:** a connection, the headers of a request. **Out:** the client's address; headers about the way that
//! say only what we know.
//!
//! **Never here:** whom to trust (`config::client_address`), whom to let in (`config::networks`).
//!
//! **Holds:** the client is the right-most address that is not a trusted proxy's: whatever stands left of
//! it, anyone may have written. What a proxy that is not trusted says counts for nothing, and no room sees
//! it. A trusted proxy that says nothing legible is taken for the client itself. Of both forms only the
//! configured one counts, for proxies pass on the other as it came.
//!
//! **Read first:** [`settle`].
//!
//! Spec: <https://www.rfc-editor.org/rfc/rfc7239>

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

use http::Uri;
use http::header::{FORWARDED, HOST, HeaderMap, HeaderName, HeaderValue};

use crate::config::{ClientAddressSettings, ForwardingHeader, tells_of_the_way};
use crate::connection::Connection;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// Which way a request came.
struct Way {
    /// From the client to us; the last is the other end of the connection.
    hops: Vec<IpAddr>,
    /// What the first trusted proxy saw, or we.
    scheme: HeaderValue,
    host: Option<HeaderValue>,
}

/// The client's address. Headers about the way keep what is true, and are written if rules send them on.
pub(super) fn settle(
    settings: &ClientAddressSettings,
    connection: &Connection,
    uri: &Uri,
    headers: &mut HeaderMap,
) -> IpAddr {
    let peer = connection.peer.ip().to_canonical();
    let is_trusted = settings.trusts(peer);
    if !is_trusted && !settings.is_sent_on {
        if headers.keys().any(tells_of_the_way) {
            take_away(headers);
        }
        return peer;
    }
    let way = way(settings, is_trusted, peer, connection, uri, headers);
    take_away(headers);
    let client = way.hops.first().copied().unwrap_or(peer);
    write(&way, headers);
    client
}

fn take_away(headers: &mut HeaderMap) {
    let names: Vec<HeaderName> =
        headers.keys().filter(|name| tells_of_the_way(name)).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

fn way(
    settings: &ClientAddressSettings,
    is_trusted: bool,
    peer: IpAddr,
    connection: &Connection,
    uri: &Uri,
    headers: &HeaderMap,
) -> Way {
    let mut hops = vec![peer];
    let (mut scheme, mut host) = (None, None);
    if is_trusted {
        let mut walk = |said: Option<IpAddr>| {
            hops.extend(said);
            said.is_some_and(|address| settings.trusts(address))
        };
        match settings.header {
            ForwardingHeader::XForwardedFor => {
                let lines = texts(headers, &X_FORWARDED_FOR);
                let mut said = lines.iter().rev().flat_map(|line| line.rsplit(',')).map(address);
                while said.next().is_some_and(&mut walk) {}
                scheme = headers.get(X_FORWARDED_PROTO).cloned();
                host = headers.get(X_FORWARDED_HOST).cloned();
            }
            ForwardingHeader::Forwarded => {
                let lines = texts(headers, &FORWARDED);
                for element in
                    lines.iter().rev().flat_map(|line| split(line, ',').into_iter().rev())
                {
                    // What the hop nearest to the client said of its own side counts.
                    scheme = parameter(element, "proto").and_then(value).or(scheme);
                    host = parameter(element, "host").and_then(value).or(host);
                    if !walk(parameter(element, "for").and_then(|text| address(&text))) {
                        break;
                    }
                }
            }
        }
    }
    hops.reverse();
    let seen = if connection.is_tls() { "https" } else { "http" };
    Way {
        hops,
        scheme: scheme.unwrap_or_else(|| HeaderValue::from_static(seen)),
        host: host.or_else(|| host_of(uri, headers)),
    }
}

fn host_of(uri: &Uri, headers: &HeaderMap) -> Option<HeaderValue> {
    let of_http2 = || HeaderValue::from_str(uri.authority()?.as_str()).ok();
    headers.get(HOST).cloned().or_else(of_http2)
}

/// Writes the way in all its forms: a rule may send on any of them.
fn write(way: &Way, headers: &mut HeaderMap) {
    let (mut list, mut forwarded) = (String::new(), String::new());
    for (i, hop) in way.hops.iter().enumerate() {
        let comma = if i == 0 { "" } else { ", " };
        let _ = write!(list, "{comma}{hop}");
        let _ = match hop {
            IpAddr::V4(hop) => write!(forwarded, "{comma}for={hop}"),
            IpAddr::V6(hop) => write!(forwarded, "{comma}for=\"[{hop}]\""),
        };
        // Scheme and host are those of the client's side.
        let of_client = [("proto", Some(&way.scheme)), ("host", way.host.as_ref())];
        for (name, value) in of_client.into_iter().filter(|_| i == 0) {
            if let Some(Ok(value)) = value.map(HeaderValue::to_str) {
                let value = value.replace('\\', "\\\\").replace('"', "\\\"");
                let _ = write!(forwarded, ";{name}=\"{value}\"");
            }
        }
    }
    let client = way.hops.first().map(IpAddr::to_string).unwrap_or_default();
    for (name, text) in [(X_FORWARDED_FOR, list), (X_REAL_IP, client), (FORWARDED, forwarded)] {
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(name, value);
        }
    }
    headers.insert(X_FORWARDED_PROTO, way.scheme.clone());
    if let Some(host) = &way.host {
        headers.insert(X_FORWARDED_HOST, host.clone());
    }
}

/// The lines of a header; one that is no text says nothing legible.
fn texts<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<&'a str> {
    let lines = headers.get_all(name).iter();
    lines.map(|line| line.to_str().unwrap_or_default()).collect()
}

/// An address, perhaps with a port, perhaps between brackets.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let alone = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    alone.parse().ok().or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

/// The elements of a `Forwarded` line (RFC 7239, section 4), or the parameters of one.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let is_separator = |c: char| {
        let is_plain = !std::mem::take(&mut is_escaped);
        is_escaped = is_plain && is_quoted && c == '\\';
        is_quoted ^= is_plain && c == '"';
        c == separator && !is_quoted
    };
    text.split(is_separator).collect()
}

/// The value of a parameter of an element, without quotes.
fn parameter(element: &str, name: &str) -> Option<String> {
    let pairs = split(element, ';').into_iter().filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.into_iter().find(|pair| pair.0.eq_ignore_ascii_case(name))?;
    let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    Some(match quoted {
        Some(quoted) => quoted.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => value.to_owned(),
    })
}

fn value(text: String) -> Option<HeaderValue> {
    HeaderValue::try_from(text).ok()
}

#[cfg(test)]
mod tests {
    use super::{address, parameter, split};

    #[test]
    fn addresses_are_read_in_all_forms_that_proxies_write() {
        let read = |text| address(text).map(|address| address.to_string());
        for text in ["192.0.2.7", " 192.0.2.7 ", "192.0.2.7:4711", "::ffff:192.0.2.7"] {
            assert_eq!(read(text).as_deref(), Some("192.0.2.7"), "{text}");
        }
        for text in ["2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:4711"] {
            assert_eq!(read(text).as_deref(), Some("2001:db8::1"), "{text}");
        }
        for text in ["", "unknown", "_hidden", "192.0.2", "192.0.2.7, 10.0.0.1"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn quotes_hide_separators() {
        let line = r#"for="[2001:db8::1]:4711";host="a,b;c\"d", For=192.0.2.7; proto=https"#;
        let [first, second] = split(line, ',')[..] else { panic!("two elements") };
        assert_eq!(parameter(first, "for").as_deref(), Some("[2001:db8::1]:4711"));
        assert_eq!(parameter(first, "host").as_deref(), Some("a,b;c\"d"));
        assert_eq!(parameter(second, "for").as_deref(), Some("192.0.2.7"));
        assert_eq!(parameter(second, "proto").as_deref(), Some("https"));
        assert_eq!(parameter(second, "by"), None);
    }
}
