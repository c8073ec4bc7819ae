//! Tables of what is read and what it means.

/// Every `(pasted, normal form)` pair holds; `-` stands for a refusal.
pub(crate) fn check<T, E>(parse: impl Fn(&str) -> Result<T, E>, table: &[(&str, &str)])
where
    T: std::fmt::Display,
    E: std::fmt::Display,
{
    let mut wrong = Vec::new();
    for (pasted, expected) in table {
        let got = parse(pasted).map_or_else(|_| "-".to_owned(), |id| id.to_string());
        if got != *expected {
            wrong.push(format!("{pasted:?}: expected {expected}, got {got}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
