//! Says in the words of connectors why one of them cannot answer a field.
//!
//! **In:** an [`Unsatisfied`], and a subgraph of the tables that a connector is. **Out:** sentences.
//!
//! **Never here:** subgraphs that answer GraphQL (`satisfiability`).
//!
//! **Holds:** nobody wrote the keys that connectors have in the tables, so no sentence names them as
//! `@key`.

use supergraph::{Obstacle, SubgraphId, Unsatisfied};

use super::Speaker;
use crate::words;

impl Speaker<'_> {
    /// What the connector stands on that a subgraph of the tables is.
    pub(super) fn connector(&self, subgraph: SubgraphId) -> Option<&str> {
        let connector = self.supergraph.subgraph(subgraph).connector.as_ref()?;
        Some(&connector.coordinate)
    }

    /// Why a connector cannot answer; `None`: it has nothing to do with the field but as a key.
    pub(super) fn connector_obstacle(
        &self,
        unsatisfied: &Unsatisfied,
        (subgraph, obstacle): (SubgraphId, &Obstacle),
        coordinate: &str,
    ) -> Option<String> {
        let connector = self.connector(subgraph)?;
        let ty = &self.supergraph.ty(unsatisfied.on).name;
        let stands = unsatisfied.standing.contains(&subgraph);
        let reason = match obstacle {
            Obstacle::LacksField | Obstacle::External if stands => {
                format!("leads there, but its selection does not give `{coordinate}`")
            }
            Obstacle::LacksField | Obstacle::External => return None,
            Obstacle::NoKey { .. } => {
                format!(
                    "gives it, but only below `{connector}`: it does not answer `{ty}` by a key"
                )
            }
            Obstacle::KeysOutOfReach { keys } => {
                let missing = keys.iter().flat_map(|(_, missing)| missing);
                format!(
                    "answers it, but reads {}, which nobody on the way can give",
                    words::list(missing)
                )
            }
            Obstacle::RequirementOutOfReach { missing, .. } => format!(
                "answers it, but reads {}, which nobody on the way can give",
                words::list(missing)
            ),
            Obstacle::OverrideLabel { label } => {
                format!("answers it only in the other state of the label `{label}`")
            }
            _ => "cannot help".to_owned(),
        };
        let name = self.name(subgraph);
        Some(format!("`{name}` (connector of `{connector}`) {reason}"))
    }

    /// What to change where a connector leads to the field.
    pub(super) fn connector_fix(
        &self,
        unsatisfied: &Unsatisfied,
        coordinate: &str,
    ) -> Option<String> {
        let field = unsatisfied.field?;
        let connector = unsatisfied.standing.iter().find_map(|id| self.connector(*id))?;
        let field = &self.supergraph.field(field).name;
        let ty = &self.supergraph.ty(unsatisfied.on).name;
        let missing = unsatisfied.obstacles.iter().find_map(|(_, obstacle)| match obstacle {
            Obstacle::KeysOutOfReach { keys } => Some(keys.first()?.1.clone()),
            Obstacle::RequirementOutOfReach { missing, .. } => Some(missing.clone()),
            _ => None,
        });
        Some(match missing.filter(|missing| !missing.is_empty()) {
            Some(missing) => format!(
                "add {} to the selection of the connector of `{connector}`, so that `{coordinate}` \
                 can be asked for",
                words::list(missing)
            ),
            None => format!(
                "add `{field}` to the selection of the connector of `{connector}`; or put a \
                 `@connect` on `{ty}` that answers it by a field that is selected there"
            ),
        })
    }
}
