//! Starts a gateway: furnishes the rooms, binds all ports, starts the workers, serves until it is stopped.
//!
//! **In:** [`Settings`] and a log. **Out:** a [`Running`] gateway, or why it cannot start.
//!
//! **Never here:** the command line, signals (`cli`).
//!
//! **Holds:** when [`Gateway::start`] returns, all ports accept requests. Clients are served by the workers;
//! operators, and the watch over the files, by the runtime that started the gateway.
//!
//! **Read first:** [`Gateway::start`].

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;

use arc_swap::ArcSwap;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::admin::Probes;
use crate::admission::Admission;
use crate::config::{ListenerSettings, Settings};
use crate::graph::{Configuration, GraphInForce, Problem, ReadConfiguration, Watch, Workshop};
use crate::identity::Identity;
use crate::pipeline::{Rooms, error_policy};
use crate::routes::Routes;
use crate::server::accept::{self, Listener};
use crate::server::certificates::CertificateError;
use crate::server::tls::CertificateWatch;
use crate::server::workers::Workers;
use crate::server::{Doors, DoorsInForce};
use crate::telemetry::{DoorMetrics, Metrics, Sink, Telemetry};
use crate::together::Together;
use crate::upstream::Upstreams;

/// Starts gateways.
#[derive(Debug)]
pub struct Gateway;

/// A gateway that serves. Dropping it cuts off what it serves; [`Running::shutdown`] does not.
pub struct Running {
    /// Where clients connect, first.
    pub public_address: SocketAddr,
    /// Where clients connect, in the order of the configuration.
    pub public_addresses: Vec<SocketAddr>,
    /// Where operators connect.
    pub admin_address: SocketAddr,
    /// The graph in force.
    pub graph: Arc<GraphInForce>,
    stop: watch::Sender<bool>,
    stopped: watch::Sender<bool>,
    listeners: [JoinHandle<()>; 2],
    _watch: Watch,
    _certificates: Arc<CertificateWatch>,
}

/// Why a gateway cannot start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The graph cannot be loaded.
    #[error("the graph cannot be loaded")]
    Graph(#[source] Arc<Problem>),
    /// The system gives no threads.
    #[error("cannot start {n_workers} workers")]
    Workers {
        /// How many.
        n_workers: NonZeroUsize,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// TLS cannot be served from its files.
    #[error(transparent)]
    Tls(CertificateError),
    /// A provider of the configuration cannot do its work.
    #[error("`identity.{provider}` cannot be used: {why}")]
    Identity {
        /// The provider.
        provider: String,
        /// Why.
        why: String,
    },
    /// A store of limits cannot be used.
    #[error("`policies.{policy}` cannot count: {why}")]
    Limits {
        /// The policy.
        policy: String,
        /// Why.
        why: String,
    },
    /// A port cannot be listened on.
    #[error("cannot listen on `{address}`")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Gateway {
    /// Loads the graph, binds both ports and serves; schema files are watched.
    ///
    /// # Errors
    /// When the graph cannot be loaded or a port cannot be bound.
    pub async fn start(settings: Settings, log: Arc<dyn Sink>) -> Result<Running, StartError> {
        Self::furnish(settings, log, None).await
    }

    /// As [`Self::start`]; the configuration file is watched too, and `read` makes settings of its text.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_following(
        settings: Settings,
        log: Arc<dyn Sink>,
        read: ReadConfiguration,
    ) -> Result<Running, StartError> {
        Self::furnish(settings, log, Some(read)).await
    }

    /// The rooms that a gateway with these settings would answer from, and nobody who listens.
    ///
    /// # Errors
    /// When the graph cannot be loaded, or a provider cannot do its work.
    pub async fn rooms(settings: Settings, log: Arc<dyn Sink>) -> Result<Arc<Rooms>, StartError> {
        let workshop = workshop(settings, log);
        let (graph, _) = GraphInForce::start(&workshop).await.map_err(StartError::Graph)?;
        checked(rooms(&workshop, &graph, None))
    }

    async fn furnish(
        settings: Settings,
        log: Arc<dyn Sink>,
        read: Option<ReadConfiguration>,
    ) -> Result<Running, StartError> {
        let (version, configuration) = (env!("CARGO_PKG_VERSION"), settings.file.display());
        tracing::info!(version, %configuration, "starting");
        let n_workers = settings.workers;
        let workshop = workshop(settings, log);
        let (graph, loaded) = GraphInForce::start(&workshop).await.map_err(StartError::Graph)?;
        let Bound { public, public_addresses, admin, admin_address, certificates } =
            bind(&workshop).await?;
        let (stop, stopping) = watch::channel(false);
        let (stopped, admin_stopping) = watch::channel(false);
        let probes = Probes::new(stopping.clone());
        let rooms = checked(rooms(&workshop, &graph, None))?;
        let doors = Doors::new(rooms, &probes);
        let doors: DoorsInForce = Arc::new(ArcSwap::from_pointee(doors));
        let certificates = Arc::new(certificates);
        let configuration = read.map(|read| {
            follow(read, &doors, &graph, probes, (&workshop, Arc::clone(&certificates)))
        });
        let max_connections = workshop.settings.limits.connections;
        let watch = graph.watch(workshop, loaded, configuration);
        let workers = Workers::start(n_workers, &doors)
            .map_err(|source| StartError::Workers { n_workers, source })?;
        let listeners = [
            tokio::spawn(accept::deal(public, max_connections, workers, stopping)),
            // Probes and metrics answer until the last client is served.
            tokio::spawn(accept::serve(admin, max_connections, doors, admin_stopping)),
        ];
        for address in &public_addresses {
            tracing::info!(%address, %admin_address, %n_workers, "listening");
        }
        Ok(Running {
            public_address: public_addresses[0],
            public_addresses,
            admin_address,
            graph,
            stop,
            stopped,
            listeners,
            _watch: watch,
            _certificates: certificates,
        })
    }
}

