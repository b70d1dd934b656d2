//! A bare Debian: what mmdebstrap(1) makes of the required packages, with nginx as what it is there for. In a folder,
//! entered by chroot(1), on the network of one of the lab's hosts.
//!
//! Made once, beside what cargo builds, and kept; each lab unpacks a copy of its own.

use crate::namespace::{Host, Lab};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The release that it is of.
const SUITE: &str = "bookworm";

/// Somebody with an account and no rights.
pub const PERSON: &str = "you";

/// Whom that is.
const PERSON_ID: &str = "1000:1000";

/// A copy, with what runs on one host of the lab.
pub struct Bare {
    host: Host,
    folder: PathBuf,
}

impl Bare {
    /// A fresh copy, whose network is that of this host.
    ///
    /// # Panics
    /// When it cannot be made, which takes Debian's archive the first time.
    #[must_use]
    pub fn unpacked(lab: &Lab, host: &Host) -> Self {
        let folder = lab.folder().join("debian");
        fs::create_dir(&folder).expect("a folder for a bare Debian");
        let mut tar = Command::new("tar");
        tar.arg("--extract").arg("--file").arg(archive()).arg("--directory").arg(&folder);
        succeed(&mut tar);
        let bare = Self { host: host.clone(), folder };
        let own = fs::read_to_string(bare.path("etc/passwd")).expect("it has users");
        bare.write("etc/passwd", &format!("{own}{PERSON}:x:{PERSON_ID}::/home/{PERSON}:/bin/sh\n"));
        bare.write(&format!("home/{PERSON}/.profile"), "");
        succeed(
            Command::new("chown").args(["-R", PERSON_ID]).arg(bare.path(&format!("home/{PERSON}"))),
        );
        bare
    }

    /// Where something lies, seen from here.
    #[must_use]
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// What is typed at a prompt, in a folder of it; by root, or by the person who has no rights.
    #[must_use]
    pub fn typed(&self, folder: &str, line: &str, by_root: bool) -> Command {
        // Its own /proc, /sys and name, for as long as this runs.
        const ENTER: &str = "mount -t proc proc \"$0/proc\" && mount -t sysfs sysfs \"$0/sys\" && \
                             echo web-1 > \"$0/proc/sys/kernel/hostname\" && exec chroot \"$@\"";
        let mut command = self.host.command(Path::new("unshare"));
        command
            .args(["--mount", "--propagation", "private", "--uts", "sh", "-c", ENTER])
            .arg(&self.folder);
        if !by_root {
            command.arg(format!("--userspec={PERSON_ID}"));
        }
        command.arg(&self.folder).args(["sh", "-c", "cd \"$0\" && eval \"$1\"", folder, line]);
        let home = if by_root { "/root".to_owned() } else { format!("/home/{PERSON}") };
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("HOME", home);
        command.env("DEBIAN_FRONTEND", "noninteractive").env("LC_ALL", "C.UTF-8");
        command
    }

    /// Does this as root, to its end; what was said.
    ///
    /// # Panics
    /// When it fails.
    pub fn run(&self, line: &str) -> String {
        succeed(&mut self.typed("/root", line, true))
    }

    /// Copies a file into a folder of it.
    ///
    /// # Panics
    /// When it cannot be copied.
    pub fn give(&self, file: &Path, folder: &str) {
        let name = file.file_name().expect("a file has a name");
        fs::copy(file, self.folder.join(folder).join(name)).expect("a file can be copied");
    }

    /// Writes a file in it.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.folder.join(path);
        fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("a folder");
        fs::write(&path, text).expect("a file");
    }

    /// The text of a file in it; `None` when it is not there.
    #[must_use]
    pub fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.folder.join(path)).ok()
    }

    /// All files, folders and links in it, but dpkg's own records and logs.
    ///
    /// # Panics
    /// When a folder cannot be read.
    #[must_use]
    pub fn files(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut open = vec![self.folder.clone()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(&folder).expect("a folder") {
                let entry = entry.expect("an entry");
                let short = entry
                    .path()
                    .strip_prefix(&self.folder)
                    .expect("it is below")
                    .to_string_lossy()
                    .into_owned();
                if ["var/lib/dpkg", "var/log", "var/cache"].contains(&&*short) {
                    continue;
                }
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    open.push(entry.path());
                }
                found.insert(short);
            }
        }
        found
    }
}

impl Drop for Bare {
    /// A lab that failed keeps its logs, and a whole Debian is none.
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The archive that copies are unpacked from, made when it is not there; once, whoever asks first.
fn archive() -> &'static Path {
    static ARCHIVE: OnceLock<PathBuf> = OnceLock::new();
    ARCHIVE.get_or_init(made)
}

fn made() -> PathBuf {
    let own = std::env::current_exe().expect("a test knows where it is");
    // `deps/` lies in the folder of a profile, and that in cargo's.
    let all = own.ancestors().nth(3).expect("a test lies where cargo builds").join("bare");
    fs::create_dir_all(&all).expect("a folder for the archive");
    // What is in it is in its name, so that another one is made when that changes.
    let archive = all.join(format!("{SUITE}-minbase-nginx.tar"));
    if !archive.exists() {
        let making = all.join(format!("{SUITE}.{}.tar", std::process::id()));
        let mut making_it = Command::new("mmdebstrap");
        making_it
            .args(["--quiet", "--variant=minbase", "--include=nginx-light", SUITE])
            .arg(&making);
        succeed(&mut making_it);
        fs::rename(&making, &archive).expect("the archive can be named");
    }
    archive
}

fn succeed(command: &mut Command) -> String {
    let Output { status, stdout, stderr } =
        command.output().unwrap_or_else(|error| panic!("could not start {command:?}: {error}"));
    let said = String::from_utf8_lossy(&stdout).into_owned();
    assert!(status.success(), "{command:?}: {status}: {said}{}", String::from_utf8_lossy(&stderr));
    said
}
