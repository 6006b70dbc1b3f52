//! Joins a source's and a connector's parts to the address of one request.
//!
//! **In:** the templates and the `path` and `queryParams` of both. **Out:** [`ExpandedAddress`].
//!
//! **Never here:** sending; overriding a source's URL (the gateway's configuration does).
//!
//! **Holds:** the path is that of the base, the source's segments, that of the connector, its
//! segments; the query likewise. No slash is doubled where they meet, a trailing one stays.
//!
//! **Read first:** [`Address::expand`].

use super::encode::push_value;
use super::query::push_query;
use super::template::{Gathered, text_of};
use super::url::{FilledUrl, UrlKind, UrlTemplate, is_dot_segment};
use crate::inputs::Inputs;
use crate::limits::{Exceeded, Limits};
use crate::mapping::Mapping;
use crate::problem::Problem;
use crate::syntax::Span;
use crate::value::{Kind, View};
use thiserror::Error;

/// What makes up the address of a connector's requests.
///
/// ```
/// use mapping::{Address, Inputs, Json, Limits, UrlKind, UrlTemplate, Variable, Version};
///
/// let base = UrlTemplate::parse("https://shop.example/v1", UrlKind::Base, Version::V0_2)?;
/// let url = UrlTemplate::parse("/find/{$args.q}", UrlKind::Connect, Version::V0_2)?;
/// let address = Address { base: Some(&base), url: Some(&url), ..Address::default() };
///
/// let args = Json::read(br#"{ "q": "R&D /50%" }"#)?;
/// let inputs = Inputs::default().with(Variable::Args, &args);
/// let limits = Limits { steps: 10_000, size: 10_000, problems: 10 };
/// let address = address.expand(&inputs, limits)?;
/// assert_eq!(address.url(), "https://shop.example/v1/find/R%26D%20%2F50%25");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Address<'m> {
    /// `baseURL` of the source.
    pub base: Option<&'m UrlTemplate>,
    /// `path` of the source.
    pub source_path: Option<&'m Mapping>,
    /// `queryParams` of the source.
    pub source_query: Option<&'m Mapping>,
    /// The connector's own URL.
    pub url: Option<&'m UrlTemplate>,
    /// `path` of the connector.
    pub path: Option<&'m Mapping>,
    /// `queryParams` of the connector.
    pub query: Option<&'m Mapping>,
}

/// The address of one request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExpandedAddress {
    /// `https://host:port`
    pub origin: String,
    /// The path, with its leading slash unless it is empty.
    pub path: String,
    /// The query, without `?`; may be empty.
    pub query: String,
    /// What did not go as the mappings expected; the spans are places in the part's text.
    pub problems: Vec<(AddressPart, Problem)>,
}

/// A text that makes up an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AddressPart {
    /// `baseURL` of the source.
    BaseUrl,
    /// `path` of the source.
    SourcePath,
    /// `queryParams` of the source.
    SourceQuery,
    /// The connector's own URL.
    Url,
    /// `path` of the connector.
    Path,
    /// `queryParams` of the connector.
    Query,
}

/// Why there is no address, so that nothing may be sent.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{kind}")]
pub struct AddressError {
    /// The text whose value cannot be used.
    pub part: AddressPart,
    /// Why.
    pub kind: AddressErrorKind,
}

/// Why there is no address.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum AddressErrorKind {
    /// An expression of the URL gave a list or an object.
    #[error("an expression of the URL gives {found}, and only a scalar can stand there")]
    NotScalar {
        /// Where in the template.
        span: Span,
        /// What it gave.
        found: Kind,
    },
    /// `.` or `..` came out of an expression.
    #[error("an expression gives a path segment of dots, which would lead elsewhere")]
    DotSegment {
        /// Where in the template; `None`: in `path`.
        span: Option<Span>,
    },
    /// `path` gave no list.
    #[error("`path` gives {found}, not a list")]
    PathNotList {
        /// What it gave.
        found: Kind,
    },
    /// `path` gave a list with something that is no scalar.
    #[error("`path` gives a list with {found} in it, and only scalars can be segments")]
    PathElement {
        /// What is in it.
        found: Kind,
    },
    /// `queryParams` gave no object.
    #[error("`queryParams` gives {found}, not an object")]
    QueryNotObject {
        /// What it gave.
        found: Kind,
    },
    /// `queryParams` gave a value that has no text.
    #[error("`{name}` in `queryParams` is {found}, and only scalars and lists of them can be sent")]
    QueryValue {
        /// The parameter.
        name: String,
        /// What it is.
        found: Kind,
    },
    /// The expressions of `baseURL` give no URL.
    #[error("`baseURL` gives no URL: {why}")]
    BadBase {
        /// Why.
        why: &'static str,
    },
    /// There is neither a base nor an absolute URL.
    #[error("the URL is relative, and there is no source")]
    NoOrigin,
    /// A limit was exceeded.
    #[error(transparent)]
    Exceeded(#[from] Exceeded),
}

