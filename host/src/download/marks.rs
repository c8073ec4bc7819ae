//! Where a part file can be continued: beside it stands a small file of marks,
//! one each mebibyte and one where a run was stopped, with the hash of
//! everything before it. A worker that comes later keeps what it has verified
//! and asks for the rest, of the same file only.
//!
//! Nothing here is synced: after a power loss marks and bytes that do not agree
//! are simply not kept.

use std::io;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::part::PartFile;
use super::store_error::StoreError;

/// A part file is marked every so many bytes; marks are nowhere farther apart.
pub(crate) const MARK_BYTES: u64 = 1024 * 1024;
/// Longest marks file that is read: 512 marks are the largest artifact's.
pub(crate) const MARKS_MAX: u64 = 256 * 1024;

/// What tells one version of a file at a URL from another.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Validators {
    /// The URL the candidate has.
    pub(crate) url: String,
    /// `ETag`, as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) etag: Option<String>,
    /// `Last-Modified`, as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_modified: Option<String>,
    /// `Date` of the answer that said all this, as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) date: Option<String>,
    /// The whole length in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) length: Option<u64>,
}

impl Validators {
    /// Of this URL, and nothing said of its file.
    pub(crate) fn of(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            ..Self::default()
        }
    }

    /// What `If-Range` may say (RFC 9110, 13.1.5): a strong ETag or, of a file
    /// that has no tag at all, a date that vouches for its bytes. Validators come
    /// back from a file that anybody may have changed, so only what a header can
    /// carry counts.
    pub(crate) fn if_range(&self) -> Option<&str> {
        let fits = |value: &&str| value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        match self.etag.as_deref() {
            Some(etag) => Some(etag).filter(|etag| etag.starts_with('"')),
            None => self.settled_date(),
        }
        .filter(fits)
    }

    /// The date, where the second it names was over when the bytes were sent:
    /// until then they may be replaced and keep it (RFC 9110, 8.8.2.2).
    fn settled_date(&self) -> Option<&str> {
        let at = |date: &str| Some(jiff::fmt::rfc2822::parse(date).ok()?.timestamp());
        let modified = self.last_modified.as_deref()?;
        let age = at(self.date.as_deref()?)?.duration_since(at(modified)?);
        (age >= SignedDuration::from_secs(1)).then_some(modified)
    }

    /// Whether what `other` says contradicts this.
    pub(crate) fn contradicts(&self, other: &Self) -> bool {
        fn differ<T: PartialEq>(one: &Option<T>, other: &Option<T>) -> bool {
            matches!((one, other), (Some(one), Some(other)) if one != other)
        }
        self.url != other.url
            || differ(&self.etag, &other.etag)
            || differ(&self.last_modified, &other.last_modified)
            || differ(&self.length, &other.length)
    }
}

#[derive(Serialize, Deserialize)]
struct Mark {
    at: u64,
    sha256: String,
}

/// The marks of the part file that is being written. Their file is made with the
/// first one: most papers are over before that.
#[derive(Debug)]
pub(crate) struct Marks {
    path: PathBuf,
    state: Writing,
}

#[derive(Debug)]
enum Writing {
    /// Nothing is known of the file that would let anybody go on with it.
    Nothing,
    /// This is, and no mark was reached.
    Known(Validators),
    Begun(File),
}

/// The name of the marks of a part file.
pub(crate) fn marks_path(part: &Path) -> PathBuf {
    part.with_extension("marks")
}

impl Marks {
    /// The marks beside this part file, where none stand yet; none are written
    /// before [`Marks::head`].
    pub(crate) fn beside(part: &Path) -> Self {
        Self {
            path: marks_path(part),
            state: Writing::Nothing,
        }
    }

    /// Begins the marks of a file with these validators.
    pub(crate) async fn head(&mut self, validators: &Validators) -> Result<(), StoreError> {
        self.forget().await?;
        if validators.if_range().is_some() {
            self.state = Writing::Known(validators.clone());
        }
        Ok(())
    }

    /// Marks a place.
    pub(crate) async fn add(&mut self, at: u64, sha256: &str) -> Result<(), StoreError> {
        let mark = Mark {
            at,
            sha256: sha256.to_owned(),
        };
        self.write(&mark)
            .await
            .map_err(|error| StoreError::io("write", &self.path, error))
    }

    async fn write(&mut self, mark: &Mark) -> io::Result<()> {
        let mut text = Vec::new();
        if let Writing::Known(validators) = &self.state {
            add_line(&mut text, validators)?;
            self.state = Writing::Begun(File::create(&self.path).await?);
        }
        if let Writing::Begun(file) = &mut self.state {
            add_line(&mut text, mark)?;
            file.write_all(&text).await?;
            file.flush().await?;
        }
        Ok(())
    }

    /// Takes every mark back.
    pub(crate) async fn forget(&mut self) -> Result<(), StoreError> {
        let is_begun = matches!(self.state, Writing::Begun(_));
        self.state = Writing::Nothing;
        if !is_begun {
            // Nobody else writes under this name, and none stood there at first.
            return Ok(());
        }
        removed(tokio::fs::remove_file(&self.path).await, &self.path)
    }
}

