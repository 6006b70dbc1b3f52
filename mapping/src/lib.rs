//! Reads, checks and evaluates the mapping language of REST sources.
//!
//! **In:** the texts of a connector (`selection`, `body`, `isSuccess`, `errors`, templates of URLs
//! and headers) in the [`Version`] its schema links; later the values of `$` and the variables.
//! **Out:** [`Mapping`]s and templates; before there are data what they read and give
//! ([`Checked`]), later their results, with what did not go as expected.
//!
//! **Never here:** the directives around the texts and the schema they must fit (composition), which
//! request is sent when (the gateway), the slots of a response (execution).
//!
//! **Holds:** the same text and the same inputs give the same result; nothing panics, and everything
//! that grows is bounded. A value that is not there is a [`Problem`], never an error.
//!
//! **Read first:** [`Mapping`].
//!
//! ```
//! use mapping::{Inputs, Json, Limits, Mapping, Variable, Version, Wanted};
//!
//! let selection = "$.items { id price: cents->div(100) seller: $args.seller }";
//! let selection = Mapping::parse(selection, Version::V0_3)?;
//!
//! let body = Json::read(br#"{ "items": [{ "id": 1, "cents": 1250 }, { "id": 2 }] }"#)?;
//! let args = Json::read(br#"{ "seller": "ann" }"#)?;
//! let inputs = Inputs::of_body(&body).with(Variable::Args, &args);
//!
//! let limits = Limits { steps: 1_000_000, size: 10_000_000, problems: 100 };
//! let evaluated = selection.evaluate(&inputs, &Wanted::All, limits)?;
//! let value = evaluated.value.map(|value| value.to_json());
//! let expected =
//!     r#"[{"id":1,"price":12.5,"seller":"ann"},{"id":2,"seller":"ann"}]"#;
//! assert_eq!(value.as_deref(), Some(expected));
//! let problem = &evaluated.problems[0];
//! assert_eq!(problem.path, "items.@.cents");
//! assert_eq!(problem.kind.to_string(), "the object has no property `cents`");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Spec: <https://www.apollographql.com/docs/graphos/connectors/mapping>

mod request; // What a mapping's author sends: address, headers, body.
mod migration; // What a later version would read differently.
mod mapping; // What others see of a mapping.
mod check; // What a mapping reads and gives, before there are data.
mod evaluate; // What a mapping gives.
mod syntax; // What a text says.
mod methods; // Which methods there are.
mod variables; // Which variables there are, and where.
mod version; // Which version a text is written in.
mod inputs; // What a mapping reads.
mod wanted; // What anyone will read of its result.
mod limits; // What it may cost.
mod problem; // What did not go as expected.
mod shape; // What is known of a value before there is one.
mod value; // What it gives.
mod json; // JSON that goes in.
mod members; // The members of objects.

pub use check::{Checked, Finding, FindingKind, Given, Key, Read, Source};
pub use evaluate::{Evaluated, Level, Report};
pub use inputs::Inputs;
pub use json::Json;
pub use limits::{Exceeded, Limits};
pub use mapping::Mapping;
pub use methods::{Arity, Method};
pub use migration::{Edit, apply_edits, edits_for_v0_4};
pub use problem::{Problem, ProblemKind};
pub use request::{
    Address, AddressError, AddressErrorKind, AddressPart, ExpandedAddress, FormError,
    HeaderTemplate, HeaderUse, TemplateError, TemplateErrorKind, UrlKind, UrlTemplate, write_form,
};
pub use shape::{FieldShape, ListShape, Need, ObjectShape, Shape};
pub use syntax::{ParseError, ParseErrorKind, Span};
pub use value::{Elements, Fields, Kind, Value, View};
pub use variables::{Connector, Place, Variable};
pub use version::Version;
pub use wanted::Wanted;
