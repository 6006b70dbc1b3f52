//! Runs the examples of the manual: a gateway with the files of the page, and a shell for its commands.
//!
//! **In:** an [`Example`]. **Out:** nothing, or the command that printed something else, with both texts.
//!
//! **Never here:** reading pages (`page`), comparing (`compare`).
//!
//! **Holds:** pages name the addresses that a reader would use; each is replaced by a free one, and back
//! again in what is printed: `127.0.0.1:4001` to `4005` are the example servers. The schemas of the example
//! graph are in `schemas/`. The gateway starts before the first command that asks it something, so that what
//! it reads can be made by commands before. Every example has a folder, a shell and ports of its own.
//!
//! **Read first:** [`run`].

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use subgraphs::Service;

use crate::compare::fits;
use crate::page::Example;

/// Addresses of the page, and those that stand for them.
struct Addresses(Vec<(String, String)>);

struct Gateway(Child);

struct Shell {
    child: Child,
    commands: ChildStdin,
    printed: BufReader<ChildStdout>,
}

/// Where a reader finds the example servers: `cargo run -p subgraphs -- --port 4001`.
const SERVICES: [(&str, Service); 5] = [
    ("127.0.0.1:4001", Service::Accounts),
    ("127.0.0.1:4002", Service::Products),
    ("127.0.0.1:4003", Service::Inventory),
    ("127.0.0.1:4004", Service::Reviews),
    ("127.0.0.1:4005", Service::Orders),
];

/// What ends the output of a command.
const END: &str = "@@ the command has ended with";

/// Runs an example.
pub(crate) fn run(
    name: &str,
    example: &Example,
    services: &subgraphs::Running,
) -> Result<(), String> {
    let folder = folder(name, example)?;
    let mut addresses = Addresses::of(example, services);
    for (title, text) in &example.files {
        let written = fs::write(folder.join(title), addresses.forth(text));
        written.map_err(|error| error.to_string())?;
    }
    let mut gateway = None;
    let mut shell = Shell::start(&folder);
    for step in &example.steps {
        if gateway.is_none() && step.command.contains("curl") {
            gateway = Some(Gateway::start(&folder, example, &mut addresses)?);
        }
        let printed = addresses.back(&shell.type_in(&addresses.forth(&step.command)));
        if !fits(&step.output, &printed) {
            let (line, command) = (step.line, &step.command);
            return Err(format!(
                "{name}:{line}: `{command}` printed\n{printed}\ninstead of\n{}\n{}",
                step.output,
                fs::read_to_string(folder.join("gateway.log")).unwrap_or_default()
            ));
        }
    }
    if gateway.is_none() {
        Gateway::start(&folder, example, &mut addresses)?;
    }
    Ok(())
}

fn folder(name: &str, example: &Example) -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("manual").join(name);
    let folder = folder.join(example.line.to_string());
    let made = (|| {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("schemas"))?;
        let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
        for entry in fs::read_dir(schemas)? {
            let file = entry?.path();
            if file.extension().is_some_and(|extension| extension == "graphql") {
                let name = file.file_name().unwrap_or_default();
                fs::copy(&file, folder.join("schemas").join(name))?;
            }
        }
        Ok::<_, std::io::Error>(())
    })();
    made.map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}

impl Addresses {
    /// Every address of this machine that the example names, but those of the gateway, which are chosen when it starts.
    fn of(example: &Example, services: &subgraphs::Running) -> Self {
        let mut all = Vec::new();
        for (documented, service) in SERVICES {
            all.push((documented.to_owned(), services.server(service).address().to_string()));
        }
        let texts = example.files.iter().map(|(_, text)| text);
        for text in texts.chain(example.steps.iter().map(|step| &step.command)) {
            for (at, _) in text.match_indices("127.0.0.1:") {
                let digits = text[at + 10..].bytes().take_while(u8::is_ascii_digit).count();
                let documented = &text[at..at + 10 + digits];
                if digits > 0 && all.iter().all(|(known, _)| known != documented) {
                    all.push((documented.to_owned(), free_address().to_string()));
                }
            }
        }
        Self(all)
    }

    fn renew(&mut self) {
        for (_, actual) in self.0.iter_mut().skip(SERVICES.len()) {
            *actual = free_address().to_string();
        }
    }

    fn forth(&self, text: &str) -> String {
        let by_name = self.0.iter().filter_map(|(from, to)| {
            let (from, to) = (from.rsplit_once(':')?.1, to.rsplit_once(':')?.1);
            Some((format!("localhost:{from}"), format!("localhost:{to}")))
        });
        exchanged(text, &self.0.iter().cloned().chain(by_name).collect::<Vec<_>>())
    }

