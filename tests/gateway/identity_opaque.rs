//! Tokens that only their issuer can read, and certificates of clients.
//!
//! **Never here:** signed tokens (`identity`); the issuer from npm (`identity_oidc`).

use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use http::{Response, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};

use crate::client::{connect, graphql_request, send};
use crate::folder::Folder;
use crate::house::{say_skipped, start};
use crate::identity::{ask_with_token, assert_admitted, assert_refused, guarded, guarded_by};
use crate::issuer::{Key, now};
use crate::pem::Authority;
use crate::stub::{self, Stub};

/// An issuer that can be asked: what it says of a token is what `says` gives.
struct Asked {
    stub: Stub,
    says: Arc<Mutex<Value>>,
    n_asked: Arc<AtomicUsize>,
    is_down: Arc<AtomicBool>,
    forms: Arc<Mutex<Vec<(String, String)>>>,
}

impl Asked {
    async fn start() -> Self {
        let says = Arc::new(Mutex::new(json!({ "active": false })));
        let (n_asked, is_down) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let forms = Arc::<Mutex<Vec<_>>>::default();
        let (said, count, down, kept) =
            (Arc::clone(&says), Arc::clone(&n_asked), Arc::clone(&is_down), Arc::clone(&forms));
        let stub = Stub::start(move |request| {
            let (said, count, down, kept) =
                (Arc::clone(&said), Arc::clone(&count), Arc::clone(&down), Arc::clone(&kept));
            async move {
                count.fetch_add(1, Ordering::SeqCst);
                let client = request.headers()["authorization"].to_str().unwrap().to_owned();
                let body = request.into_body().collect().await.unwrap().to_bytes();
                kept.lock().unwrap().push((client, String::from_utf8_lossy(&body).into_owned()));
                if down.load(Ordering::SeqCst) {
                    let mut response = Response::new(Full::default());
                    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                    return response;
                }
                stub::json(&said.lock().unwrap())
            }
        })
        .await;
        Self { stub, says, n_asked, is_down, forms }
    }

    fn provider(&self) -> String {
        format!(
            "  corp: {{ introspection: {{ url: \"http://{}/introspect\", client_id: gate, client_secret: \"a:b c\" }} }}",
            self.stub.address
        )
    }

    fn says(&self, value: Value) {
        *self.says.lock().unwrap() = value;
    }

