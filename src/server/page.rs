//! Serves the files of the query page.
//!
//! **In:** the path of a request. **Out:** a file of the `ui` crate.
//!
//! **Never here:** what the page does; which paths lead here (`own`).
//!
//! **Holds:** a packed file goes out packed only to a client that accepts it so.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, VARY,
};

use super::reply::Refusal;
use crate::pipeline::{Facts, Rooms};

/// Answers with the file at the path of a request.
pub(super) async fn asset(
    State(rooms): State<Arc<Rooms>>,
    Extension(facts): Extension<Arc<Facts>>,
) -> Result<Response, Refusal> {
    let asset = ui::asset(&facts.path).ok_or(Refusal::NotFound)?;
    let accepts = |encoding: &str| {
        let accepted = facts.headers.get_all(ACCEPT_ENCODING).iter();
        accepted.filter_map(|value| value.to_str().ok()).any(|value| value.contains(encoding))
    };
    let encoding = asset.encoding.filter(|encoding| accepts(encoding));
    let bytes = if asset.encoding.is_some() && encoding.is_none() {
        Bytes::from(asset.unpacked().into_owned())
    } else if asset.immutable || !asset.content_type.starts_with("text/html") {
        Bytes::from_static(asset.bytes)
    } else {
        let path = &rooms.settings.graphql.path;
        String::from_utf8_lossy(asset.bytes).replace(ui::GRAPHQL_PATH_PLACEHOLDER, path).into()
    };
    let cache = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    if let Some(encoding) = encoding {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    Ok((headers, bytes).into_response())
}
