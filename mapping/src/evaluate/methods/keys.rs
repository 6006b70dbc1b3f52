//! Does `keysToCamelCase` and `keysToCamelCaseDeep`.
//!
//! **Never here:** reading properties.
//!
//! **Holds:** a key is cut into words at `_`, `-`, `.` and white space. Signs in front stay (so
//! `__typename` does), the first word begins small, every other one large; a word all in capitals
//! becomes small behind its first letter. Of keys that become one the last wins.

use super::{Evaluator, Outcome, Site};
use crate::limits::Exceeded;
use crate::members::Members;
use crate::methods::Method;
use crate::problem::ProblemKind;
use crate::value::{Text, Value, View};

impl<'a> Evaluator<'a> {
    pub(super) fn camel_case(&mut self, site: Site<'_, 'a>, input: &Value<'a>) -> Outcome<'a> {
        match input.view() {
            View::Object(_) => self.renamed(site, input).map(Some),
            _ => self.wrong_input(site, input, "an object"),
        }
    }

    fn renamed(&mut self, site: Site<'_, 'a>, value: &Value<'a>) -> Result<Value<'a>, Exceeded> {
        let is_deep = site.method == Method::KeysToCamelCaseDeep;
        self.charge(1)?;
        match value.view() {
            View::Array(elements) => {
                let mut list = Vec::with_capacity(elements.len());
                for element in elements.iter() {
                    list.push(self.renamed(site, &element)?);
                }
                self.array(list)
            }
            View::Object(fields) => {
                let mut members: Members<Text<'a>, Value<'a>> = Members::default();
                for (name, member) in fields.members() {
                    let member = if is_deep { self.renamed(site, &member)? } else { member };
                    let name = self.camel_cased(name)?;
                    match members.get_mut(name.as_str()) {
                        Some(earlier) => {
                            *earlier = member;
                            self.problem(ProblemKind::KeysCollide, site.span);
                        }
                        None => members.push(name, member),
                    }
                }
                self.object(members.into_list())
            }
            _ => Ok(value.clone()),
        }
    }

    fn camel_cased(&mut self, name: Text<'a>) -> Result<Text<'a>, Exceeded> {
        let cased = camel_case(name.as_str());
        if cased == name.as_str() {
            return Ok(name);
        }
        self.charge_text(cased.len())?;
        Ok(Text::from(cased))
    }
}

fn camel_case(key: &str) -> String {
    let is_border = |c: char| matches!(c, '_' | '-' | '.') || c.is_whitespace();
    let words = key.trim_start_matches(is_border);
    let mut cased = key[..key.len() - words.len()].to_owned();
    for (i, word) in words.split(is_border).filter(|word| !word.is_empty()).enumerate() {
        let mut chars = word.chars();
        let Some(first) = chars.next() else { continue };
        if i == 0 {
            cased.extend(first.to_lowercase());
        } else {
            cased.extend(first.to_uppercase());
        }
        if word.chars().any(char::is_lowercase) {
            cased.push_str(chars.as_str());
        } else {
            cased.extend(chars.flat_map(char::to_lowercase));
        }
    }
    cased
}

#[cfg(test)]
mod tests {
    use super::camel_case;

    #[test]
    fn words_are_joined() {
        let cases = [
            ("a_b", "aB"),
            ("first-name", "firstName"),
            ("First Name", "firstName"),
            ("USER_ID", "userId"),
            ("userID", "userID"),
            ("__typename", "__typename"),
            ("_a__b_", "_aB"),
            ("x_1_y", "x1Y"),
            ("___", "___"),
            ("", ""),
        ];
        for (key, cased) in cases {
            assert_eq!(camel_case(key), cased);
        }
    }
}
