//! The store of API keys: a table in a file of SQLite.
//!
//! **In:** what a command or the admin API wants. **Out:** records; a new key, once.
//!
//! **Never here:** requests, which are checked against memory (`follow` reads it).
//!
//! **Holds:** only hashes are stored. A change is one transaction, so that processes on one store can all
//! change it. Keys that have been over for [`REMEMBERED`] are forgotten.
//!
//! **Read first:** [`KeyStore`].

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{
    Connection, OpenFlags, OptionalExtension, Row, Transaction, TransactionBehavior, params,
};
use serde::{Serialize, Serializer};
use thiserror::Error;

use super::text::{KeyText, hash, id_of};
use crate::telemetry::rfc3339;

/// A store that can be changed.
#[derive(Debug)]
pub struct KeyStore {
    connection: Connection,
    max_keys: usize,
}

/// What is known of a key; never the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyRecord {
    /// Its name in commands and logs, the part after `glk_`.
    pub id: String,
    /// What it is for, for people.
    pub name: String,
    /// Whom it stands for.
    pub consumer: String,
    /// What it allows.
    pub scopes: Vec<String>,
    /// The roles of its consumer.
    pub roles: Vec<String>,
    /// The plan of its consumer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// When it was made, in seconds since 1970.
    #[serde(serialize_with = "as_time")]
    pub created: u64,
    /// When it ends.
    #[serde(serialize_with = "as_some_time", skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
    /// When it was revoked.
    #[serde(serialize_with = "as_some_time", skip_serializing_if = "Option::is_none")]
    pub revoked: Option<u64>,
    /// The key that it replaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotated_from: Option<String>,
}

/// What a key shall be.
#[derive(Debug, Clone, Default)]
pub struct NewKey {
    /// What it is for, for people.
    pub name: String,
    /// Whom it stands for; its name if none is said.
    pub consumer: Option<String>,
    /// What it allows.
    pub scopes: Vec<String>,
    /// The roles of its consumer.
    pub roles: Vec<String>,
    /// The plan of its consumer.
    pub plan: Option<String>,
    /// How long it lives; for ever if nothing is said.
    pub expires_in: Option<Duration>,
}

