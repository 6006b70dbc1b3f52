//! `graphloom keys`: makes, lists, rotates and revokes API keys.
//!
//! **In:** a configuration file, or a store. **Out:** a new key on standard output, once; a table; a line for
//! auditors on standard error for each change.
//!
//! **Never here:** the store itself (`identity::api_key`).
//!
//! **Holds:** what goes to standard output of `create` and `rotate` is the key alone, so that a script can keep it.
//!
//! **Read first:** [`keys`].

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Exit, terminal};
use crate::admin::keys::OVERLAP;
use crate::config::{ApiKeySettings, LogFormat, Settings, duration, store_file};
use crate::identity::api_key::{KeyRecord, KeyStore, NewKey, StoreError, audit};
use crate::identity::key_store;
use crate::telemetry::{rfc3339, subscriber};

/// Which keys.
#[derive(Args)]
pub(super) struct Store {
    /// The entry of `identity` whose keys are meant, if several have some.
    #[arg(long, value_name = "NAME", global = true)]
    provider: Option<String>,
    /// The store, instead of that of a configuration: `sqlite://graphloom.db`, relative to the working folder.
    #[arg(long, value_name = "STORE", global = true)]
    store: Option<String>,
}

#[derive(Subcommand)]
pub(super) enum KeysCommand {
    /// Makes a key, and prints it. It cannot be shown again.
    Create {
        /// What it is for, for people.
        #[arg(long)]
        name: String,
        /// Whom it stands for; several keys may stand for one. Default: its name.
        #[arg(long, value_name = "ID")]
        consumer: Option<String>,
        /// What it allows. May be repeated.
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<String>,
        /// A role of its consumer. May be repeated.
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
        /// The plan of its consumer.
        #[arg(long)]
        plan: Option<String>,
        /// How long it lives, such as `90d`. Default: until it is revoked.
        #[arg(long, value_name = "SPAN", value_parser = span)]
        expires: Option<Duration>,
    },
    /// Lists the keys. None of them can be read from the list.
    List {
        /// Prints one JSON object instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Makes a key in place of another, which goes on for a while.
    Rotate {
        /// The key's id, the part after `glk_`.
        id: String,
        /// How long the old key goes on. Default: `10m`.
        #[arg(long, value_name = "SPAN", value_parser = span)]
        overlap: Option<Duration>,
    },
    /// Ends a key: within a second in all gateways on the store.
    Revoke {
        /// The key's id, the part after `glk_`.
        id: String,
    },
}

/// Does what a command says.
pub(super) fn keys(configuration: &Path, store: &Store, command: KeysCommand) -> Exit {
    let settings = match settings(configuration, store) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    let filter = "graphloom=info".parse().expect("the filter is one");
    let lines = subscriber(filter, |event| terminal::complain(&event.line(LogFormat::Text)));
    let done = tracing::subscriber::with_default(lines, || run(&settings, command));
    done.unwrap_or_else(|error| terminal::failure(&error.to_string()))
}

fn run(settings: &ApiKeySettings, command: KeysCommand) -> Result<Exit, StoreError> {
    let mut store = KeyStore::open(&settings.store, settings.max_keys)?;
    Ok(match command {
        KeysCommand::Create { name, consumer, scopes, roles, plan, expires } => {
            let new = NewKey { name, consumer, scopes, roles, plan, expires_in: expires };
            let (record, text) = store.create(&new)?;
            audit("cli", "create", &record);
            terminal::print(&format!("{}\n", text.reveal()))
        }
        KeysCommand::List { json: true } => {
            terminal::print(&format!("{:#}\n", json!({ "keys": store.list()? })))
        }
        KeysCommand::List { json: false } => terminal::print(&table(&store.list()?)),
        KeysCommand::Rotate { id, overlap } => {
            let (record, text) = store.rotate(plain(&id), overlap.unwrap_or(OVERLAP))?;
            audit("cli", "rotate", &record);
            terminal::print(&format!("{}\n", text.reveal()))
        }
        KeysCommand::Revoke { id } => {
            let record = store.revoke(plain(&id))?;
            audit("cli", "revoke", &record);
            Exit::Done
        }
    })
}

fn settings(configuration: &Path, store: &Store) -> Result<ApiKeySettings, Exit> {
    if let Some(text) = &store.store {
        let file: PathBuf = store_file(text, Path::new(""))
            .map_err(|(message, fix)| terminal::failure(&format!("{message}; {fix}")))?;
        return Ok(ApiKeySettings { store: file, ..ApiKeySettings::default() });
    }
    let settings =
        Settings::load(configuration).map_err(|errors| terminal::config_errors(&errors))?;
    let found = key_store(&settings.identity, store.provider.as_deref());
    found.cloned().map_err(|error| terminal::failure(&error.to_string()))
}

/// Ids are also taken with the beginning of the key, as people copy them.
fn plain(id: &str) -> &str {
    id.strip_prefix("glk_").unwrap_or(id)
}

fn table(records: &[KeyRecord]) -> String {
    let time = |seconds| rfc3339(std::time::UNIX_EPOCH + Duration::from_secs(seconds));
    let state = |record: &KeyRecord| match (record.revoked, record.expires) {
        (Some(_), _) => "revoked".to_owned(),
        (None, Some(expires)) => format!("until {}", time(expires)),
        (None, None) => "in force".to_owned(),
    };
    let heads = ["ID", "NAME", "CONSUMER", "SCOPES", "CREATED", "STATE"].map(str::to_owned);
    let rows = records.iter().map(|record| {
        let KeyRecord { id, name, consumer, scopes, created, .. } = record.clone();
        [id, name, consumer, scopes.join(" "), time(created), state(record)]
    });
    let rows: Vec<[String; 6]> = std::iter::once(heads).chain(rows).collect();
    let width = |i: usize| rows.iter().map(|row| row[i].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..6).map(width).collect();
    let line = |row: &[String; 6]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

fn span(text: &str) -> Result<Duration, String> {
    duration(text).ok_or_else(|| "write a number and `s`, `m`, `h` or `d`: `90d`".to_owned())
}
