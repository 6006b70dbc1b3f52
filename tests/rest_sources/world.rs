//! A random graph, partly REST services, behind a real gateway.
//!
//! **In:** subgraphs and data. **Out:** [`World`]: answers to operations, judged.
//!
//! **Never here:** which graphs (`graphs`), what an answer owes to the truth (the oracle).
//!
//! **Holds:** the truth is that of the subgraphs before some of them became REST services.
//!
//! **Read first:** [`World::open`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use composition::{Connectors, SubgraphSource};
use graphloom::config::Settings;
use graphloom::telemetry::{Capture, Json};
use graphloom::{Gateway, Running};
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use oracle::{Bench, Case, Failure, StrictSubgraph, Verdict};
use serde_json::json;
use thiserror::Error;
use tokio::net::TcpStream;

use super::chances::Chances;
use super::connectors::Service;
use super::endpoint::Endpoint;
use super::faults::Trouble;
use super::server::{Seen, Served, Server};
use super::subgraph::Subgraph;

/// A graph behind a gateway.
pub(crate) struct World {
    pub(crate) bench: Bench,
    pub(crate) sdl: Vec<(String, String)>,
    connectors: Connectors,
    services: Vec<Service>,
    _gateway: Running,
    client: SendRequest<Full<Bytes>>,
}

/// What a world is made of: subgraphs, data and labels as [`Failure`] has them, and which are REST.
pub(crate) struct Plan<'a> {
    pub(crate) subgraphs: &'a [(String, String)],
    pub(crate) data: &'a serde_json::Value,
    pub(crate) labels: &'a BTreeSet<String>,
    pub(crate) rest: &'a BTreeSet<String>,
    pub(crate) chances: Chances,
}

/// Why there is no world.
#[derive(Debug, Error)]
pub(crate) enum Closed {
    /// Even without REST services there is none.
    #[error("does not compose without connectors: {0}")]
    Plain(String),
    /// With them there is none: why, and the SDL.
    #[error("does not work with connectors: {0}")]
    After(String, Vec<(String, String)>),
}

impl World {
    /// Opens it on a server.
    pub(crate) async fn open(
        plan: &Plan<'_>,
        server: &Server,
        folder: &Path,
    ) -> Result<Self, Closed> {
        let plain = oracle::compose(plan.subgraphs).map_err(Closed::Plain)?;
        let base = format!("http://{}/w{}", server.address, server.next_number());
        let mut services = Vec::new();
        let mut sources = Vec::new();
        for (name, sdl) in plan.subgraphs {
            let url = format!("{base}/{name}");
            let made = Subgraph::of(name, sdl).filter(|_| plan.rest.contains(name));
            let service = made.and_then(|subgraph| Service::of(&subgraph, &url, plan.chances));
            let sdl = service.as_ref().map_or(sdl, |service| &service.sdl).clone();
            let url = service.is_none().then_some(url);
            sources.push(SubgraphSource { name: name.clone(), url, sdl, file: None });
            services.extend(service);
        }
        let sdl: Vec<(String, String)> =
            sources.iter().map(|source| (source.name.clone(), source.sdl.clone())).collect();
        let after = |why: String| Closed::After(why, sdl.clone());
        let composed =
            composition::compose(&sources).map_err(|failure| after(failure.to_string()))?;
        let loaded = composition::load(&composed.supergraph_sdl);
        let (supergraph, connectors) =
            loaded.map_err(|error| after(format!("it does not load: {error:?}")))?;
        let bench = |supergraph| {
            Bench::new(plan.subgraphs, supergraph, plan.data, plan.labels.clone())
                .map_err(Closed::Plain)
        };
        let subgraphs = bench(plain)?.into_subgraphs();
        let bench = bench(supergraph)?;
        let truth = |service: &Service| {
            let (_, sdl) = plan.subgraphs.iter().find(|(name, _)| *name == service.name)?;
            subgraphs.first()?.beside(&service.name, sdl).ok()
        };
        let served: Option<Vec<(Service, StrictSubgraph)>> =
            services.iter().map(|service| Some((service.clone(), truth(service)?))).collect();
        let services_served = served.ok_or(Closed::Plain("no strict subgraph".to_owned()))?;
        server
            .serve(Served { subgraphs, services: services_served }, plan.chances.within("server"));
        let gateway = start(folder, &composed.supergraph_sdl, plan, &sources).await;
        let gateway = gateway.map_err(after)?;
        let client = connect(gateway.public_address).await.map_err(after)?;
        Ok(Self { bench, sdl, connectors, services, _gateway: gateway, client })
    }

