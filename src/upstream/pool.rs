//! The connections to one target: kept open, bounded in number.
//!
//! **In:** a wish for a connection. **Out:** a [`Lease`], given back after a whole exchange, or dropped
//! and thereby closed.
//!
//! **Never here:** which target (`upstream`), deadlines of requests.
//!
//! **Holds:** leased and idle connections together never exceed the bound: one is opened only when
//! none is idle, under a permit. The youngest idle one is used first, so that the surplus grows old
//! and is closed.
//!
//! **Read first:** [`Pool::check_out`].

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::client::conn::http1::SendRequest;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};
use url::Url;

use super::body::OutgoingBody;
use super::connect::{Address, Connector};
use super::error::UpstreamErrorKind;
use crate::config::UpstreamSettings;

/// How long an idle connection is kept. Most servers close theirs after a minute or more.
const MAX_IDLE: Duration = Duration::from_secs(50);

/// The connections to one target.
pub(super) struct Pool {
    address: Address,
    connector: Arc<Connector>,
    connect_timeout: Duration,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Idle>>,
}

/// A connection in use.
pub(super) struct Lease {
    sender: SendRequest<OutgoingBody>,
    is_reused: bool,
    pool: Arc<Pool>,
    _permit: OwnedSemaphorePermit,
}

struct Idle {
    sender: SendRequest<OutgoingBody>,
    since: Instant,
}

impl Pool {
    pub(super) fn new(url: &Url, settings: &UpstreamSettings, connector: Arc<Connector>) -> Self {
        Self {
            address: Address::of(url),
            connector,
            connect_timeout: settings.timeout.connect,
            permits: Arc::new(Semaphore::new(settings.max_connections as usize)),
            idle: Mutex::new(Vec::new()),
        }
    }

    /// A connection that can be written to: the youngest idle one, or a new one.
    pub(super) async fn check_out(self: &Arc<Self>) -> Result<Lease, UpstreamErrorKind> {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .expect("the semaphore of a pool is never closed");
        let lease = |sender, is_reused| Lease {
            sender,
            is_reused,
            pool: Arc::clone(self),
            _permit: permit,
        };
        while let Some(mut sender) = self.take_idle() {
            // Ready at once, unless the other side closed it meanwhile.
            if sender.ready().await.is_ok() {
                return Ok(lease(sender, true));
            }
        }
        let target = || Arc::clone(&self.address.name);
        match timeout(self.connect_timeout, self.connector.connect(&self.address)).await {
            Ok(sender) => Ok(lease(sender?, false)),
            Err(_) => Err(UpstreamErrorKind::ConnectTimeout { target: target() }),
        }
    }

    fn take_idle(&self) -> Option<SendRequest<OutgoingBody>> {
        let now = Instant::now();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let old = idle.iter().take_while(|idle| now - idle.since > MAX_IDLE).count();
        idle.drain(..old);
        while let Some(Idle { sender, .. }) = idle.pop() {
            if !sender.is_closed() {
                return Some(sender);
            }
        }
        None
    }
}

impl Lease {
    pub(super) fn sender(&mut self) -> &mut SendRequest<OutgoingBody> {
        &mut self.sender
    }

    /// Whether the connection was used before.
    pub(super) fn is_reused(&self) -> bool {
        self.is_reused
    }

    /// Back to the pool: its exchange is complete.
    pub(super) fn give_back(self) {
        if !self.sender.is_closed() {
            let idle = Idle { sender: self.sender, since: Instant::now() };
            self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push(idle);
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pool({})", self.address.name)
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lease({})", self.pool.address.name)
    }
}
