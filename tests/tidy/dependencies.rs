//! Checks what others' crates bring along: a second TLS provider, and licenses.
//!
//! **In:** each dependency that is built for the workspace here, as Cargo reads its manifest.
//!
//! **Never here:** dependencies between our own crates (`crate_layers`).

use std::process::Command;

use crate::finding::Finding;

/// Crates that may not come in by any way, and why.
const NEVER: &[(&str, &str)] = &[
    ("ring", "rustls uses aws-lc-rs here; a second provider makes the choice ambiguous"),
    ("openssl-sys", "TLS is rustls"),
    ("native-tls", "TLS is rustls"),
];

/// Licenses whose terms we meet.
const ACCEPTED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "OpenSSL",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// `(crate, license)`: manifests that name only a file, which was read for them.
const IN_A_FILE: &[(&str, &str)] = &[("jsonpath-rust", "MIT")];

/// One crate that is built for the workspace, and the license expression of its manifest.
pub(crate) struct Dependency {
    /// Name and version, as Cargo prints them: `http v1.5.0`.
    pub(crate) package: String,
    pub(crate) license: String,
}

/// Looks for crates that may not come in. The lock file also lists what no enabled feature asks
/// for, so what counts is the tree that is built.
pub(crate) fn check_providers(dependencies: &[Dependency]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for dependency in dependencies {
        let name = dependency.package.split(' ').next().unwrap_or_default();
        for (_, why) in NEVER.iter().filter(|(never, _)| *never == name) {
            let wrong = format!("`{name}` came in: {why}");
            let fix = format!("`cargo tree -i {name}` says who brings it; turn that feature off");
            findings.push(Finding::new("Cargo.lock", 0, wrong, fix));
        }
    }
    findings
}

/// Asks Cargo for every dependency of the workspace on this platform.
pub(crate) fn read_dependencies() -> Vec<Dependency> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--workspace", "--locked", "--prefix", "none", "--format", "{p}\t{l}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs, for it runs this test");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo tree failed: {complaint}");
    let mut lines: Vec<String> =
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    lines.sort();
    lines.dedup();
    lines
        .iter()
        .filter_map(|line| line.split_once('\t'))
        .map(|(package, license)| Dependency {
            package: package.to_owned(),
            license: license.trim_end_matches(" (*)").trim().to_owned(),
        })
        .collect()
}

/// Holds each license to the list.
pub(crate) fn check_licenses(dependencies: &[Dependency]) -> Vec<Finding> {
    dependencies
        .iter()
        .filter(|it| !is_accepted(license_of(it)))
        .map(|it| {
            let wrong = format!("`{}` has the license `{}`", it.package, it.license);
            let fix =
                "do without the crate, or add its license to `ACCEPTED` once its terms are met";
            Finding::new("Cargo.lock", 0, wrong, fix)
        })
        .collect()
}

fn license_of(dependency: &Dependency) -> &str {
    let name = dependency.package.split(' ').next().unwrap_or_default();
    let from_file = IN_A_FILE.iter().find(|it| it.0 == name && dependency.license.is_empty());
    from_file.map_or(dependency.license.as_str(), |it| it.1)
}

/// Reads an SPDX expression: one side of `OR` is enough, both sides of `AND` are needed.
fn is_accepted(expression: &str) -> bool {
    // The old form of `OR`, still written by some.
    let expression = expression.replace('/', " OR ");
    let mut words = expression.replace('(', " ( ").replace(')', " ) ");
    words = words.replace(" WITH ", "\u{0}WITH\u{0}");
    let words: Vec<String> =
        words.split_whitespace().map(|word| word.replace('\u{0}', " ")).collect();
    let mut at = 0;
    let accepted = any_of(&words, &mut at);
    accepted && at == words.len()
}

fn any_of(words: &[String], at: &mut usize) -> bool {
    let mut accepted = all_of(words, at);
    while words.get(*at).is_some_and(|word| word == "OR") {
        *at += 1;
        accepted |= all_of(words, at);
    }
    accepted
}

fn all_of(words: &[String], at: &mut usize) -> bool {
    let mut accepted = one(words, at);
    while words.get(*at).is_some_and(|word| word == "AND") {
        *at += 1;
        accepted &= one(words, at);
    }
    accepted
}

fn one(words: &[String], at: &mut usize) -> bool {
    let word = words.get(*at).map(String::as_str);
    *at += 1;
    if word == Some("(") {
        let accepted = any_of(words, at);
        *at += 1;
        return accepted;
    }
    word.is_some_and(|word| ACCEPTED.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::{Dependency, check_licenses, check_providers, is_accepted};

    fn dependency(package: &str, license: &str) -> [Dependency; 1] {
        [Dependency { package: package.to_owned(), license: license.to_owned() }]
    }

    #[test]
    fn a_second_tls_provider_is_found() {
        assert_eq!(check_providers(&dependency("ring v0.17.14", "MIT")).len(), 1);
        assert!(check_providers(&dependency("string v1.0.0", "MIT")).is_empty());
    }

    #[test]
    fn license_expressions_are_read_as_they_are_meant() {
        for accepted in ["MIT", "MIT/Apache-2.0", "GPL-3.0 OR MIT", "(MIT OR GPL-2.0) AND Zlib"] {
            assert!(is_accepted(accepted), "{accepted}");
        }
        assert!(is_accepted("Apache-2.0 WITH LLVM-exception OR MIT"));
        for refused in ["GPL-3.0", "MIT AND GPL-3.0", "(MIT OR Zlib) AND GPL-2.0", "", "MIT MIT"] {
            assert!(!is_accepted(refused), "{refused}");
        }
    }

    #[test]
    fn a_license_off_the_list_is_found() {
        let findings = check_licenses(&dependency("a v1.0.0", "AGPL-3.0"));
        assert!(findings[0].wrong.contains("`a v1.0.0` has the license `AGPL-3.0`"));
    }
}
