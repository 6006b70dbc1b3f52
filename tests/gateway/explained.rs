//! What an explanation says is what the execution then does: on random graphs under random rules, for random
//! callers and operations. The subgraphs are the oracle's strict ones, behind HTTP, and write down what they get.
//!
//! **Never here:** whether plan and answer are right (the oracle), single parts of an explanation (`explain`).
//!
//! **Holds:** each comparison is made so often that luck with one is no luck: the tests count them.
//!
//! **Read first:** [`Comparison::of`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use graphloom::Running;
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use oracle::{Access, Bench, Case, Chance, Stand, StrictSubgraph};
use serde_json::{Value, json};

use crate::client::call;
use crate::folder::Folder;
use crate::house::start;
use crate::issuer::token_by_secret;
use crate::stub::Stub;

/// A gateway over a random graph.
struct World {
    gateway: Running,
    _subgraphs: Stub,
    received: Received,
    cases: Vec<Case>,
    chance: Chance,
    _folder: Folder,
}

/// The headers of all requests, by subgraph.
type Received = Arc<Mutex<Vec<(String, HeaderMap)>>>;

/// What is left for a caller, who loses it and never gets it back during a test.
const BUDGET: u64 = 60;

/// How often what was compared.
#[derive(Debug, Default)]
struct Comparison {
    operations: usize,
    refused: usize,
    denials: usize,
    requests: usize,
    hidden: usize,
    payments: usize,
    too_dear: usize,
}

const SECRET: &str = "signs what the tests like to be signed";

/// Stand for the conditions of the oracle, which are none of a gateway's.
const CONDITIONS: [&str; 5] = [
    "!consumer.anonymous",
    "'a' in consumer.scopes",
    "size(args) < 2",
    "args.nothing == 'there'",
    "request.method == 'POST'",
];

impl World {
    /// None where no graph of the seed composes.
    async fn of(seed: u64) -> Option<Self> {
        let mut stand = Stand::with(seed, Access::Ruled).ok()?;
        let cases = std::iter::from_fn(|| stand.next_case());
        // One under faults is another one again.
        let cases: Vec<Case> = cases.filter(|case| case.faults.is_empty()).collect();
        let mut sdl = stand.supergraph_sdl(|name| format!("http://elsewhere/{name}")).unwrap();
        for (number, condition) in CONDITIONS.iter().enumerate() {
            sdl = sdl.replace(&format!("\"condition {number}\""), &format!("{condition:?}"));
        }
        let mut labels = String::new();
        for label in Bench::labels_of(&stand.subgraphs) {
            let share = if stand.bench.labels().contains(&label) { "100%" } else { "0%" };
            labels.push_str(&format!("    {label:?}: {share}\n"));
        }
        let received = Received::default();
        let subgraphs = serve(stand.bench.into_subgraphs(), &received).await;
        let folder = Folder::new();
        let sdl = sdl.replace("http://elsewhere/", &format!("http://{}/", subgraphs.address));
        folder.write("graph.graphql", &sdl);
        let mode = if seed.is_multiple_of(2) { "filter" } else { "reject" };
        let (gateway, _log) = start(folder.path(), &configuration(mode, &labels)).await;
        let chance = Chance::new(seed);
        Some(Self { gateway, _subgraphs: subgraphs, received, cases, chance, _folder: folder })
    }

    async fn compare(&mut self, comparison: &mut Comparison) {
        for case in std::mem::take(&mut self.cases) {
            let mut headers: BTreeMap<&str, String> = BTreeMap::new();
            headers.insert("x-request-id", format!("case-{}", comparison.operations));
            for (name, value) in [
                ("x-tenant", "a tenant"),
                ("x-session-token", "a token of the client's"),
                ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            ] {
                if self.chance.percent(50) {
                    headers.insert(name, value.to_owned());
                }
            }
            comparison.add(self, &case, &headers).await;
        }
    }
}

fn configuration(mode: &str, labels: &str) -> String {
    let labels = match labels {
        "" => String::new(),
        labels => format!("  override_labels:\n{labels}"),
    };
    format!(
        r#"version: 1
listen: 127.0.0.1:0
workers: 1
admin: {{ listen: 127.0.0.1:0, key: opens-the-admin-api }}
supergraph:
  file: graph.graphql
{labels}graphql:
  ide: true
  introspection: true
  errors: {{ mask: false }}
  cost: {{ list_size: 3, extensions: [estimated, actual] }}
  authorization:
    mode: {mode}
    policies:
      a: '"a" in consumer.scopes'
      b: '"b" in consumer.scopes'
      c: '"c" in consumer.scopes'
      d: '"d" in consumer.scopes'
identity:
  try: {{ jwt: {{ issuer: try, audience: api, secret: "{SECRET}" }} }}
policies:
  purse: {{ rate_limit: {{ windows: [{{ cost: {BUDGET}, per: 300d }}] }} }}
apply: {{ all: [purse] }}
headers:
  request:
    - {{ forward: x-tenant }}
    - {{ set: x-user, value: consumer.id }}
    - {{ set: x-seen, value: 'request.headers["x-session-token"]' }}
    - {{ set: authorization, value: "'Bearer of the gateway'" }}
    - {{ remove: tracestate }}
"#
    )
}

