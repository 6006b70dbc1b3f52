//! Starts a demo, reads its tour, and types the commands of one stop into a shell.
//!
//! **In:** the number of a stop. **Out:** what each command printed; the lines of the demo.
//!
//! **Never here:** what should come out (the tests).
//!
//! **Holds:** each guide has a folder and ports of its own, and ends its demo.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

/// A running demo and one stop of its tour.
pub(crate) struct Guide {
    folder: PathBuf,
    demo: Child,
    lines: Receiver<String>,
    url: String,
    commands: Vec<String>,
    n_typed: usize,
}

/// Longer than any line takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

const N_STOPS: usize = 10;

impl Guide {
    /// A demo in an empty folder; none where the shell cannot type the commands.
    pub(crate) fn start(stop: usize) -> Option<Self> {
        Self::start_for("tour", stop)
    }

    /// The same for other tests of a stop, in folders of their own.
    pub(crate) fn start_for(who: &str, stop: usize) -> Option<Self> {
        Self::start_in(&format!("{who}-{stop}"), stop, |_| {})
    }

    /// A demo in a folder that has the marks of a checkout.
    pub(crate) fn start_in_checkout(stop: usize) -> Option<Self> {
        Self::start_in("tour-in-checkout", stop, |folder| {
            let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
            fs::create_dir_all(folder.join("subgraphs/src")).expect("a folder can be made");
            fs::create_dir_all(folder.join("schemas")).expect("a folder can be made");
            for entry in fs::read_dir(schemas).expect("the schemas are there") {
                let file = entry.expect("the schemas can be read").path();
                let name = file.file_name().expect("a file has a name");
                fs::copy(&file, folder.join("schemas").join(name)).expect("a file can be copied");
            }
        })
    }

    fn start_in(name: &str, stop: usize, prepare: impl FnOnce(&Path)) -> Option<Self> {
        if Command::new("curl").arg("--version").output().is_err() {
            skip("curl is missing, so the tour cannot be taken");
            return None;
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("the folder of the last run can be removed");
        }
        fs::create_dir_all(&folder).expect("a folder can be made");
        prepare(&folder);
        let mut demo = Command::new(env!("CARGO_BIN_EXE_graphloom"))
            .args(["demo", "--port", "0"])
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let lines = lines_of(&mut demo);
        let (url, commands) = (String::new(), Vec::new());
        let mut guide = Self { folder, demo, lines, url, commands, n_typed: 0 };
        guide.read_tour(stop);
        Some(guide)
    }

    /// The address of the gateway, as the welcome says it.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn commands(&self) -> &[String] {
        &self.commands
    }

    /// Types all commands of the stop, which has `N` of them.
    pub(crate) fn type_all<const N: usize>(&mut self) -> [String; N] {
        assert_eq!(self.commands.len(), N, "{:?}", self.commands);
        std::array::from_fn(|_| self.type_next())
    }

    /// Types the next command of the stop.
    pub(crate) fn type_next(&mut self) -> String {
        let command = &self.commands[self.n_typed];
        self.n_typed += 1;
        let output = Command::new("sh")
            .args(["-c", command])
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .output()
            .expect("a shell is there");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "`{command}` failed: {complaint}");
        String::from_utf8(output.stdout).expect("the output is text")
    }

    /// Waits until the demo prints a line that contains this.
    pub(crate) fn expect_line(&mut self, part: &str) -> String {
        let mut seen = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            if line.contains(part) {
                return line;
            }
            seen.push(line);
        }
        panic!("no line contains `{part}`:\n{}", seen.join("\n"));
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder.join(file)).expect("the file is there")
    }

    /// Reads the address and the commands of one stop. The tour ends with an empty line.
    fn read_tour(&mut self, stop: usize) {
        let mut at = 0;
        loop {
            let line = self.lines.recv_timeout(PATIENCE).expect("the demo prints its tour");
            let command = line.trim_start().strip_prefix("$ ");
            if let Some((_, rest)) = line.split_once("is ready after ") {
                let url = rest.split_whitespace().find(|word| word.starts_with("http://"));
                url.expect("the welcome says the address").clone_into(&mut self.url);
            } else if line.starts_with(&format!("{}. ", at + 1)) {
                at += 1;
            } else if at == N_STOPS && line.is_empty() {
                return;
            } else if let (true, Some(command)) = (at == stop, command) {
                self.commands.push(command.to_owned());
            }
        }
    }
}

impl Drop for Guide {
    fn drop(&mut self) {
        let _ = self.demo.kill();
        let _ = self.demo.wait();
    }
}

/// Tells `scripts/test` that this test could not do its work.
#[expect(clippy::print_stdout, reason = "a test has no other way to say so")]
pub(crate) fn skip(reason: &str) {
    println!("skipped: {reason}");
}

/// The JSON behind the headers that `curl -i` prints.
pub(crate) fn body_of(answer: &str) -> Value {
    let (_, body) = answer.split_once("\r\n\r\n").expect("headers end with an empty line");
    serde_json::from_str(body).expect("the body is JSON")
}

fn lines_of(demo: &mut Child) -> Receiver<String> {
    let (sender, lines) = channel();
    let stdout = demo.stdout.take().expect("the output is piped");
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    lines
}
