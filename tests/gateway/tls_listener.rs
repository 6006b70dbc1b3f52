//! Clients under TLS: which certificate they see, which they show, and what happens to those that dawdle.
//!
//! **Never here:** TLS of upstreams (`tls`), what a client's certificate allows.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use graphloom::config::Settings;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::client::{Answer, Connection, get, request, send};
use crate::folder::Folder;
use crate::house::{Diagnostics, lines, say_skipped, start, until};
use crate::pem::{Authority, Pair};

const ONE: &str = "certificate: a.pem, key: a.key.pem";

/// A folder with the certificate `a` for `localhost`, and who vouches for it.
fn folder() -> (Folder, Authority) {
    let (folder, authority) = (crate::wire::folder(), Authority::new());
    authority.server(&["localhost"]).write(folder.path(), "a");
    folder.write("ca.pem", &authority.pem());
    (folder, authority)
}

fn yaml(tls: &str, more: &str) -> String {
    format!(
        "listen: {{ address: 127.0.0.1:0, tls: {{ {tls} }} }}\n\
         admin: {{ listen: 127.0.0.1:0 }}\n\
         supergraph:\n  subgraphs: {{ only: {{ schema: only.graphql, url: http://127.0.0.1:9 }} }}\n{more}"
    )
}

async fn shake_hands(
    address: SocketAddr,
    name: &str,
    config: ClientConfig,
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

async fn speak_http1(stream: TlsStream<TcpStream>) -> Connection {
    let http1 = hyper::client::conn::http1::handshake(TokioIo::new(stream));
    let (sender, connection) = http1.await.unwrap();
    tokio::spawn(connection);
    sender
}

fn typename() -> Request<Full<Bytes>> {
    crate::client::graphql_request("{ __typename }", json!({}), &[])
}

/// What a whole exchange over a new connection comes to; with TLS 1.3 a server refuses after the
/// client's side of the handshake is done.
async fn exchange(address: SocketAddr, config: ClientConfig) -> Result<Answer, String> {
    let stream = shake_hands(address, "localhost", config).await.map_err(|e| e.to_string())?;
    let mut connection = speak_http1(stream).await;
    let answer = connection.send_request(typename()).await.map_err(|error| error.to_string())?;
    let (head, body) = answer.into_parts();
    let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
    Ok(Answer { status: head.status, headers: head.headers, body })
}

/// Whether the certificate that a client sees is this one.
fn shows(stream: &TlsStream<TcpStream>, pair: &Pair) -> bool {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    let seen = &stream.get_ref().1.peer_certificates().unwrap()[0];
    *seen == CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap()
}

/// Waits until the gateway hangs up.
async fn is_closed(stream: &mut (impl AsyncReadExt + Unpin)) {
    let mut rest = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut rest));
    // However it ends.
    let _ = read.await.expect("the gateway hangs up");
}

/// Waits until such a handshake is counted.
async fn counted(admin: SocketAddr, outcome: &str) {
    let line = format!("graphloom_tls_handshakes_total{{outcome=\"{outcome}\"}}");
    let began = Instant::now();
    while !get(admin, "/metrics").await.text().contains(&line) {
        assert!(began.elapsed() < Duration::from_secs(20), "{outcome} is not counted");
    }
}

#[tokio::test]
async fn clients_choose_the_version_of_http_in_the_handshake() {
    let (folder, authority) = folder();
    let (gateway, log) = start(folder.path(), &yaml(ONE, "")).await;
    let address = gateway.public_address;
    let config = authority.trusted_by(&["http/1.1"], None);
    let stream = shake_hands(address, "localhost", config).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"http/1.1".as_slice()));
    let answer = send(&mut speak_http1(stream).await, typename()).await;
    assert_eq!(answer.json(), json!({ "data": { "__typename": "Query" } }));

    let config = authority.trusted_by(&["h2", "http/1.1"], None);
    let stream = shake_hands(address, "localhost", config).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
    let http2 = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (mut sender, connection) = http2.await.unwrap();
    tokio::spawn(connection);
    let (mut head, body) = typename().into_parts();
    head.uri = "https://localhost/graphql".parse().unwrap();
    head.headers.remove("host");
    let answer = sender.send_request(Request::from_parts(head, body)).await.unwrap();
    assert_eq!((answer.status(), answer.version()), (http::StatusCode::OK, http::Version::HTTP_2));
    until("both have a line", || (lines(&log, "request").len() == 2).then_some(())).await;
    counted(gateway.admin_address, "ok").await;
    // In the clear nothing is answered there.
    let mut plain = TcpStream::connect(address).await.unwrap();
    plain.write_all(b"GET /health HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
}