    fn n_asked(&self) -> usize {
        self.n_asked.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn an_issuer_is_asked_once_about_a_token_that_is_good() {
    let issuer = Asked::start().await;
    let house = guarded(&issuer.provider()).await;
    issuer.says(json!({ "active": true, "sub": "alice", "scope": "read", "exp": now() + 300 }));
    for _ in 0..3 {
        assert_admitted(&ask_with_token(&house, "opaque+token&x=1").await);
    }
    assert_eq!(issuer.n_asked(), 1);
    // `gate` and `a:b c`, each encoded, in base64; the token as a form.
    let form = "token=opaque%2Btoken%26x%3D1&token_type_hint=access_token";
    let client = "Basic Z2F0ZTphJTNBYitj";
    assert_eq!(*issuer.forms.lock().unwrap(), [(client.to_owned(), form.to_owned())]);
    let lines = house.request_lines(6).await;
    assert!(lines.iter().all(|line| line["consumer"] == "corp:alice"));
}

#[tokio::test]
async fn what_the_issuer_does_not_vouch_for_is_refused_and_not_asked_again_at_once() {
    let issuer = Asked::start().await;
    let provider = issuer.provider().replace("client_id", "audiences: [api], client_id");
    let house = guarded(&provider).await;
    let refused = [
        json!({ "active": false }),
        json!({}),
        json!({ "active": "true", "sub": "alice", "aud": "api" }),
        json!({ "active": true, "sub": "alice", "aud": "api", "exp": now() - 1 }),
        json!({ "active": true, "sub": "alice", "aud": "api", "nbf": now() + 60 }),
        json!({ "active": true, "sub": "alice", "aud": "other" }),
        json!({ "active": true, "sub": "alice" }),
        json!({ "active": true, "aud": "api", "client_id": "a" }),
    ];
    for (i, says) in refused.into_iter().enumerate() {
        issuer.says(says);
        assert_refused(&ask_with_token(&house, &format!("t{i}")).await, 401, "UNAUTHENTICATED");
    }
    let n_asked = issuer.n_asked();
    assert_refused(&ask_with_token(&house, "t0").await, 401, "UNAUTHENTICATED");
    assert_eq!(issuer.n_asked(), n_asked);
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_refuses_nobody_for_ever() {
    let issuer = Asked::start().await;
    let house = guarded(&issuer.provider()).await;
    issuer.says(json!({ "active": true, "sub": "alice" }));
    assert_admitted(&ask_with_token(&house, "known").await);
    issuer.is_down.store(true, Ordering::SeqCst);
    assert_refused(&ask_with_token(&house, "new").await, 503, "IDENTITY_UNAVAILABLE");
    assert_admitted(&ask_with_token(&house, "known").await);
    issuer.is_down.store(false, Ordering::SeqCst);
    assert_admitted(&ask_with_token(&house, "new").await);
}

#[tokio::test]
async fn requests_of_one_moment_ask_once() {
    let issuer = Asked::start().await;
    let house = guarded(&issuer.provider()).await;
    issuer.says(json!({ "active": true, "sub": "alice" }));
    let asking = (0..8).map(|_| ask_with_token(&house, "same"));
    for answers in futures_util::future::join_all(asking).await {
        assert_admitted(&answers);
    }
    assert_eq!(issuer.n_asked(), 1);
}

#[tokio::test]
async fn a_token_goes_to_whoever_issued_it() {
    let (issuer, key) = (Asked::start().await, Key::ec("e1"));
    let signing = crate::issuer::Issuer::start(&[&key]).await;
    let identity = format!(
        "{}\n  signed: {{ jwt: {{ issuer: \"{}\", audience: api }} }}",
        issuer.provider(),
        signing.name()
    );
    let house = guarded_by(&identity, "[corp, signed]").await;
    assert_admitted(&ask_with_token(&house, &key.token(&signing.claims("alice"))).await);
    assert_eq!(issuer.n_asked(), 0);
    // A forged one is not shown to another.
    let forged = Key::ec("e1").token(&signing.claims("alice"));
    assert_refused(&ask_with_token(&house, &forged).await, 401, "UNAUTHENTICATED");
    assert_eq!(issuer.n_asked(), 0);
    issuer.says(json!({ "active": true, "sub": "bob" }));
    // Nor is a key of the gateway's own, in a wrong place.
    let key = format!("glk_{}_{}", "0".repeat(10), "0".repeat(43));
    assert_refused(&ask_with_token(&house, &key).await, 401, "UNAUTHENTICATED");
    assert_eq!(issuer.n_asked(), 0);
    assert_admitted(&ask_with_token(&house, "opaque").await);
    assert_eq!(issuer.n_asked(), 1);
}

/// A gateway under TLS that may be shown certificates, and requires what `names` says.
async fn certified(identity: &str, names: &str) -> (graphloom::Running, Folder, Authority) {
    let (folder, authority) = (crate::wire::folder(), Authority::new());
    authority.server(&["localhost"]).write(folder.path(), "server");
    authority.client("alice").write(folder.path(), "alice");
    folder.write("ca.pem", &authority.pem());
    let yaml = format!(
        "listen: {{ address: 127.0.0.1:0, tls: {{ certificate: server.pem, key: server.key.pem, \
         client_ca: ca.pem, client_auth: optional }} }}\n\
         admin: {{ listen: 127.0.0.1:0 }}\n\
         supergraph:\n  subgraphs: {{ only: {{ schema: only.graphql, url: http://127.0.0.1:9 }} }}\n\
         identity:\n{identity}\ngraphql: {{ require: {{ any: {names} }} }}\n"
    );
    let (gateway, _) = start(folder.path(), &yaml).await;
    (gateway, folder, authority)
}

/// What curl gets for `{ __typename }`, and the status.
fn curl(gateway: &graphloom::Running, folder: &Folder, more: &[&str]) -> String {
    let port = gateway.public_address.port();
    let output = Command::new("curl")
        .current_dir(folder.path())
        .args(["-sS", "--cacert", "ca.pem", "--json", r#"{"query":"{ __typename }"}"#])
        .args(["-w", " %{http_code}", "--resolve", &format!("localhost:{port}:127.0.0.1")])
        .args(more)
        .arg(format!("https://localhost:{port}/graphql"))
        .output()
        .unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_certificate_names_its_consumer() {
    if Command::new("curl").arg("--version").output().is_err() {
        say_skipped("there is no curl");
        return;
    }
    let key = Key::ec("e1");
    let issuer = crate::issuer::Issuer::start(&[&key]).await;
    let mesh = "  mesh: { client_certificate: { id: subject_cn } }";
    let both = format!("{mesh}\n{}", crate::identity::discovered(&issuer));
    let alice: &[&str] = &["--cert", "alice.pem", "--key", "alice.key.pem"];
    let (gateway, folder, _) = certified(&both, "[mesh]").await;
    let ok = |answer: String| assert!(answer.ends_with(" 200"), "{answer}");
    let refused = |answer: String| assert!(answer.ends_with(" 401"), "{answer}");
    ok(curl(&gateway, &folder, alice));
    refused(curl(&gateway, &folder, &[]));
    // The door does not take the token, but the certificate; a bad token is refused all the same.
    let token = format!("authorization: Bearer {}", key.token(&issuer.claims("bob")));
    ok(curl(&gateway, &folder, &[alice, &["-H", &token]].concat()));
    refused(curl(&gateway, &folder, &["-H", &token]));
    refused(curl(&gateway, &folder, &[alice, &["-H", "authorization: Bearer x"]].concat()));
    // A certificate without the name that is asked for names nobody.
    let mail = "  mesh: { client_certificate: { id: san_email } }";
    let (gateway, folder, _) = certified(mail, "[mesh]").await;
    refused(curl(&gateway, &folder, alice));
}

#[tokio::test]
async fn an_answer_that_others_wait_for_is_its_consumers_own() {
    let (n_asked, held) = (Arc::<AtomicUsize>::default(), Arc::new(tokio::sync::Semaphore::new(0)));
    let (count, wait) = (Arc::clone(&n_asked), Arc::clone(&held));
    let upstream = Stub::start(move |_| {
        let (count, wait) = (Arc::clone(&count), Arc::clone(&wait));
        async move {
            count.fetch_add(1, Ordering::SeqCst);
            let _ = wait.acquire().await.unwrap();
            stub::json(&json!({ "data": { "a": 1 } }))
        }
    })
    .await;
    let folder = Folder::new();
    folder.write("only.graphql", "type Query { a: Int }");
    let secret = "s".repeat(32);
    let yaml = format!(
        "listen: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\n\
         supergraph: {{ subgraphs: {{ only: {{ schema: only.graphql, url: \"http://{}/\", merge: false }} }} }}\n\
         identity: {{ try: {{ jwt: {{ issuer: try, audience: api, secret: {secret} }} }} }}\n\
         graphql: {{ merge: {{ client_queries: true }} }}\n",
        upstream.address
    );
    let (gateway, _) = start(folder.path(), &yaml).await;
    let token = |subject: &str| {
        let claims = json!({ "iss": "try", "aud": "api", "sub": subject, "exp": now() + 300 });
        crate::issuer::token_by_secret(secret.as_bytes(), &json!({ "alg": "HS256" }), &claims)
    };
    let ask = |token: String| {
        let address = gateway.public_address;
        tokio::spawn(async move {
            let headers = [("authorization", format!("Bearer {token}"))];
            let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
            let mut connection = connect(address).await;
            send(&mut connection, graphql_request("{ a }", json!({}), &headers)).await.status
        })
    };
    // Two of one consumer, and one of another: two runs.
    let alice = token("alice");
    let first = ask(alice.clone());
    let n_running = |n: usize| (n_asked.load(Ordering::SeqCst) >= n).then_some(());
    crate::house::until("one has asked", || n_running(1)).await;
    let asked = [first, ask(alice), ask(token("bob"))];
    crate::house::until("both consumers have asked", || n_running(2)).await;
    let merged = "graphloom_merged_client_queries_total 1";
    let metrics = async || crate::client::get(gateway.admin_address, "/metrics").await.text();
    let joining = async { while !metrics().await.contains(merged) {} };
    tokio::time::timeout(std::time::Duration::from_secs(20), joining).await.unwrap();
    held.add_permits(10);
    for answer in asked {
        assert_eq!(answer.await.unwrap(), 200);
    }
    assert_eq!(n_asked.load(Ordering::SeqCst), 2);
}
