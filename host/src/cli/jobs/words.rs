//! Times, spans and JSON as people read them.

use paperfall_identifiers::visible;
use serde_json::Value;

use crate::ledger::{JobRecord, JobState, calendar};

/// Lines of a JSON value that are shown.
const SHOWN_LINES: usize = 16;
/// Characters of a line that are shown.
const SHOWN_WIDTH: usize = 160;
/// JSON up to this long stays on one line.
const ONE_LINE: usize = 100;

/// Seconds since the epoch, now.
pub(super) fn now() -> f64 {
    jiff::Timestamp::now().as_duration().as_secs_f64()
}

/// A time in a table; a dash where there is none.
pub(super) fn time(seconds: Option<f64>) -> String {
    seconds.map_or_else(
        || "-".to_owned(),
        |seconds| {
            // What no calendar has may be a number of three hundred digits.
            calendar(seconds).map_or_else(|| format!("{seconds:e}"), |moment| moment.to_string())
        },
    )
}

/// A span in the unit that fits it.
pub(super) fn span(seconds: f64) -> String {
    if seconds < 1.0 {
        format!("{:.0} ms", seconds * 1000.0)
    } else if seconds < 120.0 {
        format!("{seconds:.1} s")
    } else if seconds < 7200.0 {
        format!("{:.0} min", seconds / 60.0)
    } else if seconds < 172_800.0 {
        format!("{:.0} h", seconds / 3600.0)
    } else if seconds < 1e10 {
        format!("{:.0} days", seconds / 86_400.0)
    } else {
        "centuries".to_owned()
    }
}

/// When something happens next to a job: a dash, `now`, or how long until then.
pub(super) fn due(job: &JobRecord, now: f64) -> String {
    let state = JobState::parse(&job.state);
    let finished = state.is_some_and(JobState::is_terminal)
        || (state == Some(JobState::Finalized) && job.finished_at.is_some());
    let next = if job.lease_owner.is_some() {
        job.lease_until
    } else {
        job.not_before
    };
    match next {
        _ if finished => "-".to_owned(),
        Some(moment) if moment > now && job.lease_owner.is_some() => {
            format!("held {}", span(moment - now))
        }
        Some(moment) if moment > now => format!("in {}", span(moment - now)),
        _ => "now".to_owned(),
    }
}

/// A JSON value in lines that fit a terminal; what is left out is said.
pub(super) fn json(value: &Value) -> Vec<String> {
    let short = value.to_string();
    let text = if short.len() <= ONE_LINE {
        short
    } else {
        match value {
            // Text that is no JSON: as it stands.
            Value::String(text) => text.clone(),
            _ => serde_json::to_string_pretty(value).unwrap_or(short),
        }
    };
    let mut lines: Vec<String> = text.lines().take(SHOWN_LINES).map(cut).collect();
    let more = text.lines().count().saturating_sub(lines.len());
    let is_cut = lines.iter().any(|line| line.ends_with('…'));
    if more > 0 || is_cut {
        lines.push(format!("… ({} bytes; --json has all of it)", text.len()));
    }
    lines
}

fn cut(line: &str) -> String {
    let mut shown: String = line.chars().take(SHOWN_WIDTH).collect();
    if shown.len() < line.len() {
        shown.push('…');
    }
    visible(&shown)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn long_json_is_cut_in_both_directions_and_says_so() {
        assert_eq!(super::json(&json!({"a": 1})), ["{\"a\":1}"]);
        let long = super::json(&json!((0..1000).collect::<Vec<_>>()));
        assert_eq!(long.len(), SHOWN_LINES + 1);
        assert!(long.last().unwrap().contains("--json"));
        let wide = super::json(&json!({"a": "x".repeat(5000)}));
        assert!(
            wide.iter()
                .all(|line| line.chars().count() <= SHOWN_WIDTH + 1)
        );
        assert!(wide.last().unwrap().contains("--json"));
        // What a guest or a hostile file said cannot command the terminal.
        let hostile = super::json(&json!("\u{1b}[2J\u{9b}2J\u{202e}"));
        assert!(
            hostile
                .iter()
                .all(|line| line.chars().all(|c| !c.is_control()))
        );
    }

    #[test]
    fn spans_are_told_in_the_unit_that_fits() {
        let told: Vec<String> = [0.0123, 5.0, 600.0, 10_000.0, 1e6, f64::INFINITY]
            .map(span)
            .to_vec();
        let expected = ["12 ms", "5.0 s", "10 min", "3 h", "12 days", "centuries"];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_time_that_no_calendar_has_does_not_fill_the_line() {
        assert_eq!(time(Some(1e300)), "1e300");
        assert_eq!(time(Some(f64::NEG_INFINITY)), "-inf");
        assert_eq!(time(Some(1_700_000_000.0)), "2023-11-14T22:13:20Z");
    }
}
