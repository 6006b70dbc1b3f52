//! What a caller must be to see a type or a field, in normal form.
//!
//! **In:** the applications of `@authenticated`, `@requiresScopes`, `@policy` and `@authorize`.
//! **Out:** [`Requirement`]s. All that stand on a field must be met.
//!
//! **Never here:** who meets them (the gateway), what a denied field looks like (`query-planner`),
//! which requirements count where (`reader::requirements`).
//!
//! **Holds:** equal requirements are written alike: alternatives and their members are sorted and
//! stand once. What cannot be read is a requirement that nobody meets.
//!
//! **Read first:** [`Requirement`].
//!
//! Spec: <https://specs.apollo.dev/requiresScopes/v0.1/>, <https://specs.apollo.dev/policy/v0.1/>

use apollo_compiler::ast;

/// Alternatives, of which one must be met whole: OR of ANDs.
pub type Alternatives = Vec<Vec<String>>;

/// One thing that a caller must be.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Requirement {
    /// `@authenticated`: somebody.
    Authenticated,
    /// `@requiresScopes`: all scopes of one of the alternatives.
    Scopes(Alternatives),
    /// `@policy`: all policies of one of the alternatives.
    Policies(Alternatives),
}

/// How many alternatives are looked at to see whether requirements imply another.
const MAX_ALTERNATIVES: usize = 1_024;

impl Requirement {
    /// The requirement of one application of `@requiresScopes` (`argument` is `scopes`) or `@policy`.
    pub(crate) fn alternatives(node: &ast::Directive, argument: &str) -> Alternatives {
        let value = node.specified_argument_by_name(argument);
        normal(value.and_then(|value| read(value)).unwrap_or_default())
    }

    /// Whether whoever meets all of `others` meets this one, too.
    pub(crate) fn is_implied_by(&self, others: &[&Self]) -> bool {
        let own = match self {
            Self::Authenticated => return others.contains(&self),
            Self::Scopes(own) | Self::Policies(own) => own,
        };
        let mut all: Alternatives = vec![Vec::new()];
        for other in others {
            let more = match (self, other) {
                (Self::Scopes(_), Self::Scopes(more)) => more,
                (Self::Policies(_), Self::Policies(more)) => more,
                _ => continue,
            };
            if all.len().saturating_mul(more.len()) > MAX_ALTERNATIVES {
                return false;
            }
            let both = |left: &Vec<String>| {
                let left = left.clone();
                more.iter().map(move |right| [left.as_slice(), right].concat())
            };
            all = normal(all.iter().flat_map(both).collect());
        }
        let covers =
            |all: &Vec<String>| own.iter().any(|own| own.iter().all(|it| all.contains(it)));
        all.iter().all(covers)
    }
}

/// A list of lists, where one that has a single member may be written without its brackets.
fn read(value: &ast::Value) -> Option<Alternatives> {
    let members = |value: &ast::Value| match value {
        ast::Value::List(members) => {
            members.iter().map(|member| member.as_str().map(str::to_owned)).collect()
        }
        value => Some(vec![value.as_str()?.to_owned()]),
    };
    match value {
        ast::Value::List(alternatives) => alternatives.iter().map(|it| members(it)).collect(),
        value => Some(vec![members(value)?]),
    }
}

fn normal(mut alternatives: Alternatives) -> Alternatives {
    for members in &mut alternatives {
        members.sort();
        members.dedup();
    }
    alternatives.sort();
    alternatives.dedup();
    alternatives
}

#[cfg(test)]
mod tests {
    use super::{Requirement, normal};

    fn scopes(text: &str) -> Requirement {
        let alternatives = text.split('|').map(|all| all.split('&').map(str::to_owned).collect());
        Requirement::Scopes(normal(alternatives.collect()))
    }

    #[test]
    fn what_all_of_several_ask_for_implies_what_each_asks_for() {
        let (a, b) = (scopes("a"), scopes("b|c"));
        assert!(scopes("a&b|a&c").is_implied_by(&[&a, &b]));
        assert!(scopes("a|d").is_implied_by(&[&a]));
        assert!(b.is_implied_by(&[&b, &Requirement::Authenticated]));
        assert!(!a.is_implied_by(&[&scopes("a|b")]));
        assert!(!a.is_implied_by(&[]));
        assert!(!Requirement::Authenticated.is_implied_by(&[&a]));
        assert!(!Requirement::Policies(vec![vec!["a".to_owned()]]).is_implied_by(&[&a]));
    }

    #[test]
    fn without_alternatives_nobody_meets_it_and_with_an_empty_one_everybody() {
        let (never, always) = (Requirement::Scopes(Vec::new()), scopes("a|b"));
        assert!(always.is_implied_by(&[&never]), "nobody is somebody");
        assert!(!never.is_implied_by(&[&always]));
        assert!(Requirement::Scopes(vec![Vec::new()]).is_implied_by(&[]));
    }
}
