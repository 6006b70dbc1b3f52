//! Counts in Redis, for all gateways together.
//!
//! **In:** a caller, windows, a cost. **Out:** what is left, the window that has not as much, or that the store
//! does not answer.
//!
//! **Never here:** what becomes of a request then (`limiter`).
//!
//! **Holds:** one script pays all windows of a caller or none, by the clock of the store. An answer is waited
//! for no longer than `timeout`. Without a connection nobody waits at all, but for one that is being made: each
//! worker tries one at a time, at most four times a second. A caller that is known to be empty is not asked about
//! again before it can pay, at most for a second. Keys are hashes and expire. What changes in the state of
//! the store is told once. No password is ever told.
//!
//! **Read first:** [`SharedStore::pay`].

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ErrorKind, Script};
use tokio::time::{Instant, timeout};

use super::gcra::Wait;
use super::key;
use super::table::{Short, Standing, Standings};
use crate::config::{Period, WindowSettings};

/// Counts that several gateways share.
pub(super) struct SharedStore {
    client: Client,
    shown: String,
    timeout: Duration,
    script: Script,
    /// Each worker has a connection of its own, which its runtime drives.
    links: Mutex<HashMap<ThreadId, Link>>,
    is_up: AtomicBool,
    empty: Mutex<HashMap<String, Empty>>,
    n_empty: AtomicUsize,
}

/// Why nothing was paid.
#[derive(Debug)]
pub(super) enum SharedError {
    /// The caller has not as much.
    Short(Short),
    /// The store does not answer.
    Away,
}

/// The connection of one worker.
enum Link {
    Up {
        connection: MultiplexedConnection,
        n_late: u32,
    },
    Connecting(Shared<BoxFuture<'static, Connected>>),
    /// Nobody tries before this.
    Down {
        until: Instant,
    },
}

/// What came of connecting, or why nothing did.
type Connected = Result<MultiplexedConnection, &'static str>;

/// A caller that could not pay.
#[derive(Debug)]
struct Empty {
    cost: u64,
    ready: Option<Instant>,
    until: Instant,
    short: Short,
}

/// For a connection, with its greeting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Between two attempts to connect.
const PAUSE: Duration = Duration::from_millis(250);
/// So many answers in a row that come too late count as a broken connection.
const MAX_LATE: u32 = 8;
/// How long an empty caller is known without being asked about.
const LONGEST_KNOWN: Duration = Duration::from_secs(1);
const MAX_KNOWN: usize = 10_000;

/// Without its address, which may have a password.
impl fmt::Debug for SharedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedStore").field("shown", &self.shown).finish_non_exhaustive()
    }
}

impl SharedStore {
    /// A store at an address; it is connected to when it is first asked.
    pub(super) fn new(url: &str, shown: &str, timeout: Duration) -> Result<Self, String> {
        // The error may quote the address.
        let client = Client::open(url).map_err(|_| format!("`{shown}` is no address of Redis"))?;
        Ok(Self {
            client,
            shown: shown.to_owned(),
            timeout,
            script: Script::new(include_str!("spend.lua")),
            links: Mutex::default(),
            is_up: AtomicBool::new(true),
            empty: Mutex::default(),
            n_empty: AtomicUsize::new(0),
        })
    }

    /// Takes a cost out of all windows.
    pub(super) async fn pay(
        &self,
        key: &str,
        windows: &[WindowSettings],
        cost: u64,
    ) -> Result<Standings, SharedError> {
        if let Some(short) = self.known_empty(key, cost) {
            return Err(SharedError::Short(short));
        }
        let cost_of = i64::try_from(cost).unwrap_or(i64::MAX);
        let numbers = self.ask("pay", key, windows, cost_of).await.ok_or(SharedError::Away)?;
        let answer = Answer::read(&numbers, windows.len()).ok_or(SharedError::Away)?;
        match answer.short {
            None => Ok(answer.standings),
            Some((window, wait)) => {
                let short = Short { window, wait, standings: answer.standings };
                self.keep_empty(key, cost, &short);
                Err(SharedError::Short(short))
            }
        }
    }

