//! The laws of the asset table, whichever page this build carries.
//!
//! **Never here:** a browser (`tests/browser/` drives one).

use super::{Asset, GRAPHQL_PATH_PLACEHOLDER, KIND, Kind, asset, built};

fn page() -> String {
    let page = asset("/").unwrap();
    String::from_utf8(page.bytes.to_vec()).unwrap()
}

/// The values of `src` and `href`.
fn references(html: &str) -> Vec<&str> {
    let after = |name| html.split(name).skip(1).filter_map(|rest: &str| rest.split('"').next());
    after(" src=\"").chain(after(" href=\"")).collect()
}

fn text(asset: &Asset) -> String {
    String::from_utf8_lossy(&asset.unpacked()).into_owned()
}

#[test]
fn the_page_is_found_under_both_names() {
    let page = asset("/").unwrap();
    assert_eq!(page.content_type, "text/html; charset=utf-8");
    assert!(std::ptr::eq(page.bytes, asset("/index.html").unwrap().bytes));
}

#[test]
fn the_page_can_be_told_where_the_endpoint_is() {
    let page = asset("/").unwrap();
    assert!(page.encoding.is_none() && !page.immutable);
    assert!(self::page().contains(&format!(
        "name=\"graphloom-graphql-path\" content=\"{GRAPHQL_PATH_PLACEHOLDER}\""
    )));
}

#[test]
fn every_file_the_page_names_is_in_the_table() {
    let page = page();
    let local: Vec<&str> =
        references(&page).into_iter().filter(|reference| !reference.starts_with("data:")).collect();
    for reference in &local {
        assert!(
            asset(reference).is_some(),
            "the page names `{reference}`, which is not in the table"
        );
    }
    match KIND {
        Kind::GraphiQL => {
            assert!(!local.is_empty(), "GraphiQL's page names its script and its styles")
        }
        Kind::Small => assert_eq!(local, Vec::<&str>::new(), "the small page is one file"),
    }
}

#[test]
fn the_page_fetches_nothing_from_elsewhere() {
    for (path, asset) in built::ASSETS {
        if asset.content_type.starts_with("text/html") {
            let html = text(asset);
            assert!(
                references(&html)
                    .iter()
                    .all(|reference| reference.starts_with("data:") || !reference.contains("//")),
                "{path}"
            );
        }
        if asset.content_type.starts_with("text/css") {
            let styles = text(asset);
            for start in ["url(http", "url(\"http", "url('http", "url(//", "@import"] {
                assert!(!styles.contains(start), "{path} contains `{start}`");
            }
        }
    }
}

#[test]
fn a_packed_asset_unpacks_to_more_than_it_was() {
    for (path, asset) in built::ASSETS.iter().filter(|(_, asset)| asset.encoding.is_some()) {
        assert_eq!(asset.encoding, Some("gzip"), "{path}");
        assert!(asset.unpacked().len() > asset.bytes.len(), "{path}");
    }
}

#[test]
fn only_names_with_a_hash_are_immutable() {
    for (path, asset) in built::ASSETS {
        let stem = path.rsplit_once('.').map_or(*path, |(stem, _)| stem);
        let has_hash = stem.len() > 9 && stem.as_bytes()[stem.len() - 9] == b'-';
        assert_eq!(asset.immutable, has_hash, "{path}");
    }
}

#[test]
fn an_unknown_path_has_no_asset() {
    assert!(asset("/_graphloom/ide/none.js").is_none());
    assert!(asset("").is_none());
}
