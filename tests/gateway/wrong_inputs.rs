//! Wrong configurations and schemas: each error names file, line and the fix.
//!
//! **Never here:** every composition code (`composition`).

use std::process::Command;

use crate::folder::Folder;

struct Case {
    why: &'static str,
    yaml: &'static str,
    schema: &'static str,
    exit: i32,
    place: &'static str,
    says: &'static [&'static str],
}

const GOOD_YAML: &str =
    "supergraph: { subgraphs: { a: { schema: a.graphql, url: http://127.0.0.1:9/ } } }\n";
const GOOD_SCHEMA: &str = "type Query { a: Int }\n";

const CASES: &[Case] = &[
    Case {
        why: "a misspelled key",
        yaml: "lisen: 127.0.0.1:4000\n",
        schema: GOOD_SCHEMA,
        exit: 3,
        place: "graphloom.yaml:1:1",
        says: &["unknown key `lisen`", "fix: did you mean `listen`?"],
    },
    Case {
        why: "text that is no YAML",
        yaml: "supergraph:\n  subgraphs: [\n",
        schema: GOOD_SCHEMA,
        exit: 3,
        place: "graphloom.yaml:",
        says: &["fix: "],
    },
    Case {
        why: "a value of another type",
        yaml: "graphql:\n  ide: perhaps\n",
        schema: GOOD_SCHEMA,
        exit: 3,
        place: "graphloom.yaml:2:",
        says: &["`graphql.ide`", "expected `true` or `false`, found the text `perhaps`"],
    },
    Case {
        why: "a variable that is not set",
        yaml: "listen: ${GRAPHLOOM_TEST_NOT_SET}\n",
        schema: GOOD_SCHEMA,
        exit: 3,
        place: "graphloom.yaml:1:",
        says: &["no variable `GRAPHLOOM_TEST_NOT_SET`", "give a default"],
    },
    Case {
        why: "an upstream that is not there",
        yaml: "supergraph:\n  subgraphs:\n    a: { schema: a.graphql, upstream: reviewz }\nupstreams:\n  reviews: { targets: [{ url: http://127.0.0.1:9 }] }\n",
        schema: GOOD_SCHEMA,
        exit: 3,
        place: "graphloom.yaml:3:",
        says: &["there is no upstream `reviewz`", "fix: did you mean `reviews`?"],
    },
    Case {
        why: "a duration without a unit",
        yaml: "supergraph:\n  subgraphs:\n    a: { schema: a.graphql, url: http://127.0.0.1:9/, timeout: 30 }\n",
        schema: GOOD_SCHEMA,
        exit: 3,
        place: "graphloom.yaml:3:",
        says: &["`30` is not a duration", "`30s`"],
    },
    Case {
        why: "a route over the GraphQL door",
        yaml: "supergraph: { file: s.graphql }\nupstreams: { o: { targets: [{ url: http://127.0.0.1:9 }] } }\nroutes:\n  - match: { path: \"/{anything}\" }\n    upstream: o\n",
        schema: GOOD_SCHEMA,
        exit: 3,
        place: "graphloom.yaml:4:",
        says: &["would hide the gateway's own `/graphql`", "fix: "],
    },
    Case {
        why: "tokens for anyone",
        yaml: "supergraph: { file: s.graphql }\nidentity:\n  corp:\n    jwt: { issuer: \"https://idp.example.com\" }\n",
        schema: GOOD_SCHEMA,
        exit: 3,
        place: "graphloom.yaml:4:",
        says: &["tokens that were issued for others would count", "fix: add `audience:`"],
    },
    Case {
        why: "keys that anyone on the way could replace",
        yaml: "supergraph: { file: s.graphql }\nidentity:\n  corp:\n    jwt: { issuer: corp, audience: api, jwks: { url: \"http://idp.example.com/keys\" } }\n",
        schema: GOOD_SCHEMA,
        exit: 3,
        place: "graphloom.yaml:4:",
        says: &["`identity.corp.jwt.jwks.url`", "could forge", "fix: use `https`"],
    },
    Case {
        why: "a secret that is guessed soon",
        yaml: "supergraph: { file: s.graphql }\nidentity:\n  corp:\n    jwt: { issuer: corp, audience: api, secret: hunter2 }\n",
        schema: GOOD_SCHEMA,
        exit: 3,
        place: "graphloom.yaml:4:",
        says: &["the secret is too short", "openssl rand", "secret: ..."],
    },
    Case {
        why: "a door that requires nobody who is there",
        yaml: "supergraph: { file: s.graphql }\nidentity:\n  corp: { jwt: { issuer: \"https://idp.example.com\", audience: api } }\ngraphql: { require: { any: [crop] } }\n",
        schema: GOOD_SCHEMA,
        exit: 3,
        place: "graphloom.yaml:4:",
        says: &["there is no provider `crop`", "fix: did you mean `corp`?"],
    },
    Case {
        why: "a credential on its way to an upstream",
        yaml: "supergraph: { file: s.graphql }\nidentity:\n  corp: { jwt: { issuer: \"https://idp.example.com\", audience: api } }\nheaders:\n  request: [{ forward: authorization }]\n",
        schema: GOOD_SCHEMA,
        exit: 3,
        place: "graphloom.yaml:5:",
        says: &[
            "carries the credential of `corp`, which stays here",
            "`identity.corp.forward: true`",
        ],
    },
    Case {
        why: "a header value that names what is not there",
        yaml: "supergraph: { file: s.graphql }\nheaders:\n  request:\n    - { set: x-user, value: request.id + consumer.ip }\n",
        schema: GOOD_SCHEMA,
        exit: 3,
        place: "graphloom.yaml:4:",
        says: &["there is no `consumer.ip` here, at column 14", "there is `consumer.id`"],
    },
    Case {
        why: "a mask for a field that is not there",
        yaml: "supergraph: { subgraphs: { a: { schema: a.graphql, url: http://127.0.0.1:9/ } } }\nmasks:\n  - { field: Quer.a, remove: true }\n  - { field: Query.b, remove: true }\n  - { field: Query.a, keep_last: 2 }\n  - { field: Query.a, replace: x }\n",
        schema: GOOD_SCHEMA,
        exit: 4,
        place: "graphloom.yaml:3:",
        says: &[
            "the schema has no type `Quer`",
            "did you mean `Query.a`?",
            "`Query` has no field `b`",
            "`Query.a` is `Int`: what would stand there is a text",
            "`Query.a` is `Int`, and `x` is none",
        ],
    },
    Case {
        why: "masks that say too little or too much",
        yaml: "supergraph: { file: s.graphql }\nmasks:\n  - { field: A.b, path: $.a, remove: true }\n  - { path: \"$.a[0]\", remove: true }\n  - { field: A.b }\n  - { field: A.b, hash: { key: short } }\n  - { field: A.b, remove: true, unless: route.name }\n",
        schema: GOOD_SCHEMA,
        exit: 3,
        place: "graphloom.yaml:3:",
        says: &[
            "the mask does not speak of one thing",
            "`$.a[0]` is not a path",
            "the mask does not do one thing",
            "the hash has no key, or a short one",
            "there is no `route` here",
        ],
    },
    Case {
        why: "a schema file that is missing",
        yaml: "supergraph: { subgraphs: { a: { schema: missing.graphql, url: http://127.0.0.1:9/ } } }\n",
        schema: GOOD_SCHEMA,
        exit: 4,
        place: "missing.graphql",
        says: &["cannot read", "fix: create the file"],
    },
    Case {
        why: "a type that is not defined",
        yaml: GOOD_YAML,
        schema: "type Query {\n  a: Nothing\n}\n",
        exit: 4,
        place: "a.graphql:2:",
        says: &["Nothing", "fix: "],
    },
    Case {
        why: "a key of a field that is not there",
        yaml: GOOD_YAML,
        schema: "extend schema @link(url: \"https://specs.apollo.dev/federation/v2.7\", import: [\"@key\"])\ntype Query { t: T }\ntype T @key(fields: \"nope\") { id: ID! }\n",
        exit: 4,
        place: "a.graphql:3:",
        says: &["KEY_INVALID_FIELDS", "nope", "fix: "],
    },
    Case {
        why: "a schema that is no GraphQL",
        yaml: GOOD_YAML,
        schema: "type Query {\n  a: Int!!\n}\n",
        exit: 4,
        place: "a.graphql:2:",
        says: &["INVALID_GRAPHQL"],
    },
];

