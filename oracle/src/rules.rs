//! Who may see what: random access rules on a composed graph, random callers, and what is denied.
//!
//! **In:** a supergraph document, a [`Chance`]. **Out:** [`Rule`]s, written into the document; a
//! [`Caller`]; [`Denials`], by the rules as they were made and not as the supergraph reads them.
//!
//! **Never here:** pruning plans. What is denied is found out by names alone, by the rules of the manual.
//!
//! **Holds:** a rule of an interface asks for a scope that no other rule has, so it never follows from
//! its implementations; one that does follow is made of all of theirs and denies nothing more.
//!
//! **Read first:** [`Denials::of`].

use crate::chance::Chance;
use crate::coerce::Values;
use apollo_compiler::ast::{self, Definition, Document};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use supergraph::{Requirement, RequirementSet, Supergraph, TypeDef, TypeKind};

/// Whether a graph has access rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody may see all.
    Open,
    /// By random rules, for random callers.
    Ruled,
}

/// What a rule asks for: OR of ANDs; none for somebody, whoever it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The type.
    pub on: String,
    /// Its field, if the rule stands on one.
    pub field: Option<String>,
    /// `authenticated`, `requiresScopes`, `policy`, or `authorize`, whose one word stands for a condition.
    directive: &'static str,
    alternatives: Vec<Vec<String>>,
    /// Whether it only repeats what the types behind an interface ask for.
    follows: bool,
}

/// Who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// Whether somebody vouches for it.
    pub is_known: bool,
    /// Scopes and policies that it has.
    pub has: BTreeSet<String>,
}

/// What a caller may not see.
#[derive(Clone, Debug, Default)]
pub(crate) struct Denials {
    fields: BTreeSet<(String, String)>,
    types: BTreeSet<String>,
    /// Conditions by the field of an object.
    conditions: BTreeMap<(String, String), Vec<String>>,
    /// Fields that cannot be null, of objects for which an interface speaks, where they can.
    loose: BTreeSet<(String, String)>,
}

const AUTHORIZE: &str = "authorize";
const WORDS: [&str; 4] = ["a", "b", "c", "d"];

/// Random rules for a supergraph.
pub(crate) fn rules(supergraph: &Supergraph, chance: &mut Chance) -> Vec<Rule> {
    let mut rules = Vec::new();
    for (_, ty) in supergraph.types().iter() {
        let (types, fields) = match ty.kind {
            TypeKind::Object if ["Query", "Mutation"].contains(&ty.name.as_str()) => (2, 8),
            TypeKind::Object => (12, 15),
            TypeKind::Enum => (20, 0),
            TypeKind::Scalar if !is_built_in(&ty.name) => (20, 0),
            TypeKind::Interface => (7, 10),
            _ => (0, 0),
        };
        let is_interface = ty.kind == TypeKind::Interface;
        let rule = |field: Option<&String>, chance: &mut Chance| {
            let mut rule = random(&ty.name, field, chance);
            if is_interface {
                let own = format!("{}_{}", ty.name, field.map_or("", String::as_str));
                (rule.directive, rule.alternatives) = ("requiresScopes", vec![vec![own]]);
            }
            rule
        };
        if chance.percent(types) {
            rules.push(rule(None, chance));
        }
        for (name, field) in &ty.fields {
            if chance.percent(fields) {
                rules.push(rule(Some(name), chance));
            }
            if !supergraph.field(*field).arguments.is_empty() && chance.percent(25) {
                let mut rule = random(&ty.name, Some(name), chance);
                let word = format!("condition {}", chance.below(5));
                (rule.directive, rule.alternatives) = (AUTHORIZE, vec![vec![word]]);
                rules.push(rule);
            }
        }
    }
    let interfaces = supergraph.types().iter().filter(|(_, ty)| ty.kind == TypeKind::Interface);
    for (_, interface) in interfaces {
        if chance.percent(50) {
            let following = following(supergraph, interface, &rules);
            rules.extend(following);
        }
    }
    rules
}

