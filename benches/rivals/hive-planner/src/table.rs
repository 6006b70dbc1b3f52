//! Rows to text, and the summary.
//!
//! **In:** [`Row`]s. **Out:** lines on standard output.
//!
//! **Never here:** measuring.
//!
//! **Holds:** a case that one of the planners refuses has no ratio, and the summary counts it.

use std::time::Duration;

/// What one planner made of a case.
pub(crate) type Outcome = Result<Figures, String>;

#[derive(Clone, Copy)]
pub(crate) struct Figures {
    /// From a parsed document to what the planner plans from.
    pub(crate) reading: Duration,
    /// From there to the plan, texts of its requests included.
    pub(crate) planning: Duration,
    /// Steps of the search, where the planner counts them.
    pub(crate) steps: u64,
    pub(crate) fetches: u64,
    pub(crate) depth: u64,
}

pub(crate) struct Row {
    pub(crate) name: String,
    /// The fewest requests on record.
    pub(crate) recorded: Option<u64>,
    pub(crate) ours: Outcome,
    pub(crate) theirs: Outcome,
}

impl Figures {
    pub(crate) fn whole(&self) -> Duration {
        self.reading + self.planning
    }
}

impl Row {
    /// Our time in units of theirs: whole, and without the reading.
    fn ratios(&self) -> Option<(f64, f64)> {
        let (Ok(ours), Ok(theirs)) = (&self.ours, &self.theirs) else { return None };
        let ratio = |ours: Duration, theirs: Duration| ours.as_secs_f64() / theirs.as_secs_f64();
        Some((ratio(ours.whole(), theirs.whole()), ratio(ours.planning, theirs.planning)))
    }
}

/// Opens the rows of a supergraph.
pub(crate) fn print_graph(
    name: &str,
    ours: Result<Duration, &String>,
    theirs: Result<Duration, &String>,
) {
    let text = |loading: Result<Duration, &String>| match loading {
        Ok(time) => format!("{:.1} ms", milliseconds(time)),
        Err(error) => format!("failed ({})", first_line(error)),
    };
    println!("\n{name}: tables built in {} / {}", text(ours), text(theirs));
    println!(
        "  {:64} {:>9} {:>10} {:>6}  {:>8} {:>8} {:>9}  {}",
        "operation", "ours ms", "theirs ms", "ratio", "steps", "fetches", "depth", "recorded"
    );
}

pub(crate) fn print_row(row: &Row) {
    let time = |outcome: &Outcome| match outcome {
        Ok(figures) => format!("{:.3}", milliseconds(figures.whole())),
        Err(_) => "-".to_owned(),
    };
    let pair = |figure: fn(&Figures) -> u64| {
        let text = |outcome: &Outcome| match outcome {
            Ok(figures) => figure(figures).to_string(),
            Err(_) => "-".to_owned(),
        };
        format!("{}/{}", text(&row.ours), text(&row.theirs))
    };
    println!(
        "  {:64} {:>9} {:>10} {:>6}  {:>8} {:>8} {:>9}  {}",
        row.name,
        time(&row.ours),
        time(&row.theirs),
        row.ratios().map_or_else(|| "-".to_owned(), |(whole, _)| format!("{whole:.2}")),
        row.ours.as_ref().map_or(0, |figures| figures.steps),
        pair(|figures| figures.fetches),
        pair(|figures| figures.depth),
        row.recorded.map_or_else(|| "-".to_owned(), |fetches| fetches.to_string()),
    );
    for (who, outcome) in [("ours", &row.ours), ("theirs", &row.theirs)] {
        if let Err(error) = outcome {
            println!("    {who}: {}", first_line(error));
        }
    }
}

pub(crate) fn summarize(rows: &[Row]) {
    let both: Vec<(&Row, (f64, f64))> =
        rows.iter().filter_map(|row| Some((row, row.ratios()?))).collect();
    println!("\n{} operations, {} planned by both", rows.len(), both.len());
    let refused =
        |outcome: fn(&Row) -> &Outcome| rows.iter().filter(|row| outcome(row).is_err()).count();
    println!(
        "refused by ours {}, by theirs {}",
        refused(|row| &row.ours),
        refused(|row| &row.theirs)
    );
    let kinds: [(&str, fn(&(f64, f64)) -> f64); 2] = [
        ("from a parsed document to a plan", |ratios| ratios.0),
        ("the plan alone", |ratios| ratios.1),
    ];
    for (what, ratio) in kinds {
        let mut sorted: Vec<(f64, &str)> =
            both.iter().map(|(row, ratios)| (ratio(ratios), row.name.as_str())).collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let Some((worst, name)) = sorted.last() else { return };
        let above = sorted.iter().filter(|(ratio, _)| *ratio > 0.5).count();
        println!(
            "{what}: median ratio {:.3}, worst {worst:.2} ({name}), above one half: {above}",
            sorted[sorted.len() / 2].0
        );
    }
    for (who, outcome) in [("ours", 0), ("theirs", 1)] {
        let mut times: Vec<(Duration, &str)> = both
            .iter()
            .filter_map(|(row, _)| {
                let outcome = if outcome == 0 { &row.ours } else { &row.theirs };
                Some((outcome.as_ref().ok()?.whole(), row.name.as_str()))
            })
            .collect();
        times.sort();
        if let Some((worst, name)) = times.last() {
            let median = milliseconds(times[times.len() / 2].0);
            let sum: Duration = times.iter().map(|(time, _)| *time).sum();
            println!(
                "{who}: median {median:.3} ms, worst {:.3} ms ({name}), all together {:.1} ms",
                milliseconds(*worst),
                milliseconds(sum)
            );
        }
    }
    let figures = |row: &Row| Some((*row.ours.as_ref().ok()?, *row.theirs.as_ref().ok()?));
    let pairs: Vec<(Figures, Figures)> = rows.iter().filter_map(figures).collect();
    let count = |is: fn(&(Figures, Figures)) -> bool| pairs.iter().filter(|pair| is(pair)).count();
    println!(
        "requests: {} ours, {} theirs; fewer {}, equal {}, more {}; depth: less {}, equal {}, more {}",
        pairs.iter().map(|(ours, _)| ours.fetches).sum::<u64>(),
        pairs.iter().map(|(_, theirs)| theirs.fetches).sum::<u64>(),
        count(|(ours, theirs)| ours.fetches < theirs.fetches),
        count(|(ours, theirs)| ours.fetches == theirs.fetches),
        count(|(ours, theirs)| ours.fetches > theirs.fetches),
        count(|(ours, theirs)| ours.depth < theirs.depth),
        count(|(ours, theirs)| ours.depth == theirs.depth),
        count(|(ours, theirs)| ours.depth > theirs.depth),
    );
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
