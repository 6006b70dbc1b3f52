//! A subgraph that speaks HTTP/1 or HTTP/2, in the clear or under TLS, as a test says.
//!
//! **Never here:** answers other than JSON (`phases` writes its own bytes).

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::folder::Folder;
use crate::house::{lines, until};
use graphloom::telemetry::Capture;

/// A server that ends when it is dropped.
pub(crate) struct Wire {
    pub(crate) address: SocketAddr,
    n_connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Wire {
    /// Answers every request as `answer` says, in whatever version it comes.
    pub(crate) async fn start<A, F>(tls: Option<ServerConfig>, answer: A) -> Self
    where
        A: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let n_connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&n_connections);
        let tls = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                let (answer, tls) = (answer.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, answer).await,
                        // A client that does not trust us goes away.
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, answer).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, n_connections, task }
    }

    /// How many connections were opened to it.
    pub(crate) fn n_connections(&self) -> usize {
        self.n_connections.load(Ordering::SeqCst)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve<A, F>(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, answer: A)
where
    A: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let service = service_fn(move |request| {
        let answer = answer.clone();
        async move { Ok::<_, std::convert::Infallible>(answer(request).await) }
    });
    let builder = Builder::new(TokioExecutor::new());
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

/// A certificate authority of our own in `ca.pem`, and a server for `localhost` that it vouches for.
pub(crate) fn localhost(folder: &Path, protocols: &[&[u8]]) -> ServerConfig {
    let mut authority = CertificateParams::new([]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(folder.join("ca.pem"), authority.pem()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = certificate.signed_by(&key, &authority).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.into()], key.into())
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    config
}

/// A folder with the schema of a subgraph that has one field to ask and one to change.
pub(crate) fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("only.graphql", "type Query { a: Int } type Mutation { b: Int }");
    folder
}

/// A gateway before that subgraph: `pool` is what stands in its upstream besides the target.
pub(crate) fn yaml(url: &str, pool: &str, more: &str) -> String {
    format!(
        "listen: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\n\
         supergraph:\n  subgraphs: {{ only: {{ schema: only.graphql, upstream: pool, merge: false }} }}\n\
         upstreams: {{ pool: {{ targets: [{{ url: \"{url}\" }}]{pool} }} }}\n{more}"
    )
}

/// What the log says of a request that went wrong.
pub(crate) async fn error_of(log: &Capture) -> String {
    let line = until("the line is written", || lines(log, "request").pop()).await;
    line["errors"].to_string()
}
