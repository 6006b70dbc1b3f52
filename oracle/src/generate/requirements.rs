//! `@requires` and `@provides`: field sets over what other subgraphs own.
//!
//! **In:** a graph whose fields have owners. **Out:** field sets, and the externals they need.
//!
//! **Never here:** keys (`generate`).
//!
//! **Holds:** what a field set names is declared in the subgraph that writes it.
//!
//! **Read first:** `Graph::pieces`.

use super::model::{ARGUMENTS, Base, Field, Graph, Kind, QUERY};
use crate::chance::Chance;

/// A part of a field set.
#[derive(Clone)]
struct Piece {
    text: String,
    /// The fields it names: type and name.
    names: Vec<(usize, String)>,
}

/// What may be named.
#[derive(Clone, Copy, PartialEq)]
enum Purpose {
    Require,
    Provide,
}

impl Graph {
    pub(super) fn add_requirements(&mut self, chance: &mut Chance) {
        let mut types = self.of_kind(Kind::Entity);
        types.extend(self.of_kind(Kind::Interface));
        for ty in types {
            for index in 0..self.types[ty].fields.len() {
                self.add_requirement(ty, index, chance);
            }
        }
    }

    fn add_requirement(&mut self, ty: usize, index: usize, chance: &mut Chance) {
        let field = &self.types[ty].fields[index];
        let [owner] = field.owners[..] else { return };
        let percent = if field.target().is_none() { 45 } else { 15 };
        // What is computed has to be a value for everybody.
        let barred = field.in_key || field.target() == Some(QUERY) || field.base == Base::Leaf("O");
        if barred || !chance.percent(percent) {
            return;
        }
        let this = (ty, field.name.clone());
        let pieces = match self.types[ty].kind {
            Kind::Interface => self.interface_pieces(ty, owner),
            _ => self.pieces(ty, owner, 2, true, Purpose::Require, chance),
        };
        let chosen = choose(&pieces, chance);
        let names: Vec<(usize, String)> = chosen.iter().flat_map(|p| p.names.clone()).collect();
        let circular = |name: &(usize, String)| {
            let own = |ty: usize| self.types[ty].members.iter().copied();
            self.depends(name, &this)
                || own(ty).any(|member| self.depends(name, &(member, this.1.clone())))
        };
        if chosen.is_empty() || names.iter().any(circular) {
            return;
        }
        self.borrow(owner, &names);
        for member in self.types[ty].members.clone() {
            let names = names.iter().map(|(_, name)| (member, name.clone())).collect();
            self.needs.insert((member, this.1.clone()), names);
        }
        self.needs.insert(this, names);
        self.types[ty].fields[index].requires = Some(join(&chosen));
    }

    pub(super) fn add_provisions(&mut self, chance: &mut Chance) {
        for ty in 0..self.types.len() {
            for index in 0..self.types[ty].fields.len() {
                let field = &self.types[ty].fields[index];
                let (Some(target), Some(owner)) = (field.target(), field.owners.first().copied())
                else {
                    continue;
                };
                if field.in_key || target == QUERY || !chance.percent(25) {
                    continue;
                }
                let pieces = match self.types[target].kind {
                    Kind::Entity => self.pieces(target, owner, 1, true, Purpose::Provide, chance),
                    Kind::Interface | Kind::Union if !self.is_interface_object(target, owner) => {
                        self.fragments(target, owner, 1, Purpose::Provide, chance)
                    }
                    _ => continue,
                };
                let chosen = choose(&pieces, chance);
                if chosen.is_empty() {
                    continue;
                }
                let names: Vec<(usize, String)> =
                    chosen.iter().flat_map(|piece| piece.names.clone()).collect();
                for (ty, name) in &names {
                    let of_type = self.types[*ty].fields.iter_mut();
                    of_type.filter(|f| f.name == *name).for_each(|f| f.provided = true);
                }
                self.borrow(owner, &names);
                self.types[ty].fields[index].provides.insert(owner, join(&chosen));
            }
        }
    }

    /// Declares what a field set names as external.
    fn borrow(&mut self, subgraph: usize, names: &[(usize, String)]) {
        for (ty, name) in names {
            let Some(field) = self.types[*ty].field(name) else { continue };
            if !field.owners.contains(&subgraph) && !self.types[*ty].in_key(subgraph, name) {
                self.externals.insert((subgraph, *ty, name.clone()));
            }
        }
    }

