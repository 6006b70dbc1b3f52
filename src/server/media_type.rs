//! Chooses the media type of a GraphQL response.
//!
//! **In:** the `accept` header. **Out:** one of the two types that GraphQL has, or none that fits.
//!
//! **Never here:** what the choice means for the status (`reply`).
//!
//! Spec: <https://graphql.github.io/graphql-over-http/draft/#sec-Media-Types>

use http::HeaderMap;
use http::header::ACCEPT;

/// The two types of a GraphQL response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MediaType {
    /// `application/graphql-response+json`: the status tells whether anything ran.
    GraphqlResponse,
    /// `application/json`: every well-formed request is answered with success.
    Json,
}

impl MediaType {
    /// The type that the client likes best; `application/json` when it does not mind.
    pub(super) fn negotiate(headers: &HeaderMap) -> Option<Self> {
        if !headers.contains_key(ACCEPT) {
            return Some(Self::Json);
        }
        let ranges = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut best: Option<(f32, Self)> = None;
        for range in ranges.flat_map(|value| value.split(',')) {
            let mut parts = range.split(';').map(str::trim);
            let media_type = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
                "application/graphql-response+json" => Self::GraphqlResponse,
                "application/json" | "application/*" | "*/*" => Self::Json,
                _ => continue,
            };
            let quality = parts
                .find_map(|part| part.strip_prefix("q="))
                .map_or(1.0, |quality| quality.parse().unwrap_or(0.0));
            // Of equal wishes the first one written counts.
            if quality > 0.0 && best.is_none_or(|(other, _)| quality > other) {
                best = Some((quality, media_type));
            }
        }
        best.map(|(_, media_type)| media_type)
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::MediaType;
    use http::{HeaderMap, HeaderValue, header::ACCEPT};

    fn negotiated(accept: &'static str) -> Option<MediaType> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        MediaType::negotiate(&headers)
    }

    #[test]
    fn the_wish_of_the_client_is_followed() {
        assert_eq!(MediaType::negotiate(&HeaderMap::new()), Some(MediaType::Json));
        assert_eq!(negotiated("*/*"), Some(MediaType::Json));
        assert_eq!(
            negotiated("application/json;q=0.9, application/graphql-response+json"),
            Some(MediaType::GraphqlResponse)
        );
        assert_eq!(
            negotiated("application/graphql-response+json, application/json"),
            Some(MediaType::GraphqlResponse)
        );
        assert_eq!(negotiated("text/html"), None);
        assert_eq!(negotiated("application/json;q=0"), None);
    }
}
