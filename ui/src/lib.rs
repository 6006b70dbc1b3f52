//! Carries the bytes of the query page: GraphiQL when it could be built, else a small page of our own.
//!
//! **In:** the path of a request. **Out:** the [`Asset`] to answer with.
//!
//! **Never here:** HTTP (the gateway serves the assets, and puts the path of its GraphQL endpoint where
//! [`GRAPHQL_PATH_PLACEHOLDER`] stands), the status and the plans the page asks for.
//!
//! **Holds:** everything the page needs is in the table: it reaches for no other host. The page itself is never
//! packed, so that the placeholder can be replaced in it; packed assets can be had unpacked.
//!
//! `web/` is GraphiQL with the plan below it, bundled by `build.rs` with Node and npm. `small/` is the page for a
//! build without them. Both use the custom elements of `web/src/elements/`: the header with the state of the
//! graph, the plan, and the terms on which it would run. `GRAPHLOOM_UI=small` chooses the small page where GraphiQL could be built.
//!
//! **Read first:** [`asset`].

use std::borrow::Cow;
use std::io::Read;

use flate2::read::GzDecoder;

mod built {
    use super::{Asset, Kind};

    include!(concat!(env!("OUT_DIR"), "/assets.rs"));
}

/// Which page this build carries.
pub const KIND: Kind = built::KIND;

/// Stands in the page where the path of the GraphQL endpoint belongs.
pub const GRAPHQL_PATH_PLACEHOLDER: &str = "__GRAPHQL_PATH__";

/// The two pages a build can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// GraphiQL, bundled with Node.
    GraphiQL,
    /// One HTML file without a framework.
    Small,
}

/// A file of the page, as it is served.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// The value of `content-type`.
    pub content_type: &'static str,
    /// The body, in the `encoding`.
    pub bytes: &'static [u8],
    /// The name carries a hash of the content, so that it may be cached for good.
    pub immutable: bool,
    /// The value of `content-encoding`; none when the bytes are the file itself.
    pub encoding: Option<&'static str>,
}

impl Asset {
    /// The file itself, for a client that does not accept the `encoding`.
    pub fn unpacked(&self) -> Cow<'static, [u8]> {
        if self.encoding.is_none() {
            return Cow::Borrowed(self.bytes);
        }
        let mut file = Vec::new();
        GzDecoder::new(self.bytes).read_to_end(&mut file).expect("the build packed these bytes");
        Cow::Owned(file)
    }
}

/// The file at the path of a request: the page at `/` and `/index.html`, its parts below `/_graphloom/ide/`.
pub fn asset(path: &str) -> Option<Asset> {
    let path = if path == "/index.html" { "/" } else { path };
    let at = built::ASSETS.binary_search_by_key(&path, |(path, _)| path).ok()?;
    Some(built::ASSETS[at].1)
}

#[cfg(test)]
mod tests;
