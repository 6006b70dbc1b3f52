//! Listens on a port for one service, can be killed and comes back on the same port.
//!
//! **In:** the routes of a service and an address.
//! **Out:** [`Server`]: where it listens, what it was asked, how to disturb it.
//!
//! **Never here:** what the routes answer; delay and failures themselves (`door`).
//!
//! **Holds:** after [`Server::stop`] the port refuses connections and the old ones are closed,
//! requests in progress included. While stopped the port stays bound without listening, so nobody
//! else gets it. What mutations changed outlives a restart, as a database would.
//!
//! **Read first:** [`Server::restart`].

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Mutex, oneshot};
use tokio::task::{JoinHandle, JoinSet};

use crate::door::{Door, RecordedRequest, admit};
use crate::lookup::Tally;
use crate::service::Service;

/// One running service. Speaks HTTP/1.1, and HTTP/2 without TLS to clients that begin with it.
pub struct Server {
    service: Service,
    url: String,
    address: SocketAddr,
    door: Arc<Door>,
    tally: Arc<Tally>,
    router: Router,
    state: Mutex<State>,
}

enum State {
    Listening {
        /// Ends the accept loop when it is sent to, and when it is dropped.
        stop: oneshot::Sender<()>,
        accept_loop: JoinHandle<()>,
    },
    /// Stopped; the socket holds the port.
    Stopped(Option<TcpSocket>),
}

/// Connections the kernel may hold for us until they are accepted.
const BACKLOG: u32 = 1_024;

/// How long to wait when no connection can be accepted, as when file descriptors have run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

impl Server {
    pub(crate) async fn start(
        service: Service,
        address: SocketAddr,
        routes: Router,
        door: Door,
        tally: Arc<Tally>,
    ) -> io::Result<Self> {
        let socket = reserve(address)?;
        let address = socket.local_addr()?;
        let door = Arc::new(door);
        let router = routes
            .layer(from_fn_with_state(Arc::clone(&door), admit))
            // Behind the door's back: health checks are not part of what tests count.
            .route("/health", get(async || "ok\n"));
        let path = if service == Service::Orders { "" } else { "/graphql" };
        let url = format!("http://{address}{path}");
        let state = Mutex::new(State::Stopped(Some(socket)));
        let server = Self { service, url, address, door, tally, router, state };
        server.restart().await?;
        Ok(server)
    }

    /// Which service this is.
    pub fn service(&self) -> Service {
        self.service
    }

    /// The name of the service.
    pub fn name(&self) -> &'static str {
        self.service.name()
    }

    /// The GraphQL endpoint (`http://127.0.0.1:4001/graphql`), or the base URL of `orders`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens. The same before and after a restart.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many requests have come in, failed ones included, `/health` excluded.
    pub fn requests(&self) -> u64 {
        self.door.requests()
    }

    /// The last requests, oldest first, at most 256 of them.
    pub fn last_requests(&self) -> Vec<RecordedRequest> {
        self.door.recent()
    }

    /// How often the resolvers asked a table of this server. A batch is one look-up.
    pub fn lookups(&self) -> u64 {
        self.tally.lookups()
    }

    /// How many rows those look-ups asked for.
    pub fn rows_looked_up(&self) -> u64 {
        self.tally.rows()
    }

    /// Sets all counters to zero and forgets the last requests. Injected failures count from here.
    pub fn reset(&self) {
        self.door.reset();
        self.tally.reset();
    }

    /// Makes every request wait this long from now on.
    pub fn set_delay(&self, delay: Duration) {
        self.door.set_delay(delay);
    }

    /// Makes this fraction of the requests fail from now on: 0 is none, 1 is all. Failures of a
    /// subgraph are an HTTP 500 or a GraphQL error, those of `orders` an HTTP 500.
    pub fn set_fail(&self, fraction: f64) {
        self.door.set_fail(fraction);
    }

    /// Kills the server: closes the port and every connection. Nothing happens if it is stopped.
    pub async fn stop(&self) {
        let mut state = self.state.lock().await;
        let stopped = State::Stopped(None);
        if let State::Listening { stop, accept_loop } = std::mem::replace(&mut *state, stopped) {
            drop(stop);
            // An error would be a panic of the loop, which leaves nothing to wait for.
            let _ = accept_loop.await;
        }
        if let State::Stopped(socket @ None) = &mut *state {
            *socket = reserve(self.address).ok();
        }
    }

    /// Starts a stopped server again on the same port. Nothing happens if it is running.
    ///
    /// # Errors
    ///
    /// When the port cannot be listened on, because another process took it meanwhile.
    pub async fn restart(&self) -> io::Result<()> {
        let mut state = self.state.lock().await;
        let State::Stopped(socket) = &mut *state else { return Ok(()) };
        let socket = match socket.take() {
            Some(socket) => socket,
            None => reserve(self.address)?,
        };
        let listener = socket.listen(BACKLOG)?;
        let (stop, stopped) = oneshot::channel();
        let accept_loop = tokio::spawn(accept(listener, self.router.clone(), stopped));
        *state = State::Listening { stop, accept_loop };
        Ok(())
    }
}

/// Binds a socket without listening: the port is ours and refuses connections.
fn reserve(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Old connections in TIME_WAIT must not keep a restart from binding.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

async fn accept(listener: TcpListener, router: Router, mut stopped: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(converse(stream, router.clone()))),
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
        }
    }
    drop(listener);
    connections.shutdown().await;
}

async fn converse(stream: TcpStream, router: Router) {
    // Answers are written in one piece; waiting for more to send would only slow them down.
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router);
    // A connection that ends badly is the client's to notice.
    let _ = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
