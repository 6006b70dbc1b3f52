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
use crate::document::{self, Document, Field, Selection};
use crate::execute::DENIED;
use crate::fault::Fault;
use crate::ordered::Ordered;
use crate::rules::Caller;
use apollo_compiler::ast::OperationType;
use query_planner::{FetchId, QueryPlan, ResponseSelection, ResponseSource, SlotId};
use std::collections::{BTreeMap, BTreeSet};
use supergraph::{SubgraphId, Supergraph};

/// What was sent, as far as it is judged.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// The texts of mutations, in order.
    pub(crate) mutations: Vec<String>,
    /// Every request: subgraph and text.
    pub(crate) requests: Vec<(String, String)>,
    /// What subgraphs refused.
    pub(crate) refusals: Vec<String>,
}

/// Judges an answer without faults.
pub(crate) fn judge(ours: &Ordered, truth: &Ordered, plan: &QueryPlan) -> Result<(), String> {
    if ours.get("data") != truth.get("data") {
        return Err("the data differ".to_owned());
    }
    let data = truth.get("data").unwrap_or(&Ordered::Null);
    let twins = Twins::of(plan);
    let (ours, truth) = (error_paths(ours)?, error_paths(truth)?);
    let told = |path: &Path, by: &[Path]| by.iter().any(|known| twins.covers(known, path));
    for path in &ours {
        if !told(path, &truth) {
            return Err(format!("there is no error at `{}`", path.join(".")));
        }
    }
    for path in &truth {
        // What a null above hides need not be told for itself.
        let null = null_on_the_way(data, path);
        if !told(&null, &ours) {
            return Err(format!("the error at `{}` is not told", path.join(".")));
        }
    }
    Ok(())
}

/// Judges an answer under faults.
pub(crate) fn judge_faulty(
    ours: &Ordered,
    truth: &Ordered,
    excuses: &Excuses,
) -> Result<(), String> {
    let errors = error_paths(ours)?;
    let (Some(data), Some(true_data)) = (ours.get("data"), truth.get("data")) else {
        return Err("`data` is missing".to_owned());
    };
    if *data == Ordered::Null && errors.is_empty() && *true_data != Ordered::Null {
        return Err("`data` is null without an error".to_owned());
    }
    if let Some(path) = errors.iter().find(|path| !leads_somewhere(data, path)) {
        return Err(format!("the error path `{}` leads nowhere", path.join(".")));
    }
    let loud = !excuses.unheard && errors.is_empty();
    let mut comparing = Comparing { excuses, path: Vec::new(), extra: Vec::new() };
    comparing.compare(data, true_data)?;
    let unexcused = |path: &&Path| {
        let field = path.iter().rev().find(|name| name.parse::<usize>().is_err());
        !errors.iter().any(|error| excuses.twins.covers(error, path))
            && !field.is_some_and(|field| excuses.silent.contains(field))
    };
    if let Some(path) = comparing.extra.first().filter(|_| loud) {
        return Err(format!("`{}` is null without any error", path.join(".")));
    }
    match comparing.extra.iter().find(unexcused) {
        Some(path) => Err(format!("`{}` is null without an error", path.join("."))),
        None => Ok(()),
    }
}

/// Judges what is told of denials: each where the truth denies something, and by the right code.
pub(crate) fn judge_denials(
    ours: &Ordered,
    truth: &Ordered,
    caller: &Caller,
) -> Result<(), String> {
    let expected = if caller.is_known { "UNAUTHORIZED_FIELD_OR_TYPE" } else { "UNAUTHENTICATED" };
    let text = |value: Option<&Ordered>| match value {
        Some(Ordered::String(text)) => text.clone(),
        _ => String::new(),
    };
    let errors = |response: &Ordered| match response.get("errors") {
        Some(Ordered::List(errors)) => errors.clone(),
        _ => Vec::new(),
    };
    let is_denial = |error: &Ordered| text(error.get("message")) == DENIED;
    let denied = errors(truth).into_iter().filter(is_denial);
    let denied: BTreeSet<Path> = denied.map(|error| general_path(&error)).collect();
    for error in errors(ours) {
        let code = text(error.get("extensions").and_then(|extensions| extensions.get("code")));
        if !code.starts_with("UNAUTH") {
            continue;
        }
        let path = general_path(&error);
        if code != expected || !denied.contains(&path) {
            return Err(format!("`{}` is said to be denied ({code})", path.join(".")));
        }
    }
    Ok(())
}

