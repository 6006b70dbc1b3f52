//! How long a run of random cases goes on, and with which seed it begins.
//!
//! **In:** a command line with `--minutes M` or `--cases N`, and `--seed S`. **Out:** [`LongRun`].
//!
//! **Never here:** what a case is; the commands themselves.
//!
//! **Read first:** [`LongRun::of_arguments`].

use std::time::{Duration, Instant};

/// A run of random cases: for so many minutes, or so many cases.
#[derive(Debug)]
pub struct LongRun {
    /// The seed of the first case.
    pub first_seed: u64,
    words: Vec<String>,
    began: Instant,
    minutes: Option<u64>,
    n_cases: u64,
}

impl LongRun {
    /// What this process was told; without `--minutes` and `--cases`, `usual` cases.
    ///
    /// # Errors
    /// When what follows one of the words is no number.
    pub fn of_arguments(usual: u64) -> Result<Self, String> {
        Self::of(std::env::args().skip(1).collect(), usual)
    }

    fn of(words: Vec<String>, usual: u64) -> Result<Self, String> {
        let mut this =
            Self { first_seed: 1, words, began: now(), minutes: None, n_cases: u64::MAX };
        this.first_seed = this.number("--seed")?.unwrap_or(1);
        this.minutes = this.number("--minutes")?;
        let otherwise = if this.minutes.is_some() { u64::MAX } else { usual };
        this.n_cases = this.number("--cases")?.unwrap_or(otherwise);
        Ok(this)
    }

    /// What follows a word of the command line.
    pub fn word(&self, name: &str) -> Option<&str> {
        let at = self.words.iter().position(|word| word == name)?;
        self.words.get(at + 1).map(String::as_str)
    }

    /// Whether to go on after so many cases.
    pub fn goes_on(&self, n_done: u64) -> bool {
        let limit = self.minutes.map(|minutes| Duration::from_secs(60 * minutes));
        n_done < self.n_cases && limit.is_none_or(|limit| self.began.elapsed() < limit)
    }

    /// How many seconds it has gone on.
    pub fn seconds(&self) -> u64 {
        self.began.elapsed().as_secs()
    }

    fn number(&self, name: &str) -> Result<Option<u64>, String> {
        if !self.words.iter().any(|word| word == name) {
            return Ok(None);
        }
        let word = self.word(name).unwrap_or_default();
        let wrong = |_| format!("`{name}` takes a number, not `{word}`");
        word.parse().map(Some).map_err(wrong)
    }
}

#[expect(clippy::disallowed_methods, reason = "no runtime to pause: real time bounds the run")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::LongRun;

    fn of(words: &str) -> Result<LongRun, String> {
        LongRun::of(words.split_whitespace().map(str::to_owned).collect(), 10)
    }

    #[test]
    fn it_ends_after_the_cases_or_the_minutes() {
        let usual = of("--show-output").unwrap();
        assert!(usual.goes_on(9) && !usual.goes_on(10));
        assert_eq!(usual.first_seed, 1);
        let told = of("--cases 3 --seed 7 --findings here").unwrap();
        assert!(told.goes_on(2) && !told.goes_on(3));
        assert_eq!((told.first_seed, told.word("--findings")), (7, Some("here")));
        assert!(of("--minutes 1000").unwrap().goes_on(u64::MAX - 1));
        assert!(!of("--minutes 0").unwrap().goes_on(0));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        assert_eq!(of("--seed seven").unwrap_err(), "`--seed` takes a number, not `seven`");
        assert_eq!(of("--minutes").unwrap_err(), "`--minutes` takes a number, not ``");
    }
}