    /// How many connectors it has.
    pub(crate) fn n_connectors(&self) -> usize {
        self.connectors.iter().count()
    }

    /// Asks the gateway, and judges its answer and what it asked for that.
    pub(crate) async fn run(&mut self, case: &Case, server: &Server) -> (Verdict, Vec<Seen>) {
        server.take_seen();
        server.set_faults(&case.faults);
        let answer = self.ask(case).await.unwrap_or_else(|error| error);
        let seen = server.take_seen();
        let wrong = seen.iter().find_map(|seen| seen.wrong.as_ref());
        let struck =
            seen.iter().filter_map(|seen| Some((seen.endpoint.as_ref()?.0.clone(), seen.trouble?)));
        let struck: Vec<(String, Trouble)> = struck.collect();
        let excused = Trouble::excused(case, &struck);
        let verdict = match (self.bench.judge(&excused, &answer), wrong) {
            (Verdict::Mismatch { ours, truth, plan, .. }, Some(wrong)) => {
                Verdict::Mismatch { why: wrong.clone(), ours, truth, plan }
            }
            (Verdict::Equal(plan), _) => match self.judge_requests(&plan, &seen) {
                Ok(()) => Verdict::Equal(plan),
                Err(why) => Verdict::Mismatch {
                    why,
                    ours: answer,
                    truth: String::new(),
                    plan: plan.to_text(&self.bench.supergraph),
                },
            },
            (other, _) => other,
        };
        (verdict, seen)
    }

    /// Service and coordinate of what a request asked.
    pub(crate) fn asked(&self, seen: &Seen) -> Option<(String, String)> {
        let (name, number) = seen.endpoint.as_ref()?;
        let service = self.services.iter().find(|service| service.name == *name)?;
        Some((name.clone(), service.endpoints.get(*number)?.coordinate.clone()))
    }

    async fn ask(&mut self, case: &Case) -> Result<String, String> {
        let body = json!({ "query": case.operation.text, "variables": case.operation.variables });
        let request = Request::builder()
            .method(Method::POST)
            .uri("/graphql")
            .header("host", "gateway")
            .header("content-type", "application/json")
            .header("x-client", "of the client")
            .body(Full::new(Bytes::from(body.to_string())))
            .map_err(|error| error.to_string())?;
        self.client.ready().await.map_err(|error| error.to_string())?;
        let response =
            self.client.send_request(request).await.map_err(|error| error.to_string())?;
        let body = response.into_body().collect().await.map_err(|error| error.to_string())?;
        Ok(String::from_utf8_lossy(&body.to_bytes()).into_owned())
    }

    /// Judges what was sent: nothing wrong, nothing twice, and no more than the plan's fetches need.
    fn judge_requests(&self, plan: &query_planner::QueryPlan, seen: &[Seen]) -> Result<(), String> {
        if let Some(wrong) = seen.iter().find_map(|seen| seen.wrong.as_ref()) {
            return Err(wrong.clone());
        }
        let mut gets = BTreeSet::new();
        let is_get = |seen: &&Seen| seen.request.method == "GET" && seen.endpoint.is_some();
        let is_query = plan.operation == query_planner::OperationKind::Query;
        for seen in seen.iter().filter(is_get).filter(|_| is_query) {
            let parameters = seen.request.headers.iter().filter(|(name, _)| name.starts_with("x-"));
            let parameters: Vec<_> = parameters.cloned().collect();
            if !gets.insert((seen.request.uri.clone(), parameters)) {
                return Err("the same GET was sent twice".to_owned());
            }
        }
        let mut by_endpoint: BTreeMap<&(String, usize), Vec<&Seen>> = BTreeMap::new();
        for seen in seen {
            if let Some(endpoint) = &seen.endpoint {
                by_endpoint.entry(endpoint).or_default().push(seen);
            }
        }
        for ((service, number), seen) in by_endpoint {
            let service = self.services.iter().find(|it| it.name == *service);
            let Some(endpoint) = service.and_then(|service| service.endpoints.get(*number)) else {
                return Err("an endpoint that nobody has".to_owned());
            };
            self.judge_batches(plan, service.map_or("", |it| &it.name), endpoint, &seen)?;
        }
        Ok(())
    }

