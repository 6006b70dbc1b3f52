//! The random graphs of a run, their cases, and what came of them.
//!
//! **In:** seeds. **Out:** [`Run`]: counts; each failure is printed as a small page.
//!
//! **Never here:** one graph (`world`).
//!
//! **Read first:** [`Run::of`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use oracle::{Bench, CASES_PER_GRAPH, Caller, Case, Chance, Failure, Graph, LongRun, Verdict};
use tokio::runtime::{Builder, Runtime};

use super::chances::Chances;
use super::faults::Trouble;
use super::say;
use super::server::Server;
use super::subgraph::Subgraph;
use super::world::{Closed, Plan, World, page};

/// Graphs tried for one seed.
const TRIES: usize = 20;
/// Every so many-th case is the one before, with faults.
const FAULTY: usize = 4;
/// Of many failures only the first are made small.
const SHRUNK: usize = 5;
/// How often a failing case may be run again to make it small.
const SHRINKING: usize = 3000;

/// What came of a run.
#[derive(Debug, Default)]
pub(crate) struct Run {
    cases: u64,
    graphs: usize,
    connectors: usize,
    requests: usize,
    batches: usize,
    troubles: usize,
    unplannable: usize,
    failures: usize,
}

/// Where it runs.
struct Place {
    runtime: Runtime,
    server: Server,
    folder: PathBuf,
}

/// A graph that composes without connectors, and what of it becomes REST.
struct Chosen {
    failure: Failure,
    rest: BTreeSet<String>,
    chances: Chances,
}

impl Run {
    /// Runs cases.
    pub(crate) fn of(long: &LongRun) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let server = runtime.block_on(Server::start());
        let folder = std::env::temp_dir().join(format!("graphloom-rest-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let place = Place { runtime, server, folder };
        let mut run = Self::default();
        let mut seed = long.first_seed;
        while long.goes_on(run.cases) {
            if let Some(chosen) = choose(seed) {
                run.graph(seed, &chosen, &place);
            }
            seed += 1;
        }
        say(&format!("seeds {} to {}: {run:#?}", long.first_seed, seed - 1));
        // The folder holds nothing that anybody needs.
        let _ = std::fs::remove_dir_all(&place.folder);
        run
    }

    /// Whether the run proves something, and found nothing.
    pub(crate) fn is_good(&self) -> bool {
        let enough =
            self.requests as u64 > self.cases / 2 && self.batches as u64 >= self.cases / 200;
        self.failures == 0 && enough && self.troubles as u64 > self.cases / 100
    }

    fn graph(&mut self, seed: u64, chosen: &Chosen, place: &Place) {
        let opened = place.runtime.block_on(chosen.open(&chosen.failure, place));
        let mut world = match opened {
            Ok(world) => world,
            // With nothing hidden it does not compose: there is no truth to compare with.
            Err(Closed::Plain(_)) => return,
            Err(closed) => {
                self.failures += 1;
                let heading = format!("Seed {seed} {closed}");
                match self.failures <= SHRUNK {
                    true => say(&chosen.small_page(&heading, chosen.failure.clone(), place)),
                    false => say(&heading),
                }
                return;
            }
        };
        self.graphs += 1;
        self.connectors += world.n_connectors();
        let mut chance = chosen.chances.at("operations");
        let mut case = chosen.failure.case.clone();
        let mut asked: Vec<(String, String)> = Vec::new();
        for given in 1..=CASES_PER_GRAPH {
            if given.is_multiple_of(FAULTY) && !asked.is_empty() {
                case.faults = Trouble::random(&asked, &mut chance);
            } else {
                let schema = world.bench.supergraph.api_schema();
                case.operation = oracle::operation(schema, &mut chance);
                case.faults.clear();
            }
            let (verdict, seen) = place.runtime.block_on(world.run(&case, &place.server));
            self.cases += 1;
            asked = seen.iter().filter_map(|seen| world.asked(seen)).collect();
            let rest = seen.iter().filter(|seen| seen.endpoint.is_some());
            self.requests += rest.count();
            self.troubles += seen.iter().filter(|seen| seen.trouble.is_some()).count();
            self.batches += seen.iter().filter(|seen| seen.objects.len() > 1).count();
            match verdict {
                Verdict::Equal(_) => continue,
                Verdict::Unplannable(_) => {
                    self.unplannable += 1;
                    continue;
                }
                Verdict::Invalid(_) | Verdict::Mismatch { .. } => {}
            }
            self.failures += 1;
            let heading = format!("Seed {seed}, case {given}");
            let failure = Failure { case: case.clone(), ..chosen.failure.clone() };
            if self.failures <= SHRUNK {
                say(&chosen.small_page(&heading, failure, place));
                // What was opened meanwhile took its place.
                match place.runtime.block_on(chosen.open(&chosen.failure, place)) {
                    Ok(again) => world = again,
                    Err(_) => return,
                }
            } else {
                say(&format!("{heading} fails too"));
            }
        }
    }
}

impl Chosen {
    async fn open(&self, failure: &Failure, place: &Place) -> Result<World, Closed> {
        let Failure { subgraphs, data, labels, .. } = failure;
        let plan = Plan { subgraphs, data, labels, rest: &self.rest, chances: self.chances };
        World::open(&plan, &place.server, &place.folder).await
    }

