//! Damages the text of a mapping, or makes one of signs alone.
//!
//! **In:** a text. **Out:** another, still UTF-8.
//!
//! **Never here:** knowledge of the grammar beyond its signs.

use oracle::Chance;

const TOKENS: [&str; 34] = [
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "$",
    "@",
    "$(",
    "->",
    "...",
    "?",
    "??",
    "?!",
    ".",
    ",",
    ":",
    "#",
    "\"",
    "'",
    "\\",
    "-",
    "0",
    ".5",
    "1.",
    "true",
    "null",
    "$args",
    "->map(@)",
    "é",
    "\n",
    "\0",
    "{{{{{{{{{{{{{{{{",
    "$($($($($($($($(",
];

/// Cuts, repeats, swaps and adds pieces.
pub(crate) fn mutate(text: &str, chance: &mut Chance) -> String {
    if chance.percent(15) {
        return (0..chance.below(30)).map(|_| *chance.pick(&TOKENS)).collect();
    }
    let mut pieces: Vec<String> = pieces_of(text);
    for _ in 0..chance.between(1, 3) {
        let at = chance.below(pieces.len() + 1);
        match chance.below(6) {
            0 => drop(pieces.drain(at.min(pieces.len())..)),
            1 if at < pieces.len() => drop(pieces.remove(at)),
            2 if at < pieces.len() => pieces.insert(at, pieces[at].clone()),
            3 if at + 1 < pieces.len() => pieces.swap(at, at + 1),
            4 => {
                let many = if chance.percent(5) { chance.between(50, 400) } else { 1 };
                let token = *chance.pick(&TOKENS);
                pieces.insert(at, token.repeat(many));
            }
            _ => pieces.insert(at, (*chance.pick(&TOKENS)).to_owned()),
        }
    }
    pieces.concat()
}

/// Names stay whole, all else is cut into characters.
fn pieces_of(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut in_name = false;
    for c in text.chars() {
        let goes_on = in_name && c.is_ascii_alphanumeric();
        in_name = c.is_ascii_alphanumeric();
        match pieces.last_mut() {
            Some(last) if goes_on => last.push(c),
            _ => pieces.push(c.to_string()),
        }
    }
    pieces
}
