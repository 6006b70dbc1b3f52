//! Prints a supergraph document in the layout that composition gives to its own.
//!
//! **In:** a supergraph document, composed here or elsewhere. **Out:** SDL to commit and compare.
//!
//! **Never here:** what the document contains (`document`).
//!
//! **Holds:** nothing is added, left out or reordered: what is printed, loaded and printed again
//! stays as it was; a supergraph in this layout is printed as it is.
//!
//! **Read first:** [`standard_form`].

use std::fmt::Write;

use apollo_compiler::Node;
use apollo_compiler::ast::{
    Definition, DirectiveDefinition, DirectiveList, Document, EnumValueDefinition, FieldDefinition,
    InputValueDefinition, SchemaDefinition, Value,
};

/// The document as SDL in the standard layout.
#[must_use]
pub fn standard_form(document: &Document) -> String {
    let definitions: Vec<String> = document.definitions.iter().map(print_definition).collect();
    definitions.join("\n\n") + "\n"
}

fn print_definition(definition: &Definition) -> String {
    let mut out = String::new();
    match definition {
        Definition::SchemaDefinition(it) => print_schema(it, &mut out),
        Definition::DirectiveDefinition(it) => print_directive(it, &mut out),
        Definition::ScalarTypeDefinition(it) => {
            describe(it.description.as_deref(), "", &mut out);
            let _ = write!(out, "scalar {}", it.name);
            on_lines(&it.directives, &mut out);
        }
        Definition::ObjectTypeDefinition(it) => {
            describe(it.description.as_deref(), "", &mut out);
            let _ = write!(out, "type {}", it.name);
            implements(&it.implements_interfaces, &mut out);
            in_braces(&it.directives, &it.fields, print_field, &mut out);
        }
        Definition::InterfaceTypeDefinition(it) => {
            describe(it.description.as_deref(), "", &mut out);
            let _ = write!(out, "interface {}", it.name);
            implements(&it.implements_interfaces, &mut out);
            in_braces(&it.directives, &it.fields, print_field, &mut out);
        }
        Definition::UnionTypeDefinition(it) => {
            describe(it.description.as_deref(), "", &mut out);
            let _ = write!(out, "union {}", it.name);
            on_lines(&it.directives, &mut out);
            let members: Vec<&str> = it.members.iter().map(|member| member.as_str()).collect();
            let space = if it.directives.is_empty() { " " } else { "\n  " };
            let _ = write!(out, "{space}= {}", members.join(" | "));
        }
        Definition::EnumTypeDefinition(it) => {
            describe(it.description.as_deref(), "", &mut out);
            let _ = write!(out, "enum {}", it.name);
            in_braces(&it.directives, &it.values, print_value, &mut out);
        }
        Definition::InputObjectTypeDefinition(it) => {
            describe(it.description.as_deref(), "", &mut out);
            let _ = write!(out, "input {}", it.name);
            in_braces(&it.directives, &it.fields, print_input, &mut out);
        }
        // Supergraphs have no extensions; a foreign one keeps them as they are printed elsewhere.
        other => out.push_str(other.to_string().trim_end()),
    }
    out
}

fn print_schema(schema: &SchemaDefinition, out: &mut String) {
    describe(schema.description.as_deref(), "", out);
    out.push_str("schema");
    on_lines(&schema.directives, out);
    out.push_str(if schema.directives.is_empty() { " {\n" } else { "\n{\n" });
    for root in &schema.root_operations {
        let _ = writeln!(out, "  {}: {}", root.0.name(), root.1);
    }
    out.push('}');
}

fn print_directive(directive: &DirectiveDefinition, out: &mut String) {
    describe(directive.description.as_deref(), "", out);
    let _ = write!(out, "directive @{}", directive.name);
    print_arguments(&directive.arguments, "", out);
    if directive.repeatable {
        out.push_str(" repeatable");
    }
    let locations: Vec<&str> = directive.locations.iter().map(|it| it.name()).collect();
    let _ = write!(out, " on {}", locations.join(" | "));
}

fn implements(interfaces: &[apollo_compiler::Name], out: &mut String) {
    if !interfaces.is_empty() {
        let names: Vec<&str> = interfaces.iter().map(|name| name.as_str()).collect();
        let _ = write!(out, " implements {}", names.join(" & "));
    }
}

