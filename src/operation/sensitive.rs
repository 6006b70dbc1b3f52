//! What of a schema no log may have: `@sensitive`.
//!
//! **In:** a supergraph document; an operation. **Out:** whether the operation has values that are sensitive:
//! it selects such a field, or gives such an argument.
//!
//! **Never here:** withholding them (`pipeline`, `server`), masks (`graph`).
//!
//! **Holds:** when in doubt it has. A field that is selected through an interface is taken for each of that
//! name, and an argument of an input type for all fields in it.
//!
//! **Read first:** [`Sensitive::read`], [`Sensitive::is_in`].

use std::collections::HashSet;

use apollo_compiler::ast::{Definition, DirectiveList, Document, FieldDefinition};
use apollo_compiler::executable::{Operation, Selection, SelectionSet};
use apollo_compiler::{ExecutableDocument, Node, Schema};

const SENSITIVE: &str = "sensitive";

/// The coordinates that are sensitive.
#[derive(Debug, Default)]
pub struct Sensitive {
    /// Type and field.
    fields: HashSet<(String, String)>,
    /// Type, field and argument.
    arguments: HashSet<(String, String, String)>,
    /// Input types with a sensitive field in them, however deep.
    inputs: HashSet<String>,
}

impl Sensitive {
    /// What a supergraph document says is sensitive.
    pub fn read(sdl: &str) -> Self {
        let mut found = Self::default();
        // Most schemas know nothing of it.
        if !sdl.contains("@sensitive") {
            return found;
        }
        let Ok(document) = Document::parse(sdl, "supergraph.graphql") else { return found };
        for definition in &document.definitions {
            match definition {
                Definition::ObjectTypeDefinition(ty) => found.fields_of(&ty.name, &ty.fields),
                Definition::InterfaceTypeDefinition(ty) => found.fields_of(&ty.name, &ty.fields),
                Definition::InputObjectTypeDefinition(ty)
                    if ty.fields.iter().any(|field| is_sensitive(&field.directives)) =>
                {
                    found.inputs.insert(ty.name.to_string());
                }
                _ => {}
            }
        }
        while found.grow_inputs(&document) {}
        found
    }

    fn fields_of(&mut self, ty: &str, fields: &[Node<FieldDefinition>]) {
        for field in fields {
            if is_sensitive(&field.directives) {
                self.fields.insert((ty.to_owned(), field.name.to_string()));
            }
            for argument in field.arguments.iter().filter(|it| is_sensitive(&it.directives)) {
                let argument = argument.name.to_string();
                self.arguments.insert((ty.to_owned(), field.name.to_string(), argument));
            }
        }
    }

    /// An input type with a field of a sensitive input type is one, too. Whether there was another.
    fn grow_inputs(&mut self, document: &Document) -> bool {
        let before = self.inputs.len();
        for definition in &document.definitions {
            let Definition::InputObjectTypeDefinition(ty) = definition else { continue };
            let has = |name: &str| self.inputs.contains(name);
            if ty.fields.iter().any(|field| has(field.ty.inner_named_type())) {
                self.inputs.insert(ty.name.to_string());
            }
        }
        self.inputs.len() > before
    }

    /// Whether an operation has sensitive values.
    pub(super) fn is_in(
        &self,
        schema: &Schema,
        document: &ExecutableDocument,
        operation: &Operation,
    ) -> bool {
        let has_none =
            self.fields.is_empty() && self.arguments.is_empty() && self.inputs.is_empty();
        !has_none
            && self.is_selected(schema, document, &operation.selection_set, &mut HashSet::new())
    }

    fn is_selected<'d>(
        &self,
        schema: &Schema,
        document: &'d ExecutableDocument,
        set: &'d SelectionSet,
        seen: &mut HashSet<&'d str>,
    ) -> bool {
        let is_abstract = schema.types.get(&set.ty).is_some_and(|ty| ty.is_interface());
        let fits = |ty: &String| is_abstract || *ty == *set.ty;
        set.selections.iter().any(|selection| match selection {
            Selection::Field(field) => {
                let name = field.name.as_str();
                let is_known = |(ty, known): &(String, String)| known == name && fits(ty);
                let is_given = |(ty, known, argument): &(String, String, String)| {
                    let is_given = || field.arguments.iter().any(|it| it.name.as_str() == argument);
                    known == name && fits(ty) && is_given()
                };
                let is_input = |argument: &Node<apollo_compiler::ast::Argument>| {
                    let definition = field.definition.argument_by_name(&argument.name);
                    definition
                        .is_some_and(|it| self.inputs.contains(it.ty.inner_named_type().as_str()))
                };
                self.fields.iter().any(is_known)
                    || self.arguments.iter().any(is_given)
                    || field.arguments.iter().any(is_input)
                    || self.is_selected(schema, document, &field.selection_set, seen)
            }
            Selection::InlineFragment(fragment) => {
                self.is_selected(schema, document, &fragment.selection_set, seen)
            }
            Selection::FragmentSpread(spread) => {
                let fragment = document.fragments.get(&spread.fragment_name);
                fragment.is_some_and(|fragment| {
                    seen.insert(fragment.name.as_str())
                        && self.is_selected(schema, document, &fragment.selection_set, seen)
                })
            }
        })
    }
}

fn is_sensitive(directives: &DirectiveList) -> bool {
    directives.has(SENSITIVE)
}

#[cfg(test)]
mod tests {
    use super::Sensitive;
    use apollo_compiler::{ExecutableDocument, Schema};

    const SCHEMA: &str = "directive @sensitive on FIELD_DEFINITION | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION
        type Query { card(id: ID): Card user(email: String @sensitive, id: ID): User find(by: By): User
          save(card: Outer): Int any: [Named] }
        interface Named { name: String email: String }
        type User implements Named { name: String email: String @sensitive cards: [Card] }
        type Card { number: String @sensitive kind: String }
        type Shop implements Named { name: String email: String }
        input By { name: String }
        input Outer { inner: [Inner!] } input Inner { pin: Int @sensitive }";

    fn is_in(operation: &str) -> bool {
        let schema = Schema::parse_and_validate(SCHEMA, "s").unwrap();
        let document = ExecutableDocument::parse_and_validate(&schema, operation, "o").unwrap();
        let definition = document.operations.get(None).unwrap();
        Sensitive::read(SCHEMA).is_in(&schema, &document, definition)
    }

    #[test]
    fn fields_arguments_and_inputs_are_found_wherever_they_stand() {
        for operation in [
            "{ card { n: number } }",
            "{ user(id: 1) { cards { ...F } } } fragment F on Card { ... { number } }",
            "query($e: String) { user(email: $e) { name } }",
            "{ any { email } }",
            "mutation($c: Outer) { save(card: $c) }".replace("mutation", "query").as_str(),
        ] {
            assert!(is_in(operation), "{operation}");
        }
        for operation in [
            "{ card(id: 1) { kind } }",
            "{ user(id: 1) { name } }",
            "{ find(by: { name: \"a\" }) { name } }",
            "{ any { name ... on Shop { email } } }",
        ] {
            assert!(!is_in(operation), "{operation}");
        }
    }

    #[test]
    fn most_schemas_have_nothing_sensitive() {
        assert!(Sensitive::read("type Query { a: Int }").fields.is_empty());
    }
}
