//! API keys: made, used, listed, rotated and revoked, by command and by the admin API.
//!
//! **Never here:** tokens (`identity`).

use std::process::{Command, Output};
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::client::{Answer, call, connect, graphql_request, send};
use crate::folder::Folder;
use crate::house::{House, lines, until};
use crate::identity::{ask_both, assert_admitted, assert_refused};
use crate::process::Process;

const ADMIN_KEY: &str = "a key for the admin API";

/// A gateway whose doors require a key of a store in `folder`.
async fn guarded(folder: &Folder) -> House {
    guarded_with(folder, "").await
}

async fn guarded_with(folder: &Folder, more: &str) -> House {
    let store = folder.path().join("keys.db").display().to_string();
    let more = format!(
        "identity: {{ keys: {{ api_key: {{ store: \"sqlite://{store}\"{more} }} }} }}\n\
         graphql: {{ require: {{ any: [keys] }} }}\n\
         routes: [{{ match: {{ path: \"/orders/{{id}}\" }}, upstream: orders, require: {{ any: [keys] }} }}]\n"
    );
    House::open_with(&more, subgraphs::Options::default()).await
}

/// `graphloom keys ...` on the store in `folder`, another process.
fn keys(folder: &Folder, arguments: &[&str]) -> Output {
    let store = format!("sqlite://{}", folder.path().join("keys.db").display());
    let mut command = Command::new(env!("CARGO_BIN_EXE_graphloom"));
    command.arg("keys").args(arguments).args(["--store", &store]).output().unwrap()
}

