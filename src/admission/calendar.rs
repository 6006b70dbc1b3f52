//! Days and months of the calendar, by UTC.
//!
//! **In:** seconds since 1970. **Out:** the day or month around them.
//!
//! **Never here:** clocks.
//!
//! **Read first:** [`bounds`].

use crate::config::Period;

pub(super) const DAY: u64 = 86_400;

/// The first second of the period around a moment, and that of the next.
pub(super) fn bounds(period: Period, seconds: u64) -> (u64, u64) {
    let day = seconds / DAY;
    match period {
        Period::Day => (day * DAY, (day + 1) * DAY),
        Period::Month => {
            let (year, month) = month_of(day);
            let (next_year, next_month) =
                if month == 12 { (year + 1, 1) } else { (year, month + 1) };
            (first_day(year, month) * DAY, first_day(next_year, next_month) * DAY)
        }
    }
}

/// The year and the month of a day since 1970, by the Gregorian calendar. Years are counted from March, so
/// that a leap day is the last of its year.
fn month_of(day: u64) -> (u64, u64) {
    let shifted = day + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month)
}

/// The first day of a month, since 1970.
fn first_day(year: u64, month: u64) -> u64 {
    let year = year - u64::from(month <= 2);
    let (era, year_of_era) = (year / 400, year % 400);
    let from_march = (month + 9) % 12;
    let of_year = (153 * from_march + 2) / 5;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    era * 146_097 + of_era - 719_468
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::{DAY, bounds};
    use crate::config::Period;
    use crate::telemetry::rfc3339;

    fn written(seconds: u64) -> String {
        rfc3339(UNIX_EPOCH + Duration::from_secs(seconds))
    }

    #[test]
    fn months_are_those_of_the_calendar_for_four_hundred_years() {
        let mut day = 0;
        while day < 146_097 {
            let (start, end) = bounds(Period::Month, day * DAY + 4_000);
            let (first, next) = (written(start), written(end));
            assert_eq!(start, day * DAY, "months follow one another: {first}");
            assert!(first.ends_with("-01T00:00:00.000Z"), "{first}");
            assert!(next.ends_with("-01T00:00:00.000Z") && first < next, "{first} {next}");
            assert!((28..=31).contains(&((end - start) / DAY)), "{first}");
            assert_eq!(bounds(Period::Month, end - 1), (start, end));
            day = end / DAY;
        }
    }

    #[test]
    fn a_day_ends_at_midnight() {
        let (start, end) = bounds(Period::Day, 1_700_000_000);
        assert_eq!(written(start), "2023-11-14T00:00:00.000Z");
        assert_eq!(end - start, DAY);
        assert_eq!(bounds(Period::Day, end - 1), (start, end));
        assert_eq!(bounds(Period::Day, end).0, end);
    }
}
