//! Names the services of the example graph and holds their schemas.
//!
//! **In:** a name, from a command line or a test.
//! **Out:** [`Service`], and the SDL or configuration that belongs to it.
//!
//! **Never here:** servers (`server`), reading files: what is in `schemas/` is compiled in.

use std::fmt;
use std::str::FromStr;

/// The configuration of the gateway for the example graph: `schemas/graphloom.yaml`.
pub const EXAMPLE_CONFIG: &str = include_str!("../../schemas/graphloom.yaml");

/// One service of the example graph, in the order of their ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// The subgraph that knows the users.
    Accounts,
    /// The subgraph that knows products and brands.
    Products,
    /// The subgraph that knows stock and shipping.
    Inventory,
    /// The subgraph that knows reviews.
    Reviews,
    /// The REST service for orders and shipping quotes.
    Orders,
}

/// A name that is no service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownService {
    /// The name as given.
    pub name: String,
}

impl Service {
    /// All services.
    pub const ALL: [Self; 5] =
        [Self::Accounts, Self::Products, Self::Inventory, Self::Reviews, Self::Orders];

    /// The four that are GraphQL servers.
    pub const SUBGRAPHS: [Self; 4] =
        [Self::Accounts, Self::Products, Self::Inventory, Self::Reviews];

    /// The name in lower case, as in `graphloom.yaml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Products => "products",
            Self::Inventory => "inventory",
            Self::Reviews => "reviews",
            Self::Orders => "orders",
        }
    }

    /// The SDL file; that of `orders`, which speaks REST, says how it is asked.
    pub const fn schema(self) -> &'static str {
        match self {
            Self::Accounts => include_str!("../../schemas/accounts.graphql"),
            Self::Products => include_str!("../../schemas/products.graphql"),
            Self::Inventory => include_str!("../../schemas/inventory.graphql"),
            Self::Reviews => include_str!("../../schemas/reviews.graphql"),
            Self::Orders => include_str!("../../schemas/orders.graphql"),
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Service {
    type Err = UnknownService;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let service = Self::ALL.into_iter().find(|service| service.name() == name);
        service.ok_or_else(|| UnknownService { name: name.to_owned() })
    }
}

impl fmt::Display for UnknownService {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Service::ALL.map(Service::name).join("`, `");
        write!(formatter, "no service is called `{}`; there are `{names}`", self.name)
    }
}

impl std::error::Error for UnknownService {}
