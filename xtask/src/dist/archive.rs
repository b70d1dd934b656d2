//! Archives whose bytes follow from what is in them: ustar (POSIX.1-2017, pax, "ustar Interchange Format"), gzip
//! (RFC 1952) and ar (deb(5)).
//!
//! Files stand in the order of their paths, belong to root, and have one time for all: that of the commit. Nothing of
//! the machine that packs gets in. Tested by packing twice, and by tar(1) and dpkg-deb(1), which read them.

use anyhow::{Context as _, Result, ensure};
use flate2::{Compression, GzBuilder};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

/// A file to be packed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct File {
    pub(super) bytes: Vec<u8>,
    /// 0644, or 0755 for what is run.
    pub(super) mode: u32,
}

/// Files by their paths, without a leading slash; folders follow from them.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Tree {
    files: BTreeMap<String, File>,
    /// Folders that are there though nothing is in them.
    empty: BTreeSet<String>,
}

impl Tree {
    pub(super) fn add(&mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.files.insert(path.into(), File { bytes: bytes.into(), mode: 0o644 });
    }

    pub(super) fn add_program(&mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.files.insert(path.into(), File { bytes: bytes.into(), mode: 0o755 });
    }

    pub(super) fn add_folder(&mut self, path: impl Into<String>) {
        self.empty.insert(path.into());
    }

    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &File)> {
        self.files.iter().map(|(path, file)| (&**path, file))
    }

    /// All of it as a tar archive; `top` stands before each path, and ends with a slash.
    pub(super) fn tar(&self, top: &str, time: u64) -> Result<Vec<u8>> {
        let mut folders = BTreeSet::from([top.to_owned()]);
        for path in self.files.keys().chain(&self.empty) {
            let whole = format!("{top}{path}");
            folders.extend(whole.match_indices('/').map(|(end, _)| whole[..=end].to_owned()));
        }
        folders.extend(self.empty.iter().map(|path| format!("{top}{path}/")));
        folders.remove("");
        let folders = folders.into_iter().map(|path| (path, None));
        let files = self.files.iter().map(|(path, file)| (format!("{top}{path}"), Some(file)));
        let all: BTreeMap<String, Option<&File>> = folders.chain(files).collect();
        let mut tar = Vec::new();
        for (path, file) in all {
            let empty = File { bytes: Vec::new(), mode: 0o755 };
            let kind = if file.is_some() { b'0' } else { b'5' };
            let File { bytes, mode } = file.unwrap_or(&empty);
            tar.extend(tar_header(&path, kind, *mode, bytes.len(), time)?);
            tar.extend_from_slice(bytes);
            tar.resize(tar.len().next_multiple_of(BLOCK), 0);
        }
        // Two empty blocks end an archive.
        tar.resize(tar.len() + 2 * BLOCK, 0);
        Ok(tar)
    }
}

/// Bytes of a block of a tar archive.
const BLOCK: usize = 512;

fn tar_header(path: &str, kind: u8, mode: u32, size: usize, time: u64) -> Result<[u8; BLOCK]> {
    let mut header = [0; BLOCK];
    // The name has 100 bytes; what is longer has its folders in 155 others.
    let (folders, name) = match path.len() {
        0..=100 => ("", path),
        _ => {
            let fits = |(at, _): &(usize, &str)| *at <= 155 && path.len() - at - 1 <= 100;
            let cut = path.match_indices('/').find(fits).map(|(at, _)| at);
            let cut = cut.with_context(|| format!("{path} is too long a path"))?;
            (&path[..cut], &path[cut + 1..])
        }
    };
    let mut put =
        |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, &format!("{mode:07o}"));
    put(108, "0000000");
    put(116, "0000000");
    put(124, &format!("{size:011o}"));
    put(136, &format!("{time:011o}"));
    put(148, "        ");
    put(257, "ustar\x0000");
    put(265, "root");
    put(297, "root");
    put(345, folders);
    header[156] = kind;
    let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Ok(header)
}

/// Compressed so hard, of 9; without name and time.
pub(super) fn gzip(bytes: &[u8], effort: u32) -> Result<Vec<u8>> {
    let mut encoder =
        GzBuilder::new().operating_system(255).write(Vec::new(), Compression::new(effort));
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

/// An ar archive, as dpkg takes it: members in the order given.
pub(super) fn ar(members: &[(&str, &[u8])], time: u64) -> Result<Vec<u8>> {
    let mut ar = b"!<arch>\n".to_vec();
    for (name, bytes) in members {
        ensure!(name.len() <= 16, "{name} is too long a name");
        writeln!(ar, "{name:<16}{time:<12}{:<6}{:<6}{:<8}{:<10}`", 0, 0, 100_644, bytes.len())?;
        ar.extend_from_slice(bytes);
        if bytes.len() % 2 == 1 {
            ar.push(b'\n');
        }
    }
    Ok(ar)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    fn tree() -> Tree {
        let mut tree = Tree::default();
        tree.add_program("usr/bin/it", b"#!/bin/sh\n".to_vec());
        tree.add("usr/share/doc/it/readme", "read me\n");
        tree.add(format!("{}/{}", "long".repeat(30), "name".repeat(20)), "x".repeat(513));
        tree.add_folder("etc/it");
        tree
    }

    fn listed(archive: &[u8]) -> String {
        let mut tar = Command::new("tar");
        tar.args(["--list", "--verbose", "--utc", "--full-time", "--file=-"]);
        let mut tar = tar.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        tar.stdin.take().unwrap().write_all(archive).unwrap();
        let output = tar.wait_with_output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn tar_reads_it_in_order_with_one_time_and_one_owner() {
        let listed = listed(&tree().tar("./", 1_500_000_000).unwrap());
        let paths: Vec<&str> =
            listed.lines().map(|line| line.split("2017-07-14 02:40:00 ").nth(1).unwrap()).collect();
        assert!(paths.is_sorted(), "{paths:?}");
        assert!(
            listed.contains("-rwxr-xr-x root/root        10 2017-07-14 02:40:00 ./usr/bin/it\n"),
            "{listed}"
        );
        assert!(
            listed.contains("drwxr-xr-x root/root         0 2017-07-14 02:40:00 ./etc/it/\n"),
            "{listed}"
        );
        assert!(
            listed.contains(&format!("./{}/{}\n", "long".repeat(30), "name".repeat(20))),
            "{listed}"
        );
    }

    #[test]
    fn the_same_files_are_the_same_bytes() {
        let packed = || gzip(&tree().tar("a/", 7).unwrap(), 9).unwrap();
        assert_eq!(packed(), packed());
        assert_eq!(packed()[4..10], [0, 0, 0, 0, 2, 255], "no time, and no operating system");
    }
}
