//! `graphloom plan --run`: runs the operation once, and says what each of its requests came to.
//!
//! **In:** a configuration, an operation file, whose it is. **Out:** the plan, what was asked and what came for
//! each of its requests, and the response; as text or JSON.
//!
//! **Never here:** running (`pipeline`), the words of the text (`told`).
//!
//! **Holds:** the operation goes the way of every request: its caller is let in or not, limits hold and are paid
//! for, masks hide. No credential is printed. Nothing listens.
//!
//! **Read first:** [`run`].

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::super::explain::{self, Answer, ExplainCommandError};
use super::super::{Exit, planning, serve, terminal};
use super::{PlanArguments, PlanFormat, told};
use crate::config::{LogFormat, Settings};
use crate::gateway::Gateway;
use crate::pipeline::Executed;
use crate::pipeline::explain::extension;
use crate::server::explain::{Asked, ExplainError};
use crate::telemetry::{Capture, Json, subscriber};

/// Runs what the arguments say, and prints what it came to.
pub(in super::super) fn run(configuration: &Path, arguments: &PlanArguments) -> Exit {
    match executed(configuration, arguments) {
        Ok(executed) => terminal::print(&match arguments.format {
            PlanFormat::Json => format!("{:#}\n", of_json(&executed)),
            format => {
                let plan = &executed.variant.plan;
                let plan = super::print(plan, None, &executed.graph.supergraph, format);
                format!("{plan}\n{}", told::of(&executed))
            }
        }),
        Err(error) => explain::failed(&error),
    }
}

fn executed(configuration: &Path, arguments: &PlanArguments) -> Answer<Executed> {
    let asked = asked(arguments)?;
    let mut settings = Settings::load(configuration).map_err(ExplainCommandError::Config)?;
    // Whoever has the configuration may see the calls that it makes.
    settings.connectors.debug = true;
    // What goes wrong is told below the request that it belongs to.
    let filter = "graphloom=error".parse().expect("the filter is one");
    let lines = subscriber(filter, |event| terminal::complain(&event.line(LogFormat::Text)));
    tracing::subscriber::with_default(lines, || {
        serve::with_runtime(async {
            let log = Arc::new(Json(Capture::default()));
            let rooms = Gateway::rooms(settings, log).await.map_err(ExplainCommandError::Start)?;
            let executed = crate::server::explain::run(&rooms, asked).await;
            executed.map_err(|error| {
                ExplainCommandError::Explain(match &error {
                    ExplainError::Operation(error) => {
                        format!("nothing ran: {}: {}", error.code(), planning::explain(error))
                    }
                    error => error.to_string(),
                })
            })
        })
    })
}

fn asked(arguments: &PlanArguments) -> Answer<Asked> {
    let variables = arguments.variables.as_deref().map(explain::variables).transpose()?;
    Ok(Asked {
        query: Some(explain::read(&arguments.operation)?),
        operation_name: arguments.operation_name.clone(),
        variables,
        r#as: arguments.r#as.as_deref().map(explain::credential).transpose()?,
        client_ip: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        headers: arguments
            .headers
            .iter()
            .map(|text| explain::header(text))
            .collect::<Answer<_>>()?,
        ..Asked::default()
    })
}

fn of_json(executed: &Executed) -> Value {
    let mut value = extension(executed);
    value["problems"] = told::problems(executed).into_iter().map(|it| json!(it)).collect();
    value["response"] = told::response(executed);
    value
}
