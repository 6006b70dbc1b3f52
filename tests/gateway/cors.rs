//! Pages of other origins: which may ask, what browsers are told, and what none can have a browser send.
//!
//! **Never here:** real browsers.

use std::path::Path;

use graphloom::Running;
use graphloom::config::Settings;
use http::{Method, Response};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::client::{Answer, call};
use crate::house::{House, start};
use crate::issuer::{now, token_by_secret};
use crate::stub::{self, Stub};
use crate::wire::folder;

const APP: (&str, &str) = ("origin", "https://app.example.com");
const JSON: (&str, &str) = ("content-type", "application/json");
const QUERY: &str = r#"{"query":"{ __typename }"}"#;

/// A gateway with a route `/orders/{id}` whose upstream has a word of its own on other origins.
async fn gateway(cors: &str, of_route: &str) -> (Running, Stub) {
    let stub = Stub::start(|request| async move {
        let mut response: Response<Full<_>> =
            stub::json(&json!({ "method": request.method().as_str() }));
        let headers = response.headers_mut();
        headers.insert("access-control-allow-origin", "*".parse().unwrap());
        headers.insert("access-control-allow-credentials", "true".parse().unwrap());
        headers.insert("vary", "accept-encoding".parse().unwrap());
        response
    })
    .await;
    let yaml = format!(
        "listen: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\ngraphql: {{ {cors} }}\n\
         supergraph:\n  subgraphs: {{ only: {{ schema: only.graphql, url: http://127.0.0.1:9 }} }}\n\
         upstreams: {{ pool: {{ targets: [{{ url: \"http://{}\" }}] }} }}\n\
         routes:\n  - {{ match: {{ path: \"/orders/{{id}}\", methods: [GET, PUT] }}, upstream: pool{of_route} }}\n\
         \x20 - {{ match: {{ path: \"/orders/{{id}}\", methods: [OPTIONS] }}, upstream: pool }}\n",
        stub.address
    );
    (start(folder().path(), &yaml).await.0, stub)
}

async fn preflight(gateway: &Running, path: &str, origin: &str, method: &str) -> Answer {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", method),
        ("access-control-request-headers", "content-type,x-tenant"),
    ];
    call(gateway.public_address, Method::OPTIONS, path, &headers, "").await
}

/// All `access-control-` headers, and on what the answer depends.
fn said(answer: &Answer) -> Value {
    let mut said = serde_json::Map::new();
    for (name, value) in &answer.headers {
        let value = value.to_str().unwrap();
        if let Some(name) = name.as_str().strip_prefix("access-control-") {
            let twice = said.insert(name.to_owned(), value.into());
            assert_eq!(twice, None, "{name} is said twice");
        }
    }
    let vary: Vec<&str> =
        answer.headers.get_all("vary").iter().map(|value| value.to_str().unwrap()).collect();
    said.insert("vary".to_owned(), vary.join(", ").into());
    said.into()
}

#[tokio::test]
async fn without_a_word_no_origin_is_let_in() {
    let (gateway, _stub) = gateway("", "").await;
    let answer = preflight(&gateway, "/graphql", APP.1, "POST").await;
    assert_eq!((answer.status.as_u16(), said(&answer)), (405, json!({ "vary": "" })));
    let answer = call(gateway.public_address, Method::POST, "/graphql", &[APP, JSON], QUERY).await;
    assert_eq!((answer.status.as_u16(), said(&answer)), (200, json!({ "vary": "accept" })));
    // A route leaves it to its upstream.
    let answer = preflight(&gateway, "/orders/1", APP.1, "PUT").await;
    assert_eq!(answer.json(), json!({ "method": "OPTIONS" }));
    assert_eq!(said(&answer)["allow-origin"], "*");
}

