//! Conditions: what a part of the requests has in common.
//!
//! **In:** the text of a condition and its [`Phase`]; later a [`Scope`]. **Out:** whether it holds.
//!
//! **Never here:** texts and names (`parse`).
//!
//! **Holds:** as in CEL, `&&` and `||` forgive a failing side when the other side decides. A condition
//! that fails as a whole, say because it compares a header that is absent, does not hold.
//!
//! ```text
//! any      = all ("||" all)*
//! all      = not ("&&" not)*
//! not      = "!" not | "(" any ")" | "true" | "false" | relation
//! relation = text ("==" text | "!=" text | "in" "[" text ("," text)* "]" | "in" "request.headers"
//!                 | ".startsWith(" text ")" | ".endsWith(" text ")" | ".contains(" text ")")
//! text     = an expression
//! ```
//!
//! **Read first:** [`Condition::compile`], [`Condition::holds`].

use super::parse::Reader;
use super::{Expression, ExpressionError, ExpressionErrorKind, Phase, Scope};

/// A compiled condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    test: Test,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Constant(bool),
    HasHeader(Expression),
    In(Expression, Vec<Expression>),
    Compare(Expression, Relation, Expression),
    Not(Box<Test>),
    All(Vec<Test>),
    Any(Vec<Test>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Equal,
    Unequal,
    StartsWith,
    EndsWith,
    Contains,
}

const RELATIONS: [(&str, Relation); 5] = [
    ("==", Relation::Equal),
    ("!=", Relation::Unequal),
    (".startsWith(", Relation::StartsWith),
    (".endsWith(", Relation::EndsWith),
    (".contains(", Relation::Contains),
];

impl Condition {
    /// Reads a condition for a phase.
    ///
    /// # Errors
    /// When the text is not of the language, or names what its phase does not have.
    pub fn compile(text: &str, phase: Phase) -> Result<Self, ExpressionError> {
        let mut reader = Reader::new(text);
        let test = any(&mut reader, phase).and_then(|test| match reader.is_at_end() {
            true => Ok(test),
            false => Err(reader.unexpected("`&&`, `||` or the end")),
        });
        match test {
            Ok(test) => Ok(Self { test }),
            Err(kind) => Err(ExpressionError { expression: text.to_owned(), kind }),
        }
    }

    /// Whether it holds for a request.
    pub fn holds(&self, scope: &Scope<'_>) -> bool {
        self.test.evaluate(scope).unwrap_or(false)
    }
}

fn any(reader: &mut Reader<'_>, phase: Phase) -> Result<Test, ExpressionErrorKind> {
    several(reader, phase, "||", all, Test::Any)
}

fn all(reader: &mut Reader<'_>, phase: Phase) -> Result<Test, ExpressionErrorKind> {
    several(reader, phase, "&&", not, Test::All)
}

