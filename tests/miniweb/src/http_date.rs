//! Dates as HTTP and the archive write them, from and to the fourteen digits
//! of a Wayback timestamp. Civil-calendar arithmetic only: no time zone, no
//! dependency.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// `Sun, 06 Nov 1994 08:49:37 GMT` for the moment `ahead` from now.
pub(crate) fn from_now(ahead: Duration) -> String {
    let seconds = SystemTime::now()
        .checked_add(ahead)
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok())
        .map_or(0, |since| since.as_secs());
    format(seconds)
}

/// The HTTP date of a Wayback timestamp (`YYYYMMDDhhmmss`; missing digits are
/// taken as the earliest moment they could mean). None if it is no date.
pub(crate) fn of_timestamp(timestamp: &str) -> Option<String> {
    seconds_of(timestamp).map(format)
}

/// Seconds since 1970 of a Wayback timestamp.
pub(crate) fn seconds_of(timestamp: &str) -> Option<u64> {
    if !(4..=14).contains(&timestamp.len()) || !timestamp.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let field = |from: usize, len: usize, missing: u64| -> Option<u64> {
        match timestamp.get(from..from + len) {
            Some(digits) => digits.parse().ok(),
            None => Some(missing),
        }
    };
    let (year, month, day) = (field(0, 4, 1970)?, field(4, 2, 1)?, field(6, 2, 1)?);
    let (hour, minute, second) = (field(8, 2, 0)?, field(10, 2, 0)?, field(12, 2, 0)?);
    let plausible = year >= 1970
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    plausible.then(|| days_before(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, counting years
/// from March so that the leap day comes last.
fn days_before(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let in_year = (153 * month + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + in_year - 719_468
}

fn format(seconds: u64) -> String {
    let days = seconds / 86_400;
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let name = |names: &[&'static str], index: u64| {
        usize::try_from(index)
            .ok()
            .and_then(|index| names.get(index))
            .copied()
            .unwrap_or("")
    };
    format!(
        "{}, {day:02} {} {year:04} {:02}:{:02}:{:02} GMT",
        name(&DAYS, days % 7),
        name(&MONTHS, month - 1),
        seconds / 3600 % 24,
        seconds / 60 % 60,
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments_are_written_as_http_writes_them() {
        for (timestamp, date) in [
            ("19700101000000", "Thu, 01 Jan 1970 00:00:00 GMT"),
            ("19941106084937", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("20000229235959", "Tue, 29 Feb 2000 23:59:59 GMT"),
            ("20240301", "Fri, 01 Mar 2024 00:00:00 GMT"),
            ("20261231120000", "Thu, 31 Dec 2026 12:00:00 GMT"),
        ] {
            assert_eq!(
                of_timestamp(timestamp).as_deref(),
                Some(date),
                "{timestamp}"
            );
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for bad in [
            "",
            "199",
            "1994110608493x",
            "20231301000000",
            "199411060849371",
        ] {
            assert_eq!(of_timestamp(bad), None, "{bad:?}");
        }
    }
}
