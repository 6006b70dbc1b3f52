//! Checks which of our crates may depend on which, and what a pure crate may never reach.
//!
//! **In:** the manifests, and the sources of the pure crates.
//!
//! **Never here:** layers between modules (`module_layers`), licenses (`dependencies`).
//!
//! **Holds:** a crate without a row is a finding: no crate comes into being by accident.
//!
//! **Read first:** [`MAY_DEPEND_ON`].

use crate::checkout::{Checkout, SourceFile};
use crate::finding::Finding;

struct Layer {
    name: &'static str,
    /// Crates of ours that the crate itself may use.
    may_use: &'static [&'static str],
    /// Crates of ours that its tests may use besides.
    tests_may_use: &'static [&'static str],
    /// Crates of ours that must stay behind a feature.
    optional: &'static [&'static str],
}

/// The layers, from the bottom up.
const MAY_DEPEND_ON: &[Layer] = &[
    Layer { name: "supergraph", may_use: &[], tests_may_use: &[], optional: &[] },
    Layer { name: "mapping", may_use: &[], tests_may_use: &[], optional: &[] },
    Layer { name: "query-planner", may_use: &["supergraph"], tests_may_use: &[], optional: &[] },
    Layer {
        name: "composition",
        may_use: &["mapping", "supergraph"],
        // What composition calls satisfiable, the planner can plan.
        tests_may_use: &["query-planner"],
        optional: &[],
    },
    Layer {
        name: "execution",
        may_use: &["query-planner", "supergraph"],
        // The strict subgraphs in memory live in `oracle`.
        tests_may_use: &["composition", "oracle"],
        optional: &[],
    },
    Layer {
        name: "oracle",
        may_use: &["composition", "execution", "mapping", "query-planner", "supergraph"],
        tests_may_use: &[],
        optional: &[],
    },
    // The independent witnesses: they cannot share our bugs.
    Layer { name: "subgraphs", may_use: &[], tests_may_use: &[], optional: &[] },
    Layer { name: "ui", may_use: &[], tests_may_use: &[], optional: &[] },
    Layer {
        name: "graphloom",
        may_use: &[
            "composition",
            "execution",
            "mapping",
            "query-planner",
            "supergraph",
            "subgraphs",
            "ui",
        ],
        tests_may_use: &["oracle"],
        optional: &["subgraphs", "ui"],
    },
];

/// Crates without I/O, async, clock, randomness or threads.
const PURE: &[&str] = &["supergraph", "mapping", "query-planner", "composition", "execution"];

/// What would break the wall around a pure crate, as it is written in source.
const NEVER_IN_PURE_SOURCE: &[&str] = &[
    "std::env",
    "std::fs",
    "std::io::std",
    "std::net",
    "std::process",
    "std::thread",
    "std::time",
    "async fn",
    "async move",
    "RandomState",
];

/// What would break it, as it is written in a manifest.
const NEVER_IN_PURE_MANIFEST: &[&str] = &[
    "axum",
    "chrono",
    "futures",
    "getrandom",
    "http",
    "hyper",
    "hyper-util",
    "rand",
    "rayon",
    "reqwest",
    "rustls",
    "time",
    "tokio",
];

/// One dependency as a manifest writes it.
struct Dependency {
    name: String,
    for_tests: bool,
    is_optional: bool,
    line: usize,
}

/// Holds each manifest to its row of [`MAY_DEPEND_ON`].
pub(crate) fn check(checkout: &Checkout) -> Vec<Finding> {
    let mut findings = Vec::new();
    for manifest in manifests(checkout) {
        let Some(name) = package_name(&manifest.text) else { continue };
        match MAY_DEPEND_ON.iter().find(|layer| layer.name == name) {
            Some(layer) => findings.extend(check_layer(manifest, layer)),
            None => findings.push(Finding::new(
                &manifest.path,
                0,
                format!("crate `{name}` has no layer"),
                "give it a row in `MAY_DEPEND_ON` of tests/tidy/crate_layers.rs, or make it a module",
            )),
        }
    }
    for layer in MAY_DEPEND_ON {
        if !manifests(checkout).any(|file| package_name(&file.text) == Some(layer.name)) {
            findings.push(Finding::new(
                "tests/tidy/crate_layers.rs",
                0,
                format!("`MAY_DEPEND_ON` has a row for `{}`, which is no crate", layer.name),
                "remove the row",
            ));
        }
    }
    findings
}

/// Holds the pure crates to their wall.
pub(crate) fn check_purity(checkout: &Checkout) -> Vec<Finding> {
    let mut findings = Vec::new();
    for krate in PURE {
        let source = format!("{krate}/src/");
        for file in checkout.rust_files().filter(|file| file.path.starts_with(&source)) {
            findings.extend(check_pure_source(krate, file));
        }
        if let Some(manifest) = checkout.file(&format!("{krate}/Cargo.toml")) {
            findings.extend(check_pure_manifest(krate, manifest));
        }
    }
    findings
}

fn manifests(checkout: &Checkout) -> impl Iterator<Item = &SourceFile> {
    checkout.files.iter().filter(|file| {
        (file.path == "Cargo.toml" || file.path.ends_with("/Cargo.toml"))
            // A workspace of its own, never in our lock file.
            && !file.path.starts_with("benches/rivals/")
            && !file.path.starts_with("fuzz/")
    })
}

