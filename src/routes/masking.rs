//! Whether and how an answer can be masked.
//!
//! **In:** the head of an upstream's answer on a route of which masks hide something.
//! **Out:** whether its body is filtered, or why it cannot be passed on.
//!
//! **Never here:** filtering (`masks`), which masks hide (`routes`).
//!
//! **Holds:** what could hold values to hide and cannot be read is not passed on: an answer that is packed,
//! partial, or several JSON texts in one. What is not JSON by its type passes as it is.
//!
//! **Read first:** [`prepare`].

use http::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_RANGE,
    RANGE,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use thiserror::Error;

/// Why an answer cannot be masked, and so not be passed on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Unmaskable {
    /// It is packed, though it was asked for as it is.
    #[error("the answer is packed (`content-encoding`), so its values cannot be masked")]
    Packed,
    /// It is a part of one.
    #[error("the answer is partial (206), so its values cannot be masked")]
    Partial,
    /// It holds several JSON texts, or forms of them.
    #[error("the answer is `{content_type}`, whose values cannot be masked")]
    OtherForm {
        /// Its type.
        content_type: String,
    },
}

/// Say something about the body's bytes, which will be others.
const OF_THE_BYTES: [HeaderName; 7] = [
    CONTENT_LENGTH,
    ETAG,
    ACCEPT_RANGES,
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("repr-digest"),
];

/// Types that carry JSON in another form than one text.
const OTHER_FORMS: [&str; 6] =
    ["ndjson", "jsonl", "jsonlines", "json-seq", "text/event-stream", "multipart/"];

/// Asks for an answer that can be read.
pub(super) fn ask(headers: &mut HeaderMap) {
    headers.remove(RANGE);
    headers.remove(IF_RANGE);
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
}

/// Whether the body is to be filtered; its head is made ready for that.
///
/// # Errors
/// When it would have to be and cannot be.
pub(super) fn prepare(status: StatusCode, headers: &mut HeaderMap) -> Result<bool, Unmaskable> {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let content_type = types.next().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let content_type = content_type.map(|it| it.trim().to_ascii_lowercase());
    let is_json = match &content_type {
        // Whoever reads it may take it for JSON.
        None => true,
        Some(it) => {
            if types.next().is_some() || OTHER_FORMS.iter().any(|form| it.contains(form)) {
                return Err(Unmaskable::OtherForm { content_type: it.clone() });
            }
            let essence = it.split([';', ',']).next().unwrap_or(it).trim();
            matches!(essence, "application/json" | "text/json") || essence.ends_with("+json")
        }
    };
    if !is_json {
        return Ok(false);
    }
    let encodings = headers.get_all(CONTENT_ENCODING).iter();
    if encodings.into_iter().any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Unmaskable::Packed);
    }
    if status == StatusCode::PARTIAL_CONTENT {
        return Err(Unmaskable::Partial);
    }
    OF_THE_BYTES.iter().for_each(|name| drop(headers.remove(name)));
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::{Unmaskable, prepare};
    use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

    fn prepared(status: u16, headers: &[(&'static str, &'static str)]) -> Result<bool, Unmaskable> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let prepared = prepare(StatusCode::from_u16(status).unwrap(), &mut map);
        assert!(prepared != Ok(true) || !map.contains_key("content-length"));
        prepared
    }

    #[test]
    fn json_is_filtered_and_other_types_pass() {
        for (content_type, is_json) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/problem+json", true),
            ("text/json", true),
            ("image/png", false),
            ("text/html", false),
        ] {
            let headers = [("content-type", content_type), ("content-length", "7")];
            assert_eq!(prepared(200, &headers), Ok(is_json), "{content_type}");
        }
        assert_eq!(prepared(500, &[]), Ok(true));
    }

    #[test]
    fn what_cannot_be_read_is_not_passed_on() {
        let json = ("content-type", "application/json");
        assert_eq!(prepared(200, &[json, ("content-encoding", "gzip")]), Err(Unmaskable::Packed));
        assert_eq!(prepared(200, &[json, ("content-encoding", "Identity")]), Ok(true));
        assert_eq!(prepared(206, &[json]), Err(Unmaskable::Partial));
        for content_type in ["application/x-ndjson", "text/event-stream", "multipart/mixed"] {
            let refused = prepared(200, &[("content-type", content_type)]);
            assert!(matches!(refused, Err(Unmaskable::OtherForm { .. })), "{content_type}");
        }
        let two = [json, ("content-type", "text/plain")];
        assert!(matches!(prepared(200, &two), Err(Unmaskable::OtherForm { .. })));
    }
}
