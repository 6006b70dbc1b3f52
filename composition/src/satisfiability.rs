//! Refuses a supergraph with fields that a client can select and no subgraphs together can answer.
//!
//! **In:** the supergraph's document. **Out:** an error for each such field: the shortest operation
//! that meets it, why each subgraph cannot help, and what would.
//!
//! **Never here:** the search (`supergraph::reach`).
//!
//! **Read first:** [`check`].

mod connectors; // The same about REST sources.
#[cfg(test)]
mod tests;

use apollo_compiler::ast::Document;
use supergraph::{
    FieldId, Obstacle, ReachLimits, RuntimeTypes, SubgraphId, Supergraph, TypeKind, Unsatisfied,
};

use crate::codes::{ErrorCode, HintCode};
use crate::failure::{CompositionError, Hint};
use crate::report::Report;
use crate::schema::Subgraph;
use crate::words;

/// Far more than the largest graph of the public suites takes (191 subgraphs, 4,269 types).
const LIMITS: ReachLimits = ReachLimits { steps: 1_000_000, findings: 50 };

/// The document as tables.
pub(crate) fn load(document: &Document, report: &mut Report) -> Option<Supergraph> {
    Supergraph::from_document(document)
        .map_err(|error| {
            let message = format!("the composed supergraph cannot be loaded: {}", error.kind);
            report.error(CompositionError::new(ErrorCode::InvalidGraphql, message));
        })
        .ok()
}

/// Checks that every selection can be answered.
pub(crate) fn check(subgraphs: &[Subgraph], supergraph: &Supergraph, report: &mut Report) {
    let satisfiability = supergraph.satisfiability(LIMITS);
    let speaker = Speaker { supergraph, subgraphs };
    for alike in grouped(&satisfiability.unsatisfied) {
        report.error(speaker.error(&alike));
    }
    for differing in &satisfiability.differing {
        speaker.report_runtime_types(differing, report);
    }
    if !satisfiability.complete {
        report.hint(Hint {
            code: HintCode::SatisfiabilityNotFullyChecked,
            message: format!(
                "the graph has too many override labels or keys to look at every path within {} \
                 steps; a field that cannot be answered may have been missed",
                LIMITS.steps
            ),
            subgraphs: Vec::new(),
            coordinate: None,
            locations: Vec::new(),
        });
    }
}

/// Fields that fail at one place for one reason make one error.
fn grouped(unsatisfied: &[Unsatisfied]) -> Vec<Vec<&Unsatisfied>> {
    let mut groups: Vec<Vec<&Unsatisfied>> = Vec::new();
    for one in unsatisfied {
        let alike = groups.iter_mut().find(|group| {
            let first = group[0];
            first.field.is_some()
                && one.field.is_some()
                && (first.root, first.on, &first.path) == (one.root, one.on, &one.path)
                && first.labels == one.labels
                && first.obstacles == one.obstacles
        });
        match alike {
            Some(group) => group.push(one),
            None => groups.push(vec![one]),
        }
    }
    groups
}

struct Speaker<'a> {
    supergraph: &'a Supergraph,
    subgraphs: &'a [Subgraph],
}

