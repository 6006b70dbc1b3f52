//! Composes the public suites' cases and counts how often we agree with two other composers.
//!
//! **In:** `shared/conformance` beside the checkout, or the folder that `CONFORMANCE` names; without
//! it the tests say so and pass. `CASE` names one case, or a part of several ids, to be shown whole.
//! **Out:** counts, which must not fall, and the names of the cases that differ.
//!
//! **Never here:** cases of our own; those are pages in `fixtures/composition`.
//!
//! **Read first:** [`cases_agree`].

#![expect(clippy::unwrap_used, reason = "a case that cannot be read must fail the test")]
#![expect(clippy::print_stdout, reason = "the counts, and what differs, are for the reader")]

use std::collections::BTreeSet;
use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;

use apollo_compiler::Node;
use apollo_compiler::ast::{Definition, Directive, DirectiveList, Document};
use composition::{Composed, CompositionFailure, SubgraphSource, compose, standard_form};
use serde_json::Value;
use supergraph::Supergraph;

fn conformance() -> Option<PathBuf> {
    let given = std::env::var_os("CONFORMANCE").map(PathBuf::from);
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/conformance");
    let root = given.unwrap_or_else(beside);
    if root.is_dir() {
        return Some(root);
    }
    println!("skipped: {} is absent", root.display());
    None
}

/// How often we agree, and how often we could.
#[derive(Debug, Default)]
struct Counts {
    cases: usize,
    verdicts: usize,
    failures: usize,
    codes: usize,
    composed: usize,
    loaded: usize,
    compared: usize,
    supergraphs: usize,
    public: usize,
    apis: usize,
    round_trips: usize,
    recorded: usize,
    hinted: usize,
    hints: usize,
}

impl Counts {
    fn and(self, other: &Self) -> Self {
        Self {
            cases: self.cases + other.cases,
            verdicts: self.verdicts + other.verdicts,
            failures: self.failures + other.failures,
            codes: self.codes + other.codes,
            composed: self.composed + other.composed,
            loaded: self.loaded + other.loaded,
            compared: self.compared + other.compared,
            supergraphs: self.supergraphs + other.supergraphs,
            public: self.public + other.public,
            apis: self.apis + other.apis,
            round_trips: self.round_trips + other.round_trips,
            recorded: self.recorded + other.recorded,
            hinted: self.hinted + other.hinted,
            hints: self.hints + other.hints,
        }
    }
}

#[test]
fn cases_agree() {
    let Some(root) = conformance() else { return };
    let mut files: Vec<PathBuf> =
        fs::read_dir(root.join("composition")).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    let texts: Vec<String> = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let lines: Vec<&str> = texts.iter().flat_map(|text| text.lines()).collect();
    let n_threads = thread::available_parallelism().map_or(1, NonZero::get);
    let counts = thread::scope(|scope| {
        let shares: Vec<_> = lines
            .chunks(lines.len().div_ceil(n_threads).max(1))
            .map(|share| scope.spawn(|| check_share(share)))
            .collect();
        shares.into_iter().fold(Counts::default(), |sum, share| sum.and(&share.join().unwrap()))
    });
    println!("{counts:?}");
    if only_case().is_some() || std::env::var_os("CONFORMANCE").is_some() {
        return;
    }
    assert!(counts.verdicts >= 1936, "fewer verdicts agree: {}", counts.verdicts);
    assert!(counts.codes >= 912, "fewer codes agree: {}", counts.codes);
    assert!(counts.supergraphs >= 960, "fewer supergraphs agree: {}", counts.supergraphs);
    assert!(counts.apis >= 983, "fewer API schemas agree: {}", counts.apis);
    assert!(counts.hints >= 384, "fewer hints agree: {}", counts.hints);
    assert_eq!(counts.round_trips, counts.composed, "a supergraph does not survive printing");
    assert_eq!(counts.loaded, counts.composed, "a composed supergraph does not load");
}

/// With `CASE=part-of-an-id` only those cases run, and what composition says is shown.
fn check_share(lines: &[&str]) -> Counts {
    let mut counts = Counts::default();
    let only = only_case();
    for line in lines {
        let case: Value = serde_json::from_str(line).unwrap();
        match &only {
            Some(part) if !case["id"].as_str().unwrap().contains(part) => {}
            Some(_) => show_case(&case, &mut counts),
            None => check_case(&case, &mut counts),
        }
    }
    counts
}