fn random(on: &str, field: Option<&String>, chance: &mut Chance) -> Rule {
    let directive = *chance.pick(&["authenticated", "requiresScopes", "policy"]);
    let mut alternatives = Vec::new();
    if directive != "authenticated" {
        for _ in 0..chance.between(1, 2) {
            let mut all: Vec<String> = Vec::new();
            for _ in 0..chance.between(1, 2) {
                all.push((*chance.pick(&WORDS)).to_owned());
            }
            alternatives.push(all);
        }
    }
    Rule { on: on.to_owned(), field: field.cloned(), directive, alternatives, follows: false }
}

/// What a composer puts on an interface: all that its implementations ask for.
fn following(supergraph: &Supergraph, interface: &TypeDef, rules: &[Rule]) -> Vec<Rule> {
    let members: Vec<&str> =
        interface.possible.iter().map(|id| supergraph.ty(id).name.as_str()).collect();
    let mut following: Vec<Rule> = Vec::new();
    let has = |field: &String| interface.fields.contains_key(field);
    for rule in rules {
        let is_below = members.contains(&rule.on.as_str());
        if !is_below
            || rule.directive == AUTHORIZE
            || rule.field.as_ref().is_some_and(|field| !has(field))
        {
            continue;
        }
        let own =
            |known: &&mut Rule| known.field == rule.field && known.directive == rule.directive;
        match following.iter_mut().find(own) {
            Some(known) => {
                let both = |left: &Vec<String>| {
                    let left = left.clone();
                    rule.alternatives.iter().map(move |right| [left.as_slice(), right].concat())
                };
                known.alternatives = known.alternatives.iter().flat_map(both).collect();
            }
            None => {
                following.push(Rule { on: interface.name.clone(), follows: true, ..rule.clone() })
            }
        }
    }
    // Beside a rule of its own the interface would ask for both, and then neither follows alone.
    following.retain(|rule| {
        !rules.iter().any(|other| {
            other.on == rule.on && other.field == rule.field && other.directive == rule.directive
        })
    });
    following
}

fn is_built_in(name: &str) -> bool {
    ["Int", "Float", "String", "Boolean", "ID"].contains(&name)
}

/// Writes rules into a supergraph document. Those on what is not there are left.
pub(crate) fn written(sdl: &str, rules: &[Rule]) -> Result<String, String> {
    if rules.is_empty() {
        return Ok(sdl.to_owned());
    }
    let mut document =
        Document::parse(sdl, "supergraph.graphql").map_err(|error| error.errors.to_string())?;
    let link = "scalar X @link(url: \"https://specs.graphloom.dev/authorize/v0.1\")";
    let link = Document::parse(link, "link.graphql").map_err(|e| e.errors.to_string())?;
    for definition in &mut document.definitions {
        if let Definition::SchemaDefinition(schema) = definition {
            let link = link.definitions[0].directives().iter().cloned();
            schema.make_mut().directives.extend(link);
        }
    }
    for rule in rules {
        let directive = rule.to_string();
        // A directive is read from a type that has it.
        let carrier = format!("scalar X {directive}");
        let carrier = Document::parse(carrier, "rule.graphql").map_err(|e| e.errors.to_string())?;
        let Some(node) = carrier.definitions[0].directives().first().cloned() else { continue };
        for definition in &mut document.definitions {
            if definition.name().is_some_and(|name| *name == *rule.on) {
                apply(definition, rule.field.as_deref(), node.clone());
            }
        }
    }
    Ok(document.to_string())
}

