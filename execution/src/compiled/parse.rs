//! Reads an answer: bytes straight into slots.
//!
//! **In:** the body, and what was asked. **Out:** [`Parsed`]: new objects in the store, the scratches
//! of entities, and where the subgraph's errors stand.
//!
//! **Never here:** what is in the store already (`apply`), the classes of leaves (`render`).
//!
//! **Holds:** nothing but the arenas grows, so that a body that turns out to be broken can be cut off
//! again. Members may come in any order, with any spacing and escapes; of equal names the first
//! counts. New objects stand on the lists of targets in the order of their paths, whatever the order
//! of the members.
//!
//! **Read first:** [`parse`], then [`Parser::members`].

use super::{
    late::LateTypenames,
    leaves::leaf,
    program::{Below, Class, FieldProgram, ObjectProgram, Program, TypeProgram},
    request::AskedGroup,
    scan::{Broken, Scanned, Scanner},
    store::{NONE, Object, Parent, Scratch, Slot, Store, index},
};
use crate::{
    json::{ReaderLimits, unescape},
    tree::RuntimeTypeState,
};
use std::ops::Range;

/// What an answer says.
pub(super) struct Parsed {
    pub(super) data: Data,
    /// Where its `errors` are.
    pub(super) errors: Option<Range<usize>>,
    /// By group of the request.
    pub(super) found: Vec<Found>,
    /// How many objects it brings, counted at each of their places.
    pub(super) brought: usize,
}

/// What `data` is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Data {
    Object,
    Null,
}

/// What a group finds in an answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found {
    /// Nothing was asked for.
    Unasked,
    /// Null, or no member of that name.
    Nothing,
    /// No list, or one of another length than was asked for.
    OtherLength,
    /// An item for each entity: the first of its scratches, null or something misshapen.
    Entities { start: u32 },
}

/// Reads a body, which is the last buffer of the store.
pub(super) fn parse(
    program: &Program,
    store: &mut Store,
    asked: &[AskedGroup],
    first_asked: usize,
    limits: ReaderLimits,
) -> Scanned<Parsed> {
    let body = store.buffers.last().cloned().unwrap_or_default();
    let buffer = u16::try_from(store.buffers.len() - 1).map_err(|_| Broken)?;
    let mut parser = Parser {
        scan: Scanner::new(&body, limits),
        program,
        store,
        late: LateTypenames::default(),
        stack: Vec::new(),
        buffer,
        weight: 0,
        registers: true,
        brought: 0,
    };
    let parsed = parser.body(asked, first_asked)?;
    // Bytes above 127 were in strings alone, so this is all that UTF-8 needs.
    if !parser.scan.is_ascii() && std::str::from_utf8(&body).is_err() {
        return Err(Broken);
    }
    Ok(parsed)
}

struct Parser<'p, 'b> {
    scan: Scanner<'b>,
    program: &'p Program,
    store: &'p mut Store,
    late: LateTypenames,
    /// Items of lists that are not at their end.
    stack: Vec<Slot>,
    buffer: u16,
    /// How many places the objects have that are read.
    weight: u32,
    /// Whether new objects go on the lists of targets at once.
    registers: bool,
    brought: usize,
}

