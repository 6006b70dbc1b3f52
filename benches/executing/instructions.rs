//! Counts instructions: of each phase, and as the work grows.
//!
//! **In:** the operations of `executing`, and graphs of any number of subgraphs. **Out:** tables.
//!
//! **Never here:** times.
//!
//! **Holds:** a count is the difference of two runs that differ in nothing but how often they do it, so
//! what comes before and after does not count.

use crate::case::Case;
use crate::{CASES, GROWTH, WIDE, compose};
use graphloom::config::PlanningSettings;
use graphloom::operation::PreparedOperations;
use graphloom::telemetry::Metrics;
use std::error::Error;
use std::sync::Arc;
use supergraph::Supergraph;

/// The phases, as functions of `case`; look-up comes from here.
const PHASES: [&str; 4] = ["look_up", "represent", "parse", "render"];

/// How many objects there are in operations that grow otherwise.
const N_OBJECTS: usize = 100;

/// Runs what is counted: `EXECUTOR OPERATION LENGTH TIMES [SUBGRAPHS]`.
pub(crate) fn once(supergraph: &Supergraph, arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let [executor, operation, n, times, rest @ ..] = arguments else {
        return Err("`--once EXECUTOR OPERATION LENGTH TIMES [SUBGRAPHS]`".into());
    };
    let (n, times) = (n.parse()?, times.parse()?);
    if executor == "look_up" {
        return look_up_often(operation, times);
    }
    let n_subgraphs = rest.first().and_then(|word| word.parse().ok());
    let many = n_subgraphs.map(many_subgraphs).transpose()?;
    let case = Case::new(many.as_ref().unwrap_or(supergraph), operation, n)?;
    case.phase_repeat(executor == "fast", times)
}

/// Prints all tables.
pub(crate) fn print() -> Result<(), Box<dyn Error>> {
    println!("instructions of one execution, in all\n");
    println!("| operation | plain | fast | ratio |\n|---|--:|--:|--:|");
    for (name, operation, n) in CASES {
        let n = (*n).min(1_000);
        let plain = Count::new("plain", operation, n).all()?;
        let fast = Count::new("fast", operation, n).all()?;
        println!("| {name} | {plain:.0} | {fast:.0} | {:.3} |", fast / plain);
    }
    println!("\ninstructions of one execution, by phase\n");
    println!("| operation | look-up | represent | parse | render |\n|---|--:|--:|--:|--:|");
    for (name, operation, n) in CASES {
        let n = (*n).min(1_000);
        let mut row = format!("| {name} |");
        for phase in PHASES {
            let executor = if phase == "look_up" { phase } else { "fast" };
            row += &format!(" {:.0} |", Count::new(executor, operation, n).of_phase(phase)?);
        }
        println!("{row}");
    }
    growth()
}

fn growth() -> Result<(), Box<dyn Error>> {
    println!("\ninstructions as the work grows\n");
    println!("| what | | in all | for one |\n|---|--:|--:|--:|");
    for n in GROWTH {
        let all = Count::new("fast", WIDE, n).all()?;
        println!("| items of a list | {n} | {all:.0} | {:.0} |", all / n as f64);
    }
    for depth in [2, 3, 4, 5, 6, 7, 8] {
        // Every level is another subgraph's entity: a request for each.
        let operation = chain(depth);
        let all = Count { n_subgraphs: Some(2), ..Count::new("fast", &operation, N_OBJECTS) };
        let all = all.all()?;
        println!("| levels | {depth} | {all:.0} | {:.0} |", all / (depth * N_OBJECTS) as f64);
    }
    for n in [2, 3, 5, 8, 12, 16, 20] {
        let fields: String = (0..n).map(|i| format!("f{i} ")).collect();
        let operation = format!("{{ items {{ {fields} }} }}");
        let all = Count { n_subgraphs: Some(n), ..Count::new("fast", &operation, N_OBJECTS) };
        let all = all.all()?;
        println!("| subgraphs | {n} | {all:.0} | {:.0} |", all / (n * N_OBJECTS) as f64);
    }
    Ok(())
}

/// `items { next0 { next1 { next0 .. } } }`
fn chain(depth: usize) -> String {
    let open: String = (0..depth).map(|i| format!("next{} {{ f{} ", i % 2, i % 2)).collect();
    format!("{{ items {{ {open} {} }} }}", "}".repeat(depth))
}

/// A graph with an entity to which each subgraph adds a field, and one that leads to the next.
fn many_subgraphs(n: usize) -> Result<Supergraph, Box<dyn Error>> {
    let subgraph = |i: usize| {
        let query = if i == 0 { "type Query { items: [Item!] }" } else { "" };
        let sdl = format!(
            "extend schema @link(url: \"https://specs.apollo.dev/federation/v2.3\", import: [\"@key\"])
             {query}
             type Item @key(fields: \"id\") {{ id: ID! f{i}: String next{i}: Item }}"
        );
        (format!("s{i}"), sdl)
    };
    compose((0..n).map(subgraph))
}

/// What is to be counted.
struct Count<'o> {
    executor: &'o str,
    operation: &'o str,
    n: usize,
    n_subgraphs: Option<usize>,
}

impl<'o> Count<'o> {
    fn new(executor: &'o str, operation: &'o str, n: usize) -> Self {
        Self { executor, operation, n, n_subgraphs: None }
    }

    fn all(&self) -> Result<f64, Box<dyn Error>> {
        self.of_phase("repeat")
    }

    fn of_phase(&self, phase: &str) -> Result<f64, Box<dyn Error>> {
        // Of a function that several executors share there is one for each: all of them are meant.
        let toggle = format!("--toggle-collect=*phase_{phase}*");
        Ok((self.run(11, &toggle)? - self.run(1, &toggle)?) / 10.0)
    }

    fn run(&self, times: usize, toggle: &str) -> Result<f64, Box<dyn Error>> {
        let output = std::process::Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(toggle)
            .arg("--")
            .arg(std::env::current_exe()?)
            .args(["--once", self.executor, self.operation])
            .args([self.n.to_string(), times.to_string()])
            .args(self.n_subgraphs.map(|n| n.to_string()))
            .output()?;
        let report = String::from_utf8_lossy(&output.stderr);
        let line = report.lines().find_map(|line| line.split("Collected :").nth(1));
        Ok(line.ok_or("`valgrind` counted nothing")?.trim().parse()?)
    }
}

fn look_up_often(operation: &str, times: usize) -> Result<(), Box<dyn Error>> {
    let supergraph = Arc::new(crate::example_graph()?);
    let (planning, metrics) = (PlanningSettings::default(), Arc::new(Metrics::new()));
    let operations = PreparedOperations::new(supergraph, 1_000_000, planning, metrics);
    let limits = graphloom::config::Limits::of_nobody(u32::MAX);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(operations.prepare(operation, None, limits)).map_err(|e| e.to_string())?;
    for _ in 0..times {
        phase_look_up(&operations, operation);
    }
    Ok(())
}

/// Finds an operation by its text.
#[inline(never)]
fn phase_look_up(operations: &PreparedOperations, operation: &str) {
    std::hint::black_box(operations.find(operation, None).is_some());
}
