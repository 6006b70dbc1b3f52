//! Who connected: what is known of a client's connection before it asks anything.
//!
//! **In:** nothing. **Out:** [`Connection`], the same for all requests that come over it.
//!
//! **Never here:** shaking hands (`server::tls`), what a certificate is worth (`identity`), the address of a
//! client behind a proxy (`Facts::client_ip`).
//!
//! **Read first:** [`Connection`].

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;

/// A connection of a client.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The other end: the client, or the last proxy before it.
    pub peer: SocketAddr,
    /// What was agreed on under TLS; none in the clear.
    pub tls: Option<Box<Tls>>,
}

/// What a handshake came to.
#[derive(Debug, Clone)]
pub struct Tls {
    /// The name that the client asked for (RFC 6066, section 3), in lower case.
    pub server_name: Option<Arc<str>>,
    /// The client's certificate, then those above it, as they were sent. Verified: an authority of the
    /// listener's `client_ca` vouches for the first, and it is in date. Empty when none was sent.
    pub client_certificates: Vec<CertificateDer<'static>>,
}

impl Connection {
    /// A connection in the clear.
    pub fn plain(peer: SocketAddr) -> Self {
        Self { peer, tls: None }
    }

    /// Whether nobody between could read it.
    pub fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// The verified certificate of the client, in DER.
    pub fn client_certificate(&self) -> Option<&CertificateDer<'static>> {
        self.tls.as_ref()?.client_certificates.first()
    }
}