type Parse = fn(&mut Reader<'_>, Phase) -> Result<Test, ExpressionErrorKind>;

fn several(
    reader: &mut Reader<'_>,
    phase: Phase,
    operator: &str,
    part: Parse,
    join: fn(Vec<Test>) -> Test,
) -> Result<Test, ExpressionErrorKind> {
    let first = part(reader, phase)?;
    if !reader.starts_with(operator) {
        return Ok(first);
    }
    let mut parts = vec![first];
    while reader.take(operator) {
        parts.push(part(reader, phase)?);
    }
    Ok(join(parts))
}

fn not(reader: &mut Reader<'_>, phase: Phase) -> Result<Test, ExpressionErrorKind> {
    if reader.take("!") {
        return Ok(Test::Not(Box::new(not(reader, phase)?)));
    }
    if reader.take("(") {
        let test = any(reader, phase)?;
        return if reader.take(")") { Ok(test) } else { Err(reader.unexpected("`)`")) };
    }
    for (word, value) in [("true", true), ("false", false)] {
        if reader.take_word(word) {
            return Ok(Test::Constant(value));
        }
    }
    relation(reader, phase)
}

fn relation(reader: &mut Reader<'_>, phase: Phase) -> Result<Test, ExpressionErrorKind> {
    let left = text(reader, phase)?;
    if reader.take_word("in") {
        if reader.take_word("request.headers") {
            return Ok(Test::HasHeader(left));
        }
        return Ok(Test::In(left, list(reader, phase)?));
    }
    for (token, relation) in RELATIONS {
        if reader.take(token) {
            let right = text(reader, phase)?;
            if token.ends_with('(') && !reader.take(")") {
                return Err(reader.unexpected("`)`"));
            }
            return Ok(Test::Compare(left, relation, right));
        }
    }
    Err(reader.unexpected("`==`, `!=`, `in`, `.startsWith(`, `.endsWith(` or `.contains(`"))
}

fn list(reader: &mut Reader<'_>, phase: Phase) -> Result<Vec<Expression>, ExpressionErrorKind> {
    if !reader.take("[") {
        return Err(reader.unexpected("`[` or `request.headers`"));
    }
    let mut items = vec![text(reader, phase)?];
    while reader.take(",") {
        items.push(text(reader, phase)?);
    }
    if reader.take("]") { Ok(items) } else { Err(reader.unexpected("`,` or `]`")) }
}

fn text(reader: &mut Reader<'_>, phase: Phase) -> Result<Expression, ExpressionErrorKind> {
    Ok(Expression { terms: reader.sum(phase)? })
}

impl Test {
    /// Nothing: it fails.
    fn evaluate(&self, scope: &Scope<'_>) -> Option<bool> {
        match self {
            Self::Constant(value) => Some(*value),
            Self::HasHeader(name) => Some(scope.headers.contains_key(&*name.evaluate(scope)?)),
            Self::In(text, items) => {
                let text = text.evaluate(scope)?;
                let mut items = items.iter().map(|item| item.evaluate(scope));
                items.try_fold(false, |found, item| Some(found || item? == text))
            }
            Self::Compare(left, relation, right) => {
                Some(relation.holds(&left.evaluate(scope)?, &right.evaluate(scope)?))
            }
            Self::Not(test) => test.evaluate(scope).map(|value| !value),
            Self::All(tests) => decided_by(tests, scope, false),
            Self::Any(tests) => decided_by(tests, scope, true),
        }
    }
}

/// One part with this value decides; without one, a part that fails makes the whole fail.
fn decided_by(tests: &[Test], scope: &Scope<'_>, decisive: bool) -> Option<bool> {
    let mut value = Some(!decisive);
    for test in tests {
        match test.evaluate(scope) {
            Some(found) if found == decisive => return Some(decisive),
            Some(_) => {}
            None => value = None,
        }
    }
    value
}

impl Relation {
    fn holds(self, left: &str, right: &str) -> bool {
        match self {
            Self::Equal => left == right,
            Self::Unequal => left != right,
            Self::StartsWith => left.starts_with(right),
            Self::EndsWith => left.ends_with(right),
            Self::Contains => left.contains(right),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use http::{HeaderMap, HeaderName, HeaderValue, Method};

    use super::Condition;
    use crate::consumer::Consumer;
    use crate::expressions::{Phase, Scope};

    fn holds(text: &str) -> bool {
        let headers = HeaderMap::from_iter([(
            HeaderName::from_static("x-region"),
            HeaderValue::from_static("eu-west"),
        )]);
        let scope = Scope {
            id: "r1",
            method: &Method::POST,
            path: "/graphql",
            headers: &headers,
            client_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            consumer: &Consumer::anonymous(),
            path_params: &[],
            route: "",
        };
        Condition::compile(text, Phase::Request).unwrap().holds(&scope)
    }

    #[test]
    fn texts_are_compared() {
        assert!(holds("request.method == 'POST'"));
        assert!(!holds("request.method != 'POST'"));
        assert!(holds("request.path.startsWith('/gra') && request.path.endsWith('ql')"));
        assert!(holds("request.headers['X-Region'].contains('-')"));
        assert!(holds("request.method + request.path == 'POST/graphql'"));
        assert!(holds("request.client_ip in ['10.0.0.1', '127.0.0.1']"));
        assert!(holds("\"x-region\" in request.headers && !('x-beta' in request.headers)"));
        assert!(holds("false || true"));
    }

    #[test]
    fn what_cannot_be_compared_does_not_hold_unless_the_other_side_decides() {
        assert!(!holds("request.headers['x-beta'] == 'yes'"));
        assert!(!holds("request.headers['x-beta'] != 'yes'"));
        assert!(!holds("!(request.headers['x-beta'] == 'yes')"));
        assert!(holds("request.headers['x-beta'] == 'yes' || true"));
        assert!(!holds("request.headers['x-beta'] == 'yes' || false"));
    }

    #[test]
    fn and_binds_more_closely_than_or() {
        assert!(holds("true || false && false"));
        assert!(!holds("(true || false) && false"));
    }

    #[test]
    fn what_is_no_condition_is_refused_with_the_place() {
        let refused = |text| Condition::compile(text, Phase::Request).unwrap_err().to_string();
        assert!(refused("request.id").contains("where `==`, `!=`, `in`"));
        assert!(refused("request.id == 'a' 'b'").contains("found `'b'` where `&&`"));
        assert!(refused("(true").contains("where `)` was expected"));
        assert!(refused("consumer.plan == 'x'").contains("there is no `consumer.plan` here"));
        assert!(refused("'a' in 'b'").contains("where `[` or `request.headers`"));
    }
}
