//! Where the gateway listens, `listen` for clients and `admin.listen` for operators, and with how many
//! `workers` it serves.
//!
//! **In:** `host:port` texts, alone or with `tls`; a number. **Out:** [`ListenSettings`], a number of threads.
//!
//! **Never here:** binding (`server` does), the keys below `tls` (`tls`).
//!
//! **Holds:** all addresses differ, unless they ask for any free port (`:0`). There is at least one
//! listener for clients, and at least one worker.
//!
//! **Read first:** [`settle`].

use std::borrow::Cow;
use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use std::num::NonZeroUsize;
use std::path::Path;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::identity::Secret;
use super::report::{Key, Problems};
use super::tls::{RawListenerTls, TlsSettings};

/// `listen` as written: an address, a listener, or a list of these.
#[derive(Debug)]
pub(super) enum RawListen {
    One(RawListener),
    Several(Vec<RawListener>),
}

/// One listener as written.
#[derive(Debug)]
pub(super) enum RawListener {
    Address(String),
    Full(RawFullListener),
}

/// A listener with more than an address.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Listener")]
pub(super) struct RawFullListener {
    /// `host:port`.
    pub address: Option<String>,
    /// Serves TLS there, HTTP/2 and HTTP/1.1.
    pub tls: Option<RawListenerTls>,
}

/// `admin` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Admin")]
pub(super) struct RawAdmin {
    /// Where `/metrics` answers; `/health` and `/ready` answer here and on the public port. Default: `127.0.0.1:4009`.
    pub listen: Option<RawListener>,
    /// What opens the admin API: `authorization: Bearer ...` must carry it, 16 characters or more. Write `${VAR}` or `${file:path}`. Default: none, and the admin API is closed.
    pub key: Option<String>,
}

/// Short enough for a person, too long for a guess.
const MIN_ADMIN_KEY: usize = 16;

/// Threads that make sense on any machine.
const MAX_WORKERS: usize = 1_024;

/// All addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenSettings {
    /// For clients; never empty.
    pub public: Vec<ListenerSettings>,
    /// For operators.
    pub admin: ListenerSettings,
}

/// One address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerSettings {
    /// Where.
    pub address: SocketAddr,
    /// Under TLS, or in the clear.
    pub tls: Option<TlsSettings>,
}

impl ListenSettings {
    /// All, the operators' first.
    pub fn all(&self) -> impl Iterator<Item = &ListenerSettings> {
        std::iter::once(&self.admin).chain(&self.public)
    }

    /// TLS of all, in the same order.
    pub fn tls(&self) -> impl Iterator<Item = Option<&TlsSettings>> {
        self.all().map(|listener| listener.tls.as_ref())
    }

    /// Whether both listen at the same addresses, and under TLS at the same of them.
    pub fn has_places_of(&self, other: &Self) -> bool {
        self.all().map(ListenerSettings::place).eq(other.all().map(ListenerSettings::place))
    }
}

impl ListenerSettings {
    /// Where it listens, and whether under TLS: what cannot change while it does.
    pub fn place(&self) -> (SocketAddr, bool) {
        (self.address, self.tls.is_some())
    }

    /// In the clear.
    pub fn plain(address: SocketAddr) -> Self {
        Self { address, tls: None }
    }
}

pub(super) fn settle(
    listen: Option<RawListen>,
    admin: Option<RawAdmin>,
    folder: &Path,
    problems: &mut Problems<'_>,
) -> ListenSettings {
    let root = Key::default();
    let key = root.then("listen");
    let public = match listen {
        None => vec![RawListener::at("127.0.0.1:4000").settle(&key, folder, problems)],
        Some(RawListen::One(listener)) => vec![listener.settle(&key, folder, problems)],
        Some(RawListen::Several(listeners)) => {
            let numbered = listeners.into_iter().enumerate();
            numbered.map(|(i, one)| one.settle(&key.then(i), folder, problems)).collect()
        }
    };
    if public.is_empty() {
        problems.add(&key, "no client could connect", "list at least one address");
    }
    let admin_key = root.then("admin").then("listen");
    let admin = admin.and_then(|admin| admin.listen);
    let admin = admin.unwrap_or_else(|| RawListener::at("127.0.0.1:4009"));
    let admin = admin.settle(&admin_key, folder, problems);
    for (i, listener) in public.iter().enumerate() {
        let address = listener.address;
        if address.port() != 0 && public[..i].iter().any(|other| other.address == address) {
            let message = format!("`{address}` is listed twice");
            problems.add(&key.then(i), message, "take one of them away");
        }
    }
    let is_public = public.iter().any(|listener| listener.address == admin.address);
    if is_public && admin.address.port() != 0 {
        problems.add(
            &admin_key,
            format!("`{}` is also the public address", admin.address),
            "give the admin port another address",
        );
    }
    ListenSettings { public, admin }
}

