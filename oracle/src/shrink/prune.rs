//! Leaves out one part of a document or of data, chosen by number.
//!
//! **In:** a document, and how many parts to pass by. **Out:** whether there was such a part.
//!
//! **Never here:** whether the rest still makes sense (`shrink` tries it).
//!
//! **Read first:** [`operation`].

use apollo_compiler::Node;
use apollo_compiler::ast::{Definition, DirectiveList, Document, FieldDefinition, Selection};
use serde_json::Value;

/// Leaves out a definition, variable, selection, directive or argument.
pub(super) fn operation(document: &mut Document, mut index: usize) -> bool {
    let passed = &mut index;
    for at in 0..document.definitions.len() {
        if matches!(document.definitions[at], Definition::FragmentDefinition(_)) && take(passed) {
            document.definitions.remove(at);
            return true;
        }
        let done = match &mut document.definitions[at] {
            Definition::OperationDefinition(operation) => {
                let operation = operation.make_mut();
                selections(&mut operation.selection_set, passed)
                    || any(&mut operation.variables, passed)
            }
            Definition::FragmentDefinition(fragment) => {
                selections(&mut fragment.make_mut().selection_set, passed)
            }
            _ => false,
        };
        if done {
            return true;
        }
    }
    false
}

/// Drops fragments that nothing spreads and variables that nothing reads.
pub(super) fn unused(document: &mut Document) {
    loop {
        let text = document.to_string();
        let before = document.definitions.len();
        document.definitions.retain(|definition| match definition {
            Definition::FragmentDefinition(fragment) => {
                let spread = format!("...{}", fragment.name);
                text.lines().any(|line| line.trim().split(' ').next() == Some(&spread))
            }
            _ => true,
        });
        if document.definitions.len() == before {
            break;
        }
    }
    let text = document.to_string();
    for definition in &mut document.definitions {
        if let Definition::OperationDefinition(operation) = definition {
            operation
                .make_mut()
                .variables
                .retain(|variable| text.matches(&format!("${}", variable.name)).count() > 1);
        }
    }
}

/// Leaves out a definition, field, directive, argument, interface or member.
pub(super) fn schema(document: &mut Document, mut index: usize) -> bool {
    let passed = &mut index;
    if any(&mut document.definitions, passed) {
        return true;
    }
    document.definitions.iter_mut().any(|definition| match definition {
        Definition::ObjectTypeDefinition(object) => {
            let object = object.make_mut();
            fields(&mut object.fields, passed)
                || directives(&mut object.directives, passed)
                || any(&mut object.implements_interfaces, passed)
        }
        Definition::ObjectTypeExtension(object) => {
            let object = object.make_mut();
            fields(&mut object.fields, passed) || directives(&mut object.directives, passed)
        }
        Definition::InterfaceTypeDefinition(interface) => {
            let interface = interface.make_mut();
            fields(&mut interface.fields, passed) || directives(&mut interface.directives, passed)
        }
        Definition::UnionTypeDefinition(union) => any(&mut union.make_mut().members, passed),
        Definition::InputObjectTypeDefinition(input) => any(&mut input.make_mut().fields, passed),
        Definition::EnumTypeDefinition(values) => any(&mut values.make_mut().values, passed),
        _ => false,
    })
}

/// Leaves out an object, a field of an object, or an item of a list.
pub(super) fn data(data: &mut Value, mut index: usize) -> bool {
    let passed = &mut index;
    let Some(objects) = data.get_mut("objects").and_then(Value::as_object_mut) else {
        return false;
    };
    for name in objects.keys().cloned().collect::<Vec<_>>() {
        if take(passed) {
            objects.remove(&name);
            return true;
        }
    }
    values(data, passed)
}

fn values(value: &mut Value, passed: &mut usize) -> bool {
    match value {
        Value::Object(fields) => {
            for name in fields.keys().cloned().collect::<Vec<_>>() {
                if !name.starts_with("__") && !name.starts_with('@') && take(passed) {
                    fields.remove(&name);
                    return true;
                }
            }
            fields.values_mut().any(|value| values(value, passed))
        }
        Value::Array(items) => {
            any(items, passed) || items.iter_mut().any(|item| values(item, passed))
        }
        _ => false,
    }
}

fn take(passed: &mut usize) -> bool {
    let found = *passed == 0;
    *passed = passed.wrapping_sub(1);
    found
}

fn any<T>(items: &mut Vec<T>, passed: &mut usize) -> bool {
    if *passed < items.len() {
        items.remove(*passed);
        return true;
    }
    *passed -= items.len();
    false
}

fn directives(list: &mut DirectiveList, passed: &mut usize) -> bool {
    any(&mut list.0, passed)
}

fn fields(list: &mut Vec<Node<FieldDefinition>>, passed: &mut usize) -> bool {
    any(list, passed)
        || list.iter_mut().any(|field| {
            let field = field.make_mut();
            directives(&mut field.directives, passed) || any(&mut field.arguments, passed)
        })
}

fn selections(set: &mut Vec<Selection>, passed: &mut usize) -> bool {
    if *passed < set.len() {
        // In place of a part its own parts, if it has any; another round takes those.
        let at = *passed;
        set.remove(at);
        return true;
    }
    *passed -= set.len();
    for at in 0..set.len() {
        let lifted = match &set[at] {
            Selection::InlineFragment(inline) => Some(inline.selection_set.clone()),
            _ => None,
        };
        if let Some(lifted) = lifted.filter(|_| take(passed)) {
            set.splice(at..=at, lifted);
            return true;
        }
        let done = match &mut set[at] {
            Selection::Field(field) => {
                let field = field.make_mut();
                let named = field.alias.is_some() && take(passed);
                if named {
                    field.alias = None;
                }
                named
                    || directives(&mut field.directives, passed)
                    || any(&mut field.arguments, passed)
                    || selections(&mut field.selection_set, passed)
            }
            Selection::InlineFragment(inline) => {
                let inline = inline.make_mut();
                directives(&mut inline.directives, passed)
                    || selections(&mut inline.selection_set, passed)
            }
            Selection::FragmentSpread(spread) => {
                directives(&mut spread.make_mut().directives, passed)
            }
        };
        if done {
            return true;
        }
    }
    false
}
