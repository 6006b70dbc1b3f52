//! Accepts connections until told to stop.
//!
//! **In:** bound listeners. **Out:** each connection to a worker, or served here; at the end, drained ones.
//!
//! **Never here:** handshakes (`tls`), requests.
//!
//! **Holds:** no more connections are open than allowed; the others wait in the system's queue. Once
//! stopping, none is accepted any more.
//!
//! **Read first:** [`deal`].

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::connections::Connections;
use super::tls::Tls;
use super::workers::Workers;
use super::{DoorsInForce, Port};

/// How long to wait after the system refused a connection, before asking again.
const PAUSE: Duration = Duration::from_millis(20);

/// An address that is listened on.
pub struct Listener {
    /// Bound.
    pub socket: TcpListener,
    /// Under TLS, or in the clear.
    pub tls: Option<Arc<Tls>>,
}

/// A connection that came to one of the listeners.
struct Accepted {
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<Arc<Tls>>,
    permit: OwnedSemaphorePermit,
}

/// Deals the connections of clients to the workers until `stop` turns true, then drains.
pub async fn deal(
    listeners: Vec<Listener>,
    max_connections: usize,
    mut workers: Workers,
    mut stop: watch::Receiver<bool>,
) {
    let permits = Arc::new(Semaphore::new(max_connections));
    let mut next = 0;
    loop {
        let Accepted { stream, peer, tls, permit } = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            accepted = accept(&listeners, &mut next, &permits) => accepted,
        };
        workers.deal(stream, peer, tls, permit);
    }
    drop(listeners);
    workers.drain().await;
}

/// Serves the connections of operators on this runtime until `stop` turns true, then drains.
pub async fn serve(
    listener: Listener,
    max_connections: usize,
    doors: DoorsInForce,
    mut stop: watch::Receiver<bool>,
) {
    let permits = Arc::new(Semaphore::new(max_connections));
    let mut connections = Connections::new(Port::Admin, doors);
    let (listeners, mut next) = ([listener], 0);
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            () = connections.ended() => {}
            Accepted { stream, peer, tls, permit } = accept(&listeners, &mut next, &permits) => {
                connections.serve(stream, peer, tls, permit);
            }
        }
    }
    drop(listeners);
    connections.drain().await;
}

/// The next connection, once one may be open. The listeners take turns, beginning with `next`.
async fn accept(listeners: &[Listener], next: &mut usize, permits: &Arc<Semaphore>) -> Accepted {
    loop {
        let permit = Arc::clone(permits).acquire_owned().await;
        let accepted = poll_fn(|context| {
            for turn in 0..listeners.len() {
                let listener = &listeners[(*next + turn) % listeners.len()];
                if let Poll::Ready(accepted) = listener.socket.poll_accept(context) {
                    *next = (*next + turn + 1) % listeners.len();
                    return Poll::Ready((accepted, listener.tls.clone()));
                }
            }
            Poll::Pending
        });
        if let (Ok(permit), (Ok((stream, peer)), tls)) = (permit, accepted.await) {
            return Accepted { stream, peer, tls, permit };
        }
        // Out of file descriptors, most likely: connections that end will free some.
        tokio::time::sleep(PAUSE).await;
    }
}
