//! Who calls: what each door makes of good tokens, of bad ones, and of none.
//!
//! **Never here:** the attack list, whose tokens are forged (`identity_attacks`).

use http::Method;
use serde_json::{Value, json};

use crate::client::{Answer, call, connect, get, graphql_request, send};
use crate::house::{House, until};
use crate::issuer::{Issuer, Key};

/// A gateway whose doors both require a token of `corp`.
pub(crate) async fn guarded(identity: &str) -> House {
    guarded_by(identity, "[corp]").await
}

pub(crate) async fn guarded_by(identity: &str, names: &str) -> House {
    let more = format!(
        "identity:\n{identity}\ngraphql: {{ require: {{ any: {names} }} }}\n\
         routes: [{{ match: {{ path: \"/orders/{{id}}\" }}, upstream: orders, require: {{ any: {names} }} }}]\n"
    );
    House::open_with(&more, subgraphs::Options::default()).await
}

/// `corp`, whose keys are discovered.
pub(crate) fn discovered(issuer: &Issuer) -> String {
    format!("  corp: {{ jwt: {{ issuer: \"{}\", audience: api }} }}", issuer.name())
}

/// What both doors answer to the same headers: the GraphQL door first.
pub(crate) async fn ask_both(house: &House, headers: &[(&str, &str)]) -> [Answer; 2] {
    let mut connection = connect(house.address()).await;
    let request = graphql_request("{ topProducts(first: 1) { name } }", json!({}), headers);
    let by_graphql = send(&mut connection, request).await;
    let by_route = call(house.address(), Method::GET, "/orders/o1", headers, "").await;
    [by_graphql, by_route]
}

pub(crate) async fn ask_with_token(house: &House, token: &str) -> [Answer; 2] {
    ask_both(house, &[("authorization", &format!("Bearer {token}"))]).await
}

/// Both doors let the caller in.
pub(crate) fn assert_admitted(answers: &[Answer; 2]) {
    for answer in answers {
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json().get("errors"), None);
    }
}

/// Both doors refuse the caller with a status and a code, each in its own form.
pub(crate) fn assert_refused(answers: &[Answer; 2], status: u16, code: &str) {
    let [by_graphql, by_route] = answers;
    for answer in answers {
        assert_eq!(answer.status, status, "{}", answer.text());
        assert_eq!(answer.header("www-authenticate").is_some(), status == 401);
    }
    assert_eq!(by_graphql.json()["errors"][0]["extensions"]["code"], code);
    assert_eq!(by_graphql.json().get("data"), None);
    assert_eq!(by_route.header("content-type"), Some("application/problem+json"));
    assert_eq!(by_route.json()["code"], code);
}

#[tokio::test]
async fn a_token_of_a_discovered_issuer_opens_both_doors() {
    let key = Key::rsa("r1");
    let issuer = Issuer::start(&[&key]).await;
    let house = guarded(&discovered(&issuer)).await;
    let token = key.token(&issuer.claims("alice"));
    assert_admitted(&ask_with_token(&house, &token).await);
    let consumers: Vec<Value> =
        house.request_lines(2).await.iter().map(|line| line["consumer"].clone()).collect();
    assert_eq!(consumers, ["corp:alice", "corp:alice"]);
    // Its configuration and its keys, once each, whatever comes.
    let pss = json!({ "alg": "PS256", "kid": "r1" });
    assert_admitted(&ask_with_token(&house, &key.token_as(&pss, &issuer.claims("bob"))).await);
    assert_eq!(issuer.n_asked(), 2);
}

#[tokio::test]
async fn every_way_of_signing_that_is_allowed_counts_and_no_other() {
    let keys = [Key::rsa("rsa"), Key::ec("ec"), Key::ec384("ec384"), Key::ed("ed")];
    let [rsa, ec, ec384, ed] = &keys;
    let issuer = Issuer::start(&[rsa, ec, ec384, ed]).await;
    let token = |key: &Key, algorithm: &str| {
        let header = json!({ "alg": algorithm, "kid": key.id, "typ": "at+jwt" });
        key.token_as(&header, &issuer.claims("alice"))
    };
    let all: Vec<(&Key, &str)> = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
        .map(|algorithm| (rsa, algorithm))
        .into_iter()
        .chain([(ec, "ES256"), (ec384, "ES384"), (ed, "EdDSA")])
        .collect();
    let house = guarded(&discovered(&issuer)).await;
    for (key, algorithm) in &all {
        assert_admitted(&ask_with_token(&house, &token(key, algorithm)).await);
    }
    let only = discovered(&issuer).replace("audience", "algorithms: [ES256, EdDSA], audience");
    let house = guarded(&only).await;
    for (key, algorithm) in &all {
        let answers = ask_with_token(&house, &token(key, algorithm)).await;
        match *algorithm {
            "ES256" | "EdDSA" => assert_admitted(&answers),
            _ => assert_refused(&answers, 401, "UNAUTHENTICATED"),
        }
    }
}

