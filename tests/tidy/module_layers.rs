//! Checks that a module of the gateway uses only modules declared below it in `src/lib.rs`.
//!
//! **In:** the `mod` lines of `src/lib.rs`, in their order, and every file under `src/`.
//!
//! **Never here:** layers between crates (`crate_layers`).
//!
//! **Holds:** tests inside a module may look anywhere; the order binds what ships.
//!
//! **Read first:** [`check`], then [`uses_of`].

use crate::checkout::{Checkout, SourceFile};
use crate::finding::Finding;

/// `(user, used, reason)`: uses against the order, each with the reason why it is right.
const EXCEPTIONS: &[(&str, &str, &str)] = &[];

/// Holds the files under `src/` to the order of the `mod` lines.
pub(crate) fn check(checkout: &Checkout) -> Vec<Finding> {
    let Some(lib) = checkout.file("src/lib.rs") else { return Vec::new() };
    let order = declared_modules(&lib.text);
    let mut findings = check_order(checkout, &order);
    for (user, used, _) in EXCEPTIONS {
        if !checkout.rust_files().any(|file| is_use_between(file, user, used)) {
            findings.push(Finding::new(
                "tests/tidy/module_layers.rs",
                0,
                format!("`{user}` uses `{used}` no more"),
                "remove the exception",
            ));
        }
    }
    findings
}

fn check_order(checkout: &Checkout, order: &[&str]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in checkout.rust_files().filter(|file| !file.is_test_only()) {
        let Some(user) = top_module(&file.path) else { continue };
        let Some(user_place) = order.iter().position(|module| *module == user) else { continue };
        for (used, line) in uses_of(file) {
            let above = order.iter().position(|module| *module == used);
            let is_excepted = EXCEPTIONS.iter().any(|it| it.0 == user && it.1 == used);
            if above.is_some_and(|place| place < user_place) && !is_excepted {
                findings.push(Finding::new(
                    &file.path,
                    line,
                    format!("`{user}` uses `{used}`, which src/lib.rs declares above it"),
                    format!(
                        "hand what is needed down as an argument, or move it to a module below `{user}`"
                    ),
                ));
            }
        }
    }
    findings
}

fn is_use_between(file: &SourceFile, user: &str, used: &str) -> bool {
    top_module(&file.path) == Some(user) && uses_of(file).iter().any(|(name, _)| name == used)
}

fn declared_modules(lib: &str) -> Vec<&str> {
    lib.lines()
        .filter_map(|line| {
            let line = line.split("//").next().unwrap_or_default().trim();
            let line = line.strip_prefix("pub(crate) ").unwrap_or(line);
            let line = line.strip_prefix("pub ").unwrap_or(line);
            line.strip_prefix("mod ")?.strip_suffix(';')
        })
        .collect()
}

/// `src/server/health.rs` and `src/server.rs` both belong to `server`.
fn top_module(path: &str) -> Option<&str> {
    let inner = path.strip_prefix("src/")?;
    match inner.split_once('/') {
        Some((folder, _)) => Some(folder),
        None => inner.strip_suffix(".rs").filter(|name| !matches!(*name, "lib" | "main")),
    }
}

/// The first name after each `crate::`, and after each chain of `super::` that leads to the root,
/// with its line.
fn uses_of(file: &SourceFile) -> Vec<(String, usize)> {
    let code: String =
        file.lines_without_tests().flat_map(|line| [without_comment(line), "\n"]).collect();
    let to_root = "super::".repeat(file.path.matches('/').count());
    let mut found = Vec::new();
    for prefix in ["crate::", to_root.as_str()] {
        for (at, _) in code.match_indices(prefix) {
            if code[..at].ends_with(|c: char| c.is_alphanumeric() || "_:".contains(c)) {
                continue;
            }
            let line = code[..at].matches('\n').count() + 1;
            let names = first_names(&code[at + prefix.len()..]);
            found.extend(names.into_iter().map(|name| (name, line)));
        }
    }
    found
}

/// A `//` inside a string begins an address there, which a colon tells.
fn without_comment(line: &str) -> &str {
    let comment = line.match_indices("//").find(|(at, _)| !line[..*at].ends_with(':'));
    comment.map_or(line, |(at, _)| &line[..at])
}

/// `a::b` gives `a`; `{a::b, c::{d, e}}` gives `a` and `c`.
fn first_names(code: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let Some(group) = code.strip_prefix('{') else { return vec![name(code)] };
    let mut names = Vec::new();
    let mut depth = 0_usize;
    let mut expects_name = true;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => expects_name = true,
            c if expects_name && (c.is_alphanumeric() || c == '_') => {
                names.push(name(&group[at..]));
                expects_name = false;
            }
            _ => {}
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::{check_order, declared_modules, uses_of};
    use crate::checkout::{Checkout, SourceFile};

    const ORDER: &[&str] = &["server", "routes", "config"];

    fn lines_found(path: &str, text: &str) -> Vec<usize> {
        let mut checkout = Checkout::default();
        checkout.files.push(SourceFile::new(path, text));
        check_order(&checkout, ORDER).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn mod_lines_are_read_in_their_order() {
        let lib = "//! Doc.\npub mod server; // Listens.\nmod routes;\npub(crate) mod config;\n";
        assert_eq!(declared_modules(lib), ORDER);
    }

    #[test]
    fn a_use_upwards_is_found_and_downwards_is_not() {
        let text = "use crate::config::Settled;\nuse crate::server::Door;\n";
        assert_eq!(lines_found("src/routes.rs", text), [2]);
        assert_eq!(lines_found("src/routes/table.rs", text), [2]);
        assert!(lines_found("src/server.rs", text).is_empty());
    }

    #[test]
    fn groups_paths_in_code_and_supers_are_seen() {
        assert_eq!(lines_found("src/config.rs", "use crate::{\n    routes::{a, b},\n};\n"), [1]);
        assert_eq!(lines_found("src/config.rs", "fn a() { crate::server::b(); }\n"), [1]);
        assert_eq!(lines_found("src/config/raw.rs", "use super::super::routes;\n"), [1]);
        assert!(lines_found("src/config/raw.rs", "use super::routes;\n").is_empty());
    }

    #[test]
    fn comments_and_tests_may_name_anything() {
        let text = "// see crate::server\n#[cfg(test)]\nmod tests {\n    use crate::server;\n}\n";
        assert!(lines_found("src/config.rs", text).is_empty());
        assert!(lines_found("src/config/tests.rs", "use crate::server;\n").is_empty());
    }

    #[test]
    fn every_name_of_a_group_counts() {
        let file = SourceFile::new("src/a.rs", "use crate::{b::{c, d}, e, f::g};\n");
        let names: Vec<_> = uses_of(&file).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["b", "e", "f"]);
    }
}
