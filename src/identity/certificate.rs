//! Makes a consumer of a client's certificate.
//!
//! **In:** the certificate, verified when the connection was made. **Out:** a [`Consumer`] and when it ends.
//!
//! **Never here:** whether an authority vouches for it (`server::tls`).
//!
//! **Holds:** a certificate whose time is over counts no more, however long its connection lives.
//!
//! Spec: <https://www.rfc-editor.org/rfc/rfc5280>

use std::sync::Arc;

use serde_json::{Map, Value};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use super::claims::words;
use super::error::IdentityErrorKind;
use crate::config::{CertificateName, CertificateSettings};
use crate::consumer::Consumer;

/// Whom a certificate names, and until when, in seconds since 1970.
pub(super) fn consumer(
    provider: &Arc<str>,
    der: &[u8],
    settings: &CertificateSettings,
    now: u64,
) -> Result<(Consumer, u64), IdentityErrorKind> {
    let (_, certificate) =
        X509Certificate::from_der(der).map_err(|_| IdentityErrorKind::Malformed)?;
    let until = u64::try_from(certificate.validity().not_after.timestamp()).unwrap_or(0);
    if now >= until {
        return Err(IdentityErrorKind::Expired);
    }
    let id = name(&certificate, settings.id).ok_or(IdentityErrorKind::NoName)?;
    let mut claims = Map::new();
    let mut tell = |key: &str, value: String| claims.insert(key.to_owned(), value.into());
    tell("subject", certificate.subject().to_string());
    tell("issuer", certificate.issuer().to_string());
    tell("serial", certificate.raw_serial_as_string());
    let list = |all: &[String]| words(Some(&all.iter().map(String::as_str).collect::<Value>()));
    let consumer = Consumer {
        id: format!("{provider}:{id}").into(),
        name: id.into(),
        scopes: list(&settings.scopes),
        roles: list(&settings.roles),
        claims,
        plan: settings.plan.as_deref().map(Into::into),
        provider: Some(Arc::clone(provider)),
    };
    Ok((consumer, until))
}

/// A name of the certificate. One with a control character in it is an attempt at another.
fn name<'a>(certificate: &'a X509Certificate<'_>, which: CertificateName) -> Option<&'a str> {
    let alternatives = || {
        let extension = certificate.subject_alternative_name().ok().flatten();
        extension.map(|extension| extension.value.general_names.iter()).into_iter().flatten()
    };
    let name = match which {
        CertificateName::SubjectCn => {
            certificate.subject().iter_common_name().next().and_then(|name| name.as_str().ok())
        }
        CertificateName::SanDns => alternatives().find_map(|name| match name {
            GeneralName::DNSName(name) => Some(*name),
            _ => None,
        }),
        CertificateName::SanUri => alternatives().find_map(|name| match name {
            GeneralName::URI(name) => Some(*name),
            _ => None,
        }),
        CertificateName::SanEmail => alternatives().find_map(|name| match name {
            GeneralName::RFC822Name(name) => Some(*name),
            _ => None,
        }),
    };
    name.filter(|name| !name.is_empty() && !name.chars().any(char::is_control))
}
