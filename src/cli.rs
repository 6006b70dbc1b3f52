//! The commands.
//!
//! **In:** the command line. **Out:** work done by the rooms below, told to a person; an exit code.
//!
//! **Never here:** the work itself; printing, which `terminal` does alone.
//!
//! **Holds:** exit codes are those of `Exit`, which `--help` lists.
//!
//! **Read first:** [`run`].

pub mod caller;
pub mod fixture;
pub mod test;

mod add;
mod compose;
mod config;
#[cfg(feature = "demo")]
mod demo;
mod explain;
mod keys;
mod line_diff;
mod plan;
mod planning;
mod serve;
mod terminal;
mod yaml_insert;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use compose::ComposeFormat;
use plan::{PlanArguments, PlanCommandError};
use test::{OnChange, Verdict};

/// How a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// Not done; the message says why.
    Failed = 1,
    /// The configuration is wrong.
    Configuration = 3,
    /// The graph is wrong: a schema, or the whole that they should make.
    Graph = 4,
    /// An address cannot be listened on.
    Listen = 5,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  not done; the message says why (for `test`: a page does not hold)
  2  the command line is wrong
  3  the configuration is wrong
  4  the graph is wrong: a schema, or the whole that they should make
  5  an address cannot be listened on

Start with `graphloom demo`, or with your own subgraphs:
  graphloom add accounts http://localhost:4001/graphql
  graphloom serve";

/// A gateway that composes GraphQL subgraphs and REST services, plans each operation and executes it
/// in as few requests as the plan allows.
#[derive(Parser)]
#[command(name = "graphloom", version, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the graph and the routes of a configuration file.
    ///
    /// The configuration and its schema files are watched: a good change is put in force without dropping a
    /// request, a bad one is logged and the old state stays. SIGTERM and Ctrl-C let running requests finish (`limits.drain`).
    Serve {
        #[command(flatten)]
        configuration: Configuration,
    },
    /// Starts the example graph with its servers, and prints nine things to try.
    #[cfg(feature = "demo")]
    Demo(demo::DemoArguments),
    /// Composes the subgraphs of a configuration file into one supergraph.
    ///
    /// Prints the supergraph, or every reason why there is none, each with file, line and what to do.
    Compose {
        #[command(flatten)]
        configuration: Configuration,
        /// Writes the supergraph to a file instead.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Prints the API schema, which clients see, instead of the supergraph.
        #[arg(long)]
        api: bool,
        /// The form of what is printed: the supergraph and complaints as text, or one JSON object.
        #[arg(long, value_enum, default_value_t = ComposeFormat::Text)]
        format: ComposeFormat,
    },
    /// Shows which requests an operation would cause, to whom, and which waits for which; with `--run` also what
    /// they come to.
    Plan {
        #[command(flatten)]
        arguments: PlanArguments,
        #[command(flatten)]
        configuration: Configuration,
    },
    /// Says what would become of a request, for a caller: its plan, what is denied and why, what it costs, what
    /// would be sent to whom. Nothing is sent.
    Explain {
        #[command(flatten)]
        arguments: explain::ExplainArguments,
        #[command(flatten)]
        configuration: Configuration,
    },
    /// Checks plan fixtures: Markdown pages with subgraphs, an operation and the plan it must have.
    Test {
        /// Pages, or folders of pages.
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Writes the new plan into each page that does not hold. Read the difference before you keep it.
        #[arg(long)]
        update: bool,
    },
    /// Adds a running subgraph: asks it for its schema, writes schema and configuration, composes.
    Add {
        /// The name that the graph will call it by.
        name: String,
        /// Where it answers, such as `http://localhost:4001/graphql`.
        url: String,
        #[command(flatten)]
        configuration: Configuration,
    },
    /// Makes, lists, rotates and revokes API keys.
    Keys {
        #[command(subcommand)]
        command: keys::KeysCommand,
        #[command(flatten)]
        store: keys::Store,
        #[command(flatten)]
        configuration: Configuration,
    },
    /// Helps with the configuration file.
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Prints the JSON Schema of the configuration file, for the completion of an editor.
    Schema,
    /// Checks a configuration file without starting anything.
    Validate {
        #[command(flatten)]
        configuration: Configuration,
    },
}

#[derive(clap::Args)]
struct Configuration {
    /// The configuration file.
    #[arg(
        short = 'c',
        long = "config",
        value_name = "FILE",
        default_value = "graphloom.yaml",
        global = true
    )]
    file: PathBuf,
}

