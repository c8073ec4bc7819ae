//! A guest's linear memory as it stands before it runs: strings and the
//! records of the contract, laid out by the canonical ABI.

use std::fmt::Write;

/// Where data begins; below it lies the scratch area of the prelude.
const BASE: usize = 4096;

/// Data segments under construction.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    bytes: Vec<u8>,
}

/// A record whose fields are all one or more 32-bit words, as most of the
/// contract's are: narrower fields stand alone in their word.
#[derive(Debug, Clone, Default)]
pub(super) struct Record(Vec<u8>);

impl Memory {
    /// Puts bytes down and returns where they lie.
    pub(super) fn put(&mut self, bytes: &[u8]) -> usize {
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        let at = self.end();
        self.bytes.extend_from_slice(bytes);
        at
    }

    /// The first address behind the data.
    pub(super) fn end(&self) -> usize {
        BASE + self.bytes.len()
    }

    /// As a data segment of WebAssembly text.
    pub(super) fn segment(&self) -> String {
        let mut text = format!("(data (i32.const {BASE}) \"");
        for byte in &self.bytes {
            write!(text, "\\{byte:02x}").expect("a String takes everything");
        }
        text.push_str("\")");
        text
    }
}

impl Record {
    pub(super) fn word(mut self, value: usize) -> Self {
        let value = u32::try_from(value).expect("guests are small");
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub(super) fn text(self, memory: &mut Memory, text: &str) -> Self {
        let at = memory.put(text.as_bytes());
        self.word(at).word(text.len())
    }

    pub(super) fn optional(self, memory: &mut Memory, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.word(1).text(memory, text),
            None => self.word(0).word(0).word(0),
        }
    }

    pub(super) fn list(self, memory: &mut Memory, items: &[Record]) -> Self {
        let at = memory.put(
            &items
                .iter()
                .flat_map(|item| item.0.clone())
                .collect::<Vec<_>>(),
        );
        self.word(at).word(items.len())
    }

    pub(super) fn texts(self, memory: &mut Memory, texts: &[impl AsRef<str>]) -> Self {
        let items: Vec<Record> = texts
            .iter()
            .map(|text| Record::default().text(memory, text.as_ref()))
            .collect();
        self.list(memory, &items)
    }

    pub(super) fn put(self, memory: &mut Memory) -> usize {
        memory.put(&self.0)
    }

    /// Its words as WebAssembly constants, for arguments.
    pub(super) fn constants(&self) -> String {
        let words = self.0.chunks_exact(4).map(|word| {
            let word = word
                .iter()
                .rev()
                .fold(0, |sum, byte| sum * 256 + u32::from(*byte));
            format!("(i32.const {word})")
        });
        words.collect::<Vec<_>>().join(" ")
    }
}
