//! Opens a connection: name, TCP, TLS where the URL says so.
//!
//! **In:** the [`Address`] of a target. **Out:** a [`Stream`] on which HTTP can be spoken.
//!
//! **Never here:** deadlines and reuse (`pool`), HTTP (`http1`, `http2`).
//!
//! **Holds:** one TLS provider for all, and one set of trusted roots for all that name none of their own,
//! read when first needed. TLS agrees on the version of HTTP that the configuration asks for, or fails.
//!
//! **Read first:** [`Connector::connect`].

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::Url;

use super::error::UpstreamErrorKind;
use crate::config::{HttpVersion, UpstreamSettings};

/// The certificate authorities that this system trusts, for all upstreams.
#[derive(Default)]
pub(super) struct SystemRoots(OnceLock<Result<Arc<RootCertStore>, String>>);

/// Opens connections of one upstream.
pub(super) struct Connector {
    system: Arc<SystemRoots>,
    authority: Option<Arc<Path>>,
    http: HttpVersion,
    tls: OnceLock<Result<TlsConnector, String>>,
}

/// Where to connect.
pub(super) struct Address {
    /// Host and port.
    pub(super) name: Arc<str>,
    host: String,
    port: u16,
    has_tls: bool,
}

/// Bytes to a target and back.
pub(super) enum Stream {
    /// In the clear.
    Plain(TcpStream),
    /// Under TLS.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Address {
    pub(super) fn of(url: &Url) -> Self {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().unwrap_or(80);
        let name = format!("{}:{port}", url.host_str().unwrap_or_default()).into();
        Self { name, host, port, has_tls: url.scheme() == "https" }
    }
}

impl Connector {
    pub(super) fn new(settings: &UpstreamSettings, system: Arc<SystemRoots>) -> Self {
        let authority = settings.authority.clone();
        Self { system, authority, http: settings.http, tls: OnceLock::new() }
    }

    /// Opens one connection.
    pub(super) async fn connect(&self, address: &Address) -> Result<Stream, UpstreamErrorKind> {
        let target = || Arc::clone(&address.name);
        let refused = |source| UpstreamErrorKind::Connect { target: target(), source };
        let stream =
            TcpStream::connect((address.host.as_str(), address.port)).await.map_err(refused)?;
        stream.set_nodelay(true).map_err(refused)?;
        if !address.has_tls {
            return Ok(Stream::Plain(stream));
        }
        let no_tls = |reason| UpstreamErrorKind::Tls { target: target(), reason };
        let tls = self.tls.get_or_init(|| self.tls()).as_ref();
        let tls = tls.map_err(|reason| no_tls(reason.clone()))?;
        let name = ServerName::try_from(address.host.clone())
            .map_err(|error| no_tls(error.to_string()))?;
        let stream = tls.connect(name, stream).await.map_err(|error| no_tls(error.to_string()))?;
        if self.http == HttpVersion::Two && stream.get_ref().1.alpn_protocol() != Some(b"h2") {
            return Err(no_tls("it does not speak HTTP/2; write `http: 1`".to_owned()));
        }
        Ok(Stream::Tls(Box::new(stream)))
    }

    fn tls(&self) -> Result<TlsConnector, String> {
        let roots = match &self.authority {
            Some(file) => Arc::new(roots_of(file)?),
            None => self.system.0.get_or_init(system_roots).clone()?,
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let protocol: &[u8] = if self.http == HttpVersion::Two { b"h2" } else { b"http/1.1" };
        config.alpn_protocols = vec![protocol.to_vec()];
        Ok(TlsConnector::from(Arc::new(config)))
    }
}

/// What this system trusts (`SSL_CERT_FILE` and `SSL_CERT_DIR` name others).
fn system_roots() -> Result<Arc<RootCertStore>, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        return Err("this system trusts no certificate authority; install its certificates \
                    or set `SSL_CERT_FILE`"
            .to_owned());
    }
    Ok(Arc::new(roots))
}

fn roots_of(file: &Path) -> Result<RootCertStore, String> {
    let wrong = |why: String| format!("`{}` {why}", file.display());
    let unreadable = |error: rustls::pki_types::pem::Error| wrong(format!("is not PEM: {error}"));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(unreadable)? {
        let certificate = certificate.map_err(unreadable)?;
        roots.add(certificate).map_err(|error| wrong(format!("cannot be trusted: {error}")))?;
    }
    match roots.is_empty() {
        true => Err(wrong("holds no certificate".to_owned())),
        false => Ok(roots),
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, buffer),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(context, buffers),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(context, buffers),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