/// Judges whether errors say a value that the true data do not show.
pub(crate) fn judge_secrets(
    ours: &Ordered,
    truth: &Ordered,
    texts: &BTreeSet<String>,
) -> Result<(), String> {
    let part = |response: &Ordered, name: &str| response.get(name).map(Ordered::to_string);
    let Some(errors) = part(ours, "errors") else { return Ok(()) };
    let data = part(truth, "data").unwrap_or_default();
    let is_told = |text: &&String| errors.contains(text.as_str()) && !data.contains(text.as_str());
    match texts.iter().find(is_told) {
        Some(text) => Err(format!("an error tells the value {text}")),
        None => Ok(()),
    }
}

/// The path of an error with `@` for each index.
fn general_path(error: &Ordered) -> Path {
    let Some(Ordered::List(path)) = error.get("path") else { return Path::new() };
    let part = |part: &Ordered| match part {
        Ordered::String(name) => name.clone(),
        _ => "@".to_owned(),
    };
    path.iter().map(part).collect()
}

/// Response names and indexes.
type Path = Vec<String>;

/// The paths of all errors; that of an error without one is empty: the whole response.
fn error_paths(response: &Ordered) -> Result<Vec<Path>, String> {
    let errors = match response.get("errors") {
        Some(Ordered::List(errors)) if !errors.is_empty() => errors,
        Some(_) => return Err("`errors` is no list, or an empty one".to_owned()),
        None => return Ok(Vec::new()),
    };
    let path_of = |error: &Ordered| match error.get("path") {
        Some(Ordered::List(path)) => path
            .iter()
            .map(|part| match part {
                Ordered::String(name) => Ok(name.clone()),
                Ordered::Number(index) => Ok(index.to_string()),
                other => Err(format!("an error path holds {other}")),
            })
            .collect(),
        Some(other) => Err(format!("an error path is {other}")),
        None => Ok(Path::new()),
    };
    errors.iter().map(path_of).collect()
}

/// Response names that show the same value of the same object: one error tells of all.
#[derive(Debug, Default)]
struct Twins(BTreeMap<String, String>);

impl Twins {
    fn of(plan: &QueryPlan) -> Self {
        let mut twins = Self::default();
        twins.read(&plan.response);
        twins
    }

    fn read(&mut self, response: &ResponseSelection) {
        for case in &response.cases {
            let mut names: BTreeMap<SlotId, &str> = BTreeMap::new();
            for field in &case.fields {
                let ResponseSource::Slot { slot, selection, .. } = &field.source else { continue };
                let name = field.response_name.as_str();
                let first = *names.entry(*slot).or_insert(name);
                let (one, other) = (self.first(first).to_owned(), self.first(name).to_owned());
                // Downwards only: there is no circle.
                if one != other {
                    let (low, high) = if one < other { (one, other) } else { (other, one) };
                    self.0.insert(high, low);
                }
                if let Some(below) = selection {
                    self.read(below);
                }
            }
        }
    }

    /// Whether an error explains a null: one path is the beginning of the other.
    fn covers(&self, error: &Path, null: &Path) -> bool {
        // What is denied has one error for all items of a list.
        let any = |one: &str, other: &str| one == "@" || other == "@";
        let mut both = error.iter().zip(null);
        both.all(|(one, other)| any(one, other) || self.first(one) == self.first(other))
    }

    fn first<'n>(&'n self, mut name: &'n str) -> &'n str {
        while let Some(first) = self.0.get(name) {
            name = first;
        }
        name
    }
}

/// The path down to where data are null, or all of it.
fn null_on_the_way(data: &Ordered, path: &[String]) -> Path {
    let mut at = data;
    for (walked, part) in path.iter().enumerate() {
        let next = match at {
            Ordered::Object(_) => at.get(part),
            Ordered::List(items) => part.parse().ok().and_then(|index: usize| items.get(index)),
            _ => return path[..walked].to_vec(),
        };
        let Some(next) = next else { return path[..walked].to_vec() };
        at = next;
    }
    path.to_vec()
}

