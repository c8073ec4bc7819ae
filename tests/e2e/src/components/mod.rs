//! Test adapters, written as WebAssembly text and wrapped into components:
//! real guests of the real contract that do what no honest toolchain emits.
//!
//! A test states what is peculiar (the body of `resolve`, some hosts) and
//! [`Guest`] supplies the rest.

mod memory;

use memory::{Memory, Record};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

const CONTRACT: &str = include_str!("../../../../wit/0.1.0/paperfall-adapter.wit");
const WASI: &str = include_str!("../wasi.wit");
const PRELUDE: &str = include_str!("prelude.wat");
const CONTRACT_IMPORTS: &str = r#"
(import "paperfall:adapter/http@0.1.0" "send"
  (func $send (param i32 i32 i32 i32 i32 i32 i32)))
(import "paperfall:adapter/http@0.1.0" "probe" (func $probe (param i32 i32 i32)))
(import "paperfall:adapter/log@0.1.0" "log" (func $log (param i32 i32 i32)))
(import "paperfall:adapter/budget@0.1.0" "remaining" (func $remaining (param i32)))"#;

/// A component from its text.
///
/// # Panics
///
/// When the text is not WebAssembly.
#[must_use]
pub fn component(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("valid WebAssembly text")
}

/// A test adapter under construction. Its methods that return strings put
/// data into its memory and return WebAssembly text that uses it.
#[derive(Debug, Clone)]
pub struct Guest {
    name: String,
    hosts: Vec<String>,
    identifiers: Vec<String>,
    secrets: Vec<String>,
    settings: Vec<(String, Option<String>)>,
    memory: Memory,
    pages: u32,
    interfaces: Vec<&'static str>,
    owns_things: bool,
    imports: String,
    module: String,
    describe: Option<String>,
    resolve: Option<String>,
}

