//! The connections that one runtime serves.
//!
//! **In:** accepted connections. **Out:** each request to [`answer`]; at the end, drained connections.
//!
//! **Never here:** accepting (`accept`), threads (`workers`), TLS (`tls`).
//!
//! **Holds:** a client that shakes hands or sends its headers slowly loses its connection, not a thread. Once draining, no
//! request that began is cut off before the drain time is over. Dropping the connections ends them.
//!
//! **Read first:** [`Connections::serve`].

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use hashbrown::HashMap;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, timeout};

use super::patience::{Clock, Patience};
use super::tls::{Handshakes, Tls};
use super::{DoorsInForce, Port, answer};
use crate::config::ServerLimits;
use crate::connection::Connection;

/// Connections that are being served, on the runtime that polls this.
pub(super) struct Connections {
    hall: Hall,
    // Ends the connections with this, should it be dropped.
    tasks: JoinSet<()>,
    tick: Interval,
}

/// What all connections share.
#[derive(Clone)]
struct Hall {
    port: Port,
    doors: DoorsInForce,
    open: Arc<Open>,
    clock: Arc<Clock>,
    handshakes: Handshakes,
}

/// Reaches all open connections; costs them nothing until then.
#[derive(Default)]
struct Open {
    is_draining: AtomicBool,
    /// The number of the next connection.
    next: AtomicU64,
    /// How to wake each, and how long it may wait.
    all: Mutex<HashMap<u64, (Waker, Patience)>>,
}

/// A connection that ends with its running requests once draining has begun.
struct Served<C> {
    connection: Pin<Box<C>>,
    open: Arc<Open>,
    patience: Patience,
    number: u64,
    state: State,
}

#[derive(PartialEq, Eq)]
enum State {
    New,
    Known,
    Told,
}

impl Connections {
    pub(super) fn new(port: Port, doors: DoorsInForce) -> Self {
        let clock = Arc::new(Clock::new(doors.load().rooms.settings.limits.header_timeout));
        let mut tick = tokio::time::interval(clock.tick);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (open, handshakes) = (Arc::default(), Handshakes::default());
        let hall = Hall { port, doors, open, clock, handshakes };
        Self { hall, tasks: JoinSet::new(), tick }
    }

    /// Serves one more connection, under `tls` if there is one; `guard` is dropped when it ends.
    pub(super) fn serve(
        &mut self,
        stream: TcpStream,
        peer: SocketAddr,
        tls: Option<Arc<Tls>>,
        guard: impl Send + 'static,
    ) {
        let _ = stream.set_nodelay(true);
        let Some(tls) = tls else {
            let served = self.hall.served(stream, Connection::plain(peer));
            self.tasks.spawn(async move {
                served.await;
                drop(guard);
            });
            return;
        };
        let hall = self.hall.clone();
        let (limits, workers) = hall.limits();
        let place = hall.handshakes.enter(limits.handshakes.div_ceil(workers));
        self.tasks.spawn(async move {
            let shaken = tls.shake_hands(stream, peer, limits.handshake_timeout, place).await;
            // What a handshake needed is not kept while the connection is.
            drop(tls);
            if let Some((stream, connection)) = shaken {
                hall.served(stream, connection).await;
            }
            drop(guard);
        });
    }

    /// Waits for a connection to end; meanwhile it looks after those that wait too long.
    pub(super) async fn ended(&mut self) {
        loop {
            tokio::select! {
                Some(ended) = self.tasks.join_next() => {
                    if let Err(error) = ended {
                        let detail = error.to_string();
                        tracing::error!(detail, "a connection ended by a bug");
                    }
                    return;
                }
                _ = self.tick.tick() => {
                    self.hall.clock.go_on();
                    self.hall.open.wake(Patience::is_over);
                }
            }
        }
    }

    /// Lets running requests finish, within the drain time.
    pub(super) async fn drain(mut self) {
        let (limits, _) = self.hall.limits();
        self.hall.handshakes.end();
        self.hall.open.is_draining.store(true, Ordering::SeqCst);
        self.hall.open.wake(|_| true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        let _ = timeout(limits.drain, all).await;
    }
}

impl Hall {
    /// The bounds in force, and over how many workers they are spread.
    fn limits(&self) -> (ServerLimits, usize) {
        let doors = self.doors.load();
        let settings = &doors.rooms.settings;
        let n_workers = if self.port == Port::Public { settings.workers.get() } else { 1 };
        (settings.limits, n_workers)
    }

    /// A connection on which HTTP is spoken.
    fn served<S>(
        &self,
        stream: S,
        connection: Connection,
    ) -> Served<impl GracefulConnection + use<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (doors, port) = (Arc::clone(&self.doors), self.port);
        let (limits, _) = self.limits();
        let patience = Patience::new(&self.clock, limits.header_timeout);
        patience.begin();
        let of_service = patience.clone();
        let connection = Arc::new(connection);
        let service = service_fn(move |request| {
            let under_way = of_service.asked();
            let doors = doors.load_full();
            // In a box, so that an idle connection has no room for a request, and none is moved.
            let answering = Box::pin(answer(doors, port, Arc::clone(&connection), request));
            async move {
                let mut response = answering.await;
                if let Some(under_way) = under_way {
                    response.body_mut().hold(under_way);
                }
                Ok::<_, std::convert::Infallible>(response)
            }
        });
        let builder = builder(limits, patience.clone());
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        Served {
            connection: Box::pin(connection.into_owned()),
            open: Arc::clone(&self.open),
            patience,
            number: self.open.next.fetch_add(1, Ordering::Relaxed),
            state: State::New,
        }
    }
}

impl Open {
    fn wake(&self, which: impl Fn(&Patience) -> bool) {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let woken = all.values().filter(|(_, patience)| which(patience));
        woken.for_each(|(waker, _)| waker.wake_by_ref());
    }
}

impl<C: GracefulConnection> Future for Served<C> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if this.state == State::New {
            this.state = State::Known;
            // A task has the same waker for life.
            let known = (context.waker().clone(), this.patience.clone());
            let mut all = this.open.all.lock().unwrap_or_else(PoisonError::into_inner);
            all.insert(this.number, known);
        }
        if this.state == State::Known && this.open.is_draining.load(Ordering::SeqCst) {
            this.state = State::Told;
            this.connection.as_mut().graceful_shutdown();
        }
        if this.patience.is_lost() {
            if this.state == State::Told || !this.patience.was_asked() {
                return Poll::Ready(());
            }
            // The client learns that no further request will be taken; it has as long again to agree.
            this.state = State::Told;
            this.patience.begin();
            this.connection.as_mut().graceful_shutdown();
        }
        // Whatever ends a connection, its requests were told already.
        this.connection.as_mut().poll(context).map(|_| ())
    }
}

impl<C> Drop for Served<C> {
    fn drop(&mut self) {
        let mut all = self.open.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&self.number);
    }
}

fn builder(limits: ServerLimits, patience: Patience) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(patience)
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.headers);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.headers).unwrap_or(u32::MAX));
    builder
}
