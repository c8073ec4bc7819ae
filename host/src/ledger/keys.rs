//! Idempotency keys and job ids: pure functions of their inputs.
//!
//! They are byte for byte those of DocsToKG, so that a ledger it wrote and one
//! we write name the same work by the same key: SHA-256, in lower-case hex, of
//! JSON with sorted keys, no white space and every character outside printable
//! ASCII as `\uXXXX`. A job's id is a version-8 UUID made of its key, so every
//! key below it can be computed again on any machine.

use std::fmt::{self, Write as _};

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use thiserror::Error;
use uuid::Uuid;

use super::canonical;
use super::op::OpType;

/// The version of the key scheme, written into every key as `v`.
const SCHEME: u64 = 1;

/// The names a context may not use: they are the key's own.
const RESERVED: [&str; 3] = ["v", "kind", "job_id"];

/// Why a key, an id or a context was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyError {
    /// A context field would overwrite one of the key's own.
    #[error("the context field `{0}` belongs to the key itself; give it another name")]
    Reserved(String),
    /// A context is a JSON object.
    #[error("an operation's context is a JSON object, not {0}")]
    NotAnObject(&'static str),
    /// Not a UUID.
    #[error(
        "`{0}` is not a job id; a job id is a UUID such as 17ed6c55-52a1-838b-8022-b83068d01334"
    )]
    NotAJobId(String),
    /// Not 64 hexadecimal digits.
    #[error("`{0}` is not a SHA-256 in hex (64 digits)")]
    NotAHash(String),
}

/// A SHA-256, shown as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sha256Hex([u8; 32]);

impl Sha256Hex {
    /// The hash with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The hash of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Reads 64 lower-case hexadecimal digits.
    ///
    /// # Errors
    /// [`KeyError::NotAHash`] for anything else.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let refuse = || KeyError::NotAHash(text.chars().take(80).collect());
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(refuse());
        }
        let mut bytes = [0_u8; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            for digit in pair {
                let value = match digit {
                    b'0'..=b'9' => digit - b'0',
                    b'a'..=b'f' => digit - b'a' + 10,
                    _ => return Err(refuse()),
                };
                *byte = (*byte << 4) | value;
            }
        }
        Ok(Self(bytes))
    }

    /// Its 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Sha256Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Once for every stored job of a ledger: without the formatter's detours.
        let digits = self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        digits
            .filter_map(|digit| char::from_digit(digit.into(), 16))
            .try_for_each(|digit| f.write_char(digit))
    }
}

impl fmt::Debug for Sha256Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Sha256Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Gives a newtype over [`Sha256Hex`] its accessors and its text.
macro_rules! key_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(Sha256Hex);

        impl $name {
            /// Its 32 bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

key_type! {
    /// Names one job: one work's artifact at one canonical URL.
    JobKey
}

key_type! {
    /// Names one effect of one job.
    OpKey
}

impl JobKey {
    /// The key with these bytes, as the ledger stored them.
    #[must_use]
    pub(super) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Sha256Hex::from_bytes(bytes))
    }

    /// The key DocsToKG stored as this text. One that is none of its own is found
    /// by its hash.
    #[must_use]
    pub(super) fn stored(text: &str) -> Self {
        Self(Sha256Hex::parse(text).unwrap_or_else(|_| Sha256Hex::of(text.as_bytes())))
    }

    /// The key of the job that obtains `artifact_id` of `work_id`.
    #[must_use]
    pub fn new(work_id: &str, artifact_id: &str, canonical_url: &str) -> Self {
        // Field by field, already in order: a list of works has a key each.
        let fields = [
            ("{\"artifact_id\":", artifact_id),
            (
                ",\"kind\":\"JOB\",\"role\":\"artifact\",\"url\":",
                canonical_url,
            ),
            (",\"v\":1,\"work_id\":", work_id),
        ];
        let mut text = String::with_capacity(256);
        for (name, value) in fields {
            text.push_str(name);
            canonical::write_text(&mut text, value);
        }
        text.push('}');
        Self(Sha256Hex::of(text.as_bytes()))
    }
}

impl OpKey {
    /// The key of the effect `kind` of `job` in this context.
    #[must_use]
    pub fn new(kind: OpType, job: JobId, context: &Context) -> Self {
        Self::raw(kind.as_str(), &job.to_string(), context)
    }

    fn raw(kind: &str, job_id: &str, context: &Context) -> Self {
        let (v, kind, job_id) = (SCHEME.into(), kind.into(), job_id.into());
        let own: [(&str, &Value); 3] = [("v", &v), ("kind", &kind), ("job_id", &job_id)];
        let text = canonical::object_text(context.fields().chain(own));
        Self(Sha256Hex::of(text.as_bytes()))
    }
}

/// What tells two effects of the same kind and job apart: a URL, a round, a
/// hash. It cannot overwrite the key's own fields.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Context(Map<String, Value>);