#[tokio::test]
async fn the_server_name_chooses_the_certificate() {
    let (folder, authority) = folder();
    let first = authority.server(&["first.example"]);
    let second = authority.server(&["second.example", "*.second.example"]);
    first.write(folder.path(), "first");
    second.write(folder.path(), "second");
    let both = "certificates: [{ certificate: first.pem, key: first.key.pem }, \
                { certificate: second.pem, key: second.key.pem }]";
    let (gateway, _) = start(folder.path(), &yaml(both, "")).await;
    let shown = async |name: &str| {
        let config = authority.trusted_by(&[], None);
        shake_hands(gateway.public_address, name, config).await
    };
    assert!(shows(&shown("first.example").await.unwrap(), &first));
    assert!(shows(&shown("second.example").await.unwrap(), &second));
    assert!(shows(&shown("API.second.example").await.unwrap(), &second));
    // One name below the star, not two; whoever has none gets the first, and refuses it.
    for name in ["a.b.second.example", "third.example"] {
        let refused = shown(name).await.unwrap_err().to_string();
        assert!(refused.contains("not valid for"), "{refused}");
    }
}

#[tokio::test]
async fn changed_certificates_serve_within_a_second_and_old_connections_live_on() {
    let (folder, authority) = folder();
    let diagnostics = Diagnostics::new();
    let (gateway, _) = start(folder.path(), &yaml(ONE, "")).await;
    let address = gateway.public_address;
    let connect = async || {
        let config = authority.trusted_by(&[], None);
        shake_hands(address, "localhost", config).await.unwrap()
    };
    let mut old = speak_http1(connect().await).await;
    let new = authority.server(&["localhost"]);
    new.write(folder.path(), "a");
    let written = Instant::now();
    while !shows(&connect().await, &new) {
        assert!(written.elapsed() < Duration::from_secs(5), "the old certificate is still shown");
    }
    println!("replaced after {:?}", written.elapsed());
    let metrics = get(gateway.admin_address, "/metrics").await.text();
    let expiry = "graphloom_tls_certificate_expiry_timestamp_seconds{file=\"";
    assert_eq!(metrics.matches(expiry).count(), 1, "{metrics}");
    assert_eq!(send(&mut old, typename()).await.status, 200);

    // The key of another: what was good stays.
    let other = authority.server(&["localhost"]);
    folder.write("a.key.pem", &other.key);
    let refused = until("the change is refused", || {
        lines(&diagnostics.lines, "changed certificates refused; those before stay in use").pop()
    })
    .await;
    let told = refused.to_string();
    assert!(told.contains("a.pem") && told.contains("a certificate of another key"), "{told}");
    assert!(!told.contains("PRIVATE") && !told.contains(&other.key[30..60]), "{told}");
    assert!(shows(&connect().await, &new));
    // With its certificate it is good again.
    folder.write("a.pem", &other.certificate);
    while !shows(&connect().await, &other) {
        assert!(written.elapsed() < Duration::from_secs(20), "the mended pair is not shown");
    }
}

#[tokio::test]
async fn what_links_lead_to_is_followed() {
    let (folder, authority) = folder();
    let elsewhere = Folder::new();
    authority.server(&["localhost"]).write(elsewhere.path(), "a");
    for file in ["a.pem", "a.key.pem"] {
        std::fs::remove_file(folder.path().join(file)).unwrap();
        std::os::unix::fs::symlink(elsewhere.path().join(file), folder.path().join(file)).unwrap();
    }
    let (gateway, _) = start(folder.path(), &yaml(ONE, "")).await;
    let new = authority.server(&["localhost"]);
    new.write(elsewhere.path(), "a");
    let began = Instant::now();
    loop {
        let config = authority.trusted_by(&[], None);
        let stream = shake_hands(gateway.public_address, "localhost", config).await.unwrap();
        if shows(&stream, &new) {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "the old certificate is still shown");
    }
}

#[tokio::test]
async fn the_configuration_may_name_other_files_and_ask_more_of_clients() {
    let (folder, authority) = folder();
    let diagnostics = Diagnostics::new();
    let (gateway, _) = start(folder.path(), &yaml(ONE, "")).await;
    let address = gateway.public_address;
    assert_eq!(exchange(address, authority.trusted_by(&[], None)).await.unwrap().status, 200);
    authority.server(&["localhost"]).write(folder.path(), "b");
    let other = "certificate: b.pem, key: b.key.pem, client_ca: ca.pem";
    folder.write("graphloom.yaml", &yaml(other, ""));
    let began = Instant::now();
    while exchange(address, authority.trusted_by(&[], None)).await.is_ok() {
        assert!(began.elapsed() < Duration::from_secs(20), "no certificate is asked for");
    }
    let alice = authority.client("alice");
    let answer = exchange(address, authority.trusted_by(&[], Some(&alice))).await;
    assert_eq!(answer.unwrap().status, 200);
    // The new files are followed, too.
    folder.write("b.pem", "");
    let refused = "changed certificates refused; those before stay in use";
    until("the change is refused", || lines(&diagnostics.lines, refused).pop()).await;
    assert_eq!(lines(&diagnostics.lines, "the change of this key needs a restart").len(), 0);
    // An address cannot change.
    folder.write(
        "graphloom.yaml",
        &yaml(other, "").replace("listen: 127.0.0.1:0", "listen: 127.0.0.1:1"),
    );
    let restart = until("a restart is asked for", || {
        lines(&diagnostics.lines, "the change of this key needs a restart").pop()
    });
    assert_eq!(restart.await["key"], "admin.listen");
}

