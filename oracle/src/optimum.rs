//! How far the planner is from the best plan.
//!
//! **In:** small random operations. **Out:** how often its plan costs how much more than the best of
//! all assignments.
//!
//! **Never here:** running a plan (`case`).
//!
//! **Read first:** [`Optimum`].

use crate::stand::Stand;
use query_planner::{PlanCost, QueryPlan};
use std::fmt;

/// Upper ends of the ratios that are counted together.
const STEPS: [f64; 6] = [1.0, 1.01, 1.05, 1.1, 1.2, f64::INFINITY];
/// So many of the worst are kept.
const KEPT: usize = 5;

/// Counts, and the worst.
#[derive(Debug, Default)]
pub struct Optimum {
    compared: usize,
    /// Plans that are better than what the brute force finds.
    better: usize,
    counts: [usize; STEPS.len()],
    worst: Vec<Dear>,
}

/// An operation whose plan is dearer than it need be.
#[derive(Debug)]
struct Dear {
    ratio: f64,
    page: String,
}

impl Optimum {
    /// Compares the plans of one graph's small operations.
    pub fn compare(&mut self, stand: &mut Stand, operations: usize) {
        for _ in 0..operations {
            let case = stand.small_case();
            let Some((plan, best)) = stand.bench.plan_twice(&case) else { continue };
            let ratio = plan.cost.weight() as f64 / best.cost.weight() as f64;
            self.compared += 1;
            self.better += usize::from(ratio < 1.0);
            let step = STEPS.iter().position(|end| ratio <= *end).unwrap_or_default();
            self.counts[step] += 1;
            if ratio > 1.0 {
                let supergraph = &stand.bench.supergraph;
                let show = |name: &str, plan: &QueryPlan| {
                    format!("{name}: {}\n{}\n", cost(plan.cost), plan.to_text(supergraph))
                };
                let (ours, best) = (show("ours", &plan), show("best", &best));
                let page = stand.failure(case).page(&format!("Seed {}", stand.seed));
                self.keep(Dear { ratio, page: format!("{page}\n{ours}\n{best}") });
            }
        }
    }

    /// Adds what another thread counted.
    pub fn add(&mut self, other: Self) {
        self.compared += other.compared;
        self.better += other.better;
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        other.worst.into_iter().for_each(|dear| self.keep(dear));
    }

    fn keep(&mut self, dear: Dear) {
        self.worst.push(dear);
        self.worst.sort_by(|a, b| b.ratio.total_cmp(&a.ratio));
        self.worst.truncate(KEPT);
    }

    /// Operations compared.
    pub fn compared(&self) -> usize {
        self.compared
    }

    /// Whether at least 99 % are the best, and none costs more than 1.2 times as much.
    pub fn is_good(&self) -> bool {
        self.counts[0] * 100 >= self.compared * 99 && self.counts[STEPS.len() - 1] == 0
    }
}

fn cost(cost: PlanCost) -> String {
    let PlanCost { requests, depth, fields } = cost;
    format!("{requests} requests, depth {depth}, {fields} fields")
}

impl fmt::Display for Optimum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for dear in &self.worst {
            writeln!(f, "{:.3} times the best:\n{}", dear.ratio, dear.page)?;
        }
        writeln!(f, "{} operations; {} better than the brute force", self.compared, self.better)?;
        for (end, count) in STEPS.iter().zip(self.counts) {
            let percent = 100.0 * count as f64 / self.compared.max(1) as f64;
            writeln!(f, "up to {end:>4} times: {count:>9}  {percent:>7.3} %")?;
        }
        Ok(())
    }
}