/// Removes the marks that stand beside a part file; blocks.
pub(crate) fn remove_marks(part: &Path) -> Result<(), StoreError> {
    let path = marks_path(part);
    removed(std::fs::remove_file(&path), &path)
}

/// What is not there need not be removed.
fn removed(outcome: io::Result<()>, path: &Path) -> Result<(), StoreError> {
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::io("remove", path, error))
        }
        _ => Ok(()),
    }
}

fn add_line(text: &mut Vec<u8>, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *text, line)?;
    text.push(b'\n');
    Ok(())
}

/// A part file somebody left, with its marks.
#[derive(Debug)]
pub(crate) struct Earlier {
    part: PathBuf,
    pub(crate) validators: Validators,
    marks: Vec<Mark>,
}

impl std::fmt::Debug for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.at)
    }
}

impl Earlier {
    /// Reads the marks of a part file; none where there is nothing to keep.
    pub(crate) async fn read(part: &Path) -> Option<Self> {
        let mut text = Vec::new();
        File::open(marks_path(part))
            .await
            .ok()?
            .take(MARKS_MAX)
            .read_to_end(&mut text)
            .await
            .ok()?;
        Self::parse(part, &text)
    }

    /// The same from the text of the marks.
    pub(crate) fn parse(part: &Path, text: &[u8]) -> Option<Self> {
        let mut lines = text.split(|byte| *byte == b'\n');
        let validators: Validators = serde_json::from_slice(lines.next()?).ok()?;
        let mut before = 0;
        // A line cut short by the kill is no mark.
        let marks: Vec<Mark> = lines
            .map_while(|line| serde_json::from_slice(line).ok())
            .take_while(|mark: &Mark| {
                let step = mark.at.checked_sub(before);
                before = mark.at;
                step.is_some_and(|step| (1..=MARK_BYTES).contains(&step))
            })
            .collect();
        let useful = !marks.is_empty() && validators.if_range().is_some();
        useful.then(|| Self {
            part: part.to_owned(),
            validators,
            marks,
        })
    }

    /// The same, with the length as `now` has it where it came without one.
    pub(crate) fn measured_by(mut self, now: &Validators) -> Self {
        self.validators.length = self.validators.length.or(now.length);
        self
    }

    /// Bytes that may be kept, if they turn out as marked.
    pub(crate) fn promises(&self) -> u64 {
        self.marks.last().map_or(0, |mark| mark.at)
    }

    /// Bytes there must be for anything to be kept.
    pub(crate) fn least(&self) -> u64 {
        self.marks.first().map_or(u64::MAX, |mark| mark.at)
    }

    /// Copies what is as it was marked into `part`, with marks of its own;
    /// returns how much. Of a file that is there whole, all up to its last mark
    /// but one. The earlier file is only read: its worker may be asleep, not dead.
    pub(crate) async fn copy_into(&self, part: &mut PartFile) -> Result<u64, StoreError> {
        part.continue_with(&self.validators).await?;
        let Ok(mut file) = File::open(&self.part).await else {
            return Ok(0);
        };
        let size = usize::try_from(MARK_BYTES).unwrap_or(usize::MAX);
        let mut block = vec![0_u8; size];
        let marks = match self.marks.split_last() {
            // Behind the last byte there is no rest to ask for.
            Some((last, before)) if self.validators.length == Some(last.at) => before,
            _ => &self.marks,
        };
        for mark in marks {
            let step = usize::try_from(mark.at.saturating_sub(part.len())).unwrap_or(usize::MAX);
            let Some(bytes) = block.get_mut(..step) else {
                break;
            };
            if file.read_exact(bytes).await.is_err() || part.sha256_with(bytes) != mark.sha256 {
                break;
            }
            part.write(bytes).await?;
            part.mark_here().await?;
        }
        Ok(part.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_a_condition_only_without_a_tag_and_a_second_after_it() {
        let modified = "Wed, 03 Mar 2021 10:00:00 GMT";
        let later = "Wed, 03 Mar 2021 10:00:01 GMT";
        let earlier = "Wed, 03 Mar 2021 09:59:59 GMT";
        for (etag, last_modified, date, expected) in [
            (Some("\"a\""), Some(modified), Some(later), Some("\"a\"")),
            (Some("\"a\""), None, None, Some("\"a\"")),
            (Some("W/\"a\""), Some(modified), Some(later), None),
            (Some("a"), Some(modified), Some(later), None),
            (Some("\"\n\""), Some(modified), Some(later), None),
            (None, Some(modified), Some(later), Some(modified)),
            (None, Some(modified), Some(modified), None),
            (None, Some(modified), Some(earlier), None),
            (None, Some(modified), None, None),
            (None, Some(modified), Some("today"), None),
            (None, Some("yesterday"), Some(later), None),
            (None, None, Some(later), None),
        ] {
            let known = Validators {
                etag: etag.map(str::to_owned),
                last_modified: last_modified.map(str::to_owned),
                date: date.map(str::to_owned),
                ..Validators::default()
            };
            assert_eq!(known.if_range(), expected, "{known:?}");
        }
    }
}
