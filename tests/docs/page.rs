//! Reads the examples of a page: files to write, commands to type, and what they print.
//!
//! **In:** the text of a Markdown page. **Out:** its [`Example`]s.
//!
//! **Never here:** running them (`run`).
//!
//! **Holds:** an example begins with a block `yaml title=graphloom.yaml` and ends where the next one begins.
//! Blocks with another title are files beside it; `console` blocks are typed into one shell, in their order.
//!
//! **Read first:** [`examples`].

/// A gateway with its files, and what a reader types.
#[derive(Debug, Default)]
pub(crate) struct Example {
    /// The line of its configuration.
    pub(crate) line: usize,
    /// Names and texts; `graphloom.yaml` is the first.
    pub(crate) files: Vec<(String, String)>,
    pub(crate) steps: Vec<Step>,
}

/// One command.
#[derive(Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) line: usize,
    pub(crate) command: String,
    /// What it prints; empty if the page does not say.
    pub(crate) output: String,
}

/// The examples of a page.
pub(crate) fn examples(page: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((i, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```").filter(|info| !info.is_empty()) else { continue };
        let body: Vec<&str> =
            lines.by_ref().map(|(_, line)| line).take_while(|l| *l != "```").collect();
        let title = info.split_whitespace().find_map(|word| word.strip_prefix("title="));
        if title == Some("graphloom.yaml") {
            examples.push(Example { line: i + 2, ..Example::default() });
        }
        let Some(example) = examples.last_mut() else { continue };
        match title {
            Some(title) => example.files.push((title.to_owned(), body.join("\n") + "\n")),
            None if info == "console" => example.steps.extend(steps(&body, i + 2)),
            None => {}
        }
    }
    examples
}

/// Commands begin with `$ `, and go on after a backslash; what follows is printed.
fn steps(lines: &[&str], first: usize) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut goes_on = false;
    for (i, line) in lines.iter().enumerate() {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (_, Some(step)) if goes_on => step.command = format!("{}\n{line}", step.command),
            (Some(command), _) => {
                let (command, output) = (command.to_owned(), String::new());
                steps.push(Step { line: first + i, command, output });
            }
            (None, Some(step)) => step.output += &format!("{line}\n"),
            (None, None) => panic!("line {}: output before a command", first + i),
        }
        goes_on = line.ends_with('\\') && (goes_on || line.starts_with("$ "));
    }
    steps
}

#[test]
fn a_page_is_read_as_a_reader_reads_it() {
    let page = "# T\n```yaml title=graphloom.yaml\nversion: 1\n```\ntext\n```json title=a.json\n{}\n```\n\
                ```console\n$ curl \\\n  -s x\n1\n2\n$ true\n```\n```console\n$ ls\n```\n";
    let examples = examples(page);
    assert_eq!(examples.len(), 1);
    assert_eq!((examples[0].line, examples[0].files.len()), (3, 2));
    let step = |line, command: &str, output: &str| Step {
        line,
        command: command.to_owned(),
        output: output.to_owned(),
    };
    let expected =
        [step(10, "curl \\\n  -s x", "1\n2\n"), step(14, "true", ""), step(17, "ls", "")];
    assert_eq!(examples[0].steps, expected);
}
