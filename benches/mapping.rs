//! What mapping costs: `cargo bench -p mapping`.
//!
//! **Out:** a line a case, separated by tabs: name, microseconds of the best of many runs, megabytes
//! of input a second.
//!
//! **Holds:** the first two lines are no mapping: reading the body, and reading it as a tree of
//! `serde_json` and writing it again, which is what handing it through would cost.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use mapping::{Inputs, Json, Limits, Mapping, Variable, Version, Wanted};
use std::error::Error;
use std::fmt::Write;
use std::hint::black_box;
use std::time::Instant;

const RUNS: usize = 300;
const LIMITS: Limits = Limits { steps: 10_000_000, size: 10_000_000, problems: 100 };

/// A selection as people write them: names, renames, a nested object, a list, a method.
const SELECTION: &str = "$.orders { id number: order_number customer { id name: full_name } lines { sku quantity: qty price: unit_price->div(100) } status total: total_cents note }";

fn main() -> Result<(), Box<dyn Error>> {
    let body = orders(100)?;
    let bytes = body.as_bytes();
    print("read the body", bytes.len(), || Ok(black_box(Json::read(bytes)?) == Json::Null))?;
    print("hand it through as a tree", bytes.len(), || {
        let tree: serde_json::Value = serde_json::from_slice(bytes)?;
        Ok(serde_json::to_vec(&tree)?.is_empty())
    })?;

    let args = Json::read(br#"{"id":"7"}"#)?;
    let json = Json::read(bytes)?;
    let inputs = Inputs::of_body(&json).with(Variable::Args, &args);
    let everything = Mapping::parse(SELECTION, Version::V0_3)?;
    print("evaluate", bytes.len(), || {
        let evaluated = everything.evaluate(&inputs, &Wanted::All, LIMITS)?;
        Ok(black_box(evaluated).value.is_none())
    })?;
    let names = Wanted::members([("id", Wanted::All), ("status", Wanted::All)]);
    print("evaluate two fields of it", bytes.len(), || {
        let evaluated = everything.evaluate(&inputs, &names, LIMITS)?;
        Ok(black_box(evaluated).value.is_none())
    })?;
    let needed = everything.body_read(&Wanted::All);
    let needed_for_two = everything.body_read(&names);
    let written = |json: &Json<'_>, wanted: &Wanted| -> Result<bool, Box<dyn Error>> {
        let inputs = Inputs::of_body(json);
        let evaluated = everything.evaluate(&inputs, wanted, LIMITS)?;
        let mut out = Vec::with_capacity(bytes.len());
        evaluated.value.ok_or("no value")?.write_json(&mut out);
        Ok(out.is_empty())
    };
    print("read, evaluate, write", bytes.len(), || written(&Json::read(bytes)?, &Wanted::All))?;
    print("read what is needed, evaluate, write", bytes.len(), || {
        written(&Json::read_only(bytes, &needed)?, &Wanted::All)
    })?;
    print("the same for two fields", bytes.len(), || {
        written(&Json::read_only(bytes, &needed_for_two)?, &names)
    })?;
    print("parse the selection", SELECTION.len(), || {
        Ok(black_box(Mapping::parse(SELECTION, Version::V0_3)?).is_empty())
    })
}

/// Runs a case many times and prints its best.
fn print(
    name: &str,
    n_bytes: usize,
    mut case: impl FnMut() -> Result<bool, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        let start = now();
        black_box(case()?);
        best = best.min(start.elapsed().as_secs_f64() * 1e6);
    }
    #[expect(clippy::cast_precision_loss, reason = "bodies here are far below 2^52 bytes")]
    let speed = n_bytes as f64 / best;
    println!("{name}\t{best:.1}\t{speed:.0}");
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "no runtime to pause: real time is what is measured")]
fn now() -> Instant {
    Instant::now()
}

fn orders(n: usize) -> Result<String, std::fmt::Error> {
    let mut body = String::from(r#"{"orders":["#);
    for i in 0..n {
        let comma = if i > 0 { "," } else { "" };
        write!(
            body,
            r#"{comma}{{"id":{i},"order_number":"A-{i:05}","created_at":"2026-03-01T10:00:00Z","customer":{{"id":{i},"full_name":"Ann Example","email":"ann@example.com"}},"lines":[{{"sku":"s-{i}","qty":2,"unit_price":1250}},{{"sku":"t-{i}","qty":1,"unit_price":999}}],"status":"OPEN","total_cents":3499,"internal":{{"a":1,"b":[1,2,3]}},"note":null}}"#
        )?;
    }
    body.push_str("]}");
    Ok(body)
}
