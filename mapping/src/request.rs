//! Builds the parts of a request: address, header values, body.
//!
//! **Out:** [`UrlTemplate`], [`Address`], [`HeaderTemplate`], [`write_form`].
//!
//! **Never here:** sending, redirects, which headers the gateway adds or takes away.
//!
//! **Holds:** what comes out of an expression never leaves its place: it cannot begin another path
//! segment, query parameter or header.
//!
//! **Read first:** [`Address::expand`].

mod template;
mod url;
mod address;
mod query;
mod header;
mod form;
mod encode;

pub use address::{Address, AddressError, AddressErrorKind, AddressPart, ExpandedAddress};
pub use form::{FormError, write_form};
pub use header::{HeaderTemplate, HeaderUse};
pub use template::{TemplateError, TemplateErrorKind};
pub use url::{UrlKind, UrlTemplate};
