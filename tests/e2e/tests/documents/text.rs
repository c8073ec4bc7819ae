//! What a Markdown document shows: its fenced blocks, the commands in them, and
//! the code spans of its prose.

/// A fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fence {
    /// The line its fence opens at, from 1.
    pub(crate) line: usize,
    /// What stands behind the opening fence.
    pub(crate) language: String,
    /// What is in it.
    pub(crate) text: String,
}

/// One command of a `sh` block, its comment and its line breaks taken off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    /// The line it begins at, from 1.
    pub(crate) line: usize,
    /// What a reader would paste.
    pub(crate) command: String,
}

/// Fenced blocks, and the prose around them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Document {
    /// The blocks.
    pub(crate) fences: Vec<Fence>,
    /// The code spans of the prose, each with its line.
    pub(crate) spans: Vec<(usize, String)>,
}

impl Document {
    /// Reads a document.
    pub(crate) fn parse(text: &str) -> Self {
        let mut document = Self::default();
        let mut open: Option<Fence> = None;
        for (number, line) in (1..).zip(text.lines()) {
            match (line.trim_start().strip_prefix("```"), open.take()) {
                (Some(_), Some(fence)) => document.fences.push(fence),
                (Some(language), None) => {
                    open = Some(Fence {
                        line: number,
                        language: language.trim().to_owned(),
                        text: String::new(),
                    });
                }
                (None, Some(mut fence)) => {
                    fence.text.push_str(line);
                    fence.text.push('\n');
                    open = Some(fence);
                }
                (None, None) => {
                    let spans = line.split('`').skip(1).step_by(2);
                    document
                        .spans
                        .extend(spans.map(|span| (number, span.to_owned())));
                }
            }
        }
        document.fences.extend(open);
        document
    }

    /// The commands of its shell blocks, in order.
    pub(crate) fn commands(&self) -> Vec<Shown> {
        let shell = self
            .fences
            .iter()
            .filter(|fence| ["sh", "console"].contains(&fence.language.as_str()));
        shell.flat_map(commands).collect()
    }
}

fn commands(fence: &Fence) -> Vec<Shown> {
    let mut commands: Vec<Shown> = Vec::new();
    let mut goes_on = false;
    for (number, line) in (fence.line + 1..).zip(fence.text.lines()) {
        let line = line.strip_prefix("$ ").unwrap_or(line);
        let line = without_comment(line).trim_end();
        let (part, more) = match line.strip_suffix('\\') {
            Some(part) => (part, true),
            None => (line, false),
        };
        match commands.last_mut() {
            Some(last) if goes_on => last.command.push_str(part.trim_start()),
            _ if part.trim().is_empty() => {}
            _ => commands.push(Shown {
                line: number,
                command: part.to_owned(),
            }),
        }
        goes_on = more;
    }
    commands
}

/// A `#` that begins a word outside quotes begins a comment.
fn without_comment(line: &str) -> &str {
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '#') if before == ' ' => return line.get(..at).unwrap_or(line),
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
        before = c;
    }
    line
}

#[test]
fn blocks_commands_and_spans_are_found_where_they_stand() {
    let document = Document::parse(
        "A `span` and `another --one`.\n```sh\nfirst 'a # b' # said\n\nsecond \\\n    more\n```\n```toml\n[x]\n```\n",
    );
    let languages: Vec<&str> = document
        .fences
        .iter()
        .map(|fence| fence.language.as_str())
        .collect();
    assert_eq!(languages, ["sh", "toml"]);
    let commands: Vec<(usize, String)> = document
        .commands()
        .into_iter()
        .map(|shown| (shown.line, shown.command))
        .collect();
    assert_eq!(
        commands,
        [
            (3, "first 'a # b'".to_owned()),
            (5, "second more".to_owned())
        ]
    );
    assert_eq!(
        document.spans,
        [(1, "span".to_owned()), (1, "another --one".to_owned())]
    );
}
