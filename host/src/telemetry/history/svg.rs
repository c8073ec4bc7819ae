//! The little of SVG and HTML that the plots need; text from outside is always
//! escaped here.

use std::fmt::Write;

/// Text that means nothing but itself, in elements and in quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A drawing.
pub(super) struct Svg {
    label: String,
    width: f64,
    height: f64,
    body: String,
}

/// Which end of a text its place is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor {
    /// It begins there.
    Start,
    /// It is centred there.
    Middle,
    /// It ends there.
    End,
}

impl Svg {
    /// An empty drawing of this size, described by `label` to those who cannot
    /// see it.
    pub(super) fn new(label: &str, width: f64, height: f64) -> Self {
        Self {
            label: escape(label),
            width,
            height,
            body: String::new(),
        }
    }

    /// A bar; `hover` is shown when it is pointed at.
    pub(super) fn bar(&mut self, (x, y): (f64, f64), (w, h): (f64, f64), class: &str, hover: &str) {
        let hover = escape(hover);
        let _ = write!(
            self.body,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{w:.1}\" height=\"{h:.1}\"><title>{hover}</title></rect>"
        );
    }

    /// A word.
    pub(super) fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, class: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = escape(text);
        let _ = write!(
            self.body,
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"
        );
    }

    /// A straight line.
    pub(super) fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        let _ = write!(
            self.body,
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        );
    }

    /// The element.
    pub(super) fn finish(self) -> String {
        format!(
            "<svg viewBox=\"0 0 {:.0} {:.0}\" role=\"img\" aria-label=\"{}\">{}</svg>",
            self.width, self.height, self.label, self.body
        )
    }
}

/// A count as a length on paper.
// Plots need no more than an f64's 53 bits.
#[allow(clippy::cast_precision_loss)]
pub(super) const fn float(count: u64) -> f64 {
    count as f64
}

/// Bytes in the unit people read.
pub(super) fn bytes_text(bytes: u64) -> String {
    let mut value = float(bytes);
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if value < 1024.0 {
            return if unit == "B" {
                format!("{bytes} B")
            } else {
                format!("{value:.1} {unit}")
            };
        }
        value /= 1024.0;
    }
    format!("{value:.1} TiB")
}

/// The smallest of 1, 2, 5, 10, 20, … that is not below this.
pub(super) fn round_up(value: u64) -> u64 {
    let mut step = 1_u64;
    loop {
        for factor in [1, 2, 5] {
            match step.checked_mul(factor) {
                Some(round) if round >= value => return round,
                Some(_) => {}
                None => return u64::MAX,
            }
        }
        step = match step.checked_mul(10) {
            Some(next) => next,
            None => return u64::MAX,
        };
    }
}