#[tokio::test]
async fn a_browser_is_told_what_a_page_may_do() {
    let cors = "cors: { origins: [\"https://app.example.com\"], credentials: true, max_age: 1h, \
                expose: [x-request-id] }";
    let (gateway, _stub) = gateway(cors, "").await;
    let answer = preflight(&gateway, "/graphql", APP.1, "POST").await;
    assert_eq!(answer.status, 204, "{}", answer.text());
    assert!(answer.body.is_empty());
    assert_eq!(
        said(&answer),
        json!({
            "allow-origin": "https://app.example.com",
            "allow-credentials": "true",
            "allow-methods": "GET, POST",
            "allow-headers": "content-type,x-tenant",
            "expose-headers": "x-request-id",
            "max-age": "3600",
            "vary": "access-control-request-method, access-control-request-headers, origin",
        })
    );
    let allowed = json!({
        "allow-origin": "https://app.example.com",
        "allow-credentials": "true",
        "expose-headers": "x-request-id",
        "vary": "accept, origin",
    });
    let ask = async |headers: &[(&str, &str)], body: &'static str| {
        call(gateway.public_address, Method::POST, "/graphql", headers, body).await
    };
    assert_eq!(said(&ask(&[APP, JSON], QUERY).await), allowed);
    // A page may read why it was refused.
    let refused = ask(&[APP, JSON], "{").await;
    assert_eq!(refused.status, 400);
    assert_eq!(said(&refused)["allow-origin"], allowed["allow-origin"]);
    // Others are told nothing but that the answer depends on who asks.
    for origin in [
        "https://evil.example",
        "https://app.example.com.evil.example",
        "null",
        "http://app.example.com",
    ] {
        let answer = preflight(&gateway, "/graphql", origin, "POST").await;
        assert_eq!((answer.status.as_u16(), said(&answer)), (403, json!({ "vary": "origin" })));
        assert_eq!(answer.json()["code"], "ORIGIN_DENIED");
        let answer = ask(&[("origin", origin), JSON], QUERY).await;
        assert_eq!(said(&answer), json!({ "vary": "accept, origin" }));
    }
    assert_eq!(said(&ask(&[JSON], QUERY).await), json!({ "vary": "accept, origin" }));
    // What is no preflight is no method of this door.
    let answer = call(gateway.public_address, Method::OPTIONS, "/graphql", &[APP], "").await;
    assert_eq!(answer.status, 405);
}

#[tokio::test]
async fn all_may_be_let_in_without_credentials() {
    let (gateway, _stub) = gateway("cors: { origins: [\"*\"], headers: [content-type] }", "").await;
    let answer = preflight(&gateway, "/graphql", "https://anyone.example", "POST").await;
    let said = said(&answer);
    assert_eq!(
        (&said["allow-origin"], &said["allow-headers"]),
        (&json!("*"), &json!("content-type"))
    );
    assert_eq!((said.get("allow-credentials"), &said["max-age"]), (None, &json!("600")));
}

#[tokio::test]
async fn a_route_with_a_word_of_its_own_answers_for_its_upstream() {
    let of_route = ", cors: { origins: [\"https://*.example.com\", \"http://localhost:*\"] }";
    let (gateway, _stub) = gateway("", of_route).await;
    let ask = async |method: Method, origin: &str| {
        let headers = [("origin", origin)];
        call(gateway.public_address, method, "/orders/1", &headers, "").await
    };
    for origin in ["https://app.example.com", "https://a.b.example.com", "http://localhost:5173"] {
        let answer = preflight(&gateway, "/orders/1", origin, "PUT").await;
        assert_eq!(answer.status, 204, "{origin}: {}", answer.text());
        assert_eq!(said(&answer)["allow-methods"], "GET, PUT");
        let answer = ask(Method::GET, origin).await;
        assert_eq!(answer.json(), json!({ "method": "GET" }));
        assert_eq!(
            said(&answer),
            json!({ "allow-origin": origin, "vary": "accept-encoding, origin" })
        );
    }
    for origin in [
        "https://example.com",
        "https://.example.com",
        "https://evil.example/.example.com",
        "https://evil.example?.example.com",
        "https://evil@app.example.com",
        "https://app.example.com:8443",
        "http://app.example.com",
        "http://localhost",
        "http://localhost:1@evil",
        "null",
    ] {
        let answer = preflight(&gateway, "/orders/1", origin, "PUT").await;
        assert_eq!(
            (answer.status.as_u16(), said(&answer)),
            (403, json!({ "vary": "origin" })),
            "{origin}"
        );
        // The upstream's word does not get through.
        assert_eq!(
            said(&ask(Method::GET, origin).await),
            json!({ "vary": "accept-encoding, origin" })
        );
    }
    // A method that another route of the path takes, which has no word on it.
    let answer = preflight(&gateway, "/orders/1", "https://app.example.com", "OPTIONS").await;
    assert_eq!(answer.json(), json!({ "method": "OPTIONS" }));
}

