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

/// What is known of the objects that were searched.
#[derive(Default)]
pub(super) struct LateTypenames {
    /// Where an object begins, and where the value of its `__typename` does.
    found: Vec<(usize, Option<usize>)>,
    /// Objects before this one were searched.
    until: usize,
}

impl LateTypenames {
    /// Where the `__typename` is of the object that begins here.
    pub(super) fn find(&mut self, scanner: &Scanner<'_>, object: usize) -> Option<usize> {
        if object >= self.until {
            self.found.clear();
            let mut ahead = Scanner { at: object, ..scanner.clone() };
            // A text that breaks off is found to be broken in its turn.
            let _broken = self.search(&mut ahead);
            self.until = ahead.at;
        }
        let index = self.found.binary_search_by_key(&object, |row| row.0).ok()?;
        self.found[index].1
    }

    fn search(&mut self, scanner: &mut Scanner<'_>) -> Scanned<()> {
        match scanner.value_start()? {
            b'{' => {
                let index = self.found.len();
                self.found.push((scanner.at, None));
                scanner.enter_any();
                let mut more = scanner.has_first(b'}');
                while more {
                    let (name, escaped) = scanner.key()?;
                    if self.found[index].1.is_none() && is_typename(name, escaped) {
                        scanner.value_start()?;
                        self.found[index].1 = Some(scanner.at);
                    }
                    self.search(scanner)?;
                    more = scanner.has_next(b'}')?;
                }
            }
            b'[' => {
                scanner.enter_any();
                let mut more = scanner.has_first(b']');
                while more {
                    self.search(scanner)?;
                    more = scanner.has_next(b']')?;
                }
            }
            _ => scanner.skip_value()?,
        }
        Ok(())
    }
}

fn is_typename(name: &[u8], escaped: bool) -> bool {
    if !escaped {
        return name == b"__typename";
    }
    std::str::from_utf8(name).is_ok_and(|name| unescape(name) == "__typename")
}
