//! Readable file names for papers.

use sha2::{Digest, Sha256};

/// Longest stem in bytes; file systems take 255 with suffix and extension.
const STEM_MAX: usize = 120;

/// A file name stem for a work: its id with everything that file systems or
/// shells dislike replaced. Two ids that would look alike differ in the short
/// hash appended whenever something was replaced or cut.
pub(crate) fn stem(work_id: &str) -> String {
    let mut stem = String::with_capacity(work_id.len());
    let mut exact = true;
    for c in work_id.chars() {
        if stem.len() + c.len_utf8() > STEM_MAX {
            exact = false;
            break;
        }
        if c.is_alphanumeric() || matches!(c, '.' | '-') {
            stem.push(c);
        } else {
            exact = false;
            stem.push('_');
        }
    }
    // A leading dot would hide the file, or be `.` or `..` themselves.
    if stem.starts_with('.') || stem.is_empty() {
        stem.insert(0, '_');
        exact = false;
    }
    if !exact {
        let digest = Sha256::digest(work_id.as_bytes());
        let short: String = digest
            .iter()
            .take(4)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        stem = format!("{}-{short}", stem.trim_end_matches('_'));
    }
    stem
}

#[cfg(test)]
mod tests {
    use super::stem;

    #[test]
    fn ids_that_differ_only_in_replaced_characters_get_different_names() {
        assert_ne!(stem("doi:10.1/a_b"), stem("doi:10.1/a/b"));
        assert!(stem("doi:10.1/a/b").starts_with("doi_10.1_a_b-"));
    }

    #[test]
    fn no_id_escapes_the_folder_or_hides() {
        for id in ["../../etc/passwd", "..", ".", "", "/", "a\0b", "\u{202E}x"] {
            let name = stem(id);
            assert!(
                !name.contains('/') && !name.contains('\0'),
                "{id:?} {name:?}"
            );
            assert!(
                !name.starts_with('.') && !name.is_empty(),
                "{id:?} {name:?}"
            );
        }
    }

    #[test]
    fn a_very_long_id_is_cut_to_what_file_systems_take() {
        assert!(stem(&"ü".repeat(4000)).len() < 200);
    }
}