/// Whether a path can be walked, to its end or to a null.
fn leads_somewhere(data: &Ordered, path: &[String]) -> bool {
    let Some((first, rest)) = path.split_first() else { return true };
    match data {
        Ordered::Null => true,
        Ordered::Object(_) => data.get(first).is_some_and(|value| leads_somewhere(value, rest)),
        Ordered::List(items) if first == "@" => {
            items.iter().any(|item| leads_somewhere(item, rest))
        }
        Ordered::List(items) => {
            let item = first.parse::<usize>().ok().and_then(|index| items.get(index));
            item.is_some_and(|item| leads_somewhere(item, rest))
        }
        _ => false,
    }
}

/// What may differ from the truth because of faults that leave no error.
#[derive(Default)]
pub(crate) struct Excuses {
    /// Response names of computed fields: of an input that is null by a fault they are another value.
    computed: BTreeSet<String>,
    /// Response names of fields that a silent fault may make null: what a subgraph with such a
    /// fault answers, and what hangs on its keys and values.
    silent: BTreeSet<String>,
    /// Some fault gives no error at all.
    unheard: bool,
    twins: Twins,
}

impl Excuses {
    /// Those of a plan under faults.
    pub(crate) fn of(
        supergraph: &Supergraph,
        facts: &Facts,
        plan: &QueryPlan,
        faults: &BTreeMap<String, Vec<Fault>>,
    ) -> Self {
        let mut silenced: BTreeSet<FetchId> = BTreeSet::new();
        let mut faulty: BTreeSet<FetchId> = BTreeSet::new();
        for (id, fetch) in plan.fetches.iter() {
            let faults = faults.get(&supergraph.subgraph(fetch.subgraph).name);
            let mut faults = faults.into_iter().flatten().peekable();
            let strict = facts.strict.contains(&fetch.subgraph) || shares_an_object(plan, id);
            let hangs_on_faulty = fetch.waits_for.iter().any(|other| faulty.contains(other));
            if faults.peek().is_some() || hangs_on_faulty {
                faulty.insert(id);
            }
            // Without its key or requirement an object is not sent: the error stands at those.
            if hangs_on_faulty || faults.any(|fault| is_silent(fault, strict)) {
                silenced.insert(id);
            }
        }
        let mut slots = BTreeSet::new();
        for group in silenced.iter().flat_map(|fetch| &plan.fetches[*fetch].groups) {
            fill(&plan.groups[*group].selection, &mut slots);
        }
        let unheard =
            |fault: &Fault| matches!(fault, Fault::Null { .. } | Fault::MissingEntity { .. });
        let unheard = faults.values().flatten().any(unheard);
        let mut excuses = Self { twins: Twins::of(plan), unheard, ..Self::default() };
        excuses.read(&facts.computed, plan, &plan.response, (&slots, &mut Vec::new()));
        excuses
    }

    /// `above` are the names of the fields that the null of a field here may move up to.
    fn read(
        &mut self,
        computed: &BTreeSet<String>,
        plan: &QueryPlan,
        response: &ResponseSelection,
        (slots, above): (&BTreeSet<SlotId>, &mut Vec<(String, bool)>),
    ) {
        for field in response.cases.iter().flat_map(|case| &case.fields) {
            let ResponseSource::Slot { slot, ty, selection } = &field.source else { continue };
            let name = &plan.slots[*slot].field;
            above.push((field.response_name.clone(), ty.is_non_null()));
            if slots.contains(slot) {
                for (name, moves_up) in above.iter().rev() {
                    self.silent.insert(name.clone());
                    if !moves_up {
                        break;
                    }
                }
            }
            if computed.contains(name) {
                self.computed.insert(field.response_name.clone());
            }
            if let Some(below) = selection {
                self.read(computed, plan, below, (slots, &mut *above));
            }
            above.pop();
        }
    }
}

fn fill(selection: &query_planner::Selection, slots: &mut BTreeSet<SlotId>) {
    for field in &selection.fields {
        slots.insert(field.slot);
        if let Some(below) = &field.selection {
            fill(below, slots);
        }
    }
}

/// Whether another fetch brings parts of the same object: its parts stand though these are lost.
fn shares_an_object(plan: &QueryPlan, fetch: FetchId) -> bool {
    let objects = |fetch: FetchId| {
        let mut slots = BTreeSet::new();
        for group in &plan.fetches[fetch].groups {
            fill(&plan.groups[*group].selection, &mut slots);
        }
        slots.retain(|slot| plan.slots[*slot].child.is_some());
        slots
    };
    let own = objects(fetch);
    plan.fetches.ids().any(|other| other != fetch && !own.is_disjoint(&objects(other)))
}