fn check_layer(manifest: &SourceFile, layer: &Layer) -> Vec<Finding> {
    let ours = |name: &str| MAY_DEPEND_ON.iter().any(|layer| layer.name == name);
    let mut findings = Vec::new();
    for dependency in dependencies(&manifest.text) {
        let name = dependency.name.as_str();
        let allowed = layer.may_use.contains(&name)
            || (dependency.for_tests && layer.tests_may_use.contains(&name));
        if ours(name) && !allowed {
            findings.push(Finding::new(
                &manifest.path,
                dependency.line,
                format!("`{}` may not depend on `{name}`", layer.name),
                format!(
                    "it may use {:?}, and in its tests also {:?}; move the code to the crate that knows both",
                    layer.may_use, layer.tests_may_use
                ),
            ));
        }
        if layer.optional.contains(&name) && !dependency.for_tests && !dependency.is_optional {
            findings.push(Finding::new(
                &manifest.path,
                dependency.line,
                format!("`{name}` is linked into every build of `{}`", layer.name),
                "write `optional = true` and put it behind a feature",
            ));
        }
    }
    findings
}

fn check_pure_source(krate: &str, file: &SourceFile) -> Vec<Finding> {
    if file.is_test_only() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (i, line) in file.lines_without_tests().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for word in NEVER_IN_PURE_SOURCE.iter().filter(|word| code.contains(**word)) {
            findings.push(Finding::new(
                &file.path,
                i + 1,
                format!("`{krate}` is pure and may not contain `{word}`"),
                "take what you need as an argument, and let the gateway fetch it",
            ));
        }
    }
    findings
}

fn check_pure_manifest(krate: &str, manifest: &SourceFile) -> Vec<Finding> {
    dependencies(&manifest.text)
        .into_iter()
        .filter(|dependency| !dependency.for_tests)
        .filter(|dependency| NEVER_IN_PURE_MANIFEST.contains(&dependency.name.as_str()))
        .map(|dependency| {
            Finding::new(
                &manifest.path,
                dependency.line,
                format!("`{krate}` is pure and may not depend on `{}`", dependency.name),
                "keep the network, clocks and randomness in the gateway",
            )
        })
        .collect()
}

fn package_name(manifest: &str) -> Option<&str> {
    let (_, package) = manifest.split_once("[package]")?;
    package.lines().find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
}

/// Reads the dependency tables of a manifest. Our manifests keep one dependency a line.
fn dependencies(manifest: &str) -> Vec<Dependency> {
    let mut found = Vec::new();
    let mut table = None;
    for (i, line) in manifest.lines().enumerate() {
        if let Some(heading) = line.strip_prefix('[') {
            let heading = heading.trim_end().trim_end_matches(']');
            let is_table = heading == "dependencies"
                || heading.ends_with("-dependencies")
                || heading.ends_with(".dependencies");
            // `[workspace.dependencies]` only offers; it uses nothing.
            let is_table = is_table && !heading.starts_with("workspace");
            table = is_table.then(|| heading.ends_with("dev-dependencies"));
            continue;
        }
        let Some(for_tests) = table else { continue };
        let name: String =
            line.chars().take_while(|c| c.is_alphanumeric() || "-_".contains(*c)).collect();
        if !name.is_empty() {
            let is_optional = line.contains("optional = true");
            found.push(Dependency { name, for_tests, is_optional, line: i + 1 });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Layer, check_layer, check_pure_manifest, check_pure_source};
    use crate::checkout::{Checkout, SourceFile};

    const LAYER: Layer = Layer {
        name: "execution",
        may_use: &["query-planner"],
        tests_may_use: &["oracle"],
        optional: &["query-planner"],
    };

    #[test]
    fn a_dependency_upwards_is_found() {
        let manifest =
            SourceFile::new("execution/Cargo.toml", "[dependencies]\nui.workspace = true\n");
        let findings = check_layer(&manifest, &LAYER);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].line, 2);
        assert!(findings[0].wrong.contains("`execution` may not depend on `ui`"));
    }

    #[test]
    fn tests_may_use_more_than_the_crate() {
        let for_tests = "[dev-dependencies]\noracle.workspace = true\n";
        let for_all = "[dependencies]\noracle.workspace = true\n";
        assert!(check_layer(&SourceFile::new("Cargo.toml", for_tests), &LAYER).is_empty());
        assert_eq!(check_layer(&SourceFile::new("Cargo.toml", for_all), &LAYER).len(), 1);
    }

    #[test]
    fn what_must_be_optional_is_optional() {
        let linked = "[dependencies]\nquery-planner = { workspace = true }\n";
        let optional = "[dependencies]\nquery-planner = { workspace = true, optional = true }\n";
        assert_eq!(check_layer(&SourceFile::new("Cargo.toml", linked), &LAYER).len(), 1);
        assert!(check_layer(&SourceFile::new("Cargo.toml", optional), &LAYER).is_empty());
    }

    #[test]
    fn a_crate_without_a_row_is_found() {
        let mut checkout = Checkout::default();
        let text = "[package]\nname = \"parser\"\n";
        checkout.files.push(SourceFile::new("parser/Cargo.toml", text));
        let findings = super::check(&checkout);
        assert!(findings.iter().any(|finding| finding.wrong == "crate `parser` has no layer"));
    }

    #[test]
    fn a_clock_in_a_pure_crate_is_found_but_not_in_its_comments_and_tests() {
        let text = "// std::time is banned\nuse std::time::Instant;\n#[cfg(test)]\nmod tests {\nuse std::fs;\n}\n";
        let findings =
            check_pure_source("supergraph", &SourceFile::new("supergraph/src/a.rs", text));
        assert_eq!(findings.iter().map(|finding| finding.line).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn a_network_dependency_of_a_pure_crate_is_found() {
        let text = "[dependencies]\ntokio = \"1\"\n[dev-dependencies]\nrand = \"1\"\n";
        let findings = check_pure_manifest("supergraph", &SourceFile::new("Cargo.toml", text));
        assert_eq!(findings.iter().map(|finding| finding.line).collect::<Vec<_>>(), [2]);
    }
}
