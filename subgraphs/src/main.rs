//! Runs the example graph's servers from the command line until it is interrupted.
//!
//! **In:** flags.
//! **Out:** the servers of the library, and one line a server that says where it listens.
//!
//! **Never here:** what the servers do (the library).
//!
//! **Read first:** [`Arguments`].

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use clap::Parser;
use subgraphs::{Options, Ports, Service};

/// Runs the servers of the example graph: the subgraphs accounts, products, inventory and reviews,
/// and the REST service orders.
///
/// All data is made from the seed, so servers in several processes agree when their seed and sizes
/// do. Stop with Ctrl-C.
#[derive(Parser)]
#[command(name = "subgraphs", version)]
struct Arguments {
    /// The first port; each further server gets the next one. Without it, or with 0, free ports.
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,

    /// The address to listen on.
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,

    /// Runs these services only: `--only reviews`, `--only accounts,products`.
    #[arg(long, value_name = "SERVICES", value_delimiter = ',')]
    only: Vec<Service>,

    /// The seed of all data and failures.
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// How many users there are.
    #[arg(long, default_value_t = 20)]
    users: usize,

    /// How many products there are.
    #[arg(long, default_value_t = 50)]
    products: usize,

    /// How many reviews each product has.
    #[arg(long, default_value_t = 4)]
    reviews_per_product: usize,

    /// How many orders each user has.
    #[arg(long, default_value_t = 3)]
    orders_per_user: usize,

    /// Makes each request to a service wait: `--delay reviews=300ms`. May be repeated.
    #[arg(long, value_name = "SERVICE=DURATION", value_parser = parse_delay)]
    delay: Vec<(Service, Duration)>,

    /// Makes a part of the requests to a service fail: `--fail inventory=20%`. May be repeated.
    #[arg(long, value_name = "SERVICE=PERCENT", value_parser = parse_fail)]
    fail: Vec<(Service, f64)>,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let running = subgraphs::start(Arguments::parse().into_options()).await?;
    for server in running.servers() {
        say(&format!("{:<9} {}", server.name(), server.url()));
    }
    tokio::signal::ctrl_c().await
}

impl Arguments {
    fn into_options(self) -> Options {
        let only: BTreeSet<_> = self.only.into_iter().collect();
        Options {
            seed: self.seed,
            users: self.users,
            products: self.products,
            reviews_per_product: self.reviews_per_product,
            orders_per_user: self.orders_per_user,
            services: if only.is_empty() { Service::ALL.into() } else { only },
            host: self.host,
            ports: self.port.map_or(Ports::Free, Ports::From),
            delay: self.delay.into_iter().collect(),
            fail: self.fail.into_iter().collect(),
        }
    }
}

#[expect(clippy::print_stdout, reason = "the one place where this program speaks")]
fn say(line: &str) {
    println!("{line}");
}

fn parse_delay(text: &str) -> Result<(Service, Duration), String> {
    let (service, duration) = parse_pair(text, "reviews=300ms")?;
    let wrong = || format!("`{duration}` is not a duration such as `300ms` or `1.5s`");
    let (number, unit) = match duration.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (duration.strip_suffix('s').ok_or_else(wrong)?, 1.0),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    Ok((service, Duration::try_from_secs_f64(number * unit).map_err(|_| wrong())?))
}

fn parse_fail(text: &str) -> Result<(Service, f64), String> {
    let (service, percent) = parse_pair(text, "inventory=20%")?;
    let wrong = || format!("`{percent}` is not a percentage from `0%` to `100%`");
    let number: f64 = percent.strip_suffix('%').ok_or_else(wrong)?.parse().map_err(|_| wrong())?;
    if (0.0..=100.0).contains(&number) { Ok((service, number / 100.0)) } else { Err(wrong()) }
}

fn parse_pair<'a>(text: &'a str, example: &str) -> Result<(Service, &'a str), String> {
    let pair = text.split_once('=');
    let (service, value) = pair.ok_or_else(|| format!("write it as in `{example}`"))?;
    Ok((service.parse().map_err(|error| format!("{error}"))?, value))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::{CommandFactory, Parser};
    use subgraphs::{Options, Ports, Service};

    use super::{Arguments, parse_delay, parse_fail};

    #[test]
    fn the_flags_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn without_flags_the_options_are_the_defaults() {
        let options = Arguments::parse_from(["subgraphs"]).into_options();
        assert_eq!(format!("{options:?}"), format!("{:?}", Options::default()));
    }

    #[test]
    fn flags_become_options() {
        let flags = "subgraphs --port 4001 --only reviews,orders --delay reviews=300ms";
        let options = Arguments::parse_from(flags.split(' ')).into_options();
        assert_eq!(options.ports, Ports::From(4001));
        assert_eq!(options.services, [Service::Reviews, Service::Orders].into());
        assert_eq!(options.delay[&Service::Reviews], Duration::from_millis(300));
    }

    #[test]
    fn durations_and_percentages_have_units() {
        assert_eq!(parse_delay("orders=1.5s"), Ok((Service::Orders, Duration::from_millis(1500))));
        assert_eq!(parse_fail("inventory=20%"), Ok((Service::Inventory, 0.2)));
        for wrong in ["orders=5", "orders=-1s", "orders", "shop=5ms", "orders=NaNs"] {
            assert!(parse_delay(wrong).is_err(), "{wrong}");
        }
        for wrong in ["orders=0.2", "orders=101%", "orders=-1%", "orders=NaN%"] {
            assert!(parse_fail(wrong).is_err(), "{wrong}");
        }
    }
}
