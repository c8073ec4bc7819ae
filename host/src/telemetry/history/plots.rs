//! The five plots, as SVG; none where there is nothing to draw.

use super::svg::{Anchor, Svg, bytes_text, float, round_up};
use super::tally::{Slot, TIME_CLASSES_MS, Tally};
use crate::outcome::Outcome;

const WIDTH: f64 = 720.0;
/// Room for names on the left.
const NAMES: f64 = 150.0;
/// Room for numbers on the right.
const NUMBERS: f64 = 60.0;
const ROW: f64 = 26.0;
/// Names shown; the rest is put together.
const MOST_ROWS: usize = 14;
/// The height of a plot with upright columns, without its labels.
const COLUMNS: f64 = 170.0;

/// The order outcomes are stacked in.
pub(super) const OUTCOMES: [Outcome; 7] = [
    Outcome::Success,
    Outcome::NoPdf,
    Outcome::Nonretryable,
    Outcome::Retryable,
    Outcome::Timeout,
    Outcome::Error,
    Outcome::Skipped,
];

/// How each source's attempts ended.
pub(super) fn outcomes_by_source(tally: &Tally) -> Option<String> {
    let mut sources: Vec<(&str, u64)> = tally
        .sources
        .iter()
        .map(|(name, outcomes)| (name.as_str(), outcomes.values().sum()))
        .collect();
    sources.sort_by(|a, b| (b.1, a.0).cmp(&(a.1, b.0)));
    sources.truncate(MOST_ROWS);
    let most = sources.first()?.1;
    let mut svg = rows("Outcomes by source", sources.len());
    for (index, (name, total)) in sources.iter().enumerate() {
        let y = place(index) * ROW;
        svg.text((NAMES - 8.0, y + 17.0), Anchor::End, "name", &shorten(name));
        let mut x = NAMES;
        for outcome in OUTCOMES {
            let count = tally
                .sources
                .get(*name)
                .and_then(|outcomes| outcomes.get(outcome.as_str()))
                .copied()
                .unwrap_or(0);
            if count > 0 {
                let width = share(count, most) * (WIDTH - NAMES - NUMBERS);
                let hover = format!("{name}: {outcome} {count} of {total}");
                svg.bar((x, y + 4.0), (width, ROW - 8.0), outcome.as_str(), &hover);
                x += width;
            }
        }
        svg.text(
            (x + 6.0, y + 17.0),
            Anchor::Start,
            "number",
            &total.to_string(),
        );
    }
    Some(svg.finish())
}

/// Why works ended without a paper.
pub(super) fn reasons(tally: &Tally) -> Option<String> {
    let mut reasons: Vec<(String, u64)> = tally
        .reasons
        .iter()
        .map(|(reason, count)| (reason.clone(), *count))
        .collect();
    reasons.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
    if reasons.len() > MOST_ROWS {
        let rest = reasons.split_off(MOST_ROWS - 1);
        let total = rest.iter().map(|(_, count)| count).sum();
        reasons.push((format!("{} others", rest.len()), total));
    }
    let most = reasons.iter().map(|(_, count)| *count).max()?;
    let mut svg = rows("Works without a paper, by reason", reasons.len());
    for (index, (reason, count)) in reasons.iter().enumerate() {
        let y = place(index) * ROW;
        let width = share(*count, most) * (WIDTH - NAMES - NUMBERS);
        svg.text(
            (NAMES - 8.0, y + 17.0),
            Anchor::End,
            "name",
            &shorten(reason),
        );
        let hover = format!("{reason}: {count}");
        svg.bar((NAMES, y + 4.0), (width, ROW - 8.0), "without", &hover);
        let end = (NAMES + width + 6.0, y + 17.0);
        svg.text(end, Anchor::Start, "number", &count.to_string());
    }
    Some(svg.finish())
}

/// How long papers took.
pub(super) fn times(tally: &Tally) -> Option<String> {
    let most = tally.times.iter().copied().max().filter(|most| *most > 0)?;
    let top = round_up(most);
    let (mut svg, area) = columns("Time to a paper", &top.to_string());
    let width = area / float(count(tally.times.len()));
    for (index, works) in tally.times.iter().enumerate() {
        let x = NAMES / 2.0 + place(index) * width;
        let label = match TIME_CLASSES_MS.get(index) {
            Some(most) => format!("≤ {}", span_text(*most)),
            None => "longer".to_owned(),
        };
        let height = share(*works, top) * COLUMNS;
        let hover = format!("{label}: {works} works");
        let at = (x + 2.0, 10.0 + COLUMNS - height);
        svg.bar(at, (width - 4.0, height), "success", &hover);
        let under = (x + width / 2.0, COLUMNS + 26.0);
        svg.text(under, Anchor::Middle, "tick", &label);
    }
    Some(svg.finish())
}