fn apply(
    definition: &mut Definition,
    field: Option<&str>,
    node: apollo_compiler::Node<ast::Directive>,
) {
    let (directives, fields) = match definition {
        Definition::ObjectTypeDefinition(it) => {
            let it = it.make_mut();
            (&mut it.directives, Some(&mut it.fields))
        }
        Definition::InterfaceTypeDefinition(it) => {
            let it = it.make_mut();
            (&mut it.directives, Some(&mut it.fields))
        }
        Definition::EnumTypeDefinition(it) => (&mut it.make_mut().directives, None),
        Definition::ScalarTypeDefinition(it) => (&mut it.make_mut().directives, None),
        _ => return,
    };
    match (field, fields) {
        (None, _) => directives.push(node),
        (Some(name), Some(fields)) => {
            if let Some(field) = fields.iter_mut().find(|field| field.name == name) {
                field.make_mut().directives.push(node);
            }
        }
        (Some(_), None) => {}
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.directive {
            "requiresScopes" => write!(f, "@requiresScopes(scopes: {:?})", self.alternatives),
            "policy" => write!(f, "@policy(policies: {:?})", self.alternatives),
            AUTHORIZE => write!(f, "@authorize(when: {:?})", self.word()),
            _ => write!(f, "@authenticated"),
        }
    }
}

impl Caller {
    /// A random one.
    pub fn random(rules: &[Rule], chance: &mut Chance) -> Self {
        if chance.percent(20) {
            return Self::default();
        }
        let words: BTreeSet<&String> =
            rules.iter().flat_map(|rule| rule.alternatives.iter().flatten()).collect();
        let words: Vec<String> = words.into_iter().cloned().collect();
        Self { is_known: true, has: chance.some(&words, 60).into_iter().collect() }
    }

    fn meets(&self, rule: &Rule) -> bool {
        match rule.directive {
            "authenticated" => self.is_known,
            // By the arguments, whoever asks.
            AUTHORIZE => true,
            _ => self.meets_one(&rule.alternatives),
        }
    }

    fn meets_one(&self, alternatives: &[Vec<String>]) -> bool {
        alternatives.iter().any(|all| all.iter().all(|word| self.has.contains(word)))
    }

    /// The requirements of an operation that it does not meet, as a gateway finds them out.
    pub(crate) fn unmet(
        &self,
        supergraph: &Supergraph,
        touched: &RequirementSet,
    ) -> RequirementSet {
        let is_met = |requirement: &Requirement| match requirement {
            Requirement::Authenticated => self.is_known,
            Requirement::Scopes(any) | Requirement::Policies(any) => self.meets_one(any),
        };
        touched.iter().filter(|id| !is_met(&supergraph.requirements()[*id])).collect()
    }
}

impl Rule {
    fn word(&self) -> String {
        self.alternatives.concat().concat()
    }
}

/// Whether a condition holds: by chance, but the same for the same arguments.
pub(crate) fn holds(condition: &str, arguments: &Values) -> bool {
    let text = format!("{condition} {}", Value::Object(arguments.clone()));
    let sum = text.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31) ^ u32::from(byte));
    Chance::new(u64::from(sum)).percent(60)
}

