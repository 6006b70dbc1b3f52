//! Reads the certificates of a listener, and chooses one for each client.
//!
//! **In:** the files of [`TlsSettings`]. **Out:** what rustls needs to serve them, or which file is wrong and why.
//!
//! **Never here:** when the files are read, and read again (`tls`).
//!
//! **Holds:** a certificate is served only with the key that belongs to it. Nothing of a key reaches an
//! error. Where clients are asked for certificates no session is resumed, so that each connection is
//! checked against the authorities of the day. TLS 1.2 and 1.3, nothing older.
//!
//! **Read first:** [`read`], [`server_config`].

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hashbrown::HashMap;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{
    ClientHello, NoServerSessionStorage, ResolvesServerCert, VerifierBuilderError,
    WebPkiClientVerifier,
};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};
use thiserror::Error;
use x509_parser::extensions::GeneralName;

use crate::config::{ClientCertificates, TlsSettings};

/// What stands in a file of certificates or keys is wrong.
#[derive(Debug, Error)]
#[error("`{}` {kind}", file.display())]
pub struct CertificateError {
    /// The file.
    pub file: PathBuf,
    kind: CertificateErrorKind,
}

/// Why a file cannot be served from.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CertificateErrorKind {
    /// The system does not hand it out.
    #[error("cannot be read: {0}")]
    Unreadable(std::io::Error),
    /// Not in the form of RFC 7468.
    #[error("is not PEM")]
    NotPem,
    /// Nothing between `BEGIN CERTIFICATE` and `END CERTIFICATE`.
    #[error("holds no certificate")]
    NoCertificate,
    /// No private key, or one under a password.
    #[error("holds no private key that is not under a password")]
    NoKey,
    /// The key cannot be used.
    #[error("holds a key of an unknown kind")]
    UnknownKey,
    /// Certificate and key are not a pair.
    #[error("holds a certificate of another key than `{}`", key.display())]
    Mismatch {
        /// The file of the key.
        key: PathBuf,
    },
    /// Not X.509.
    #[error("holds a certificate that cannot be read")]
    NotX509,
    /// Cannot vouch for anyone.
    #[error("holds an authority that cannot be trusted: {0}")]
    Authority(VerifierBuilderError),
}

/// Whether a listener could be served from its files.
///
/// # Errors
/// The first file that is wrong.
pub fn check(settings: &TlsSettings) -> Result<(), CertificateError> {
    server_config(settings, &read(settings)?).map(drop)
}

/// The certificates of a listener: of each the file, and until when it is in date, in seconds since 1970.
pub(super) fn expiries<'a>(
    settings: &'a TlsSettings,
    files: &Files,
) -> impl Iterator<Item = (&'a Path, i64)> {
    let pairs = settings.certificates.iter().zip(files.0.chunks_exact(2));
    pairs.filter_map(|(pair, bytes)| {
        let leaf = CertificateDer::from_pem_slice(&bytes[0]).ok()?;
        let (_, leaf) = x509_parser::parse_x509_certificate(&leaf).ok()?;
        Some((pair.certificate.as_path(), leaf.validity().not_after.timestamp()))
    })
}

/// The bytes of all files of a listener.
#[derive(PartialEq, Eq)]
pub(super) struct Files(Vec<Vec<u8>>);

/// Reads all files, in the order in which [`server_config`] takes them.
pub(super) fn read(settings: &TlsSettings) -> Result<Files, CertificateError> {
    let bytes = |file: &Path| {
        std::fs::read(file).map_err(|error| wrong(file, CertificateErrorKind::Unreadable(error)))
    };
    files(settings).map(bytes).collect::<Result<_, _>>().map(Files)
}

/// All files: each certificate with its key, then the authorities.
pub(super) fn files(settings: &TlsSettings) -> impl Iterator<Item = &Path> {
    let pairs = settings.certificates.iter();
    let pairs = pairs.flat_map(|pair| [pair.certificate.as_path(), pair.key.as_path()]);
    pairs.chain(settings.clients.iter().map(|clients| clients.authorities.as_path()))
}

