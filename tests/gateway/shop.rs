//! A gateway with a REST API behind connectors, beside the example `products` subgraph.
//!
//! **Never here:** expectations.
//!
//! **Read first:** [`Shop::open`].

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use graphloom::Running;
use graphloom::telemetry::Capture;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use serde_json::{Value, json};
use subgraphs::{Options, Service};

use crate::client::{self, Answer};
use crate::folder::Folder;
use crate::house::{self, Diagnostics};
use crate::stub::Stub;

/// A request that the REST API had.
#[derive(Debug, Clone)]
pub(crate) struct Had {
    /// `GET /orders?limit=2`
    pub(crate) line: String,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

/// A gateway, its servers, its files.
pub(crate) struct Shop {
    pub(crate) gateway: Running,
    pub(crate) log: Capture,
    pub(crate) diagnostics: Diagnostics,
    pub(crate) folder: Folder,
    pub(crate) api: Stub,
    had: Arc<Mutex<Vec<Had>>>,
    servers: subgraphs::Running,
}

/// What the REST API says to a request.
pub(crate) type Says = fn(&Had) -> Response<Full<Bytes>>;

impl Shop {
    /// A shop with this schema, `API` in it standing for the address of the REST API.
    pub(crate) async fn open(schema: &str, says: Says) -> Self {
        Self::open_with(schema, "", says).await
    }

    /// The same with more configuration, in which `API` stands for the address, too.
    pub(crate) async fn open_with(schema: &str, more: &str, says: Says) -> Self {
        let had: Arc<Mutex<Vec<Had>>> = Arc::default();
        let noted = Arc::clone(&had);
        let api = Stub::start(move |request: Request<Incoming>| {
            let noted = Arc::clone(&noted);
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                let had = Had {
                    line: format!("{} {}", head.method, head.uri),
                    headers: head.headers,
                    body: String::from_utf8(body.to_vec()).unwrap(),
                };
                noted.lock().unwrap().push(had.clone());
                says(&had)
            }
        })
        .await;
        let servers = subgraphs::start(Options::default()).await.unwrap();
        let folder = Folder::new();
        folder.write("products.graphql", Service::Products.schema());
        let address = format!("http://{}", api.address);
        folder.write("shop.graphql", &format!("{HEAD}{}", schema.replace("API", &address)));
        let products = servers.server(Service::Products).url();
        let yaml = format!(
            "version: 1\nlisten: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\n\
             supergraph:\n  subgraphs:\n    products: {{ schema: products.graphql, url: {products} }}\n    \
             shop: {{ schema: shop.graphql }}\n{}",
            more.replace("API", &address)
        );
        let diagnostics = Diagnostics::new();
        let (gateway, log) = house::start(folder.path(), &yaml).await;
        Self { gateway, log, diagnostics, folder, api, had, servers }
    }

    pub(crate) async fn query(&self, document: &str) -> Value {
        self.ask(document, json!({}), &[]).await.json()
    }

    pub(crate) async fn ask(
        &self,
        document: &str,
        variables: Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut connection = client::connect(self.gateway.public_address).await;
        client::send(&mut connection, client::graphql_request(document, variables, headers)).await
    }

    /// All that the REST API has had.
    pub(crate) fn had(&self) -> Vec<Had> {
        self.had.lock().unwrap().clone()
    }

    /// The first lines of all requests that the REST API has had, sorted.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.had().into_iter().map(|had| had.line).collect();
        lines.sort();
        lines
    }

    /// How many requests the `products` subgraph has had.
    pub(crate) fn requests_to_products(&self) -> u64 {
        self.servers.server(Service::Products).requests()
    }
}

/// What all schemas of shops begin with.
const HEAD: &str = r#"
extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.13", import: ["@key", "@shareable", "@external"])
  @link(url: "https://specs.apollo.dev/connect/v0.4", import: ["@source", "@connect"])
"#;
