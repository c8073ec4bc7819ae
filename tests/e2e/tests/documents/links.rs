//! Links between the documents: the file is there, and so is the heading.

use std::path::Path;

use super::stage::repository;

/// The targets of a document's links, each with its line; not those into the web.
fn targets(text: &str) -> Vec<(usize, String)> {
    let of_line = |(number, line): (usize, &str)| -> Vec<(usize, String)> {
        line.split("](")
            .skip(1)
            .filter_map(|rest| Some((number, rest.split_once(')')?.0.to_owned())))
            .filter(|(_, target)| !target.contains("://"))
            .collect()
    };
    (1..).zip(text.lines()).flat_map(of_line).collect()
}

/// What a heading is called in a link, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    heading
        .chars()
        .filter(kept)
        .collect::<String>()
        .replace(' ', "-")
}

/// Whether `target`, as a document at `path` names it, is there.
fn leads_somewhere(path: &str, target: &str) -> bool {
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    let from = repository().join(path);
    let file = match file {
        "" => from,
        file => from.parent().unwrap_or(Path::new("")).join(file),
    };
    if heading.is_empty() {
        return file.exists();
    }
    std::fs::read_to_string(file).is_ok_and(|text| {
        text.lines()
            .filter(|line| line.starts_with('#'))
            .any(|line| anchor(line) == heading)
    })
}

#[test]
fn every_link_leads_to_a_file_and_a_heading_that_are_there() {
    let others = ["tests/README.md", "tests/fuzz/README.md"];
    let mut checked = 0;
    for path in super::DOCUMENTS.into_iter().chain(others) {
        let text = std::fs::read_to_string(repository().join(path)).unwrap();
        for (line, target) in targets(&text) {
            assert!(leads_somewhere(path, &target), "{path}:{line}: {target}");
            checked += 1;
        }
    }
    assert!(checked > 50, "{checked}");
}

#[test]
fn a_link_to_what_is_not_there_is_found() {
    let text = "See [a](host/docs/slo.md), [b](x.md) and [c](https://x.example/).\n[d](#nowhere)\n";
    let found = targets(text);
    let all: Vec<(usize, &str)> = found.iter().map(|(n, t)| (*n, t.as_str())).collect();
    assert_eq!(all, [(1, "host/docs/slo.md"), (1, "x.md"), (2, "#nowhere")]);
    assert!(leads_somewhere("README.md", "host/docs/slo.md"));
    assert!(leads_somewhere(
        "README.md",
        "AGENTS.md#idempotency--crash-recovery"
    ));
    for gone in ["x.md", "#nowhere", "AGENTS.md#nowhere", "x.md#a-tour"] {
        assert!(!leads_somewhere("README.md", gone), "{gone}");
    }
}