/// Why the store does not do what it is asked for.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be read or written.
    #[error("the store of keys `{}` cannot be used: {source}", file.display())]
    Unusable {
        /// Its file.
        file: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// A newer program has made it.
    #[error("the store of keys `{}` has the form {form}, which this version does not know", file.display())]
    Newer {
        /// Its file.
        file: PathBuf,
        /// Its form.
        form: i64,
    },
    /// There is no such key.
    #[error("there is no key `{0}`")]
    NoKey(String),
    /// The key is over.
    #[error("the key `{0}` is revoked")]
    Revoked(String),
    /// There is no room.
    #[error("there are {max_keys} keys already: raise `max_keys`, or revoke some")]
    TooMany {
        /// How many there may be.
        max_keys: usize,
    },
    /// A key cannot be so.
    #[error("{0}")]
    Invalid(&'static str),
}

/// How long a key is listed after its end.
const REMEMBERED: u64 = 90 * 24 * 3600;

/// The form of the table.
const FORM: i64 = 1;

const TABLE: &str = "
    CREATE TABLE keys (
        id TEXT PRIMARY KEY NOT NULL,
        hash BLOB NOT NULL,
        name TEXT NOT NULL,
        consumer TEXT NOT NULL,
        scopes TEXT NOT NULL,
        roles TEXT NOT NULL,
        plan TEXT,
        created INTEGER NOT NULL,
        expires INTEGER,
        revoked INTEGER,
        rotated_from TEXT
    ) STRICT;
    PRAGMA user_version = 1;
";

const COLUMNS: &str =
    "id, name, consumer, scopes, roles, plan, created, expires, revoked, rotated_from";

impl KeyStore {
    /// Opens a store; makes it if it is not there.
    ///
    /// # Errors
    /// When the file is none, or cannot be made.
    pub fn open(file: &Path, max_keys: usize) -> Result<Self, StoreError> {
        Ok(Self { connection: connect(file, IfMissing::Make)?, max_keys })
    }

    /// Makes a key. Its text is in the answer, and nowhere else.
    ///
    /// # Errors
    /// When there are too many, or what is asked for makes no sense.
    pub fn create(&mut self, new: &NewKey) -> Result<(KeyRecord, KeyText), StoreError> {
        let now = now();
        check(new)?;
        let max_keys = self.max_keys;
        self.change(|change| {
            forget(change, now)?;
            if count(change, now)? >= max_keys {
                return Err(StoreError::TooMany { max_keys });
            }
            let record = KeyRecord {
                id: String::new(),
                name: new.name.clone(),
                consumer: new.consumer.clone().unwrap_or_else(|| new.name.clone()),
                scopes: new.scopes.clone(),
                roles: new.roles.clone(),
                plan: new.plan.clone(),
                created: now,
                expires: new.expires_in.map(|lives| now.saturating_add(lives.as_secs())),
                revoked: None,
                rotated_from: None,
            };
            insert(change, record)
        })
    }

    /// All keys, also those that are over, the oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn list(&self) -> Result<Vec<KeyRecord>, StoreError> {
        let read = || {
            let sql = format!("SELECT {COLUMNS} FROM keys ORDER BY created, id");
            let mut statement = self.connection.prepare(&sql)?;
            statement.query_map([], record)?.collect::<Result<Vec<_>, _>>()
        };
        read().map_err(|error| self.unusable(error))
    }

    /// Makes a key in place of another, which ends after the overlap.
    ///
    /// # Errors
    /// When there is no such key, or it is over.
    pub fn rotate(
        &mut self,
        id: &str,
        overlap: Duration,
    ) -> Result<(KeyRecord, KeyText), StoreError> {
        let now = now();
        self.change(|change| {
            let old = in_force(change, id)?;
            let end = now.saturating_add(overlap.as_secs());
            let end = old.expires.map_or(end, |expires| expires.min(end));
            change
                .execute("UPDATE keys SET expires = ?2 WHERE id = ?1", params![id, end as i64])?;
            // The new key lives as long as the old one was meant to live.
            let lives = old.expires.map(|expires| expires.saturating_sub(old.created));
            let expires = lives.map(|lives| now.saturating_add(lives));
            let rotated_from = Some(old.id.clone());
            insert(change, KeyRecord { created: now, expires, rotated_from, ..old })
        })
    }

    /// Ends a key at once.
    ///
    /// # Errors
    /// When there is no such key, or it is over.
    pub fn revoke(&mut self, id: &str) -> Result<KeyRecord, StoreError> {
        let now = now();
        self.change(|change| {
            let known = in_force(change, id)?;
            change
                .execute("UPDATE keys SET revoked = ?2 WHERE id = ?1", params![id, now as i64])?;
            Ok(KeyRecord { revoked: Some(now), ..known })
        })
    }

    fn change<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let file = self.connection.path().map(PathBuf::from).unwrap_or_default();
        let named = |error: StoreError| match error {
            StoreError::Unusable { source, .. } => {
                StoreError::Unusable { file: file.clone(), source }
            }
            other => other,
        };
        let begun = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let change = begun.map_err(|error| named(error.into()))?;
        let done = work(&change).map_err(named)?;
        change.commit().map_err(|error| named(error.into()))?;
        Ok(done)
    }

    fn unusable(&self, source: rusqlite::Error) -> StoreError {
        StoreError::Unusable {
            file: self.connection.path().map(PathBuf::from).unwrap_or_default(),
            source,
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(source: rusqlite::Error) -> Self {
        Self::Unusable { file: PathBuf::new(), source }
    }
}

/// What becomes of a store that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IfMissing {
    /// It is made.
    Make,
    /// It is an error.
    Fail,
}

/// A connection to a store that has its table.
pub(super) fn connect(file: &Path, if_missing: IfMissing) -> Result<Connection, StoreError> {
    let connected = (|| {
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        flags.set(OpenFlags::SQLITE_OPEN_CREATE, if_missing == IfMissing::Make);
        let mut connection = Connection::open_with_flags(file, flags)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let form: i64 = change.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if form == 0 {
            change.execute_batch(TABLE)?;
        }
        change.commit()?;
        Ok((connection, form))
    })();
    match connected {
        Ok((_, form)) if form > FORM => Err(StoreError::Newer { file: file.to_owned(), form }),
        Ok((connection, _)) => Ok(connection),
        Err(source) => Err(StoreError::Unusable { file: file.to_owned(), source }),
    }
}

/// How long a key that has expired is told from one that never was.
const TOLD_AS_EXPIRED: u64 = 24 * 3600;

