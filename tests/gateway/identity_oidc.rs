//! A certified OpenID Connect provider as issuer: discovery, tokens, rotation, introspection.
//!
//! **In:** Node, and the packages of `tests/oidc` (`npm ci` there). What is missing is said.
//!
//! **Never here:** forged tokens (`identity_attacks`).

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::house::{House, say_skipped};
use crate::identity::{ask_with_token, assert_admitted, assert_refused, guarded};

/// The provider; ends when it is dropped.
struct Provider {
    child: Child,
    commands: ChildStdin,
    said: BufReader<ChildStdout>,
    issuer: String,
}

impl Provider {
    /// None where it cannot run, which is said.
    fn start() -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oidc");
        if !folder.join("node_modules/oidc-provider").is_dir() {
            say_skipped("the packages of tests/oidc are missing (`npm ci` there)");
            return None;
        }
        let started = Command::new("node")
            .arg("provider.mjs")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut child) = started else {
            say_skipped("node is missing");
            return None;
        };
        let commands = child.stdin.take().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        let mut provider = Self { child, commands, said, issuer: String::new() };
        provider.issuer = provider.line();
        Some(provider)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Has it do something, and waits until it has.
    fn command(&mut self, command: &str) {
        writeln!(self.commands, "{command}").unwrap();
        assert_eq!(self.line(), command);
    }

    /// What it answers to a form of a client.
    async fn post(&self, path: &str, client: &str, form: &str) -> Value {
        let address = self.issuer.strip_prefix("http://").unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = http::Request::post(path)
            .header("host", address)
            .header("authorization", format!("Basic {client}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Full::new(bytes::Bytes::from(form.to_owned())))
            .unwrap();
        let body = sender.send_request(request).await.unwrap().into_body();
        let body = body.collect().await.unwrap().to_bytes();
        if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() }
    }

    /// A token for the client `shop`: signed for an audience, else one that says nothing by itself.
    async fn token(&self, audience: Option<&str>) -> String {
        let resource = audience.map_or(String::new(), |audience| format!("&resource={audience}"));
        let form = format!("grant_type=client_credentials&scope=orders:read{resource}");
        let answer = self.post("/token", SHOP, &form).await;
        answer["access_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `shop:shop+secret`, in base64.
const SHOP: &str = "c2hvcDpzaG9wK3NlY3JldA==";

/// A gateway that knows no more of the provider than its name, and a token that it lets in.
async fn trusting(provider: &Provider) -> (House, String) {
    let issuer = &provider.issuer;
    let identity = format!("  corp: {{ jwt: {{ issuer: \"{issuer}\", audience: \"urn:api\" }} }}");
    let house = guarded(&identity).await;
    let token = provider.token(Some("urn:api")).await;
    assert_admitted(&ask_with_token(&house, &token).await);
    (house, token)
}

#[tokio::test]
async fn its_name_is_all_that_signed_tokens_need_and_a_rotation_needs_nothing() {
    let Some(mut provider) = Provider::start() else { return };
    let (house, before) = trusting(&provider).await;
    let lines = house.request_lines(2).await;
    assert!(lines.iter().all(|line| line["consumer"] == "corp:shop"), "{lines:?}");
    // A new key signs, the old one stands beside it: nobody notices.
    provider.command("add-key");
    let after = provider.token(Some("urn:api")).await;
    assert_admitted(&ask_with_token(&house, &after).await);
    assert_admitted(&ask_with_token(&house, &before).await);
    let opaque = provider.token(None).await;
    assert_refused(&ask_with_token(&house, &opaque).await, 401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_key_that_it_takes_back_takes_its_tokens_along() {
    let Some(mut provider) = Provider::start() else { return };
    let (house, before) = trusting(&provider).await;
    provider.command("rotate");
    let after = provider.token(Some("urn:api")).await;
    assert_admitted(&ask_with_token(&house, &after).await);
    assert_refused(&ask_with_token(&house, &before).await, 401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn it_is_asked_about_opaque_tokens() {
    let Some(provider) = Provider::start() else { return };
    let identity = format!(
        "  corp: {{ introspection: {{ url: \"{}/token/introspection\", client_id: gate, \
         client_secret: \"gate:secret\", id_claim: client_id, cache: 1s }} }}",
        provider.issuer
    );
    let house = guarded(&identity).await;
    let token = provider.token(None).await;
    assert_admitted(&ask_with_token(&house, &token).await);
    let lines = house.request_lines(2).await;
    assert!(lines.iter().all(|line| line["consumer"] == "corp:shop"), "{lines:?}");
    assert_refused(&ask_with_token(&house, "made-up").await, 401, "UNAUTHENTICATED");
    provider.post("/token/revocation", SHOP, &format!("token={token}")).await;
    let ended = async {
        while ask_with_token(&house, &token).await.iter().any(|answer| answer.status != 401) {}
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), ended).await.unwrap();
}
