//! Serves the files of the query page.
//!
//! **In:** the path of a request. **Out:** a file of the `ui` crate, or nothing if it has none there.
//!
//! **Never here:** what the page does.
//!
//! **Holds:** without the feature `ui` there is no page; everything else is the same.

use super::reply::Reply;
use crate::pipeline::Facts;

#[cfg(feature = "ui")]
pub(super) fn answer(facts: &Facts, graphql_path: &str) -> Option<Reply> {
    use bytes::Bytes;
    use http::header::ACCEPT_ENCODING;

    use super::reply::Refusal;

    let asset = ui::asset(&facts.path)?;
    if facts.method != http::Method::GET && facts.method != http::Method::HEAD {
        return Some(Reply::Refused(Refusal::MethodNotAllowed("GET".to_owned())));
    }
    let accepts = |encoding: &str| {
        let accepted = facts.headers.get_all(ACCEPT_ENCODING).iter();
        accepted.filter_map(|value| value.to_str().ok()).any(|value| value.contains(encoding))
    };
    let encoding = asset.encoding.filter(|encoding| accepts(encoding));
    let placeholder = ui::GRAPHQL_PATH_PLACEHOLDER;
    let bytes = if asset.encoding.is_some() && encoding.is_none() {
        Bytes::from(asset.unpacked().into_owned())
    } else if asset.immutable || !asset.content_type.starts_with("text/html") {
        Bytes::from_static(asset.bytes)
    } else {
        String::from_utf8_lossy(asset.bytes).replace(placeholder, graphql_path).into()
    };
    let content_type = asset.content_type;
    Some(Reply::Page { content_type, encoding, bytes, lasting: asset.immutable })
}

#[cfg(not(feature = "ui"))]
pub(super) fn answer(_facts: &Facts, _graphql_path: &str) -> Option<Reply> {
    None
}