impl<'p> Parser<'p, '_> {
    fn body(&mut self, asked: &[AskedGroup], first_asked: usize) -> Scanned<Parsed> {
        let (mut data, mut errors) = (None, None);
        let mut found = vec![Found::Nothing; asked.len()];
        if self.scan.value_start()? == b'{' {
            self.scan.enter()?;
            let mut more = self.scan.has_first(b'}');
            while more {
                let (name, escaped) = self.scan.key()?;
                let start = self.scan.value_start().map(|_| self.scan.at)?;
                match known_name(name, escaped, &[b"data", b"errors"]) {
                    Some(0) if data.is_none() => {
                        data = Some(self.data(asked, first_asked, &mut found)?);
                    }
                    Some(1) if errors.is_none() => {
                        self.scan.skip_value()?;
                        errors = Some(start..self.scan.at);
                    }
                    _ => self.scan.skip_value()?,
                }
                more = self.scan.has_next(b'}')?;
            }
            self.scan.leave();
        } else {
            self.scan.skip_value()?;
        }
        self.scan.skip_whitespace();
        if self.scan.peek().is_some() {
            return Err(Broken);
        }
        let data = data.unwrap_or(Data::Null);
        Ok(Parsed { data, errors, found, brought: self.brought })
    }

    fn data(
        &mut self,
        asked: &[AskedGroup],
        first_asked: usize,
        found: &mut [Found],
    ) -> Scanned<Data> {
        if self.scan.value_start()? != b'{' {
            self.scan.skip_value()?;
            return Ok(Data::Null);
        }
        let root = asked.iter().position(|group| self.is_root(group));
        if let Some(at) = root {
            let item = self.entity(&asked[at], index(first_asked + at), 0)?;
            found[at] = Found::Entities { start: self.list_of(&[item]) };
            return Ok(Data::Object);
        }
        let aliases: Vec<&[u8]> = asked.iter().map(|group| self.alias(group)).collect();
        let mut is_done = vec![false; asked.len()];
        self.scan.enter()?;
        let mut more = self.scan.has_first(b'}');
        while more {
            let (name, escaped) = self.scan.key()?;
            match known_name(name, escaped, &aliases) {
                Some(at) if !is_done[at] => {
                    is_done[at] = true;
                    found[at] = self.group(&asked[at], index(first_asked + at))?;
                }
                _ => self.scan.skip_value()?,
            }
            more = self.scan.has_next(b'}')?;
        }
        self.scan.leave();
        for (found, group) in found.iter_mut().zip(asked) {
            if group.targets.is_empty() {
                *found = Found::Unasked;
            }
        }
        Ok(Data::Object)
    }

    fn is_root(&self, group: &AskedGroup) -> bool {
        self.program.groups[group.group].alias.is_none()
    }

    fn alias(&self, group: &AskedGroup) -> &'p [u8] {
        self.program.groups[group.group].alias.as_deref().unwrap_or_default()
    }

    /// The list of a group's entities.
    fn group(&mut self, asked: &AskedGroup, number: u32) -> Scanned<Found> {
        let start = self.scan.value_start()?;
        if asked.targets.is_empty() || start != b'[' {
            self.scan.skip_value()?;
            return Ok(if start == b'n' { Found::Nothing } else { Found::OtherLength });
        }
        let (mark, brought) = (self.store.mark(), self.brought);
        let bottom = self.stack.len();
        self.scan.enter()?;
        let (mut more, mut n_items) = (self.scan.has_first(b']'), 0);
        while more {
            self.scan.count(&mut n_items)?;
            if n_items > asked.n_entities() {
                self.scan.skip_value()?;
            } else {
                let item = self.entity(asked, number, n_items - 1)?;
                self.stack.push(item);
            }
            more = self.scan.has_next(b']')?;
        }
        self.scan.leave();
        if n_items != asked.n_entities() {
            self.stack.truncate(bottom);
            self.store.cut(mark);
            self.brought = brought;
            self.store.cut_lists(&self.program.groups[asked.group].fills);
            return Ok(Found::OtherLength);
        }
        Ok(Found::Entities { start: self.pop_list(bottom) })
    }

    /// One entity: its first scratch, null or misshapen.
    fn entity(&mut self, asked: &AskedGroup, number: u32, entity: usize) -> Scanned<Slot> {
        let start = self.scan.value_start()?;
        let weight = asked.weight(entity);
        if start != b'{' || weight == 0 {
            self.scan.skip_value()?;
            return Ok(if start == b'n' || weight == 0 { Slot::Null } else { Slot::Misshapen });
        }
        let first = index(self.store.scratches.len());
        let group = &self.program.groups[asked.group];
        let begin = self.scan.at;
        let entity = index(entity);
        self.registers = !group.merges;
        if group.merges || self.program.by_place || self.is_split(asked, group.top, entity) {
            for target in asked.targets_of(entity) {
                self.scan.at = begin;
                self.weight = self.store.object(target.object).weight;
                let class = self.class_for(group.top, target.object, target.represented);
                self.scratch(group.top, number, entity, (target.object, class))?;
            }
        } else {
            let target = asked.first_target(entity);
            self.weight = weight;
            let class = self.class_for(group.top, target.object, target.represented);
            self.scratch(group.top, number, entity, (NONE, class))?;
        }
        Ok(Slot::Object { shared: false, id: first })
    }

    /// Whether the targets of an entity differ in the fields that they have of it.
    fn is_split(&self, asked: &AskedGroup, top: usize, entity: u32) -> bool {
        let program = &self.program.objects[top];
        if !matches!(program.runtime_type, TypeProgram::OfTarget { .. }) {
            return false;
        }
        let class = |target: &super::request::AskedTarget| {
            self.class_for(top, target.object, target.represented)
        };
        let mut classes = asked.targets_of(entity).map(class);
        let first = classes.next();
        program.classes.len() > 1 && classes.any(|other| Some(other) != first)
    }

    /// The class of an entity's fields, if the target decides it.
    fn class_for(&self, top: usize, target: u32, represented: RuntimeTypeState) -> usize {
        match &self.program.objects[top].runtime_type {
            TypeProgram::OfTarget { represented: by_representation, .. } => {
                let held = self.store.object(target).ty;
                let ty = match (by_representation, represented) {
                    (true, RuntimeTypeState::Known(_)) => represented,
                    _ => held,
                };
                self.program.class_of(top, ty.known())
            }
            _ => 0,
        }
    }

    fn scratch(
        &mut self,
        top: usize,
        asked: u32,
        entity: u32,
        (only, class): (u32, usize),
    ) -> Scanned<()> {
        let program = &self.program.objects[top];
        let base = self.store.region(program.n_slots);
        let id = self.store.scratches.len();
        let first_object = index(self.store.objects.len());
        let answered = RuntimeTypeState::Unknown;
        let class_number = index(class);
        self.store.scratches.push(Scratch {
            base,
            answered,
            class: class_number,
            asked,
            entity,
            only,
            first_object,
        });
        let (answered, class, more) = self.opening(program, class)?;
        self.store.scratches[id].answered = answered;
        self.store.scratches[id].class = index(class);
        self.rest(program, (answered, class), base, Parent::Scratch(index(id)), more)?;
        let n_objects = self.store.objects.len() - first_object as usize;
        self.brought = self.brought.saturating_add(n_objects.saturating_mul(self.weight as usize));
        Ok(())
    }

    /// A new object; its opening is the next byte.
    fn object(&mut self, number: usize, parent: Parent, in_list: u32) -> Scanned<Slot> {
        let program = &self.program.objects[number];
        let (ty, class, more) = self.opening(program, 0)?;
        let id = index(self.store.objects.len());
        let base = self.store.region(program.n_slots);
        let weight = if self.registers { self.weight } else { 0 };
        let position = program.position;
        self.store.objects.push(Object { base, position, ty, parent, index: in_list, weight });
        if let Some(list) = program.list
            && self.registers
            && ty != RuntimeTypeState::Impossible
        {
            self.store.lists[list as usize].push(id);
        }
        self.rest(program, (ty, class), base, Parent::Object(id), more)?;
        Ok(Slot::Object { shared: false, id })
    }

    /// Enters an object: its runtime type, its class, and whether a member follows.
    #[inline]
    fn opening(
        &mut self,
        program: &ObjectProgram,
        class: usize,
    ) -> Scanned<(RuntimeTypeState, usize, bool)> {
        let start = self.scan.at;
        self.scan.enter()?;
        match &program.runtime_type {
            TypeProgram::Known(ty, class) => {
                Ok((RuntimeTypeState::Known(*ty), *class, self.scan.has_first(b'}')))
            }
            TypeProgram::OfTarget { .. } => {
                Ok((RuntimeTypeState::Unknown, class, self.scan.has_first(b'}')))
            }
            TypeProgram::Asked(types) => {
                const FIRST: &[u8] = b"\"__typename\":\"";
                let (ty, class, more);
                if self.scan.body[self.scan.at..].starts_with(FIRST) {
                    self.scan.at += FIRST.len() - 1;
                    (ty, class) = self.type_here(types)?;
                    more = self.scan.has_next(b'}')?;
                } else {
                    (ty, class) = match self.late.find(&self.scan, start) {
                        None => (RuntimeTypeState::Impossible, 0),
                        Some(at) => {
                            let back = self.scan.clone();
                            self.scan.at = at;
                            let named = self.type_here(types);
                            self.scan = back;
                            named.unwrap_or((RuntimeTypeState::Impossible, 0))
                        }
                    };
                    more = self.scan.has_first(b'}');
                }
                Ok((ty, class, more))
            }
        }
    }

    /// The type that the string names which comes next; anything else names no type.
    fn type_here(
        &mut self,
        types: &[(Box<[u8]>, supergraph::TypeId, usize)],
    ) -> Scanned<(RuntimeTypeState, usize)> {
        if self.scan.peek() != Some(b'"') {
            return Err(Broken);
        }
        let start = self.scan.at + 1;
        let escaped = self.scan.string()?;
        let name = &self.scan.body[start..self.scan.at - 1];
        let named = |name: &[u8]| types.binary_search_by(|row| (*row.0).cmp(name)).ok();
        let row = if escaped {
            let name = std::str::from_utf8(name).map_err(|_| Broken)?;
            named(unescape(name).as_bytes())
        } else {
            named(name)
        };
        Ok(row.map_or((RuntimeTypeState::Impossible, 0), |row| {
            (RuntimeTypeState::Known(types[row].1), types[row].2)
        }))
    }

    /// The members of an object whose type is known, and its end.
    #[inline]
    fn rest(
        &mut self,
        program: &ObjectProgram,
        (ty, class): (RuntimeTypeState, usize),
        base: u32,
        parent: Parent,
        more: bool,
    ) -> Scanned<()> {
        if ty == RuntimeTypeState::Impossible {
            self.skip_members(more)?;
        } else {
            self.members(&program.classes[class], base, parent, more)?;
        }
        self.scan.leave();
        Ok(())
    }

    fn skip_members(&mut self, mut more: bool) -> Scanned<()> {
        while more {
            self.scan.key()?;
            self.scan.skip_value()?;
            more = self.scan.has_next(b'}')?;
        }
        Ok(())
    }

    /// Members of a class, wherever they stand; others are skipped.
    fn members(&mut self, class: &Class, base: u32, parent: Parent, mut more: bool) -> Scanned<()> {
        let mut next = 0;
        while more {
            let field = match class.fields.get(next) {
                Some(field) if self.scan.body[self.scan.at..].starts_with(&field.key) => {
                    self.scan.at += field.key.len();
                    next += 1;
                    Some(field)
                }
                _ => {
                    let (name, escaped) = self.scan.key()?;
                    let found = if escaped {
                        let name = std::str::from_utf8(name).map_err(|_| Broken)?;
                        class.find(unescape(name).as_bytes(), next)
                    } else {
                        class.find(name, next)
                    };
                    next = found.map_or(next, |found| found + 1);
                    found.map(|found| &class.fields[found])
                }
            };
            match field {
                Some(field) => self.field(field, base, parent)?,
                None => self.scan.skip_value()?,
            }
            more = self.scan.has_next(b'}')?;
        }
        Ok(())
    }

    #[inline]
    fn field(&mut self, field: &FieldProgram, base: u32, parent: Parent) -> Scanned<()> {
        let at = (base + field.slot) as usize;
        // The same name again: the first counts.
        if !matches!(self.store.slots[at], Slot::Missing) {
            return self.scan.skip_value();
        }
        let begin = self.scan.at;
        let value = match &field.below {
            None => leaf(&mut self.scan, self.buffer)?,
            Some(below) => self.composite(below, below.lists, parent, NONE)?,
        };
        self.store.slots[at] = value;
        for also in &field.also {
            self.scan.at = begin;
            self.twin(also, base, parent)?;
        }
        Ok(())
    }

    /// Another field of the same name. One that fills the same composite slot has its objects merged
    /// into those that are there.
    fn twin(&mut self, field: &FieldProgram, base: u32, parent: Parent) -> Scanned<()> {
        let at = (base + field.slot) as usize;
        let held = self.store.slots[at];
        let Some(below) = &field.below else {
            return self.field(field, base, parent);
        };
        let value = self.composite(below, below.lists, parent, NONE)?;
        if held == Slot::Missing {
            self.store.slots[at] = value;
        } else {
            super::apply::merge_unseen(self.program, self.store, held, value, below);
        }
        Ok(())
    }

    /// A composite value below `lists` levels of lists.
    fn composite(
        &mut self,
        below: &Below,
        lists: u32,
        parent: Parent,
        in_list: u32,
    ) -> Scanned<Slot> {
        match (self.scan.value_start()?, lists) {
            (b'{', 0) => self.object(below.object, parent, in_list),
            (b'[', 1..) => {
                let bottom = self.stack.len();
                self.scan.enter()?;
                let (mut more, mut n_items) = (self.scan.has_first(b']'), 0);
                while more {
                    let in_list = index(n_items);
                    self.scan.count(&mut n_items)?;
                    let item = self.composite(below, lists - 1, parent, in_list)?;
                    self.stack.push(item);
                    more = self.scan.has_next(b']')?;
                }
                self.scan.leave();
                let start = self.pop_list(bottom);
                Ok(Slot::List { shared: false, start, len: index(n_items) })
            }
            (b'n', _) => self.scan.literal(b"null").map(|()| Slot::Null),
            _ => self.scan.skip_value().map(|()| Slot::Misshapen),
        }
    }

    /// Puts the items of a list that has come to its end where they stay.
    fn pop_list(&mut self, bottom: usize) -> u32 {
        let start = self.store.items.len();
        self.store.items.extend_from_slice(&self.stack[bottom..]);
        self.stack.truncate(bottom);
        index(start)
    }

    fn list_of(&mut self, items: &[Slot]) -> u32 {
        let start = self.store.items.len();
        self.store.items.extend_from_slice(items);
        index(start)
    }
}

fn known_name(name: &[u8], escaped: bool, known: &[&[u8]]) -> Option<usize> {
    if !escaped {
        return known.iter().position(|known| *known == name);
    }
    let name = std::str::from_utf8(name).ok()?;
    let name = unescape(name);
    known.iter().position(|known| *known == name.as_bytes())
}
