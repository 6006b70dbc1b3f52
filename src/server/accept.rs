//! Accepts connections until told to stop.
//!
//! **In:** a bound listener. **Out:** each connection to a worker, or served here; at the end, drained ones.
//!
//! **Never here:** requests.
//!
//! **Holds:** no more connections are open than allowed; the others wait in the system's queue. Once
//! stopping, none is accepted any more.
//!
//! **Read first:** [`deal`].

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::connections::Connections;
use super::workers::Workers;
use super::{DoorsInForce, Port};

/// How long to wait after the system refused a connection, before asking again.
const PAUSE: Duration = Duration::from_millis(20);

/// Deals the connections of clients to the workers until `stop` turns true, then drains.
pub async fn deal(
    listener: TcpListener,
    max_connections: usize,
    mut workers: Workers,
    mut stop: watch::Receiver<bool>,
) {
    let permits = Arc::new(Semaphore::new(max_connections));
    loop {
        let (stream, peer, permit) = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            accepted = accept(&listener, &permits) => accepted,
        };
        workers.deal(stream, peer, permit);
    }
    drop(listener);
    workers.drain().await;
}

/// Serves the connections of operators on this runtime until `stop` turns true, then drains.
pub async fn serve(
    listener: TcpListener,
    max_connections: usize,
    doors: DoorsInForce,
    mut stop: watch::Receiver<bool>,
) {
    let permits = Arc::new(Semaphore::new(max_connections));
    let mut connections = Connections::new(Port::Admin, doors);
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            () = connections.ended() => {}
            (stream, peer, permit) = accept(&listener, &permits) => {
                connections.serve(stream, peer, permit);
            }
        }
    }
    drop(listener);
    connections.drain().await;
}

/// The next connection, once one may be open.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    loop {
        let permit = Arc::clone(permits).acquire_owned().await;
        if let (Ok(permit), Ok((stream, peer))) = (permit, listener.accept().await) {
            return (stream, peer, permit);
        }
        // Out of file descriptors, most likely: connections that end will free some.
        tokio::time::sleep(PAUSE).await;
    }
}
