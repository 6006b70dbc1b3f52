//! Holds plans to what selections give, on random schemas of connectors.
//!
//! **In:** seeds. **Out:** a failed test with the schema and the operation.
//!
//! **Never here:** values (the gateway's tests run connectors).
//!
//! **Holds:** no fetch asks a connector for a field that its selection does not give at that place,
//! however types repeat inside and below one another; what one selection gives takes one
//! request; and every operation has a plan, for every type is answered by its key.

#![expect(clippy::unwrap_used, reason = "a test panics where something is wrong")]

use std::fmt::Write;

use apollo_compiler::ExecutableDocument;
use composition::{Composed, SubgraphSource, compose};
use query_planner::{Batching, Guards, Limits, Operation, QueryPlan, Selection};

const TYPES: usize = 4;
const SCALARS: usize = 3;

/// Numbers that look like chance, the same for each seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// What a selection gives: names, with what is below.
#[derive(Clone, Default, Debug)]
struct Tree(Vec<(String, Tree)>);

impl Tree {
    fn text(&self) -> String {
        let fields = self.0.iter().map(|(name, below)| match below.0.is_empty() {
            true => name.clone(),
            false => format!("{name} {{ {} }}", below.text()),
        });
        fields.collect::<Vec<_>>().join(" ")
    }

    fn get(&self, name: &str) -> Option<&Tree> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, below)| below)
    }
}

/// A graph of types, each with scalars `s0`… and references `r0`… to others.
struct Graph {
    references: Vec<Vec<usize>>,
    /// By connector.
    given: Vec<(String, Tree)>,
    sdl: String,
}

impl Graph {
    /// All that can be asked of a type, some levels deep.
    fn everything(&self, ty: usize) -> Tree {
        self.levels(ty, 5)
    }

    fn levels(&self, ty: usize, depth: usize) -> Tree {
        let mut fields = vec![("id".to_owned(), Tree::default())];
        fields.extend((0..SCALARS).map(|scalar| (format!("s{scalar}"), Tree::default())));
        for (index, below) in self.references[ty].iter().enumerate().filter(|_| depth > 0) {
            fields.push((format!("r{index}"), self.levels(*below, depth - 1)));
        }
        Tree(fields)
    }
}

/// A random selection of a type; the id is always there, so that everything can be asked for.
fn selection(chance: &mut Chance, references: &[Vec<usize>], ty: usize, depth: usize) -> Tree {
    let mut fields = vec![("id".to_owned(), Tree::default())];
    for scalar in 0..SCALARS {
        if chance.one_in(2) {
            fields.push((format!("s{scalar}"), Tree::default()));
        }
    }
    for (index, below) in references[ty].iter().enumerate() {
        if depth > 0 && chance.one_in(2) {
            let below = selection(chance, references, *below, depth - 1);
            fields.push((format!("r{index}"), below));
        }
    }
    Tree(fields)
}

