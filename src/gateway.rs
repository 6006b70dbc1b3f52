//! Starts a gateway: furnishes the rooms, binds both ports, serves until it is stopped.
//!
//! **In:** [`Settings`] and a log. **Out:** a [`Running`] gateway, or why it cannot start.
//!
//! **Never here:** the command line, signals (`cli`).
//!
//! **Holds:** when [`Gateway::start`] returns, both ports accept requests.
//!
//! **Read first:** [`Gateway::start`].

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::admin::Probes;
use crate::config::Settings;
use crate::graph::{GraphInForce, Problem, Watch, Workshop};
use crate::pipeline::{Rooms, error_policy};
use crate::routes::Routes;
use crate::server::{Port, accept};
use crate::telemetry::{DoorMetrics, Event, Level, Metrics, Sink, Telemetry};
use crate::upstream::Upstreams;

/// Starts gateways.
#[derive(Debug)]
pub struct Gateway;

/// A gateway that serves. Dropping it cuts off what it serves; [`Running::shutdown`] does not.
pub struct Running {
    /// Where clients connect.
    pub public_address: SocketAddr,
    /// Where operators connect.
    pub admin_address: SocketAddr,
    /// The graph in force.
    pub graph: Arc<GraphInForce>,
    stop: watch::Sender<bool>,
    stopped: watch::Sender<bool>,
    listeners: [JoinHandle<()>; 2],
    telemetry: Telemetry,
    _watch: Watch,
}

/// Why a gateway cannot start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The graph cannot be loaded.
    #[error("the graph cannot be loaded")]
    Graph(#[source] Arc<Problem>),
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
    /// Loads the graph, binds both ports and serves.
    ///
    /// # Errors
    /// When the graph cannot be loaded or a port cannot be bound.
    pub async fn start(settings: Settings, log: Arc<dyn Sink>) -> Result<Running, StartError> {
        let settings = Arc::new(settings);
        let telemetry = Telemetry { log, metrics: Arc::new(Metrics::new()) };
        let upstreams = Arc::new(Upstreams::new(&settings.upstreams));
        let workshop = Workshop {
            settings: Arc::clone(&settings),
            upstreams: Arc::clone(&upstreams),
            telemetry: telemetry.clone(),
        };
        let (graph, watch) = GraphInForce::start(workshop).await.map_err(StartError::Graph)?;
        let public = bind(settings.listen.public).await?;
        let admin = bind(settings.listen.admin).await?;
        let metrics = &telemetry.metrics;
        let rooms = Arc::new(Rooms {
            routes: Routes::new(&settings.routes, &settings.headers, &upstreams, metrics),
            graph: Arc::clone(&graph),
            graphql_metrics: Arc::new(DoorMetrics::new(metrics, "graphql", &settings.graphql.path)),
            error_policy: error_policy(&settings.graphql),
            telemetry: telemetry.clone(),
            settings,
        });
        Ok(Running::serve(rooms, public, admin, graph, watch))
    }
}

impl Running {
    fn serve(
        rooms: Arc<Rooms>,
        (public, public_address): (TcpListener, SocketAddr),
        (admin, admin_address): (TcpListener, SocketAddr),
        graph: Arc<GraphInForce>,
        watch: Watch,
    ) -> Self {
        let telemetry = rooms.telemetry.clone();
        let (stop, stopping) = watch::channel(false);
        let (stopped, admin_stopping) = watch::channel(false);
        let probes = Probes::new(stopping.clone());
        let listeners = [
            tokio::spawn(accept::serve(
                public,
                Port::Public,
                Arc::clone(&rooms),
                probes.clone(),
                stopping,
            )),
            // Probes and metrics answer until the last client is served.
            tokio::spawn(accept::serve(admin, Port::Admin, rooms, probes, admin_stopping)),
        ];
        let event = Event::new(Level::Info, "listening")
            .with("address", public_address.to_string())
            .with("admin_address", admin_address.to_string());
        telemetry.log.event(&event);
        Self {
            public_address,
            admin_address,
            graph,
            stop,
            stopped,
            listeners,
            telemetry,
            _watch: watch,
        }
    }

    /// Accepts no more connections, lets running requests finish within `limits.drain`, then returns.
    /// A second call does nothing.
    pub async fn shutdown(&mut self) {
        if self.stop.send_replace(true) {
            return;
        }
        self.telemetry.log.event(&Event::new(Level::Info, "stopping"));
        let [public, admin] = &mut self.listeners;
        let _ = public.await;
        self.stopped.send_replace(true);
        let _ = admin.await;
        self.telemetry.log.event(&Event::new(Level::Info, "stopped"));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for listener in &self.listeners {
            listener.abort();
        }
    }
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let refused = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    Ok((listener, address))
}
