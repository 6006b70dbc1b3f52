//! Where the gateway listens, `listen` for clients and `admin.listen` for operators, and with how many
//! `workers` it serves.
//!
//! **In:** `host:port` texts, a number. **Out:** socket addresses, a number of threads.
//!
//! **Never here:** binding (`server` does); TLS for clients.
//!
//! **Holds:** both ports differ, unless both ask for any free one (`:0`). There is at least one worker.

use std::net::{SocketAddr, ToSocketAddrs};
use std::num::NonZeroUsize;

use schemars::JsonSchema;
use serde::Deserialize;

use super::report::{Key, Problems};

/// `admin` as written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Admin")]
pub(super) struct RawAdmin {
    /// Where `/metrics` answers; `/health` and `/ready` answer here and on the public port. Default: `127.0.0.1:4009`.
    pub listen: Option<String>,
}

/// Threads that make sense on any machine.
const MAX_WORKERS: usize = 1_024;

/// Both addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListenSettings {
    /// For clients.
    pub public: SocketAddr,
    /// For operators.
    pub admin: SocketAddr,
}

pub(super) fn settle(
    listen: Option<String>,
    admin: Option<RawAdmin>,
    problems: &mut Problems<'_>,
) -> ListenSettings {
    let root = Key::default();
    let admin_key = root.then("admin").then("listen");
    let public = address(listen, "127.0.0.1:4000", &root.then("listen"), problems);
    let admin = admin.and_then(|admin| admin.listen);
    let admin = address(admin, "127.0.0.1:4009", &admin_key, problems);
    if public == admin && public.port() != 0 {
        problems.add(
            &admin_key,
            format!("`{admin}` is also the public address"),
            "give the admin port another address",
        );
    }
    ListenSettings { public, admin }
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

fn address(
    written: Option<String>,
    default: &str,
    key: &Key,
    problems: &mut Problems<'_>,
) -> SocketAddr {
    let text = written.unwrap_or_else(|| default.to_owned());
    let found = text.to_socket_addrs().ok().and_then(|mut addresses| addresses.next());
    found.unwrap_or_else(|| {
        let fix = "write a host and a port: `127.0.0.1:4000`, or `0.0.0.0:4000` for all interfaces";
        problems.add(key, format!("`{text}` is not an address to listen on"), fix);
        SocketAddr::from(([127, 0, 0, 1], 0))
    })
}
