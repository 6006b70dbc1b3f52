//! Runs a worker on each core: a thread with a runtime of its own, which serves the connections it is dealt.
//!
//! **In:** accepted connections. **Out:** their requests answered, without ever leaving the core.
//!
//! **Never here:** accepting (`accept`), requests (`connections`).
//!
//! **Holds:** a connection goes to the worker with the fewest. A worker whose loop panics says so and
//! begins anew; its connections are lost, those of others are not. No runtime ends before all
//! connections have: what one worker began, another may wait for.
//!
//! **Read first:** [`Workers::start`], `work`.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};

use super::connections::Connections;
use super::tls::Tls;
use super::{DoorsInForce, Port, said_in};
use crate::upstream::this_thread_is_worker;

/// The workers of a gateway. Dropped, they cut off what they serve.
#[derive(Debug)]
pub struct Workers {
    workers: Box<[Worker]>,
    orders: watch::Sender<Order>,
    drained: mpsc::Receiver<()>,
    next: usize,
}

#[derive(Debug)]
struct Worker {
    connections: mpsc::UnboundedSender<Dealt>,
    n_open: Arc<AtomicUsize>,
}

/// What workers are to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Serve,
    Drain,
    End,
}

/// A connection on its way to a worker.
struct Dealt {
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<Arc<Tls>>,
    held: Held,
}

/// What a connection holds while it is open: its place among all, and among those of its worker.
struct Held {
    n_open: Arc<AtomicUsize>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.n_open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Workers {
    /// Starts as many threads.
    ///
    /// # Errors
    /// When the system gives no thread or no runtime.
    pub fn start(n_workers: NonZeroUsize, doors: &DoorsInForce) -> io::Result<Self> {
        let (orders, order) = watch::channel(Order::Serve);
        let (drained, is_drained) = mpsc::channel(n_workers.get());
        let worker = |number: usize| {
            let (connections, mut dealt) = mpsc::unbounded_channel();
            let (doors, mut order, drained) = (Arc::clone(doors), order.clone(), drained.clone());
            // Diagnostics of a worker go where those of its starter go.
            let dispatch = tracing::dispatcher::get_default(Clone::clone);
            let runtime = runtime()?;
            thread::Builder::new().name(format!("worker-{number}")).spawn(move || {
                let _told = tracing::dispatcher::set_default(&dispatch);
                this_thread_is_worker(number);
                keep_running(runtime, async || {
                    work(&doors, &mut dealt, &mut order, &drained).await
                });
            })?;
            Ok(Worker { connections, n_open: Arc::default() })
        };
        let workers = (0..n_workers.get()).map(worker).collect::<io::Result<_>>()?;
        Ok(Self { workers, orders, drained: is_drained, next: 0 })
    }

    /// Hands a connection to the worker that has the fewest; among equals they take turns.
    pub(super) fn deal(
        &mut self,
        stream: tokio::net::TcpStream,
        peer: SocketAddr,
        tls: Option<Arc<Tls>>,
        permit: OwnedSemaphorePermit,
    ) {
        // Its old runtime knows it no more; the worker's will.
        let Ok(stream) = stream.into_std() else { return };
        let n_workers = self.workers.len();
        let turn = |i: &usize| (i + n_workers - self.next) % n_workers;
        let least = (0..n_workers)
            .min_by_key(|i| (self.workers[*i].n_open.load(Ordering::Relaxed), turn(i)))
            .unwrap_or_default();
        self.next = (least + 1) % n_workers;
        let worker = &self.workers[least];
        worker.n_open.fetch_add(1, Ordering::Relaxed);
        let held = Held { n_open: Arc::clone(&worker.n_open), _permit: permit };
        // A worker that is gone closes it.
        let _ = worker.connections.send(Dealt { stream, peer, tls, held });
    }

    /// Lets running requests finish, within the drain time, then ends the threads.
    pub(super) async fn drain(mut self) {
        self.orders.send_replace(Order::Drain);
        for _ in &self.workers {
            self.drained.recv().await;
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.orders.send_replace(Order::End);
    }
}

/// Serves what is dealt until told to end.
async fn work(
    doors: &DoorsInForce,
    dealt: &mut mpsc::UnboundedReceiver<Dealt>,
    order: &mut watch::Receiver<Order>,
    drained: &mpsc::Sender<()>,
) {
    let mut connections = Connections::new(Port::Public, Arc::clone(doors));
    let mut told = order.clone();
    loop {
        tokio::select! {
            _ = told.wait_for(|order| *order != Order::Serve) => break,
            () = connections.ended() => {}
            Some(Dealt { stream, peer, tls, held }) = dealt.recv() => {
                match tokio::net::TcpStream::from_std(stream) {
                    Ok(stream) => connections.serve(stream, peer, tls, held),
                    Err(error) => tracing::error!(%error, "a connection cannot be served"),
                }
            }
        }
    }
    let end = async {
        let _ = order.wait_for(|order| *order == Order::End).await;
    };
    let drain = async {
        connections.drain().await;
        let _ = drained.try_send(());
        std::future::pending().await
    };
    tokio::select! {
        () = end => {}
        () = drain => {}
    }
}

/// Runs a loop to its end, and again when it panics.
fn keep_running(mut runtime: Runtime, mut body: impl AsyncFnMut()) {
    loop {
        let ended = catch_unwind(AssertUnwindSafe(|| runtime.block_on(body())));
        // Work of others that waits on a thread must not hold up the end.
        runtime.shutdown_background();
        let Err(panic) = ended else { return };
        let detail = said_in(&*panic);
        tracing::error!(detail, "a worker failed; it begins anew");
        runtime = match self::runtime() {
            Ok(runtime) => runtime,
            Err(error) => {
                tracing::error!(%error, "a worker cannot begin anew");
                return;
            }
        };
    }
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

#[cfg(test)]
mod tests {
    use super::{keep_running, runtime};

    #[test]
    fn a_loop_that_panics_begins_anew() {
        let mut n_runs = 0;
        keep_running(runtime().expect("a runtime"), async || {
            n_runs += 1;
            assert!(n_runs == 3, "run {n_runs} fails");
        });
        assert_eq!(n_runs, 3);
    }
}
