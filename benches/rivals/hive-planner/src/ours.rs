//! Our planner.
//!
//! **In:** a supergraph, an operation's text. **Out:** [`Figures`].
//!
//! **Never here:** what is measured how often (`main`).

use crate::table::Figures;
use apollo_compiler::{ExecutableDocument, validation::Valid};
use query_planner::{Batching, Guards, Limits, Operation};
use std::{
    hint::black_box,
    time::{Duration, Instant},
};
use supergraph::Supergraph;

const LIMITS: Limits = Limits { positions: 50_000, steps: 2_000_000 };

pub(crate) struct Planner {
    supergraph: Supergraph,
    pub(crate) loading: Duration,
}

/// An operation, and the state of its conditions that asks for most.
#[derive(Clone)]
pub(crate) struct Document {
    valid: Valid<ExecutableDocument>,
    name: Option<String>,
    guards: Guards,
}

impl Planner {
    pub(crate) fn load(sdl: &str) -> Result<Self, String> {
        let start = Instant::now();
        let supergraph = Supergraph::parse(sdl).map_err(|error| format!("{:?}", error.kind))?;
        Ok(Self { supergraph, loading: start.elapsed() })
    }

    pub(crate) fn parse(&self, text: &str) -> Result<Document, String> {
        let schema = self.supergraph.api_schema();
        // Some give a nullable variable to `@skip` or `@include`, which is not valid.
        let mended = text.replace(": Boolean!", ": Boolean").replace(": Boolean", ": Boolean!");
        let valid = ExecutableDocument::parse_and_validate(schema, text, "operation.graphql")
            .or_else(|_| {
                ExecutableDocument::parse_and_validate(schema, mended, "operation.graphql")
            })
            .map_err(|error| error.errors.to_string())?;
        let name = valid.operations.named.keys().next();
        let name = name.filter(|_| valid.operations.anonymous.is_none()).map(ToString::to_string);
        let operation = Operation::read(&self.supergraph, &valid, name.as_deref())
            .map_err(|error| error.to_string())?;
        let variables: Vec<&str> = operation.guard_variables().into_iter().collect();
        let mut document = Document { valid, name, guards: Guards::default() };
        // Their plan has the requests of all conditions, so that ours is the largest one.
        let mut most = 0;
        for bits in 0..1_u32 << variables.len().min(6) {
            let on = variables.iter().enumerate().filter(|(bit, _)| bits & 1 << bit != 0);
            let variables = on.map(|(_, name)| (*name).to_owned()).collect();
            let guards = Guards { variables, ..Guards::default() };
            let smaller = Document { guards, ..document.clone() };
            let fetches = self.plan(&smaller).map_or(0, |figures| figures.fetches);
            if fetches > most {
                most = fetches;
                document = smaller;
            }
        }
        Ok(document)
    }

    pub(crate) fn plan(&self, document: &Document) -> Result<Figures, String> {
        let Document { valid, name, guards } = document;
        let start = Instant::now();
        let operation = Operation::read(&self.supergraph, valid, name.as_deref())
            .map_err(|error| error.to_string())?;
        let reading = start.elapsed();
        let plan =
            query_planner::plan(&self.supergraph, &operation, guards, LIMITS, Batching::Fewest)
                .map_err(|error| error.kind.to_string())?;
        let plan = black_box(plan);
        Ok(Figures {
            reading,
            planning: start.elapsed() - reading,
            steps: plan.effort.steps,
            fetches: u64::from(plan.cost.requests),
            depth: u64::from(plan.cost.depth),
        })
    }
}