fn only_case() -> Option<String> {
    std::env::var_os("CASE")?.into_string().ok().filter(|part| !part.is_empty())
}

fn show_case(case: &Value, counts: &mut Counts) {
    println!("==== {}", case["id"].as_str().unwrap());
    for subgraph in case["subgraphs"].as_array().unwrap() {
        println!("-- {}\n{}", subgraph["name"], subgraph["sdl"].as_str().unwrap());
    }
    println!("-- apollo {}\n-- guild {}", case["apollo"], case["guild"]);
    match compose(&subgraphs_of(case)) {
        Ok(composed) => {
            println!("-- ours\n{}", composed.supergraph_sdl);
            composed.hints.iter().for_each(|hint| println!("{hint}"));
        }
        Err(failure) => println!("-- ours\n{failure}"),
    }
    check_case(case, counts);
}

fn subgraphs_of(case: &Value) -> Vec<SubgraphSource> {
    let subgraphs = case["subgraphs"].as_array().unwrap().iter().map(|subgraph| SubgraphSource {
        name: subgraph["name"].as_str().unwrap().to_owned(),
        url: subgraph["url"].as_str().map(str::to_owned),
        sdl: subgraph["sdl"].as_str().unwrap().to_owned(),
        file: None,
    });
    subgraphs.collect()
}

fn check_case(case: &Value, counts: &mut Counts) {
    // Cases on which the two other composers disagree prove nothing.
    if case["agreement"]["verdict"] != Value::Bool(true) {
        return;
    }
    let id = case["id"].as_str().unwrap();
    let subgraphs = subgraphs_of(case);
    counts.cases += 1;
    let expected_ok = case["apollo"]["ok"] == Value::Bool(true);
    let result = compose(&subgraphs);
    if result.is_ok() == expected_ok {
        counts.verdicts += 1;
    } else {
        println!("verdict {id}: {}", described(&result, case));
    }
    match result {
        Ok(composed) => {
            check_loads(id, &composed, counts);
            if expected_ok {
                compare(case, &composed, counts);
            }
        }
        Err(failure) if !expected_ok => {
            // A composer that threw, or gave no code, is silent on the code.
            let (apollo, guild) = (codes_of(&case["apollo"]), codes_of(&case["guild"]));
            if apollo.iter().all(|code| code.is_empty()) && guild.iter().all(|c| c.is_empty()) {
                return;
            }
            counts.failures += 1;
            let ours: BTreeSet<&str> = failure.errors.iter().map(|e| e.code.as_str()).collect();
            if apollo == ours || guild == ours {
                counts.codes += 1;
            } else {
                println!("codes {id}: ours {ours:?}, apollo {apollo:?}, guild {guild:?}");
            }
        }
        _ => {}
    }
}

fn check_loads(id: &str, composed: &Composed, counts: &mut Counts) {
    counts.composed += 1;
    match Supergraph::parse(&composed.supergraph_sdl) {
        Ok(read) => {
            let printed = |it: &Supergraph| {
                let fields: Vec<_> =
                    it.types().iter().flat_map(|(_, ty)| ty.fields.values()).collect();
                let fields: Vec<_> = fields.into_iter().map(|id| it.field(*id)).collect();
                format!("{:?}{:?}{fields:?}{}", it.subgraphs(), it.types(), it.api_schema())
            };
            assert!(
                printed(&read) == printed(&composed.supergraph),
                "{id}: text and tables differ"
            );
            counts.loaded += 1;
        }
        Err(error) => println!("loading {id}: {error}"),
    }
    counts.round_trips += usize::from(survives(id, &composed.supergraph_sdl, true));
}

