//! Which pages of other origins may use a door from a browser.
//!
//! **In:** `cors` of a door. **Out:** [`CorsSettings`], its texts ready to be sent.
//!
//! **Never here:** answering (`server::cors`).
//!
//! **Holds:** by default no page of another origin may. Whoever lets all origins in cannot let credentials in.
//! An origin is compared as a whole; a star stands for names below a domain, or for any port.
//!
//! **Read first:** [`CorsSettings::allows`].
//!
//! Spec: <https://fetch.spec.whatwg.org/#http-cors-protocol>

use std::net::Ipv6Addr;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};
use schemars::JsonSchema;
use serde::Deserialize;

use super::quantity::RawDuration;
use super::report::{Key, Problems};

/// `cors` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Cors")]
pub(super) struct RawCors {
    /// Whose pages may ask: `https://app.example.com`, `https://*.example.com`, `http://localhost:*`, or `*` for
    /// all. Default: nobody's.
    pub origins: Option<Vec<String>>,
    /// By which methods. Default: those of the door.
    pub methods: Option<Vec<String>>,
    /// With which headers besides those that any page may send. Default: whichever the browser asks for.
    pub headers: Option<Vec<String>>,
    /// Which headers of the answer a page may read besides those that any page may.
    pub expose: Option<Vec<String>>,
    /// Whether browsers send their cookies along. Default: `false`.
    pub credentials: Option<bool>,
    /// For how long a browser may remember the answer. Default: `10m`.
    pub max_age: Option<RawDuration>,
}

/// Which pages may use a door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorsSettings {
    origins: Vec<Origin>,
    /// `Access-Control-Allow-Methods`.
    pub methods: HeaderValue,
    /// `Access-Control-Allow-Headers`; none: those that are asked for.
    pub headers: Option<HeaderValue>,
    /// `Access-Control-Expose-Headers`.
    pub expose: Option<HeaderValue>,
    /// `Access-Control-Allow-Credentials`.
    pub has_credentials: bool,
    /// `Access-Control-Max-Age`.
    pub max_age: HeaderValue,
}

/// One of `origins`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    All,
    One(String),
    /// Any name or port between the two.
    Between(String, String),
}

impl CorsSettings {
    /// Whether all origins are let in.
    pub fn allows_all(&self) -> bool {
        self.origins.contains(&Origin::All)
    }

    /// Whether a page of this origin may ask.
    pub fn allows(&self, origin: &str) -> bool {
        self.origins.iter().any(|allowed| match allowed {
            Origin::All => true,
            Origin::One(allowed) => allowed == origin,
            Origin::Between(before, after) => {
                let rest = origin.strip_prefix(before.as_str());
                let between = rest.and_then(|rest| rest.strip_suffix(after.as_str()));
                between.is_some_and(|between| match after.is_empty() {
                    true => !between.is_empty() && between.bytes().all(|c| c.is_ascii_digit()),
                    false => between.split('.').all(is_label),
                })
            }
        })
    }
}

fn is_label(label: &str) -> bool {
    !label.is_empty() && label.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_".contains(&c))
}

impl RawCors {
    /// By default the methods are those of the door.
    pub(super) fn settle(
        self,
        of_door: &[Method],
        key: &Key,
        problems: &mut Problems<'_>,
    ) -> CorsSettings {
        let origins_key = key.then("origins");
        let written = self.origins.unwrap_or_default().into_iter().enumerate();
        let origins: Vec<Origin> =
            written.filter_map(|(i, text)| origin(&text, &origins_key.then(i), problems)).collect();
        let has_credentials = self.credentials.unwrap_or(false);
        if has_credentials && origins.contains(&Origin::All) {
            let fix = "list the origins, or take `credentials` away";
            let message = "any page could act for whoever looks at it";
            problems.add(&key.then("credentials"), message, fix);
        }
        let methods = match self.methods {
            Some(written) => names(written, &key.then("methods"), "method", problems, |text| {
                let is_upper = !text.bytes().any(|c| c.is_ascii_lowercase());
                is_upper && Method::from_bytes(text.as_bytes()).is_ok()
            }),
            None => of_door.iter().map(Method::as_str).collect::<Vec<_>>().join(", "),
        };
        let mut header_names = |written: Option<Vec<String>>, step: &str| {
            let names = names(written?, &key.then(step), "header", problems, |text| {
                HeaderName::from_bytes(text.as_bytes()).is_ok() && text != "*"
            });
            Some(value(&names))
        };
        let headers = header_names(self.headers, "headers");
        let expose = header_names(self.expose, "expose");
        let max_age = self.max_age.and_then(|age| age.settle(&key.then("max_age"), problems));
        let max_age = max_age.unwrap_or(Duration::from_secs(600));
        CorsSettings {
            origins,
            methods: value(&methods),
            headers,
            expose,
            has_credentials,
            max_age: HeaderValue::from(max_age.as_secs()),
        }
    }
}

fn value(text: &str) -> HeaderValue {
    // Only names that were checked come here.
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

fn names(
    written: Vec<String>,
    key: &Key,
    what: &str,
    problems: &mut Problems<'_>,
    is_name: impl Fn(&str) -> bool,
) -> String {
    let mut names = Vec::new();
    for (i, text) in written.into_iter().enumerate() {
        match is_name(&text) {
            true => names.push(text),
            false => {
                let fix = format!("write the name of a {what}");
                problems.add(&key.then(i), format!("`{text}` is not the name of a {what}"), fix);
            }
        }
    }
    names.join(", ")
}

fn origin(text: &str, key: &Key, problems: &mut Problems<'_>) -> Option<Origin> {
    if text == "*" {
        return Some(Origin::All);
    }
    let lower = text.to_ascii_lowercase();
    if !is_origin(&lower) {
        let fix = "write scheme, host and port if it is not the scheme's: `https://app.example.com`, \
                   `https://*.example.com`, `http://localhost:*`";
        problems.add(key, format!("`{text}` is not an origin"), fix);
        return None;
    }
    Some(match lower.split_once('*') {
        Some((before, after)) => Origin::Between(before.to_owned(), after.to_owned()),
        None => Origin::One(lower),
    })
}

/// As browsers write it, with at most one star: for all labels before the rest of a host, or for a port.
fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else { return false };
    // The brackets of an IPv6 address hold colons.
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let is_any_port = port == Some("*");
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port != 0);
    let default = match scheme {
        "http" => Some("80"),
        "https" => Some("443"),
        _ => None,
    };
    let below = host.strip_prefix("*.").filter(|_| !is_any_port).unwrap_or(host);
    let bracketed = below.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = match bracketed {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => below.split('.').all(is_label),
    };
    is_label(&scheme.replace(['+', '.'], "-"))
        && is_host
        // Browsers leave out the port of the scheme, so that such an origin would never come.
        && port.is_none_or(|port| is_any_port || is_port(port) && Some(port) != default)
}