/// Runs the command that the command line names.
pub fn run() -> ExitCode {
    let exit = match Arguments::parse().command {
        Command::Serve { configuration } => serve::serve(&configuration.file),
        #[cfg(feature = "demo")]
        Command::Demo(arguments) => run_demo(&arguments),
        Command::Compose { configuration, output, api, format } => {
            compose::compose(&configuration.file, output.as_deref(), api, format)
        }
        Command::Plan { arguments, configuration } => run_plan(&configuration.file, &arguments),
        Command::Explain { arguments, configuration } => {
            explain::explain(&configuration.file, &arguments)
        }
        Command::Test { paths, update } => {
            run_test(&paths, if update { OnChange::Rewrite } else { OnChange::Fail })
        }
        Command::Add { name, url, configuration } => run_add(&configuration.file, &name, &url),
        Command::Keys { command, store, configuration } => {
            keys::keys(&configuration.file, &store, command)
        }
        Command::Config(ConfigCommand::Schema) => config::schema(),
        Command::Config(ConfigCommand::Validate { configuration }) => {
            config::validate(&configuration.file)
        }
    };
    ExitCode::from(exit as u8)
}

#[cfg(feature = "demo")]
fn run_demo(arguments: &demo::DemoArguments) -> Exit {
    use demo::DemoError;

    let program = std::env::args().next().unwrap_or_else(|| "graphloom".to_owned());
    let ended = serve::with_runtime(async {
        let mut demo = demo::start(arguments, &program, terminal::say).await?;
        terminal::say(&demo.welcome);
        serve::until_told_to_stop(&mut demo.gateway).await;
        Ok(())
    });
    match ended {
        Ok(()) => Exit::Done,
        Err(DemoError::Config(errors)) => terminal::config_errors(&errors),
        Err(DemoError::Start(error)) => terminal::start_error(&error),
        Err(error) => terminal::failure(&error.to_string()),
    }
}

fn run_plan(configuration: &Path, arguments: &PlanArguments) -> Exit {
    if arguments.run {
        return plan::run::run(configuration, arguments);
    }
    match plan::plan(configuration, arguments) {
        Ok(text) => terminal::print(&text),
        Err(PlanCommandError::Config(errors)) => terminal::config_errors(&errors),
        Err(PlanCommandError::Graph(problem)) => terminal::problem(&problem),
        Err(error) => terminal::failure(&error.to_string()),
    }
}

fn run_test(paths: &[PathBuf], on_change: OnChange) -> Exit {
    let pages = match test::pages_below(paths) {
        Ok(pages) if !pages.is_empty() => pages,
        Ok(_) => return terminal::failure("there is no page (`*.md`) at these paths"),
        Err(error) => return terminal::failure(&format!("cannot read the paths: {error}")),
    };
    let (mut n_rewritten, mut n_wrong) = (0, 0);
    for page in &pages {
        match test::check_page(page, on_change) {
            Ok(Verdict::Holds) => {}
            Ok(Verdict::Rewritten) => {
                n_rewritten += 1;
                terminal::say(&format!("rewritten: {}", page.display()));
            }
            Err(error) => {
                n_wrong += 1;
                terminal::complain(&error.to_string());
            }
        }
    }
    let n_pages = pages.len();
    terminal::say(&format!("{n_pages} pages: {n_wrong} do not hold, {n_rewritten} rewritten"));
    if n_wrong == 0 { Exit::Done } else { Exit::Failed }
}

fn run_add(configuration: &Path, name: &str, url: &str) -> Exit {
    use add::AddError;

    match serve::with_runtime(add::add(configuration, name, url)) {
        Ok(added) => {
            let verb = if added.is_new_configuration { "wrote" } else { "added to" };
            for hint in &added.loaded.hints {
                terminal::complain(&hint.to_string());
            }
            terminal::say(&format!("wrote {}", added.schema.display()));
            terminal::say(&format!("{verb} {}", configuration.display()));
            terminal::say(&format!(
                "`{name}` composes; start the gateway with `graphloom serve -c {}`",
                configuration.display()
            ));
            Exit::Done
        }
        Err(AddError::Config(errors)) => terminal::config_errors(&errors),
        Err(AddError::DoesNotCompose(problem)) => terminal::problem(&problem),
        Err(error) => terminal::failure(&error.to_string()),
    }
}
