//! What `fetch` says of a work that is done already: its result as it was told
//! when it ended, from the ledger or from the results file.

use std::path::Path;

use serde::Deserialize;

use crate::download::OutFolder;
use crate::outcome::Reason;

/// What people want to know of it. The line may be anybody's.
#[derive(Deserialize)]
struct Told {
    work_id: String,
    outcome: String,
    #[serde(default)]
    reason: String,
    path: Option<String>,
}

/// One line for people about a result; none where it is none.
pub(crate) fn for_people(result: &str, out: &Path) -> Option<String> {
    let told: Told = serde_json::from_str(result).ok()?;
    let line = match told.path {
        Some(path) => {
            let paper = OutFolder::new(out.to_owned()).shown_paper(&told.work_id, &path);
            format!("obtained before: {}: {}", told.work_id, paper.display())
        }
        None => {
            let meaning = Reason::parse(&told.reason).and_then(|reason| reason.meaning());
            format!(
                "without a paper so far: {}: {} {}{}",
                told.work_id,
                told.outcome,
                told.reason,
                meaning.map_or_else(String::new, |meaning| format!(" ({meaning})"))
            )
        }
    };
    let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    Some(line.chars().map(shown).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_paper_without_a_readable_name_is_told_by_its_path_and_what_is_none_by_its_reason() {
        let out = Path::new("here");
        let stored = r#"{"work_id":"w","outcome":"success","path":"objects/ab/c.pdf","more":1}"#;
        assert_eq!(
            for_people(stored, out).unwrap(),
            "obtained before: w: here/objects/ab/c.pdf"
        );
        let lost = r#"{"work_id":"w","outcome":"no_pdf","reason":"not_oa"}"#;
        assert_eq!(
            for_people(lost, out).unwrap(),
            "without a paper so far: w: no_pdf not_oa \
             (The source knows the work and says it is closed.)"
        );
    }

    #[test]
    fn a_line_that_somebody_changed_cannot_move_the_cursor() {
        let line = r#"{"work_id":"w\u001b[2J\n","outcome":"no_pdf"}"#;
        let told = for_people(line, Path::new("")).unwrap();
        assert!(!told.chars().any(char::is_control), "{told}");
        assert_eq!(for_people("[]", Path::new("")), None);
    }
}