impl Context {
    /// No context: a job has one such effect.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The context these fields make.
    ///
    /// # Errors
    /// [`KeyError::Reserved`] if a field is called `v`, `kind` or `job_id`;
    /// [`KeyError::NotAnObject`] if `fields` is not a JSON object.
    pub fn new(fields: Value) -> Result<Self, KeyError> {
        let fields = match fields {
            Value::Object(fields) => fields,
            Value::Null => return Err(KeyError::NotAnObject("null")),
            Value::Array(_) => return Err(KeyError::NotAnObject("an array")),
            _ => return Err(KeyError::NotAnObject("a single value")),
        };
        match RESERVED.iter().find(|name| fields.contains_key(**name)) {
            Some(name) => Err(KeyError::Reserved((*name).to_owned())),
            None => Ok(Self(fields)),
        }
    }

    /// The context of the effects there is one of in each round.
    #[must_use]
    pub fn round(round: u32) -> Self {
        Self(Map::from_iter([("round".to_owned(), round.into())]))
    }

    /// Canonical JSON, as it entered the key.
    #[must_use]
    pub fn to_json(&self) -> String {
        canonical::object_text(self.fields())
    }

    fn fields(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

/// A job's id: a version-8 UUID made of the first bytes of its key. (Jobs that
/// DocsToKG planned keep the random UUID it gave them.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(Uuid);

impl JobId {
    /// The id of the job with this key.
    #[must_use]
    pub fn from_key(key: &JobKey) -> Self {
        let mut bytes = [0_u8; 16];
        for (to, from) in bytes.iter_mut().zip(key.as_bytes()) {
            *to = *from;
        }
        Self(Uuid::new_v8(bytes))
    }

    /// Reads a UUID, with or without hyphens.
    ///
    /// # Errors
    /// [`KeyError::NotAJobId`] for anything else.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        Uuid::try_parse(text)
            .map(Self)
            .map_err(|_| KeyError::NotAJobId(text.chars().take(80).collect()))
    }

    /// The id in a ledger's row: the text that stands there, if it is a UUID as
    /// they are written, or else the one made of the key.
    pub(super) fn stored(text: &str, key: &JobKey) -> Self {
        Self::parse(text)
            .ok()
            .filter(|id| id.to_string() == text)
            .unwrap_or_else(|| Self::from_key(key))
    }

    /// The smallest key this id can be made of and the number of leading bytes
    /// the two share: the id's version and variant overwrite the others.
    pub(super) fn key_range(self) -> ([u8; 32], [u8; 32]) {
        const SHARED: usize = 6;
        let (mut low, mut high) = ([0_u8; 32], [0xff_u8; 32]);
        let shared = self.0.as_bytes().iter().take(SHARED);
        for ((low, high), byte) in low.iter_mut().zip(high.iter_mut()).zip(shared) {
            *low = *byte;
            *high = *byte;
        }
        (low, high)
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl Serialize for JobId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Computed by DocsToKG's own functions.
    const JOB_VECTORS: &[(&str, &str, &str, &str)] = &[
        (
            "w-123",
            "a-456",
            "https://example.org/paper.pdf",
            "67f7640f888de7a2f799069aeaced920e858c52b5926d4414a680f6ac609e438",
        ),
        (
            "W2741809807",
            "W2741809807:pdf",
            "https://doi.org/10.7717/peerj.4375",
            "17ed6c5552a1838bc022b83068d01334b79ad685fe6bf1ed88cf8e2dcbc1b67e",
        ),
        (
            "",
            "",
            " ",
            "652cd35f3f4045ba777889bc37b6cedc50e3cce8406070dd32350659dc3fa6c5",
        ),
        (
            "w\u{f6}rk-\u{dc}",
            "\u{30a2}\u{30fc}\u{30c6}\u{30a3}\u{30d5}\u{30a1}\u{30af}\u{30c8}",
            "https://example.org/na\u{ef}ve?q=\u{e9}&x=1",
            "c60d101273dba125486f6f7b64ddb5740dcab78d6c41bdb16d3ce5951d0949a2",
        ),
        (
            "quote\"back\\slash",
            "tab\tnewline\n",
            "https://example.org/<>#%25",
            "cd45922ca80605bde12d3764466c08d9ba5f2feeb841309340b159bd79b6ab15",
        ),
        (
            "emoji-\u{1f600}",
            "a/b",
            "http://xn--bcher-kva.example/\u{fc}",
            "2dbbc85f181138a504fbdd8fbafd0b4ee79a1fb86bedb9687310d47bbf4938eb",
        ),
        (
            "ctl-\u{1}\u{7f}",
            "\u{2028}\u{2029}",
            "https://example.org/\u{a0}",
            "b946bfce89401fe2e49affacec58367a66fd3b644948770dc22ad712370ed551",
        ),
    ];

    #[test]
    fn job_keys_are_those_of_docstokg() {
        for (work, artifact, url, key) in JOB_VECTORS {
            assert_eq!(JobKey::new(work, artifact, url).to_string(), *key, "{work}");
        }
    }

    #[test]
    fn operation_keys_are_those_of_docstokg() {
        let ab = "ab".repeat(32);
        let cd = "cd".repeat(32);
        let vectors = [
            (
                "HEAD",
                "job-1",
                json!({"url": "https://example.org/p.pdf"}),
                "1aea7dca48a75e0bb448e6e24eb0a49d8b654ea187f50d6eacd2c986c259159d",
            ),
            (
                "STREAM",
                "job-1",
                json!({"url": "https://example.org/p.pdf", "range_start": 0}),
                "eaf881876be0331f7fd1ac525e58bc1b5797ad6f674aaf391cc5731fd49af26f",
            ),
            (
                "STREAM",
                "job-1",
                json!({"url": "https://example.org/p.pdf", "range_start": 1_048_576}),
                "3f7873380651fdebe1e4a8c782a284a7a435b9afa387097ae1c2aa97164bab1f",
            ),
            (
                "FINALIZE",
                "job-1",
                json!({"sha256": ab, "part": "x.part", "final": "x.pdf"}),
                "1201e1f60dbe4cc4c3ac301df38c50530835ca435a366dc3270904cb1b4e4703",
            ),
            (
                "INDEX",
                "job-1",
                json!({"sha256": ab}),
                "925bdc6ac8acab0d2e69c3cc8af11b2b4e368658f835c94d990ab3281144dc1b",
            ),
            (
                "DEDUPE",
                "job-1",
                json!({"sha256": cd, "target": "pdf/cd/x.pdf"}),
                "df863a865b72e1930da5ec74b082d1965400acd632a9b051ef02f71ab27b4ca5",
            ),
            (
                "FALLBACK",
                "job-1",
                json!({"source": "unpaywall_pdf", "attempt": 1}),
                "255ff44ad65b8ada7b77e5d8f39b65b45bf3b04d90b36aea2fbff3c3bdeb5be8",
            ),
            (
                "RESOLUTION",
                "job-1",
                json!({"source": "wayback_pdf"}),
                "19d187cbc7d51abc2d95791fb102c51fc0f09493acc6dad0b713f4bb743dce45",
            ),
            (
                "HEAD",
                "j\u{f6}b",
                json!({"url": "https://example.org/\u{e9}\u{1f600}"}),
                "530d7640098f0a8ad015929659c472fbd95c45a90a0542fa4b8caabad7b07a7d",
            ),
        ];
        for (kind, job, context, key) in vectors {
            let context = Context::new(context).unwrap();
            assert_eq!(
                OpKey::raw(kind, job, &context).to_string(),
                key,
                "{kind} {context:?}"
            );
        }
    }

    #[test]
    fn any_json_is_hashed_as_docstokg_hashes_it() {
        let vectors = [
            (
                json!({"b": 1, "a": [true, null, false, {"z": "\u{e9}", "A": -5}]}),
                "ee476bf2a5ba8aad05d11d2d054c4b0484186d56b636c4cdf21753b61ab063a0",
            ),
            (
                json!({"n": 1_000_000_000_000_000_u64, "neg": -1, "empty": {}, "list": []}),
                "d768ee8cfc86dbb4236320c1d6d0d9617089077d15e22c01d0a19a4df10e6822",
            ),
            (
                json!({"f": 1.5}),
                "cbcbaa56abc7e759b619db958afdedaa179ef85569b73cfcf424442a66525fea",
            ),
            (
                json!({"aB": 1, "Ab": 2, "ab": 3}),
                "5794425bedc1412528bffd8b0accd1384d6c7d33a9a538e3700c96996591c81d",
            ),
        ];
        for (value, key) in vectors {
            let text = Context(value.as_object().unwrap().clone()).to_json();
            assert_eq!(Sha256Hex::of(text.as_bytes()).to_string(), key, "{value}");
        }
    }

    #[test]
    fn a_context_cannot_overwrite_the_fields_of_the_key() {
        for name in RESERVED {
            let refused = Context::new(json!({name: "x", "url": "u"}));
            assert_eq!(refused, Err(KeyError::Reserved(name.to_owned())));
        }
        assert!(Context::new(json!([1])).is_err());
    }

    #[test]
    fn a_job_id_is_a_version_8_uuid_computed_from_the_key_alone() {
        let key = JobKey::new(
            "W2741809807",
            "W2741809807:pdf",
            "https://doi.org/10.7717/peerj.4375",
        );
        let id = JobId::from_key(&key);
        assert_eq!(id.to_string(), "17ed6c55-52a1-838b-8022-b83068d01334");
        assert_eq!(id.0.get_version_num(), 8);
        assert_eq!(JobId::parse(&id.to_string()), Ok(id));
        let (low, high) = id.key_range();
        assert!(low <= *key.as_bytes() && *key.as_bytes() <= high);
    }

    #[test]
    fn hashes_and_ids_that_are_not_are_refused() {
        for bad in [
            "",
            "17ed",
            &"g".repeat(64),
            &"A".repeat(64),
            &"é".repeat(32),
        ] {
            assert!(Sha256Hex::parse(bad).is_err(), "{bad}");
            assert!(JobId::parse(bad).is_err(), "{bad}");
        }
    }
}
