//! Laws of the configuration as a whole.
//!
//! **Never here:** messages as people see them on the terminal (`tests/gateway/wrong_inputs.rs`).

use std::path::Path;
use std::time::Duration;

use super::{Destination, Introspection, Settings, SupergraphSettings, json_schema};

const GRAPH: &str = "supergraph: { file: graphs/s.graphql }\n";

fn settings(text: &str) -> Result<Settings, String> {
    let variables = |name: &str| match name {
        "ON" => Some("true".to_owned()),
        "DEPTH" => Some("7".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    };
    Settings::read(Path::new("/etc/graphloom/graphloom.yaml"), text, &variables)
        .map_err(|errors| errors.to_string())
}

#[test]
fn the_strictest_limit_counts_and_what_is_measured_loosens_nothing() {
    let limits = |policies: &str| {
        let text = format!(
            "supergraph: {{ file: a }}\npolicies: {{ {policies} }}\napply: {{ all: [a], graphql: [b] }}"
        );
        settings(&text).map(|settings| settings.graphql_limits)
    };
    let both =
        limits("a: { limits: { cost: 50, aliases: 7 } }, b: { limits: { cost: 90 } }").unwrap();
    assert_eq!((both.enforced.cost, both.enforced.aliases), (Some(50), Some(7)));
    let measured = limits(
        "a: { limits: { cost: 50 } }, b: { limits: { mode: measure, cost: 9, depth: 3, batch: 4 } }",
    );
    let measured = measured.unwrap();
    assert_eq!((measured.enforced.cost, measured.measured.cost), (Some(50), Some(9)));
    assert_eq!((measured.enforced.depth, measured.measured.depth), (Some(30), Some(3)));
    assert_eq!((measured.batch, measured.tokens), (4, 20_000));
    let error = limits("a: { limits: { height: 0 } }, b: {}").unwrap_err();
    assert!(error.contains("nothing could pass this limit"), "{error}");
    let error = limits("a: { limits: { mode: observe } }, b: {}").unwrap_err();
    assert!(error.contains("policies.a.limits.mode"), "{error}");
}

#[test]
fn costs_are_used_where_somebody_asks_for_them() {
    let is_used = |more: &str| {
        settings(&format!("supergraph: {{ file: a }}\n{more}")).unwrap().graphql.cost.is_used
    };
    assert!(!is_used(""));
    assert!(is_used("graphql: { cost: { fetch: 1 } }"));
    assert!(is_used("policies: { a: { limits: { cost: 1 } } }\napply: { all: [a] }"));
    assert!(!is_used("policies: { a: { limits: { cost: 1 } } }"), "it applies nowhere");
    assert!(is_used("masks: [{ field: A.b, remove: true, unless: operation.cost < 5 }]"));
}

#[test]
fn a_file_that_names_only_its_graph_has_safe_defaults() {
    let settings = settings(GRAPH).unwrap();
    assert_eq!(settings.listen.public[0].address.to_string(), "127.0.0.1:4000");
    assert_eq!(settings.graphql.introspection, Introspection::Never);
    assert!(settings.graphql.csrf && settings.graphql.cors.is_none() && !settings.graphql.ide);
    assert!(settings.graphql.errors.mask);
    assert_eq!(
        (settings.graphql_limits.enforced.depth, settings.graphql_limits.body),
        (Some(30), 2_000_000)
    );
    let SupergraphSettings::File(file) = settings.supergraph else { panic!("a file was named") };
    assert_eq!(file, Path::new("/etc/graphloom/graphs/s.graphql"));
}

#[test]
fn a_replaced_text_may_stand_for_a_number_or_a_boolean_and_an_empty_key_for_nothing() {
    let text = format!(
        "{GRAPH}graphql: {{ ide: \"${{ON}}\", path: \"${{EMPTY:-/g}}\" }}\nlimits:\nroutes:\n\
         policies: {{ p: {{ limits: {{ depth: \"${{DEPTH}}\" }} }} }}\napply: {{ all: [p] }}\n"
    );
    let settings = settings(&text).unwrap();
    assert!(settings.graphql.ide);
    assert_eq!(
        (settings.graphql.path.as_str(), settings.graphql_limits.enforced.depth),
        ("/g", Some(7))
    );
    assert_eq!(settings.limits.drain, Duration::from_secs(30));
}

#[test]
fn of_several_policies_the_strictest_counts() {
    let text = format!(
        "{GRAPH}upstreams: {{ o: {{ targets: [{{ url: http://o:1 }}] }} }}\n\
         policies:\n  a: {{ limits: {{ depth: 9, body: 4KB }} }}\n  b: {{ limits: {{ body: 1KiB }} }}\n\
         apply: {{ all: [a] }}\n\
         routes: [{{ match: {{ path: /x }}, upstream: o, policies: [b] }}]\n"
    );
    let settings = settings(&text).unwrap();
    assert_eq!(
        (settings.graphql_limits.enforced.depth, settings.graphql_limits.body),
        (Some(9), 4_000)
    );
    assert_eq!(settings.routes[0].limits.body, 1_024);
}

#[test]
fn a_subgraph_has_at_most_one_address() {
    let subgraph = |rest: &str| {
        settings(&format!("supergraph: {{ subgraphs: {{ a: {{ schema: a.graphql{rest} }} }} }}\n"))
    };
    let ok = subgraph(", url: http://a:1/graphql, timeout: 1.5s").unwrap();
    let SupergraphSettings::Subgraphs(subgraphs) = ok.supergraph else { panic!("a map") };
    assert!(
        matches!(&subgraphs["a"].destination, Some(Destination::Url(url)) if url.path() == "/graphql")
    );
    assert_eq!(subgraphs["a"].timeout, Some(Duration::from_millis(1_500)));
    // Its schema may say whom to ask.
    let ok = subgraph("").unwrap();
    let SupergraphSettings::Subgraphs(subgraphs) = ok.supergraph else { panic!("a map") };
    assert_eq!(subgraphs["a"].destination, None);
    assert!(subgraph(", url: http://a:1, upstream: b").unwrap_err().contains("two addresses"));
    assert!(subgraph(", url: ftp://a:1").unwrap_err().contains("is not a URL that can be asked"));
}

#[test]
fn two_routes_share_a_template_only_with_different_methods() {
    let routes = |first: &str, second: &str| {
        settings(&format!(
            "{GRAPH}upstreams: {{ o: {{ targets: [{{ url: http://o:1 }}] }} }}\n\
             routes:\n  - {{ match: {{ {first} }}, upstream: o }}\n  - {{ match: {{ {second} }}, upstream: o }}\n"
        ))
    };
    let get = "path: \"/a/{id}\", methods: [GET]";
    assert!(routes(get, "path: \"/a/{id}\", methods: [PUT]").is_ok());
    assert!(routes(get, "path: \"/a/{id}\"").unwrap_err().contains("earlier route"));
    assert!(routes(get, "path: \"/a/{other}\", methods: [PUT]").unwrap_err().contains("earlier"));
    assert!(routes(get, "path: /_graphloom/explain").unwrap_err().contains("would hide"));
}

#[test]
fn the_json_schema_refuses_what_the_reader_refuses() {
    let schema: serde_json::Value = serde_json::from_str(&json_schema()).unwrap();
    assert_eq!(schema["additionalProperties"], false);
    let documented = schema["properties"].as_object().unwrap();
    let refused = settings("nonsense: 1\n").unwrap_err();
    for key in documented.keys() {
        assert!(refused.contains(&format!("`{key}`")), "{key} is not in: {refused}");
        assert!(documented[key]["description"].is_string(), "{key} is not described");
    }
}

#[test]
fn the_level_of_diagnostics_is_a_key_and_the_environment_goes_before_it() {
    use tracing::Level;

    let filter = |rust_log: Option<&str>| {
        let text = format!("{GRAPH}telemetry: {{ log: {{ level: debug }} }}\n");
        let variable = |name: &str| rust_log.filter(|_| name == "RUST_LOG").map(str::to_owned);
        let settings = Settings::read(Path::new("graphloom.yaml"), &text, &variable);
        settings.map(|settings| settings.telemetry.log_filter).map_err(|errors| errors.to_string())
    };
    let written = filter(None).unwrap();
    assert!(written.would_enable("graphloom::graph", &Level::DEBUG));
    assert!(!written.would_enable("h2", &Level::DEBUG));
    let overridden = filter(Some("error")).unwrap();
    assert!(!overridden.would_enable("graphloom::graph", &Level::WARN));
    assert!(filter(Some("a=b=c")).unwrap_err().contains("`RUST_LOG` is no filter"));
}

#[test]
fn merging_and_warming_have_defaults_and_can_be_said() {
    let graphql = settings(GRAPH).unwrap().graphql;
    assert_eq!((graphql.merge.subgraph_queries, graphql.merge.client_queries), (true, false));
    assert_eq!((graphql.warm.operations, graphql.warm.timeout), (200, Duration::from_secs(10)));
    assert_eq!(graphql.planning.slow, Duration::from_millis(50));
    let text = "graphql: { merge: { subgraph_queries: false, client_queries: true }, \
                warm: { operations: 0, timeout: 1s }, planning: { slow: 2s } }\n";
    let graphql = settings(&format!("{GRAPH}{text}")).unwrap().graphql;
    assert_eq!((graphql.merge.subgraph_queries, graphql.merge.client_queries), (false, true));
    assert_eq!((graphql.warm.operations, graphql.warm.timeout), (0, Duration::from_secs(1)));
    assert_eq!(graphql.planning.slow, Duration::from_secs(2));
    let wrong = settings(&format!("{GRAPH}graphql: {{ warm: {{ timeout: soon }} }}\n"));
    assert!(wrong.unwrap_err().contains("graphql.warm.timeout"));
}