/// Works that ended, over time.
pub(super) fn works_over_time(tally: &Tally) -> Option<String> {
    let (start, length, slots) = tally.over_time()?;
    let most = slots
        .iter()
        .map(|slot| slot.with_paper + slot.without)
        .max()?;
    let top = round_up(most.max(1));
    let label = format!("Works ended, per {}", length_text(length));
    let (mut svg, area) = columns(&label, &top.to_string());
    let width = area / float(count(slots.len()));
    for (index, slot) in slots.iter().enumerate() {
        let x = NAMES / 2.0 + place(index) * width;
        let when = moment_text(start.saturating_add(length.saturating_mul(whole(index))));
        let mut y = 10.0 + COLUMNS;
        for (works, class, words) in [
            (slot.with_paper, "success", "with a paper"),
            (slot.without, "without", "without"),
        ] {
            let height = share(works, top) * COLUMNS;
            y -= height;
            if works > 0 {
                let hover = format!("{when}: {works} {words}");
                svg.bar(
                    (x + 0.5, y),
                    ((width - 1.0).max(0.5), height),
                    class,
                    &hover,
                );
            }
        }
    }
    time_axis(&mut svg, start, length, &slots);
    Some(svg.finish())
}

/// Bytes of papers stored, over time.
pub(super) fn bytes_over_time(tally: &Tally) -> Option<String> {
    let (start, length, slots) = tally.over_time()?;
    let top = slots
        .iter()
        .map(|slot| slot.bytes)
        .max()
        .filter(|most| *most > 0)?;
    let label = format!("Bytes stored, per {}", length_text(length));
    let (mut svg, area) = columns(&label, &bytes_text(top));
    let width = area / float(count(slots.len()));
    for (index, slot) in slots.iter().enumerate() {
        let x = NAMES / 2.0 + place(index) * width;
        let when = moment_text(start.saturating_add(length.saturating_mul(whole(index))));
        let height = share(slot.bytes, top) * COLUMNS;
        if slot.bytes > 0 {
            let hover = format!("{when}: {}", bytes_text(slot.bytes));
            let at = (x + 0.5, 10.0 + COLUMNS - height);
            svg.bar(at, ((width - 1.0).max(0.5), height), "bytes", &hover);
        }
    }
    time_axis(&mut svg, start, length, &slots);
    Some(svg.finish())
}

fn rows(label: &str, rows: usize) -> Svg {
    Svg::new(label, WIDTH, float(count(rows)) * ROW + 6.0)
}

/// An empty plot with upright columns, and the width they share.
fn columns(label: &str, top: &str) -> (Svg, f64) {
    let mut svg = Svg::new(label, WIDTH, COLUMNS + 36.0);
    let (left, right) = (NAMES / 2.0, WIDTH - 10.0);
    svg.line((left, 10.0 + COLUMNS), (right, 10.0 + COLUMNS));
    svg.line((left, 10.0), (left, 10.0 + COLUMNS));
    svg.text((left - 6.0, 16.0), Anchor::End, "tick", top);
    svg.text((left - 6.0, 10.0 + COLUMNS), Anchor::End, "tick", "0");
    (svg, right - left)
}

/// The moments at both ends and in the middle.
fn time_axis(svg: &mut Svg, start: i64, length: i64, slots: &[Slot]) {
    let (left, right, y) = (NAMES / 2.0, WIDTH - 10.0, COLUMNS + 26.0);
    let total = length.saturating_mul(whole(slots.len()));
    let moment = |minutes: i64| moment_text(start.saturating_add(minutes));
    svg.text((left, y), Anchor::Start, "tick", &moment(0));
    if slots.len() > 2 {
        let middle = (left + right) / 2.0;
        svg.text((middle, y), Anchor::Middle, "tick", &moment(total / 2));
    }
    svg.text((right, y), Anchor::End, "tick", &moment(total));
}

fn share(part: u64, whole: u64) -> f64 {
    float(part) / float(whole.max(1))
}

fn count(things: usize) -> u64 {
    u64::try_from(things).unwrap_or(u64::MAX)
}

fn place(index: usize) -> f64 {
    float(count(index))
}

fn whole(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}

/// Minutes since the epoch as people write a moment.
pub(super) fn moment_text(minutes: i64) -> String {
    jiff::Timestamp::from_second(minutes.saturating_mul(60)).map_or_else(
        |_| "?".to_owned(),
        |at| at.strftime("%Y-%m-%d %H:%M").to_string(),
    )
}

fn span_text(ms: u64) -> String {
    match ms {
        0..1_000 if ms.is_multiple_of(100) => format!("0.{} s", ms / 100),
        0..1_000 => format!("0.{:02} s", ms / 10),
        1_000..60_000 if ms.is_multiple_of(1_000) => format!("{} s", ms / 1_000),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{} min", ms / 60_000),
    }
}

fn length_text(minutes: i64) -> String {
    match minutes {
        1 => "minute".to_owned(),
        2..60 => format!("{minutes} minutes"),
        60 => "hour".to_owned(),
        1_440 => "day".to_owned(),
        minutes if minutes % 1_440 == 0 => format!("{} days", minutes / 1_440),
        minutes if minutes % 60 == 0 => format!("{} hours", minutes / 60),
        minutes => format!("{minutes} minutes"),
    }
}

/// As much of a name as there is room for.
fn shorten(name: &str) -> String {
    const MOST: usize = 20;
    if name.chars().count() <= MOST {
        return name.to_owned();
    }
    let mut short: String = name.chars().take(MOST - 1).collect();
    short.push('…');
    short
}