/// Whether a fault makes nulls that nobody has to explain. A strict subgraph hands an error on to
/// an object that others may leave out, and with it go that object's other fields.
fn is_silent(fault: &Fault, strict: bool) -> bool {
    match fault {
        Fault::Null { .. } | Fault::MissingEntity { .. } => true,
        Fault::Error { .. } => strict,
        // Told once for all that the request asked for, at one of its places.
        Fault::Dead | Fault::ShortEntityList { .. } => true,
    }
}

/// What of a graph makes a difference under faults.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// The names of fields with requirements or contexts.
    computed: BTreeSet<String>,
    /// Subgraphs that promise more of some field than clients are promised.
    strict: BTreeSet<SubgraphId>,
}

impl Facts {
    /// Those of a graph.
    pub(crate) fn of(supergraph: &Supergraph) -> Self {
        let mut facts = Self::default();
        for (name, field) in supergraph.types().iter().flat_map(|(_, ty)| &ty.fields) {
            let field = supergraph.field(*field);
            for capability in &field.capabilities {
                if capability.requires.is_some() || !capability.contextual_arguments.is_empty() {
                    facts.computed.insert(name.clone());
                }
                if capability.ty != field.ty {
                    facts.strict.insert(capability.subgraph);
                }
            }
        }
        facts
    }
}

/// Compares data, and collects the paths where ours is null and the truth is not.
struct Comparing<'a> {
    excuses: &'a Excuses,
    path: Path,
    extra: Vec<Path>,
}

impl Comparing<'_> {
    fn compare(&mut self, ours: &Ordered, truth: &Ordered) -> Result<(), String> {
        match (ours, truth) {
            (Ordered::Null, Ordered::Null) => {}
            (Ordered::Null, _) => self.extra.push(self.path.clone()),
            (Ordered::Object(ours), Ordered::Object(truth)) => {
                if !ours.iter().map(|(name, _)| name).eq(truth.iter().map(|(name, _)| name)) {
                    return Err(self.problem("has other names, or in another order"));
                }
                for ((name, ours), (_, truth)) in ours.iter().zip(truth) {
                    self.step(name.clone(), ours, truth)?;
                }
            }
            (Ordered::List(ours), Ordered::List(truth)) if ours.len() == truth.len() => {
                for (index, (ours, truth)) in ours.iter().zip(truth).enumerate() {
                    self.step(index.to_string(), ours, truth)?;
                }
            }
            (ours, truth) if ours == truth => {}
            (Ordered::Object(_) | Ordered::List(_), _)
            | (_, Ordered::Object(_) | Ordered::List(_)) => {
                return Err(self.problem("has another shape"));
            }
            (ours, truth) => {
                let field = self.path.iter().rev().find(|name| name.parse::<usize>().is_err());
                if !field.is_some_and(|field| self.excuses.computed.contains(field)) {
                    return Err(self.problem(&format!("is {ours}, but {truth} is true")));
                }
            }
        }
        Ok(())
    }

    fn step(&mut self, part: String, ours: &Ordered, truth: &Ordered) -> Result<(), String> {
        self.path.push(part);
        let result = self.compare(ours, truth);
        self.path.pop();
        result
    }

    fn problem(&self, what: &str) -> String {
        format!("`{}` {what}", self.path.join("."))
    }
}

/// Judges what was sent: nothing that a subgraph refuses, and each mutation field once, in order.
pub(crate) fn judge_calls(
    calls: &Calls,
    document: &Document,
    variables: &Values,
    faulty: bool,
    is_denied: &dyn Fn(&Field) -> bool,
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
    let expected = expected.into_iter().filter(|(_, field)| !is_denied(field));
    let expected: Vec<String> = expected.map(|(_, field)| field.name.clone()).collect();
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
fn root_fields<'d>(
    set: &'d [Selection],
    document: &'d Document,
    variables: &Values,
    fields: &mut Vec<(String, &'d Field)>,
) {
    for selection in set.iter().filter(|s| document::is_included(s, variables)) {
        match selection {
            Selection::Field(field) => {
                let name = field.alias.as_ref().unwrap_or(&field.name);
                let meta = field.name.starts_with("__");
                if !meta && !fields.iter().any(|(known, _)| known == name) {
                    fields.push((name.clone(), field));
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
