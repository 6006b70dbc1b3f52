//! Makes schemas deep and long.
//!
//! **In:** a workbench. **Out:** nesting of lists, values, selections and types; long lists of
//! everything that can be listed.
//!
//! **Never here:** small changes (`mutate`).

use super::Workbench;

/// How deep, mostly beyond any limit of a parser.
const DEPTHS: [usize; 5] = [10, 100, 490, 2_000, 20_000];
/// How many, so that what is quadratic shows and what is linear does not.
const LENGTHS: [usize; 4] = [30, 300, 1_000, 3_000];

/// Nests something.
pub(super) fn deepen(workbench: &mut Workbench<'_>) {
    let depth = *workbench.chance.pick(&DEPTHS);
    let word = workbench.word();
    let nested = |open: &str, inner: &str, close: &str| {
        format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
    };
    let text = match workbench.chance.below(9) {
        0 => format!("extend type Query {{ deep: {} }}", nested("[", &word, "]")),
        1 => format!("extend type Query {{ deep(a: [Int] = {}): Int }}", nested("[", "1", "]")),
        2 => format!("type Deep @key(fields: \"{}\") {{ id: ID }}", nested("{ a ", "b", " }")),
        3 => format!(
            "type Deep @key(fields: \"{}\") {{ a: Deep id: ID }}",
            nested("a { ", "id", " }")
        ),
        4 => format!("directive @deep(a: [Any] = {}) on OBJECT", nested("{a: ", "1", "}")),
        5 => nested("{", "", "}"),
        6 => {
            let links = (0..depth.min(2_000)).map(|i| format!("type D{i} {{ next: D{} }} ", i + 1));
            format!("{} type D{} {{ end: {word} }}", links.collect::<String>(), depth.min(2_000))
        }
        7 => {
            let links = (0..depth.min(500)).map(|i| format!("input I{i} {{ next: I{}! }} ", i + 1));
            format!("{} input I{} {{ end: Int }}", links.collect::<String>(), depth.min(500))
        }
        _ => {
            let links = (0..depth.min(500))
                .map(|i| format!("interface N{} implements N{i} {{ id: ID }} ", i + 1));
            format!("interface N0 {{ id: ID }} {}", links.collect::<String>())
        }
    };
    append(workbench, &text);
}

/// Repeats something.
pub(super) fn enlarge(workbench: &mut Workbench<'_>) {
    let length = *workbench.chance.pick(&LENGTHS);
    let word = workbench.word();
    let many = |one: &dyn Fn(usize) -> String| (0..length).map(one).collect::<String>();
    let text = match workbench.chance.below(10) {
        0 => format!(
            "enum Long {{ {} }} extend type Query {{ long: Long }}",
            many(&|i| format!("V{i} "))
        ),
        1 => format!(
            "type Long @shareable {{ {} }} extend type Query {{ long: Long @shareable }}",
            many(&|i| format!("f{i}: Long "))
        ),
        2 => format!(
            "{} union Long = {word} {}",
            many(&|i| format!("type U{i} {{ id: ID @shareable }} ")),
            many(&|i| format!("| U{i} "))
        ),
        3 => format!(
            "type Long {} {{ {} }}",
            many(&|i| format!("@key(fields: \"k{i}\") ")),
            many(&|i| format!("k{i}: ID "))
        ),
        4 => format!(
            "extend type Query {{ long({}): Int @shareable }}",
            many(&|i| format!("a{i}: Int = {i} "))
        ),
        5 => format!("input Long {{ {} }}", many(&|i| format!("f{i}: [Long] = [] "))),
        6 => format!(
            "extend type Query {{ {} }}",
            many(&|i| format!("e{i}: {word} @tag(name: \"t{i}\") "))
        ),
        7 => format!(
            "interface Long {{ id: ID }} {}",
            many(&|i| format!("type L{i} implements Long {{ id: ID @shareable }} "))
        ),
        8 => {
            // Entities whose keys lead around in a circle.
            many(&|i| {
                format!(
                    "type E{i} @key(fields: \"id\") {{ id: ID next: E{} @shareable }} ",
                    (i + 1) % length
                )
            })
        }
        _ => {
            let sdl = workbench.chance.pick(&workbench.subgraphs).sdl.clone();
            for i in 0..length.min(40) {
                workbench.subgraphs.push(crate::corpus::subgraph(&format!("more{i}"), &sdl));
            }
            return;
        }
    };
    for _ in 0..workbench.chance.between(1, 2) {
        append(workbench, &text);
    }
}

fn append(workbench: &mut Workbench<'_>, text: &str) {
    let index = workbench.any();
    let sdl = &mut workbench.subgraphs[index].sdl;
    sdl.push('\n');
    sdl.push_str(text);
    sdl.push('\n');
}
