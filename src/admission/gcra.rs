//! The generic cell rate algorithm: how much of a bucket is spent, as a pure function of time.
//!
//! **In:** what a bucket was left at, the time, a cost. **Out:** what it is left at now, or how long to wait.
//!
//! **Never here:** whose bucket it is (`table`), clocks (the callers').
//!
//! **Holds:** from any moment on, what passes within a time span `t` is at most `burst + rate × t`, to the
//! unit: all numbers are integers, and no rounding adds up. A bucket that is full again is as one that never
//! was, so that it may be forgotten.
//!
//! The algorithm keeps the theoretical arrival time of the next cell. Here it is kept as its distance from
//! now, measured in units of which `per` make one cost and `cost` pass in a nanosecond, so that any rate is
//! exact.
//!
//! **Read first:** [`Rate::pay`].
//!
//! Spec: ITU-T I.371, annex A: <https://www.itu.int/rec/T-REC-I.371>

use std::time::Duration;

/// How fast a bucket fills, and how much it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rate {
    /// So much cost every `per` nanoseconds; both without a common divisor.
    cost: u64,
    per: u64,
    burst: u64,
}

/// What of a bucket is spent, at a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Level {
    /// In units of which [`Rate::per`] make one cost.
    spent: u128,
    /// Nanoseconds since some beginning.
    at: u64,
}

/// How long until a bucket has what is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// So many nanoseconds.
    For(u64),
    /// It never holds so much.
    Forever,
}

impl Rate {
    /// `cost` every `per`, and `burst` at once; zero counts as one.
    pub(super) fn new(cost: u64, per: Duration, burst: u64) -> Self {
        let per = u64::try_from(per.as_nanos()).unwrap_or(u64::MAX).max(1);
        let cost = cost.max(1);
        let common = common_divisor(cost, per);
        Self { cost: cost / common, per: per / common, burst: burst.max(1) }
    }

    /// Takes a cost out of a bucket.
    ///
    /// # Errors
    /// How long to wait when it does not have as much.
    pub(super) fn pay(&self, level: Level, cost: u64, now: u64) -> Result<Level, Wait> {
        let Level { spent, at } = self.at(level, now);
        let (would_be, most) = (spent + self.units(cost), self.units(self.burst));
        match would_be.checked_sub(most) {
            None | Some(0) => Ok(Level { spent: would_be, at }),
            Some(_) if cost > self.burst => Err(Wait::Forever),
            Some(missing) => Err(Wait::For(self.nanoseconds(missing))),
        }
    }

    /// Takes a cost that is owed already: as much of it as there is.
    pub(super) fn charge(&self, level: Level, cost: u64, now: u64) -> Level {
        let Level { spent, at } = self.at(level, now);
        Level { spent: (spent + self.units(cost)).min(self.units(self.burst)).max(spent), at }
    }

    /// Gives back what was taken: never more than a full bucket.
    pub(super) fn refund(&self, level: Level, cost: u64, now: u64) -> Level {
        let Level { spent, at } = self.at(level, now);
        Level { spent: spent.saturating_sub(self.units(cost)), at }
    }

    /// What can be taken at once.
    pub(super) fn remaining(&self, level: Level, now: u64) -> u64 {
        let left = self.units(self.burst).saturating_sub(self.at(level, now).spent);
        u64::try_from(left / u128::from(self.per)).unwrap_or(u64::MAX)
    }

    /// How many nanoseconds until the bucket is full.
    pub(super) fn until_full(&self, level: Level, now: u64) -> u64 {
        self.nanoseconds(self.at(level, now).spent)
    }

    /// The level as it is now. A clock that another thread read earlier turns nothing back.
    fn at(&self, level: Level, now: u64) -> Level {
        let passed = u128::from(now.saturating_sub(level.at)) * u128::from(self.cost);
        Level { spent: level.spent.saturating_sub(passed), at: level.at.max(now) }
    }

    fn units(&self, cost: u64) -> u128 {
        u128::from(cost) * u128::from(self.per)
    }

    fn nanoseconds(&self, units: u128) -> u64 {
        u64::try_from(units.div_ceil(u128::from(self.cost))).unwrap_or(u64::MAX)
    }
}

impl Wait {
    /// Whether another wait is longer.
    pub(super) fn is_shorter_than(self, other: Self) -> bool {
        match (self, other) {
            (Self::For(this), Self::For(other)) => this < other,
            (Self::For(_), Self::Forever) => true,
            (Self::Forever, _) => false,
        }
    }
}

