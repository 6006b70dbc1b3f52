//! Turns a graph into another one that nobody would write, or that somebody would by mistake.
//!
//! **In:** a corpus and a seed. **Out:** [`mutant`]: the subgraphs of one case after some mutations.
//!
//! **Never here:** growing things (`mutate::growth`), what directives and links may say
//! (`mutate::phrases`), composing.
//!
//! **Holds:** the same seed and corpus give the same mutant.
//!
//! **Read first:** [`mutant`], then [`MUTATIONS`].

mod growth;
mod phrases;

use crate::corpus::{Graph, subgraph};
use crate::tokens::{Tokens, is_name};
use composition::SubgraphSource;
use oracle::Chance;

/// What a mutation sees.
struct Workbench<'a> {
    subgraphs: Vec<SubgraphSource>,
    corpus: &'a [Graph],
    chance: Chance,
}

type Mutation = fn(&mut Workbench<'_>);

/// How often each is drawn, relative to the others.
const MUTATIONS: &[(usize, Mutation)] = &[
    (2, bytes),
    (4, drop_token),
    (4, duplicate_token),
    (6, rename_token),
    (4, swap_tokens),
    (3, rename_everywhere),
    (4, drop_definition),
    (3, duplicate_definition),
    (6, move_definition),
    (8, cross_over),
    (6, drop_directive),
    (3, duplicate_directive),
    (6, move_directive),
    (20, add_directive),
    (6, change_string),
    (10, change_field_set),
    (6, change_wrapping),
    (4, change_keyword),
    (4, add_members),
    (6, change_link),
    (3, change_subgraphs),
    (2, growth::deepen),
    (2, growth::enlarge),
];

/// The mutant of a seed.
pub(crate) fn mutant(corpus: &[Graph], seed: u64) -> (String, Vec<SubgraphSource>) {
    let mut chance = Chance::new(seed);
    let graph = chance.pick(corpus);
    let mut workbench = Workbench { subgraphs: graph.subgraphs.clone(), corpus, chance };
    let total = MUTATIONS.iter().map(|(weight, _)| weight).sum();
    let most = workbench.chance.between(1, 6);
    for _ in 0..workbench.chance.below(most + 1) {
        if workbench.subgraphs.is_empty() {
            break;
        }
        let mut drawn = workbench.chance.below(total);
        for (weight, mutation) in MUTATIONS {
            if drawn < *weight {
                mutation(&mut workbench);
                break;
            }
            drawn -= weight;
        }
    }
    (graph.name.clone(), workbench.subgraphs)
}

impl Workbench<'_> {
    fn any(&mut self) -> usize {
        self.chance.below(self.subgraphs.len())
    }

    fn tokens(&self, subgraph: usize) -> Tokens {
        Tokens::of(&self.subgraphs[subgraph].sdl)
    }

    /// Changes the tokens of some subgraph.
    fn edit(&mut self, change: impl FnOnce(&mut Tokens, &mut Chance)) {
        let index = self.any();
        let mut tokens = self.tokens(index);
        if !tokens.0.is_empty() {
            change(&mut tokens, &mut self.chance);
            self.subgraphs[index].sdl = tokens.text();
        }
    }

    /// A name that some subgraph says, often; else one of the specifications'.
    fn word(&mut self) -> String {
        let index = self.any();
        let tokens = self.tokens(index);
        let names = tokens.places(is_name);
        if names.is_empty() || self.chance.percent(15) {
            return (*self.chance.pick(phrases::WORDS)).to_owned();
        }
        let at = *self.chance.pick(&names);
        tokens.0[at].clone()
    }
}

fn bytes(workbench: &mut Workbench<'_>) {
    let index = workbench.any();
    let mut bytes = std::mem::take(&mut workbench.subgraphs[index].sdl).into_bytes();
    for _ in 0..workbench.chance.between(1, 4) {
        let at = workbench.chance.below(bytes.len() + 1);
        let byte = u8::try_from(workbench.chance.below(256)).unwrap_or_default();
        match workbench.chance.below(4) {
            0 if at < bytes.len() => bytes[at] ^= byte,
            1 if at < bytes.len() => drop(bytes.remove(at)),
            2 => bytes.truncate(at),
            _ => {
                let text = *workbench.chance.pick(phrases::ODD);
                bytes.splice(at..at, text.bytes());
            }
        }
    }
    workbench.subgraphs[index].sdl = String::from_utf8_lossy(&bytes).into_owned();
}

fn drop_token(workbench: &mut Workbench<'_>) {
    workbench.edit(|tokens, chance| {
        tokens.0.remove(chance.below(tokens.0.len()));
    });
}

fn duplicate_token(workbench: &mut Workbench<'_>) {
    workbench.edit(|tokens, chance| {
        let token = chance.pick(&tokens.0).clone();
        tokens.0.insert(chance.below(tokens.0.len() + 1), token);
    });
}