    fn back(&self, text: &str) -> String {
        let back: Vec<_> = self.0.iter().map(|(to, from)| (from.clone(), to.clone())).collect();
        exchanged(text, &back)
    }
}

/// A text with the second of each pair for the first, all at once: what is put in is not looked at again. An
/// address is not another's beginning: `127.0.0.1:4009` does not stand in `127.0.0.1:40097`.
fn exchanged(text: &str, pairs: &[(String, String)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let found = pairs.iter().find_map(|(from, to)| {
            let after = rest.strip_prefix(from.as_str())?;
            (!after.starts_with(|c: char| c.is_ascii_digit())).then_some((to, after))
        });
        let Some((to, after)) = found else {
            out.push(next);
            rest = &rest[next.len_utf8()..];
            continue;
        };
        out.push_str(to);
        rest = after;
    }
    out
}

/// An address that was free a moment ago. Whoever takes it meanwhile makes the gateway start again.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there are free ports");
    listener.local_addr().expect("it listens")
}

impl Gateway {
    fn start(folder: &Path, example: &Example, addresses: &mut Addresses) -> Result<Self, String> {
        let mut told = String::new();
        for _ in 0..5 {
            let (_, configuration) = &example.files[0];
            let mut configuration = addresses.forth(configuration);
            // Whoever does not say where the gateway listens asks it at its default.
            for (key, default) in [("listen:", "127.0.0.1:4000"), ("admin:", "127.0.0.1:4009")] {
                if !configuration.lines().any(|line| line.starts_with(key)) {
                    let known = addresses.0.iter().find(|(documented, _)| documented == default);
                    let address = known.map_or("127.0.0.1:0", |(_, actual)| actual);
                    let value = if key == "listen:" {
                        address.to_owned()
                    } else {
                        format!("{{ listen: {address} }}")
                    };
                    configuration.push_str(&format!("{key} {value}\n"));
                }
            }
            let written = fs::write(folder.join("graphloom.yaml"), configuration);
            written.map_err(|error| error.to_string())?;
            let log =
                fs::File::create(folder.join("gateway.log")).map_err(|error| error.to_string())?;
            let mut child = Command::new(env!("CARGO_BIN_EXE_graphloom"))
                .arg("serve")
                .current_dir(folder)
                .env_remove("RUST_LOG")
                .stdin(Stdio::null())
                .stdout(log)
                .stderr(Stdio::piped())
                .spawn()
                .map_err(|error| error.to_string())?;
            let mut diagnostics = BufReader::new(child.stderr.take().expect("it is piped"));
            told.clear();
            while diagnostics.read_line(&mut told).is_ok_and(|n_bytes| n_bytes > 0) {
                if told.lines().last().is_some_and(|line| line.contains("\"listening\"")) {
                    let mut log =
                        fs::OpenOptions::new().append(true).open(folder.join("gateway.log"));
                    std::thread::spawn(move || {
                        if let Ok(log) = &mut log {
                            let _ = std::io::copy(&mut diagnostics, log);
                        }
                    });
                    return Ok(Self(child));
                }
            }
            let exit = child.wait().map_err(|error| error.to_string())?;
            // An address was taken: others are tried.
            if exit.code() != Some(5) {
                break;
            }
            addresses.renew();
        }
        Err(format!(
            "the gateway does not start with the configuration in line {}: {told}",
            example.line
        ))
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Shell {
    /// A shell in a folder, that finds `graphloom` and keeps what it is told.
    fn start(folder: &Path) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_graphloom"));
        let mut child = Command::new("bash")
            .args(["--noprofile", "--norc"])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("there is a shell");
        let mut commands = child.stdin.take().expect("it is piped");
        let printed = BufReader::new(child.stdout.take().expect("it is piped"));
        let programs = program.parent().expect("it is in a folder").display();
        writeln!(
            commands,
            "exec 2>&1; PATH='{programs}':$PATH; curl() {{ command curl -sS \"$@\"; }}"
        )
        .expect("the shell reads");
        Self { child, commands, printed }
    }

    /// What a command prints.
    fn type_in(&mut self, command: &str) -> String {
        let text = format!("{command}\nprintf '\\n%s %s\\n' '{END}' \"$?\"\n");
        self.commands.write_all(text.as_bytes()).expect("the shell reads");
        let mut printed = String::new();
        loop {
            let start = printed.len();
            let n_bytes = self.printed.read_line(&mut printed).unwrap_or(0);
            if n_bytes == 0 {
                return printed;
            }
            if printed[start..].starts_with(END) {
                printed.truncate(start);
                return printed;
            }
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let mut rest = String::new();
        let _ = self.printed.read_to_string(&mut rest);
    }
}
