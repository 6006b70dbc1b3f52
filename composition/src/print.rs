//! Prints the supergraph in the standard form: `link` v1.0, `join` v0.5.
//!
//! **In:** the merged [`Supergraph`]. **Out:** SDL that other routers load.
//!
//! **Never here:** deciding what the supergraph contains.
//!
//! **Holds:** equal supergraphs print equally: definitions stand in the order of their names.
//!
//! **Read first:** [`print()`].
//!
//! Spec: <https://specs.apollo.dev/join/v0.5>

use std::fmt::Write;

use apollo_compiler::Node;
use apollo_compiler::ast::{Type, Value};

use crate::merged::{
    MergedApplication, MergedArgument, MergedDirective, MergedField, MergedType, Supergraph, quoted,
};
use crate::schema::Kind;
use crate::vocabulary::Known;

/// Definitions that every supergraph carries, by the name they sort under.
const STANDARD_DIRECTIVES: &[(&str, &str)] = &[
    (
        "join__directive",
        "directive @join__directive(graphs: [join__Graph!], name: String!, args: \
         join__DirectiveArguments) repeatable on SCHEMA | OBJECT | INTERFACE | FIELD_DEFINITION",
    ),
    ("join__enumValue", "directive @join__enumValue(graph: join__Graph!) repeatable on ENUM_VALUE"),
    (
        "join__field",
        "directive @join__field(graph: join__Graph, requires: join__FieldSet, provides: \
         join__FieldSet, type: String, external: Boolean, override: String, usedOverridden: \
         Boolean, overrideLabel: String, contextArguments: [join__ContextArgument!]) repeatable \
         on FIELD_DEFINITION | INPUT_FIELD_DEFINITION",
    ),
    ("join__graph", "directive @join__graph(name: String!, url: String!) on ENUM_VALUE"),
    (
        "join__implements",
        "directive @join__implements(graph: join__Graph!, interface: String!) repeatable on \
         OBJECT | INTERFACE",
    ),
    (
        "join__type",
        "directive @join__type(graph: join__Graph!, key: join__FieldSet, extension: Boolean! = \
         false, resolvable: Boolean! = true, isInterfaceObject: Boolean! = false) repeatable on \
         OBJECT | INTERFACE | UNION | ENUM | INPUT_OBJECT | SCALAR",
    ),
    (
        "join__unionMember",
        "directive @join__unionMember(graph: join__Graph!, member: String!) repeatable on UNION",
    ),
    (
        "link",
        "directive @link(url: String, as: String, for: link__Purpose, import: [link__Import]) \
         repeatable on SCHEMA",
    ),
];

const STANDARD_TYPES: &[(&str, &str)] = &[
    (
        "join__ContextArgument",
        "input join__ContextArgument {\n  name: String!\n  type: String!\n  context: String!\n  \
         selection: join__FieldValue!\n}",
    ),
    ("join__DirectiveArguments", "scalar join__DirectiveArguments"),
    ("join__FieldSet", "scalar join__FieldSet"),
    ("join__FieldValue", "scalar join__FieldValue"),
    ("link__Import", "scalar link__Import"),
    (
        "link__Purpose",
        "enum link__Purpose {\n  \"\"\"\n  `SECURITY` features provide metadata necessary to \
         securely resolve fields.\n  \"\"\"\n  SECURITY\n\n  \"\"\"\n  `EXECUTION` features \
         provide metadata necessary for operation execution.\n  \"\"\"\n  EXECUTION\n}",
    ),
];

/// The supergraph as SDL.
pub(crate) fn print(supergraph: &Supergraph) -> String {
    let mut directives: Vec<(String, String)> = STANDARD_DIRECTIVES
        .iter()
        .map(|(name, sdl)| ((*name).to_owned(), (*sdl).to_owned()))
        .collect();
    let used = used_directives(supergraph);
    directives.extend(used.iter().map(|known| (known.name().to_owned(), definition_of(*known))));
    directives
        .extend(supergraph.directives.values().map(|d| (d.name.to_string(), print_directive(d))));
    if used.contains(&Known::Context) {
        let name = "context__fromContext".to_owned();
        let sdl =
            format!("directive @{name}(field: context__ContextFieldValue) on ARGUMENT_DEFINITION");
        directives.push((name, sdl));
    }
    if carries_one_of(supergraph) {
        // Not every loader has it built in yet.
        let one_of = "directive @oneOf on INPUT_OBJECT".to_owned();
        directives.push((Known::OneOf.name().to_owned(), one_of));
    }
    directives.sort();
    let mut types: Vec<(String, String)> =
        STANDARD_TYPES.iter().map(|(name, sdl)| ((*name).to_owned(), (*sdl).to_owned())).collect();
    for (known, scalar) in [
        (Known::RequiresScopes, "requiresScopes__Scope"),
        (Known::Policy, "policy__Policy"),
        (Known::Context, "context__ContextFieldValue"),
    ] {
        if used.contains(&known) {
            types.push((scalar.to_owned(), format!("scalar {scalar}")));
        }
    }
    types.push(("join__Graph".to_owned(), print_graphs(supergraph)));
    types.extend(supergraph.types.values().map(|t| (t.name.to_string(), print_type(t))));
    types.sort();
    let mut out = print_schema(supergraph, &used);
    for (_, sdl) in directives.iter().chain(&types) {
        out.push_str("\n\n");
        out.push_str(sdl);
    }
    out.push('\n');
    out
}