/// Makes a configuration of the bytes of the files.
pub(super) fn server_config(
    settings: &TlsSettings,
    files: &Files,
) -> Result<ServerConfig, CertificateError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut certificates = Certificates { by_name: HashMap::new(), all: Vec::new() };
    for (pair, bytes) in settings.certificates.iter().zip(files.0.chunks_exact(2)) {
        let certified = certified(&pair.certificate, &bytes[0], &pair.key, &bytes[1], &provider)?;
        certificates.add(&pair.certificate, certified)?;
    }
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("the provider has suites for both versions");
    let builder = match (&settings.clients, files.0.last()) {
        (Some(clients), Some(bytes)) => {
            let file = clients.authorities.as_path();
            let verifier = WebPkiClientVerifier::builder_with_provider(
                Arc::new(authorities(file, bytes)?),
                provider,
            );
            let verifier = match clients {
                ClientCertificates { is_required: true, .. } => verifier,
                ClientCertificates { is_required: false, .. } => verifier.allow_unauthenticated(),
            };
            let verifier = verifier.build();
            let unfit = |error| wrong(file, CertificateErrorKind::Authority(error));
            builder.with_client_cert_verifier(verifier.map_err(unfit)?)
        }
        _ => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(Arc::new(certificates));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    match settings.clients {
        Some(_) => {
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        // Tickets are sealed with a key of this configuration: each reload begins anew.
        None => config.ticketer = aws_lc_rs::Ticketer::new().unwrap_or(config.ticketer),
    }
    Ok(config)
}

fn certified(
    file: &Path,
    chain: &[u8],
    key_file: &Path,
    key: &[u8],
    provider: &CryptoProvider,
) -> Result<CertifiedKey, CertificateError> {
    let chain = chain_of(file, chain)?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| match error {
        pem::Error::NoItemsFound => wrong(key_file, CertificateErrorKind::NoKey),
        _ => wrong(key_file, CertificateErrorKind::NotPem),
    })?;
    CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => {
            wrong(file, CertificateErrorKind::Mismatch { key: key_file.to_owned() })
        }
        rustls::Error::InvalidCertificate(_) => wrong(file, CertificateErrorKind::NotX509),
        // Whatever rustls says of a key is not repeated.
        _ => wrong(key_file, CertificateErrorKind::UnknownKey),
    })
}

fn chain_of(file: &Path, bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes).collect();
    match chain {
        Ok(chain) if chain.is_empty() => Err(wrong(file, CertificateErrorKind::NoCertificate)),
        Ok(chain) => Ok(chain),
        Err(_) => Err(wrong(file, CertificateErrorKind::NotPem)),
    }
}

fn authorities(file: &Path, bytes: &[u8]) -> Result<RootCertStore, CertificateError> {
    let mut roots = RootCertStore::empty();
    for certificate in chain_of(file, bytes)? {
        roots.add(certificate).map_err(|_| wrong(file, CertificateErrorKind::NotX509))?;
    }
    Ok(roots)
}

fn wrong(file: &Path, kind: CertificateErrorKind) -> CertificateError {
    CertificateError { file: file.to_owned(), kind }
}

/// The certificates of a listener, by the names that they are for (RFC 6125, section 6.4).
#[derive(Debug)]
struct Certificates {
    /// Each with the names of DNS in its subject, `*.` included, in lower case.
    by_name: HashMap<String, Vec<Arc<CertifiedKey>>>,
    /// In the order of the file; the first that a client can use is for names that none has.
    all: Vec<Arc<CertifiedKey>>,
}

impl Certificates {
    fn add(&mut self, file: &Path, certified: CertifiedKey) -> Result<(), CertificateError> {
        let unreadable = || wrong(file, CertificateErrorKind::NotX509);
        let leaf = certified.cert.first().ok_or_else(unreadable)?.clone();
        let (_, leaf) = x509_parser::parse_x509_certificate(&leaf).map_err(|_| unreadable())?;
        if !leaf.validity().is_valid() {
            tracing::warn!(file = %file.display(), "a certificate is out of date");
        }
        let certified = Arc::new(certified);
        let names = leaf.subject_alternative_name().map_err(|_| unreadable())?;
        for name in names.iter().flat_map(|names| &names.value.general_names) {
            if let GeneralName::DNSName(name) = name {
                let same = self.by_name.entry(name.to_ascii_lowercase()).or_default();
                same.push(Arc::clone(&certified));
            }
        }
        self.all.push(certified);
        Ok(())
    }

    fn named(&self, name: &str) -> Option<&Vec<Arc<CertifiedKey>>> {
        let name = name.to_ascii_lowercase();
        let of_all_below = || {
            let (_, parent) = name.split_once('.')?;
            self.by_name.get(&format!("*.{parent}"))
        };
        self.by_name.get(&name).or_else(of_all_below)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let named = hello.server_name().and_then(|name| self.named(name));
        let can_use =
            |it: &&Arc<CertifiedKey>| it.key.choose_scheme(hello.signature_schemes()).is_some();
        named.unwrap_or(&self.all).iter().find(can_use).cloned()
    }
}
