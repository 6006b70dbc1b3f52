//! Objects with hostile values: a function of seed, object and field.
//!
//! **In:** a seed. **Out:** the schemas, and what each field of each object holds.
//!
//! **Never here:** what a value becomes in a response (`model`), how an answer is written (`answers`).
//!
//! **Holds:** an object's field has the same text wherever it is asked for. All texts are JSON without
//! lone surrogates.

use oracle::Chance;

/// The two subgraphs. Each `Node` is an entity of both.
pub(crate) const SUBGRAPHS: [(&str, &str); 2] = [("nodes", NODES), ("notes", NOTES)];

const NODES: &str = r#"
extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
type Query { node: Node nodes: [Node!] some: [Node] sure: Node! thing: Thing things: [Thing!] any: Any }
interface Thing { id: ID! text: String }
type Node implements Thing @key(fields: "id") {
  id: ID! text: String must: String! int: Int float: Float flag: Boolean kind: Kind json: JSON
  texts: [String!] grid: [[Int]] next: Node firm: Node! near: [Node] all: [Node!]! things: [Thing] any: Any
}
type Leaf implements Thing { id: ID! text: String number: Float! json: JSON }
union Any = Node | Leaf
enum Kind { A B }
scalar JSON
"#;

const NOTES: &str = r#"
extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
type Node @key(fields: "id") {
  id: ID! note: String weight: Float! extra: JSON back: Node ids: [ID] marks: [[String]!]
}
scalar JSON
"#;

/// Fields with their types, by object type; the same as in the schemas.
const QUERY: &[(&str, &str)] = &[
    ("node", "Node"),
    ("nodes", "[Node!]"),
    ("some", "[Node]"),
    ("sure", "Node!"),
    ("thing", "Thing"),
    ("things", "[Thing!]"),
    ("any", "Any"),
];
const NODE: &[(&str, &str)] = &[
    ("id", "ID!"),
    ("text", "String"),
    ("must", "String!"),
    ("int", "Int"),
    ("float", "Float"),
    ("flag", "Boolean"),
    ("kind", "Kind"),
    ("json", "JSON"),
    ("texts", "[String!]"),
    ("grid", "[[Int]]"),
    ("next", "Node"),
    ("firm", "Node!"),
    ("near", "[Node]"),
    ("all", "[Node!]!"),
    ("things", "[Thing]"),
    ("any", "Any"),
    ("note", "String"),
    ("weight", "Float!"),
    ("extra", "JSON"),
    ("back", "Node"),
    ("ids", "[ID]"),
    ("marks", "[[String]!]"),
];
const LEAF: &[(&str, &str)] =
    &[("id", "ID!"), ("text", "String"), ("number", "Float!"), ("json", "JSON")];

/// How many nodes there are: so few that they repeat.
const N_NODES: usize = 4;

/// The object types.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Query,
    Node,
    Leaf,
}

/// An object: its type and its number; at an abstract field perhaps with another type's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Object {
    pub(crate) kind: Kind,
    pub(crate) n: usize,
    pub(crate) lies: bool,
}

/// What a field holds.
#[derive(Clone, Debug)]
pub(crate) enum Made {
    /// JSON text: a leaf, or what does not belong there.
    Text(String),
    Object(Object),
    List(Vec<Made>),
}

/// All values.
#[derive(Clone, Copy)]
pub(crate) struct World {
    pub(crate) seed: u64,
    /// How many percent of the values are null or of another class.
    pub(crate) wrong: usize,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Query => "Query",
            Self::Node => "Node",
            Self::Leaf => "Leaf",
        }
    }

    pub(crate) fn fields(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Query => QUERY,
            Self::Node => NODE,
            Self::Leaf => LEAF,
        }
    }
}

impl World {
    pub(crate) fn root() -> Object {
        Object { kind: Kind::Query, n: 0, lies: false }
    }

    /// The value of a field.
    pub(crate) fn made(self, object: Object, field: &str) -> Made {
        let ty = object.kind.fields().iter().find(|(name, _)| *name == field);
        let mut chance = self.chance(object, field);
        match (field, ty) {
            ("id", _) => Made::Text(id(object, &mut chance)),
            (_, Some((_, ty))) => self.of(ty, &mut chance),
            (_, None) => Made::Text("null".to_owned()),
        }
    }

    /// The node whose id has this text, escapes resolved.
    pub(crate) fn node(self, id: &serde_json::Value) -> Option<Object> {
        (0..N_NODES).map(|n| Object { kind: Kind::Node, n, lies: false }).find(|object| {
            let Made::Text(text) = self.made(*object, "id") else { return false };
            serde_json::from_str::<serde_json::Value>(&text).is_ok_and(|own| own == *id)
        })
    }

    fn chance(self, object: Object, field: &str) -> Chance {
        let mut hash = self.seed ^ ((object.n as u64) << 32) ^ ((object.kind as u64) << 40);
        for byte in field.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Chance::new(hash)
    }