/// What a `RateLimit` field says is left: `"purse";r=2963;t=...`.
fn left_in(field: &str) -> u64 {
    let (_, rest) = field.split_once(";r=").unwrap();
    rest.split(';').next().unwrap().parse().unwrap()
}

/// All subgraphs behind one address, each at its name.
async fn serve(subgraphs: Vec<StrictSubgraph>, received: &Received) -> Stub {
    let (subgraphs, received) = (Arc::new(subgraphs), Arc::clone(received));
    let answer = move |request: Request<Incoming>| {
        let (subgraphs, received) = (Arc::clone(&subgraphs), Arc::clone(&received));
        async move {
            let (head, body) = request.into_parts();
            let name = head.uri.path().trim_start_matches('/').to_owned();
            received.lock().unwrap().push((name.clone(), head.headers));
            let body = body.collect().await.unwrap().to_bytes();
            let asked: Value = serde_json::from_slice(&body).unwrap();
            let query = asked["query"].as_str().unwrap();
            let request = oracle::Request::new(query).with_variables(asked["variables"].clone());
            let subgraph = subgraphs.iter().find(|subgraph| subgraph.name() == name).unwrap();
            crate::stub::json(&subgraph.answer(&request))
        }
    };
    Stub::start(answer).await
}

impl Comparison {
    /// Compares an explanation with what is then done, for the operations of some seeds.
    async fn of(seeds: std::ops::Range<u64>) -> Self {
        let mut comparison = Self::default();
        for seed in seeds {
            if let Some(mut world) = World::of(seed).await {
                world.compare(&mut comparison).await;
            }
        }
        comparison
    }

    async fn add(&mut self, world: &World, case: &Case, headers: &BTreeMap<&str, String>) {
        self.operations += 1;
        let query = &case.operation.text;
        let scopes: Vec<&str> = case.caller.has.iter().map(String::as_str).collect();
        let claims = json!({
            "iss": "try", "aud": "api", "sub": "ann", "exp": 4_102_444_800_u64, "scope": scopes.join(" "),
        });
        let header = json!({ "alg": "HS256" });
        let token =
            (case.caller.is_known).then(|| token_by_secret(SECRET.as_bytes(), &header, &claims));
        let asked = json!({
            "query": query, "variables": case.operation.variables, "as": token, "headers": headers,
        });
        let explain = async || {
            let admin = [("authorization", "Bearer opens-the-admin-api")];
            let address = world.gateway.admin_address;
            call(address, Method::POST, "/explain", &admin, asked.to_string()).await
        };
        let explained = explain().await;
        assert_eq!(world.received.lock().unwrap().len(), 0, "an explanation asks nobody");
        let (status, explained) = (explained.status, explained.json());

        let bearer = token.map(|token| format!("Bearer {token}"));
        let mut sent: Vec<(&str, &str)> = headers.iter().map(|(k, v)| (*k, v.as_str())).collect();
        sent.extend([("content-type", "application/json"), ("graphloom-explain", "1")]);
        sent.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        let body = json!({ "query": query, "variables": case.operation.variables }).to_string();
        let address = world.gateway.public_address;
        let answer = call(address, Method::POST, "/graphql", &sent, body).await;
        let left = answer.header("ratelimit").map(left_in);
        let answer = answer.json();
        let received = std::mem::take(&mut *world.received.lock().unwrap());

        let context = format!("{query}\n{explained:#}\n{answer:#}");
        if status != 200 {
            assert_eq!(answer.get("data"), None, "{context}");
            return;
        }
        if let Some(refused) = explained["refused"].as_array().unwrap().first() {
            self.refused += 1;
            assert_eq!(answer.get("data"), None, "{context}");
            assert_eq!(refused["code"], answer["errors"][0]["extensions"]["code"], "{context}");
            assert_eq!(received, [], "{context}");
        } else {
            let ran = &answer["extensions"]["graphloom"];
            assert_eq!(explained["operation"]["plan"], ran["plan"], "{context}");
        }
        let after = explain().await.json()["budgets"][0]["remaining"].as_u64().unwrap();
        assert_eq!(left.unwrap_or(after), after, "{context}");
        self.add_payment(&explained, &answer, after, &context);
        self.add_denials(&explained, &answer, &context);
        for (subgraph, headers) in &received {
            self.add_request(&explained, (subgraph, headers), &context);
        }
    }