#[tokio::test]
async fn clients_must_show_a_certificate_or_may() {
    let (folder, authority) = folder();
    let (clients, strangers) = (Authority::new(), Authority::new());
    folder.write("clients.pem", &clients.pem());
    let (alice, mallory) = (clients.client("alice"), strangers.client("alice"));
    for (mode, without) in
        [("", false), (", client_auth: required", false), (", client_auth: optional", true)]
    {
        let tls = format!("{ONE}, client_ca: clients.pem{mode}");
        let (gateway, _) = start(folder.path(), &yaml(&tls, "")).await;
        let ask = async |client: Option<&Pair>| {
            exchange(gateway.public_address, authority.trusted_by(&[], client)).await
        };
        assert_eq!(ask(Some(&alice)).await.unwrap().status, 200, "{mode}");
        assert_eq!(ask(None).await.is_ok(), without, "{mode}");
        // A certificate that nobody vouches for is worse than none.
        assert!(ask(Some(&mallory)).await.is_err(), "{mode}");
        counted(gateway.admin_address, "failed").await;
    }
}

#[tokio::test]
async fn whoever_dawdles_in_the_handshake_is_cut_off() {
    let (folder, _) = folder();
    let limits = "workers: 1\nlimits: { handshake_timeout: 100ms }\n";
    let (gateway, _) = start(folder.path(), &yaml(ONE, limits)).await;
    is_closed(&mut TcpStream::connect(gateway.public_address).await.unwrap()).await;
    counted(gateway.admin_address, "timeout").await;
}

#[tokio::test]
async fn the_oldest_handshake_makes_room_for_a_new_one() {
    let (folder, authority) = folder();
    let limits = "workers: 1\nlimits: { handshakes: 2, handshake_timeout: 1h }\n";
    let (gateway, _) = start(folder.path(), &yaml(ONE, limits)).await;
    let address = gateway.public_address;
    let mut silent = Vec::new();
    for _ in 0..5 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    let answer = exchange(address, authority.trusted_by(&[], None)).await.unwrap();
    assert_eq!(answer.status, 200);
    for stream in &mut silent[..4] {
        is_closed(stream).await;
    }
    counted(gateway.admin_address, "crowded").await;
}

#[tokio::test]
async fn slow_headers_under_tls_are_cut_off_too() {
    let (folder, authority) = folder();
    let limits = "workers: 1\nlimits: { header_timeout: 50ms }\n";
    let (gateway, _) = start(folder.path(), &yaml(ONE, limits)).await;
    for said in ["", "GET /health HT", "GET /health HTTP/1.1\r\nhost: a\r\n"] {
        let config = authority.trusted_by(&[], None);
        let mut stream = shake_hands(gateway.public_address, "localhost", config).await.unwrap();
        stream.write_all(said.as_bytes()).await.unwrap();
        is_closed(&mut stream).await;
    }
}

#[tokio::test]
async fn a_stop_does_not_wait_for_handshakes() {
    let (folder, _) = folder();
    let limits = "limits: { handshake_timeout: 1h, drain: 1h }\n";
    let (mut gateway, _) = start(folder.path(), &yaml(ONE, limits)).await;
    let mut silent = TcpStream::connect(gateway.public_address).await.unwrap();
    gateway.shutdown().await;
    is_closed(&mut silent).await;
}