    /// Corrects a payment by a difference.
    pub(super) async fn correct(
        &self,
        key: &str,
        windows: &[WindowSettings],
        difference: i64,
    ) -> Option<Standings> {
        let numbers = self.ask("correct", key, windows, difference).await?;
        self.forget_empty(key);
        Some(Answer::read(&numbers, windows.len())?.standings)
    }

    /// What the store answers; none if it does not.
    async fn ask(
        &self,
        what: &str,
        key: &str,
        windows: &[WindowSettings],
        cost: i64,
    ) -> Option<Vec<i64>> {
        let mut call = self.script.key(name(key));
        call.arg(what).arg(cost);
        for window in windows {
            match window {
                WindowSettings::Rate { cost, per, burst } => {
                    let per = u64::try_from(per.as_micros()).unwrap_or(u64::MAX).max(1);
                    call.arg("rate").arg(*cost).arg(per).arg(*burst);
                }
                WindowSettings::Quota { cost, per } => {
                    let per = if *per == Period::Day { "day" } else { "month" };
                    call.arg(per).arg(*cost).arg(0).arg(*cost);
                }
            }
        }
        let asking = async {
            let mut connection = self.connection().await?;
            let answer = call.invoke_async::<Vec<i64>>(&mut connection).await;
            answer.map_err(|error| {
                if error.is_io_error() || error.is_connection_dropped() {
                    self.broke();
                }
                // What the server says of itself; never the address.
                if error.code().is_some() { "it refuses" } else { "the connection broke" }
            })
        };
        match timeout(self.timeout, asking).await {
            Ok(Ok(answer)) => {
                self.answered();
                Some(answer)
            }
            Ok(Err(why)) => self.failed(why),
            Err(_) => {
                self.was_late();
                self.failed("it does not answer in time")
            }
        }
    }

    /// The connection of this worker, or the one that is being made.
    async fn connection(&self) -> Connected {
        let connecting = {
            let mut links = self.links();
            match links.get(&thread::current().id()) {
                Some(Link::Up { connection, .. }) => return Ok(connection.clone()),
                Some(Link::Connecting(connecting)) => connecting.clone(),
                Some(Link::Down { until }) if *until > Instant::now() => {
                    return Err("there is no connection");
                }
                Some(Link::Down { .. }) | None => {
                    let connecting = connect(self.client.clone()).boxed().shared();
                    // The attempt goes on when this request no longer waits for it.
                    tokio::spawn(connecting.clone());
                    links.insert(thread::current().id(), Link::Connecting(connecting.clone()));
                    connecting
                }
            }
        };
        let connection = connecting.await;
        if let Some(link @ Link::Connecting(_)) = self.links().get_mut(&thread::current().id()) {
            *link = match &connection {
                Ok(connection) => Link::Up { connection: connection.clone(), n_late: 0 },
                Err(_) => Link::Down { until: Instant::now() + PAUSE },
            };
        }
        connection
    }

    /// An answer that came too late; after many, the connection counts as broken.
    fn was_late(&self) {
        if let Some(link) = self.links().get_mut(&thread::current().id())
            && let Link::Up { n_late, .. } = link
        {
            *n_late += 1;
            if *n_late >= MAX_LATE {
                *link = Link::Down { until: Instant::now() + PAUSE };
            }
        }
    }

    fn broke(&self) {
        if let Some(link @ Link::Up { .. }) = self.links().get_mut(&thread::current().id()) {
            *link = Link::Down { until: Instant::now() };
        }
    }

    fn answered(&self) {
        if let Some(Link::Up { n_late, .. }) = self.links().get_mut(&thread::current().id()) {
            *n_late = 0;
        }
        if !self.is_up.swap(true, Ordering::Relaxed) {
            tracing::info!(store = self.shown, "the store of limits answers again");
        }
    }

