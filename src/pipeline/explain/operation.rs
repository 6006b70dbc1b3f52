//! Explains an operation that is not run.
//!
//! **In:** the facts of a request, what it asks, and why its door would not let it in.
//! **Out:** an [`Explanation`], or the error for which there is no plan.
//!
//! **Never here:** deciding anything: whoever decides for an execution is asked.
//!
//! **Holds:** while somebody types, values may be missing: what is there decides, and the lack is told.
//!
//! **Read first:** [`operation`].

use std::sync::Arc;

use http::Method;
use query_planner::{CostFormula, Denial, Denied, Estimate, Occurrence, denials};
use serde_json::{Map, Value};
use supergraph::{Calls, Id, SubgraphId};

use super::super::{
    Facts, GraphqlRequest, Rooms, access, cost, hiding, labels_of, limits, may_run, payment,
};
use super::budgets::{For, Purse};
use super::hide::Hidden;
use super::told::{
    BudgetTold, ConnectorTold, ConsumerTold, CostTold, DeniedTold, Explanation, IntrospectionTold,
    MaskTold, OperationTold, RefusedTold, ShareTold, UpstreamTold,
};
use crate::config::AuthorizationMode;
use crate::graph::Graph;
use crate::operation::{Decided, Prepared, RequestError, RequestErrorKind, Variant};

/// What is explained.
struct Asked<'a> {
    rooms: &'a Rooms,
    facts: &'a Facts,
    graph: &'a Graph,
    prepared: &'a Arc<Prepared>,
    variables: &'a Map<String, Value>,
    hidden: Hidden,
}

/// What would become of an operation, beside why it is not let in.
///
/// # Errors
/// When there is no plan.
pub(super) async fn operation(
    rooms: &Rooms,
    facts: &Facts,
    request: GraphqlRequest<'_>,
    (mut refused, reader): (Vec<RefusedTold>, For),
) -> Result<Explanation, Arc<RequestError>> {
    let is_let_in = refused.is_empty();
    let graph = rooms.graph.current();
    let name = request.operation_name.as_deref();
    let limits = rooms.settings.graphql_limits;
    let (prepared, _) = graph.operations.prepare(&request.document, name, limits).await?;
    if let Err(kind) = may_run(rooms, facts, &prepared, &request) {
        refused.push(refusal(&kind.into()));
    }
    let mut beyond = limits::check(rooms, &prepared, &request.variables).unwrap_or_else(|kind| {
        refused.push(refusal(&kind.into()));
        Vec::new()
    });
    let given = request.variables;
    let coerced = prepared.coerce_variable_values(&graph.supergraph, given.clone());
    let variables = coerced.unwrap_or_else(|error| {
        refused.push(refusal(&error));
        given
    });
    let hidden = Hidden::new(rooms, &facts.headers);
    let (graph, prepared, variables) = (&*graph, &prepared, &variables);
    let asked = Asked { rooms, facts, graph, prepared, variables, hidden };
    let labels = &labels_of(rooms, graph, facts);
    let denied = &access::denied(rooms, facts, graph, (prepared, variables));
    let decided = Decided { variables, labels, denied };
    let filtered = graph.operations.variant(prepared, decided).await?;
    let shows_the_rest = access::on_denial(rooms, facts, &filtered).unwrap_or_else(|kind| {
        refused.push(refusal(&kind.into()));
        true
    });
    let variant = match shows_the_rest {
        true => Arc::clone(&filtered),
        false => {
            let decided = Decided { denied: &Denied::default(), ..decided };
            graph.operations.variant(prepared, decided).await?
        }
    };
    let estimate = variant.cost.estimate(variables);
    if rooms.settings.graphql.cost.is_used
        && let Err(kind) = cost::may_cost(rooms, &graph.supergraph, &estimate, &mut beyond)
    {
        refused.push(refusal(&kind.into()));
    }
    // Who is not let in pays nothing.
    let budgets = match is_let_in {
        true => asked.budgets(&estimate, reader, &mut refused).await,
        false => Vec::new(),
    };
    Ok(Explanation {
        consumer: Some(ConsumerTold::of(&facts.consumer)),
        refused,
        operation: Some(asked.operation(&variant, asked.denied(denied, &filtered))),
        route: None,
        cost: Some(asked.cost(&variant, &estimate)),
        budgets,
        masks: asked.masks(&variant),
        upstreams: asked.upstreams(&variant),
    })
}

/// As an error of the request says it.
pub(super) fn refusal(error: &RequestError) -> RefusedTold {
    RefusedTold::new(error.code(), error.detail())
}