/// Whether a supergraph that is printed, loaded and printed again stays the same text, says what it
/// said, and still loads. Text in the standard layout is printed as it is.
fn survives(id: &str, sdl: &str, is_standard: bool) -> bool {
    let document = Document::parse(sdl, "supergraph").unwrap();
    let printed = standard_form(&document);
    let loaded = Document::parse(&printed, "supergraph").unwrap();
    let survives = standard_form(&loaded) == printed
        && (!is_standard || printed == sdl)
        && facts(&printed) == facts(sdl)
        && Supergraph::from_document(&loaded).is_ok()
            == Supergraph::from_document(&document).is_ok();
    if !survives {
        println!("round trip {id}");
        let differing = printed.lines().zip(sdl.lines()).find(|(left, right)| left != right);
        println!("    {differing:?}");
    }
    survives
}

fn compare(case: &Value, composed: &Composed, counts: &mut Counts) {
    let id = case["id"].as_str().unwrap();
    if let Some(expected) = case["hint_codes"].as_array() {
        counts.hinted += 1;
        let ours: BTreeSet<&str> = composed.hints.iter().map(|hint| hint.code.as_str()).collect();
        let theirs: BTreeSet<&str> = expected.iter().filter_map(Value::as_str).collect();
        if ours == theirs {
            counts.hints += 1;
        } else {
            println!("hints {id}: ours {ours:?}, apollo {theirs:?}");
        }
    }
    if let Some(expected) = case["public_sdl"].as_str()
        && case["agreement"]["public"] == Value::Bool(true)
    {
        counts.public += 1;
        let supergraph = Supergraph::parse(&composed.supergraph_sdl).unwrap();
        let ours = supergraph.api_schema().to_string();
        counts.apis += usize::from(is_equal("api", id, &ours, expected));
    }
    let Some(expected) = case["supergraph_sdl"].as_str() else { return };
    assert!(survives(id, expected, false), "{id}: the recorded supergraph does not survive");
    counts.recorded += 1;
    // Where the two composers differ, neither is a measure.
    if case["agreement"]["supergraph"] != Value::Bool(true) {
        return;
    }
    counts.compared += 1;
    counts.supergraphs +=
        usize::from(is_equal("supergraph", id, &composed.supergraph_sdl, expected));
}

fn is_equal(what: &str, id: &str, ours: &str, theirs: &str) -> bool {
    let (ours, theirs) = (facts(ours), facts(theirs));
    if ours != theirs {
        println!("{what} {id}");
        ours.difference(&theirs).take(9).for_each(|fact| println!("    ours   {fact}"));
        theirs.difference(&ours).take(9).for_each(|fact| println!("    theirs {fact}"));
    }
    ours == theirs
}

fn described(result: &Result<Composed, Box<CompositionFailure>>, case: &Value) -> String {
    match result {
        Ok(_) => format!("composes, but should fail with {:?}", codes_of(&case["apollo"])),
        Err(failure) => format!("should compose, but fails:\n{failure}"),
    }
}

