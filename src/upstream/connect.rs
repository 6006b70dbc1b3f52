//! Opens a connection: name, TCP, TLS where the URL says so, HTTP/1.1.
//!
//! **In:** the [`Address`] of a target. **Out:** a handle to send requests on; the connection itself is
//! driven by a task of its own.
//!
//! **Never here:** deadlines (`pool` and `upstream` set them), reuse.
//!
//! **Holds:** one TLS provider and one set of trusted roots for all, read when first needed.
//!
//! **Read first:** [`Connector::connect`].

use std::sync::{Arc, OnceLock};

use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

use super::body::OutgoingBody;
use super::error::UpstreamErrorKind;

/// Opens connections.
#[derive(Default)]
pub(super) struct Connector {
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

impl Address {
    pub(super) fn of(url: &Url) -> Self {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().unwrap_or(80);
        let name = format!("{}:{port}", url.host_str().unwrap_or_default()).into();
        Self { name, host, port, has_tls: url.scheme() == "https" }
    }
}

impl Connector {
    /// Opens one connection.
    pub(super) async fn connect(
        &self,
        address: &Address,
    ) -> Result<SendRequest<OutgoingBody>, UpstreamErrorKind> {
        let target = || Arc::clone(&address.name);
        let refused = |source| UpstreamErrorKind::Connect { target: target(), source };
        let stream =
            TcpStream::connect((address.host.as_str(), address.port)).await.map_err(refused)?;
        stream.set_nodelay(true).map_err(refused)?;
        if !address.has_tls {
            return handshake(stream).await;
        }
        let no_tls = |reason| UpstreamErrorKind::Tls { target: target(), reason };
        let tls = self.tls.get_or_init(tls_connector).as_ref();
        let tls = tls.map_err(|reason| no_tls(reason.clone()))?;
        let name = ServerName::try_from(address.host.clone())
            .map_err(|error| no_tls(error.to_string()))?;
        let stream = tls.connect(name, stream).await.map_err(|error| no_tls(error.to_string()))?;
        handshake(stream).await
    }
}

async fn handshake<S>(stream: S) -> Result<SendRequest<OutgoingBody>, UpstreamErrorKind>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    TokioIo<S>: Read + Write,
{
    let (sender, connection) = Builder::new()
        .handshake(TokioIo::new(stream))
        .await
        .map_err(UpstreamErrorKind::Exchange)?;
    // Its errors also reach whoever waits for an answer on it.
    tokio::spawn(connection);
    Ok(sender)
}

/// TLS with the roots that this system trusts (`SSL_CERT_FILE` and `SSL_CERT_DIR` name others).
fn tls_connector() -> Result<TlsConnector, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        return Err("this system trusts no certificate authority; install its certificates \
                    or set `SSL_CERT_FILE`"
            .to_owned());
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}
