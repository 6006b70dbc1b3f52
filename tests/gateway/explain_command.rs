//! `graphloom explain` as a process: where its words come from, and what it says of wrong ones.
//!
//! **Never here:** what an explanation says (`explain`, and the examples of docs/explain.md).

use std::process::{Command, Output};

use serde_json::Value;

use crate::folder::Folder;
use crate::issuer::token_by_secret;

const SECRET: &str = "signs what the tests like to be signed";

fn shop() -> Folder {
    let folder = Folder::new();
    folder.write("shop.graphql", "type Query { price(of: Int! = 3): Int name: String }");
    folder.write("secret.txt", SECRET);
    folder.write(
        "graphloom.yaml",
        "version: 1\n\
         supergraph: { subgraphs: { shop: { schema: shop.graphql, url: http://shop/ } } }\n\
         identity: { try: { jwt: { issuer: try, audience: api, secret: \"${file:secret.txt}\" } } }\n\
         headers: { request: [{ forward: x-tenant }, { set: x-user, value: consumer.id }] }\n",
    );
    folder
}

fn run(folder: &Folder, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_graphloom"));
    let command = command.arg("explain").args(arguments).current_dir(folder.path());
    command.env("TENANT", "of the environment").output().unwrap()
}

fn explained(folder: &Folder, arguments: &[&str]) -> Value {
    let output = run(folder, &[arguments, &["--format", "json"]].concat());
    let complaint = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{complaint}"))
}

#[test]
fn words_come_from_the_command_line_from_files_and_from_the_environment() {
    let folder = shop();
    let claims =
        serde_json::json!({ "iss": "try", "aud": "api", "sub": "ann", "exp": 4_102_444_800_u64 });
    let header = serde_json::json!({ "alg": "HS256" });
    folder
        .write("token.txt", &format!("{}\n", token_by_secret(SECRET.as_bytes(), &header, &claims)));
    folder.write("price.graphql", "query A { name } query Price($of: Int!) { price(of: $of) }");
    folder.write("of.json", "{ \"of\": 7 }");
    let arguments = ["price.graphql", "--operation", "Price", "--variables", "of.json"];
    let caller = ["--as", "@token.txt", "--header", "x-tenant: ${TENANT}"];
    let told = explained(&folder, &[&arguments[..], &caller].concat());
    assert_eq!(told["consumer"]["id"], "try:ann", "{told}");
    assert_eq!(
        (&told["operation"]["name"], &told["refused"]),
        (&"Price".into(), &Value::Array(vec![]))
    );
    let headers = told["upstreams"][0]["headers"].to_string();
    assert!(headers.contains("of the environment") && headers.contains("try:ann"), "{headers}");

    let missing = explained(&folder, &["query($of: Int!) { price(of: $of) }"]);
    assert_eq!(missing["refused"][0]["code"], "BAD_USER_INPUT", "{missing}");
    let given =
        explained(&folder, &["query($of: Int!) { price(of: $of) }", "--variables", "{\"of\":1}"]);
    assert_eq!(
        (&given["refused"], &given["consumer"]["anonymous"]),
        (&Value::Array(vec![]), &true.into())
    );
}

#[test]
fn wrong_words_are_refused_with_what_to_write() {
    let folder = shop();
    for (arguments, said) in [
        (&["nothing.graphql"][..], "cannot read `nothing.graphql`"),
        (&["{ nobody }"], "does not have a field `nobody`"),
        (&["GET /nowhere"], "no route has the path `/nowhere`"),
        (&["{ name }", "--as", "@none.txt"], "cannot read `none.txt`"),
        (&["{ name }", "--as", "${NOT_THERE}"], "no variable `NOT_THERE`"),
        (&["{ name }", "--as", "glk_a_b"], "no provider of `identity` has keys"),
        (&["{ name }", "--header", "x-tenant"], "write `name: value`"),
        (&["{ name }", "--variables", "{"], "no JSON object"),
    ] {
        let output = run(&folder, arguments);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {complaint}");
        assert!(complaint.contains(said), "{arguments:?}: {complaint}");
        assert!(output.stdout.is_empty());
    }
    let text = String::from_utf8(run(&folder, &["{ name }", "--as", "a.b.c"]).stdout).unwrap();
    assert!(text.contains("the credential does not count\nit would be refused\n"), "{text}");
}
