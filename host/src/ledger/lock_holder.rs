//! Which process keeps a file locked, where the system tells (Linux).

use std::path::Path;

/// The processes that hold locks on these files which keep others out, as a
/// message names them: `process 4711 (sqlite3)`. The files are not opened: closing
/// one would drop this process's own locks on it.
pub(super) fn who_locks(files: &[&Path]) -> Option<String> {
    let table = std::fs::read_to_string("/proc/locks").ok()?;
    let own = std::process::id();
    let mut named: Vec<String> = Vec::new();
    for file in files {
        let Some(id) = file_id(file) else {
            continue;
        };
        for holder in holders(&table, &id).filter(|holder| *holder != own) {
            let name = describe(holder);
            if !named.contains(&name) {
                named.push(name);
            }
        }
    }
    (!named.is_empty()).then(|| named.join(" and "))
}

/// Who holds write locks on this file, by the lines of `/proc/locks`:
/// `1: POSIX  ADVISORY  WRITE 4711 fe:00:131 120 120`.
fn holders<'t>(table: &'t str, file: &'t str) -> impl Iterator<Item = u32> + 't {
    table.lines().filter_map(move |line| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let kind = fields.next()?;
        // `->` marks one that waits itself.
        let held = kind != "->" && fields.nth(1)? == "WRITE";
        let process = fields.next()?.parse().ok()?;
        (held && fields.next()? == file).then_some(process)
    })
}

#[cfg(target_os = "linux")]
fn file_id(file: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let file = std::fs::metadata(file).ok()?;
    // As the C library puts device numbers together.
    let device = file.dev();
    let major = ((device >> 8) & 0xfff) | ((device >> 32) & !0xfff);
    let minor = (device & 0xff) | ((device >> 12) & !0xff);
    Some(format!("{major:02x}:{minor:02x}:{}", file.ino()))
}

#[cfg(not(target_os = "linux"))]
fn file_id(_: &Path) -> Option<String> {
    None
}

fn describe(process: u32) -> String {
    let name = std::fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
    let name: String = name.trim().chars().filter(|c| !c.is_control()).collect();
    if name.is_empty() {
        format!("process {process}")
    } else {
        format!("process {process} ({name})")
    }
}

#[cfg(test)]
mod tests {
    use super::holders;

    #[test]
    fn only_those_who_hold_a_write_lock_on_the_file_are_named() {
        let table = "1: POSIX  ADVISORY  WRITE 11 fe:00:131 120 120\n\
                     1: -> POSIX  ADVISORY  WRITE 12 fe:00:131 120 120\n\
                     2: POSIX  ADVISORY  READ 13 fe:00:131 124 124\n\
                     3: FLOCK  ADVISORY  WRITE 14 fe:00:131 0 EOF\n\
                     4: POSIX  ADVISORY  WRITE 15 fe:00:132 0 EOF\n\
                     5: OFDLCK ADVISORY  WRITE -1 fe:00:131 0 EOF\n garbage\n";
        let found: Vec<u32> = holders(table, "fe:00:131").collect();
        assert_eq!(found, [11, 14]);
    }
}