#[tokio::test]
async fn without_a_credential_a_door_says_which_it_takes() {
    let issuer = Issuer::start(&[&Key::ec("e1")]).await;
    let identity = format!(
        "{}\n  web: {{ jwt: {{ issuer: web, audience: api, secret: \"{}\", from: [{{ cookie: session }}] }} }}",
        discovered(&issuer),
        "s".repeat(32)
    );
    let house = guarded_by(&identity, "[corp, web]").await;
    let answers = ask_both(&house, &[]).await;
    assert_refused(&answers, 401, "UNAUTHENTICATED");
    for answer in &answers {
        let challenges = answer.headers.get_all("www-authenticate");
        let challenges: Vec<&str> = challenges.iter().map(|it| it.to_str().unwrap()).collect();
        let cookie = "Cookie realm=\"graphloom\", cookie-name=\"session\"";
        assert_eq!(challenges, ["Bearer realm=\"graphloom\"", cookie]);
    }
    assert_eq!(
        house.requests(),
        json!({ "accounts": 0, "products": 0, "inventory": 0, "reviews": 0 })
    );
}

#[tokio::test]
async fn a_provider_that_a_door_does_not_name_opens_another_door() {
    let key = Key::ec("e1");
    let issuer = Issuer::start(&[&key]).await;
    let more = format!(
        "identity:\n{}\n  other: {{ jwt: {{ issuer: other, audience: api, secret: \"{}\" }} }}\n\
         graphql: {{ require: {{ any: [corp] }} }}\n\
         routes: [{{ match: {{ path: \"/orders/{{id}}\" }}, upstream: orders, require: {{ any: [other] }} }}]\n",
        discovered(&issuer),
        "s".repeat(32)
    );
    let house = House::open_with(&more, subgraphs::Options::default()).await;
    let [by_graphql, by_route] = ask_with_token(&house, &key.token(&issuer.claims("alice"))).await;
    assert_eq!(by_graphql.status, 200, "{}", by_graphql.text());
    assert_eq!(by_route.status, 401, "{}", by_route.text());
}

#[tokio::test]
async fn where_nothing_is_required_a_bad_token_is_refused_all_the_same() {
    let key = Key::ec("e1");
    let issuer = Issuer::start(&[&key]).await;
    let more = format!(
        "identity:\n{}\nroutes: [{{ match: {{ path: \"/orders/{{id}}\" }}, upstream: orders }}]\n",
        discovered(&issuer)
    );
    let house = House::open_with(&more, subgraphs::Options::default()).await;
    assert_admitted(&ask_both(&house, &[]).await);
    assert_admitted(&ask_with_token(&house, &key.token(&issuer.claims("alice"))).await);
    assert_refused(&ask_with_token(&house, "rubbish").await, 401, "UNAUTHENTICATED");
    let metrics = get(house.gateway.admin_address, "/metrics").await.text();
    let line = "graphloom_refused_credentials_total{outcome=\"malformed\"} 2";
    assert!(metrics.contains(line), "{metrics}");
    // Another scheme is none of ours.
    assert_admitted(&ask_both(&house, &[("authorization", "Basic YTpi")]).await);
}

#[tokio::test]
async fn keys_are_read_from_a_file_and_again_when_it_changes() {
    let (old, new) = (Key::ec("old"), Key::ec("new"));
    let issuer = Issuer::start(&[]).await;
    let folder = crate::folder::Folder::new();
    let file = folder.write("jwks.json", &json!({ "keys": [old.jwk()] }).to_string());
    let identity = format!(
        "  corp: {{ jwt: {{ issuer: \"{}\", audience: api, jwks: {{ file: \"{}\" }} }} }}",
        issuer.name(),
        file.display()
    );
    let house = guarded(&identity).await;
    let claims = issuer.claims("alice");
    assert_admitted(&ask_with_token(&house, &old.token(&claims)).await);
    assert_refused(&ask_with_token(&house, &new.token(&claims)).await, 401, "UNAUTHENTICATED");
    folder.write("jwks.json", &json!({ "keys": [new.jwk()] }).to_string());
    until("the new file is read", || house.diagnostics.lines.lines().len().gt(&0).then_some(()))
        .await;
    let read = || {
        let lines = crate::house::lines(&house.diagnostics.lines, "keys of an issuer read");
        (lines.len() >= 2).then_some(())
    };
    until("the new keys are read", read).await;
    assert_admitted(&ask_with_token(&house, &new.token(&claims)).await);
    // Also what was kept of the old key is checked anew.
    assert_refused(&ask_with_token(&house, &old.token(&claims)).await, 401, "UNAUTHENTICATED");
    assert_eq!(issuer.n_asked(), 0);
}

