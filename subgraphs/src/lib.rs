//! Runs the example graph's servers: four subgraphs on async-graphql and a REST service.
//!
//! **In:** [`Options`]: seed, sizes, ports, delays and failures.
//! **Out:** [`Running`]: five [`Server`]s on loopback that count what they are asked.
//!
//! **Never here:** anything of the gateway's. These servers are an independent witness: they share no
//! code with what they test, so they cannot share its mistakes.
//!
//! **Holds:** all servers of one seed talk about the same world, also when they run in processes of
//! their own. A request of any length costs a look-up a level of its fields, never one an item.
//!
//! **Read first:** [`start`]. A request goes down the list of modules; each uses only those below it.

mod server; // Listens; can be killed and comes back.
mod door; // What every request meets first: counters, delay, failures.
mod accounts; // The subgraphs, one file each.
mod products;
mod inventory;
mod reviews;
mod orders; // The REST service.
mod graphql; // GraphQL over HTTP, and JSON answers, for the rooms above.
mod lookup; // Batches of look-ups, counted.
mod data; // The world, made from a seed.
mod random;
mod service; // Names and schemas.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;

use data::{Data, Sizes};
use door::Door;
use lookup::Tally;

pub use door::RecordedRequest;
pub use server::Server;
pub use service::{EXAMPLE_CONFIG, Service, UnknownService};

/// What to run, and how much of everything there is.
#[derive(Clone, Debug)]
pub struct Options {
    /// The same seed makes the same data and the same failures.
    pub seed: u64,
    /// Users: `u1`, `u2`, ...
    pub users: usize,
    /// Products: `p1`, `p2`, ...; an eighth as many brands: `b1`, ...
    pub products: usize,
    /// Reviews a product: `r1`, ... by product.
    pub reviews_per_product: usize,
    /// Orders a user: `o1`, ... by user.
    pub orders_per_user: usize,
    /// The services to run.
    pub services: BTreeSet<Service>,
    /// The address to listen on.
    pub host: IpAddr,
    /// The ports to listen on.
    pub ports: Ports,
    /// How long each request to a service waits. [`Server::set_delay`] changes it.
    pub delay: BTreeMap<Service, Duration>,
    /// The fraction of requests to a service that fail. [`Server::set_fail`] changes it.
    pub fail: BTreeMap<Service, f64>,
}

/// Where servers listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ports {
    /// Any free port, another each time.
    Free,
    /// This port for the first service that runs, the next for the second, and so on; 0 is as
    /// [`Ports::Free`].
    From(u16),
}

/// The servers that were started. They end when this is dropped.
pub struct Running {
    servers: BTreeMap<Service, Server>,
}

/// Starts the servers; they accept requests when this returns.
///
/// # Errors
///
/// When a port cannot be listened on. Those already started are stopped again.
pub async fn start(options: Options) -> io::Result<Running> {
    let sizes = Sizes {
        users: options.users,
        products: options.products,
        reviews_per_product: options.reviews_per_product,
    };
    let data = Arc::new(Data::generate(options.seed, sizes));
    let mut servers = BTreeMap::new();
    for (&service, offset) in options.services.iter().zip(0..) {
        let port = match options.ports {
            Ports::Free | Ports::From(0) => 0,
            Ports::From(first) => first.checked_add(offset).ok_or_else(|| {
                io::Error::other(format!("no port is left for `{service}` above {first}"))
            })?,
        };
        let address = SocketAddr::new(options.host, port);
        let tally = Arc::new(Tally::default());
        let routes = routes(service, &data, options.orders_per_user, &tally);
        let delay = options.delay.get(&service).copied().unwrap_or_default();
        let fail = options.fail.get(&service).copied().unwrap_or_default();
        let door = Door::new(service, options.seed, delay, fail);
        let server = Server::start(service, address, routes, door, tally).await;
        let server = server.map_err(|error| {
            let message = format!("cannot listen on {address} for `{service}`: {error}");
            io::Error::new(error.kind(), message)
        })?;
        servers.insert(service, server);
    }
    Ok(Running { servers })
}

impl Default for Options {
    /// All services on free ports of loopback, undisturbed, with the data of seed 1.
    fn default() -> Self {
        Self {
            seed: 1,
            users: 20,
            products: 50,
            reviews_per_product: 4,
            orders_per_user: 3,
            services: Service::ALL.into(),
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            ports: Ports::Free,
            delay: BTreeMap::new(),
            fail: BTreeMap::new(),
        }
    }
}

impl Running {
    /// The server of a service.
    ///
    /// # Panics
    ///
    /// When [`Options::services`] did not name the service.
    pub fn server(&self, service: Service) -> &Server {
        match self.servers.get(&service) {
            Some(server) => server,
            None => panic!("`{service}` was not started: `Options::services` does not name it"),
        }
    }

    /// All servers that were started, in the order of [`Service::ALL`].
    pub fn servers(&self) -> impl Iterator<Item = &Server> {
        self.servers.values()
    }
}

fn routes(
    service: Service,
    data: &Arc<Data>,
    orders_per_user: usize,
    tally: &Arc<Tally>,
) -> Router {
    match service {
        Service::Accounts => accounts::router(data, tally),
        Service::Products => products::router(data, tally),
        Service::Inventory => inventory::router(data, tally),
        Service::Reviews => reviews::router(data, tally),
        Service::Orders => orders::router(data, orders_per_user, tally),
    }
}
