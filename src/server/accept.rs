//! Accepts connections and serves them until told to stop.
//!
//! **In:** a bound listener. **Out:** each request to [`answer`]; at the end, drained connections.
//!
//! **Never here:** requests.
//!
//! **Holds:** a client that sends its headers slowly loses its connection, not a thread. Once stopping,
//! no request that began is cut off before the drain time is over.
//!
//! **Read first:** [`serve`].

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::{DoorsInForce, Port, answer};
use crate::config::ServerLimits;

/// How long to wait after the system refused a connection, before asking again.
const PAUSE: Duration = Duration::from_millis(20);

/// Serves one listener until `stop` turns true, then drains.
pub async fn serve(
    listener: TcpListener,
    port: Port,
    doors: DoorsInForce,
    mut stop: watch::Receiver<bool>,
) {
    let limits = || doors.load().rooms.settings.limits;
    let graceful = GracefulShutdown::new();
    let permits = Arc::new(Semaphore::new(limits().connections));
    // Ends the connections with this future, should it be dropped.
    let mut connections = JoinSet::new();
    loop {
        let permit = Arc::clone(&permits).acquire_owned();
        let accepted = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            Some(_) = connections.join_next() => continue,
            accepted = async { (permit.await, listener.accept().await) } => accepted,
        };
        let (Ok(permit), Ok((stream, peer))) = accepted else {
            // Out of file descriptors, most likely: connections that end will free some.
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let connection = connection(&builder(limits()), stream, peer, port, &doors);
        let connection = graceful.watch(connection);
        connections.spawn(async move {
            // Whatever ends a connection, its requests were told already.
            let _ = connection.await;
            drop(permit);
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(limits().drain, graceful.shutdown()).await;
}

fn builder(limits: ServerLimits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.headers);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.headers).unwrap_or(u32::MAX));
    builder
}

fn connection(
    builder: &Builder<TokioExecutor>,
    stream: TcpStream,
    peer: SocketAddr,
    port: Port,
    doors: &DoorsInForce,
) -> impl hyper_util::server::graceful::GracefulConnection<Error: Send> + Send + 'static {
    let _ = stream.set_nodelay(true);
    let doors = Arc::clone(doors);
    let service = service_fn(move |request| {
        let doors = doors.load_full();
        async move { Ok::<_, std::convert::Infallible>(answer(doors, port, peer, request).await) }
    });
    builder.serve_connection(TokioIo::new(stream), service).into_owned()
}
