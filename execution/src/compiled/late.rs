//! Finds `__typename` where it does not come first.
//!
//! **In:** the beginning of an object. **Out:** where the value of its `__typename` is.
//!
//! **Never here:** subgraphs that answer in the order of the selection: they never come here.
//!
//! **Holds:** an object is searched together with all below it, so that a body costs no more than
//! twice its length, however deep it is. Of equal names the first counts.
//!
//! **Read first:** [`LateTypenames::find`].

use super::scan::{Scanned, Scanner};
use crate::json::unescape;

/// Where an object begins, and where the value of its `__typename` does.
type Found = Vec<(usize, Option<usize>)>;

/// What is known of the objects that were searched.
#[derive(Default)]
pub(super) struct LateTypenames {
    /// Sorted by where the objects begin.
    found: Found,
}

impl LateTypenames {
    /// Where the `__typename` is of the object that begins here, and that was entered.
    pub(super) fn find(&mut self, scanner: &Scanner<'_>, object: usize) -> Option<usize> {
        let index = match self.found.binary_search_by_key(&object, |row| row.0) {
            Ok(index) => index,
            Err(index) => {
                let mut more = Found::new();
                let mut ahead = scanner.clone();
                ahead.at = object;
                ahead.leave();
                // A text that breaks off is found to be broken in its turn.
                let _broken = search(&mut ahead, &mut more);
                self.found.splice(index..index, more);
                index
            }
        };
        self.found.get(index)?.1
    }
}

/// Takes a value and notes all objects in it.
fn search(scanner: &mut Scanner<'_>, found: &mut Found) -> Scanned<()> {
    match scanner.value_start()? {
        b'{' => {
            let index = found.len();
            found.push((scanner.at, None));
            scanner.enter()?;
            let mut more = scanner.has_first(b'}');
            while more {
                let (name, escaped) = scanner.key()?;
                if found[index].1.is_none() && is_typename(name, escaped) {
                    scanner.value_start()?;
                    found[index].1 = Some(scanner.at);
                }
                search(scanner, found)?;
                more = scanner.has_next(b'}')?;
            }
            scanner.leave();
        }
        b'[' => {
            scanner.enter()?;
            let mut more = scanner.has_first(b']');
            while more {
                search(scanner, found)?;
                more = scanner.has_next(b']')?;
            }
            scanner.leave();
        }
        _ => scanner.skip_value()?,
    }
    Ok(())
}

fn is_typename(name: &[u8], escaped: bool) -> bool {
    if !escaped {
        return name == b"__typename";
    }
    std::str::from_utf8(name).is_ok_and(|name| unescape(name) == "__typename")
}