/// Every key that may still count, or has expired not long ago, with its hash.
pub(super) fn in_use(
    connection: &Connection,
    mut each: impl FnMut([u8; 32], &KeyRecord),
) -> Result<(), rusqlite::Error> {
    let sql = format!(
        "SELECT {COLUMNS}, hash FROM keys WHERE revoked IS NULL AND coalesce(expires > ?1, TRUE)"
    );
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([now().saturating_sub(TOLD_AS_EXPIRED) as i64])?;
    while let Some(row) = rows.next()? {
        each(row.get(10)?, &record(row)?);
    }
    Ok(())
}

fn insert(change: &Transaction<'_>, of: KeyRecord) -> Result<(KeyRecord, KeyText), StoreError> {
    let text = KeyText::new();
    let id = id_of(text.reveal()).unwrap_or_default().to_owned();
    let record = KeyRecord { id, ..of };
    let json = |list: &[String]| serde_json::to_string(list).unwrap_or_default();
    change.execute(
        &format!("INSERT INTO keys ({COLUMNS}, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"),
        params![
            record.id,
            record.name,
            record.consumer,
            json(&record.scopes),
            json(&record.roles),
            record.plan,
            record.created as i64,
            record.expires.map(|expires| expires as i64),
            record.revoked.map(|revoked| revoked as i64),
            record.rotated_from,
            hash(text.reveal()),
        ],
    )?;
    Ok((record, text))
}

fn in_force(change: &Transaction<'_>, id: &str) -> Result<KeyRecord, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM keys WHERE id = ?1");
    let known = change.query_row(&sql, [id], record).optional()?;
    let known = known.ok_or_else(|| StoreError::NoKey(id.to_owned()))?;
    match known.revoked {
        Some(_) => Err(StoreError::Revoked(id.to_owned())),
        None => Ok(known),
    }
}

fn forget(change: &Transaction<'_>, now: u64) -> Result<(), StoreError> {
    let long_ago = now.saturating_sub(REMEMBERED) as i64;
    change.execute("DELETE FROM keys WHERE revoked < ?1 OR expires < ?1", [long_ago])?;
    Ok(())
}

fn count(change: &Transaction<'_>, now: u64) -> Result<usize, StoreError> {
    let sql =
        "SELECT count(*) FROM keys WHERE revoked IS NULL AND (expires IS NULL OR expires > ?1)";
    let count: i64 = change.query_row(sql, [now as i64], |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

fn record(row: &Row<'_>) -> Result<KeyRecord, rusqlite::Error> {
    let list = |text: String| serde_json::from_str(&text).unwrap_or_default();
    let time = |time: i64| u64::try_from(time).unwrap_or(0);
    Ok(KeyRecord {
        id: row.get(0)?,
        name: row.get(1)?,
        consumer: row.get(2)?,
        scopes: list(row.get(3)?),
        roles: list(row.get(4)?),
        plan: row.get(5)?,
        created: time(row.get(6)?),
        expires: row.get::<_, Option<i64>>(7)?.map(time),
        revoked: row.get::<_, Option<i64>>(8)?.map(time),
        rotated_from: row.get(9)?,
    })
}

/// Whether a key can be so: texts are short, and fit for logs and headers.
fn check(new: &NewKey) -> Result<(), StoreError> {
    let is_fit = |text: &str| {
        !text.trim().is_empty() && text.len() <= 200 && !text.chars().any(char::is_control)
    };
    let is_word = |text: &String| is_fit(text) && !text.contains(char::is_whitespace);
    let texts = [Some(&new.name), new.consumer.as_ref(), new.plan.as_ref()];
    if !texts.into_iter().flatten().all(|text| is_fit(text)) {
        return Err(StoreError::Invalid("a name has 1 to 200 characters, none of them a control"));
    }
    if new.scopes.len() + new.roles.len() > 100 || !new.scopes.iter().chain(&new.roles).all(is_word)
    {
        return Err(StoreError::Invalid("a key has up to 100 scopes and roles, each one word"));
    }
    Ok(())
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn as_time<S: Serializer>(time: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(UNIX_EPOCH + Duration::from_secs(*time)))
}

#[expect(clippy::ref_option, reason = "serde passes references")]
fn as_some_time<S: Serializer>(time: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
    as_time(&time.unwrap_or_default(), serializer)
}
