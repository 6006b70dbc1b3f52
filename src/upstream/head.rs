//! The headers of a request on its way out, put together for each attempt to send it.
//!
//! **In:** headers as rules made them; or those that all requests of a kind have in common, and the id of
//! this one. **Out:** a [`HeaderMap`] for one attempt.
//!
//! **Never here:** which headers travel (`headers`).
//!
//! **Holds:** what is common is hashed once, when its kind is made known: an attempt copies it whole and
//! only writes over the places that were kept for the host and the id.
//!
//! **Read first:** [`Head::take`].

use std::sync::Arc;

use http::header::{ACCEPT_ENCODING, HOST};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::encoding;
use super::headers::X_REQUEST_ID;

/// The headers of a request on its way out.
#[derive(Debug)]
pub enum Head {
    /// Headers that this request alone has.
    Own(HeaderMap),
    /// Nothing but an id that others of its kind have not.
    Common(Arc<CommonHead>, HeaderValue),
}

/// The headers that all requests of a kind have in common, with room for those that they have not.
#[derive(Debug)]
pub struct CommonHead(HeaderMap);

impl CommonHead {
    pub(super) fn new(mut headers: HeaderMap, has_host: bool, is_packed: bool) -> Self {
        let nothing = HeaderValue::from_static("");
        headers.insert(X_REQUEST_ID, nothing.clone());
        if has_host {
            headers.insert(HOST, nothing);
        }
        if is_packed {
            headers.insert(ACCEPT_ENCODING, encoding::ACCEPTED);
        }
        Self(headers)
    }
}

impl Head {
    /// What tells it from others, but for the id.
    pub fn for_comparison(&self) -> &HeaderMap {
        match self {
            Self::Own(headers) => headers,
            Self::Common(common, _) => &common.0,
        }
    }

    /// Sets a header for this request alone.
    pub(super) fn insert(&mut self, name: HeaderName, value: HeaderValue) {
        if let Self::Common(common, id) = self {
            let mut headers = common.0.clone();
            headers.insert(X_REQUEST_ID, id.clone());
            *self = Self::Own(headers);
        }
        if let Self::Own(headers) = self {
            headers.insert(name, value);
        }
    }

    /// The answer may come packed.
    pub(super) fn accept_packed(&mut self) {
        if let Self::Own(headers) = self {
            headers.insert(ACCEPT_ENCODING, encoding::ACCEPTED);
        }
    }

    /// The headers for an attempt; `keeps` them for another.
    pub(super) fn take(&mut self, host: Option<&HeaderValue>, keeps: bool) -> HeaderMap {
        let mut headers = match self {
            Self::Own(headers) if keeps => headers.clone(),
            Self::Own(headers) => std::mem::take(headers),
            Self::Common(common, id) => {
                let mut headers = common.0.clone();
                headers.insert(X_REQUEST_ID, id.clone());
                headers
            }
        };
        if let Some(host) = host {
            headers.insert(HOST, host.clone());
        }
        headers
    }

    /// Takes back the headers of an attempt that was not sent.
    pub(super) fn restore(&mut self, unsent: HeaderMap) {
        if let Self::Own(headers) = self {
            *headers = unsent;
        }
    }
}

impl From<HeaderMap> for Head {
    fn from(headers: HeaderMap) -> Self {
        Self::Own(headers)
    }
}