    /// What a field set of `subgraph` may say of an entity or value.
    fn pieces(
        &self,
        ty: usize,
        subgraph: usize,
        depth: usize,
        top: bool,
        purpose: Purpose,
        chance: &mut Chance,
    ) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for field in &self.types[ty].fields {
            let owned = field.owners.contains(&subgraph);
            let barred = field.in_key
                || (top && owned)
                || field.moved.is_some()
                || (purpose == Purpose::Provide
                    && (owned || field.requires.is_some() || field.arguments.is_some()));
            if barred {
                continue;
            }
            if let Some(piece) = self.piece(ty, field, subgraph, depth, purpose, chance) {
                pieces.push(piece);
            }
        }
        pieces
    }

    fn piece(
        &self,
        ty: usize,
        field: &Field,
        subgraph: usize,
        depth: usize,
        purpose: Purpose,
        chance: &mut Chance,
    ) -> Option<Piece> {
        let arguments = match field.arguments {
            Some(form) => *chance.pick(&ARGUMENTS[form].1),
            None => "",
        };
        let mut names = vec![(ty, field.name.clone())];
        let Base::Type(target) = field.base else {
            return Some(Piece { text: format!("{}{arguments}", field.name), names });
        };
        if depth == 0 || target == QUERY || !self.knows(target, subgraph) {
            return None;
        }
        let below = match self.types[target].kind {
            Kind::Entity => self.pieces(target, subgraph, depth - 1, false, purpose, chance),
            Kind::Value => {
                let name = |field: &Field| Piece { text: field.name.clone(), names: Vec::new() };
                self.types[target].fields.iter().map(name).collect()
            }
            _ if self.is_interface_object(target, subgraph) => return None,
            _ => self.fragments(target, subgraph, depth, purpose, chance),
        };
        let chosen = choose(&below, chance);
        if chosen.is_empty() {
            return None;
        }
        names.extend(chosen.iter().flat_map(|piece| piece.names.clone()));
        Some(Piece { text: format!("{}{arguments} {{ {} }}", field.name, join(&chosen)), names })
    }

    /// Fragments on the members that the subgraph knows, and fields of the interface itself.
    fn fragments(
        &self,
        ty: usize,
        subgraph: usize,
        depth: usize,
        purpose: Purpose,
        chance: &mut Chance,
    ) -> Vec<Piece> {
        let members = self.members_in(ty, subgraph);
        let mut pieces = Vec::new();
        for member in &members {
            if self.types[*member].kind != Kind::Entity {
                continue;
            }
            let below = self.pieces(*member, subgraph, depth - 1, false, purpose, chance);
            let chosen = choose(&below, chance);
            if !chosen.is_empty() {
                let text = format!("... on {} {{ {} }}", self.types[*member].name, join(&chosen));
                let names = chosen.iter().flat_map(|piece| piece.names.clone()).collect();
                pieces.push(Piece { text, names });
            }
        }
        for field in &self.types[ty].fields {
            let all = members.iter().all(|member| {
                self.types[*member].field(&field.name).is_some_and(|own| {
                    own.arguments.is_none()
                        && (purpose == Purpose::Require
                            || (!own.owners.contains(&subgraph) && own.requires.is_none()))
                })
            });
            if all && field.owners.is_empty() && field.target().is_none() {
                let names = members.iter().map(|m| (*m, field.name.clone())).collect();
                pieces.push(Piece { text: field.name.clone(), names });
            }
        }
        pieces
    }

    /// What an interface object may require: fields of the interface.
    fn interface_pieces(&self, ty: usize, subgraph: usize) -> Vec<Piece> {
        let fields = self.types[ty].fields.iter();
        let foreign = fields.filter(|f| f.target().is_none() && !f.owners.contains(&subgraph));
        let piece = |f: &Field| Piece { text: f.name.clone(), names: vec![(ty, f.name.clone())] };
        foreign.filter(|field| field.arguments.is_none()).map(piece).collect()
    }
}

fn choose(pieces: &[Piece], chance: &mut Chance) -> Vec<Piece> {
    if pieces.is_empty() {
        return Vec::new();
    }
    match chance.percent(50) {
        true => vec![chance.pick(pieces).clone()],
        false => chance.some(pieces, 40),
    }
}

fn join(pieces: &[Piece]) -> String {
    pieces.iter().map(|piece| piece.text.as_str()).collect::<Vec<_>>().join(" ")
}
