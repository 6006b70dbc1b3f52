//! What goes wrong in REST services, on purpose.
//!
//! **In:** the endpoints that were asked, a chance. **Out:** faults in the form in which a [`Case`] carries them, and in
//! the form in which the oracle excuses them.
//!
//! **Never here:** the replies themselves (`server`).
//!
//! **Holds:** a fault strikes by coordinate, so that it stays the same in a smaller graph.
//!
//! **Read first:** [`Trouble`].

use std::collections::BTreeMap;

use oracle::{Case, Chance, Fault};

/// What an endpoint does instead of answering.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Trouble {
    /// A status that is no success, with a body that looks like an answer.
    Status,
    /// A success without a body.
    NoBody,
    /// A success whose body breaks off.
    BrokenJson,
    /// No fault: the answer lacks what the service has no words for.
    Partial,
}

const ALL: [(Trouble, &str); 3] = [
    (Trouble::Status, "status 500"),
    (Trouble::NoBody, "no body"),
    (Trouble::BrokenJson, "broken JSON"),
];

/// Faults by subgraph.
pub(crate) type Faults = BTreeMap<String, Vec<Fault>>;

impl Trouble {
    /// Troubles of some endpoints of these: service and coordinate each.
    pub(crate) fn random(asked: &[(String, String)], chance: &mut Chance) -> Faults {
        let mut faults = Faults::new();
        for _ in 0..chance.between(1, 2) {
            let (service, coordinate) = chance.pick(asked).clone();
            let (_, name) = *chance.pick(&ALL);
            let (field, message) = (name.to_owned(), String::new());
            let fault = Fault::Error { type_name: coordinate, field, message };
            faults.entry(service).or_default().push(fault);
        }
        faults
    }

    /// What strikes an endpoint.
    pub(crate) fn of(faults: &Faults, service: &str, coordinate: &str) -> Option<Self> {
        faults.get(service)?.iter().find_map(|fault| match fault {
            Fault::Error { type_name, field, .. } if type_name == coordinate => {
                ALL.iter().find(|(_, name)| name == field).map(|(trouble, _)| *trouble)
            }
            _ => None,
        })
    }

    /// The case with what is to be excused in its answer.
    pub(crate) fn excused(case: &Case, struck: &[(String, Self)]) -> Case {
        let mut faults = Faults::new();
        for (service, trouble) in struck {
            let fault = match trouble {
                Self::Status | Self::BrokenJson => Fault::Dead,
                // A null is a value.
                Self::NoBody | Self::Partial => {
                    Fault::Null { type_name: String::new(), field: String::new() }
                }
            };
            faults.entry(service.clone()).or_default().push(fault);
        }
        Case { faults, ..case.clone() }
    }
}
