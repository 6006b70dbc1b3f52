//! Refuses a supergraph with fields that a client can select and no subgraphs together can answer.
//!
//! **In:** the supergraph's text. **Out:** an error for each such field: the shortest operation
//! that meets it, why each subgraph cannot help, and what would.
//!
//! **Never here:** the search (`supergraph::reach`).
//!
//! **Read first:** [`check`].

use supergraph::{
    FieldId, Obstacle, ReachLimits, SubgraphId, Supergraph, TypeKind, Unsatisfied,
};

use crate::codes::{ErrorCode, HintCode};
use crate::failure::{CompositionError, Hint};
use crate::report::Report;
use crate::schema::Subgraph;
use crate::words;

/// The largest real graph known to us takes some ten thousand steps.
const LIMITS: ReachLimits = ReachLimits { steps: 4_000_000, findings: 50 };

/// Checks that every selection can be answered.
pub(crate) fn check(subgraphs: &[Subgraph], sdl: &str, report: &mut Report) {
    let supergraph = match Supergraph::parse(sdl) {
        Ok(supergraph) => supergraph,
        Err(error) => {
            let message = format!("the composed supergraph cannot be loaded: {}", error.kind);
            report.error(CompositionError::new(ErrorCode::InvalidGraphql, message));
            return;
        }
    };
    let satisfiability = supergraph.satisfiability(LIMITS);
    let speaker = Speaker { supergraph: &supergraph, subgraphs };
    for unsatisfied in &satisfiability.unsatisfied {
        report.error(speaker.error(unsatisfied));
    }
    if !satisfiability.complete {
        report.hint(Hint {
            code: HintCode::SatisfiabilityNotFullyChecked,
            message: format!(
                "not every path could be looked at within {} steps; a field that cannot be \
                 answered may have been missed",
                LIMITS.steps
            ),
            subgraphs: Vec::new(),
            coordinate: None,
            locations: Vec::new(),
        });
    }
}

struct Speaker<'a> {
    supergraph: &'a Supergraph,
    subgraphs: &'a [Subgraph],
}