fn rename_token(workbench: &mut Workbench<'_>) {
    let word = workbench.word();
    workbench.edit(|tokens, chance| {
        let names = tokens.places(is_name);
        if !names.is_empty() {
            tokens.0[*chance.pick(&names)] = word;
        }
    });
}

fn swap_tokens(workbench: &mut Workbench<'_>) {
    workbench.edit(|tokens, chance| {
        let names = tokens.places(is_name);
        if !names.is_empty() {
            tokens.0.swap(*chance.pick(&names), *chance.pick(&names));
        }
    });
}

fn rename_everywhere(workbench: &mut Workbench<'_>) {
    let (word, to) = (workbench.word(), workbench.word());
    workbench.edit(|tokens, _| {
        for token in &mut tokens.0 {
            if *token == word {
                to.clone_into(token);
            } else if token.starts_with('"') {
                *token = token.replace(&word, &to);
            }
        }
    });
}

fn drop_definition(workbench: &mut Workbench<'_>) {
    workbench.edit(|tokens, chance| {
        let definitions = tokens.definitions();
        if !definitions.is_empty() {
            tokens.0.drain(chance.pick(&definitions).clone());
        }
    });
}

fn duplicate_definition(workbench: &mut Workbench<'_>) {
    workbench.edit(|tokens, chance| {
        let definitions = tokens.definitions();
        if !definitions.is_empty() {
            let copy = tokens.0[chance.pick(&definitions).clone()].to_vec();
            if chance.percent(50) {
                tokens.0.push("extend".to_owned());
            }
            tokens.0.extend(copy);
        }
    });
}

fn move_definition(workbench: &mut Workbench<'_>) {
    let from = workbench.any();
    let keep = workbench.chance.percent(70);
    let mut source = workbench.tokens(from);
    let definitions = source.definitions();
    if definitions.is_empty() {
        return;
    }
    let range = workbench.chance.pick(&definitions).clone();
    let moved = source.0[range.clone()].to_vec();
    if !keep {
        source.0.drain(range);
        workbench.subgraphs[from].sdl = source.text();
    }
    workbench.edit(|tokens, _| tokens.0.extend(moved));
}

fn cross_over(workbench: &mut Workbench<'_>) {
    let graph = workbench.chance.pick(workbench.corpus);
    let other = workbench.chance.pick(&graph.subgraphs);
    if workbench.chance.percent(20) {
        workbench.subgraphs.push(other.clone());
        return;
    }
    let tokens = Tokens::of(&other.sdl);
    let definitions = tokens.definitions();
    let taken = workbench.chance.some(&definitions, 40);
    workbench.edit(|into, _| {
        for range in taken {
            into.0.extend(tokens.0[range].iter().cloned());
        }
    });
}

fn drop_directive(workbench: &mut Workbench<'_>) {
    workbench.edit(|tokens, chance| {
        let directives = tokens.directives();
        if !directives.is_empty() {
            tokens.0.drain(chance.pick(&directives).clone());
        }
    });
}

fn duplicate_directive(workbench: &mut Workbench<'_>) {
    workbench.edit(|tokens, chance| {
        let directives = tokens.directives();
        if !directives.is_empty() {
            let range = chance.pick(&directives).clone();
            let copy = tokens.0[range.clone()].to_vec();
            tokens.0.splice(range.end..range.end, copy);
        }
    });
}

fn move_directive(workbench: &mut Workbench<'_>) {
    workbench.edit(|tokens, chance| {
        let directives = tokens.directives();
        if !directives.is_empty() {
            let moved: Vec<String> = tokens.0.drain(chance.pick(&directives).clone()).collect();
            let places = directive_places(tokens);
            let at = if places.is_empty() { tokens.0.len() } else { *chance.pick(&places) };
            tokens.0.splice(at..at, moved);
        }
    });
}

/// Before an opening brace, before the next name in a block, or before another directive.
fn directive_places(tokens: &Tokens) -> Vec<usize> {
    let after_type = |at: usize| {
        at > 0
            && (tokens.0[at] == "{"
                || tokens.0[at] == "@"
                || tokens.0[at] == "}"
                || is_name(&tokens.0[at]))
            && (is_name(&tokens.0[at - 1]) || ["!", "]", ")"].contains(&tokens.0[at - 1].as_str()))
    };
    (0..tokens.0.len()).filter(|at| after_type(*at)).collect()
}

fn add_directive(workbench: &mut Workbench<'_>) {
    let mut text = (*workbench.chance.pick(phrases::DIRECTIVES)).to_owned();
    let index = workbench.any();
    let name = workbench.subgraphs[index].name.clone();
    text = text.replace("SUBGRAPH", &name);
    while text.contains("WORD") {
        text = text.replacen("WORD", &workbench.word(), 1);
    }
    workbench.edit(|tokens, chance| {
        let places = directive_places(tokens);
        if !places.is_empty() {
            tokens.insert(*chance.pick(&places), &text);
        }
    });
}

