//! Builds the query page into `OUT_DIR` and writes the table of its assets.
//!
//! **In:** `web/` (GraphiQL, when Node and npm are fit for it), `small/` (else), and `GRAPHLOOM_UI`.
//! **Out:** `assets.rs`: `KIND`, and `ASSETS` sorted by path.
//!
//! **Never here:** what the pages do (`web/src/`, `small/index.html`), how they are served (the gateway).
//!
//! **Holds:** the source tree is only read: the sources are copied and built in `OUT_DIR`. Whatever Node, npm or the
//! network do, the build succeeds; a page that could not be bundled is replaced by the small one, and a warning says why.
//!
//! **Read first:** [`main`].

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the bundle is made of. `node_modules` and `dist` of somebody who works on the page stay out.
const WEB_SOURCES: [&str; 5] =
    ["package.json", "package-lock.json", "vite.config.js", "index.html", "src"];
/// Vite's own floor: the first release of each line that can `require` a module.
const OLDEST_NODE: [(u32, u32); 2] = [(20, 19), (22, 12)];

fn main() {
    for source in WEB_SOURCES {
        println!("cargo:rerun-if-changed=web/{source}");
    }
    println!("cargo:rerun-if-changed=small");
    println!("cargo:rerun-if-env-changed=GRAPHLOOM_UI");

    let source =
        PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it for build scripts"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it for build scripts"));
    let (kind, assets) = if env::var_os("GRAPHLOOM_UI").is_some_and(|wanted| wanted == "small") {
        ("Small", small_page(&source, &out))
    } else {
        match graphiql(&source, &out) {
            Ok(assets) => ("GraphiQL", assets),
            Err(reason) => {
                println!(
                    "cargo:warning=the query page is the small one, without GraphiQL: {reason}"
                );
                println!(
                    "cargo:warning=to try again, run `cargo clean -p ui` and build; GRAPHLOOM_UI=small asks for the small page"
                );
                ("Small", small_page(&source, &out))
            }
        }
    };
    fs::write(out.join("assets.rs"), table(kind, assets)).expect("OUT_DIR can be written");
}

/// A file to embed.
struct Embedded {
    /// The path of the request it answers.
    path: String,
    file: PathBuf,
    is_packed: bool,
}

/// Bundles `web/`. An error is the reason why it cannot be done here.
fn graphiql(source: &Path, out: &Path) -> Result<Vec<Embedded>, String> {
    check_node()?;
    let web = out.join("web");
    copy_sources(&source.join("web"), &web)
        .map_err(|error| format!("its sources cannot be copied: {error}"))?;
    install(&web)?;
    run(&web, "npm", &["run", "build", "--silent", "--", "--logLevel", "error"])?;
    let dist = web.join("dist");
    let mut assets =
        vec![Embedded { path: "/".to_owned(), file: dist.join("index.html"), is_packed: false }];
    let listed = list(&dist.join("assets"))
        .map_err(|error| format!("the bundle cannot be read: {error}"))?;
    for name in listed.iter().filter(|name| !name.ends_with(".gz")) {
        let packed = format!("{name}.gz");
        let is_packed = listed.contains(&packed);
        let file = dist.join("assets").join(if is_packed { &packed } else { name });
        assets.push(Embedded { path: format!("/_graphloom/ide/assets/{name}"), file, is_packed });
    }
    Ok(assets)
}

fn check_node() -> Result<(), String> {
    let version = run(Path::new("."), "node", &["--version"])?;
    let mut numbers = version
        .trim()
        .trim_start_matches('v')
        .split('.')
        .map(|part| part.parse::<u32>().unwrap_or(0));
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let [first_line, second_line] = OLDEST_NODE;
    let is_fit = found >= second_line || (found.0 == first_line.0 && found >= first_line);
    if !is_fit {
        return Err(format!("Node {} is too old; install 20.19, 22.12 or newer", version.trim()));
    }
    run(Path::new("."), "npm", &["--version"]).map(|_version| ())
}

/// Installs what the lock file names, unless the last build did.
fn install(web: &Path) -> Result<(), String> {
    let lock = fs::read(web.join("package-lock.json"))
        .map_err(|error| format!("`package-lock.json`: {error}"))?;
    let installed = web.join("installed-lock.json");
    if fs::read(&installed).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    // Without a network npm should give up in seconds, and no package needs to run anything to be installed.
    let quick =
        ["--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=3000"];
    let quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    run(web, "npm", &[&["ci"][..], &quick, &quiet].concat())?;
    fs::write(installed, lock).map_err(|error| format!("`installed-lock.json`: {error}"))
}