/// What opens the admin API.
pub(super) fn admin_key(admin: Option<&RawAdmin>, problems: &mut Problems<'_>) -> Option<Secret> {
    let key = admin?.key.clone()?;
    if key.len() < MIN_ADMIN_KEY {
        let fix = format!("use {MIN_ADMIN_KEY} characters or more: `openssl rand -base64 24`");
        let at = Key::default().then("admin").then("key");
        problems.add(&at, "the key of the admin API is too short", fix);
    }
    Some(Secret::new(key))
}

/// How many threads serve clients; by default one for each processor that this process may use, which
/// follows the quota of a container.
pub(super) fn workers(written: Option<u32>, problems: &mut Problems<'_>) -> NonZeroUsize {
    let all = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let Some(written) = written else { return all };
    match NonZeroUsize::new(written as usize).filter(|workers| workers.get() <= MAX_WORKERS) {
        Some(workers) => workers,
        None => {
            let message = format!("{written} workers cannot serve");
            let fix = format!("write 1 to {MAX_WORKERS}, or leave the key out for {all}");
            problems.add(&Key::default().then("workers"), message, &fix);
            all
        }
    }
}

impl RawListener {
    fn at(address: &str) -> Self {
        Self::Address(address.to_owned())
    }

    fn settle(self, key: &Key, folder: &Path, problems: &mut Problems<'_>) -> ListenerSettings {
        match self {
            Self::Address(text) => ListenerSettings::plain(address(&text, key, problems)),
            Self::Full(RawFullListener { address: text, tls }) => {
                let tls = tls.and_then(|tls| tls.settle(&key.then("tls"), folder, problems));
                let key = key.then("address");
                let address = address(&text.unwrap_or_default(), &key, problems);
                ListenerSettings { address, tls }
            }
        }
    }
}

fn address(text: &str, key: &Key, problems: &mut Problems<'_>) -> SocketAddr {
    let found = text.to_socket_addrs().ok().and_then(|mut addresses| addresses.next());
    found.unwrap_or_else(|| {
        let fix = "write a host and a port: `127.0.0.1:4000`, or `0.0.0.0:4000` for all interfaces";
        problems.add(key, format!("`{text}` is not an address to listen on"), fix);
        SocketAddr::from(([127, 0, 0, 1], 0))
    })
}

impl<'de> Deserialize<'de> for RawListen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListenVisitor)
    }
}

impl<'de> Deserialize<'de> for RawListener {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListenerVisitor)
    }
}

struct ListenVisitor;

impl<'de> Visitor<'de> for ListenVisitor {
    type Value = RawListen;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an address such as `127.0.0.1:4000`, `{ address, tls }`, or a list of these")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RawListen, E> {
        ListenerVisitor.visit_str(text).map(RawListen::One)
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<RawListen, M::Error> {
        ListenerVisitor.visit_map(map).map(RawListen::One)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<RawListen, S::Error> {
        let mut listeners = Vec::new();
        while let Some(listener) = list.next_element()? {
            listeners.push(listener);
        }
        Ok(RawListen::Several(listeners))
    }
}

struct ListenerVisitor;

impl<'de> Visitor<'de> for ListenerVisitor {
    type Value = RawListener;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an address such as `127.0.0.1:4000`, or `{ address, tls }`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RawListener, E> {
        Ok(RawListener::Address(text.to_owned()))
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<RawListener, M::Error> {
        RawFullListener::deserialize(MapAccessDeserializer::new(map)).map(RawListener::Full)
    }
}

impl JsonSchema for RawListen {
    fn schema_name() -> Cow<'static, str> {
        "Listen".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<RawListener>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] })
    }
}

impl JsonSchema for RawListener {
    fn schema_name() -> Cow<'static, str> {
        "AddressOrListener".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let full = generator.subschema_for::<RawFullListener>();
        json_schema!({ "anyOf": [{ "type": "string" }, full] })
    }
}