#[tokio::test]
async fn no_page_can_have_a_browser_ask_by_get() {
    let house = House::open().await;
    let path = "/graphql?query={topProducts(first:1){upc}}";
    let get = async |headers: &[(&str, &str)]| {
        call(house.address(), Method::GET, path, headers, "").await
    };
    for headers in [
        &[][..],
        &[("origin", "https://evil.example"), ("cookie", "session=1")],
        &[("authorization", "Basic dTpw")],
        &[("accept", "application/json")],
        &[("content-type", "text/plain")],
        &[("content-type", "application/x-www-form-urlencoded")],
        &[("content-type", "multipart/form-data; boundary=application/json")],
        &[("content-type", "text/plain; a=application/json")],
        &[("content-type", "text/plain"), ("content-type", "application/json")],
        &[("content-type", "application/json, text/plain")],
        &[("graphql-require-preflight", "")],
    ] {
        let answer = get(headers).await;
        assert_eq!(answer.status, 403, "{headers:?}");
        let error = &answer.json()["errors"][0];
        assert_eq!(error["extensions"]["code"], "CSRF_PREVENTED");
        assert!(error["message"].as_str().unwrap().contains("`graphql-require-preflight: 1`"));
    }
    assert_eq!(house.requests()["products"], 0);
    for proof in [
        ("graphql-require-preflight", "1"),
        ("apollo-require-preflight", "true"),
        ("x-apollo-operation-name", "Top"),
        ("content-type", "application/json"),
        ("content-type", "Application/JSON; charset=utf-8"),
    ] {
        assert_eq!(get(&[proof]).await.json()["data"]["topProducts"][0]["upc"], "p1", "{proof:?}");
    }
}

#[tokio::test]
async fn who_has_no_cookies_to_lose_may_do_without() {
    let house = House::open_with("graphql: { csrf: false }\n", subgraphs::Options::default()).await;
    let path = "/graphql?query={__typename}";
    assert_eq!(call(house.address(), Method::GET, path, &[], "").await.status, 200);
}

#[test]
fn what_browsers_would_not_understand_is_told_with_its_place_and_the_fix() {
    for (cors, said) in [
        (
            "origins: [\"*\"], credentials: true",
            "`graphql.cors.credentials`: any page could act for",
        ),
        (
            "origins: [app.example.com]",
            "`graphql.cors.origins[0]`: `app.example.com` is not an origin",
        ),
        ("origins: [\"https://a.example/\"]", "is not an origin"),
        (
            "origins: [\"https://a.example:443\"]",
            "is not an origin (write scheme, host and port if",
        ),
        ("origins: [\"https://*\"]", "is not an origin"),
        ("origins: [\"https://*example.com\"]", "is not an origin"),
        ("origins: [\"https://*.example.com:*\"]", "is not an origin"),
        ("origins: [\"null\"]", "is not an origin"),
        ("methods: [get]", "`graphql.cors.methods[0]`: `get` is not the name of a method"),
        ("headers: [\"*\"]", "`graphql.cors.headers[0]`: `*` is not the name of a header"),
        ("expose: [\"x y\"]", "`graphql.cors.expose[0]`: `x y` is not the name of a header"),
        ("max_age: soon", "`graphql.cors.max_age`: `soon` is not a duration"),
    ] {
        let text =
            format!("graphql: {{ cors: {{ {cors} }} }}\nsupergraph: {{ file: s.graphql }}\n");
        let read = Settings::read(Path::new("graphloom.yaml"), &text, &|_| None);
        let errors = read.unwrap_err().to_string();
        assert!(errors.contains(said), "{cors}\n{errors}");
    }
}