#[tokio::test]
async fn claims_become_the_consumer_and_the_token_goes_no_further() {
    let key = Key::ec("e1");
    let issuer = Issuer::start(&[&key]).await;
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = std::sync::Arc::clone(&seen);
    let upstream = crate::stub::Stub::start(move |request| {
        kept.lock().unwrap().push(request.headers().clone());
        std::future::ready(crate::stub::json(&json!({ "data": { "a": 1 } })))
    })
    .await;
    let folder = crate::folder::Folder::new();
    folder.write("only.graphql", "type Query { a: Int }");
    let yaml = |forward: bool| {
        let rule = if forward {
            "headers: { request: [{ forward: authorization }, { forward: cookie }] }\n"
        } else {
            "headers: { request: [{ forward: cookie }] }\n"
        };
        format!(
            "listen: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\n{rule}\
             supergraph: {{ subgraphs: {{ only: {{ schema: only.graphql, url: \"http://{0}/graphql\" }} }} }}\n\
             identity: {{ corp: {{ forward: {forward}, jwt: {{ issuer: \"{1}\", audience: api, \
             from: [{{ header: authorization }}, {{ cookie: token }}] }} }} }}\n",
            upstream.address,
            issuer.name()
        )
    };
    let token = key.token(&issuer.claims("alice"));
    let bearer = format!("Bearer {token}");
    let cookie = format!("a=1; token={token}");
    for forward in [false, true] {
        let (gateway, log) = crate::house::start(folder.path(), &yaml(forward)).await;
        for headers in [[("authorization", bearer.as_str())], [("cookie", cookie.as_str())]] {
            let mut connection = connect(gateway.public_address).await;
            let answer = send(&mut connection, graphql_request("{ a }", json!({}), &headers)).await;
            assert_eq!(answer.json(), json!({ "data": { "a": 1 } }));
            let sent = seen.lock().unwrap().pop().unwrap();
            let carries = sent.values().any(|value| value.to_str().unwrap().contains(&token));
            assert_eq!(carries, forward, "{headers:?}");
            let is_cookie = headers[0].0 == "cookie";
            assert_eq!(sent.get("cookie").is_some(), is_cookie);
        }
        until("the log has its lines", || (log.lines().len() >= 2).then_some(())).await;
        assert!(log.lines().iter().all(|line| !line.contains(&token)));
    }
}

#[tokio::test]
async fn a_reload_keeps_the_keys_and_puts_new_requirements_in_force() {
    let key = Key::ec("e1");
    let issuer = Issuer::start(&[&key]).await;
    let more = format!("identity:\n{}\n", discovered(&issuer));
    let house = House::open_with(&more, subgraphs::Options::default()).await;
    let token = format!("Bearer {}", key.token(&issuer.claims("alice")));
    let with_token = [("authorization", token.as_str())];
    let ask = async |headers: &[(&str, &str)]| {
        house.query_with("{ topProducts(first: 1) { name } }", json!({}), headers).await.status
    };
    assert_eq!((ask(&[]).await.as_u16(), ask(&with_token).await.as_u16()), (200, 200));
    let n_asked = issuer.n_asked();
    let text = house.folder.read("graphloom.yaml");
    house
        .folder
        .write("graphloom.yaml", &format!("{text}graphql: {{ require: {{ any: [corp] }} }}\n"));
    let replaced = || {
        let lines = crate::house::lines(&house.diagnostics.lines, "configuration replaced");
        (!lines.is_empty()).then_some(())
    };
    until("the configuration is replaced", replaced).await;
    assert_eq!((ask(&[]).await.as_u16(), ask(&with_token).await.as_u16()), (401, 200));
    assert_eq!(issuer.n_asked(), n_asked);
}
