//! Holds a subgraph to the rules of GraphQL itself, federation's definitions included.
//!
//! **In:** a subgraph's document and links. **Out:** `INVALID_GRAPHQL` errors.
//!
//! **Never here:** federation's own rules (`rules`).
//!
//! **Holds:** a subgraph is judged alone: what other subgraphs define does not help it.
//!
//! **Read first:** [`check_graphql`].
//!
//! Spec: <https://spec.graphql.org/September2025/#sec-Type-System>

mod provided; // The definitions that federation brings along.
mod references; // Types and directives that do not exist.
mod defaults; // Defaults that do not fit.

use std::collections::HashSet;
use std::path::Path;

use apollo_compiler::Schema;
use apollo_compiler::ast::Document;
use apollo_compiler::diagnostic::ToCliReport;
use apollo_compiler::parser::SourceSpan;
use apollo_compiler::validation::DiagnosticList;

use crate::codes::ErrorCode;
use crate::failure::CompositionError;
use crate::link::Links;
use crate::root_types::RootTypes;
use crate::source::SourceText;
use crate::vocabulary::BUILT_IN_SCALARS;

/// After one syntax error most others are its consequences.
const MAX_SYNTAX_ERRORS: usize = 20;

/// Parses a subgraph; syntax errors are pushed to `errors`.
pub(crate) fn parse(source: &SourceText, errors: &mut Vec<CompositionError>) -> Option<Document> {
    match Document::parse(source.text(), source.file.as_deref().unwrap_or(&source.subgraph)) {
        Ok(document) => {
            let executable = document.definitions.iter().find(|d| d.is_executable_definition());
            if let Some(executable) = executable {
                let message = format!(
                    "[{}] a schema cannot contain operations or fragments",
                    source.subgraph
                );
                errors.push(
                    CompositionError::new(ErrorCode::InvalidGraphql, message)
                        .at(&source.subgraph, source.locate(executable.location()))
                        .fix("remove the operation"),
                );
                return None;
            }
            Some(document)
        }
        Err(with_errors) => {
            push_diagnostics(source, &with_errors.errors, MAX_SYNTAX_ERRORS, &[], errors);
            None
        }
    }
}

/// Checks a parsed subgraph against the rules of GraphQL.
pub(crate) fn check_graphql(
    source: &SourceText,
    document: &Document,
    links: &Links,
    roots: &RootTypes,
    errors: &mut Vec<CompositionError>,
) {
    let provided = provided::provided_definitions(document, links, roots);
    let known_types = type_names(document).chain(BUILT_IN_SCALARS.map(str::to_owned));
    let known_types: HashSet<String> = known_types.chain(type_names(&provided)).collect();
    references::check_type_references(source, document, &known_types, links, errors);
    references::check_implements(source, document, errors);
    references::check_directives(source, document, &provided, links, errors);
    defaults::check_defaults(source, document, errors);
    let lenient = own_applications(document, links);
    let built = Schema::builder()
        .adopt_orphan_extensions()
        .ignore_builtin_redefinitions()
        .add_ast(document)
        .add_ast(&provided)
        .build();
    match built {
        Ok(schema) => {
            if let Err(with_errors) = schema.validate() {
                push_diagnostics(source, &with_errors.errors, usize::MAX, &lenient, errors);
            }
        }
        Err(with_errors) => {
            push_diagnostics(source, &with_errors.errors, usize::MAX, &lenient, errors)
        }
    }
}

/// Where directives of the subgraph's own stand, with arguments. What is wrong with a value there
/// concerns nobody else, and the composers in use let it pass.
fn own_applications(document: &Document, links: &Links) -> Vec<SourceSpan> {
    let definitions = document.definitions.iter();
    let own: HashSet<&str> = definitions
        .clone()
        .filter_map(|definition| definition.as_directive_definition())
        .map(|definition| definition.name.as_str())
        .filter(|name| !links.directives().any(|(known, _)| known == *name))
        .collect();
    if own.is_empty() {
        return Vec::new();
    }
    let applied = definitions.flat_map(references::directives_of);
    let applied = applied.filter(|directive| {
        own.contains(directive.name.as_str()) && !directive.arguments.is_empty()
    });
    applied.filter_map(|directive| directive.location()).collect()
}

fn is_within(inner: SourceSpan, outer: SourceSpan) -> bool {
    inner.file_id() == outer.file_id()
        && inner.offset() >= outer.offset()
        && inner.end_offset() <= outer.end_offset()
}

/// A required argument that is given as `null` counts as absent to the validator.
fn has_null_argument(source: &SourceText, at: SourceSpan) -> bool {
    let text = source.text().get(at.offset()..at.end_offset()).unwrap_or_default();
    text.contains("null")
}