impl Asked<'_> {
    fn operation(&self, variant: &Variant, denied: Vec<DeniedTold>) -> OperationTold {
        OperationTold {
            name: self.prepared.name().map(|name| (**name).to_owned()),
            kind: self.prepared.operation.kind().as_str(),
            plan: variant.plan.to_json(&self.graph.supergraph),
            text: variant.plan.to_text(&self.graph.supergraph),
            authorization: match self.rooms.settings.graphql.authorization.mode {
                AuthorizationMode::Filter => "filter",
                AuthorizationMode::Reject => "reject",
                AuthorizationMode::DryRun => "dry_run",
            },
            denied,
            introspection: self.introspection(),
        }
    }

    fn denied(&self, denied: &Denied, filtered: &Variant) -> Vec<DeniedTold> {
        let (supergraph, operation) = (&self.graph.supergraph, &self.prepared.operation);
        let rules = access::rules(self.rooms, self.graph);
        let scope = self.facts.scope_of(self.prepared);
        let arguments = |occurrence: &Occurrence| {
            self.prepared.arguments(supergraph, occurrence, self.variables).ok()
        };
        let told = |denial: Denial| DeniedTold {
            path: denial.path.join("."),
            because: (denial.by.into_iter())
                .map(|by| {
                    let mut because = rules.because(by, operation, &scope, arguments);
                    because.why = self.hidden.text(&because.why);
                    because
                })
                .collect(),
        };
        denials(supergraph, operation, denied, &filtered.plan).into_iter().map(told).collect()
    }

    fn cost(&self, variant: &Variant, estimate: &Estimate) -> CostTold {
        let supergraph = &self.graph.supergraph;
        let settings = &self.rooms.settings.graphql.cost;
        let mut subgraphs: Vec<ShareTold> = Vec::new();
        for (id, share) in variant.cost.subgraphs(estimate) {
            let name = &*self.graph.sources[id].name;
            // The connectors of one name share its maximum.
            match subgraphs.iter_mut().find(|known| known.name == *name) {
                Some(known) => known.estimated = known.estimated.saturating_add(share),
                None => subgraphs.push(ShareTold {
                    name: name.to_owned(),
                    estimated: share,
                    maximum: settings.max_of(name),
                }),
            }
        }
        CostTold {
            estimated: estimate.total,
            maximum: cost::max(self.rooms),
            formula: CostFormula::text(&variant.plan, supergraph, &settings.rates(supergraph)),
            subgraphs,
            guessed: estimate.unsliced.map(|field| supergraph.coordinate(field)),
        }
    }

    async fn budgets(
        &self,
        estimate: &Estimate,
        reader: For,
        refused: &mut Vec<RefusedTold>,
    ) -> Vec<BudgetTold> {
        let rooms = self.rooms;
        // Where nobody counts, nobody pays.
        let is_used = rooms.settings.graphql.cost.is_used;
        let n_refused = refused.len();
        let pays = payment::price(match n_refused {
            0 if is_used => estimate.total,
            _ => 0,
        });
        let (door, scope) = (&rooms.graphql_limits, &payment::scope(rooms, self.facts));
        let budgets = Purse { rooms, door, scope, reader }.look(pays, refused).await;
        // Who cannot even pay for nothing is told that, and not why nothing would have come of it.
        refused.rotate_left(n_refused);
        budgets
    }

    fn introspection(&self) -> IntrospectionTold {
        let setting = &self.rooms.settings.graphql.introspection;
        let why = access::may_introspect(setting, self.facts).err().map(|kind| match kind {
            RequestErrorKind::Introspection(why) => self.hidden.text(&why),
            kind => kind.to_string(),
        });
        let (asked, allowed) = (self.prepared.introspection.is_some(), why.is_none());
        IntrospectionTold { asked, allowed, why }
    }

    fn masks(&self, variant: &Variant) -> Vec<MaskTold> {
        let hiding = hiding(self.graph, variant, &self.facts.scope_of(self.prepared));
        let told = |mask: &u32| {
            let settings = self.rooms.settings.masks.get(*mask as usize)?;
            let unless = settings.mask.unless.as_ref();
            Some(MaskTold {
                of: format!("{}.{}", settings.ty, settings.field),
                action: settings.mask.action.name(),
                hides: hiding.contains(mask),
                unless: unless.map(|condition| self.hidden.text(condition.text())),
            })
        };
        variant.program.masks().iter().filter_map(told).collect()
    }

    fn connector(&self, subgraph: SubgraphId) -> Option<ConnectorTold> {
        let connector = self.graph.supergraph.subgraph(subgraph).connector.as_ref()?;
        let asked = match connector.calls {
            Calls::PerField => "once per field".to_owned(),
            Calls::PerObject => "once per object".to_owned(),
            Calls::PerBatch(None) => "once per batch".to_owned(),
            Calls::PerBatch(Some(n)) => format!("once per batch of {n} objects"),
        };
        Some(ConnectorTold { coordinate: connector.coordinate.clone(), asked })
    }

    fn upstreams(&self, variant: &Variant) -> Vec<UpstreamTold> {
        let scope = self.facts.scope_of(self.prepared);
        let mut asked: Vec<(SubgraphId, Vec<usize>)> = Vec::new();
        for (id, fetch) in variant.plan.fetches.iter() {
            // Fetches are counted from 1, as the plan prints them.
            let number = id.index() + 1;
            match asked.iter_mut().find(|(subgraph, _)| *subgraph == fetch.subgraph) {
                Some((_, numbers)) => numbers.push(number),
                None => asked.push((fetch.subgraph, vec![number])),
            }
        }
        let told = |(subgraph, fetches)| {
            let source = &self.graph.sources[subgraph];
            let (method, headers) = match &source.rest {
                None => (Method::POST, source.would_send(&scope)),
                // One that computes its answer asks nobody.
                Some(rest) => rest.would_send(&scope)?,
            };
            Some(UpstreamTold {
                name: (*source.name).to_owned(),
                fetches,
                method: method.to_string(),
                path: (source.rest.as_ref())
                    .map_or_else(|| source.path.to_string(), |rest| rest.template()),
                connector: self.connector(subgraph),
                headers: self.hidden.headers(&headers),
            })
        };
        asked.into_iter().filter_map(told).collect()
    }
}
