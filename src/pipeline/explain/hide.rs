//! Shows headers without what may be a credential.
//!
//! **In:** the headers that would be sent, and what the client sent. **Out:** [`HeaderTold`]s.
//!
//! **Never here:** which headers are sent (`upstream::headers`).
//!
//! **Holds:** a value is hidden whole: of a header whose name speaks of credentials or in which credentials are
//! read, or the gateway's own stands; of any header that has a text of such a header of the client's, or one that `${...}` stood for in the
//! configuration.
//!
//! **Read first:** [`Hidden::headers`].

use http::{HeaderMap, HeaderName, HeaderValue};

use super::super::Rooms;
use super::told::HeaderTold;

/// What is not shown.
pub(super) struct Hidden {
    names: Vec<HeaderName>,
    texts: Vec<String>,
}

/// What stands instead.
const DOTS: &str = "•••";

/// Words of names behind which credentials stand.
const WORDS: [&str; 13] = [
    "auth",
    "cookie",
    "token",
    "secret",
    "password",
    "passwd",
    "credential",
    "key",
    "session",
    "signature",
    "jwt",
    "assertion",
    "csrf",
];

/// A text that is shorter is no secret, and stands in every second value.
const MIN_TEXT: usize = 4;

impl Hidden {
    /// What is not to be shown of a request whose client sent these headers.
    pub(super) fn new(rooms: &Rooms, client: &HeaderMap) -> Self {
        let names = rooms.identity.header_names().cloned().collect();
        let mut hidden = Self { names, texts: Vec::new() };
        for (name, value) in client {
            if !hidden.is_named(name) {
                continue;
            }
            let value = String::from_utf8_lossy(value.as_bytes());
            // Its words, too: a rule may take `Bearer` away.
            let words = value.split([' ', ';', ',', '=']).map(str::to_owned);
            hidden.texts.extend(words.chain([value.to_string()]));
        }
        let interpolated = rooms.settings.interpolated.iter();
        hidden.texts.extend(interpolated.map(|secret| secret.reveal().to_owned()));
        hidden.texts.retain(|text| text.len() >= MIN_TEXT && !text.eq_ignore_ascii_case("bearer"));
        hidden
    }

    /// Headers as they may be shown.
    pub(super) fn headers(&self, headers: &HeaderMap) -> Vec<HeaderTold> {
        let told = |(name, value): (&HeaderName, &HeaderValue)| {
            let is_marked = value.is_sensitive();
            let value = String::from_utf8_lossy(value.as_bytes());
            let value = match is_marked || self.is_named(name) || self.has_text(&value) {
                true => DOTS.to_owned(),
                false => value.into_owned(),
            };
            HeaderTold { name: name.as_str().to_owned(), value }
        };
        headers.iter().map(told).collect()
    }

    /// A text of the configuration as it may be shown.
    pub(super) fn text(&self, text: &str) -> String {
        self.texts.iter().fold(text.to_owned(), |text, hidden| text.replace(hidden, DOTS))
    }

    fn is_named(&self, name: &HeaderName) -> bool {
        self.names.contains(name) || WORDS.iter().any(|word| name.as_str().contains(word))
    }

    fn has_text(&self, value: &str) -> bool {
        self.texts.iter().any(|text| value.contains(text.as_str()))
    }
}
