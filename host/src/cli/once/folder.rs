//! The output folder beside a ledger: which one it is, and what the reconciler
//! asks of it.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::cli::exit::Failed;
use crate::download::{Sharing, Store};
use crate::ledger::{Existing, Ledger, Options, PartName, Sha256Hex, Shelf, SqliteLedger};

/// The fact a ledger keeps of its folder.
const FOLDER: &str = "objects_folder";

/// Opens the output folder for several processes, and the ledger that belongs
/// to it.
pub(crate) async fn open(
    out: &Path,
    ledger: &Path,
    options: Options,
) -> Result<(Arc<Store>, Arc<SqliteLedger>), Failed> {
    let store = Store::open(out, Sharing::WithOthers)?;
    let path = ledger.to_owned();
    let opened = tokio::task::spawn_blocking(move || {
        SqliteLedger::open(
            &path,
            Options {
                existing: Existing::OrNew,
                ..options
            },
        )
    })
    .await
    .map_err(Failed::machine)?
    .map_err(Failed::machine)?;
    if let Err(stands) = belongs(&opened, ledger, out).await? {
        opened.close().await;
        return Err(wrong_folder(ledger, out, &stands));
    }
    Ok((Arc::new(store), Arc::new(opened)))
}

/// The error for a folder that holds another ledger's papers.
pub(crate) fn wrong_folder(ledger: &Path, out: &Path, stands: &str) -> Failed {
    Failed::usage(format!(
        "{}: its papers are in the folder {stands} (seen from the ledger), not in {}; \
         use that --out, or another --ledger",
        ledger.display(),
        out.display()
    ))
}

/// Whether a ledger's papers are in this folder; none where it does not say.
pub(crate) async fn belongs(
    ledger: &SqliteLedger,
    path: &Path,
    out: &Path,
) -> Result<Result<(), String>, Failed> {
    let here = relative(path, out).map_err(Failed::machine)?;
    let stands = ledger
        .settle(FOLDER, here.clone())
        .await
        .map_err(Failed::machine)?;
    Ok(if stands == here { Ok(()) } else { Err(stands) })
}

/// The folder as seen from the ledger, so that both may be moved together.
fn relative(ledger: &Path, out: &Path) -> io::Result<String> {
    let beside = match ledger.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.canonicalize()?,
        _ => Path::new(".").canonicalize()?,
    };
    let out = out.canonicalize()?;
    let relative = match out.strip_prefix(&beside) {
        Ok(below) if below.as_os_str().is_empty() => PathBuf::from("."),
        Ok(below) => below.to_owned(),
        Err(_) => match beside.strip_prefix(&out) {
            // The ledger is in the folder: count the steps up.
            Ok(below) => below.components().map(|_| "..").collect(),
            Err(_) => out,
        },
    };
    Ok(relative.to_string_lossy().into_owned())
}

/// The output folder as the reconciler sees it.
#[derive(Debug)]
pub(crate) struct Folder(pub(crate) Arc<Store>);

impl Folder {
    fn object(sha256: &Sha256Hex) -> String {
        let name = sha256.to_string();
        format!("objects/{}/{name}.pdf", name.get(..2).unwrap_or("00"))
    }
}

impl Shelf for Folder {
    fn has(&self, sha256: &Sha256Hex) -> io::Result<bool> {
        match std::fs::metadata(self.0.root().join(Self::object(sha256))) {
            Ok(object) => Ok(object.is_file() && object.len() > 0),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn restore(&self, sha256: &Sha256Hex, indexed_path: Option<&str>) -> io::Result<bool> {
        // Only a file that was stored under another path can stand in: the
        // readable names are links to the one that is gone.
        let Some(path) = indexed_path.filter(|path| *path != Self::object(sha256)) else {
            return Ok(false);
        };
        let Some(path) = self.0.inside(path) else {
            return Ok(false);
        };
        if hash(&path)?.as_ref() != Some(sha256) {
            return Ok(false);
        }
        let bytes = std::fs::metadata(&path)?.len();
        let copy = self.0.part_path(&format!("{sha256}.restored"));
        std::fs::copy(&path, &copy)?;
        let kept = self.0.keep_part(&copy, &sha256.to_string(), bytes);
        let _ = std::fs::remove_file(&copy);
        kept.map(|_| true).map_err(io::Error::other)
    }

    fn parts(&self) -> io::Result<Vec<PartName>> {
        let mut names = BTreeSet::new();
        for name in self.0.part_names()? {
            // Marks and unwrapped files belong to the part beside them.
            if let Some((stem, _)) = name.rsplit_once('.') {
                names.insert(format!("{stem}.part"));
            }
        }
        Ok(names
            .iter()
            .filter_map(|name| PartName::parse(name))
            .collect())
    }

    fn remove_part(&self, part: &PartName) -> io::Result<()> {
        self.0.remove_part(&part.to_string())
    }
}

/// The hash of a file; none when it is not there.
pub(super) fn hash(path: &Path) -> io::Result<Option<Sha256Hex>> {
    let mut file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut sha256 = Sha256::new();
    let mut block = vec![0_u8; 256 * 1024];
    loop {
        let read = io::Read::read(&mut file, &mut block)?;
        if read == 0 {
            return Ok(Some(Sha256Hex::from_bytes(sha256.finalize().into())));
        }
        sha256.update(block.get(..read).unwrap_or_default());
    }
}