fn workshop(settings: Settings, log: Arc<dyn Sink>) -> Workshop {
    Workshop {
        upstreams: Arc::new(Upstreams::new(&settings.upstreams, settings.workers.get())),
        settings: Arc::new(settings),
        telemetry: Telemetry { log, metrics: Arc::new(Metrics::new()) },
    }
}

/// Rooms in which every provider can do its work.
fn checked(rooms: Arc<Rooms>) -> Result<Arc<Rooms>, StartError> {
    if let Some((provider, why)) = rooms.identity.problem() {
        let (provider, why) = (provider.to_owned(), why.to_owned());
        return Err(StartError::Identity { provider, why });
    }
    if let Some((policy, why)) = rooms.admission.problem() {
        let (policy, why) = (policy.to_owned(), why.to_owned());
        return Err(StartError::Limits { policy, why });
    }
    Ok(rooms)
}

fn rooms(workshop: &Workshop, graph: &Arc<GraphInForce>, previous: Option<&Rooms>) -> Arc<Rooms> {
    let Workshop { settings, upstreams, telemetry } = workshop;
    let metrics = &telemetry.metrics;
    let previous_limits = previous.map(|rooms| &rooms.admission);
    let admission = Admission::new(&settings.admission, metrics, previous_limits);
    let (routes, headers) = (&settings.routes, &settings.headers);
    Arc::new(Rooms {
        routes: Routes::new(routes, headers, upstreams, metrics, &admission),
        graphql_limits: admission.door(&settings.admission.graphql),
        admission,
        identity: Identity::new(&settings.identity, previous.map(|rooms| &rooms.identity)),
        graph: Arc::clone(graph),
        graphql_metrics: Arc::new(DoorMetrics::new(metrics, "graphql", &settings.graphql.path)),
        error_policy: error_policy(&settings.graphql),
        client_queries: Together::default(),
        telemetry: telemetry.clone(),
        settings: Arc::clone(settings),
    })
}

/// Doors to new rooms whenever the configuration changes. A request ends in the rooms in which it began.
fn follow(
    read: ReadConfiguration,
    doors: &DoorsInForce,
    graph: &Arc<GraphInForce>,
    probes: Probes,
    (started, certificates): (&Workshop, Arc<CertificateWatch>),
) -> Configuration {
    let (doors, graph) = (Arc::clone(doors), Arc::clone(graph));
    let started = Arc::clone(&started.settings);
    let furnish = move |workshop: &Workshop| {
        let new = rooms(workshop, &graph, Some(doors.load().rooms()));
        let new = Doors::new(new, &probes);
        doors.store(Arc::new(new));
        if started.listen.has_places_of(&workshop.settings.listen) {
            certificates.apply(workshop.settings.listen.tls());
        }
        tracing::info!("configuration replaced");
        tell_what_needs_a_restart(&started, &workshop.settings);
    };
    Configuration { read, furnish: Box::new(furnish) }
}

fn tell_what_needs_a_restart(started: &Settings, new: &Settings) {
    let places = |settings: &Settings| -> Vec<_> {
        settings.listen.public.iter().map(ListenerSettings::place).collect()
    };
    let changed = [
        ("listen", places(started) != places(new)),
        ("admin.listen", started.listen.admin.place() != new.listen.admin.place()),
        ("workers", started.workers != new.workers),
        ("limits.connections", started.limits.connections != new.limits.connections),
        ("telemetry", started.telemetry != new.telemetry),
    ];
    for (key, _) in changed.into_iter().filter(|(_, is_changed)| *is_changed) {
        tracing::warn!(key, "the change of this key needs a restart");
    }
}

impl Running {
    /// Accepts no more connections, lets running requests finish within `limits.drain`, then returns.
    /// A second call does nothing.
    pub async fn shutdown(&mut self) {
        if self.stop.send_replace(true) {
            return;
        }
        tracing::info!("stopping");
        let [public, admin] = &mut self.listeners;
        let _ = public.await;
        self.stopped.send_replace(true);
        let _ = admin.await;
        tracing::info!("stopped");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for listener in &self.listeners {
            listener.abort();
        }
    }
}

/// All listeners, bound.
struct Bound {
    public: Vec<Listener>,
    public_addresses: Vec<SocketAddr>,
    admin: Listener,
    admin_address: SocketAddr,
    certificates: CertificateWatch,
}

async fn bind(workshop: &Workshop) -> Result<Bound, StartError> {
    let listen = &workshop.settings.listen;
    let metrics = &workshop.telemetry.metrics;
    let certificates = CertificateWatch::start(listen.tls(), metrics).map_err(StartError::Tls)?;
    let mut bound = Vec::new();
    let tls = certificates.by_listener();
    for (ListenerSettings { address, .. }, tls) in listen.all().zip(tls) {
        let refused = |source| StartError::Listen { address: *address, source };
        let socket = TcpListener::bind(address).await.map_err(refused)?;
        let address = socket.local_addr().map_err(refused)?;
        bound.push((Listener { socket, tls }, address));
    }
    let (admin, admin_address) = bound.remove(0);
    let (public, public_addresses) = bound.into_iter().unzip();
    Ok(Bound { public, public_addresses, admin, admin_address, certificates })
}