fn run(command: &[&str], case: &Case) -> (Option<i32>, String) {
    let folder = Folder::new();
    folder.write("graphloom.yaml", case.yaml);
    folder.write("a.graphql", case.schema);
    let output = Command::new(env!("CARGO_BIN_EXE_graphloom"))
        .args(command)
        .arg("--config")
        .arg(folder.path().join("graphloom.yaml"))
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn compose_and_serve_name_file_line_and_fix() {
    for case in CASES {
        for command in ["compose", "serve"] {
            let (exit, said) = run(&[command], case);
            assert_eq!(exit, Some(case.exit), "{command}, {}:\n{said}", case.why);
            for expected in case.says.iter().chain([&case.place]) {
                assert!(
                    said.contains(expected),
                    "{command}, {}: no `{expected}` in\n{said}",
                    case.why
                );
            }
        }
    }
}

#[test]
fn several_things_that_are_wrong_are_told_at_once() {
    let case = Case {
        why: "three at once",
        yaml: "listen: nowhere\nupstreams: { a: { targets: [] } }\nsupergraph: {}\n",
        schema: "",
        exit: 3,
        place: "",
        says: &[],
    };
    let (exit, said) = run(&["config", "validate"], &case);
    assert_eq!(exit, Some(3));
    assert_eq!(said.matches("error: ").count(), 3, "{said}");
}

/// What `compose --format json` says of a schema, with its exit code.
fn compose_as_json(schema: &str, more: &[&str]) -> (Option<i32>, serde_json::Value) {
    let folder = Folder::new();
    folder.write("a.graphql", schema);
    let file = folder.write("graphloom.yaml", GOOD_YAML);
    let output = Command::new(env!("CARGO_BIN_EXE_graphloom"))
        .args(["compose", "--format", "json", "-c"])
        .arg(file)
        .args(more)
        .output()
        .unwrap();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn machines_get_one_object_and_the_same_exit_codes() {
    let (exit, said) = compose_as_json(GOOD_SCHEMA, &[]);
    assert_eq!((exit, said["ok"].as_bool()), (Some(0), Some(true)));
    assert!(said["supergraph"].as_str().unwrap().contains("join__Graph"));
    let (_, said) = compose_as_json(GOOD_SCHEMA, &["--api"]);
    assert_eq!(said["api"], "type Query {\n  a: Int\n}\n");
    let wrong = "type Query {\n  a: Nothing\n}\n";
    let (exit, said) = compose_as_json(wrong, &[]);
    assert_eq!((exit, said["ok"].as_bool()), (Some(4), Some(false)));
    let error = &said["errors"][0];
    assert_eq!(error["code"], "INVALID_GRAPHQL");
    assert_eq!(error["subgraphs"][0], "a");
    assert_eq!(error["locations"][0]["line"], 2);
    assert!(said["hints"].is_array());
}

#[test]
fn an_address_in_use_is_told_with_its_own_exit_code() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let yaml = format!("listen: {}\n{GOOD_YAML}", taken.local_addr().unwrap());
    let folder = Folder::new();
    folder.write("a.graphql", GOOD_SCHEMA);
    let file = folder.write("graphloom.yaml", &yaml);
    let output = Command::new(env!("CARGO_BIN_EXE_graphloom"))
        .args(["serve", "-c"])
        .arg(file)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(5));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("cannot listen on") && said.contains("fix: "), "{said}");
}
