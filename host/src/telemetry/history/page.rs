//! One self-contained page: no script, no font, no image, nothing fetched.

use super::plots::{self, OUTCOMES};
use super::svg::{bytes_text, escape};
use super::tally::Tally;
use crate::ledger::{Timestamp, Verdict};
use crate::telemetry::slo::ServiceLevels;

/// What the page says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageFacts {
    /// The file it was made from.
    pub from: String,
    /// The moment the window begins; none for everything there is.
    pub since: Option<Timestamp>,
    /// When it was made.
    pub made: Timestamp,
}

const STYLE: &str = "
:root{--ink:#1d2530;--dim:#647183;--line:#d5dbe3;--paper:#fff;--ground:#f3f5f8}
@media (prefers-color-scheme:dark){:root{--ink:#e4e9f0;--dim:#98a5b6;--line:#3a4554;--paper:#1a212b;--ground:#12171e}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.45 system-ui,sans-serif}
main{max-width:1560px;margin:0 auto;padding:24px}
h1{font-size:24px;margin:0}h2{font-size:16px;margin:0 0 10px}
p{margin:4px 0;color:var(--dim)}
.figures{display:flex;flex-wrap:wrap;gap:12px;margin:18px 0}
.figures div{background:var(--paper);border:1px solid var(--line);border-radius:8px;padding:12px 18px}
.figures b{display:block;font-size:22px}
.figures span{color:var(--dim);font-size:13px}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,560px),1fr));gap:16px}
section{background:var(--paper);border:1px solid var(--line);border-radius:8px;padding:16px;overflow-x:auto}
svg{width:100%;height:auto;display:block}
svg text{fill:var(--ink);font-size:13px}svg .tick{fill:var(--dim);font-size:11px}svg .number{fill:var(--dim);font-size:12px}
svg line{stroke:var(--line)}
.success{fill:#2e9e5b}.no_pdf{fill:#7f99b5}.nonretryable{fill:#9a6fc0}.retryable{fill:#e0a52f}
.timeout{fill:#dc7a2b}.error{fill:#c9443a}.skipped{fill:#b9c2cd}.without{fill:#7f99b5}.bytes{fill:#3f7fc1}
.legend{display:flex;flex-wrap:wrap;gap:4px 14px;margin-top:8px;font-size:13px;color:var(--dim)}
.legend svg{width:11px;height:11px;display:inline-block;margin-right:5px}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:4px 12px 4px 0;border-bottom:1px solid var(--line)}
.met{color:#2e9e5b}.missed{color:#c9443a;font-weight:700}
";

/// The page.
#[must_use]
pub fn page(facts: &PageFacts, tally: &Tally, levels: Option<&ServiceLevels>) -> String {
    let window = match facts.since {
        None => "everything recorded".to_owned(),
        Some(since) => format!("since {}", moment(since)),
    };
    let mut body = format!(
        "<h1>paperfall</h1><p>{}, {window}, as of {} (all times are UTC)</p>",
        escape(&facts.from),
        moment(facts.made),
    );
    body.push_str(&figures(tally));
    if let Some(levels) = levels {
        body.push_str(&level_table(levels));
    }
    body.push_str("<div class=\"plots\">");
    let mut drawn = false;
    for (title, plot, legend) in [
        (
            "Outcomes by source",
            plots::outcomes_by_source(tally),
            outcome_legend(),
        ),
        ("Time to a paper", plots::times(tally), String::new()),
        (
            "Works over time",
            plots::works_over_time(tally),
            works_legend(),
        ),
        (
            "Bytes over time",
            plots::bytes_over_time(tally),
            String::new(),
        ),
        (
            "Works without a paper, by reason",
            plots::reasons(tally),
            String::new(),
        ),
    ] {
        if let Some(plot) = plot {
            drawn = true;
            body.push_str(&format!(
                "<section><h2>{title}</h2>{plot}{legend}</section>"
            ));
        }
    }
    body.push_str("</div>");
    if !drawn {
        body.push_str("<p>Nothing was recorded in this window.</p>");
    }
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <title>paperfall: {}</title><style>{STYLE}</style></head><body><main>{body}</main></body></html>\n",
        escape(&facts.from),
    )
}

fn figures(tally: &Tally) -> String {
    let ended = tally.with_paper + tally.without;
    let share = if ended == 0 {
        "–".to_owned()
    } else {
        // Down: 100 % means all of them.
        let per_mille = u128::from(tally.with_paper) * 1000 / u128::from(ended);
        format!("{}.{} %", per_mille / 10, per_mille % 10)
    };
    let mut figures = String::from("<div class=\"figures\">");
    let mut figure = |value: &str, words: &str| {
        figures.push_str(&format!("<div><b>{value}</b><span>{words}</span></div>"));
    };
    figure(&ended.to_string(), "works ended");
    figure(&tally.with_paper.to_string(), "with a paper");
    figure(&share, "of all");
    figure(&bytes_text(tally.bytes), "stored");
    if tally.unreadable > 0 {
        figure(&tally.unreadable.to_string(), "records not understood");
    }
    figures.push_str("</div>");
    figures
}

fn level_table(levels: &ServiceLevels) -> String {
    let mut rows = String::from(
        "<section><h2>Service levels</h2><table><tr><th>level</th><th>goal</th><th>value</th><th>budget left</th><th></th></tr>",
    );
    for level in &levels.levels {
        let class = match level.verdict {
            Some(Verdict::Met) => "met",
            Some(Verdict::Missed) => "missed",
            _ => "",
        };
        rows.push_str(&format!(
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"{class}\">{}</td></tr>",
            escape(level.title),
            escape(&level.target_text()),
            escape(&level.value_text()),
            escape(&level.budget_text()),
            level.verdict_text(),
        ));
    }
    rows.push_str("</table></section><br>");
    rows
}

fn outcome_legend() -> String {
    legend(&OUTCOMES.map(|outcome| (outcome.as_str(), outcome.as_str())))
}

fn works_legend() -> String {
    legend(&[("success", "with a paper"), ("without", "without")])
}

fn legend(entries: &[(&str, &str)]) -> String {
    let mut legend = String::from("<div class=\"legend\">");
    for (class, words) in entries {
        legend.push_str(&format!(
            "<span><svg viewBox=\"0 0 1 1\" aria-hidden=\"true\"><rect class=\"{class}\" width=\"1\" height=\"1\"/></svg>{words}</span>"
        ));
    }
    legend.push_str("</div>");
    legend
}

fn moment(at: Timestamp) -> String {
    plots::moment_text(at.as_millis().div_euclid(60_000))
}
