//! Combines requirements as `@requiresScopes` and `@policy` write them: an OR of ANDs of names.
//!
//! **In:** arguments such as `[["a", "b"], ["c"]]`. **Out:** what meets them all at once, without
//! redundant terms.
//!
//! **Never here:** which requirements meet (`merge::applied`, `access_control`).
//!
//! **Read first:** [`all_of`].

use apollo_compiler::Node;
use apollo_compiler::ast::Value;

/// An OR of ANDs of names.
type Requirement = Vec<Vec<String>>;

/// What meets all requirements at once, as an OR of ANDs without redundant terms.
pub(crate) fn all_of(values: &[&Node<Value>]) -> Node<Value> {
    let mut merged: Option<Requirement> = None;
    for value in values {
        let requirement = requirement_of(value);
        merged = Some(match merged {
            None => requirement,
            Some(earlier) => both(&earlier, &requirement),
        });
    }
    requirement_value(&minimal(merged.unwrap_or_default()))
}

/// Whether who meets `own` always meets `needed`, too.
pub(crate) fn implies(own: &Value, needed: &Value) -> bool {
    let needed = requirement_of(needed);
    requirement_of(own)
        .iter()
        .all(|term| needed.iter().any(|smaller| smaller.iter().all(|name| term.contains(name))))
}

fn requirement_of(value: &Value) -> Requirement {
    let items = |value: &Value| value.as_list().map(<[_]>::to_vec).unwrap_or_default();
    items(value)
        .iter()
        .map(|term| items(term).iter().filter_map(|v| v.as_str().map(str::to_owned)).collect())
        .collect()
}

fn requirement_value(terms: &Requirement) -> Node<Value> {
    let term = |names: &Vec<String>| {
        let names = names.iter().map(|name| Node::new(Value::String(name.clone()))).collect();
        Node::new(Value::List(names))
    };
    Node::new(Value::List(terms.iter().map(term).collect()))
}

fn both(left: &Requirement, right: &Requirement) -> Requirement {
    let mut terms = Requirement::new();
    for l in left {
        for r in right {
            terms.push(l.iter().chain(r).cloned().collect());
        }
    }
    minimal(terms)
}

/// Sorts, and drops terms that demand more than another one.
fn minimal(mut terms: Requirement) -> Requirement {
    for term in &mut terms {
        term.sort();
        term.dedup();
    }
    terms.sort_by(|l, r| l.len().cmp(&r.len()).then_with(|| l.cmp(r)));
    terms.dedup();
    let mut kept = Requirement::new();
    for term in terms {
        if !kept.iter().any(|smaller| smaller.iter().all(|name| term.contains(name))) {
            kept.push(term);
        }
    }
    kept
}
