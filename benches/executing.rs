//! What executing costs: `cargo bench --bench executing [-- --instructions]`.
//!
//! **In:** operations over the example graph, and answers of any size made from their plans.
//! **Out:** a table for both executors: time of reading answers, of writing requests, of writing the
//! response; cost of one item as lists grow. With `--instructions` it runs itself under
//! `valgrind --tool=callgrind` and counts instructions, which neighbors cannot change: of each phase,
//! and as lists, depth and the number of subgraphs grow.
//!
//! **Never here:** HTTP, planning (`planning`).
//!
//! **Holds:** both executors get the same answers and write the same response.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

#[path = "executing/case.rs"]
mod case;
#[path = "executing/instructions.rs"]
mod instructions;

use case::Case;
use composition::SubgraphSource;
use std::error::Error;
use subgraphs::Service;
use supergraph::Supergraph;

/// Name, operation, and length of the outer lists.
const CASES: &[(&str, &str, usize)] = &[
    ("tiny", "{ me { id name } }", 1),
    ("wide", WIDE, 10_000),
    ("repeated", "{ recentReviews { body rating product { upc name price inStock } } }", 10_000),
    ("deep", DEEP, 30),
    ("strings", "{ topProducts { upc description } }", 1_000),
];
const WIDE: &str = "{ topProducts { upc name price weight inStock } }";
const DEEP: &str = "{ users { id name reviews { id body product { upc name inStock shippingEstimate \
    reviews { id body author { id name username reviews { id body product { upc name } } } } } } } }";
const GROWTH: [usize; 4] = [10, 100, 1_000, 10_000];

fn main() -> Result<(), Box<dyn Error>> {
    let supergraph = example_graph()?;
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--once") {
        return instructions::once(&supergraph, &arguments[at + 1..]);
    }
    if arguments.iter().any(|argument| argument == "--instructions") {
        return instructions::print();
    }
    println!(
        "{:10} {:>8} {:>9} {:>10} {:>10} {:>10} {:>10} {:>7}",
        "", "answers", "response", "request", "read", "respond", "in all", "ratio"
    );
    for (name, operation, n) in CASES {
        Case::new(&supergraph, operation, *n)?.print(name)?;
    }
    println!("\nnanoseconds for one item of the outer list, with its share of all answers:");
    for (name, operation) in [("wide", WIDE), ("repeated", CASES[2].1)] {
        for n in GROWTH {
            let case = Case::new(&supergraph, operation, n)?;
            let best = case.measure(true)?;
            println!("{name:10} {n:>7} {:>8.0}", best.all().as_nanos() as f64 / n as f64);
        }
    }
    Ok(())
}

fn example_graph() -> Result<Supergraph, Box<dyn Error>> {
    let subgraphs = Service::SUBGRAPHS.iter();
    compose(subgraphs.map(|service| (service.name().to_owned(), service.schema().to_owned())))
}

fn compose(
    subgraphs: impl IntoIterator<Item = (String, String)>,
) -> Result<Supergraph, Box<dyn Error>> {
    let sources: Vec<SubgraphSource> = subgraphs
        .into_iter()
        .map(|(name, sdl)| SubgraphSource { name, url: None, sdl, file: None })
        .collect();
    let composed = composition::compose(&sources).map_err(|failure| failure.to_string())?;
    Ok(Supergraph::parse(&composed.supergraph_sdl)?)
}