    /// What was to be paid was taken, but for what the operation did not come to.
    fn add_payment(&mut self, explained: &Value, answer: &Value, left: u64, context: &str) {
        let budget = &explained["budgets"][0];
        let number = |value: &Value| value.as_u64().unwrap();
        let (pays, before) = (number(&budget["pays"]), number(&budget["remaining"]));
        let cost = &answer["extensions"]["cost"];
        let taken = match (budget["allowed"].as_bool().unwrap(), cost.is_object()) {
            (false, _) => {
                self.too_dear += 1;
                0
            }
            (true, false) => pays,
            (true, true) => {
                self.payments += 1;
                assert_eq!(number(&cost["estimated"]).max(1), pays, "{context}");
                assert_eq!(explained["cost"]["estimated"], cost["estimated"], "{context}");
                number(&cost["actual"]).max(1)
            }
        };
        assert_eq!(left, before.saturating_sub(taken), "{taken} of {before}\n{context}");
    }

    /// What is denied is what the client is told, and each has a reason.
    fn add_denials(&mut self, explained: &Value, answer: &Value, context: &str) {
        let denied = explained["operation"]["denied"].as_array().unwrap();
        for denied in denied {
            assert!(!denied["because"].as_array().unwrap().is_empty(), "{denied}\n{context}");
        }
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let explained: BTreeSet<String> =
            denied.iter().map(|denied| text(&denied["path"])).collect();
        let codes = ["UNAUTHENTICATED", "UNAUTHORIZED_FIELD_OR_TYPE"];
        let errors = answer["errors"].as_array().into_iter().flatten();
        let errors =
            errors.filter(|error| codes.iter().any(|code| error["extensions"]["code"] == *code));
        let told: BTreeSet<String> = errors
            .map(|error| {
                let path = error["path"].as_array().unwrap().iter();
                path.map(text).collect::<Vec<_>>().join(".")
            })
            .collect();
        match answer.get("data") {
            // All of them are listed.
            None if !told.is_empty() => assert_eq!(told, explained, "{context}"),
            // Where nothing was, nothing is denied.
            _ => assert!(told.is_subset(&explained), "{told:?}\n{context}"),
        }
        self.denials += told.len();
    }

    /// The headers that a subgraph got are those that were explained.
    fn add_request(
        &mut self,
        explained: &Value,
        (subgraph, headers): (&str, &HeaderMap),
        context: &str,
    ) {
        let upstreams = explained["upstreams"].as_array().unwrap();
        let told = upstreams.iter().find(|told| told["name"] == subgraph);
        let told = told.unwrap_or_else(|| panic!("{subgraph} is asked\n{context}"));
        assert_eq!(told["path"], format!("/{subgraph}"), "{context}");
        let told: BTreeMap<&str, &str> = told["headers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|header| (header["name"].as_str().unwrap(), header["value"].as_str().unwrap()))
            .collect();
        let of_the_exchange = ["host", "content-length"];
        let got: BTreeMap<&str, &str> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .filter(|(name, _)| !of_the_exchange.contains(name))
            .collect();
        assert_eq!(
            told.keys().collect::<Vec<_>>(),
            got.keys().collect::<Vec<_>>(),
            "{subgraph}\n{context}"
        );
        for (name, value) in told {
            let is_secret = ["authorization", "x-seen"].contains(&name);
            assert_eq!(value, if is_secret { "•••" } else { got[name] }, "{name}\n{context}");
            self.hidden += usize::from(is_secret);
        }
        self.requests += 1;
    }
}

/// Whether every comparison was made, and not a few times only.
fn expect_much(comparison: &Comparison, n_expected: usize) {
    let Comparison { operations, refused, denials, requests, hidden, payments, too_dear } =
        *comparison;
    assert!(operations > n_expected, "{comparison:?}");
    let least =
        [(refused, 15), (denials, 5), (requests, 3), (hidden, 3), (payments, 4), (too_dear, 50)];
    assert!(least.iter().all(|(n, part)| *n > n_expected / part), "{comparison:?}");
}

#[tokio::test]
async fn what_is_explained_is_done_on_the_first_seeds() {
    expect_much(&Comparison::of(1..8).await, 100);
}

/// On a few graphs, or on as many as `EXPLAINED_GRAPHS` says: each has about 16 operations.
#[tokio::test]
async fn what_is_explained_is_done_on_other_seeds() {
    let n_graphs = std::env::var_os("EXPLAINED_GRAPHS").and_then(|n| n.to_str()?.parse().ok());
    let n_graphs: u64 = n_graphs.unwrap_or(7);
    expect_much(&Comparison::of(20_000..20_000 + n_graphs).await, 14 * n_graphs as usize);
}