#[tokio::test]
async fn no_page_can_have_a_browser_change_something_with_its_cookies() {
    let secret = "0123456789abcdef0123456789abcdef";
    let claims = json!({ "iss": "try", "aud": "api", "sub": "alice", "exp": now() + 600 });
    let token = token_by_secret(secret.as_bytes(), &json!({ "alg": "HS256" }), &claims);
    let stub = Stub::start(|request| async move {
        stub::json(&json!({ "method": request.method().as_str() }))
    })
    .await;
    let yaml = format!(
        "listen: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\n\
         identity: {{ try: {{ jwt: {{ issuer: try, audience: api, secret: {secret}, from: \
         [{{ cookie: session }}, {{ header: authorization, prefix: Bearer }}] }} }} }}\n\
         supergraph:\n  subgraphs: {{ only: {{ schema: only.graphql, url: http://127.0.0.1:9 }} }}\n\
         upstreams: {{ pool: {{ targets: [{{ url: \"http://{}\" }}] }} }}\n\
         routes:\n  - {{ match: {{ path: /mine }}, upstream: pool, require: {{ any: [try] }}, \
         cors: {{ origins: [\"https://app.example.com\"], credentials: true }} }}\n\
         \x20 - {{ match: {{ path: /open }}, upstream: pool, csrf: false }}\n",
        stub.address
    );
    let (gateway, _) = start(folder().path(), &yaml).await;
    let (cookie, bearer) = (format!("session={token}"), format!("Bearer {token}"));
    let (cookie, bearer) = (("cookie", cookie.as_str()), ("authorization", bearer.as_str()));
    let ask = async |method: Method, path: &str, headers: &[(&str, &str)]| {
        let answer = call(gateway.public_address, method, path, headers, "").await;
        let code = (answer.status == 403).then(|| answer.json()["code"].clone());
        (answer.status.as_u16(), code)
    };
    let prevented = (403, Some(json!("CSRF_PREVENTED")));
    let passed = (200, None);
    let evil = ("origin", "https://evil.example");
    for (headers, expected) in [
        (vec![cookie, evil], &prevented),
        (vec![cookie, ("origin", "null")], &prevented),
        (vec![cookie, evil, ("sec-fetch-site", "cross-site")], &prevented),
        (
            vec![cookie, ("origin", "https://other.example.com"), ("sec-fetch-site", "same-site")],
            &prevented,
        ),
        (vec![cookie, ("sec-fetch-site", "cross-site")], &prevented),
        // Whoever adds a header about the way tells nothing.
        (vec![cookie, evil, ("x-forwarded-host", "evil.example")], &prevented),
        // Its own pages, pages that are let in, and whatever is no browser.
        (vec![cookie, ("origin", "https://gateway")], &passed),
        (vec![cookie, ("origin", "https://gateway"), ("sec-fetch-site", "same-origin")], &passed),
        (vec![cookie, APP, ("sec-fetch-site", "cross-site")], &passed),
        (vec![cookie], &passed),
        // No browser adds this by itself.
        (vec![bearer, evil, ("sec-fetch-site", "cross-site")], &passed),
    ] {
        assert_eq!(ask(Method::POST, "/mine", &headers).await, *expected, "{headers:?}");
    }
    // Who only reads changes nothing, and where it is off all pass.
    let foreign = [cookie, evil, ("sec-fetch-site", "cross-site")];
    assert_eq!(ask(Method::GET, "/mine", &foreign).await, passed);
    assert_eq!(ask(Method::POST, "/open", &foreign).await, passed);
}