impl Speaker<'_> {
    fn error(&self, unsatisfied: &Unsatisfied) -> CompositionError {
        let operation = self.supergraph.shortest_operation(unsatisfied);
        let coordinate = match unsatisfied.field {
            Some(field) => self.coordinate(unsatisfied, field),
            None => self.supergraph.ty(unsatisfied.on).name.clone(),
        };
        let mut message = match unsatisfied.field {
            Some(_) => format!("no subgraph can answer `{coordinate}` in `{operation}`"),
            None => format!(
                "no subgraph can tell which type implements `{coordinate}` in `{operation}`"
            ),
        };
        for (label, on) in &unsatisfied.labels {
            let state = if *on { "on" } else { "off" };
            message.push_str(&format!(" while the override label `{label}` is {state}"));
        }
        for (subgraph, obstacle) in &unsatisfied.obstacles {
            let line = self.obstacle(unsatisfied, *subgraph, obstacle, &coordinate);
            message.push_str(&format!("\n    `{}` {line}", self.name(*subgraph)));
        }
        let mut error = CompositionError::new(ErrorCode::SatisfiabilityError, message)
            .on(&coordinate)
            .fix(self.fix(unsatisfied, &coordinate));
        for (id, obstacle) in &unsatisfied.obstacles {
            let source = self.subgraphs.iter().find(|subgraph| subgraph.name == self.name(*id));
            let Some(subgraph) = source else { continue };
            let place = match obstacle {
                Obstacle::LacksField | Obstacle::UnknownRuntimeType { .. } => {
                    let (ty, _) = coordinate.split_once('.').unwrap_or((&coordinate, ""));
                    subgraph.locate(ty)
                }
                _ => subgraph.locate(&coordinate),
            };
            error = error.at(&subgraph.name, place.flatten());
        }
        error
    }

    fn coordinate(&self, unsatisfied: &Unsatisfied, field: FieldId) -> String {
        let ty = &self.supergraph.ty(unsatisfied.on).name;
        format!("{ty}.{}", self.supergraph.field(field).name)
    }

    fn name(&self, subgraph: SubgraphId) -> &str {
        &self.supergraph.subgraph(subgraph).name
    }

    fn obstacle(
        &self,
        unsatisfied: &Unsatisfied,
        subgraph: SubgraphId,
        obstacle: &Obstacle,
        coordinate: &str,
    ) -> String {
        let ty = &self.supergraph.ty(unsatisfied.on).name;
        match obstacle {
            Obstacle::LacksField => {
                let defines = self.supergraph.ty(unsatisfied.on).in_subgraph(subgraph).is_some();
                let what = if defines { coordinate } else { ty };
                format!("answers the way there, but does not define `{what}`")
            }
            Obstacle::External => {
                if unsatisfied.standing.contains(&subgraph) {
                    "answers the way there, but only refers to the field (`@external`, or \
                     overridden)"
                        .to_owned()
                } else {
                    "only refers to the field (`@external`, or overridden)".to_owned()
                }
            }
            Obstacle::OverrideLabel { label } => {
                format!("resolves it only in the other state of the label `{label}`")
            }
            Obstacle::NoKey { on, unresolvable } => {
                let on = &self.supergraph.ty(*on).name;
                match unresolvable.first() {
                    None => format!(
                        "resolves it, but `{on}` has no `@key` there by which its objects could \
                         be fetched"
                    ),
                    Some(key) => format!(
                        "resolves it, but its `@key(fields: \"{key}\")` on `{on}` says \
                         `resolvable: false`"
                    ),
                }
            }
            Obstacle::KeysOutOfReach { keys } => {
                let each: Vec<String> = keys
                    .iter()
                    .map(|(key, missing)| {
                        format!(
                            "needs `@key(fields: \"{key}\")`, of which {} cannot be had",
                            words::list(missing.iter())
                        )
                    })
                    .collect();
                format!("resolves it, but {}", each.join("; or it "))
            }
            Obstacle::RequirementOutOfReach { requires, missing } => format!(
                "resolves it, but needs `@requires(fields: \"{requires}\")`, of which {} cannot \
                 be had",
                words::list(missing.iter())
            ),
            Obstacle::UnknownRuntimeType { interface } => format!(
                "knows `{}` only as an `@interfaceObject`, and no subgraph with the interface can \
                 be entered from there",
                self.supergraph.ty(*interface).name
            ),
            _ => "cannot help".to_owned(),
        }
    }

    fn fix(&self, unsatisfied: &Unsatisfied, coordinate: &str) -> String {
        let row = self.supergraph.ty(unsatisfied.on);
        let (ty, kind) = (&row.name, row.kind);
        let standing: Vec<&str> = unsatisfied.standing.iter().map(|id| self.name(*id)).collect();
        let here = standing.first().copied().unwrap_or("the subgraph that leads there");
        if unsatisfied.field.is_none() || kind == TypeKind::Interface {
            return format!(
                "give `interface {ty}` a `@key` in the subgraph that defines it, with fields that \
                 `{here}` has, too"
            );
        }
        for (subgraph, obstacle) in &unsatisfied.obstacles {
            let there = self.name(*subgraph);
            match obstacle {
                Obstacle::KeysOutOfReach { keys } if !keys.is_empty() => {
                    let (key, missing) = &keys[0];
                    return format!(
                        "add {} to `{ty}` in `{here}`, so that `{there}` can be entered by \
                         `@key(fields: \"{key}\")`; or add another key that both have",
                        words::list(missing.iter())
                    );
                }
                Obstacle::NoKey { unresolvable, .. } if unresolvable.is_empty() => {
                    return format!(
                        "add a `@key` to `{ty}` in `{there}` with fields that `{here}` resolves, \
                         too; or define `{coordinate}` in `{here}` and mark it `@shareable` in both"
                    );
                }
                Obstacle::NoKey { unresolvable, .. } => {
                    return format!(
                        "drop `resolvable: false` from `@key(fields: \"{}\")` on `{ty}` in \
                         `{there}`, and resolve references there",
                        unresolvable[0]
                    );
                }
                Obstacle::RequirementOutOfReach { missing, .. } => {
                    return format!(
                        "make {} reachable from `{here}`: give `{ty}` a `@key` in the subgraph \
                         that resolves it, with fields that `{here}` has",
                        words::list(missing.iter())
                    );
                }
                _ => {}
            }
        }
        format!("define `{coordinate}` in `{here}`, or give `{ty}` a `@key` that leads to who does")
    }
}
