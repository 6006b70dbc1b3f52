//! Where in a request a credential stands.
//!
//! **In:** `from` of a provider. **Out:** [`Place`]s, in the order in which they are looked at.
//!
//! **Never here:** looking at requests (`identity::place` of the room does).
//!
//! **Holds:** never the query string: URLs end up in logs and histories.

use http::HeaderName;
use http::header::AUTHORIZATION;
use schemars::JsonSchema;
use serde::Deserialize;

use super::super::report::{Key, Problems};

/// One of `from` as written: a header or a cookie.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Place")]
pub(in crate::config) struct RawPlace {
    /// The header that carries the credential.
    pub header: Option<String>,
    /// With `header`: the word before the credential, such as `Bearer`. Default for `authorization`: `Bearer`.
    pub prefix: Option<String>,
    /// The cookie that carries the credential.
    pub cookie: Option<String>,
}

/// Where a credential stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// The value of a header, after a word if one is named.
    Header {
        /// Its name.
        name: HeaderName,
        /// The word, which is compared without regard to case (RFC 9110, section 11.1).
        prefix: Option<String>,
    },
    /// The value of a cookie.
    Cookie {
        /// Its name.
        name: String,
    },
}

impl Place {
    /// `authorization: Bearer ...` (RFC 6750).
    pub(super) fn bearer() -> Self {
        Self::Header { name: AUTHORIZATION, prefix: Some("Bearer".to_owned()) }
    }
}

pub(super) fn settle(
    raw: Option<&[RawPlace]>,
    default: &Place,
    key: &Key,
    problems: &mut Problems<'_>,
) -> Vec<Place> {
    let Some(raw) = raw else { return vec![default.clone()] };
    let key = key.then("from");
    if raw.is_empty() {
        problems.add(&key, "no credential could be found", "name a place: `{ header: x-token }`");
    }
    let settle = |(i, place): (usize, &RawPlace)| place.settle(&key.then(i), problems);
    raw.iter().enumerate().filter_map(settle).collect()
}

impl RawPlace {
    fn settle(&self, key: &Key, problems: &mut Problems<'_>) -> Option<Place> {
        let is_word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic());
        if let Some(prefix) = self.prefix.as_deref().filter(|prefix| !is_word(prefix)) {
            let fix = "write one word, such as `Bearer`; the space after it is understood";
            problems.add(&key.then("prefix"), format!("`{prefix}` is not a word"), fix);
        }
        match (&self.header, &self.cookie) {
            (Some(header), None) => {
                let Ok(name) = HeaderName::from_bytes(header.as_bytes()) else {
                    let fix = "use letters, digits and `-`, such as `x-token`";
                    let message = format!("`{header}` is not the name of a header");
                    problems.add(&key.then("header"), message, fix);
                    return None;
                };
                let is_standard = name == AUTHORIZATION && self.prefix.is_none();
                let prefix =
                    if is_standard { Some("Bearer".to_owned()) } else { self.prefix.clone() };
                Some(Place::Header { name, prefix })
            }
            (None, Some(cookie)) if self.prefix.is_none() => {
                if !is_word(cookie) || cookie.contains(['=', ';', ',', '"']) {
                    let fix = "use letters, digits, `-` and `_`, such as `session`";
                    let message = format!("`{cookie}` is not the name of a cookie");
                    problems.add(&key.then("cookie"), message, fix);
                }
                Some(Place::Cookie { name: cookie.clone() })
            }
            _ => {
                let fix =
                    "write `{ header: authorization, prefix: Bearer }` or `{ cookie: session }`";
                problems.add(key, "the place is not one header or one cookie", fix);
                None
            }
        }
    }
}
