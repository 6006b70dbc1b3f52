//! Follows the store of API keys: what any process changes in it is in memory soon after.
//!
//! **In:** the store. **Out:** a [`Snapshot`] whenever it has changed.
//!
//! **Never here:** changing the store (`store`).
//!
//! **Holds:** the store is looked at [`LOOK`] after each look, by a counter that SQLite keeps in memory it
//! shares between processes, so that a look without a change reads nothing. It is done by a thread of its own: SQLite
//! may wait. While the store cannot be read what was read last counts, for a while, and then nothing does.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use rusqlite::Connection;
use tokio::time::Instant;

use super::store::{IfMissing, StoreError, connect, in_use};
use super::{Known, Snapshot, consumer};
use crate::config::ApiKeySettings;

/// How long between two looks.
const LOOK: Duration = Duration::from_millis(250);

/// Ends the thread when it is dropped.
pub(super) type Following = Sender<()>;

pub(super) struct Follower {
    provider: Arc<str>,
    settings: ApiKeySettings,
    keys: Arc<ArcSwapOption<Snapshot>>,
    connection: Option<Held>,
    /// When the store was last found as it is in memory.
    seen: Instant,
    was_there: bool,
    /// What was wrong at the last look.
    problem: Option<String>,
}

/// A connection, which file it is to, and what that file was like.
struct Held {
    connection: Connection,
    file: (u64, u64),
    version: Option<i64>,
}

impl Follower {
    pub(super) fn new(
        provider: &Arc<str>,
        settings: &ApiKeySettings,
        keys: &Arc<ArcSwapOption<Snapshot>>,
    ) -> Self {
        Self {
            provider: Arc::clone(provider),
            settings: settings.clone(),
            keys: Arc::clone(keys),
            connection: None,
            seen: Instant::now(),
            was_there: false,
            problem: None,
        }
    }

    /// Looks at the store, and reads it if it has changed.
    pub(super) fn look(&mut self) -> Result<(), StoreError> {
        let file = std::fs::metadata(&self.settings.store).ok().map(|file| number(&file));
        // A store that was replaced is another file: whoever holds the old one would see no change.
        if self.connection.as_ref().is_none_or(|held| Some(held.file) != file) {
            // A store that goes away is no empty one: what was in it counts for a while.
            let if_missing = if self.was_there { IfMissing::Fail } else { IfMissing::Make };
            let connection = connect(&self.settings.store, if_missing)?;
            self.was_there = true;
            let file = std::fs::metadata(&self.settings.store);
            let file = file.as_ref().map(number).unwrap_or_default();
            self.connection = Some(Held { connection, file, version: None });
        }
        let Some(held) = &mut self.connection else { return Ok(()) };
        let version = held.connection.pragma_query_value(None, "data_version", |row| row.get(0))?;
        if held.version != Some(version) {
            let snapshot = read(&held.connection, &self.provider, self.settings.max_keys)?;
            let n_keys = snapshot.keys.len();
            self.keys.store(Some(Arc::new(snapshot)));
            held.version = Some(version);
            tracing::debug!(provider = %self.provider, n_keys, "api keys read");
        }
        self.seen = Instant::now();
        Ok(())
    }

    /// Looks again and again, until what is returned is dropped.
    pub(super) fn start(self) -> Following {
        let (following, stop) = channel();
        let started = std::thread::Builder::new().name("api-keys".to_owned());
        if let Err(error) = started.spawn(move || self.follow(&stop)) {
            tracing::error!(%error, "the store of keys cannot be followed");
        }
        following
    }

    fn follow(mut self, stop: &Receiver<()>) {
        while stop.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
            match self.look() {
                Ok(()) => {
                    if self.problem.take().is_some() {
                        tracing::info!(provider = %self.provider, "the store of keys can be read again");
                    }
                }
                Err(error) => self.failed(&error),
            }
        }
    }

    fn failed(&mut self, error: &StoreError) {
        let provider = &self.provider;
        let why = error.to_string();
        if self.problem.as_ref() != Some(&why) {
            tracing::error!(%provider, why, "the store of keys cannot be read");
        }
        self.problem = Some(why);
        self.connection = None;
        if self.seen.elapsed() >= self.settings.keep_for && self.keys.swap(None).is_some() {
            tracing::error!(
                %provider,
                "the keys that were read last are older than `keep_for`: all are refused",
            );
        }
    }
}

fn read(
    connection: &Connection,
    provider: &Arc<str>,
    max_keys: usize,
) -> Result<Snapshot, StoreError> {
    let mut snapshot = Snapshot::default();
    let mut is_full = false;
    in_use(connection, |hash, record| {
        is_full |= snapshot.keys.len() >= max_keys;
        if !is_full {
            let consumer = Arc::new(consumer(provider, record));
            let known = Known { hash, expires: record.expires, consumer };
            snapshot.keys.insert(record.id.as_str().into(), known);
        }
    })?;
    if is_full { Err(StoreError::TooMany { max_keys }) } else { Ok(snapshot) }
}

/// What tells two files apart.
fn number(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}