fn change_string(workbench: &mut Workbench<'_>) {
    let word = workbench.word();
    workbench.edit(|tokens, chance| {
        let strings = tokens.places(|token| token.starts_with('"'));
        if !strings.is_empty() {
            let at = *chance.pick(&strings);
            tokens.0[at] = match chance.below(4) {
                0 => format!("\"{word}\""),
                1 => "\"\"".to_owned(),
                2 => format!("\"\"\"{}\"\"\"", tokens.0[at].trim_matches('"')),
                _ => (*chance.pick(phrases::STRINGS)).to_owned(),
            };
        }
    });
}

fn change_field_set(workbench: &mut Workbench<'_>) {
    let words = [workbench.word(), workbench.word(), workbench.word()];
    workbench.edit(|tokens, chance| {
        let sets: Vec<usize> = (2..tokens.0.len())
            .filter(|at| tokens.0[at - 1] == ":" && tokens.0[at - 2] == "fields")
            .collect();
        if sets.is_empty() {
            return;
        }
        let at = *chance.pick(&sets);
        let mut set = Tokens::of(tokens.0[at].trim_matches('"'));
        let inside = chance.below(set.0.len() + 1);
        match chance.below(5) {
            0 if inside < set.0.len() => set.0[inside].clone_from(&words[0]),
            1 if inside < set.0.len() => drop(set.0.remove(inside)),
            2 => set.insert(inside, &words[0]),
            3 => set.insert(inside, &format!("{{ {} {} }}", words[0], words[1])),
            _ => {
                let [a, b, c] = &words;
                let text = chance.pick(phrases::FIELD_SETS);
                set.insert(inside, &text.replace("A", a).replace("B", b).replace("C", c));
            }
        }
        let text = set.text().replace('\n', " ").replace('"', "\\\"");
        tokens.0[at] = format!("\"{}\"", text.trim());
    });
}

fn change_wrapping(workbench: &mut Workbench<'_>) {
    workbench.edit(|tokens, chance| {
        let types: Vec<usize> = (1..tokens.0.len())
            .filter(|at| is_name(&tokens.0[*at]) && tokens.0[at - 1] == ":")
            .collect();
        let bangs = tokens.places(|token| token == "!");
        if chance.percent(40) && !bangs.is_empty() {
            tokens.0.remove(*chance.pick(&bangs));
        } else if !types.is_empty() {
            let at = *chance.pick(&types);
            if chance.percent(50) {
                tokens.0.insert(at + 1, "!".to_owned());
            } else {
                tokens.0.insert(at + 1, "]".to_owned());
                tokens.0.insert(at, "[".to_owned());
            }
        }
    });
}

fn change_keyword(workbench: &mut Workbench<'_>) {
    workbench.edit(|tokens, chance| {
        const KINDS: [&str; 6] = ["type", "interface", "union", "enum", "input", "scalar"];
        let keywords = tokens.places(|token| KINDS.contains(&token));
        if keywords.is_empty() {
            return;
        }
        let at = *chance.pick(&keywords);
        if chance.percent(30) {
            tokens.0.insert(at, "extend".to_owned());
        } else {
            tokens.0[at] = (*chance.pick(&KINDS)).to_owned();
        }
    });
}

fn add_members(workbench: &mut Workbench<'_>) {
    let (name, ty) = (workbench.word(), workbench.word());
    let text = workbench.chance.pick(phrases::MEMBERS).replace("NAME", &name).replace("TYPE", &ty);
    workbench.edit(|tokens, chance| {
        let braces = tokens.places(|token| token == "{");
        if !braces.is_empty() {
            tokens.insert(*chance.pick(&braces) + 1, &text);
        }
    });
}

fn change_link(workbench: &mut Workbench<'_>) {
    let word = workbench.word();
    workbench.edit(|tokens, chance| {
        let text = chance.pick(phrases::LINKS).replace("WORD", &word);
        let imports = tokens.places(|token| token == "import");
        if chance.percent(50) || imports.is_empty() {
            tokens.insert(0, &format!("extend schema {text}"));
        } else {
            let at = (*chance.pick(&imports) + 3).min(tokens.0.len());
            let text = chance.pick(phrases::IMPORTS).replace("WORD", &word);
            tokens.insert(at, &text);
        }
    });
}

fn change_subgraphs(workbench: &mut Workbench<'_>) {
    let index = workbench.any();
    match workbench.chance.below(5) {
        0 => drop(workbench.subgraphs.remove(index)),
        1 => {
            let sdl = workbench.subgraphs[index].sdl.clone();
            let name = format!("{}2", workbench.subgraphs[index].name);
            workbench.subgraphs.push(subgraph(&name, &sdl));
        }
        2 => workbench.subgraphs[index].url = None,
        3 => workbench.subgraphs[index].sdl.clear(),
        _ => {
            let name = (*workbench.chance.pick(phrases::SUBGRAPH_NAMES)).to_owned();
            workbench.subgraphs[index].name = name;
        }
    }
}