/// The directives of linked specifications that some element of the supergraph carries.
fn used_directives(supergraph: &Supergraph) -> Vec<Known> {
    let mut used: Vec<Known> = Vec::new();
    let mut note = |applied: &[MergedApplication]| {
        for known in applied.iter().filter_map(|application| application.known) {
            if known.element().is_some() && !used.contains(&known) {
                used.push(known);
            }
        }
    };
    note(&supergraph.applied);
    for definition in supergraph.types.values() {
        note(&definition.applied);
        for field in definition.fields.values() {
            note(&field.applied);
            field.arguments.values().for_each(|argument| note(&argument.applied));
        }
        definition.values.values().for_each(|value| note(&value.applied));
    }
    for directive in supergraph.directives.values() {
        directive.arguments.values().for_each(|argument| note(&argument.applied));
    }
    used.sort();
    // The cost specification is linked as a whole.
    if used.contains(&Known::ListSize) && !used.contains(&Known::Cost) {
        used.push(Known::Cost);
    }
    used
}

fn carries_one_of(supergraph: &Supergraph) -> bool {
    let mut applied = supergraph.types.values().flat_map(|definition| &definition.applied);
    applied.any(|application| application.known == Some(Known::OneOf))
}

fn definition_of(known: Known) -> String {
    let Some(element) = known.element() else { return String::new() };
    element.sdl(element.name, |spec_type| match spec_type {
        "Scope" => "requiresScopes__Scope".to_owned(),
        "Policy" => "policy__Policy".to_owned(),
        other => format!("join__{other}"),
    })
}

fn print_schema(supergraph: &Supergraph, used: &[Known]) -> String {
    let mut out = String::from(
        "schema\n  @link(url: \"https://specs.apollo.dev/link/v1.0\")\n  @link(url: \
         \"https://specs.apollo.dev/join/v0.5\", for: EXECUTION)\n",
    );
    let features: [(Known, &str, Option<&str>); 7] = [
        (Known::Tag, "tag/v0.3", None),
        (Known::Inaccessible, "inaccessible/v0.2", Some("SECURITY")),
        (Known::Authenticated, "authenticated/v0.1", Some("SECURITY")),
        (Known::RequiresScopes, "requiresScopes/v0.1", Some("SECURITY")),
        (Known::Policy, "policy/v0.1", Some("SECURITY")),
        (Known::Cost, "cost/v0.1", None),
        (Known::Context, "context/v0.1", Some("SECURITY")),
    ];
    for (known, spec, purpose) in features {
        if used.contains(&known) {
            let imports = if known == Known::Cost && used.contains(&Known::ListSize) {
                ", import: [\"@listSize\"]"
            } else {
                ""
            };
            let purpose = purpose.map(|p| format!(", for: {p}")).unwrap_or_default();
            let _ = writeln!(
                out,
                "  @link(url: \"https://specs.apollo.dev/{spec}\"{imports}{purpose})"
            );
        }
    }
    for link in &supergraph.links {
        let purpose = link.purpose.map(|p| format!(", for: {p}")).unwrap_or_default();
        let _ = writeln!(
            out,
            "  @link(url: \"{}\", import: [{}]{purpose})",
            link.url,
            link.imports.join(", ")
        );
    }
    for application in &supergraph.applied {
        let _ = writeln!(out, "  {application}");
    }
    out.push_str("{\n");
    for (operation, root) in
        [("query", "Query"), ("mutation", "Mutation"), ("subscription", "Subscription")]
    {
        if supergraph.types.contains_key(root) {
            let _ = writeln!(out, "  {operation}: {root}");
        }
    }
    out.push('}');
    out
}

