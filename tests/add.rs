//! Runs `graphloom add` against running subgraphs.
//!
//! **In:** the program, in an empty folder. **Out:** what it writes and says.
//!
//! **Never here:** the rules of editing YAML (`yaml_insert` tests them).

#![cfg(feature = "demo")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use subgraphs::{Options, Service};

/// An empty folder of its own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("the folder of the last run can be removed");
    }
    fs::create_dir_all(&folder).expect("a folder can be made");
    folder
}

fn graphloom(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_graphloom"))
        .args(arguments)
        .current_dir(folder)
        // Nobody is there: what is asked is the subgraph itself.
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .env("ALL_PROXY", "http://127.0.0.1:9")
        .output()
        .expect("the program starts")
}

#[track_caller]
fn expect_done(output: &Output) -> String {
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

async fn running() -> subgraphs::Running {
    subgraphs::start(Options::default()).await.expect("ports are free")
}

#[tokio::test(flavor = "multi_thread")]
async fn subgraphs_are_added_one_by_one_and_compose() {
    let running = running().await;
    let folder = folder("add-one-by-one");
    for service in Service::SUBGRAPHS {
        // Of these only the whole composes: `inventory` and `reviews` extend what `products` owns.
        graphloom(&folder, &["add", service.name(), running.server(service).url()]);
        assert!(folder.join(format!("schemas/{service}.graphql")).is_file(), "{service}");
    }
    let text = fs::read_to_string(folder.join("graphloom.yaml")).expect("it was written");
    assert!(text.starts_with("# yaml-language-server: $schema=graphloom.schema.json\n"), "{text}");
    assert!(folder.join("graphloom.schema.json").is_file());
    let composed = expect_done(&graphloom(&folder, &["compose"]));
    assert!(composed.contains("type Product"), "{composed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_and_form_of_the_configuration_stay() {
    let running = running().await;
    let folder = folder("add-keeps-comments");
    let old = "# Ours.\nversion: 1\nsupergraph:\n  subgraphs:   # the graph\n    # who they are\n    \
               accounts: { schema: sdl/accounts.graphql, url: \"http://localhost:1/\" } # kept\n\n# end\n";
    fs::create_dir(folder.join("sdl")).expect("a folder can be made");
    let sdl = Service::Accounts.schema();
    fs::write(folder.join("sdl/accounts.graphql"), sdl).expect("a file can be written");
    fs::write(folder.join("graphloom.yaml"), old).expect("a file can be written");
    let url = running.server(Service::Products).url();
    expect_done(&graphloom(&folder, &["add", "products", url]));
    let new = fs::read_to_string(folder.join("graphloom.yaml")).expect("it is there");
    let line = format!("    products: {{ schema: sdl/products.graphql, url: {url} }}\n");
    assert_eq!(new, old.replace("# kept\n", &format!("# kept\n{line}")));
    assert!(folder.join("sdl/products.graphql").is_file());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_added_changes_nothing() {
    let running = running().await;
    let folder = folder("add-changes-nothing");
    let orders = running.server(Service::Orders).url().to_owned();
    let nobody = running.server(Service::Accounts).url().to_owned();
    running.server(Service::Accounts).stop().await;
    let wrong = [
        (["add", "1st", "http://localhost/graphql"], "is no name for a subgraph"),
        (["add", "accounts", "localhost:4001"], "is not the URL of a subgraph"),
        (["add", "orders", &orders], "does not tell its schema"),
        (["add", "accounts", &nobody], "is the subgraph running?"),
    ];
    for (arguments, message) in wrong {
        let output = graphloom(&folder, &arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(complaint.contains(message), "{arguments:?}: {complaint}");
    }
    assert_eq!(fs::read_dir(&folder).expect("it is there").count(), 0);
}