/// Runs a tool and returns what it said. An error names the tool and begins its complaint, where npm
/// says the cause.
fn run(folder: &Path, tool: &str, arguments: &[&str]) -> Result<String, String> {
    let program = if cfg!(windows) && tool == "npm" { "npm.cmd" } else { tool };
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        // NODE_ENV=production would leave the bundler out of the installation.
        .env_remove("NODE_ENV")
        .output()
        .map_err(|error| {
            format!("`{tool}` cannot be run ({error}); install Node 20.19 or newer, with npm")
        })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = [output.stderr, output.stdout].concat();
    let said = String::from_utf8_lossy(&said);
    let lines = said
        .lines()
        .map(|line| line.trim_start_matches("npm error").trim())
        .filter(|line| !line.is_empty());
    let first: Vec<&str> = lines.take(3).collect();
    Err(format!("`{tool} {}` failed: {}", arguments.first().unwrap_or(&""), first.join(" / ")))
}

/// Makes the small page one file: the elements it shares with GraphiQL's page are written into it.
fn small_page(source: &Path, out: &Path) -> Vec<Embedded> {
    let elements = source.join("web/src/elements");
    let read = |path: PathBuf| {
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let mut page = read(source.join("small/index.html"));
    for (reference, name, tag) in [
        (
            r#"<link rel="stylesheet" href="../web/src/elements/elements.css" />"#,
            "elements.css",
            "style",
        ),
        (
            r#"<script type="module" src="../web/src/elements/header.js"></script>"#,
            "header.js",
            "script",
        ),
        (
            r#"<script type="module" src="../web/src/elements/terms.js"></script>"#,
            "terms.js",
            "script",
        ),
        (
            r#"<script type="module" src="../web/src/elements/calls.js"></script>"#,
            "calls.js",
            "script",
        ),
        (
            r#"<script type="module" src="../web/src/elements/plan.js"></script>"#,
            "plan.js",
            "script",
        ),
    ] {
        let text = read(elements.join(name));
        assert!(
            page.contains(reference),
            "small/index.html does not name {name} as this script expects"
        );
        assert!(!text.contains(&format!("</{tag}")), "{name} would close its own <{tag}>");
        let open = if tag == "script" { "<script type=\"module\">" } else { "<style>" };
        page = page.replace(reference, &format!("{open}\n{text}</{tag}>"));
    }
    let file = out.join("small.html");
    fs::write(&file, page).expect("OUT_DIR can be written");
    vec![Embedded { path: "/".to_owned(), file, is_packed: false }]
}

fn table(kind: &str, mut assets: Vec<Embedded>) -> String {
    assets.sort_by(|a, b| a.path.cmp(&b.path));
    let mut text = format!(
        "pub(super) const KIND: Kind = Kind::{kind};\npub(super) static ASSETS: &[(&str, Asset)] = &[\n"
    );
    for Embedded { path, file, is_packed } in assets {
        let content_type = content_type(&path);
        let immutable = path.starts_with("/_graphloom/ide/assets/");
        let encoding = if is_packed { r#"Some("gzip")"# } else { "None" };
        writeln!(
            text,
            "    ({path:?}, Asset {{ content_type: {content_type:?}, bytes: include_bytes!({file:?}), \
             immutable: {immutable}, encoding: {encoding} }}),",
        )
        .expect("a string takes all that is written to it");
    }
    text.push_str("];\n");
    text
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        None => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json" | "map") => "application/json",
        Some("ttf") => "font/ttf",
        Some("woff2") => "font/woff2",
        Some("wasm") => "application/wasm",
        Some("png") => "image/png",
        Some(_) => "application/octet-stream",
    }
}

/// Copies the sources of the bundle over those of the last build, and takes away what is no longer there.
fn copy_sources(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for name in WEB_SOURCES {
        let (from, to) = (from.join(name), to.join(name));
        if from.is_dir() {
            if to.exists() {
                fs::remove_dir_all(&to)?;
            }
            copy_folder(&from, &to)?;
        } else {
            fs::copy(&from, &to)?;
        }
    }
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for name in list(from)? {
        let (from, to) = (from.join(&name), to.join(&name));
        if from.is_dir() {
            copy_folder(&from, &to)?;
        } else {
            fs::copy(&from, &to)?;
        }
    }
    Ok(())
}

/// The names in a folder, sorted, so that equal sources make equal tables.
fn list(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
