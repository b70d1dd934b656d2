//! Which sources are given, by their words on the command line: `here`, `csv=hosts.csv`, `lldp@web7=neighbors.json`.
//!
//! Reads files and folders within limits, and standard input; the modules of the sources read texts. Runs nothing.
//! Tested through `discover --from`.

use crate::seen::{Report, Unreadable};
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Bytes of one source at most: an inventory of a hundred thousand hosts with their variables.
const BYTES_MAX: u64 = 256 << 20;

/// What a source is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// This machine.
    Here,
    /// A table (CSV).
    Table,
    /// An Ansible inventory.
    Ansible,
    /// What lldpd sees.
    Lldp,
    /// libvirt's domains.
    Libvirt,
    /// A Proxmox cluster.
    Proxmox,
}

/// A source as it was given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Given {
    /// What it is.
    pub kind: Kind,
    /// Which machine it was taken from, where that was said.
    pub of: Option<String>,
    /// A file, a folder, `-` for standard input, or an address; empty for this machine.
    pub at: String,
}

/// Why a source cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum FromError {
    /// No source is called so.
    #[error("`{0}` is no source: say {WORDS}")]
    Unknown(String),
    /// It cannot be read.
    #[error("could not read {at}")]
    Read {
        /// What.
        at: String,
        /// Why not.
        #[source]
        why: io::Error,
    },
    /// It is larger than what is read.
    #[error("{0} has more than {mib} MiB, which is more than is read", mib = BYTES_MAX >> 20)]
    TooLarge(String),
    /// It is something else.
    #[error("could not read {at} as {what}")]
    Unreadable {
        /// What.
        at: String,
        /// As what it was given.
        what: &'static str,
        /// Why not.
        #[source]
        why: Unreadable,
    },
}

/// How sources are given.
pub const WORDS: &str = "`here`, `csv=FILE`, `ansible=FILE`, `lldp=FILE`, `libvirt=FILE or FOLDER`, `proxmox=FILE or URL` \
    (`lldp@NAME=…` and `libvirt@NAME=…` of another machine)";

/// Files of a folder of domains at most.
const FILES_MAX: usize = 10_000;

impl std::str::FromStr for Given {
    type Err = FromError;

    fn from_str(text: &str) -> Result<Self, FromError> {
        let unknown = || FromError::Unknown(text.chars().take(80).collect());
        let (source, at) = text.split_once('=').unwrap_or((text, ""));
        let (source, of) = match source.split_once('@') {
            Some((source, of)) => (source, Some(of.to_owned())),
            None => (source, None),
        };
        let kind = match source {
            "here" => Kind::Here,
            "csv" => Kind::Table,
            "ansible" => Kind::Ansible,
            "lldp" => Kind::Lldp,
            "libvirt" => Kind::Libvirt,
            "proxmox" => Kind::Proxmox,
            _ => return Err(unknown()),
        };
        let takes_none = kind == Kind::Here;
        let is_of_one = matches!(kind, Kind::Lldp | Kind::Libvirt);
        let is_good = of.as_ref().is_none_or(|of| is_of_one && !of.is_empty());
        if takes_none != at.is_empty() || !is_good {
            return Err(unknown());
        }
        Ok(Self { kind, of, at: at.to_owned() })
    }
}

impl Given {
    /// What it is called in comments: the file's name, without the folders before it.
    #[must_use]
    pub fn by(&self) -> String {
        if self.at == "-" {
            return "standard input".to_owned();
        }
        let name = Path::new(&self.at).file_name().map(|name| name.to_string_lossy().into_owned());
        name.unwrap_or_else(|| self.at.clone())
    }

    /// The address of an API, where it is one.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        let is_url = self.kind == Kind::Proxmox && self.at.contains("://");
        is_url.then_some(self.at.as_str())
    }

    /// Reads it, unless it is this machine or an API. `here` is this machine's name where that is a source, too: what
    /// does not say which machine it was taken from is of this one.
    ///
    /// # Errors
    /// When it cannot be read, or is something else.
    pub fn read(&self, here: Option<&str>) -> Result<Option<Report>, FromError> {
        if self.url().is_some() {
            return Ok(None);
        }
        let of = self.of.as_deref().or(here);
        let by = self.by();
        let read = match self.kind {
            Kind::Here => return Ok(None),
            Kind::Table => crate::table::read(&self.text()?, &by),
            Kind::Ansible => crate::ansible::read(&self.text()?, &by),
            Kind::Lldp => crate::lldp::read(&self.text()?, &by, of),
            Kind::Libvirt => crate::libvirt::read(&self.texts()?, &by, of),
            Kind::Proxmox => crate::proxmox::read(&self.text()?, &by),
        };
        let (at, what) = (self.at.clone(), self.kind.words());
        read.map(Some).map_err(|why| FromError::Unreadable { at, what, why })
    }

    /// The whole text of a file, or of all XML files of a folder, one after the other.
    fn texts(&self) -> Result<String, FromError> {
        let folder = Path::new(&self.at);
        if !folder.is_dir() {
            return self.text();
        }
        let files = files(folder, "xml");
        let files = files.map_err(|why| FromError::Read { at: self.at.clone(), why })?;
        let mut all = String::new();
        for path in files {
            let text = file(&path)?;
            let text = text.trim_start_matches('\u{feff}').trim_start();
            // Within one text there is no second declaration.
            let bare = text.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>"));
            all.push_str(bare.map_or(text, |(_, rest)| rest));
            all.push('\n');
            if all.len() as u64 > BYTES_MAX {
                return Err(FromError::TooLarge(self.at.clone()));
            }
        }
        Ok(all)
    }

    /// The whole text of a file, or of standard input.
    fn text(&self) -> Result<String, FromError> {
        if self.at == "-" {
            text(io::stdin().lock(), "standard input")
        } else {
            file(Path::new(&self.at))
        }
    }
}

impl Kind {
    const fn words(self) -> &'static str {
        match self {
            Self::Here => "this machine",
            Self::Table => "a table",
            Self::Ansible => "an Ansible inventory",
            Self::Lldp => "LLDP neighbours",
            Self::Libvirt => "libvirt's domains",
            Self::Proxmox => "a Proxmox cluster",
        }
    }
}

/// The files of a folder that end so, in the order of their names.
fn files(folder: &Path, ending: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|own| own == ending) && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    match found.len() > FILES_MAX {
        true => Err(io::Error::other(format!("it holds more than {FILES_MAX} files"))),
        false => Ok(found),
    }
}

fn file(path: &Path) -> Result<String, FromError> {
    let at = path.display().to_string();
    match fs::File::open(path) {
        Ok(file) => text(file, &at),
        Err(why) => Err(FromError::Read { at, why }),
    }
}

fn text(from: impl io::Read, at: &str) -> Result<String, FromError> {
    let mut bytes = Vec::new();
    from.take(BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|why| FromError::Read { at: at.to_owned(), why })?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(FromError::TooLarge(at.to_owned()));
    }
    String::from_utf8(bytes).map_err(|wrong| {
        let good = &wrong.as_bytes()[..wrong.utf8_error().valid_up_to()];
        let line = 1 + good.iter().filter(|byte| **byte == b'\n').count();
        let why = io::Error::new(io::ErrorKind::InvalidData, format!("line {line} is not UTF-8"));
        FromError::Read { at: at.to_owned(), why }
    })
}
