//! Says why a rule denies, for whoever asks about a request.
//!
//! **In:** a rule that denies, and who asks. **Out:** [`Because`]: the rule as the schema writes it, where it
//! stands, what about the caller does not fit it.
//!
//! **Never here:** which rules deny (`query_planner` says by which, [`Rules::denied`] whether they are met).
//!
//! **Holds:** it is decided by the functions that decide for requests, never by others.
//!
//! **Read first:** [`Rules::because`].

use query_planner::{DeniedBy, Occurrence, Operation};
use serde_json::{Map, Value};
use supergraph::Requirement;

use super::{Policies, Rules, Undecided};
use crate::expressions::Scope;

/// Why something is denied.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Because {
    /// The rule as a schema writes it.
    pub rule: String,
    /// The type or field that it stands on.
    pub declared_on: String,
    /// What does not fit it.
    pub why: String,
}

impl Rules<'_> {
    /// Why a rule denies; `arguments` are those of a field, if they fit.
    pub fn because(
        &self,
        by: DeniedBy,
        operation: &Operation,
        scope: &Scope<'_>,
        arguments: impl Fn(&Occurrence) -> Option<Map<String, Value>>,
    ) -> Because {
        let (requirement, declared_on) = match by {
            DeniedBy::OfField(field, id) => (id, self.supergraph.coordinate(field)),
            DeniedBy::OfType(ty, id) => (id, self.supergraph.ty(ty).name.clone()),
            DeniedBy::Condition(field, id) => {
                let occurrence = &operation.occurrences()[id];
                return Because {
                    rule: self.condition(occurrence),
                    declared_on: self.supergraph.coordinate(field),
                    why: self.why_refused(occurrence, scope, arguments(occurrence)),
                };
            }
        };
        let (rule, why) = match &self.supergraph.requirements()[requirement] {
            Requirement::Authenticated => {
                ("@authenticated".to_owned(), "the caller is anonymous".to_owned())
            }
            Requirement::Scopes(alternatives) => {
                let lacks = |scope_name: &str| {
                    let lacks = !scope.consumer.has_scope(scope_name);
                    lacks.then(|| format!("the scope `{scope_name}`"))
                };
                let why = format!("the caller lacks {}", missing(alternatives, lacks));
                (applied("requiresScopes", "scopes", alternatives), why)
            }
            Requirement::Policies(alternatives) => {
                let why = missing(alternatives, |policy| self.policies.why_not(policy, scope));
                (applied("policy", "policies", alternatives), why)
            }
        };
        Because { rule, declared_on, why }
    }

    fn condition(&self, occurrence: &Occurrence) -> String {
        let text = &self.supergraph.conditions()[occurrence.condition];
        format!("@authorize(when: {})", Value::from(text.as_str()))
    }

    fn why_refused(
        &self,
        occurrence: &Occurrence,
        scope: &Scope<'_>,
        args: Option<Map<String, Value>>,
    ) -> String {
        let Some(args) = args else { return "its arguments do not fit".to_owned() };
        match self.decide(occurrence, &args, scope) {
            Err(why) => format!("it cannot be decided: {why}"),
            Ok(_) => format!("it does not hold for {}", Value::Object(args)),
        }
    }
}

impl Policies<'_> {
    /// Why a policy does not hold; none if it does.
    fn why_not(&self, policy: &str, scope: &Scope<'_>) -> Option<String> {
        let text = match self {
            Self::Of(settings) => settings.policies.get(policy).map(|condition| condition.text()),
            Self::Named(_) => None,
        };
        match (self.decide(policy, scope), text) {
            (Ok(true), _) => None,
            (Ok(false), Some(text)) => Some(format!("the policy `{policy}` does not hold: {text}")),
            (Ok(false), None) => Some(format!("the policy `{policy}` does not hold")),
            (Err(Undecided::Condition(why)), _) => {
                Some(format!("the policy `{policy}` cannot be decided: {why}"))
            }
            (Err(Undecided::Unknown), _) => {
                Some(format!("the policy `{policy}` is not in `graphql.authorization.policies`"))
            }
        }
    }
}

/// What each alternative misses.
fn missing(alternatives: &[Vec<String>], misses: impl Fn(&str) -> Option<String>) -> String {
    let alternative = |all: &Vec<String>| {
        let missing: Vec<String> = all.iter().filter_map(|name| misses(name)).collect();
        missing.join(" and ")
    };
    let alternatives: Vec<String> = alternatives.iter().map(alternative).collect();
    match alternatives.is_empty() {
        true => "what nobody can have: the rule has no alternative".to_owned(),
        false => alternatives.join("; or "),
    }
}

fn applied(directive: &str, argument: &str, alternatives: &[Vec<String>]) -> String {
    let lists: Vec<String> = alternatives
        .iter()
        .map(|all| {
            let names: Vec<String> = all.iter().map(|name| format!("\"{name}\"")).collect();
            format!("[{}]", names.join(", "))
        })
        .collect();
    format!("@{directive}({argument}: [{}])", lists.join(", "))
}
