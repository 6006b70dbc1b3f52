//! Certificates of clients: which of their names is the consumer's id, and what they allow.
//!
//! **In:** `client_certificate` of a provider. **Out:** [`CertificateSettings`].
//!
//! **Never here:** who signs them: the `client_ca` of a listener decides that.

use schemars::JsonSchema;
use serde::Deserialize;

/// `client_certificate` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ClientCertificate")]
pub(in crate::config) struct RawCertificate {
    /// Which of its names is the consumer's id. Default: `subject_cn`.
    pub id: Option<CertificateName>,
    /// What every such consumer may do.
    pub scopes: Option<Vec<String>>,
    /// Its roles.
    pub roles: Option<Vec<String>>,
    /// Its plan.
    pub plan: Option<String>,
}

/// A name in a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CertificateName {
    /// The common name of its subject.
    #[default]
    SubjectCn,
    /// The first DNS name of its alternative names.
    SanDns,
    /// The first URI of its alternative names, such as a SPIFFE id.
    SanUri,
    /// The first e-mail address of its alternative names.
    SanEmail,
}

/// What certificates of clients say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateSettings {
    /// Which name is the id.
    pub id: CertificateName,
    /// What every such consumer may do.
    pub scopes: Vec<String>,
    /// Its roles.
    pub roles: Vec<String>,
    /// Its plan.
    pub plan: Option<String>,
}

impl RawCertificate {
    pub(super) fn settle(self) -> CertificateSettings {
        CertificateSettings {
            id: self.id.unwrap_or_default(),
            scopes: self.scopes.unwrap_or_default(),
            roles: self.roles.unwrap_or_default(),
            plan: self.plan,
        }
    }
}