fn common_divisor(a: u64, b: u64) -> u64 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use governor::clock::FakeRelativeClock;
    use governor::{Quota, RateLimiter};

    use super::{Level, Rate, Wait};

    /// A generator that needs no crate: the next of a sequence of numbers that look like chance.
    fn next(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    #[test]
    fn verdicts_are_those_of_governor_on_random_schedules() {
        let mut passed = [0_u64; 2];
        for seed in 0..500 {
            let mut chance = seed;
            let cells = 1 + next(&mut chance) % 1_000;
            let every = Duration::from_nanos(1 + next(&mut chance) % 50_000_000);
            let burst = u32::try_from(1 + next(&mut chance) % 100).unwrap();
            let clock = FakeRelativeClock::default();
            let quota = Quota::with_period(every).unwrap();
            let quota = quota.allow_burst(NonZeroU32::new(burst).unwrap());
            let oracle = RateLimiter::direct_with_clock(quota, clock.clone());
            let per = every * u32::try_from(cells).unwrap();
            let rate = Rate::new(cells, per, burst.into());
            let (mut level, mut now) = (Level::default(), 0);
            for _ in 0..400 {
                let most = u64::try_from(every.as_nanos()).unwrap() * u64::from(burst);
                let pause = match next(&mut chance) % 4 {
                    0 => 0,
                    1 => next(&mut chance) % (2 * most),
                    _ => next(&mut chance) % (most / 8 + 2),
                };
                clock.advance(Duration::from_nanos(pause));
                now += pause;
                let cost = 1 + next(&mut chance) % (u64::from(burst) + 2);
                let n = NonZeroU32::new(u32::try_from(cost).unwrap()).unwrap();
                let expected = matches!(oracle.check_n(n), Ok(Ok(())));
                let verdict = rate.pay(level, cost, now);
                assert_eq!(verdict.is_ok(), expected, "seed {seed} at {now}: {cost} of {rate:?}");
                passed[usize::from(expected)] += 1;
                match verdict {
                    Ok(paid) => level = paid,
                    Err(Wait::Forever) => assert!(cost > u64::from(burst)),
                    Err(Wait::For(wait)) => {
                        assert!(rate.pay(level, cost, now + wait).is_ok(), "{wait} is too early");
                        assert!(
                            rate.pay(level, cost, now + wait - 1).is_err(),
                            "{wait} is too late"
                        );
                    }
                }
            }
        }
        assert!(passed[0] > 20_000 && passed[1] > 20_000, "{passed:?}");
    }

    #[test]
    fn a_rate_that_no_nanosecond_divides_stays_exact() {
        let rate = Rate::new(7, Duration::from_nanos(3), 1_000_000);
        let (mut level, mut paid) = (Level::default(), 0);
        for now in 0..30_000 {
            while let Ok(next) = rate.pay(level, 1, now) {
                (level, paid) = (next, paid + 1);
            }
        }
        // Until the last moment, 29,999 nanoseconds have passed.
        assert_eq!(paid, 1_000_000 + 29_999 * 7 / 3);
    }

    #[test]
    fn what_is_given_back_or_owed_stays_between_empty_and_full() {
        let rate = Rate::new(10, Duration::from_secs(1), 100);
        let level = rate.pay(Level::default(), 37, 0).unwrap();
        assert_eq!(rate.remaining(level, 0), 63);
        assert_eq!(rate.until_full(level, 0), 3_700_000_000);
        assert_eq!(rate.remaining(rate.refund(level, 30, 0), 0), 93);
        assert_eq!(rate.remaining(rate.refund(level, 300, 0), 0), 100);
        assert_eq!(rate.remaining(rate.charge(level, 60, 0), 0), 3);
        assert_eq!(rate.remaining(rate.charge(level, 600, 0), 0), 0);
        assert_eq!(rate.remaining(level, 3_700_000_000), 100);
    }

    #[test]
    fn giving_back_undoes_paying_also_when_time_has_passed() {
        let rate = Rate::new(3, Duration::from_secs(1), 50);
        let mut chance = 7;
        for _ in 0..2_000 {
            let before = rate.charge(Level::default(), next(&mut chance) % 50, 0);
            let cost = 1 + next(&mut chance) % 20;
            let (paid_at, back_at) = (next(&mut chance) % 1_000_000_000, 5_000_000_000);
            let Ok(paid) = rate.pay(before, cost, paid_at) else { continue };
            let undone = rate.refund(paid, cost, back_at);
            assert!(rate.remaining(undone, back_at) >= rate.remaining(before, back_at));
        }
    }
}
