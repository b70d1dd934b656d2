//! The plant's files on the disk: read them, and notice when they change.
//!
//! A plant is one file, or a folder whose `*.yaml` and `*.yml` files are read in the order of their
//! names. Reading never judges: what cannot be a plant becomes findings like any other.

use blackstart_model::finding::{Confidence, Finding, Label, Severity};
use blackstart_model::plant::Plant;
use blackstart_model::plantfile;
use blackstart_model::record::PlantSource;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// All files together, bytes: more than the plant language takes, so that it says so itself.
const BYTES_MAX: u64 = 300 << 20;

/// Files of one folder.
const FILES_MAX: usize = 1_000;

/// A plant as found on the disk.
#[derive(Debug)]
pub struct Found {
    /// Its files.
    pub source: PlantSource,
    /// The plant, when it is one.
    pub plant: Option<Arc<Plant>>,
    /// What is wrong, or worth knowing.
    pub findings: Vec<Finding>,
}

/// Why a plant could not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A file or folder cannot be read.
    #[error("could not read {path}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A folder without plant files.
    #[error("{0} holds no `*.yaml` file")]
    NoFiles(PathBuf),
    /// Too many.
    #[error("{0} holds more than {FILES_MAX} plant files")]
    TooMany(PathBuf),
}

/// Reads and checks a plant.
///
/// # Errors
/// When there is nothing that could be read.
pub fn find(path: &Path) -> Result<Found, ReadError> {
    read(path).map(Texts::check)
}

/// The texts of a plant as they stand on the disk, not yet read as one.
pub(crate) struct Texts {
    /// The files.
    pub(crate) source: PlantSource,
    /// What in them is no text.
    findings: Vec<Finding>,
}

impl Texts {
    /// Reads them as a plant.
    pub(crate) fn check(self) -> Found {
        let Self { source, mut findings } = self;
        let (plant, found) = plantfile::parse(&source.files);
        let plant = plant.filter(|_| findings.is_empty());
        findings.extend(found);
        Found { source, plant, findings }
    }

    /// Whether they are this very plant, which was checked.
    pub(crate) fn are(&self, source: &PlantSource) -> bool {
        self.findings.is_empty() && self.source == *source
    }
}

/// The texts, and a finding for each that is none.
pub(crate) fn read(path: &Path) -> Result<Texts, ReadError> {
    let mut files = Vec::new();
    let mut findings = Vec::new();
    let mut left = BYTES_MAX;
    for path in list(path)? {
        let unreadable = |source| ReadError::Unreadable { path: path.clone(), source };
        let file = std::fs::File::open(&path).map_err(unreadable)?;
        let mut bytes = Vec::new();
        let read = file.take(left).read_to_end(&mut bytes).map_err(unreadable)?;
        left -= read as u64;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let text = String::from_utf8(bytes).unwrap_or_else(|error| {
            let at = error.utf8_error().valid_up_to();
            findings.push(Finding {
                code: "BS0101",
                severity: Severity::Error,
                confidence: Confidence::High,
                message: format!("byte {at} of {name} is not UTF-8 text"),
                labels: vec![Label { file: files.len(), bytes: at..at, text: String::new() }],
                help: Some("save it as UTF-8".to_owned()),
            });
            // Up to there it is text, and what is wrong in it is worth telling too.
            String::from_utf8_lossy(&error.as_bytes()[..at]).into_owned()
        });
        files.push((name, text));
    }
    Ok(Texts { source: PlantSource { files }, findings })
}

fn list(path: &Path) -> Result<Vec<PathBuf>, ReadError> {
    let unreadable = |source| ReadError::Unreadable { path: path.to_owned(), source };
    if !std::fs::metadata(path).map_err(unreadable)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        let yaml = file.extension().is_some_and(|end| end == "yaml" || end == "yml");
        let hidden = file.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if yaml && !hidden && file.is_file() {
            files.push(file);
        }
        if files.len() > FILES_MAX {
            return Err(ReadError::TooMany(path.to_owned()));
        }
    }
    if files.is_empty() {
        return Err(ReadError::NoFiles(path.to_owned()));
    }
    files.sort();
    Ok(files)
}

/// What files look like from outside: enough to see that they may have changed.
pub(crate) type Stamp = Vec<(PathBuf, u64, u64, std::time::SystemTime)>;

/// How the plant's files look now; what cannot be looked at is left out.
pub(crate) fn stamp(path: &Path) -> Stamp {
    use std::os::unix::fs::MetadataExt as _;
    let look = |path: PathBuf| {
        let meta = std::fs::metadata(&path).ok()?;
        Some((path, meta.ino(), meta.len(), meta.modified().ok()?))
    };
    list(path).unwrap_or_default().into_iter().filter_map(look).collect()
}

/// How many findings there are, and the first error among them, in words.
#[must_use]
pub fn summary(found: &Found) -> String {
    let errors: Vec<&Finding> =
        found.findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
    let first = errors.first().map_or_else(String::new, |first| {
        let place = first.labels.first().and_then(|label| {
            let (name, text) = found.source.files.get(label.file)?;
            let line = text.get(..label.bytes.start)?.matches('\n').count() + 1;
            Some(format!("{name}, line {line}: "))
        });
        format!("{}{} ({})", place.unwrap_or_default(), first.message, first.code)
    });
    match errors.len() {
        1 => first,
        count => format!("{count} errors, the first: {first}"),
    }
}
