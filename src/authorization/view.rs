//! The API schema as a caller may see it: without what the rules deny.
//!
//! **In:** the API schema, the requirements that the caller does not meet. **Out:** a schema to introspect.
//!
//! **Never here:** validating operations: what is denied may be asked for, and is answered as denied.
//!
//! **Holds:** nothing that is shown refers to what is not. A field of an interface is shown where it may be
//! seen on all types behind it, so that they still implement what they say. Conditions on arguments hide
//! nothing: it depends on the arguments what they deny. The query root stays, though nothing is left of it.
//!
//! **Read first:** [`visible_schema`].

use std::collections::HashSet;

use apollo_compiler::schema::{ComponentName, ExtendedType, FieldDefinition, InputValueDefinition};
use apollo_compiler::validation::Valid;
use apollo_compiler::{Name, Node, Schema};
use supergraph::{FieldId, RequirementId, RequirementSet, Supergraph};

/// The schema without what `unmet` requirements deny.
pub fn visible_schema(supergraph: &Supergraph, unmet: &RequirementSet) -> Valid<Schema> {
    let mut schema = supergraph.api_schema().as_ref().clone();
    let view = View { supergraph, unmet };
    let mut hidden: HashSet<Name> = HashSet::new();
    for (name, ty) in &mut schema.types {
        if view.denies_type(name) {
            hidden.insert(name.clone());
        }
        match ty {
            ExtendedType::Object(node) => {
                let fields = &mut node.make_mut().fields;
                fields.retain(|field, _| !view.denies_field(name, field));
            }
            ExtendedType::Interface(node) => {
                let fields = &mut node.make_mut().fields;
                fields.retain(|field, _| !view.denies_field_behind(name, field));
            }
            _ => {}
        }
    }
    // What refers to a hidden type goes with it, and may leave another type empty.
    while let more @ 1.. = hide(&mut schema, &mut hidden, supergraph) {
        tracing::trace!(more, "types hidden");
    }
    Valid::assume_valid(schema)
}

struct View<'a> {
    supergraph: &'a Supergraph,
    unmet: &'a RequirementSet,
}

impl View<'_> {
    fn is_denied(&self, requirements: &[RequirementId]) -> bool {
        requirements.iter().any(|requirement| self.unmet.contains(*requirement))
    }

    fn denies_type(&self, name: &str) -> bool {
        let ty = self.supergraph.type_named(name).map(|id| self.supergraph.ty(id));
        let is_root = self.supergraph.ty(self.supergraph.query_type()).name == name;
        ty.is_some_and(|ty| !is_root && self.is_denied(&ty.requirements))
    }

    /// By the rules of the field and of its type; those of its parent hide all of it, but for a root.
    fn denies_field(&self, ty: &str, field: &str) -> bool {
        self.field(ty, field).is_some_and(|id| self.denies(id))
    }

    fn denies(&self, field: FieldId) -> bool {
        let field = self.supergraph.field(field);
        self.is_denied(&field.requirements)
            || self.is_denied(&self.supergraph.ty(field.parent).requirements)
    }

    /// Whether the field of an interface is denied on any of the types behind it that may be seen.
    fn denies_field_behind(&self, interface: &str, field: &str) -> bool {
        let Some(id) = self.supergraph.type_named(interface) else { return false };
        let members = self.supergraph.ty(id).possible.iter();
        let seen =
            members.filter(|member| !self.is_denied(&self.supergraph.ty(*member).requirements));
        let mut fields = seen.filter_map(|member| self.supergraph.field_named(member, field));
        fields.any(|field| self.denies(field)) || self.denies_field(interface, field)
    }

    fn field(&self, ty: &str, field: &str) -> Option<FieldId> {
        self.supergraph.field_named(self.supergraph.type_named(ty)?, field)
    }
}

/// Takes out what is hidden and what refers to it; says how many types are hidden for that.
fn hide(schema: &mut Schema, hidden: &mut HashSet<Name>, supergraph: &Supergraph) -> usize {
    let before = hidden.len();
    schema.types.retain(|name, _| !hidden.contains(name));
    let query = &supergraph.ty(supergraph.query_type()).name;
    for (name, ty) in &mut schema.types {
        let is_left = match ty {
            ExtendedType::Object(node) => {
                let node = node.make_mut();
                node.implements_interfaces.retain(|it| !hidden.contains(&it.name));
                node.fields.retain(|_, field| shows(field.make_mut(), hidden));
                !node.fields.is_empty() || name == query.as_str()
            }
            ExtendedType::Interface(node) => {
                let node = node.make_mut();
                node.implements_interfaces.retain(|it| !hidden.contains(&it.name));
                node.fields.retain(|_, field| shows(field.make_mut(), hidden));
                !node.fields.is_empty()
            }
            ExtendedType::Union(node) => {
                let members = &mut node.make_mut().members;
                members.retain(|member| !hidden.contains(&member.name));
                !members.is_empty()
            }
            ExtendedType::InputObject(node) => {
                let fields = &mut node.make_mut().fields;
                let needs_hidden = fields.values().any(|field| needs(field, hidden));
                fields.retain(|_, field| !hidden.contains(field.ty.inner_named_type()));
                !needs_hidden && !fields.is_empty()
            }
            ExtendedType::Scalar(_) | ExtendedType::Enum(_) => true,
        };
        if !is_left {
            hidden.insert(name.clone());
        }
    }
    for directive in schema.directive_definitions.values_mut() {
        directive.make_mut().arguments.retain(|it| !hidden.contains(it.ty.inner_named_type()));
    }
    let definition = schema.schema_definition.make_mut();
    for root in [&mut definition.mutation, &mut definition.subscription] {
        *root = root.take().filter(|root: &ComponentName| !hidden.contains(&root.name));
    }
    hidden.len() - before
}

/// Whether a field is left; its arguments of hidden types go.
fn shows(field: &mut FieldDefinition, hidden: &HashSet<Name>) -> bool {
    let is_left = !hidden.contains(field.ty.inner_named_type())
        && !field.arguments.iter().any(|argument| needs(argument, hidden));
    field.arguments.retain(|it| !hidden.contains(it.ty.inner_named_type()));
    is_left
}

/// Whether a value of a hidden type must be given.
fn needs(input: &Node<InputValueDefinition>, hidden: &HashSet<Name>) -> bool {
    hidden.contains(input.ty.inner_named_type()) && input.is_required()
}