impl Guest {
    /// An adapter that needs nothing and finds nothing.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            hosts: Vec::new(),
            identifiers: Vec::new(),
            secrets: Vec::new(),
            settings: Vec::new(),
            memory: Memory::default(),
            pages: 2,
            interfaces: Vec::new(),
            owns_things: false,
            imports: String::new(),
            module: String::new(),
            describe: None,
            resolve: None,
        }
    }

    /// Declares a host.
    #[must_use]
    pub fn host(mut self, host: &str) -> Self {
        self.hosts.push(host.to_owned());
        self
    }

    /// Declares no host from here on.
    #[must_use]
    pub fn forget_hosts(mut self) -> Self {
        self.hosts.clear();
        self
    }

    /// Declares what it starts from.
    #[must_use]
    pub fn starts_from(mut self, scheme: &str) -> Self {
        self.identifiers.push(scheme.to_owned());
        self
    }

    /// Declares a secret.
    #[must_use]
    pub fn secret(mut self, name: &str) -> Self {
        self.secrets.push(name.to_owned());
        self
    }

    /// Declares a setting.
    #[must_use]
    pub fn setting(mut self, key: &str, default: Option<&str>) -> Self {
        self.settings
            .push((key.to_owned(), default.map(str::to_owned)));
        self
    }

    /// Tells the operator the value of its first setting; it traps when it has
    /// none.
    pub fn tell_setting(&self) -> String {
        // The arguments: 52 bytes of work, then time-out, retries and robots,
        // then the list of settings.
        let settings = "(i32.load offset=64 (local.get $work))";
        format!(
            "(if (i32.eqz (i32.load offset=68 (local.get $work))) (then unreachable))
             (call $tell (i32.load offset=8 {settings}) (i32.load offset=12 {settings}))"
        )
    }

    /// Begins with at least this many pages (64 KiB) of memory.
    #[must_use]
    pub fn pages(mut self, pages: u32) -> Self {
        self.pages = pages;
        self
    }

    /// Imports a function of WASI, given as WebAssembly text.
    #[must_use]
    pub fn wasi(mut self, interface: &'static str, function: &str, signature: &str) -> Self {
        if !self.interfaces.contains(&interface) {
            self.interfaces.push(interface);
        }
        self.imports.push_str(&format!(
            "(import \"{interface}\" \"{function}\" {signature})\n"
        ));
        self
    }

    /// Gives it a resource of its own, of which `$thing` makes a handle from
    /// any number, without any code of the host's.
    #[must_use]
    pub fn own_things(mut self) -> Self {
        self.owns_things = true;
        self.imports.push_str(
            "(import \"[export]paperfall-tests:guest/things\" \"[resource-new]thing\"
               (func $thing (param i32) (result i32)))\n",
        );
        self
    }

    /// Adds fields to its module.
    #[must_use]
    pub fn module(mut self, fields: &str) -> Self {
        self.module.push_str(fields);
        self
    }

    /// Replaces `describe`: a body that leaves a pointer to a descriptor.
    #[must_use]
    pub fn describe(mut self, body: impl Into<String>) -> Self {
        self.describe = Some(body.into());
        self
    }

    /// Sets `resolve`: a body that leaves a pointer to a result (see
    /// [`Guest::miss`] and [`Guest::findings`]); `$i` is a local to count
    /// with, `$work` points to the arguments.
    #[must_use]
    pub fn resolve(mut self, body: impl Into<String>) -> Self {
        self.resolve = Some(body.into());
        self
    }

    /// A pointer to a descriptor with what was declared so far.
    pub fn descriptor(&mut self) -> String {
        let memory = &mut self.memory;
        let mut secrets = Vec::new();
        for name in &self.secrets {
            let named = Record::default().text(memory, name);
            secrets.push(named.text(memory, "a key of the tests"));
        }
        let settings: Vec<Record> = self
            .settings
            .iter()
            .map(|(key, default)| {
                let named = Record::default().text(memory, key);
                let helped = named.text(memory, "a knob of the tests");
                helped.optional(memory, default.as_deref())
            })
            .collect();
        let at = Record::default()
            .text(memory, &self.name)
            .text(memory, "0.0.1")
            .text(memory, "an adapter of the tests")
            .texts(memory, &self.hosts)
            .texts(memory, &self.identifiers)
            .list(memory, &settings)
            .list(memory, &secrets)
            .put(memory);
        constant(at)
    }

    /// A pointer to a miss: `no_pdf` with this reason.
    pub fn miss(&mut self, reason: &str) -> String {
        let at = Record::default()
            .word(1)
            .word(0)
            .text(&mut self.memory, reason)
            .word(0)
            .put(&mut self.memory);
        constant(at)
    }

    /// A pointer to findings with one candidate, proposed as `oa_pdf`.
    pub fn candidate(&mut self, url: &str) -> String {
        self.findings(&[Proposal::new(url)], &[], &[], "no_pdf_url")
    }

    /// A pointer to findings.
    pub fn findings(
        &mut self,
        candidates: &[Proposal<'_>],
        landing_urls: &[&str],
        identifiers: &[(&str, &str)],
        reason: &str,
    ) -> String {
        let memory = &mut self.memory;
        let candidates: Vec<Record> = candidates
            .iter()
            .map(|candidate| candidate.record(memory))
            .collect();
        let identifiers = pairs(memory, identifiers);
        let at = Record::default()
            .word(0)
            .list(memory, &candidates)
            .texts(memory, landing_urls)
            .list(memory, &identifiers)
            .text(memory, reason)
            .put(memory);
        constant(at)
    }

    /// GETs a URL as metadata; leaves 1 when there is an answer.
    pub fn get(&mut self, url: &str) -> String {
        self.get_with(url, &[])
    }

    /// GETs a page made for people; leaves 1 when there is an answer.
    pub fn get_page(&mut self, url: &str) -> String {
        self.get_as(1, url, &[])
    }

    /// GETs a URL with headers; leaves 1 when there is an answer.
    pub fn get_with(&mut self, url: &str, headers: &[(&str, &str)]) -> String {
        self.get_as(0, url, headers)
    }

    fn get_as(&mut self, role: u8, url: &str, headers: &[(&str, &str)]) -> String {
        let headers = pairs(&mut self.memory, headers);
        let list = Record::default().list(&mut self.memory, &headers);
        format!(
            "(call $ask (i32.const 0) {} (i32.const {role}) {})",
            self.text(url),
            list.constants()
        )
    }

    /// GETs a URL and tells the operator everything that came back.
    pub fn get_and_tell(&mut self, url: &str, headers: &[(&str, &str)]) -> String {
        format!("(drop {}) (call $tell_answer)", self.get_with(url, headers))
    }

    /// Has the host probe a URL; the verdict lies at address 0.
    pub fn probe(&mut self, url: &str) -> String {
        format!("(call $probe {} (i32.const 0))", self.text(url))
    }

    /// Tells the operator something.
    pub fn tell(&mut self, text: &str) -> String {
        format!("(call $tell {})", self.text(text))
    }

    /// A pointer and a length, for functions that take a string.
    pub fn text(&mut self, text: &str) -> String {
        Record::default().text(&mut self.memory, text).constants()
    }

    /// The component.
    ///
    /// # Panics
    ///
    /// When what the test wrote is not WebAssembly, or does not fit the
    /// contract.
    #[must_use]
    pub fn build(mut self) -> Vec<u8> {
        let describe = self.describe.clone().unwrap_or_else(|| self.descriptor());
        let resolve = self
            .resolve
            .clone()
            .unwrap_or_else(|| self.miss("not_found"));
        let pages = usize::try_from(self.pages)
            .expect("pages fit")
            .max(self.memory.end() / 65_536 + 1);
        let text = format!(
            "(module
{CONTRACT_IMPORTS}
{imports}
(memory $memory (export \"memory\") {pages})
(global $free (mut i32) (i32.const {end}))
{PRELUDE}
{module}
(func (export \"paperfall:adapter/source@0.1.0#describe\") (result i32) (local $i i32)
{describe})
(func (export \"paperfall:adapter/source@0.1.0#resolve\") (param $work i32) (result i32) (local $i i32)
{resolve})
{segment})",
            imports = self.imports,
            end = self.memory.end(),
            module = self.module,
            segment = self.memory.segment(),
        );
        let mut module = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        encode(&mut module, &self.interfaces, self.owns_things)
            .unwrap_or_else(|error| panic!("{error}\n{text}"))
    }
}

/// Wraps a core module that fits the contract's world and these interfaces.
fn encode(module: &mut Vec<u8>, interfaces: &[&str], owns_things: bool) -> Result<Vec<u8>, String> {
    let imports: String = interfaces
        .iter()
        .map(|interface| format!("import {interface};"))
        .collect();
    let (things, export) = if owns_things {
        ("interface things { resource thing; }", "export things;")
    } else {
        ("", "")
    };
    let world = format!(
        "package paperfall-tests:guest;\n{things}\n\
         world guest {{ include paperfall:adapter/adapter@0.1.0; {imports} {export} }}\n{WASI}"
    );
    let mut resolve = Resolve::default();
    resolve
        .push_str("contract.wit", CONTRACT)
        .and_then(|_| resolve.push_str("guest.wit", &world))
        .and_then(|package| resolve.select_world(&[package], Some("guest")))
        .and_then(|world| embed_component_metadata(module, &resolve, world, StringEncoding::UTF8))
        .and_then(|()| ComponentEncoder::default().validate(true).module(module))
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| format!("{error:#}"))
}

/// A candidate as a guest proposes it.
#[derive(Debug, Clone, Copy)]
pub struct Proposal<'a> {
    /// Where the PDF may be.
    pub url: &'a str,
    /// Why.
    pub reason: &'a str,
    /// The version it claims to be.
    pub version: Option<&'a str>,
    /// Its licence.
    pub license: Option<&'a str>,
    /// What it should hash to.
    pub checksum: Option<&'a str>,
    /// Words for the result.
    pub notes: &'a [&'a str],
}

impl<'a> Proposal<'a> {
    /// A URL proposed as `oa_pdf`, and nothing else said.
    #[must_use]
    pub fn new(url: &'a str) -> Self {
        Self {
            url,
            reason: "oa_pdf",
            version: None,
            license: None,
            checksum: None,
            notes: &[],
        }
    }

    fn record(&self, memory: &mut Memory) -> Record {
        Record::default()
            .text(memory, self.url)
            .text(memory, self.reason)
            .optional(memory, self.version)
            .optional(memory, self.license)
            .optional(memory, self.checksum)
            .texts(memory, self.notes)
    }
}

fn pairs(memory: &mut Memory, pairs: &[(&str, &str)]) -> Vec<Record> {
    pairs
        .iter()
        .map(|(first, second)| Record::default().text(memory, first).text(memory, second))
        .collect()
}

fn constant(value: usize) -> String {
    format!("(i32.const {value})")
}