    /// The case again with less of everything.
    fn small_page(&self, heading: &str, failure: Failure, place: &Place) -> String {
        let run = |failure: &Failure| {
            place.runtime.block_on(async {
                match self.open(failure, place).await {
                    Ok(mut world) => {
                        let run = world.run(&failure.case, &place.server).await;
                        Some((world.sdl, run))
                    }
                    Err(Closed::Plain(_)) => None,
                    Err(Closed::After(why, sdl)) => {
                        let (ours, truth, plan) = Default::default();
                        Some((sdl, (Verdict::Mismatch { why, ours, truth, plan }, Vec::new())))
                    }
                }
            })
        };
        let is_failure = |verdict: &Verdict| !matches!(verdict, Verdict::Equal(_));
        let small = failure.shrink_by(SHRINKING, &mut |failure| Some(run(failure)?.1.0));
        match run(&small) {
            Some((sdl, run)) if is_failure(&run.0) => page(heading, &small, sdl, &run),
            _ => format!("{heading} fails, and not again"),
        }
    }
}

/// A graph of a seed, with data.
fn choose(seed: u64) -> Option<Chosen> {
    let mut chance = Chance::new(seed);
    (0..TRIES).find_map(|_| try_of(&mut chance.fork()))
}

fn try_of(chance: &mut Chance) -> Option<Chosen> {
    let mut subgraphs = Graph::generate(chance).subgraphs_sdl();
    let mut rest = BTreeSet::new();
    for (name, sdl) in &mut subgraphs {
        // A service knows no directives.
        *sdl = sdl
            .lines()
            .filter(|line| !line.starts_with("directive"))
            .map(|l| format!("{l}\n"))
            .collect();
        let Some(subgraph) = Subgraph::of(name, sdl).filter(|_| chance.percent(75)) else {
            continue;
        };
        *sdl = subgraph.document.to_string();
        rest.insert(name.clone());
    }
    if rest.is_empty() {
        return None;
    }
    let supergraph = oracle::compose(&subgraphs).ok()?;
    let data = oracle::objects(&supergraph, chance).ok()?;
    let labels = Bench::labels_of(&subgraphs);
    let labels = labels.into_iter().filter(|_| chance.percent(50)).collect();
    let case = Case {
        operation: oracle::operation(supergraph.api_schema(), chance),
        faults: BTreeMap::new(),
        caller: Caller::default(),
    };
    let failure = Failure { subgraphs, data, labels, rules: Vec::new(), case };
    let chances = Chances(chance.between(0, usize::MAX - 1) as u64);
    Some(Chosen { failure, rest, chances })
}
