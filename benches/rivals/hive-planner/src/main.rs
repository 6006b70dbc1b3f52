//! Plans the same operations with our planner and with Hive Router's, and prints a table.
//!
//! **In:** a folder as [`cases`] describes it, and optionally words that a case's name must contain.
//! **Out:** a line a case, a line a supergraph for what it costs to load, and a summary.
//!
//! **Never here:** caches, end-to-end load.
//!
//! **Holds:** both planners run in this process on this thread, turn by turn, so that what else the
//! machine does falls on both. Parsing and validating documents is not counted: planning begins with
//! a parsed document, and the supergraph's tables are there.
//!
//! **Read first:** [`main`].

mod table; // Rows to text, and the summary.
mod cases; // What to plan.
mod ours; // Our planner.
mod theirs; // Hive Router's planner.

use cases::Graph;
use std::{error::Error, thread, time::Duration};
use table::{Figures, Outcome, Row};

/// Deep operations recurse deeply in both planners.
const STACK: usize = 512 << 20;
/// Rounds of a case: at least, and at most within the time.
const ROUNDS: (usize, usize) = (5, 41);
/// What the rounds of a case may take, beyond the least number of them.
const TIME_OF_A_CASE: Duration = Duration::from_secs(2);
/// A planner that needs longer for one plan is not asked again, and its time is what it took.
const TOO_LONG: Duration = Duration::from_secs(20);

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("which folder? hive-planner FOLDER [WORD...]")?;
    let words: Vec<String> = arguments.collect();
    let run = thread::Builder::new().stack_size(STACK).spawn(move || {
        let graphs = cases::read(folder.as_ref(), &words).map_err(|error| error.to_string())?;
        let mut rows = Vec::new();
        for graph in &graphs {
            rows.extend(compare(graph)?);
        }
        table::summarize(&rows);
        Ok::<(), String>(())
    })?;
    run.join().map_err(|_| "the run panicked")??;
    Ok(())
}

/// Plans every operation of a graph with both.
fn compare(graph: &Graph) -> Result<Vec<Row>, String> {
    let ours = ours::Planner::load(&graph.sdl);
    let theirs = theirs::Planner::load(&graph.sdl);
    table::print_graph(
        &graph.name,
        ours.as_ref().map(|planner| planner.loading),
        theirs.as_ref().map(|planner| planner.loading),
    );
    let ours = ours?;
    let mut rows = Vec::new();
    for case in &graph.cases {
        // Only what is an operation of this graph: the suites have a few that are not.
        let Ok(our_document) = ours.parse(&case.operation) else { continue };
        let their_document = theirs
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|planner| Ok((planner, planner.parse(&case.operation)?)));
        let mut our_runs = Runs::default();
        let mut their_runs = Runs::default();
        let mut spent = Duration::ZERO;
        for round in 0..ROUNDS.1 {
            if round >= ROUNDS.0 && spent > TIME_OF_A_CASE {
                break;
            }
            our_runs.add(|| ours.plan(&our_document));
            their_runs.add(|| {
                let (planner, document) = their_document.as_ref().map_err(Clone::clone)?;
                planner.plan(document, TOO_LONG)
            });
            spent = our_runs.total() + their_runs.total();
        }
        let row = Row {
            name: case.name.clone(),
            recorded: case.recorded,
            ours: our_runs.outcome(),
            theirs: their_runs.outcome(),
        };
        table::print_row(&row);
        rows.push(row);
    }
    Ok(rows)
}

/// The figures of one planner for one case.
#[derive(Default)]
struct Runs {
    figures: Vec<Figures>,
    failure: Option<String>,
}

impl Runs {
    fn add(&mut self, plan: impl FnOnce() -> Result<Figures, String>) {
        let too_long = self.figures.last().is_some_and(|figures| figures.whole() > TOO_LONG);
        if self.failure.is_none() && !too_long {
            match plan() {
                Ok(figures) => self.figures.push(figures),
                Err(failure) => self.failure = Some(failure),
            }
        }
    }

    fn total(&self) -> Duration {
        self.figures.iter().map(Figures::whole).sum()
    }

    /// The run in the middle.
    fn outcome(mut self) -> Outcome {
        match self.failure {
            Some(failure) => Err(failure),
            None => {
                self.figures.sort_by_key(Figures::whole);
                Ok(self.figures.swap_remove(self.figures.len() / 2))
            }
        }
    }
}
