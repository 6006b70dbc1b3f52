//! Unpacks a compressed answer.
//!
//! **In:** the headers and the bytes of an answer. **Out:** what they mean, within the bound for answers.
//!
//! **Never here:** answers that are passed on as they came (`routes`).
//!
//! **Holds:** a bomb costs no more memory than the bound.
//!
//! **Read first:** [`decode`].
//!
//! Spec: <https://www.rfc-editor.org/rfc/rfc9110#section-8.4>

use std::io::Read;

use bytes::Bytes;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, HeaderValue};

use super::error::UpstreamErrorKind;

/// What is accepted.
pub(super) const ACCEPTED: HeaderValue = HeaderValue::from_static("gzip, deflate");

/// The bytes that an answer means, at most `limit`.
pub(super) fn decode(
    headers: &mut HeaderMap,
    body: Bytes,
    limit: usize,
) -> Result<Bytes, UpstreamErrorKind> {
    let Some(encoding) = headers.get(CONTENT_ENCODING) else { return Ok(body) };
    let encoding = String::from_utf8_lossy(encoding.as_bytes()).trim().to_ascii_lowercase();
    let unpacked = match encoding.as_str() {
        "" | "identity" => return Ok(body),
        "gzip" | "x-gzip" => unpack(MultiGzDecoder::new(&*body), &encoding, limit),
        // The name means zlib, but some servers leave its frame away.
        "deflate" if is_zlib(&body) => unpack(ZlibDecoder::new(&*body), &encoding, limit),
        "deflate" => unpack(DeflateDecoder::new(&*body), &encoding, limit),
        _ => {
            let reason = "nothing of that kind was asked for".to_owned();
            return Err(UpstreamErrorKind::Encoding { encoding, reason });
        }
    };
    headers.remove(CONTENT_ENCODING);
    headers.remove(CONTENT_LENGTH);
    unpacked
}

fn unpack(packed: impl Read, encoding: &str, limit: usize) -> Result<Bytes, UpstreamErrorKind> {
    let mut bytes = Vec::new();
    let unpacked = packed.take(limit as u64 + 1).read_to_end(&mut bytes);
    if bytes.len() > limit {
        return Err(UpstreamErrorKind::ResponseTooLarge { limit });
    }
    match unpacked {
        Ok(_) => Ok(bytes.into()),
        Err(error) => Err(UpstreamErrorKind::Encoding {
            encoding: encoding.to_owned(),
            reason: error.to_string(),
        }),
    }
}

/// RFC 1950, section 2.2: the method is 8, and both bytes together are a multiple of 31.
fn is_zlib(body: &[u8]) -> bool {
    match body {
        [first, second, ..] => {
            first & 15 == 8 && u16::from_be_bytes([*first, *second]).is_multiple_of(31)
        }
        _ => false,
    }
}