impl<'m> Address<'m> {
    /// The address for these inputs.
    ///
    /// # Errors
    /// When no request may be sent, because a value cannot stand where it should.
    pub fn expand(
        self,
        inputs: &Inputs<'m>,
        limits: Limits,
    ) -> Result<ExpandedAddress, AddressError> {
        let mut problems = Vec::new();
        // Runs one part, and notes which one it was.
        let mut run = |part: AddressPart, step: &mut Step<'_, 'm>| {
            let mut gathered = Gathered { inputs, limits, problems: Vec::new() };
            let result = step(&mut gathered).map_err(|kind| AddressError { part, kind });
            problems.extend(gathered.problems.into_iter().map(|problem| (part, problem)));
            result
        };
        let (mut base, mut own) = (FilledUrl::default(), FilledUrl::default());
        if let Some(template) = self.base {
            run(AddressPart::BaseUrl, &mut |it| {
                base = template.fill(UrlKind::Base, it)?;
                Ok(())
            })?;
        }
        if let Some(template) = self.url {
            run(AddressPart::Url, &mut |it| {
                own = template.fill(UrlKind::Connect, it)?;
                Ok(())
            })?;
        }
        let origin = if own.origin.is_empty() { base.origin } else { own.origin };
        if origin.is_empty() {
            let kind = AddressErrorKind::NoOrigin;
            return Err(AddressError { part: AddressPart::Url, kind });
        }
        let (mut path, mut query) = (base.path, base.query);
        run(AddressPart::SourcePath, &mut |it| push_segments(&mut path, self.source_path, it))?;
        push_path(&mut path, &own.path);
        run(AddressPart::Path, &mut |it| push_segments(&mut path, self.path, it))?;
        run(AddressPart::SourceQuery, &mut |it| push_query(&mut query, self.source_query, it))?;
        push_piece(&mut query, &own.query);
        run(AddressPart::Query, &mut |it| push_query(&mut query, self.query, it))?;
        Ok(ExpandedAddress { origin, path, query, problems })
    }
}

/// What one part adds.
type Step<'s, 'm> = dyn FnMut(&mut Gathered<'_, 'm>) -> Result<(), AddressErrorKind> + 's;

impl ExpandedAddress {
    /// The whole URL.
    pub fn url(&self) -> String {
        let sign = if self.query.is_empty() { "" } else { "?" };
        format!("{}{}{sign}{}", self.origin, self.path, self.query)
    }
}

/// Appends a path written in a template.
fn push_path(path: &mut String, own: &str) {
    // A base that is all there is keeps its trailing slash; the connector's `/` adds nothing.
    if own.is_empty() || (own == "/" && !path.is_empty()) {
        return;
    }
    if !path.ends_with('/') {
        path.push('/');
    }
    path.push_str(own.strip_prefix('/').unwrap_or(own));
}

/// Appends the segments that `path` gives.
fn push_segments<'a>(
    path: &mut String,
    mapping: Option<&'a Mapping>,
    gathered: &mut Gathered<'_, 'a>,
) -> Result<(), AddressErrorKind> {
    let Some(mapping) = mapping else { return Ok(()) };
    let Some(value) = gathered.evaluate(mapping)?.value else { return Ok(()) };
    let View::Array(elements) = value.view() else {
        return Err(AddressErrorKind::PathNotList { found: value.kind() });
    };
    for element in elements.iter().filter(|element| !element.is_null()) {
        let text = text_of(element.view());
        let text = text.ok_or(AddressErrorKind::PathElement { found: element.kind() })?;
        if is_dot_segment(&text) {
            return Err(AddressErrorKind::DotSegment { span: None });
        }
        if !path.ends_with('/') {
            path.push('/');
        }
        push_value(path, &text);
    }
    Ok(())
}

/// Appends a piece of a query.
pub(super) fn push_piece(query: &mut String, piece: &str) {
    if piece.is_empty() {
        return;
    }
    if !query.is_empty() {
        query.push('&');
    }
    query.push_str(piece);
}
