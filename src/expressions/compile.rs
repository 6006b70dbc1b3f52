//! Reads the text of an expression: parses it, checks its names and functions, finds its terms.
//!
//! **In:** text and phase. **Out:** a [`Compiled`] tree, or the first thing that is wrong.
//!
//! **Never here:** evaluation (`program`), the forms that need none (`condition`).
//!
//! **Holds:** every name is replaced by an identifier that no text can write, `@` and the index of its
//! term, and `@has` for the question whether it is there; so an evaluation looks nothing up by text.
//! The parser and the walks here recurse: they run on a stack that is large enough for the longest text,
//! and what is nested too deeply to be evaluated anywhere is refused.
//!
//! **Read first:** [`compile`].

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};
use std::thread;

use cel::common::ast::{CallExpr, EntryExpr, Expr, LiteralValue, SourceInfo, operators};
use cel::{Env, IdedExpr, extensions};
use http::HeaderName;
use regex::{Regex, RegexBuilder};

use super::error::Place;
use super::names::{self, Kind, Name};
use super::term::Term;
use super::{ExpressionError, ExpressionErrorKind, Phase};

/// More is a program, not a rule.
pub(super) const MAX_BYTES: usize = 4_096;
const MAX_DEPTH: usize = 48;
/// What a compiled pattern may take.
const MAX_PATTERN: usize = 1 << 20;
/// What parsing the longest text takes without optimization, many times over.
const STACK: usize = 256 << 20;

/// An expression whose names are known.
#[derive(Debug)]
pub(super) struct Compiled {
    pub expr: IdedExpr,
    pub terms: Vec<Term>,
    kind: Kind,
}

impl Compiled {
    /// What it gives, as far as can be told without evaluating.
    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// The term that an identifier of the tree stands for; `has`: the question whether it is there.
    pub(super) fn term(&self, identifier: &str) -> Option<Reference<'_>> {
        let (index, has) = reference(identifier)?;
        self.terms.get(index).map(|term| Reference { term, has })
    }
}

/// An identifier of ours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reference<'a> {
    pub term: &'a Term,
    pub has: bool,
}

/// The index of a term and whether only its presence is asked, of an identifier of ours.
pub(super) fn reference(identifier: &str) -> Option<(usize, bool)> {
    let rest = identifier.strip_prefix('@')?;
    match rest.strip_prefix("has") {
        Some(index) => Some((index.parse().ok()?, true)),
        None => Some((rest.parse().ok()?, false)),
    }
}

/// What expressions run in: the standard functions of CEL, and those for texts.
pub(super) static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib();
    // It fails where a name is taken, and none of these is.
    let _ = env.add_extension(extensions::strings);
    Arc::new(env)
});

/// Reads an expression.
///
/// # Errors
/// When it is not CEL, too long, or names what its phase does not have.
pub(super) fn compile(text: &str, phase: Phase) -> Result<Compiled, ExpressionError> {
    let refused = |kind| ExpressionError::of(text, Place::START, kind);
    if text.len() > MAX_BYTES {
        return Err(refused(ExpressionErrorKind::TooLong { limit: MAX_BYTES }));
    }
    let read = || catch_unwind(AssertUnwindSafe(|| read(text, phase)));
    let done = thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, read);
        thread.ok().and_then(|thread| thread.join().ok())
    });
    let unread = |_: Box<dyn Any + Send>| {
        let message = "the parser cannot read it".to_owned();
        Err(refused(ExpressionErrorKind::Syntax { message }))
    };
    match done {
        Some(result) => result.unwrap_or_else(unread),
        None => unread(Box::new(())),
    }
}

fn read(text: &str, phase: Phase) -> Result<Compiled, ExpressionError> {
    let program = ENVIRONMENT.compile(text).map_err(|errors| syntax_error(text, &errors))?;
    let mut walk =
        Walk { phase, source: program.source_info(), terms: Vec::new(), bound: Vec::new() };
    let mut expr = program.expression().clone();
    let found = walk.expr(&mut expr, 0);
    let kind =
        found.map_err(|(byte, kind)| ExpressionError::of(text, Place::of(text, byte), kind))?;
    let terms = walk.terms;
    Ok(Compiled { expr, terms, kind })
}