fn type_names(document: &Document) -> impl Iterator<Item = String> {
    document
        .definitions
        .iter()
        .filter(|definition| definition.as_directive_definition().is_none())
        .filter_map(|definition| definition.name().map(|name| name.to_string()))
}

/// The validator's findings as our errors, less those reported above in better words.
fn push_diagnostics(
    source: &SourceText,
    diagnostics: &DiagnosticList,
    most: usize,
    lenient: &[SourceSpan],
    errors: &mut Vec<CompositionError>,
) {
    for diagnostic in diagnostics.iter().take(most) {
        let name = diagnostic.error.unstable_error_name();
        if matches!(
            name,
            Some("UndefinedDefinition" | "UndefinedDirective" | "QueryRootOperationType")
        ) {
            continue;
        }
        let text = readable(&diagnostic.error.to_string());
        let is_forgiven = |at: SourceSpan| match name {
            Some("RequiredField") => lenient.iter().any(|span| is_within(at, *span)),
            Some("UnsupportedValueType") => {
                text.ends_with("found null") && lenient.iter().any(|span| is_within(at, *span))
            }
            Some("RequiredArgument") => lenient.contains(&at) && has_null_argument(source, at),
            _ => false,
        };
        if diagnostic.error.location().is_some_and(is_forgiven) {
            continue;
        }
        // What federation's own definitions lack is not the writer's to find.
        let is_own = |span: &SourceSpan| {
            diagnostic
                .sources
                .get(&span.file_id())
                .is_some_and(|f| f.path() != Path::new(provided::PROVIDED))
        };
        let location = diagnostic.error.location().filter(is_own);
        let location = source.locate(location);
        let fix = fix_for(name, &text);
        let mut error = CompositionError::new(
            ErrorCode::InvalidGraphql,
            format!("[{}] {text}", source.subgraph),
        )
        .at(&source.subgraph, location);
        if let Some(fix) = fix {
            error = error.fix(fix);
        }
        errors.push(error);
    }
}

/// The parser names tokens by its own names for them.
fn readable(text: &str) -> String {
    const TOKENS: [(&str, &str); 16] = [
        ("R_PAREN", "`)`"),
        ("L_PAREN", "`(`"),
        ("R_CURLY", "`}`"),
        ("L_CURLY", "`{`"),
        ("R_BRACK", "`]`"),
        ("L_BRACK", "`[`"),
        ("COLON", "`:`"),
        ("BANG", "`!`"),
        ("COMMA", "`,`"),
        ("DOLLAR", "`$`"),
        ("EQ", "`=`"),
        ("PIPE", "`|`"),
        ("AMP", "`&`"),
        ("SPREAD", "`...`"),
        ("AT", "`@`"),
        ("EOF", "the end of the text"),
    ];
    let word = |word: &str| {
        let bare = word.trim_end_matches(',');
        let token = TOKENS.iter().find(|(name, _)| *name == bare);
        token.map_or_else(|| word.to_owned(), |(_, sign)| word.replace(bare, sign))
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn fix_for(name: Option<&str>, text: &str) -> Option<&'static str> {
    Some(match name {
        Some(
            "MissingInterfaceField"
            | "InvalidImplementationFieldType"
            | "MissingInterfaceFieldArgument"
            | "InvalidImplementationFieldArgumentType"
            | "ExtraRequiredImplementationFieldArgument",
        ) => "make the field of the implementing type fit the interface's in this subgraph",
        Some("TransitiveImplementedInterfaces") => "implement the missing interface, too",
        Some("RequiredArgument") => "give the argument a value",
        Some("UndefinedArgument") => "remove the argument, or correct its name",
        Some("UnsupportedLocation") => "move the directive to a place its definition allows",
        Some("UniqueDirective") => "apply the directive once",
        Some(
            "UnsupportedValueType"
            | "IntCoercionError"
            | "FloatCoercionError"
            | "UndefinedEnumValue"
            | "UndefinedInputValue"
            | "RequiredField",
        ) => "write a value of the declared type",
        Some("EmptyFieldSet" | "EmptyValueSet" | "EmptyMemberSet" | "EmptyInputValueSet") => {
            "add at least one member"
        }
        Some("OutputType") => "use an object, interface, union, enum or scalar type",
        Some("InputType") => "use a scalar, enum or input object type",
        Some("UnionMemberObjectType") => "name object types only",
        Some("ReservedName") => "choose a name that does not begin with `__`",
        _ if text.starts_with("syntax error") => "correct the syntax at this place",
        _ => "make the schema valid GraphQL by itself",
    })
}
