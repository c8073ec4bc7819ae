//! Plain tables for terminals and pipes.

/// Lays rows out in columns; the first row is the head. Columns that hold
/// only numbers are right-aligned.
pub(crate) fn render(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let cell = |row: &Vec<String>, column: usize| row.get(column).cloned().unwrap_or_default();
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter()
                .map(|row| cell(row, column).chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let numeric: Vec<bool> = (0..columns)
        .map(|column| {
            rows.iter().skip(1).all(|row| {
                let text = cell(row, column);
                !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || c == '-')
            })
        })
        .collect();
    let mut table = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, (&width, &numeric)) in widths.iter().zip(&numeric).enumerate() {
            if column > 0 {
                line.push_str("  ");
            }
            let text = cell(row, column);
            if numeric {
                line.push_str(&format!("{text:>width$}"));
            } else {
                line.push_str(&format!("{text:<width$}"));
            }
        }
        table.push_str(line.trim_end());
        table.push('\n');
    }
    table
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_are_right_aligned_and_words_left() {
        let row = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        assert_eq!(
            super::render(&[row("source", "won"), row("arxiv", "7"), row("pmc", "12")]),
            "source  won\narxiv     7\npmc      12\n"
        );
    }
}