    fn failed<T>(&self, why: &str) -> Option<T> {
        if self.is_up.swap(false, Ordering::Relaxed) {
            tracing::warn!(store = self.shown, why, "the store of limits does not answer");
        }
        None
    }

    /// Whether the caller was asked about a moment ago, and cannot pay yet.
    fn known_empty(&self, key: &str, cost: u64) -> Option<Short> {
        if self.n_empty.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let empty = self.empty();
        let known = empty.get(key)?;
        let now = Instant::now();
        if known.until <= now || cost < known.cost {
            return None;
        }
        let mut short = known.short.clone();
        if let (Wait::For(wait), Some(ready)) = (&mut short.wait, known.ready) {
            let left = ready.saturating_duration_since(now).as_nanos();
            *wait = u64::try_from(left).unwrap_or(u64::MAX);
        }
        Some(short)
    }

    fn keep_empty(&self, key: &str, cost: u64, short: &Short) {
        let Wait::For(wait) = short.wait else { return };
        let (now, wait) = (Instant::now(), Duration::from_nanos(wait));
        let mut empty = self.empty();
        if empty.len() >= MAX_KNOWN {
            empty.retain(|_, known| known.until > now);
        }
        if empty.len() < MAX_KNOWN {
            let (ready, until) = (now.checked_add(wait), now + wait.min(LONGEST_KNOWN));
            empty.insert(key.to_owned(), Empty { cost, ready, until, short: short.clone() });
        }
        self.n_empty.store(empty.len(), Ordering::Relaxed);
    }

    fn forget_empty(&self, key: &str) {
        if self.n_empty.load(Ordering::Relaxed) > 0 {
            let mut empty = self.empty();
            empty.remove(key);
            self.n_empty.store(empty.len(), Ordering::Relaxed);
        }
    }

    fn links(&self) -> MutexGuard<'_, HashMap<ThreadId, Link>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn empty(&self) -> MutexGuard<'_, HashMap<String, Empty>> {
        self.empty.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why it fails is told without the words of the error, which may quote the address.
async fn connect(client: Client) -> Connected {
    let config = AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT_TIMEOUT));
    let connecting = client.get_multiplexed_async_connection_with_config(&config);
    // Its own bound leaves out the greeting.
    match timeout(CONNECT_TIMEOUT, connecting).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) if error.kind() == ErrorKind::AuthenticationFailed => {
            Err("it does not accept the user and the password")
        }
        Ok(Err(error)) if error.is_io_error() => Err("it cannot be connected to"),
        Ok(Err(_)) => Err("it does not greet as Redis does"),
        Err(_) => Err("it does not greet in time"),
    }
}

/// The name of a caller in the store: the braces keep all of it on one node of a cluster, and what a caller
/// is called is for nobody to read there.
fn name(key: &str) -> String {
    let hashed = key::hashed(key);
    format!("graphloom:{{{}}}", &hashed[1..33])
}

/// What the script says.
struct Answer {
    short: Option<(usize, Wait)>,
    standings: Standings,
}

impl Answer {
    fn read(numbers: &[i64], n_windows: usize) -> Option<Self> {
        let nanoseconds = |micros: i64| u64::try_from(micros).unwrap_or(0).saturating_mul(1_000);
        let [short, wait, rest @ ..] = numbers else { return None };
        let standings: Standings = rest
            .chunks_exact(2)
            .map(|pair| Standing {
                remaining: u64::try_from(pair[0]).unwrap_or(0),
                until_full: nanoseconds(pair[1]),
            })
            .collect();
        if standings.len() != n_windows {
            return None;
        }
        let short = match usize::try_from(*short).ok()?.checked_sub(1) {
            None => None,
            Some(window) if window < n_windows && *wait < 0 => Some((window, Wait::Forever)),
            Some(window) if window < n_windows => Some((window, Wait::For(nanoseconds(*wait)))),
            Some(_) => return None,
        };
        Some(Self { short, standings })
    }
}
