//! `graphloom demo`: the example graph, its servers and the gateway in one process, and a tour of them.
//!
//! **In:** [`DemoArguments`]. **Out:** a gateway that serves until it is told to stop; the tour; one short
//! line a request.
//!
//! **Never here:** the example servers (`subgraphs`), the gateway (`gateway` starts it as for `serve`).
//!
//! **Holds:** the configuration on disk is read as it is. What the demo changes (addresses, introspection,
//! the query page, `Server-Timing`, shown errors, the route to its own controls) it changes in memory.
//!
//! **Read first:** [`start`].

mod callers;
mod control;
mod files;
mod request_line;
mod tour;

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use http::Method;
use subgraphs::{Options, Service};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use url::Url;

use crate::config::{
    ConfigErrors, Destination, HeaderRules, Introspection, IpRules, Limits, ListenerSettings,
    RouteSettings, Settings, SupergraphSettings, UpstreamSettings,
};
use crate::gateway::{self, Gateway, StartError};
use crate::identity::api_key::StoreError;
use crate::telemetry::subscriber;

use callers::Callers;
use control::{parse_delay, parse_fraction};
use files::DemoFiles;
use request_line::{ForPeople, event_line};

/// What can be said on the command line.
#[derive(Args, Clone, Debug)]
pub(super) struct DemoArguments {
    /// The port of the gateway on 127.0.0.1; metrics are nine ports above it. 0 takes any free ones.
    #[arg(long, value_name = "PORT", default_value_t = 4000)]
    port: u16,

    /// Makes a server wait before each answer: `--slow reviews=300ms`. May be repeated.
    #[arg(long, value_name = "SERVICE=DURATION", value_parser = parse_slow)]
    slow: Vec<(Service, Duration)>,

    /// Makes a part of a server's requests fail: `--fail inventory=20%`. May be repeated.
    #[arg(long, value_name = "SERVICE=PERCENT", value_parser = parse_fail)]
    fail: Vec<(Service, f64)>,
}

/// Why the demo cannot start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(super) enum DemoError {
    #[error("cannot write the files of the demo: {0}")]
    Files(io::Error),
    #[error("cannot make the keys of the demo's callers: {0}")]
    Callers(StoreError),
    #[error("cannot start the example servers: {0}")]
    Servers(io::Error),
    #[error("{0}")]
    Config(ConfigErrors),
    #[error(transparent)]
    Start(StartError),
}

/// A running demo.
pub(super) struct Demo {
    /// The gateway; shut it down before the rest is dropped.
    pub(super) gateway: gateway::Running,
    /// What to tell a person.
    pub(super) welcome: String,
    control: JoinHandle<()>,
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.control.abort();
    }
}