fn print_graphs(supergraph: &Supergraph) -> String {
    let mut out = String::from("enum join__Graph {\n");
    for graph in &supergraph.graphs {
        let name = quoted(&graph.name);
        let url = quoted(&graph.url);
        let _ = writeln!(out, "  {} @join__graph(name: {name}, url: {url})", graph.value);
    }
    out.push('}');
    out
}

fn print_directive(directive: &MergedDirective) -> String {
    let mut out = String::new();
    describe(directive.description.as_deref(), "", &mut out);
    let _ = write!(out, "directive @{}", directive.name);
    print_arguments(directive.arguments.values(), "", &mut out);
    if directive.repeatable {
        out.push_str(" repeatable");
    }
    let locations: Vec<&str> = directive.locations.iter().map(|l| l.name()).collect();
    let _ = write!(out, " on {}", locations.join(" | "));
    out
}

fn print_type(definition: &MergedType) -> String {
    let mut out = String::new();
    describe(definition.description.as_deref(), "", &mut out);
    let keyword = match definition.kind {
        Kind::Scalar => "scalar",
        Kind::Object => "type",
        Kind::Interface => "interface",
        Kind::Union => "union",
        Kind::Enum => "enum",
        Kind::InputObject => "input",
    };
    let _ = write!(out, "{keyword} {}", definition.name);
    if !definition.implements.is_empty() {
        let interfaces: Vec<&str> = definition.implements.iter().map(|n| n.as_str()).collect();
        let _ = write!(out, " implements {}", interfaces.join(" & "));
    }
    for join in &definition.joins {
        let _ = write!(out, "\n  {join}");
    }
    for application in &definition.applied {
        let _ = write!(out, "\n  {application}");
    }
    match definition.kind {
        Kind::Scalar => {}
        Kind::Union => {
            let members: Vec<&str> = definition.members.iter().map(|n| n.as_str()).collect();
            let _ = write!(out, "\n  = {}", members.join(" | "));
        }
        Kind::Enum => {
            out.push_str("\n{\n");
            for (index, value) in definition.values.values().enumerate() {
                separate(index, value.description.as_deref(), &mut out);
                let _ = write!(out, "  {}", value.name);
                decorate(&value.joins, &value.applied, &mut out);
            }
            out.push('}');
        }
        Kind::Object | Kind::Interface | Kind::InputObject => {
            out.push_str("\n{\n");
            for (index, field) in definition.fields.values().enumerate() {
                print_field(index, field, &mut out);
            }
            out.push('}');
        }
    }
    out
}

fn print_field(index: usize, field: &MergedField, out: &mut String) {
    separate(index, field.description.as_deref(), out);
    let _ = write!(out, "  {}", field.name);
    print_arguments(field.arguments.values(), "  ", out);
    let _ = write!(out, ": {}", field.ty);
    print_default(field.default.as_ref(), out);
    decorate(&field.joins, &field.applied, out);
}

fn decorate(joins: &[String], applied: &[MergedApplication], out: &mut String) {
    for join in joins {
        let _ = write!(out, " {join}");
    }
    for application in applied {
        let _ = write!(out, " {application}");
    }
    out.push('\n');
}

/// A described member stands apart from the one before it.
pub(crate) fn separate(index: usize, description: Option<&str>, out: &mut String) {
    if index > 0 && description.is_some() {
        out.push('\n');
    }
    describe(description, "  ", out);
}

fn print_arguments<'a>(
    arguments: impl ExactSizeIterator<Item = &'a MergedArgument> + Clone,
    indent: &str,
    out: &mut String,
) {
    if arguments.len() == 0 {
        return;
    }
    let described = arguments.clone().any(|argument| argument.description.is_some());
    out.push('(');
    for (index, argument) in arguments.enumerate() {
        if described {
            out.push('\n');
            describe(argument.description.as_deref(), &format!("{indent}  "), out);
            let _ = write!(out, "{indent}  ");
        } else if index > 0 {
            out.push_str(", ");
        }
        print_argument(&argument.name, &argument.ty, argument.default.as_ref(), out);
        for application in &argument.applied {
            let _ = write!(out, " {application}");
        }
    }
    if described {
        let _ = write!(out, "\n{indent}");
    }
    out.push(')');
}

fn print_argument(name: &str, ty: &Type, default: Option<&Node<Value>>, out: &mut String) {
    let _ = write!(out, "{name}: {ty}");
    print_default(default, out);
}

fn print_default(default: Option<&Node<Value>>, out: &mut String) {
    if let Some(default) = default {
        let _ = write!(out, " = {}", default.serialize().no_indent());
    }
}

pub(crate) fn describe(description: Option<&str>, indent: &str, out: &mut String) {
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