    /// Each fetch of a batch may leave one request that is not full.
    fn judge_batches(
        &self,
        plan: &query_planner::QueryPlan,
        service: &str,
        endpoint: &Endpoint,
        seen: &[&Seen],
    ) -> Result<(), String> {
        if !matches!(endpoint.asked, super::endpoint::Asked::Batch(_)) {
            return Ok(());
        }
        let is_its = |fetch: &query_planner::Fetch| {
            self.connectors.of(fetch.subgraph).is_some_and(|connector| {
                connector.subgraph == service && connector.coordinate == endpoint.coordinate
            })
        };
        let n_fetches = plan.fetches.iter().filter(|(_, fetch)| is_its(fetch)).count();
        let n_objects: usize = seen.iter().map(|seen| seen.objects.len()).sum();
        let full = endpoint.max_batch.map_or(0, |max| n_objects / max);
        match seen.len() <= full + n_fetches {
            true => Ok(()),
            false => Err(format!(
                "{} requests for {n_objects} objects in {n_fetches} fetches of `{}`",
                seen.len(),
                endpoint.coordinate
            )),
        }
    }
}

async fn start(
    folder: &Path,
    supergraph: &str,
    plan: &Plan<'_>,
    sources: &[SubgraphSource],
) -> Result<Running, String> {
    let mut labels = String::new();
    for label in Bench::labels_of(plan.subgraphs) {
        let share = if plan.labels.contains(&label) { "100%" } else { "0%" };
        let _ = writeln!(labels, "    {label:?}: {share}");
    }
    if !labels.is_empty() {
        labels.insert_str(0, "  override_labels:\n");
    }
    let mut graph = String::new();
    let write = |name: &str, text: &str| {
        std::fs::write(folder.join(name), text).map_err(|error| error.to_string())
    };
    if plan.chances.at("file").percent(50) {
        write("graph.graphql", supergraph)?;
        graph.push_str("  file: graph.graphql\n");
    } else {
        graph.push_str("  subgraphs:\n");
        for source in sources {
            let file = format!("{}.graphql", source.name);
            write(&file, &source.sdl)?;
            let url = source.url.as_ref().map_or(String::new(), |url| format!(", url: \"{url}\""));
            let _ = writeln!(graph, "    {}: {{ schema: {file}{url} }}", source.name);
        }
    }
    let yaml = format!(
        "version: 1\nlisten: 127.0.0.1:0\nadmin: {{ listen: 127.0.0.1:0 }}\nworkers: 1\nsupergraph:\n{graph}{labels}\
         graphql: {{ introspection: true, errors: {{ mask: false }} }}\n\
         connectors: {{ max_requests_per_operation: 100000 }}\n"
    );
    let file = folder.join("graphloom.yaml");
    let settings = Settings::read(&file, &yaml, &|_| None);
    let settings = settings.map_err(|error| error.to_string())?;
    let sink = Arc::new(Json(Capture::default()));
    Gateway::start(settings, sink).await.map_err(|error| format!("{error:?}"))
}

async fn connect(address: std::net::SocketAddr) -> Result<SendRequest<Full<Bytes>>, String> {
    let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    let shaken = handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    let (sender, connection) = shaken;
    tokio::spawn(connection);
    Ok(sender)
}

/// The SDL, with connectors, of a failing case, and what was sent for it.
pub(crate) fn page(
    heading: &str,
    failure: &Failure,
    sdl: Vec<(String, String)>,
    run: &(Verdict, Vec<Seen>),
) -> String {
    let shown = Failure { subgraphs: sdl, ..failure.clone() };
    let mut out = shown.page_of(heading, Some(&run.0));
    for seen in &run.1 {
        let request = &seen.request;
        let body = String::from_utf8_lossy(&request.body);
        let _ = writeln!(
            out,
            "{} {} {body}\n  → {:?} {}",
            request.method, request.uri, seen.trouble, seen.answer
        );
        if let Some(wrong) = &seen.wrong {
            let _ = writeln!(out, "  WRONG: {wrong}");
        }
    }
    out
}