/// Starts everything; `say` gets the lines of requests and events.
pub(super) async fn start(
    arguments: &DemoArguments,
    program: &str,
    say: impl Fn(&str) + Clone + Send + Sync + 'static,
) -> Result<Demo, DemoError> {
    let began = Instant::now();
    let files = DemoFiles::at(Path::new(""), tour::TOP_PRODUCTS).map_err(DemoError::Files)?;
    let options = Options {
        delay: arguments.slow.iter().copied().collect(),
        fail: arguments.fail.iter().copied().collect(),
        ..Options::default()
    };
    let servers = Arc::new(subgraphs::start(options).await.map_err(DemoError::Servers)?);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(DemoError::Servers)?;
    let control_address = listener.local_addr().map_err(DemoError::Servers)?;
    let mut settings = Settings::load(&files.configuration).map_err(DemoError::Config)?;
    let callers = Callers::introduce(&settings).map_err(DemoError::Callers)?;
    let (port, behind, tabs) = (arguments.port, Arc::clone(&servers), callers.tabs.clone());
    let adapt = move |settings: &mut Settings| {
        adapt(settings, port, &behind, control_address);
        settings.graphql.tabs.clone_from(&tabs);
    };
    adapt(&mut settings);
    let tell = say.clone();
    let diagnostics = subscriber(settings.telemetry.log_filter.clone(), move |event| {
        tell(&event_line(event));
    });
    tracing::subscriber::set_global_default(diagnostics).expect("a process has one demo");
    let file = files.configuration.clone();
    let read = Arc::new(move |text: &str| {
        let mut settings = Settings::parse(&file, text)?;
        adapt(&mut settings);
        Ok(settings)
    });
    let gateway = Gateway::start_following(settings, Arc::new(ForPeople(say)), read)
        .await
        .map_err(DemoError::Start)?;
    let address = gateway.public_address;
    let places = tour::Places { address, files: &files, program, tabs: &callers.tabs };
    let welcome = format!(
        "Graphloom is ready after {:.1} s: http://{}/ for you, http://{}/metrics for machines.\n\
         Introspection, the query page with the calls of REST sources, Server-Timing and errors in full are on for the demo; \
         `graphloom serve` has them off.\n\n{}",
        began.elapsed().as_secs_f64(),
        gateway.public_address,
        gateway.admin_address,
        tour::text(&places)
    );
    let control = tokio::spawn(control::serve(listener, servers));
    Ok(Demo { gateway, welcome, control })
}

fn adapt(settings: &mut Settings, port: u16, servers: &subgraphs::Running, control: SocketAddr) {
    let local = |port| ListenerSettings::plain(SocketAddr::from(([127, 0, 0, 1], port)));
    settings.listen.public = vec![local(port)];
    let admin_port = if port == 0 { 0 } else { port.saturating_add(9) };
    settings.listen.admin = local(admin_port);
    settings.graphql.introspection = Introspection::Always;
    settings.graphql.ide = true;
    settings.graphql.server_timing = true;
    settings.graphql.errors.mask = false;
    settings.connectors.debug = true;
    if let SupergraphSettings::Subgraphs(subgraphs) = &mut settings.supergraph {
        for service in Service::SUBGRAPHS {
            if let (Some(subgraph), Some(url)) =
                (subgraphs.get_mut(service.name()), url_of(servers.server(service).url()))
            {
                subgraph.destination = Some(Destination::Url(url));
            }
        }
    }
    let pool = |url: &str| UpstreamSettings::to(url_of(url).into_iter().collect());
    let orders = pool(servers.server(Service::Orders).url());
    settings.upstreams.insert(Service::Orders.name().to_owned(), orders);
    settings.upstreams.insert("demo".to_owned(), pool(&format!("http://{control}")));
    settings.routes.push(RouteSettings {
        template: "/demo/{*action}".to_owned(),
        methods: vec![Method::POST],
        upstream: "demo".to_owned(),
        headers: HeaderRules::default(),
        require: None,
        timeout: None,
        limits: Limits { body: 1_000, ..Limits::of_nobody(1) },
        policies: Vec::new(),
        cost: 1,
        ip: IpRules::default(),
        cors: None,
        csrf: true,
        authorize: None,
        masks: Vec::new(),
    });
}

/// The servers give the addresses that they listen on.
fn url_of(text: &str) -> Option<Url> {
    Url::parse(text).ok()
}

fn parse_slow(text: &str) -> Result<(Service, Duration), String> {
    let (service, delay) = parse_pair(text, "reviews=300ms")?;
    Ok((service, parse_delay(delay)?))
}

fn parse_fail(text: &str) -> Result<(Service, f64), String> {
    let (service, part) = parse_pair(text, "inventory=20%")?;
    Ok((service, parse_fraction(part)?))
}

fn parse_pair<'a>(text: &'a str, example: &str) -> Result<(Service, &'a str), String> {
    let pair = text.split_once('=').ok_or_else(|| format!("write it as in `{example}`"))?;
    Ok((pair.0.parse().map_err(|error| format!("{error}"))?, pair.1))
}