impl Speaker<'_> {
    fn error(&self, alike: &[&Unsatisfied]) -> CompositionError {
        let unsatisfied = alike[0];
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
        for line in self.obstacles(unsatisfied, &coordinate) {
            message.push_str(&format!("\n    {line}"));
        }
        message.push_str(&self.remarks(alike));
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
            let place = place.flatten().filter(|place| !error.locations.contains(place));
            error = error.at(&subgraph.name, place);
        }
        error
    }

    /// What else a reader should know: that a mutation cannot be asked twice, what else fails.
    fn remarks(&self, alike: &[&Unsatisfied]) -> String {
        let mut remarks = String::new();
        let first = alike[0];
        if let Some(step) = first.path.first()
            && Some(first.root) == self.supergraph.mutation_type()
        {
            let able = self.supergraph.field(step.field).capabilities.iter();
            let able: Vec<&str> =
                able.filter(|row| !row.external).map(|row| self.name(row.subgraph)).collect();
            if able.len() > 1 {
                remarks.push_str(&format!(
                    "\n    a mutation runs in one subgraph only, and none of {} can answer \
                     everything below `{}`",
                    words::list(able),
                    self.supergraph.coordinate(step.field),
                ));
            }
        }
        if alike.len() > 1 {
            let others = alike[1..].iter().filter_map(|one| Some(self.coordinate(one, one.field?)));
            remarks.push_str(&format!(
                "\n    the same holds for {}",
                words::list(others.collect::<Vec<_>>())
            ));
        }
        remarks
    }

    /// Without a type in common nobody can be asked for the field; otherwise it deserves a look.
    fn report_runtime_types(&self, differing: &RuntimeTypes, report: &mut Report) {
        let coordinate = self.supergraph.coordinate(differing.field);
        let each = differing.types.iter().map(|(subgraph, types)| {
            let names: Vec<&str> =
                types.iter().map(|ty| self.supergraph.ty(ty).name.as_str()).collect();
            let names = if names.is_empty() { "no type".to_owned() } else { words::list(names) };
            format!("{names} in `{}`", self.name(*subgraph))
        });
        let each = each.collect::<Vec<_>>().join(", ");
        let places: Vec<(&Subgraph, _)> = self
            .subgraphs
            .iter()
            .filter(|s| differing.types.iter().any(|(id, _)| self.name(*id) == s.name))
            .filter_map(|subgraph| Some((subgraph, subgraph.locate(&coordinate)?)))
            .collect();
        if differing.common.is_empty() {
            let message = format!(
                "`{coordinate}` is shared, but its subgraphs have no runtime type in common: {each}"
            );
            let mut error =
                CompositionError::new(ErrorCode::ShareableHasMismatchedRuntimeTypes, message)
                    .on(&coordinate)
                    .fix("let all subgraphs that share the field return the same types");
            for (subgraph, location) in places {
                error = error.at(&subgraph.name, location);
            }
            report.error(error);
            return;
        }
        report.hint(Hint {
            code: HintCode::InconsistentRuntimeTypesForShareableReturn,
            message: format!(
                "`{coordinate}` is shared, but can be of different types: {each}; it should only \
                 return those in common"
            ),
            subgraphs: places.iter().map(|(subgraph, _)| subgraph.name.clone()).collect(),
            coordinate: Some(coordinate),
            locations: places.into_iter().filter_map(|(_, location)| location).collect(),
        });
    }

    fn coordinate(&self, unsatisfied: &Unsatisfied, field: FieldId) -> String {
        let ty = &self.supergraph.ty(unsatisfied.on).name;
        format!("{ty}.{}", self.supergraph.field(field).name)
    }

    /// A line for each subgraph that could be expected to help.
    fn obstacles(&self, unsatisfied: &Unsatisfied, coordinate: &str) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for (subgraph, obstacle) in &unsatisfied.obstacles {
            let line = if self.connector(*subgraph).is_some() {
                self.connector_obstacle(unsatisfied, (*subgraph, obstacle), coordinate)
            } else {
                let line = self.obstacle(unsatisfied, *subgraph, obstacle, coordinate);
                Some(format!("`{}` {line}", self.name(*subgraph)))
            };
            lines.extend(line.filter(|line| !lines.contains(line)));
        }
        lines
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
                            "needs {} for `@key(fields: \"{key}\")`",
                            words::list(missing.iter())
                        )
                    })
                    .collect();
                format!(
                    "resolves it, but to be entered it {}, which nobody on the way can give",
                    each.join(" or ")
                )
            }
            Obstacle::RequirementOutOfReach { requires, missing } => format!(
                "resolves it, but needs {} for `@requires(fields: \"{requires}\")`, which nobody on \
                 the way can give",
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

    /// The first key of the type in the subgraph that answers the way there.
    fn key_of(&self, unsatisfied: &Unsatisfied) -> Option<String> {
        let here = *unsatisfied.standing.first()?;
        let row = self.supergraph.ty(unsatisfied.on).in_subgraph(here)?;
        let key = self.supergraph.field_set(row.keys.first()?.fields);
        Some(self.supergraph.print_field_set(key))
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
        if let Some(fix) = self.connector_fix(unsatisfied, coordinate) {
            return fix;
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
                    if let Some(key) = self.key_of(unsatisfied) {
                        return format!(
                            "add `@key(fields: \"{key}\")` to `{ty}` in `{there}`, as it has in \
                             `{here}`"
                        );
                    }
                    return format!(
                        "add a `@key` to `{ty}` in `{there}` and in `{here}`; or define `{coordinate}` in `{here}` and mark it `@shareable` in both"
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
