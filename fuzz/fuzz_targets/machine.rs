//! Whatever stands in the files of a machine (each after a line `== PATH`): it is read, and the plant made of it is
//! one that the checker takes.
#![no_main]

use blackstart_discover::{Host, Plant, here};
use blackstart_model::finding::Severity;
use blackstart_model::plantfile;
use libfuzzer_sys::fuzz_target;
use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;
use std::{fs, process};

/// In memory: a machine is made and unmade for each text.
static ROOT: LazyLock<PathBuf> =
    LazyLock::new(|| Path::new("/dev/shm").join(format!("blackstart-fuzz-{}", process::id())));

/// Where a machine may have files.
const PLACES: [&str; 5] = ["proc", "sys", "etc", "var", "run"];

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let _ = fs::remove_dir_all(&*ROOT);
    for file in text.split("== ").skip(1).take(40) {
        let (path, content) = file.split_once('\n').unwrap_or((file, ""));
        let path = Path::new(path);
        let mut parts = path.components();
        let first = parts.next();
        let is_below = PLACES.iter().any(|place| first == Some(Component::Normal(place.as_ref())));
        if !is_below || !parts.all(|part| matches!(part, Component::Normal(_))) {
            continue;
        }
        let path = ROOT.join(path);
        let _ = path.parent().map(fs::create_dir_all);
        // `a -> b` in place of a file is a link, as systemd's are.
        let _ = match content.trim_end().strip_prefix("-> ") {
            Some(to) => std::os::unix::fs::symlink(to, path),
            None => fs::write(path, content),
        };
    }
    let host = Host::read(&ROOT);
    let reports = [here(&host)];
    let looked = Plant::of(&reports).unasked();
    let (plant, findings) = plantfile::parse_str(&looked.plant);
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
    let errors: Vec<_> = errors.collect();
    assert!(plant.is_some(), "{errors:#?}\n{}", looked.plant);
    let _ = fs::remove_dir_all(&*ROOT);
});