fn syntax_error(text: &str, errors: &cel::ParseErrors) -> ExpressionError {
    let Some(error) = errors.errors.first() else {
        let message = "it is not CEL".to_owned();
        return ExpressionError::of(text, Place::START, ExpressionErrorKind::Syntax { message });
    };
    let message = error.msg.strip_prefix("Syntax error: ").unwrap_or(&error.msg);
    // What the grammar expects is a list of its tokens.
    let message = message.split(" expecting ").next().unwrap_or(message);
    let message = match message.contains("<EOF>") {
        true => "it ends too early".to_owned(),
        false => message.replace('\'', "`"),
    };
    let place = Place {
        line: usize::try_from(error.pos.0).unwrap_or(1).max(1),
        column: usize::try_from(error.pos.1).unwrap_or(1).max(1),
    };
    ExpressionError::of(text, place, ExpressionErrorKind::Syntax { message })
}

/// What is wrong, and the byte where.
type Wrong = (usize, ExpressionErrorKind);

struct Walk<'s> {
    phase: Phase,
    source: &'s SourceInfo,
    terms: Vec<Term>,
    /// The variables of the comprehensions around.
    bound: Vec<String>,
}

impl Walk<'_> {
    /// Checks an expression and what is in it, and replaces its names.
    fn expr(&mut self, expr: &mut IdedExpr, depth: usize) -> Result<Kind, Wrong> {
        if depth > MAX_DEPTH {
            return Err((0, ExpressionErrorKind::TooDeep { limit: MAX_DEPTH }));
        }
        let (at, depth) = (self.start(expr), depth + 1);
        if let Some(term) = self.term(expr)? {
            let has = matches!(&expr.expr, Expr::Select(select) if select.test);
            let kind = if has { Kind::Bool } else { term.kind() };
            expr.expr = self.identifier(term, has);
            return Ok(kind);
        }
        match &mut expr.expr {
            Expr::Unspecified => {
                let message = "it ends too early".to_owned();
                Err((at, ExpressionErrorKind::Syntax { message }))
            }
            Expr::Literal(literal) => Ok(kind_of(literal)),
            Expr::Ident(name) => match self.is_bound(name) || names::is_type(name) {
                true => Ok(Kind::Unknown),
                false => Err((at, self.unknown(name))),
            },
            Expr::Select(select) => {
                let kind = self.expr(&mut select.operand, depth)?;
                match kind {
                    Kind::Map | Kind::Unknown if select.test => Ok(Kind::Bool),
                    Kind::Map | Kind::Unknown => Ok(Kind::Unknown),
                    _ => {
                        let name = self.written(&select.operand);
                        Err((at, ExpressionErrorKind::NoMembers { name, is: kind.name() }))
                    }
                }
            }
            Expr::List(list) => {
                list.elements.iter_mut().try_for_each(|item| self.expr(item, depth).map(drop))?;
                Ok(Kind::List)
            }
            Expr::Map(map) => {
                map.entries.iter_mut().try_for_each(|entry| self.entry(&mut entry.expr, depth))?;
                Ok(Kind::Map)
            }
            Expr::Struct(made) => {
                let name = made.type_name.clone();
                Err((at, ExpressionErrorKind::UnknownFunction { name }))
            }
            Expr::Comprehension(_) => self.comprehension(expr, depth),
            Expr::Call(_) => self.call(expr, at, depth),
        }
    }

    fn entry(&mut self, entry: &mut EntryExpr, depth: usize) -> Result<(), Wrong> {
        match entry {
            EntryExpr::MapEntry(entry) => {
                self.expr(&mut entry.key, depth)?;
                self.expr(&mut entry.value, depth).map(drop)
            }
            EntryExpr::StructField(field) => self.expr(&mut field.value, depth).map(drop),
        }
    }

    fn comprehension(&mut self, expr: &mut IdedExpr, depth: usize) -> Result<Kind, Wrong> {
        let Expr::Comprehension(comprehension) = &mut expr.expr else { return Ok(Kind::Unknown) };
        self.expr(&mut comprehension.iter_range, depth)?;
        let kind = self.expr(&mut comprehension.accu_init, depth)?;
        let outside = self.bound.len();
        self.bound.push(comprehension.iter_var.clone());
        self.bound.extend(comprehension.iter_var2.clone());
        self.expr(&mut comprehension.loop_cond, depth)?;
        self.expr(&mut comprehension.loop_step, depth)?;
        self.bound.truncate(outside);
        self.expr(&mut comprehension.result, depth)?;
        super::program::meter(comprehension);
        // `exists_one` counts, and compares at the end.
        Ok(if kind == Kind::Number { Kind::Bool } else { kind })
    }

    fn call(&mut self, expr: &mut IdedExpr, at: usize, depth: usize) -> Result<Kind, Wrong> {
        let Expr::Call(call) = &mut expr.expr else { return Ok(Kind::Unknown) };
        if let Some(term) = self.asked_presence(call)? {
            expr.expr = self.identifier(term, true);
            return Ok(Kind::Bool);
        }
        let space = match call.target.as_ref().map(|target| &target.expr) {
            Some(Expr::Ident(name)) if !self.is_bound(name) && names::is_namespace(name) => {
                Some(name.clone())
            }
            _ => None,
        };
        let name = match &space {
            Some(space) => format!("{space}.{}", call.func_name),
            None => call.func_name.clone(),
        };
        let is_member = space.is_none() && call.target.is_some();
        if !names::is_function(&name, is_member) {
            return Err((at, ExpressionErrorKind::UnknownFunction { name }));
        }
        if let Some(target) = call.target.as_mut().filter(|_| space.is_none()) {
            self.expr(target, depth)?;
        }
        if let ("matches", Some(pattern)) = (name.as_str(), call.args.last()) {
            self.pattern(pattern)?;
        }
        let mut kinds = Vec::with_capacity(call.args.len());
        for arg in &mut call.args {
            kinds.push((self.start(arg), self.expr(arg, depth)?));
        }
        result_of(&call.func_name, &kinds)
    }

    /// What is written out as a pattern must be one.
    fn pattern(&self, expr: &IdedExpr) -> Result<(), Wrong> {
        match text(&expr.expr) {
            Some(text) if pattern(text).is_none() => {
                let pattern = text.to_owned();
                Err((self.start(expr), ExpressionErrorKind::Pattern { pattern }))
            }
            _ => Ok(()),
        }
    }

    /// `"name" in request.headers` asks whether an entry is there.
    fn asked_presence(&self, call: &CallExpr) -> Result<Option<Term>, Wrong> {
        let (operators::IN, [key, map]) = (call.func_name.as_str(), call.args.as_slice()) else {
            return Ok(None);
        };
        let (Some(key_text), Some(Term::Name(name))) = (text(&key.expr), self.term(map)?) else {
            return Ok(None);
        };
        entry_of(name, key_text).map_err(|kind| (self.start(key), kind))
    }

    /// The term that an expression is, if it is one.
    fn term(&self, expr: &IdedExpr) -> Result<Option<Term>, Wrong> {
        let (of, key) = match &expr.expr {
            Expr::Literal(LiteralValue::String(_)) => return Ok(None),
            Expr::Ident(name) if !self.is_bound(name) => {
                let found = names::find(name, "", self.phase);
                return match found {
                    Some((name, _)) => Ok(Some(Term::Name(name))),
                    None if names::is_group(name, self.phase) => {
                        let known = names::known(Some(name), self.phase);
                        let name = name.clone();
                        Err((self.start(expr), ExpressionErrorKind::BareName { name, known }))
                    }
                    None => Ok(None),
                };
            }
            Expr::Select(select) => (&*select.operand, select.field.as_str()),
            Expr::Call(call) if call.func_name == operators::INDEX => match call.args.as_slice() {
                [of, key] => match text(&key.expr) {
                    Some(key) => (of, key),
                    None => return Ok(None),
                },
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        if let Expr::Ident(group) = &of.expr {
            let is_free = !self.is_bound(group) && names::is_group(group, self.phase);
            if is_free && names::find(group, "", self.phase).is_none() {
                return match names::find(group, key, self.phase) {
                    Some((name, _)) => Ok(Some(Term::Name(name))),
                    None => {
                        let known = names::known(Some(group), self.phase);
                        let name = format!("{group}.{key}");
                        Err((self.start(expr), ExpressionErrorKind::UnknownName { name, known }))
                    }
                };
            }
        }
        match self.term(of)? {
            Some(Term::Name(name)) => entry_of(name, key).map_err(|kind| (self.start(expr), kind)),
            _ => Ok(None),
        }
    }

    fn identifier(&mut self, term: Term, has: bool) -> Expr {
        let index = self.terms.iter().position(|known| *known == term).unwrap_or_else(|| {
            self.terms.push(term);
            self.terms.len() - 1
        });
        Expr::Ident(if has { format!("@has{index}") } else { format!("@{index}") })
    }

    fn unknown(&self, name: &str) -> ExpressionErrorKind {
        let known = names::known(None, self.phase);
        ExpressionErrorKind::UnknownName { name: name.to_owned(), known }
    }

    fn is_bound(&self, name: &str) -> bool {
        // What macros expand to has variables of its own.
        name.starts_with('@') || self.bound.iter().any(|bound| bound == name)
    }

    /// How a term stands in the text.
    fn written(&self, expr: &IdedExpr) -> String {
        let term = match &expr.expr {
            Expr::Ident(name) => reference(name).and_then(|(index, _)| self.terms.get(index)),
            _ => None,
        };
        term.map_or_else(|| "this".to_owned(), ToString::to_string)
    }

    /// The first byte of an expression; the parser notes that of operators at the operator.
    fn start(&self, expr: &IdedExpr) -> usize {
        let own = self.source.offset_for(expr.id).map_or(0, |(start, _)| start as usize);
        let first = match &expr.expr {
            Expr::Select(select) => Some(&*select.operand),
            Expr::Call(call) => match (&call.target, call.args.as_slice()) {
                (Some(target), _) => Some(&**target),
                (None, [first, _, ..]) if names::is_function(&call.func_name, true) => Some(first),
                _ => None,
            },
            _ => None,
        };
        first.map_or(own, |first| self.start(first).min(own))
    }
}

/// An entry of a map that is looked up by a text, or what is wrong with its key.
fn entry_of(map: Name, key: &str) -> Result<Option<Term>, ExpressionErrorKind> {
    let header = |make: fn(HeaderName) -> Term| match HeaderName::from_bytes(key.as_bytes()) {
        Ok(name) => Ok(Some(make(name))),
        Err(_) => Err(ExpressionErrorKind::HeaderName { name: key.to_owned() }),
    };
    match map {
        Name::Headers => header(Term::Header),
        Name::ResponseHeaders => header(Term::ResponseHeader),
        Name::PathParams | Name::Query | Name::Claims | Name::Args => {
            Ok(Some(Term::Entry(map, key.to_owned())))
        }
        _ => Ok(None),
    }
}

/// What an operator or function gives.
fn result_of(function: &str, args: &[(usize, Kind)]) -> Result<Kind, Wrong> {
    let truth = |operator: &'static str| {
        let wrong = args.iter().find(|(_, kind)| !matches!(kind, Kind::Bool | Kind::Unknown));
        match wrong {
            Some((at, kind)) => {
                let is = kind.name();
                Err((*at, ExpressionErrorKind::NotTrueOrFalse { operator, is }))
            }
            None => Ok(Kind::Bool),
        }
    };
    Ok(match function {
        operators::LOGICAL_AND => truth("&&")?,
        operators::LOGICAL_OR => truth("||")?,
        operators::LOGICAL_NOT => truth("!")?,
        operators::EQUALS
        | operators::NOT_EQUALS
        | operators::LESS
        | operators::LESS_EQUALS
        | operators::GREATER
        | operators::GREATER_EQUALS => Kind::Bool,
        operators::IN => match args {
            [_, (at, kind @ (Kind::Bool | Kind::Text | Kind::Number))] => {
                return Err((*at, ExpressionErrorKind::NothingIn { is: kind.name() }));
            }
            _ => Kind::Bool,
        },
        operators::CONDITIONAL => match args {
            [_, (_, yes), (_, no)] if yes == no => *yes,
            _ => Kind::Unknown,
        },
        operators::ADD => match args {
            [(_, left), (_, right)] if left == right => *left,
            _ => Kind::Unknown,
        },
        "startsWith" | "endsWith" | "contains" | "matches" | "bool" | "hasValue" => Kind::Bool,
        "size" | "int" | "uint" | "double" | "indexOf" | "lastIndexOf" => Kind::Number,
        "string" | "join" | "lowerAscii" | "upperAscii" | "trim" | "replace" | "substring"
        | "charAt" | "format" | "quote" => Kind::Text,
        "split" => Kind::List,
        _ => Kind::Unknown,
    })
}

fn kind_of(literal: &LiteralValue) -> Kind {
    match literal {
        LiteralValue::Boolean(_) => Kind::Bool,
        LiteralValue::String(_) => Kind::Text,
        LiteralValue::Int(_) | LiteralValue::UInt(_) | LiteralValue::Double(_) => Kind::Number,
        LiteralValue::Bytes(_) | LiteralValue::Null => Kind::Unknown,
    }
}

/// A pattern, compiled.
pub(super) fn pattern(text: &str) -> Option<Regex> {
    RegexBuilder::new(text).size_limit(MAX_PATTERN).build().ok()
}

/// The text that a literal is.
pub(super) fn text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}
