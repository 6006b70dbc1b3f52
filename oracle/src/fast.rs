//! Both executors at once, with the same answers.
//!
//! **In:** what an execution is started with. **Out:** an [`Execution`] that does what both do; where
//! they differ its response is no JSON but says so.
//!
//! **Never here:** whether both are right (`judge`).
//!
//! **Holds:** equal means every byte of calls and response, and every count of the summary.
//!
//! **Read first:** [`Both`].

use execution::{
    Answer, Call, CallId, CompiledExecution, Execution, Inputs, Program, SimpleExecution, Sink,
    Summary,
};

/// The plain and the fast executor side by side.
pub(crate) struct Both<'a> {
    plain: SimpleExecution<'a>,
    fast: CompiledExecution<'a>,
    difference: Difference,
}

/// The first difference that was found.
#[derive(Default)]
struct Difference(Option<String>);

impl<'a> Both<'a> {
    pub(crate) fn new(inputs: Inputs<'a>, program: &'a Program) -> Self {
        let plain = SimpleExecution::new(inputs);
        Self {
            plain,
            fast: CompiledExecution::new(inputs, program),
            difference: Difference::default(),
        }
    }
}

impl Difference {
    fn compare(&mut self, plain: impl FnOnce() -> String, fast: impl FnOnce() -> String) {
        if self.0.is_none() {
            let (plain, fast) = (plain(), fast());
            if plain != fast {
                self.0 =
                    Some(format!("the executors disagree: one\n{plain}\nthe fast one\n{fast}"));
            }
        }
    }
}

impl Execution for Both<'_> {
    fn take_calls(&mut self) -> Vec<Call> {
        let plain = self.plain.take_calls();
        let fast = self.fast.take_calls();
        let alike = |(plain, fast): (&Call, &Call)| {
            (plain.id, plain.fetch, plain.subgraph, plain.kind)
                == (fast.id, fast.fetch, fast.subgraph, fast.kind)
                && plain.entities == fast.entities
                && plain.body.to_bytes() == fast.body.to_bytes()
        };
        if plain.len() != fast.len() || !plain.iter().zip(&fast).all(alike) {
            self.difference.compare(|| describe(&plain), || describe(&fast));
        }
        plain
    }

    fn answer(&mut self, call: CallId, answer: Answer) {
        self.plain.answer(call, answer.clone());
        self.fast.answer(call, answer);
    }

    fn cost(&self) -> u64 {
        self.plain.cost()
    }

    fn finish(self, out: &mut dyn Sink) -> Summary {
        let (mut plain, mut fast) = (Vec::new(), Vec::new());
        let mut difference = self.difference;
        let summary = self.plain.finish(&mut plain);
        let other = self.fast.finish(&mut fast);
        if plain != fast {
            difference.compare(|| text(&plain), || text(&fast));
        }
        difference.compare(|| format!("{summary:?}"), || format!("{other:?}"));
        match difference.0 {
            Some(difference) => out.write(difference.as_bytes()),
            None => out.write(&plain),
        }
        summary
    }
}

fn describe(calls: &[Call]) -> String {
    let calls = calls.iter().map(|call| {
        let body = text(&call.body.to_bytes());
        format!(
            "{:?} {:?} {:?} {:?} {:?} {body}\n",
            call.id, call.fetch, call.subgraph, call.kind, call.entities
        )
    });
    calls.collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