/// What a command prints, which must end well.
fn keys_say(folder: &Folder, arguments: &[&str]) -> String {
    let output = keys(folder, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

fn id_of(key: &str) -> &str {
    key.split('_').nth(1).unwrap()
}

async fn ask_with_key(house: &House, key: &str) -> [Answer; 2] {
    ask_both(house, &[("x-api-key", key)]).await
}

/// Asks until both doors answer with a status.
async fn until_status(house: &House, key: &str, status: u16) {
    let asking = async {
        while ask_with_key(house, key).await.iter().any(|answer| answer.status != status) {}
    };
    let asked = tokio::time::timeout(Duration::from_secs(20), asking).await;
    assert!(asked.is_ok(), "no {status} came");
}

#[tokio::test]
async fn a_key_opens_both_doors_until_it_is_revoked_and_never_shows_again() {
    let folder = Folder::new();
    let house = guarded(&folder).await;
    assert_refused(&ask_both(&house, &[]).await, 401, "UNAUTHENTICATED");
    let arguments = ["create", "--name", "Acme web", "--consumer", "acme", "--scope", "read"];
    let key = keys_say(&folder, &arguments);
    until_status(&house, &key, 200).await;
    assert_admitted(&ask_with_key(&house, &key).await);
    let list: Value = serde_json::from_str(&keys_say(&folder, &["list", "--json"])).unwrap();
    let listed = &list["keys"][0];
    assert_eq!(
        (listed["id"].as_str(), listed["consumer"].as_str()),
        (Some(id_of(&key)), Some("acme"))
    );
    let secret = key.rsplit('_').next().unwrap();
    assert!(!list.to_string().contains(secret));
    assert!(keys_say(&folder, &["list"]).contains(" in force"));
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }
    let revoked = keys(&folder, &["revoke", &format!("glk_{}", id_of(&key))]);
    let audit = String::from_utf8(revoked.stderr).unwrap();
    for part in ["who=cli", "what=revoke", &format!("key_id={}", id_of(&key)), "consumer=acme"] {
        assert!(audit.contains(part), "{audit}");
    }
    assert!(revoked.stdout.is_empty() && !audit.contains(secret));
    until_status(&house, &key, 401).await;
    assert_refused(&ask_with_key(&house, &key).await, 401, "UNAUTHENTICATED");
    assert_eq!(keys(&folder, &["revoke", id_of(&key)]).status.code(), Some(1));
    let consumers = house.request_lines(4).await;
    assert!(consumers.iter().any(|line| line["consumer"] == "keys:acme"));
    assert!(house.log.lines().iter().all(|line| !line.contains(secret)));
}

#[tokio::test]
async fn two_processes_on_one_store_refuse_a_revoked_key_within_a_second() {
    let folder = Folder::new();
    let house = guarded(&folder).await;
    let other = Folder::new();
    other.write("only.graphql", "type Query { a: Int }");
    let store = folder.path().join("keys.db").display().to_string();
    other.write(
        "graphloom.yaml",
        &format!(
            "listen: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\n\
             supergraph: {{ subgraphs: {{ only: {{ schema: only.graphql, url: http://127.0.0.1:9/ }} }} }}\n\
             identity: {{ keys: {{ api_key: {{ store: \"sqlite://{store}\" }} }} }}\n\
             graphql: {{ require: {{ any: [keys] }} }}\n"
        ),
    );
    let process = Process::serve(&other, &[]);
    let status = async |key: &str| {
        let mut connection = connect(process.address).await;
        let headers = [("x-api-key", key)];
        send(&mut connection, graphql_request("{ __typename }", json!({}), &headers)).await.status
    };
    let key = keys_say(&folder, &["create", "--name", "acme"]);
    until_status(&house, &key, 200).await;
    while status(&key).await != 200 {}
    keys_say(&folder, &["revoke", id_of(&key)]);
    let revoked = Instant::now();
    until_status(&house, &key, 401).await;
    while status(&key).await != 401 {}
    assert!(revoked.elapsed() < Duration::from_secs(1), "{:?}", revoked.elapsed());
}

#[tokio::test]
async fn a_rotated_key_goes_on_for_the_overlap_and_no_longer() {
    let folder = Folder::new();
    let house = guarded(&folder).await;
    let old =
        keys_say(&folder, &["create", "--name", "acme", "--scope", "read", "--role", "admin"]);
    let new = keys_say(&folder, &["rotate", id_of(&old)]);
    until_status(&house, &new, 200).await;
    assert_admitted(&ask_with_key(&house, &old).await);
    let list: Value = serde_json::from_str(&keys_say(&folder, &["list", "--json"])).unwrap();
    let keys = list["keys"].as_array().unwrap();
    let of = |id: &str| keys.iter().find(|key| key["id"] == id).unwrap();
    assert_eq!(of(id_of(&new))["rotated_from"], id_of(&old));
    for part in ["scopes", "roles", "consumer"] {
        assert_eq!(of(id_of(&new))[part], of(id_of(&old))[part]);
    }
    let newer = keys_say(&folder, &["rotate", id_of(&new), "--overlap", "1s"]);
    until_status(&house, &new, 401).await;
    let [answer, _] = ask_with_key(&house, &new).await;
    assert_eq!(answer.json()["errors"][0]["message"], "the credential has expired");
    assert_admitted(&ask_with_key(&house, &newer).await);
}

#[tokio::test]
async fn what_is_no_key_of_the_store_is_refused() {
    let folder = Folder::new();
    let key = keys_say(&folder, &["create", "--name", "acme"]);
    let other = Folder::new();
    let foreign = keys_say(&other, &["create", "--name", "acme"]);
    let expired = keys_say(&folder, &["create", "--name", "old", "--expires", "1ms"]);
    let house = guarded(&folder).await;
    assert_admitted(&ask_with_key(&house, &key).await);
    let (id, secret) = (id_of(&key), key.rsplit('_').next().unwrap());
    let foreign_secret = foreign.rsplit('_').next().unwrap();
    let last = if secret.ends_with('A') { "B" } else { "A" };
    let almost = format!("{}{last}", &key[..key.len() - 1]);
    let tries = [
        foreign.clone(),
        expired,
        format!("glk_{id}_{foreign_secret}"),
        format!("glk_{id}_"),
        format!("glk_{id}"),
        format!("glk_{}_{secret}", "0".repeat(10)),
        format!("glk_{}_{secret}", "' OR '1'='"),
        format!("{key}x"),
        almost,
        key.to_lowercase(),
        secret.to_owned(),
        "glk_".to_owned(),
        String::new(),
        "k".repeat(10_000),
    ];
    for wrong in &tries {
        assert_refused(&ask_with_key(&house, wrong).await, 401, "UNAUTHENTICATED");
    }
    let twice = [("x-api-key", key.as_str()), ("x-api-key", key.as_str())];
    assert_refused(&ask_both(&house, &twice).await, 401, "UNAUTHENTICATED");
    let [by_graphql, _] = ask_with_key(&house, &foreign).await;
    let challenge = by_graphql.header("www-authenticate").unwrap();
    assert_eq!(challenge, "ApiKey realm=\"graphloom\", header=\"x-api-key\"");
}

#[tokio::test]
async fn a_store_that_cannot_be_read_keeps_its_last_keys_for_a_while() {
    let folder = Folder::new();
    let key = keys_say(&folder, &["create", "--name", "acme"]);
    let house = guarded_with(&folder, ", keep_for: 1s").await;
    assert_admitted(&ask_with_key(&house, &key).await);
    let file = folder.path().join("keys.db");
    std::fs::rename(&file, folder.path().join("away.db")).unwrap();
    until_status(&house, &key, 503).await;
    assert_refused(&ask_with_key(&house, &key).await, 503, "IDENTITY_UNAVAILABLE");
    // It was not made anew, which would have ended all keys silently.
    assert!(!file.exists());
    std::fs::rename(folder.path().join("away.db"), &file).unwrap();
    until_status(&house, &key, 200).await;
}

#[tokio::test]
async fn a_gateway_does_not_start_on_a_store_that_is_none() {
    let folder = Folder::new();
    folder.write("only.graphql", "type Query { a: Int }");
    folder.write("keys.db", &"no database\n".repeat(1_000));
    folder.write(
        "graphloom.yaml",
        "listen: 127.0.0.1:0\nadmin: { listen: 127.0.0.1:0 }\n\
         supergraph: { subgraphs: { only: { schema: only.graphql, url: http://127.0.0.1:9/ } } }\n\
         identity: { keys: { api_key: { store: \"sqlite://keys.db\" } } }\n",
    );
    let mut command = Command::new(env!("CARGO_BIN_EXE_graphloom"));
    let output = command.arg("serve").current_dir(folder.path()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("`identity.keys` cannot be used") && said.contains("fix: "), "{said}");
}

async fn admin(house: &House, method: Method, path: &str, key: &str, body: Value) -> Answer {
    let bearer = format!("Bearer {key}");
    let headers: &[_] = if key.is_empty() { &[] } else { &[("authorization", bearer.as_str())] };
    let body = if body.is_null() { String::new() } else { body.to_string() };
    call(house.gateway.admin_address, method, path, headers, body).await
}

#[tokio::test]
async fn the_admin_api_does_the_same_behind_its_own_key() {
    let folder = Folder::new();
    let house = guarded(&folder).await;
    // Without an admin key nobody is let in, and is told what to do.
    let closed = admin(&house, Method::GET, "/keys", ADMIN_KEY, Value::Null).await;
    assert_eq!(
        (closed.status.as_u16(), closed.json()["code"].as_str()),
        (403, Some("ADMIN_CLOSED"))
    );
    assert!(closed.text().contains("admin: { key: "), "{}", closed.text());
    let yaml = house.folder.read("graphloom.yaml");
    let with_key = format!("admin: {{ key: \"{ADMIN_KEY}\", ");
    house.folder.write("graphloom.yaml", &yaml.replacen("admin: { ", &with_key, 1));
    until("the admin key is in force", || {
        (!lines(&house.diagnostics.lines, "configuration replaced").is_empty()).then_some(())
    })
    .await;
    for wrong in ["", "x", "a key for the admin APJ"] {
        let refused = admin(&house, Method::POST, "/keys", wrong, json!({ "name": "acme" })).await;
        assert_eq!(refused.status, 401, "{}", refused.text());
        assert!(refused.header("www-authenticate").is_some());
    }
    let new = json!({ "name": "acme", "scopes": ["read"], "expires_in": "90d" });
    let made = admin(&house, Method::POST, "/keys", ADMIN_KEY, new).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let (id, key) = (made.json()["id"].clone(), made.json()["key"].as_str().unwrap().to_owned());
    let id = id.as_str().unwrap();
    until_status(&house, &key, 200).await;
    let listed = admin(&house, Method::GET, "/keys", ADMIN_KEY, Value::Null).await;
    assert_eq!((listed.status.as_u16(), &listed.json()["keys"][0]["id"]), (200, &json!(id)));
    assert!(!listed.text().contains(key.rsplit('_').next().unwrap()));
    let rotate = format!("/keys/{id}/rotate");
    let rotated = admin(&house, Method::POST, &rotate, ADMIN_KEY, json!({ "overlap": "1h" })).await;
    assert_eq!((rotated.status.as_u16(), &rotated.json()["rotated_from"]), (201, &json!(id)));
    let gone = admin(&house, Method::DELETE, &format!("/keys/{id}"), ADMIN_KEY, Value::Null).await;
    assert_eq!(gone.status, 200, "{}", gone.text());
    until_status(&house, &key, 401).await;
    let missing = admin(&house, Method::DELETE, "/keys/nosuchkey0", ADMIN_KEY, Value::Null).await;
    assert_eq!(
        (missing.status.as_u16(), missing.json()["code"].as_str()),
        (404, Some("NOT_FOUND"))
    );
    for wrong in [json!({}), json!({ "name": "a", "scope": "b" }), json!({ "name": "" }), json!([])]
    {
        let refused = admin(&house, Method::POST, "/keys", ADMIN_KEY, wrong).await;
        assert_eq!(refused.status, 400, "{}", refused.text());
    }
    let audit = lines(&house.diagnostics.lines, "api key changed");
    let told: Vec<_> =
        audit.iter().map(|line| (line["who"].as_str(), line["what"].as_str())).collect();
    assert_eq!(told, ["create", "rotate", "revoke"].map(|what| (Some("admin"), Some(what))));
    assert!(audit.iter().all(|line| !line.to_string().contains(key.rsplit('_').next().unwrap())));
    // Its own pages are open as ever.
    assert_eq!(admin(&house, Method::GET, "/health", "", Value::Null).await.status, 200);
}