fn codes_of(verdict: &Value) -> BTreeSet<&str> {
    verdict["codes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// What a supergraph says, free of order and layout.
fn facts(sdl: &str) -> BTreeSet<String> {
    let document = Document::parse(sdl, "supergraph").unwrap();
    let mut facts = BTreeSet::new();
    for definition in &document.definitions {
        let Some(name) = definition.name() else { continue };
        if name.starts_with("link__")
            || name.starts_with("join__") && name != "join__Graph"
            || definition.as_directive_definition().is_some()
        {
            continue;
        }
        note(&mut facts, name, definition_word(definition), definition.directives());
        match definition {
            Definition::ObjectTypeDefinition(d) => {
                d.implements_interfaces.iter().for_each(|i| {
                    facts.insert(format!("{name} implements {i}"));
                });
                note_fields(&mut facts, name, &d.fields);
            }
            Definition::InterfaceTypeDefinition(d) => {
                d.implements_interfaces.iter().for_each(|i| {
                    facts.insert(format!("{name} implements {i}"));
                });
                note_fields(&mut facts, name, &d.fields);
            }
            Definition::UnionTypeDefinition(d) => {
                d.members.iter().for_each(|m| {
                    facts.insert(format!("{name} = {m}"));
                });
            }
            Definition::EnumTypeDefinition(d) => {
                for value in &d.values {
                    note(
                        &mut facts,
                        &format!("{name}.{}", value.value),
                        "value",
                        &value.directives,
                    );
                }
            }
            Definition::InputObjectTypeDefinition(d) => {
                for field in &d.fields {
                    let what = format!(
                        "{} = {:?}",
                        field.ty,
                        field.default_value.as_ref().map(|v| v.to_string())
                    );
                    note(&mut facts, &format!("{name}.{}", field.name), &what, &field.directives);
                }
            }
            _ => {}
        }
    }
    facts
}

fn note_fields(
    facts: &mut BTreeSet<String>,
    parent: &str,
    fields: &[Node<apollo_compiler::ast::FieldDefinition>],
) {
    for field in fields {
        let coordinate = format!("{parent}.{}", field.name);
        note(facts, &coordinate, &field.ty.to_string(), &field.directives);
        for argument in &field.arguments {
            let what = format!(
                "{} = {:?}",
                argument.ty,
                argument.default_value.as_ref().map(|v| v.to_string())
            );
            note(facts, &format!("{coordinate}({}:)", argument.name), &what, &argument.directives);
        }
    }
}

fn note(facts: &mut BTreeSet<String>, coordinate: &str, what: &str, directives: &DirectiveList) {
    facts.insert(format!("{coordinate}: {what}"));
    for directive in directives.iter() {
        facts.insert(format!("{coordinate} {}", normalized(directive)));
    }
}

/// A directive with its arguments sorted and without white space.
fn normalized(directive: &Node<Directive>) -> String {
    let mut arguments: Vec<String> = directive
        .arguments
        .iter()
        .map(|argument| format!("{}:{}", argument.name, argument.value.serialize().no_indent()))
        .collect();
    arguments.sort();
    let text = format!("@{}({})", directive.name, arguments.join(","));
    let text = text.replace("\\n", "").replace("resolvable:true", "");
    text.chars().filter(|c| !c.is_whitespace() && *c != ',').collect()
}

fn definition_word(definition: &Definition) -> &'static str {
    match definition {
        Definition::ObjectTypeDefinition(_) => "type",
        Definition::InterfaceTypeDefinition(_) => "interface",
        Definition::UnionTypeDefinition(_) => "union",
        Definition::EnumTypeDefinition(_) => "enum",
        Definition::InputObjectTypeDefinition(_) => "input",
        Definition::ScalarTypeDefinition(_) => "scalar",
        _ => "other",
    }
}

/// The audit's suites and the large graphs compose as their recorded supergraphs say.
#[test]
fn graphs_compose_as_recorded() {
    let Some(root) = conformance() else { return };
    let mut folders: Vec<PathBuf> = Vec::new();
    for parent in ["federation-audit", "supergraphs"] {
        for entry in fs::read_dir(root.join(parent)).unwrap() {
            let folder = entry.unwrap().path();
            if folder.join("subgraphs").is_dir() {
                folders.push(folder);
            }
        }
    }
    folders.sort();
    let mut alike = 0;
    for folder in &folders {
        let composed = compose(&subgraphs_in(folder))
            .unwrap_or_else(|failure| panic!("{}:\n{failure}", folder.display()));
        let Ok(recorded) = fs::read_to_string(folder.join("supergraph.graphql")) else { continue };
        let name = folder.display().to_string();
        alike += usize::from(is_equal("graph", &name, &composed.supergraph_sdl, &recorded));
        assert!(survives(&name, &recorded, false));
        assert!(survives(&name, &composed.supergraph_sdl, true));
        Supergraph::parse(&composed.supergraph_sdl).unwrap();
    }
    println!("{alike} of {} graphs compose as recorded", folders.len());
    assert!(alike >= 23, "fewer graphs compose as recorded: {alike}");
}

fn subgraphs_in(folder: &Path) -> Vec<SubgraphSource> {
    let listed = fs::read_to_string(folder.join("subgraphs.json")).unwrap_or_default();
    let listed: Value = serde_json::from_str(&listed).unwrap_or_default();
    let mut files: Vec<PathBuf> = fs::read_dir(folder.join("subgraphs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            let entry = listed.as_array().into_iter().flatten().find(|s| s["name"] == *name);
            let url = entry.and_then(|entry| entry["url"].as_str()).map(str::to_owned);
            SubgraphSource { url, sdl: fs::read_to_string(&file).unwrap(), file: None, name }
        })
        .collect()
}
