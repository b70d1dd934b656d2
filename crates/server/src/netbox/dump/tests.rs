//! Dumps as they come, and as they should not.

use super::{DumpError, read};
use blackstart_model::netbox::{Layout, import};
use std::io::{self, Read};
use std::path::Path;

#[test]
fn the_seeds_of_the_fuzzer_are_read_or_refused() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/netbox");
    let mut read_whole = Vec::new();
    for seed in std::fs::read_dir(seeds).unwrap() {
        let path = seed.unwrap().path();
        let Ok(facts) = read(std::fs::File::open(&path).unwrap()) else { continue };
        let made = import(&facts, Layout::OneFile);
        let errors: Vec<_> = made.errors().collect();
        assert!(errors.is_empty(), "{}: {errors:?}\n{}", path.display(), made.files[0].1);
        read_whole.push(path.file_name().unwrap().to_string_lossy().into_owned());
    }
    read_whole.sort();
    assert_eq!(
        read_whole,
        [
            "circles.json",
            "dangling.json",
            "everything.json",
            "everything.json.gz",
            "names.json",
            "twice.json",
            "wrong-types.json",
        ]
    );
}

#[test]
fn what_cannot_be_read_of_an_object_is_a_hole_each() {
    let seed =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/netbox/wrong-types.json");
    let facts = read(std::fs::File::open(seed).unwrap()).unwrap();
    let holes: Vec<String> =
        facts.holes.iter().map(|hole| format!("{}: {}", hole.object, hole.words)).collect();
    for words in [
        "dcim.site: an object without a number",
        "dcim.site 1: `name` cannot be read",
        "dcim.device 1: `role` cannot be read",
        "dcim.device 1: `primary_ip4` cannot be read",
        "dcim.powerfeed 1: `voltage` cannot be read",
        "ipam.prefix 1: `10.0.0.0/99` is no prefix",
        "ipam.service 1: `ports` cannot be read",
    ] {
        assert!(holes.iter().any(|hole| hole == words), "{words}: {holes:?}");
    }
}

#[test]
fn models_that_a_plant_has_no_use_for_are_counted() {
    let dump = r#"[
        {"model": "dcim.site", "pk": 1, "fields": {"name": "ams1"}},
        {"model": "of.a.plugin", "pk": 1, "fields": {}}, {"model": "of.a.plugin", "pk": 2, "fields": {}}
    ]"#;
    let made = import(&read(dump.as_bytes()).unwrap(), Layout::OneFile);
    assert_eq!(made.left_out.len(), 1);
    assert_eq!(made.left_out[0].names, ["of.a.plugin (2)"]);
}

/// A dump whose one object never ends.
struct Endless(&'static [u8]);

impl Read for Endless {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            into.fill(b'a');
            return Ok(into.len());
        }
        self.0.read(into)
    }
}

#[test]
fn an_object_without_an_end_is_refused_before_it_fills_the_memory() {
    let refused = read(Endless(br#"[{"model": ""#)).unwrap_err();
    let DumpError::Unreadable(why) = refused else { panic!("{refused}") };
    assert!(why.to_string().contains("one object is longer than 4194304 bytes"), "{why}");
}

#[test]
fn a_small_file_that_unpacks_without_an_end_is_refused_too() {
    use std::io::Write as _;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(b"[\"").unwrap();
    for _ in 0..64 {
        packed.write_all(&[b'a'; 1 << 17]).unwrap();
    }
    let packed = packed.finish().unwrap();
    assert!(packed.len() < 1 << 20);
    assert!(matches!(read(packed.as_slice()), Err(DumpError::Unreadable(_))));
}
