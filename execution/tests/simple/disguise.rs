//! Writes JSON in ways that subgraphs need not, but may; and in ways that they may not.
//!
//! **In:** a body and a source of decisions. **Out:** [`disguised`]: the same value written otherwise;
//! [`damaged`]: bytes that may be anything.
//!
//! **Never here:** what executors make of it (`hostile`).

use crate::laws::Dice;
use serde_json::Value;

/// The same JSON with members in any order, spaces, escapes in names, unknown members, and names again.
pub(crate) fn disguised(body: &[u8], dice: &mut Dice) -> Vec<u8> {
    rewritten(body, dice, Escapes::InNames)
}

/// The same with escapes also in values: then representations that were equal need not be.
pub(crate) fn escaped(body: &[u8], dice: &mut Dice) -> Vec<u8> {
    rewritten(body, dice, Escapes::Everywhere)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Escapes {
    InNames,
    Everywhere,
}

fn rewritten(body: &[u8], dice: &mut Dice, escapes: Escapes) -> Vec<u8> {
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return body.to_vec() };
    let spaced = dice.throw(2) == 0;
    let mut writer = Writer { dice, out: String::new(), spaced, escapes };
    writer.space();
    writer.value(&value);
    writer.space();
    writer.out.into_bytes()
}

/// A few bytes cut off, replaced, doubled or added.
pub(crate) fn damaged(body: &[u8], dice: &mut Dice) -> Vec<u8> {
    const BYTES: &[u8] = b"{}[]\",:\\ntf0-1.eE u\x00\x1f\x7f\xc3\xff";
    let mut body = body.to_vec();
    for _ in 0..=dice.throw(3) {
        let at = dice.throw(body.len().max(1));
        match dice.throw(5) {
            0 => body.truncate(at),
            1 if at < body.len() => body[at] = BYTES[dice.throw(BYTES.len())],
            2 if at < body.len() => drop(body.remove(at)),
            3 => {
                let end = (at + dice.throw(20)).min(body.len());
                let doubled = body[at.min(end)..end].to_vec();
                body.splice(end..end, doubled);
            }
            _ => body.insert(at.min(body.len()), BYTES[dice.throw(BYTES.len())]),
        }
    }
    body
}

struct Writer<'d> {
    dice: &'d mut Dice,
    out: String,
    spaced: bool,
    escapes: Escapes,
}

impl Writer<'_> {
    fn space(&mut self) {
        while self.spaced && self.dice.throw(3) == 0 {
            self.out.push([' ', '\t', '\n', '\r'][self.dice.throw(4)]);
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Object(members) => {
                let mut members: Vec<(&String, &Value)> = members.iter().collect();
                if self.dice.throw(2) == 0 {
                    for i in (1..members.len()).rev() {
                        members.swap(i, self.dice.throw(i + 1));
                    }
                } else if let Some(at) = members.iter().position(|row| row.0 == "__typename") {
                    let first = members.remove(at);
                    members.insert(0, first);
                }
                self.out.push('{');
                for (i, (name, value)) in members.iter().enumerate() {
                    if i > 0 {
                        self.out.push(',');
                    }
                    self.member(name, value);
                    if self.dice.throw(8) == 0 {
                        self.out.push(',');
                        let again = members[self.dice.throw(i + 1)].0;
                        self.member(again, &Value::from("again"));
                    }
                    if self.dice.throw(8) == 0 {
                        self.out.push(',');
                        let junk =
                            serde_json::json!({"__typename": 1, "a": [{"b": {}}], "": "\u{e9}\n"});
                        self.member("junk", &junk);
                    }
                }
                self.space();
                self.out.push('}');
            }
            Value::Array(items) => {
                self.out.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        self.out.push(',');
                    }
                    self.space();
                    self.value(item);
                    self.space();
                }
                self.space();
                self.out.push(']');
            }
            Value::String(text) => self.string(text, self.escapes),
            other => self.out.push_str(&other.to_string()),
        }
    }

    fn member(&mut self, name: &str, value: &Value) {
        self.space();
        self.string(name, Escapes::Everywhere);
        self.space();
        self.out.push(':');
        self.space();
        self.value(value);
        self.space();
    }

    fn string(&mut self, text: &str, escapes: Escapes) {
        if escapes == Escapes::InNames || self.dice.throw(6) > 0 {
            return self.out.push_str(&Value::from(text).to_string());
        }
        self.out.push('"');
        for character in text.chars() {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                self.out.push_str(&format!("\\u{unit:04x}"));
            }
        }
        self.out.push('"');
    }
}