fn graph(seed: u64) -> Graph {
    let chance = &mut Chance(seed);
    let references: Vec<Vec<usize>> = (0..TYPES)
        .map(|_| (0..1 + chance.below(3)).map(|_| chance.below(TYPES)).collect())
        .collect();
    let mut given = Vec::new();
    let mut sdl = r#"extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key"])
  @link(url: "https://specs.apollo.dev/connect/v0.3", import: ["@source", "@connect"])
  @source(name: "api", http: { baseURL: "https://api.example" })
type Query {
"#
    .to_owned();
    for ty in 0..TYPES {
        let tree = selection(chance, &references, ty, 3);
        let is_entity = chance.one_in(2);
        let (arguments, url) = if is_entity { ("(id: ID!)", "/{$args.id}") } else { ("", "/") };
        let list = if is_entity || chance.one_in(2) { ("", "") } else { ("[", "]") };
        let _ = writeln!(
            sdl,
            "  q{ty}{arguments}: {}T{ty}{} @connect(source: \"api\", http: {{ GET: \"{url}\" }}, \
             selection: \"{}\", entity: {is_entity})",
            list.0,
            list.1,
            tree.text()
        );
        given.push((format!("Query.q{ty}"), tree));
    }
    sdl.push_str("}\n");
    for ty in 0..TYPES {
        let mut tree = selection(chance, &references, ty, 2);
        // Between them the type's connectors give all of it.
        for scalar in 0..SCALARS {
            let name = format!("s{scalar}");
            if tree.get(&name).is_none() {
                tree.0.push((name, Tree::default()));
            }
        }
        for (index, below) in references[ty].iter().enumerate() {
            let name = format!("r{index}");
            if tree.get(&name).is_none() {
                tree.0.push((name, selection(chance, &references, *below, 0)));
            }
        }
        let url = if chance.one_in(2) { "/{$this.id}" } else { "/{$batch.id->joinNotNull(',')}" };
        let _ = writeln!(
            sdl,
            "type T{ty} @key(fields: \"id\") @connect(source: \"api\", http: {{ GET: \"{url}\" }}, \
             selection: \"{}\") {{\n  id: ID!",
            tree.text()
        );
        given.push((format!("T{ty}"), tree));
        (0..SCALARS).for_each(|scalar| {
            let _ = writeln!(sdl, "  s{scalar}: Int");
        });
        for (index, below) in references[ty].iter().enumerate() {
            let list = if chance.one_in(3) { ("[", "]") } else { ("", "") };
            let _ = writeln!(sdl, "  r{index}: {}T{below}{}", list.0, list.1);
        }
        let to = chance.below(TYPES);
        let tree = selection(chance, &references, to, 2);
        let _ = writeln!(
            sdl,
            "  f: T{to} @connect(source: \"api\", http: {{ GET: \"/f/{{$this.id}}/{{$this.s0}}\" }}, \
             selection: \"{}\")\n}}",
            tree.text()
        );
        given.push((format!("T{ty}.f"), Tree(vec![("f".to_owned(), tree)])));
    }
    Graph { references, given, sdl }
}

/// A random selection set of an operation.
fn asked(chance: &mut Chance, graph: &Graph, ty: usize, depth: usize, out: &mut String) {
    let scalar = chance.below(SCALARS + 1);
    let _ = match scalar == SCALARS {
        true => write!(out, "id "),
        false => write!(out, "s{scalar} "),
    };
    for (index, below) in graph.references[ty].iter().enumerate() {
        if depth > 0 && chance.one_in(2) {
            let _ = write!(out, "r{index} {{ ");
            asked(chance, graph, *below, depth - 1, out);
            out.push_str("} ");
        }
    }
}

fn planned(composed: &Composed, operation: &str) -> QueryPlan {
    let supergraph = &composed.supergraph;
    let schema = supergraph.api_schema();
    let document = ExecutableDocument::parse_and_validate(schema, operation, "o").unwrap();
    let operation = Operation::read(supergraph, &document, None).unwrap();
    let limits = Limits { positions: 10_000, steps: 1_000_000 };
    query_planner::plan(supergraph, &operation, &Guards::default(), limits, Batching::Fewest)
        .unwrap_or_else(|error| panic!("{}", error.kind))
}

/// Each field of a fetch is given where it is asked for.
fn check(plan: &QueryPlan, selection: &Selection, given: &Tree, path: &str) {
    for field in &selection.fields {
        let name = &plan.slots[field.slot].field;
        if name == "__typename" {
            continue;
        }
        let below = given.get(name);
        let below = below.unwrap_or_else(|| panic!("`{path}.{name}` is not given by {given:?}"));
        if let Some(selection) = &field.selection {
            check(plan, selection, below, &format!("{path}.{name}"));
        }
    }
}

/// The fields of a selection set that are given at its place.
fn n_given(document: &str, given: &Tree) -> usize {
    let mut open = vec![Some(given)];
    let mut n = 0;
    let words: Vec<&str> = document.split_whitespace().collect();
    for (index, word) in words.iter().enumerate() {
        match *word {
            "{" => {}
            "}" => {
                open.pop();
            }
            name => {
                let here = open.last().copied().flatten().and_then(|tree| tree.get(name));
                if words.get(index + 1) == Some(&"{") {
                    open.push(here);
                } else {
                    n += usize::from(here.is_some());
                }
            }
        }
    }
    n
}

fn check_seed(seed: u64) -> usize {
    let mut n_alone = 0;
    let graph = graph(seed);
    let source =
        SubgraphSource { name: "a".to_owned(), url: None, sdl: graph.sdl.clone(), file: None };
    let composed = compose(&[source]).unwrap_or_else(|failure| panic!("{failure}\n{}", graph.sdl));
    let chance = &mut Chance(seed ^ 0xdead_beef);
    for _ in 0..8 {
        let ty = chance.below(TYPES);
        let mut set = String::new();
        asked(chance, &graph, ty, 4, &mut set);
        let is_entity = graph.sdl.contains(&format!("q{ty}(id"));
        let arguments = if is_entity { "(id: 1)" } else { "" };
        let operation = format!("{{ q{ty}{arguments} {{ {set}}} }}");
        let plan = planned(&composed, &operation);
        let (_, given) = &graph.given[ty];
        if n_given(&set, given) == n_given(&set, &graph.everything(ty)) {
            assert_eq!(
                plan.fetches.len(),
                1,
                "{operation}\n{}",
                plan.to_text(&composed.supergraph)
            );
            n_alone += 1;
        }
        for (_, fetch) in plan.fetches.iter() {
            let connector = composed.connectors.of(fetch.subgraph).unwrap();
            let (_, given) =
                graph.given.iter().find(|(name, _)| *name == connector.coordinate).unwrap();
            for group in fetch.groups.iter().map(|group| &plan.groups[*group]) {
                let is_root = fetch.waits_for.is_empty() && fetch.depth == 1;
                let tree = match is_root {
                    true => Tree(vec![(format!("q{ty}"), given.clone())]),
                    false => given.clone(),
                };
                check(&plan, &group.selection, &tree, &connector.coordinate);
            }
        }
    }
    n_alone
}

#[test]
fn a_connector_is_asked_for_what_its_selection_gives() {
    let mut n_alone = 0;
    for seed in 0..30 {
        match std::panic::catch_unwind(|| check_seed(seed)) {
            Ok(n) => n_alone += n,
            Err(error) => {
                println!("seed {seed}\n{}", graph(seed).sdl);
                std::panic::resume_unwind(error);
            }
        }
    }
    assert!(n_alone > 6, "{n_alone} operations that one request answers");
}
