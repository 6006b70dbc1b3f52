//! TLS of a listener: which certificates it shows, and which it asks of clients.
//!
//! **In:** `tls` of a listener. **Out:** [`TlsSettings`]: files that are there.
//!
//! **Never here:** reading the files (`server::certificates` does, now and whenever they change); TLS of
//! upstreams (`upstreams`).
//!
//! **Read first:** [`RawListenerTls`].

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use super::report::{Key, Problems};

/// `tls` of a listener as written: `certificate` and `key`, or `certificates`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ListenerTls")]
pub(super) struct RawListenerTls {
    /// A PEM file: the certificate, then those above it. Read again whenever it changes.
    pub certificate: Option<PathBuf>,
    /// A PEM file: the private key of the certificate.
    pub key: Option<PathBuf>,
    /// Several certificates. The server name that a client asks for chooses; the first is for all others.
    pub certificates: Option<Vec<RawCertificate>>,
    /// A PEM file: the authorities that vouch for certificates of clients. Without it, none is asked for.
    pub client_ca: Option<PathBuf>,
    /// With `client_ca`: whether a client must send a certificate. Default: `required`.
    pub client_auth: Option<RawClientAuth>,
}

/// One of `certificates` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Certificate")]
pub(super) struct RawCertificate {
    /// A PEM file: the certificate, then those above it.
    pub certificate: Option<PathBuf>,
    /// A PEM file: the private key of the certificate.
    pub key: Option<PathBuf>,
}

/// `client_auth` as written.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ClientAuth")]
pub(super) enum RawClientAuth {
    /// A client without a certificate is served, too.
    Optional,
    /// A client without a certificate is turned away.
    Required,
}

/// TLS of one listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSettings {
    /// Never empty; the first is for names that no other has.
    pub certificates: Vec<CertificateFiles>,
    /// What is asked of clients.
    pub clients: Option<ClientCertificates>,
}

/// Where a certificate and its key stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate, then those above it.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Certificates of clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificates {
    /// The authorities that vouch for them.
    pub authorities: PathBuf,
    /// Whether a client must have one.
    pub is_required: bool,
}

impl RawListenerTls {
    /// None if there is no certificate, which is a finding.
    pub(super) fn settle(
        self,
        key: &Key,
        folder: &Path,
        problems: &mut Problems<'_>,
    ) -> Option<TlsSettings> {
        let is_short = self.certificate.is_some() || self.key.is_some();
        let several = self.certificates.unwrap_or_default();
        if is_short && !several.is_empty() {
            let fix = "move `certificate` and `key` into `certificates`, as its first entry";
            problems.add(&key.then("certificates"), "there is also a `certificate`", fix);
        }
        if !is_short && several.is_empty() {
            let fix = "add `certificate: FILE` and `key: FILE`";
            problems.add(key, "TLS needs a certificate", fix);
        }
        let mut certificates = Vec::new();
        if is_short {
            let one = RawCertificate { certificate: self.certificate, key: self.key };
            certificates.push(one.settle(key, folder, problems));
        }
        for (i, one) in several.into_iter().enumerate() {
            certificates.push(one.settle(&key.then("certificates").then(i), folder, problems));
        }
        if self.client_auth.is_some() && self.client_ca.is_none() {
            let fix = "add `client_ca: FILE` with the authorities that vouch for clients";
            problems.add(&key.then("client_auth"), "no client's certificate could be checked", fix);
        }
        let clients = self.client_ca.map(|written| ClientCertificates {
            authorities: file(&written, &key.then("client_ca"), folder, problems),
            is_required: !matches!(self.client_auth, Some(RawClientAuth::Optional)),
        });
        (!certificates.is_empty()).then_some(TlsSettings { certificates, clients })
    }
}

impl RawCertificate {
    fn settle(self, key: &Key, folder: &Path, problems: &mut Problems<'_>) -> CertificateFiles {
        let mut named = |written: Option<PathBuf>, step: &str| match written {
            Some(written) => file(&written, &key.then(step), folder, problems),
            None => {
                let message = "a certificate and its key go together";
                problems.add(key, message, format!("add `{step}: FILE`"));
                PathBuf::new()
            }
        };
        CertificateFiles {
            certificate: named(self.certificate, "certificate"),
            key: named(self.key, "key"),
        }
    }
}

fn file(written: &Path, key: &Key, folder: &Path, problems: &mut Problems<'_>) -> PathBuf {
    let file = folder.join(written);
    if !file.is_file() {
        let fix = "name a PEM file; paths are relative to this file";
        problems.add(key, format!("there is no file `{}`", file.display()), fix);
    }
    file
}