#[tokio::test]
async fn all_listeners_are_served() {
    let (folder, authority) = folder();
    let yaml = yaml(ONE, "")
        .replace(
            "listen: { address: 127.0.0.1:0, tls",
            "listen:\n- 127.0.0.1:0\n- { address: 127.0.0.1:0, tls",
        )
        .replace(
            "admin: { listen: 127.0.0.1:0 }",
            &format!("admin: {{ listen: {{ address: 127.0.0.1:0, tls: {{ {ONE} }} }} }}"),
        );
    let (gateway, _) = start(folder.path(), &yaml).await;
    let [plain, tls] = gateway.public_addresses[..] else { panic!("two were listed") };
    assert_eq!(get(plain, "/health").await.status, 200);
    let config = || authority.trusted_by(&[], None);
    assert_eq!(exchange(tls, config()).await.unwrap().status, 200);
    let stream = shake_hands(gateway.admin_address, "localhost", config()).await.unwrap();
    let metrics = request(http::Method::GET, "/metrics", &[], "");
    assert_eq!(send(&mut speak_http1(stream).await, metrics).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn curl_shows_a_certificate() {
    if Command::new("curl").arg("--version").output().is_err() {
        say_skipped("there is no curl");
        return;
    }
    let (folder, authority) = folder();
    folder.write("clients.pem", &authority.pem());
    authority.client("alice").write(folder.path(), "alice");
    let (gateway, _) =
        start(folder.path(), &yaml(&format!("{ONE}, client_ca: clients.pem"), "")).await;
    let url = format!("https://localhost:{}/graphql", gateway.public_address.port());
    let curl = |more: &[&str]| {
        let output = Command::new("curl")
            .current_dir(folder.path())
            .args(["-sS", "--cacert", "ca.pem", "--resolve"])
            .arg(format!("localhost:{}:127.0.0.1", gateway.public_address.port()))
            .args([
                "--json",
                r#"{"query":"{ __typename }"}"#,
                "-w",
                " %{http_code} %{http_version}",
            ])
            .args(more)
            .arg(&url)
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    };
    let (is_served, answer) = curl(&["--cert", "alice.pem", "--key", "alice.key.pem"]);
    assert!(is_served && answer.starts_with(r#"{"data":{"__typename":"Query"}} 200"#), "{answer}");
    let (is_served, answer) = curl(&[]);
    assert!(!is_served && answer.contains("alert"), "{answer}");
}

#[test]
fn what_cannot_be_served_from_is_told_with_its_place_and_the_fix() {
    let (folder, _) = folder();
    let refused = |listen: &str| {
        let text = format!("listen: {listen}\nsupergraph: {{ file: s.graphql }}\n");
        let file = folder.path().join("graphloom.yaml");
        Settings::read(Path::new(&file), &text, &|_| None).unwrap_err().to_string()
    };
    for (listen, said) in [
        ("{ address: nowhere }", "`listen.address`: `nowhere` is not an address to listen on"),
        ("[127.0.0.1:4000, 127.0.0.1:4000]", "`listen[1]`: `127.0.0.1:4000` is listed twice"),
        ("[]", "no client could connect (list at least one address)"),
        ("[127.0.0.1:4009]", "`admin.listen`: `127.0.0.1:4009` is also the public address"),
        ("5", "expected an address such as `127.0.0.1:4000`"),
        ("{ address_: a }", "unknown key `address_` (did you mean `address`?)"),
        ("{ address: \"127.0.0.1:1\", tls: {} }", "`listen.tls`: TLS needs a certificate"),
        (
            "[{ address: \"127.0.0.1:1\", tls: { certificate: a.pem } }]",
            "`listen[0].tls`: a certificate and its key go together (add `key: FILE`)",
        ),
        (
            "{ address: \"127.0.0.1:1\", tls: { certificate: b.pem, key: a.key.pem } }",
            "`listen.tls.certificate`: there is no file",
        ),
        (
            "{ address: \"127.0.0.1:1\", tls: { certificate: a.pem, key: a.key.pem, client_auth: optional } }",
            "`listen.tls.client_auth`: no client's certificate could be checked (add `client_ca: FILE`",
        ),
    ] {
        let errors = refused(listen);
        assert!(errors.contains(said), "{listen}\n{errors}");
    }
}

#[tokio::test]
async fn a_gateway_does_not_start_with_a_certificate_that_cannot_be_served() {
    let (folder, authority) = folder();
    let other = authority.server(&["localhost"]);
    for (file, content, said) in [
        ("a.key.pem", other.key.as_str(), "a.pem` holds a certificate of another key than"),
        ("a.key.pem", "nonsense", "a.key.pem` holds no private key"),
        ("a.pem", "", "a.pem` holds no certificate"),
        ("a.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n", "a.pem` is not PEM"),
    ] {
        authority.server(&["localhost"]).write(folder.path(), "a");
        folder.write(file, content);
        let path = folder.path().join("graphloom.yaml");
        let settings = Settings::read(&path, &yaml(ONE, ""), &|_| None).unwrap();
        let log = Arc::new(graphloom::telemetry::Json(graphloom::telemetry::Capture::default()));
        let refused = graphloom::Gateway::start(settings, log).await.err().unwrap().to_string();
        assert!(refused.contains(said), "{refused}");
        folder.write("graphloom.yaml", &yaml(ONE, ""));
        let mut validate = Command::new(env!("CARGO_BIN_EXE_graphloom"));
        validate.args(["config", "validate"]).current_dir(folder.path());
        let output = validate.output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(3) && told.contains(said), "{told}");
        assert!(told.contains("fix: ") && !told.contains("PRIVATE"), "{told}");
    }
}
