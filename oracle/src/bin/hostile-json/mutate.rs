//! Spoils bodies: some stay JSON, some do not.
//!
//! **In:** a body. **Out:** another.
//!
//! **Never here:** knowledge of plans.

use oracle::Chance;
use serde_json::Value;

const TOKENS: [&[u8]; 30] = [
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
    b"\\udc00",
    b"null",
    b"true",
    b"false",
    b"-",
    b"0",
    b"1e",
    b".5",
    b" ",
    b"\n",
    b"\t",
    b"\x00",
    b"\x1f",
    b"\x7f",
    b"\xc3",
    b"\xff",
    b"\xed\xa0\x80",
    b"\"__typename\":",
    b"{\"data\":",
    b"[[[[[[[[[[[[[[[[",
];

/// Leaves a body alone, writes it otherwise, or damages it.
pub(crate) fn mutate(body: Vec<u8>, chance: &mut Chance) -> Vec<u8> {
    match chance.below(5) {
        0 => body,
        1 | 2 => rewrite(&body, chance),
        3 => damage(body, chance),
        _ => {
            let body = rewrite(&body, chance);
            damage(body, chance)
        }
    }
}

fn damage(mut body: Vec<u8>, chance: &mut Chance) -> Vec<u8> {
    for _ in 0..chance.between(1, 3) {
        let at = chance.below(body.len().max(1)).min(body.len());
        match chance.below(7) {
            0 => body.truncate(at),
            1 if at < body.len() => body[at] ^= 1 << chance.below(8),
            2 if at < body.len() => drop(body.remove(at)),
            3 => {
                let end = (at + chance.below(40)).min(body.len());
                let part = body[at..end].to_vec();
                let to = chance.below(body.len() + 1);
                body.splice(to..to, part);
            }
            4 => {
                let end = (at + chance.below(20)).min(body.len());
                body.drain(at..end);
            }
            5 if at < body.len() => {
                let token = *chance.pick(&TOKENS);
                let end = (at + token.len()).min(body.len());
                body.splice(at..end, token.iter().copied());
            }
            _ => {
                let token = *chance.pick(&TOKENS);
                body.splice(at..at, token.iter().copied());
            }
        }
    }
    body
}

/// The same value in another order, with spaces, escapes, unknown members, and names again.
fn rewrite(body: &[u8], chance: &mut Chance) -> Vec<u8> {
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return body.to_vec() };
    let (spaces, escapes) = (*chance.pick(&[0, 0, 30]), *chance.pick(&[0, 0, 20]));
    let mut writer = Writer { chance, out: String::new(), spaces, escapes };
    writer.value(&value);
    writer.out.into_bytes()
}

struct Writer<'c> {
    chance: &'c mut Chance,
    out: String,
    spaces: usize,
    escapes: usize,
}

impl Writer<'_> {
    fn space(&mut self) {
        while self.chance.percent(self.spaces) {
            self.out.push(*self.chance.pick(&[' ', '\n', '\t', '\r']));
        }
    }

    fn value(&mut self, value: &Value) {
        self.space();
        match value {
            Value::Object(members) => {
                let mut members: Vec<(&String, &Value)> = members.iter().collect();
                for i in (1..members.len()).rev() {
                    members.swap(i, self.chance.below(i + 1));
                }
                self.out.push('{');
                for (i, (name, value)) in members.iter().enumerate() {
                    self.member(if i > 0 { "," } else { "" }, name, value);
                    if self.chance.percent(5) {
                        let again = members[self.chance.below(i + 1)].0;
                        let value = members[self.chance.below(members.len())].1;
                        self.member(",", again, value);
                    }
                    if self.chance.percent(3) {
                        self.member(",", "junk", &serde_json::json!([{ "__typename": "T" }, []]));
                    }
                }
                self.space();
                self.out.push('}');
            }
            Value::Array(items) => {
                self.out.push('[');
                for (i, item) in items.iter().enumerate() {
                    self.out.push_str(if i > 0 { "," } else { "" });
                    self.value(item);
                }
                self.space();
                self.out.push(']');
            }
            Value::String(text) => self.string(text),
            other => self.out.push_str(&other.to_string()),
        }
        self.space();
    }

    fn member(&mut self, separator: &str, name: &str, value: &Value) {
        self.out.push_str(separator);
        self.space();
        self.string(name);
        self.space();
        self.out.push(':');
        self.value(value);
    }

    fn string(&mut self, text: &str) {
        if !self.chance.percent(self.escapes) {
            return self.out.push_str(&Value::from(text).to_string());
        }
        self.out.push('"');
        for unit in text.encode_utf16() {
            self.out.push_str(&format!("\\u{unit:04X}"));
        }
        self.out.push('"');
    }
}