impl Denials {
    /// What the rules deny to a caller.
    pub(crate) fn of(supergraph: &Supergraph, rules: &[Rule], caller: &Caller) -> Self {
        let unmet: Vec<&Rule> =
            rules.iter().filter(|rule| !rule.follows && !caller.meets(rule)).collect();
        let on_type = |name: &str| unmet.iter().any(|it| it.on == name && it.field.is_none());
        let on_field = |ty: &str, field: &str| {
            unmet.iter().any(|it| it.on == ty && it.field.as_deref() == Some(field))
        };
        let mut denials = Self::default();
        for (_, ty) in supergraph.types().iter() {
            let mut above = ty.interfaces.iter().map(|id| supergraph.ty(*id).name.as_str());
            if on_type(&ty.name) || above.any(on_type) {
                denials.types.insert(ty.name.clone());
            }
        }
        denials.deny_abstract_types(supergraph);
        let roots: BTreeMap<&str, bool> =
            [Some(supergraph.query_type()), supergraph.mutation_type()]
                .into_iter()
                .flatten()
                .map(|id| supergraph.ty(id).name.as_str())
                .map(|name| (name, denials.types.contains(name)))
                .collect();
        let objects = supergraph.types().iter().filter(|(_, ty)| ty.kind == TypeKind::Object);
        for (_, ty) in objects {
            for (name, field) in &ty.fields {
                let returned = &supergraph.ty(supergraph.field(*field).ty.named()).name;
                let mut above = ty.interfaces.iter().map(|id| supergraph.ty(*id).name.as_str());
                if on_field(&ty.name, name)
                    || above.any(|interface| on_field(interface, name))
                    || denials.types.contains(returned)
                    || roots.get(ty.name.as_str()) == Some(&true)
                {
                    denials.fields.insert((ty.name.clone(), name.clone()));
                }
                let conditions = rules.iter().filter(|rule| {
                    let mut above = ty.interfaces.iter().map(|id| &supergraph.ty(*id).name);
                    rule.directive == AUTHORIZE
                        && rule.field.as_ref() == Some(name)
                        && (rule.on == ty.name || above.any(|interface| *interface == rule.on))
                });
                let conditions: Vec<String> = conditions.map(|rule| rule.word()).collect();
                if !conditions.is_empty() {
                    denials.conditions.insert((ty.name.clone(), name.clone()), conditions);
                }
            }
        }
        denials
    }

    /// An abstract type that has nothing but denied members is denied.
    fn deny_abstract_types(&mut self, supergraph: &Supergraph) {
        let types = supergraph.types().iter().map(|(_, ty)| ty);
        let denied = types.filter(|ty| ty.is_abstract()).filter(|ty| {
            let members = ty.possible.iter().map(|id| supergraph.ty(id));
            let mut members = members.filter(|member| member.accessible).peekable();
            members.peek().is_some() && members.all(|member| self.types.contains(&member.name))
        });
        let denied: Vec<String> = denied.map(|ty| ty.name.clone()).collect();
        self.types.extend(denied);
    }

    /// Whether anything is.
    pub(crate) fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.types.is_empty()
    }

    /// Whether a field of an object is with these arguments.
    pub(crate) fn arguments(&self, object_type: &str, field: &str, arguments: &Values) -> bool {
        let conditions = self.conditions.get(&(object_type.to_owned(), field.to_owned()));
        conditions.into_iter().flatten().any(|condition| !holds(condition, arguments))
    }

    /// The same where nobody asked for the runtime types behind interface objects: there the interface says
    /// whether a field can be null. None if it says no other than its implementations.
    pub(crate) fn unless_types_are_known(&self, supergraph: &Supergraph) -> Option<Self> {
        let mut loose = BTreeSet::new();
        for (_, ty) in supergraph.types().iter() {
            let interfaces = ty.interfaces.iter().map(|id| supergraph.ty(*id));
            for interface in
                interfaces.filter(|it| it.in_subgraphs.iter().any(|it| it.interface_object))
            {
                let declared =
                    interface.fields.iter().map(|(name, id)| (name, supergraph.field(*id)));
                let nullable = declared.filter(|(_, field)| !field.ty.is_non_null());
                loose.extend(nullable.map(|(name, _)| (ty.name.clone(), name.clone())));
            }
        }
        (!loose.is_empty()).then(|| Self { loose, ..self.clone() })
    }

    /// Whether a denied field can be null whatever its type says.
    pub(crate) fn is_loose(&self, object_type: &str, field: &str) -> bool {
        self.loose.contains(&(object_type.to_owned(), field.to_owned()))
    }

    /// Whether a field of an object is.
    pub(crate) fn field(&self, object_type: &str, field: &str) -> bool {
        self.fields.contains(&(object_type.to_owned(), field.to_owned()))
    }

    /// Whether objects of a type are.
    pub(crate) fn object(&self, object_type: &str) -> bool {
        self.types.contains(object_type)
    }
}