    fn of(self, ty: &str, chance: &mut Chance) -> Made {
        let ty = ty.strip_suffix('!').unwrap_or(ty);
        if chance.percent(self.wrong) {
            return Made::Text(wrong(ty, chance));
        }
        if let Some(item) = ty.strip_prefix('[').and_then(|ty| ty.strip_suffix(']')) {
            return Made::List((0..chance.below(4)).map(|_| self.of(item, chance)).collect());
        }
        let n = chance.below(N_NODES);
        match ty {
            "Node" => Made::Object(Object { kind: Kind::Node, n, lies: false }),
            "Thing" | "Any" => {
                let kind = *chance.pick(&[Kind::Node, Kind::Leaf]);
                Made::Object(Object { kind, n, lies: chance.percent(self.wrong) })
            }
            "String" => Made::Text(string(chance)),
            "Int" => Made::Text(pick(chance, &["0", "-0", "7", "2147483647", "-2147483648"])),
            "Float" => Made::Text(number(chance)),
            "Boolean" => Made::Text(pick(chance, &["true", "false"])),
            "Kind" => Made::Text(pick(chance, &["\"A\"", "\"B\"", "\"\\u0041\"", "\"C\"", "\"\""])),
            "ID" => Made::Text(pick(chance, &["\"\"", "12345678901234567890123", "-1", "\"\\/\""])),
            _ => Made::Text(json(chance, 0)),
        }
    }
}

/// What is not of the type, or null.
fn wrong(ty: &str, chance: &mut Chance) -> String {
    let texts: &[&str] = match ty {
        _ if ty.starts_with('[') => &["null", "7", "\"x\"", "{}", "true", "{\"a\":[]}"],
        "Node" | "Thing" | "Any" => &["null", "7", "\"x\"", "[]", "[null]", "[[{}]]"],
        "JSON" => &["null", " [ ] ", "{ }"],
        _ => &["null", "7", "\"x\"", "1.5", "1e2", "2147483648", "true", "[]", "{}", "[[1]]"],
    };
    pick(chance, texts).trim().to_owned()
}

/// Different for all objects of a type, strange for most.
fn id(object: Object, chance: &mut Chance) -> String {
    let n = object.n;
    match chance.below(6) {
        0 => n.to_string(),
        1 => format!("\"{n}\\u0000\""),
        2 => format!("\"\\\"{n}\\\\\""),
        3 => format!("\"\\u00e9\u{e9}\\ud83d\\ude00{n}\""),
        4 => format!("\"{}{n}\"", "i".repeat(chance.below(70))),
        _ => format!("\"\\u{:04x}\\n\u{2028}\"", 0x61 + n),
    }
}

fn string(chance: &mut Chance) -> String {
    const PARTS: [&str; 18] = [
        "a",
        "0123456789abcdef",
        "\\\"",
        "\\\\",
        "\\/",
        "\\n",
        "\\u0000",
        "\\u001F",
        "\\u2028",
        "\\ud83d\\ude00",
        "\\uDBFF\\uDFFF",
        "\u{7f}",
        "\u{e9}",
        "\u{2028}",
        "\u{1f600}",
        "\u{ffff}",
        "{\\\"data\\\":null}",
        "]},[{:",
    ];
    let mut out = String::from("\"");
    // Lengths around the widths that vectors have.
    out.push_str(&"x".repeat(*chance.pick(&[0, 0, 0, 7, 14, 15, 16, 30, 31, 32, 62, 63, 64, 300])));
    for _ in 0..chance.below(6) {
        out.push_str(chance.pick::<&str>(&PARTS));
    }
    out.push('"');
    out
}

fn number(chance: &mut Chance) -> String {
    const NUMBERS: [&str; 12] = [
        "0",
        "-0",
        "-0.0",
        "1e2",
        "1E+2",
        "1.5e-300",
        "1e400",
        "0.1",
        "123456789012345678901234567890",
        "9007199254740993",
        "-1.00000000000000000000001",
        "2147483648",
    ];
    pick(chance, &NUMBERS)
}

/// Any JSON, spaces included.
fn json(chance: &mut Chance, depth: usize) -> String {
    if depth == 0 && chance.percent(3) {
        let n = chance.between(10, 60);
        return format!("{}{}", "[".repeat(n), "]".repeat(n));
    }
    let space = *chance.pick(&["", "", " ", "\n\t", "\r"]);
    match chance.below(if depth > 3 { 4 } else { 6 }) {
        0 => pick(chance, &["null", "true", "false"]),
        1 => number(chance),
        2 | 3 => string(chance),
        4 => {
            let items: Vec<String> =
                (0..chance.below(4)).map(|_| json(chance, depth + 1)).collect();
            format!("[{space}{}{space}]", items.join(&format!("{space},")))
        }
        _ => {
            let members: Vec<String> = (0..chance.below(4))
                .map(|_| format!("{}{space}:{}", string(chance), json(chance, depth + 1)))
                .collect();
            format!("{{{space}{}{space}}}", members.join(","))
        }
    }
}

fn pick(chance: &mut Chance, texts: &[&str]) -> String {
    (*chance.pick(texts)).to_owned()
}
