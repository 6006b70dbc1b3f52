//! Bodies of requests, from well-behaved to broken.
//!
//! **In:** chance. **Out:** bytes.
//!
//! **Never here:** what they must be read as (`model`).

use oracle::Chance;

const NAMES: [&str; 12] = [
    "query",
    "query",
    "operationName",
    "variables",
    "extensions",
    "Query",
    "quer\\u0079",
    "\\u0071uery",
    "operation_name",
    "",
    "id",
    "\\ud800",
];

const TEXTS: [&str; 14] = [
    "{ a }",
    "query A { a }",
    "\\u007b a \\u007D",
    "\\\"\\\\\\/\\b\\f\\n\\r\\t",
    "\\ud83d\\ude00 \u{1f600}",
    "\\ud83d",
    "\\udc00\\ud800",
    "\\u12",
    "\\x",
    "\u{2028}\u{7f}",
    "\n",
    "\u{0}",
    "null",
    "}{][,:",
];

const NUMBERS: [&str; 16] = [
    "0",
    "-0",
    "1",
    "-1",
    "01",
    "1.",
    ".5",
    "1.5",
    "1e2",
    "1E+400",
    "-1e-400",
    "+1",
    "--1",
    "9007199254740993",
    "123456789012345678901234567890",
    "-",
];

const TOKENS: [&[u8]; 24] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b",",
    b":",
    b"\\",
    b"\\u",
    b"\\ud800",
    b"null",
    b"tru",
    b"-",
    b"0",
    b"1e",
    b" ",
    b"\n",
    b"\x00",
    b"\x1f",
    b"\xc3",
    b"\xff",
    b"\xed\xa0\x80",
    b"\"query\":",
    b"\xef\xbb\xbf",
];

/// A body.
pub(crate) fn random(chance: &mut Chance) -> Vec<u8> {
    let mut writer = Writer { chance, out: String::new() };
    writer.request();
    let mut body = writer.out.into_bytes();
    if chance.percent(40) {
        damage(&mut body, chance);
    }
    body
}

struct Writer<'c> {
    chance: &'c mut Chance,
    out: String,
}

impl Writer<'_> {
    fn request(&mut self) {
        self.space();
        if self.chance.percent(3) {
            return self.value(0);
        }
        self.out.push('{');
        let mut names: Vec<&str> = vec!["query", "operationName", "variables", "extensions"];
        names.retain(|_| self.chance.percent(60));
        while self.chance.percent(25) {
            let at = self.chance.below(names.len() + 1);
            names.insert(at, self.chance.pick::<&str>(&NAMES));
        }
        for (i, name) in names.into_iter().enumerate() {
            self.out.push_str(if i > 0 { "," } else { "" });
            self.space();
            self.out.push_str(&format!("\"{name}\""));
            self.space();
            self.out.push(':');
            self.part(name);
        }
        self.out.push('}');
        self.space();
    }

    fn part(&mut self, name: &str) {
        match name {
            _ if self.chance.percent(8) => self.value(0),
            "query" | "operationName" => self.string(),
            "variables" | "extensions" => self.members(0),
            _ => self.value(0),
        }
    }

    fn value(&mut self, depth: usize) {
        self.space();
        match self.chance.below(if depth > 4 { 6 } else { 9 }) {
            0 => self.out.push_str("null"),
            1 => self.out.push_str(if self.chance.percent(50) { "true" } else { "false" }),
            2 | 3 => {
                // A third of them is none.
                let n = if self.chance.percent(95) { 4 } else { NUMBERS.len() };
                self.out.push_str(NUMBERS[self.chance.below(n)]);
            }
            4 | 5 => self.string(),
            6 => self.members(depth + 1),
            7 => self.deep(),
            _ => {
                self.out.push('[');
                for i in 0..self.chance.below(4) {
                    self.out.push_str(if i > 0 { "," } else { "" });
                    self.value(depth + 1);
                }
                self.out.push(']');
            }
        }
        self.space();
    }

    /// Around the depth that readers give up at.
    fn deep(&mut self) {
        let n = *self.chance.pick(&[1, 5, 120, 124, 125, 126, 127, 128, 129, 500]);
        let (open, close) = *self.chance.pick(&[("[", "]"), ("{\"a\":", "}")]);
        let inside = if open == "[" { "" } else { "1" };
        self.out.push_str(&format!("{}{inside}{}", open.repeat(n), close.repeat(n)));
    }

    fn members(&mut self, depth: usize) {
        self.out.push('{');
        for i in 0..self.chance.below(4) {
            self.out.push_str(if i > 0 { "," } else { "" });
            self.space();
            // Few names, so that they come twice.
            let name = *self.chance.pick(&["a", "b", "\\u0061", "query"]);
            self.out.push_str(&format!("\"{name}\":"));
            self.value(depth + 1);
        }
        self.out.push('}');
    }

    fn string(&mut self) {
        self.out.push('"');
        self.out.push_str(&"x".repeat(*self.chance.pick(&[0, 0, 7, 8, 15, 16, 31, 33, 300])));
        for _ in 0..self.chance.below(3) {
            // Most of what is in the list is fine; what is not comes rarely.
            let n = if self.chance.percent(90) { 5 } else { TEXTS.len() };
            self.out.push_str(TEXTS[self.chance.below(n)]);
        }
        self.out.push('"');
    }

    fn space(&mut self) {
        while self.chance.percent(8) {
            self.out.push(*self.chance.pick(&[' ', '\n', '\t', '\r']));
        }
    }
}

fn damage(body: &mut Vec<u8>, chance: &mut Chance) {
    for _ in 0..chance.between(1, 3) {
        let at = chance.below(body.len().max(1)).min(body.len());
        let end = (at + chance.below(30)).min(body.len());
        match chance.below(7) {
            0 => body.truncate(at),
            1 if at < body.len() => body[at] ^= 1 << chance.below(8),
            2 if at < body.len() => drop(body.remove(at)),
            3 => drop(body.drain(at..end)),
            4 => {
                let part = body[at..end].to_vec();
                let to = chance.below(body.len() + 1);
                body.splice(to..to, part);
            }
            _ => {
                let token = *chance.pick(&TOKENS);
                body.splice(at..at, token.iter().copied());
            }
        }
    }
}
