//! What an answer owes to the truth.
//!
//! **In:** our answer, the truth, what was sent. **Out:** nothing, or what is wrong.
//!
//! **Never here:** running anything (`case`).
//!
//! **Holds:** without faults data are equal in every byte that counts, order included; with faults
//! every value that is there is true, and none is missing without a reason.
//!
//! **Read first:** [`judge`].

use crate::coerce::Values;
use crate::document::{self, Document, Selection};
use crate::fault::Fault;
use crate::ordered::Ordered;
use apollo_compiler::ast::OperationType;
use query_planner::{GroupKind, QueryPlan};
use std::collections::BTreeMap;

/// What was sent, as far as it is judged.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// The texts of mutations, in order.
    pub(crate) mutations: Vec<String>,
    /// What subgraphs refused.
    pub(crate) refusals: Vec<String>,
}

/// Judges an answer without faults.
pub(crate) fn judge(ours: &Ordered, truth: &Ordered) -> Result<(), String> {
    if ours.get("data") != truth.get("data") {
        return Err("the data differ".to_owned());
    }
    if ours.get("errors").is_some() != truth.get("errors").is_some() {
        return Err("errors on one side only".to_owned());
    }
    Ok(())
}

/// Judges an answer under faults.
pub(crate) fn judge_faulty(
    ours: &Ordered,
    truth: &Ordered,
    plan: &QueryPlan,
    faults: &BTreeMap<String, Vec<Fault>>,
) -> Result<(), String> {
    let errors = match ours.get("errors") {
        Some(Ordered::List(errors)) => errors.len(),
        _ => 0,
    };
    let (Some(data), Some(true_data)) = (ours.get("data"), truth.get("data")) else {
        return Err("`data` is missing".to_owned());
    };
    if *data == Ordered::Null && errors == 0 && *true_data != Ordered::Null {
        return Err("`data` is null without an error".to_owned());
    }
    // What is computed from a null that a fault made is another value, and rightly so.
    let mut extra = Vec::new();
    compare(data, true_data, has_requirements(plan), "", &mut extra)?;
    let silent = faults.values().flatten().any(is_silent);
    match extra.first() {
        Some(path) if errors == 0 && !silent => Err(format!("`{path}` is null without an error")),
        _ => Ok(()),
    }
}

/// Whether a fault makes nulls that nobody has to explain.
fn is_silent(fault: &Fault) -> bool {
    matches!(fault, Fault::Null { .. } | Fault::MissingEntity { .. })
}

fn has_requirements(plan: &QueryPlan) -> bool {
    plan.groups.iter().any(|(_, group)| match &group.kind {
        GroupKind::Entities { representations, .. } => {
            representations.iter().flat_map(|r| &r.fields).any(|field| !field.is_key)
        }
        GroupKind::Root => false,
    })
}

/// Collects the paths where ours is null and the truth is not.
fn compare(
    ours: &Ordered,
    truth: &Ordered,
    computed: bool,
    path: &str,
    extra: &mut Vec<String>,
) -> Result<(), String> {
    match (ours, truth) {
        (Ordered::Null, Ordered::Null) => Ok(()),
        (Ordered::Null, _) => {
            extra.push(path.to_owned());
            Ok(())
        }
        (Ordered::Object(ours), Ordered::Object(truth)) => {
            if !ours.iter().map(|(name, _)| name).eq(truth.iter().map(|(name, _)| name)) {
                return Err(format!("`{path}` has other names, or in another order"));
            }
            for ((name, ours), (_, truth)) in ours.iter().zip(truth) {
                compare(ours, truth, computed, &format!("{path}.{name}"), extra)?;
            }
            Ok(())
        }
        (Ordered::List(ours), Ordered::List(truth)) if ours.len() == truth.len() => {
            for (index, (ours, truth)) in ours.iter().zip(truth).enumerate() {
                compare(ours, truth, computed, &format!("{path}.{index}"), extra)?;
            }
            Ok(())
        }
        (ours, truth) if ours == truth => Ok(()),
        (Ordered::Object(_) | Ordered::List(_), _) | (_, Ordered::Object(_) | Ordered::List(_)) => {
            Err(format!("`{path}` has another shape"))
        }
        _ if computed => Ok(()),
        (ours, truth) => Err(format!("`{path}` is {ours}, but {truth} is true")),
    }
}

/// Judges what was sent: nothing that a subgraph refuses, and each mutation field once, in order.
pub(crate) fn judge_calls(
    calls: &Calls,
    document: &Document,
    variables: &Values,
    faulty: bool,
) -> Result<(), String> {
    if let Some(refusal) = calls.refusals.first() {
        return Err(format!("refused: {refusal}"));
    }
    let operation = document.operation(None)?;
    if operation.operation_type != OperationType::Mutation {
        return Ok(());
    }
    let mut expected = Vec::new();
    root_fields(&operation.selection_set, document, variables, &mut expected);
    let expected: Vec<String> = expected.into_iter().map(|(_, field)| field).collect();
    let mut sent = Vec::new();
    for text in &calls.mutations {
        let document = Document::read(text)?;
        let set = &document.operation(None)?.selection_set;
        let fields = set.iter().filter_map(|selection| match selection {
            Selection::Field(field) if field.name != "__typename" => Some(field.name.clone()),
            _ => None,
        });
        sent.extend(fields);
    }
    // After an error at a non-null field the rest need not run.
    match sent == expected || faulty && expected.starts_with(&sent) {
        true => Ok(()),
        false => Err(format!("the mutation asks for {expected:?}, but {sent:?} was sent")),
    }
}

/// Response name and field of a root selection set, in order, each once.
fn root_fields(
    set: &[Selection],
    document: &Document,
    variables: &Values,
    fields: &mut Vec<(String, String)>,
) {
    for selection in set.iter().filter(|s| document::is_included(s, variables)) {
        match selection {
            Selection::Field(field) => {
                let name = field.alias.as_ref().unwrap_or(&field.name);
                let meta = field.name.starts_with("__");
                if !meta && !fields.iter().any(|(known, _)| known == name) {
                    fields.push((name.clone(), field.name.clone()));
                }
            }
            Selection::InlineFragment(inline) => {
                root_fields(&inline.selection_set.items, document, variables, fields);
            }
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = document.fragments.get(&spread.fragment_name) {
                    root_fields(&fragment.selection_set, document, variables, fields);
                }
            }
        }
    }
}
