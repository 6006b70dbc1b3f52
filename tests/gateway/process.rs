//! The command itself as a process: signals, standard output, the system's trusted certificates.
//!
//! **Never here:** what a gateway in the test's own process can show.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::client::{connect, graphql_request, send};
use crate::folder::Folder;
use crate::issuer::{Issuer, Key};
use crate::stub::{self, Stub};

/// A `graphloom serve`; killed if it did not end before.
pub(crate) struct Process {
    child: Child,
    access_log: ChildStdout,
    diagnostics: std::io::Lines<BufReader<ChildStderr>>,
    pub(crate) address: SocketAddr,
}

impl Process {
    pub(crate) fn serve(folder: &Folder, environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_graphloom"))
            .args(["serve", "--config"])
            .arg(folder.path().join("graphloom.yaml"))
            .envs(environment.iter().copied())
            .env_remove("RUST_LOG")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let access_log = child.stdout.take().unwrap();
        let mut diagnostics = BufReader::new(child.stderr.take().unwrap()).lines();
        let listening = diagnostics
            .by_ref()
            .map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap())
            .find(|line| line["message"] == "listening")
            .unwrap();
        let address = listening["address"].as_str().unwrap().parse().unwrap();
        Self { child, access_log, diagnostics, address }
    }

    /// As `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn terminate(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The messages of the lines that remain.
fn messages(lines: impl Iterator<Item = std::io::Result<String>>) -> Vec<String> {
    let message = |line: std::io::Result<String>| {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        line["message"].as_str().unwrap().to_owned()
    };
    lines.map(message).collect()
}

fn folder(url: &str) -> Folder {
    let folder = Folder::new();
    folder.write("only.graphql", "type Query { a: Int }");
    folder.write(
        "graphloom.yaml",
        &format!(
            "listen: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\n\
             supergraph: {{ subgraphs: {{ only: {{ schema: only.graphql, url: \"{url}\" }} }} }}\n"
        ),
    );
    folder
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_lets_a_running_request_finish_and_the_exit_code_is_0() {
    let (asked, mut is_asked) = tokio::sync::mpsc::channel(1);
    let stub = Stub::start(move |request| {
        let asked = asked.clone();
        async move {
            request.into_body().collect().await.unwrap();
            asked.send(()).await.unwrap();
            tokio::time::sleep(Duration::from_millis(200)).await;
            stub::json(&json!({ "data": { "a": 1 } }))
        }
    })
    .await;
    let folder = folder(&format!("http://{}/graphql", stub.address));
    let mut process = Process::serve(&folder, &[]);
    let mut connection = connect(process.address).await;
    let running = tokio::spawn(async move {
        send(&mut connection, graphql_request("{ a }", json!({}), &[])).await.json()
    });
    is_asked.recv().await.unwrap();
    process.terminate();
    assert_eq!(running.await.unwrap(), json!({ "data": { "a": 1 } }));
    assert!(process.child.wait().unwrap().success());
    assert_eq!(messages(BufReader::new(&mut process.access_log).lines()), ["request"]);
    assert_eq!(messages(process.diagnostics.by_ref()), ["stopping", "stopped"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subgraph_behind_tls_is_asked_when_the_system_trusts_it_and_only_then() {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let address = serve_tls(&certified).await;
    let folder = folder(&format!("https://localhost:{}/graphql", address.port()));
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    for (trusted, expected) in [(&certified, json!({ "a": 1 })), (&other, json!({ "a": null }))] {
        let file = folder.write("trusted.pem", &trusted.cert.pem());
        let file = file.to_str().unwrap();
        let process = Process::serve(&folder, &[("SSL_CERT_FILE", file), ("SSL_CERT_DIR", "")]);
        let mut connection = connect(process.address).await;
        let answer = send(&mut connection, graphql_request("{ a }", json!({}), &[])).await;
        assert_eq!(answer.json()["data"], expected, "{}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_come_from_an_issuer_that_the_system_trusts_and_from_no_other() {
    let key = Key::ec("e1");
    let issuer = Issuer::start(&[&key]).await;
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let address = tls_to(&certified, issuer.address()).await;
    let folder = folder("http://127.0.0.1:9/");
    let text = folder.read("graphloom.yaml");
    let identity = format!(
        "identity: {{ corp: {{ jwt: {{ issuer: \"{}\", audience: api, \
         jwks: {{ url: \"https://localhost:{}/jwks\" }} }} }} }}\n",
        issuer.name(),
        address.port()
    );
    folder.write("graphloom.yaml", &format!("{text}{identity}"));
    let token = format!("Bearer {}", key.token(&issuer.claims("alice")));
    for (trusted, expected) in [(&certified, 200), (&other, 503)] {
        let file = folder.write("trusted.pem", &trusted.cert.pem());
        let file = file.to_str().unwrap();
        let process = Process::serve(&folder, &[("SSL_CERT_FILE", file), ("SSL_CERT_DIR", "")]);
        let mut connection = connect(process.address).await;
        let headers = [("authorization", token.as_str())];
        let request = graphql_request("{ __typename }", json!({}), &headers);
        let answer = send(&mut connection, request).await;
        assert_eq!(answer.status, expected, "{}", answer.text());
    }
}

/// TLS before a server that speaks without.
async fn tls_to(certified: &rcgen::CertifiedKey<rcgen::KeyPair>, to: SocketAddr) -> SocketAddr {
    let acceptor = acceptor(certified);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut server = tokio::net::TcpStream::connect(to).await.unwrap();
            tokio::spawn(async move {
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
            });
        }
    });
    address
}

fn acceptor(certified: &rcgen::CertifiedKey<rcgen::KeyPair>) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = certified.signing_key.serialize_der().try_into().unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn serve_tls(certified: &rcgen::CertifiedKey<rcgen::KeyPair>) -> SocketAddr {
    let acceptor = acceptor(certified);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let service = service_fn(|_| async {
                Ok::<_, std::convert::Infallible>(http::Response::new(Full::new(
                    bytes::Bytes::from_static(b"{\"data\":{\"a\":1}}"),
                )))
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}
