//! Why a credential does not count.
//!
//! **In:** what the checks of this room find. **Out:** [`IdentityError`]: a code, a sentence for the client,
//! the reason for the log.
//!
//! **Never here:** status codes (`server`).
//!
//! **Holds:** no part of a credential, and for clients nothing that helps to forge one.

use std::sync::Arc;

use thiserror::Error;

/// Why a credential does not count, and with whom.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}{kind}", match provider { Some(name) => format!("`{name}`: "), None => String::new() })]
pub struct IdentityError {
    /// The provider that judged it, if one did.
    pub provider: Option<Arc<str>>,
    /// Why.
    pub kind: IdentityErrorKind,
}

/// What is wrong with a credential.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IdentityErrorKind {
    /// It stands there twice.
    #[error("a credential stands in the request twice")]
    Repeated,
    /// There are several.
    #[error("the request carries several credentials")]
    Several,
    /// It is longer than any.
    #[error("the credential is too long")]
    TooLong,
    /// It has no form that is known.
    #[error("the credential has no known form")]
    Malformed,
    /// Its issuer is nobody's here.
    #[error("nobody knows the issuer of the token")]
    UnknownIssuer,
    /// Its header asks for what is not done.
    #[error("the header of the token is refused: {0}")]
    Header(&'static str),
    /// Its way of signing is not allowed, or is not that of the key.
    #[error("the token is signed in a way that is not allowed")]
    Algorithm,
    /// No key has the id that it names.
    #[error("no key of the issuer fits the token")]
    UnknownKey,
    /// It was not signed by a key of the issuer.
    #[error("the signature of the token is wrong")]
    Signature,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// It would live for ever.
    #[error("the token has no `exp`")]
    NoExpiry,
    /// Its time has not come.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// It was issued for another.
    #[error("the token is for another audience")]
    Audience,
    /// A claim is of another type than the specification says.
    #[error("the claim `{0}` of the token has a wrong type")]
    Claim(&'static str),
    /// It names nobody.
    #[error("the token has no claim `{0}`, by which its consumer would be named")]
    NoId(String),
    /// Its issuer says that it does not count.
    #[error("the issuer says that the token is not active")]
    Inactive,
    /// It names nobody in the way that is asked for.
    #[error("the certificate has no name of the kind that `client_certificate.id` asks for")]
    NoName,
    /// There is no such key, or none any more.
    #[error("there is no such key in the store, or it was revoked")]
    NoKey,
    /// It cannot be checked now.
    #[error("credentials cannot be checked: {0}")]
    Unavailable(&'static str),
}

impl IdentityError {
    pub(super) fn of(provider: &Arc<str>, kind: IdentityErrorKind) -> Self {
        Self { provider: Some(Arc::clone(provider)), kind }
    }

    /// Whether the credential might count later.
    pub fn is_unavailable(&self) -> bool {
        matches!(self.kind, IdentityErrorKind::Unavailable(_))
    }

    /// A stable code, for clients and for the log.
    pub fn code(&self) -> &'static str {
        if self.is_unavailable() { "IDENTITY_UNAVAILABLE" } else { "UNAUTHENTICATED" }
    }

    /// Why, in one word, for a metric.
    pub fn outcome(&self) -> &'static str {
        match self.kind {
            IdentityErrorKind::Unavailable(_) => "unavailable",
            IdentityErrorKind::Expired => "expired",
            IdentityErrorKind::NotYetValid => "not_yet_valid",
            IdentityErrorKind::Repeated | IdentityErrorKind::Several => "several",
            IdentityErrorKind::UnknownIssuer => "issuer",
            IdentityErrorKind::Audience => "audience",
            IdentityErrorKind::Signature
            | IdentityErrorKind::Algorithm
            | IdentityErrorKind::UnknownKey => "signature",
            IdentityErrorKind::Inactive | IdentityErrorKind::NoKey => "unknown",
            _ => "malformed",
        }
    }

    /// One sentence for the client. What a caller with an honest credential can act on is said; no more.
    pub fn message(&self) -> &'static str {
        match self.kind {
            IdentityErrorKind::Unavailable(_) => "credentials cannot be checked now",
            IdentityErrorKind::Expired => "the credential has expired",
            IdentityErrorKind::NotYetValid => "the credential is not valid yet",
            IdentityErrorKind::Repeated | IdentityErrorKind::Several => {
                "the request carries more than one credential"
            }
            _ => "the credential is not accepted",
        }
    }
}

impl From<IdentityErrorKind> for IdentityError {
    fn from(kind: IdentityErrorKind) -> Self {
        Self { provider: None, kind }
    }
}
