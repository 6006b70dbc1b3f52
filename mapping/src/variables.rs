//! Names the variables of the language, and says where each may stand.
//!
//! **Out:** [`Variable`], [`Place`] and the table between them.
//!
//! **Never here:** their values (`inputs`), local variables of `->as` (the evaluator's), which
//! headers or names of the environment a gateway lets through.
//!
//! **Read first:** [`Place::allows`].

use std::fmt;

/// A variable that the gateway fills.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Variable {
    /// `$args`: the arguments of the field, defaults applied.
    Args,
    /// `$this`: fields of the parent object.
    This,
    /// `$batch`: the entities of a batch.
    Batch,
    /// `$config`: what the gateway's configuration says of the source.
    Config,
    /// `$context`: what the gateway's extensions set for the request.
    Context,
    /// `$request`: `headers` of the client's request.
    Request,
    /// `$response`: `headers` of the upstream's response.
    Response,
    /// `$status`: the status code of the upstream's response.
    Status,
    /// `$env`: the environment of the gateway.
    Env,
}

impl Variable {
    /// All variables.
    pub const ALL: [Self; 9] = [
        Self::Args,
        Self::This,
        Self::Batch,
        Self::Config,
        Self::Context,
        Self::Request,
        Self::Response,
        Self::Status,
        Self::Env,
    ];

    /// The variable of a name without its `$`.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|variable| &variable.name()[1..] == name)
    }

    /// Its name, with `$`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Args => "$args",
            Self::This => "$this",
            Self::Batch => "$batch",
            Self::Config => "$config",
            Self::Context => "$context",
            Self::Request => "$request",
            Self::Response => "$response",
            Self::Status => "$status",
            Self::Env => "$env",
        }
    }
}

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a connector stands on; it decides which variables exist.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Connector {
    /// A field of `Query` or `Mutation`.
    RootField,
    /// A field of another type.
    Field,
    /// A type.
    Type,
}

/// Where in a connector or source a mapping stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Place {
    /// `baseURL` of `@source`.
    SourceBaseUrl,
    /// `headers`, `path`, `queryParams` of `@source`.
    SourceRequest,
    /// `isSuccess` and `errors` of `@source`.
    SourceResponse,
    /// URL, `headers`, `body`, `path`, `queryParams` of `@connect`.
    Request(Connector),
    /// `isSuccess` and `errors` of `@connect`.
    Response(Connector),
    /// `selection` of `@connect`.
    Selection(Connector),
    /// `selection` of a `@connect` without `http`.
    SelectionWithoutRequest(Connector),
}

impl Place {
    /// Whether a variable may be used here.
    ///
    /// `$batch` and `$this` may both stand on a type, but never in one connector; that is for
    /// composition to see, which knows the whole connector.
    pub fn allows(self, variable: Variable) -> bool {
        match (self, variable) {
            (_, Variable::Config | Variable::Env) => true,
            (Self::SourceBaseUrl, _) => false,
            (_, Variable::Context | Variable::Request) => true,
            (Self::SourceRequest, _) => false,
            (place, Variable::Response | Variable::Status) => place.has_response(),
            (Self::SourceResponse, _) => false,
            (place, Variable::Args) => place.connector() != Some(Connector::Type),
            (place, Variable::This) => place.connector() != Some(Connector::RootField),
            (Self::Selection(_) | Self::SelectionWithoutRequest(_), Variable::Batch) => false,
            (place, Variable::Batch) => place.connector() == Some(Connector::Type),
        }
    }

    /// Whether `$`, the body of the response, may be used here.
    pub fn allows_body(self) -> bool {
        self.has_response()
    }

    /// The variables that may be used here, for messages.
    pub fn allowed(self) -> impl Iterator<Item = Variable> {
        Variable::ALL.into_iter().filter(move |variable| self.allows(*variable))
    }

    fn has_response(self) -> bool {
        matches!(self, Self::SourceResponse | Self::Response(_) | Self::Selection(_))
    }

    fn connector(self) -> Option<Connector> {
        match self {
            Self::SourceBaseUrl | Self::SourceRequest | Self::SourceResponse => None,
            Self::Request(connector)
            | Self::Response(connector)
            | Self::Selection(connector)
            | Self::SelectionWithoutRequest(connector) => Some(connector),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Connector, Place, Variable};

    #[test]
    fn each_place_has_its_variables() {
        let cases = [
            (Place::SourceBaseUrl, "$config $env"),
            (Place::SourceRequest, "$config $context $request $env"),
            (Place::SourceResponse, "$config $context $request $response $status $env"),
            (Place::Request(Connector::RootField), "$args $config $context $request $env"),
            (Place::Request(Connector::Field), "$args $this $config $context $request $env"),
            (Place::Request(Connector::Type), "$this $batch $config $context $request $env"),
            (
                Place::Response(Connector::Type),
                "$this $batch $config $context $request $response $status $env",
            ),
            (
                Place::Selection(Connector::Type),
                "$this $config $context $request $response $status $env",
            ),
            (
                Place::Selection(Connector::Field),
                "$args $this $config $context $request $response $status $env",
            ),
            (
                Place::SelectionWithoutRequest(Connector::Field),
                "$args $this $config $context $request $env",
            ),
        ];
        for (place, expected) in cases {
            let allowed: Vec<&str> = place.allowed().map(Variable::name).collect();
            assert_eq!(allowed.join(" "), expected, "{place:?}");
            let has_body =
                matches!(place, Place::SourceResponse | Place::Response(_) | Place::Selection(_));
            assert_eq!(place.allows_body(), has_body, "{place:?}");
        }
    }
}