fn in_braces<T>(
    directives: &DirectiveList,
    members: &[Node<T>],
    print: impl Fn(usize, &T, &mut String),
    out: &mut String,
) {
    on_lines(directives, out);
    if members.is_empty() {
        return;
    }
    out.push_str(if directives.is_empty() { " {\n" } else { "\n{\n" });
    for (index, member) in members.iter().enumerate() {
        print(index, member, out);
        out.push('\n');
    }
    out.push('}');
}

fn print_field(index: usize, field: &FieldDefinition, out: &mut String) {
    separate(index, field.description.as_deref(), out);
    let _ = write!(out, "  {}", field.name);
    print_arguments(&field.arguments, "  ", out);
    let _ = write!(out, ": {}", field.ty);
    on_line(&field.directives, out);
}

fn print_input(index: usize, field: &InputValueDefinition, out: &mut String) {
    separate(index, field.description.as_deref(), out);
    out.push_str("  ");
    print_input_value(field, out);
}

fn print_value(index: usize, value: &EnumValueDefinition, out: &mut String) {
    separate(index, value.description.as_deref(), out);
    let _ = write!(out, "  {}", value.value);
    on_line(&value.directives, out);
}

fn print_arguments(arguments: &[Node<InputValueDefinition>], indent: &str, out: &mut String) {
    if arguments.is_empty() {
        return;
    }
    let described = arguments.iter().any(|argument| argument.description.is_some());
    out.push('(');
    for (index, argument) in arguments.iter().enumerate() {
        if described {
            out.push('\n');
            describe(argument.description.as_deref(), &format!("{indent}  "), out);
            let _ = write!(out, "{indent}  ");
        } else if index > 0 {
            out.push_str(", ");
        }
        print_input_value(argument, out);
    }
    if described {
        let _ = write!(out, "\n{indent}");
    }
    out.push(')');
}

fn print_input_value(input: &InputValueDefinition, out: &mut String) {
    let _ = write!(out, "{}: {}", input.name, input.ty);
    if let Some(default) = &input.default_value {
        let _ = write!(out, " = {}", in_one_line(default));
    }
    on_line(&input.directives, out);
}

fn in_one_line(value: &Value) -> String {
    value.serialize().no_indent().to_string()
}

fn on_lines(directives: &DirectiveList, out: &mut String) {
    for directive in directives.iter() {
        let _ = write!(out, "\n  {}", directive.serialize().no_indent());
    }
}

fn on_line(directives: &DirectiveList, out: &mut String) {
    for directive in directives.iter() {
        let _ = write!(out, " {}", directive.serialize().no_indent());
    }
}

/// A described member stands apart from the one before it.
fn separate(index: usize, description: Option<&str>, out: &mut String) {
    if index > 0 && description.is_some() {
        out.push('\n');
    }
    describe(description, "  ", out);
}

fn describe(description: Option<&str>, indent: &str, out: &mut String) {
    let Some(description) = description else { return };
    // A block string keeps its meaning only without quotes at its end and lines it would strip.
    let escaped = description.replace("\"\"\"", "\\\"\"\"");
    let _ = writeln!(out, "{indent}\"\"\"");
    for line in escaped.lines() {
        if line.is_empty() {
            out.push('\n');
        } else {
            let _ = writeln!(out, "{indent}{line}");
        }
    }
    let _ = writeln!(out, "{indent}\"\"\"");
}

#[cfg(test)]
mod tests {
    use super::standard_form;
    use crate::{SubgraphSource, compose};
    use apollo_compiler::ast::Document;

    #[test]
    fn what_was_composed_is_printed_as_it_is_whatever_the_texts_contain() {
        let subgraph = SubgraphSource {
            name: "a\nb \"c\"".to_owned(),
            url: Some("http://a.example/\n".to_owned()),
            sdl: r#"
                extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@tag"])
                type Query {
                    "A \"text\" with \"\"\" in it, and one\nline more "
                    a(
                        "Described."
                        b: String = "c\nd"
                        e: [Int!] = [1, 2]
                    ): Int @deprecated(reason: "f\ng")
                }
                union U @tag(name: "h") = Query
            "#
            .to_owned(),
            file: None,
        };
        let sdl = compose(&[subgraph]).unwrap().supergraph_sdl;
        let loaded = Document::parse(&sdl, "supergraph.graphql").unwrap();
        assert_eq!(standard_form(&loaded), sdl);
    }
}
