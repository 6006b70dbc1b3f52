//! Checks signed tokens.
//!
//! **In:** the text of a token, the keys of its issuer, what the configuration expects of it, the time.
//! **Out:** its claims and when it expires, or why it does not count.
//!
//! **Never here:** fetching keys (`jwks`), what claims mean (`claims`).
//!
//! **Holds:** nothing of a token is believed before its signature is checked, but the issuer, to find
//! out who could. Its header chooses a key among those of that issuer, never how it is used.
//!
//! **Read first:** [`check`].
//!
//! Spec: <https://www.rfc-editor.org/rfc/rfc7519>, <https://www.rfc-editor.org/rfc/rfc8725>

use jsonwebtoken::dangerous::insecure_decode_claims;
use jsonwebtoken::{Algorithm, DecodingKey, Header, crypto, decode_header};
use serde_json::{Map, Value};

use super::error::IdentityErrorKind;
use crate::config::{JwtAlgorithm, JwtSettings};

/// A token, read but not believed.
pub(super) struct Token<'a> {
    text: &'a str,
    /// What is signed.
    message: &'a str,
    signature: &'a str,
    header: Header,
    claims: Map<String, Value>,
}

/// What a checked token says.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) claims: Map<String, Value>,
    /// In seconds since 1970, the difference of clocks included; none if it lives for ever.
    pub(super) expires: Option<u64>,
}

/// Key ids are short; one that is not is an attempt at something else.
const MAX_KEY_ID: usize = 256;

/// What may stand in `typ` (RFC 9068, section 2.1): a token that was made for another use does not count.
const TYPES: [&str; 4] = ["jwt", "at+jwt", "application/jwt", "application/at+jwt"];

impl<'a> Token<'a> {
    /// Whether a text has the form of a token: three parts.
    pub(super) fn is_one(text: &str) -> bool {
        text.bytes().filter(|byte| *byte == b'.').count() == 2
    }

    /// Reads a token. Its header must be one that we know how to heed.
    pub(super) fn read(text: &'a str) -> Result<Self, IdentityErrorKind> {
        if !Self::is_one(text) {
            return Err(IdentityErrorKind::Malformed);
        }
        let (message, signature) = text.rsplit_once('.').ok_or(IdentityErrorKind::Malformed)?;
        // A way of signing that is not known, `none` above all, ends here.
        let header = decode_header(text).map_err(|_| IdentityErrorKind::Malformed)?;
        let claims = insecure_decode_claims(text).map_err(|_| IdentityErrorKind::Malformed)?;
        if header.crit.is_some() {
            return Err(IdentityErrorKind::Header("it names critical extensions"));
        }
        if header.kid.as_ref().is_some_and(|kid| kid.len() > MAX_KEY_ID) {
            return Err(IdentityErrorKind::Header("its key id is too long"));
        }
        let typ = header.typ.as_deref().unwrap_or("JWT");
        if !TYPES.iter().any(|known| known.eq_ignore_ascii_case(typ)) {
            return Err(IdentityErrorKind::Header("it is of another type"));
        }
        Ok(Self { text, message, signature, header, claims })
    }

    /// All of it.
    pub(super) fn text(&self) -> &str {
        self.text
    }

    /// Whoever it says has issued it.
    pub(super) fn issuer(&self) -> Option<&str> {
        self.claims.get("iss").and_then(Value::as_str)
    }

    /// The key that it names.
    pub(super) fn key_id(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.header.alg
    }
}

/// Whether a way of signing is allowed.
pub(super) fn is_allowed(algorithm: Algorithm, settings: &JwtSettings) -> bool {
    settings.algorithms.iter().any(|allowed| named(*allowed) == algorithm)
}

/// Checks a token with the key that was found for it.
pub(super) fn check(
    token: Token<'_>,
    key: &DecodingKey,
    settings: &JwtSettings,
    now: u64,
) -> Result<Checked, IdentityErrorKind> {
    let algorithm = token.header.alg;
    if !is_allowed(algorithm, settings) || algorithm.family() != key.family() {
        return Err(IdentityErrorKind::Algorithm);
    }
    match crypto::verify(token.signature, token.message.as_bytes(), key, algorithm) {
        Ok(true) => {}
        Ok(false) | Err(_) => return Err(IdentityErrorKind::Signature),
    }
    let claims = token.claims;
    let issuer = claims.get("iss").and_then(Value::as_str);
    if !issuer.is_some_and(|issuer| settings.issuers.iter().any(|known| known == issuer)) {
        return Err(IdentityErrorKind::UnknownIssuer);
    }
    let leeway = settings.leeway.as_secs();
    let expires = match time(&claims, "exp")? {
        Some(exp) => Some(exp.saturating_add(leeway)),
        None if settings.allow_missing_exp => None,
        None => return Err(IdentityErrorKind::NoExpiry),
    };
    if expires.is_some_and(|expires| now >= expires) {
        return Err(IdentityErrorKind::Expired);
    }
    if time(&claims, "nbf")?.is_some_and(|nbf| now.saturating_add(leeway) < nbf) {
        return Err(IdentityErrorKind::NotYetValid);
    }
    let is_wanted = |audience: &str| settings.audiences.iter().any(|wanted| wanted == audience);
    if !settings.audiences.is_empty() && !audiences(&claims)?.into_iter().any(is_wanted) {
        return Err(IdentityErrorKind::Audience);
    }
    Ok(Checked { claims, expires })
}

/// A `NumericDate` (RFC 7519, section 2), in whole seconds.
pub(super) fn time(
    claims: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<u64>, IdentityErrorKind> {
    match claims.get(name) {
        None => Ok(None),
        Some(value) => match (value.as_u64(), value.as_f64()) {
            (Some(seconds), _) => Ok(Some(seconds)),
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
            (None, Some(seconds)) if (0.0..1e15).contains(&seconds) => Ok(Some(seconds as u64)),
            _ => Err(IdentityErrorKind::Claim(name)),
        },
    }
}

/// One audience, or a list of them (RFC 7519, section 4.1.3).
pub(super) fn audiences(claims: &Map<String, Value>) -> Result<Vec<&str>, IdentityErrorKind> {
    let wrong = IdentityErrorKind::Claim("aud");
    match claims.get("aud") {
        None => Ok(Vec::new()),
        Some(Value::String(audience)) => Ok(vec![audience]),
        Some(Value::Array(all)) => all.iter().map(|it| it.as_str().ok_or(wrong.clone())).collect(),
        Some(_) => Err(wrong),
    }
}

fn named(algorithm: JwtAlgorithm) -> Algorithm {
    match algorithm {
        JwtAlgorithm::RS256 => Algorithm::RS256,
        JwtAlgorithm::RS384 => Algorithm::RS384,
        JwtAlgorithm::RS512 => Algorithm::RS512,
        JwtAlgorithm::PS256 => Algorithm::PS256,
        JwtAlgorithm::PS384 => Algorithm::PS384,
        JwtAlgorithm::PS512 => Algorithm::PS512,
        JwtAlgorithm::ES256 => Algorithm::ES256,
        JwtAlgorithm::ES384 => Algorithm::ES384,
        JwtAlgorithm::EdDSA => Algorithm::EdDSA,
        JwtAlgorithm::HS256 => Algorithm::HS256,
        JwtAlgorithm::HS384 => Algorithm::HS384,
        JwtAlgorithm::HS512 => Algorithm::HS512,
    }
}
