//! `import netbox`: from a dump to a plant that `check` takes.

use crate::blackstart::{run, text};
use std::path::{Path, PathBuf};

/// The demo data of NetBox, where it is.
fn demo() -> Option<String> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/netbox/netbox-demo-v3.6.json.gz");
    if shared.exists() {
        return Some(shared.to_str().expect("text").to_owned());
    }
    #[expect(clippy::print_stdout, reason = "a case that is skipped says so")]
    {
        println!("skipped: {} is not there", shared.display());
    }
    None
}

fn dump(folder: &Path, json: &str) -> String {
    let path = folder.join("dump.json");
    std::fs::write(&path, json).expect("a file");
    path.to_str().expect("text").to_owned()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

const SMALL: &str = r#"[
  {"model": "dcim.site", "pk": 1, "fields": {"name": "ams1", "status": "active", "time_zone": "Europe/Amsterdam"}},
  {"model": "dcim.devicerole", "pk": 1, "fields": {"name": "Server", "slug": "server"}},
  {"model": "dcim.device", "pk": 1, "fields": {"name": "web-07", "role": 1, "site": 1, "status": "active"}},
  {"model": "dcim.powerport", "pk": 1, "fields": {"name": "psu 2", "device": 1}}
]"#;

#[test]
fn the_demo_becomes_a_plant_with_every_device_accounted_for() {
    let Some(demo) = demo() else { return };
    let folder = folder();
    let out = folder.path().join("plant.yaml");
    let out = out.to_str().expect("text");
    let made = run(&["import", "netbox", "--dump", &demo, "--out", out, "--format", "json"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    let told: serde_json::Value = serde_json::from_slice(&made.stdout).expect("JSON");
    assert_eq!(told["devices"], serde_json::json!({ "known": 72, "taken": 53 }));
    let left = told["left_out"].as_array().expect("a list");
    let panels = left.iter().find(|one| one["what"] == "devices").expect("the patch panels");
    assert_eq!(panels["names"].as_array().map(Vec::len), Some(19));
    assert_eq!(told["power_ports"], serde_json::json!({ "known": 75, "taken": 26 }));
    let components = &told["components"];
    for (section, count) in [
        ("feeds", 48),
        ("vms", 180),
        ("sites", 24),
        ("racks", 42),
        ("upstreams", 13),
        ("customers", 11),
    ] {
        assert_eq!(components[section], count, "{section}");
    }
    let asked = told["questions"].as_array().expect("a list");
    let cords = asked.iter().filter(|one| {
        let words = one["question"].as_str().expect("text");
        one["about"] == "power" && words.contains(" feeds `")
    });
    assert_eq!(cords.count(), 49, "each cord that nobody drew");
    let checked = run(&["check", out]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked.stdout));
}

#[test]
fn the_same_dump_gives_the_same_bytes() {
    let Some(demo) = demo() else { return };
    let once = run(&["import", "netbox", "--dump", &demo]);
    let again = run(&["import", "netbox", "--dump", &demo]);
    assert!(once.status.success() && once.stdout == again.stdout);
}

#[test]
fn one_site_of_the_demo_stands_by_itself() {
    let Some(demo) = demo() else { return };
    let made = run(&["import", "netbox", "--dump", &demo, "--site", "dm-akron"]);
    let plant = text(&made.stdout);
    assert!(plant.contains("dmi01-akron-rtr01") && !plant.contains("albany"), "{plant}");
    let none = run(&["import", "netbox", "--dump", &demo, "--site", "nowhere"]);
    assert_eq!(none.status.code(), Some(2));
    assert!(text(&none.stderr).contains("no site of NetBox is called `nowhere`"));
}

#[test]
fn the_plant_is_printed_and_what_was_found_is_told_beside_it() {
    let folder = folder();
    let made = run(&["import", "netbox", "--dump", &dump(folder.path(), SMALL)]);
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
    let plant = text(&made.stdout);
    assert!(plant.contains("# ? which outlet feeds `psu 2` of web-07?"), "{plant}");
    let told = text(&made.stderr);
    assert!(told.contains("1 of 1 devices are in the plant; 0 of their 1 power ports"), "{told}");
}

#[test]
fn files_that_are_there_are_not_written_over_unless_told_to() {
    let folder = folder();
    let dump = dump(folder.path(), SMALL);
    let plant = folder.path().join("plant");
    let own = plant.join("own.yaml");
    std::fs::create_dir(&plant).expect("a folder");
    std::fs::write(&own, "name: mine\nservices: { web: { on: web-07 } }\n").expect("a file");
    let out = plant.to_str().expect("text");
    let import = |more: &[&str]| {
        let mut all = vec!["import", "netbox", "--dump", &dump, "--out", out];
        all.extend(more);
        run(&all)
    };
    assert_eq!(import(&[]).status.code(), Some(0));
    let refused = import(&[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("--force writes over it"), "{}", text(&refused.stderr));
    assert_eq!(import(&["--force"]).status.code(), Some(0));
    let mut files: Vec<PathBuf> = std::fs::read_dir(&plant)
        .expect("a folder")
        .map(|one| one.expect("a file").path())
        .collect();
    files.sort();
    assert_eq!(files.len(), 5, "its own four and mine: {files:?}");
    let checked = run(&["check", out]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked.stdout));
    assert!(text(&checked.stdout).starts_with("mine: "), "a file beside names what was imported");
}

#[test]
fn what_is_no_dump_is_refused_whole() {
    let folder = folder();
    for (json, words) in [
        ("", "no whole JSON"),
        ("[", "no whole JSON"),
        ("{}", "expected a list of objects"),
        ("[]", "holds no object of NetBox"),
        ("[1, 2]", "holds no object of NetBox"),
        (&SMALL[..SMALL.len() - 2], "no whole JSON"),
        ("\u{1f}\u{8b}", "no whole JSON"),
    ] {
        let made = run(&["import", "netbox", "--dump", &dump(folder.path(), json)]);
        assert_eq!(made.status.code(), Some(1), "{json}");
        assert!(text(&made.stderr).contains(words), "{json}: {}", text(&made.stderr));
        assert!(made.stdout.is_empty());
    }
    let damaged = folder.path().join("dump.json.gz");
    std::fs::write(&damaged, [0x1f, 0x8b, 8, 0, 1, 2, 3]).expect("a file");
    let made = run(&["import", "netbox", "--dump", damaged.to_str().expect("text")]);
    assert!(text(&made.stderr).contains("could not read the dump"), "{}", text(&made.stderr));
    let made = run(&["import", "netbox", "--dump", "/nowhere/dump.json"]);
    assert!(text(&made.stderr).contains("could not read /nowhere/dump.json"));
    assert_eq!(run(&["import", "netbox"]).status.code(), Some(2));
}

#[test]
fn the_token_comes_from_a_private_file_or_a_secret_and_is_never_told() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let path = folder.path().join("token");
    std::fs::write(&path, "t0ps3cret\n").expect("a file");
    let mode = |mode| std::fs::set_permissions(&path, PermissionsExt::from_mode(mode));
    let file = path.to_str().expect("text");
    let ask = |url: &str, more: &[&str]| {
        let mut all = vec!["import", "netbox", "--url", url];
        all.extend(more);
        let output = run(&all);
        let words = text(&output.stderr);
        assert!(!words.contains("t0ps3cret") && output.stdout.is_empty(), "{words}");
        (output.status.code(), words)
    };
    mode(0o644).expect("it is ours");
    let (code, words) = ask("https://127.0.0.1:1", &["--token-file", file]);
    assert_eq!(code, Some(1));
    assert!(words.contains("others may read it (mode 644): chmod 600"), "{words}");
    mode(0o600).expect("it is ours");
    let (_, words) = ask("https://127.0.0.1:1", &["--token-file", file]);
    assert!(words.contains("could not ask https://127.0.0.1:1/api/status/"), "{words}");
    let (_, words) = ask("http://netbox.example", &["--token-file", file]);
    assert!(words.contains("in the clear; give an `https` address"), "{words}");
    let (_, words) = ask("https://127.0.0.1:1", &[]);
    assert!(words.contains("BLACKSTART_SECRET_NETBOX_TOKEN"), "{words}");
    let (code, _) = ask("https://127.0.0.1:1", &["--dump", "x"]);
    assert_eq!(code, Some(2), "one source at a time");
}

#[test]
fn answers_may_name_what_stands_in_a_file_beside_the_import() {
    let folder = folder();
    let dump = dump(folder.path(), SMALL);
    let (answers, plant) = (folder.path().join("answers.yaml"), folder.path().join("plant"));
    std::fs::write(&answers, "servers: { web-07: { power: my-feed } }\n").expect("a file");
    std::fs::create_dir(&plant).expect("a folder");
    std::fs::write(plant.join("own.yaml"), "feeds: { my-feed: {} }\n").expect("a file");
    let (answers, out) = (answers.to_str().expect("text"), plant.to_str().expect("text"));
    let made = run(&["import", "netbox", "--dump", &dump, "--answers", answers, "--out", out]);
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
    assert!(text(&made.stderr).contains("the answers name what is not imported"));
    let told = text(&made.stdout);
    assert!(
        told.contains("not whole without the files beside it") && !told.contains("psu 2"),
        "{told}"
    );
    let checked = run(&["check", out]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked.stdout));
    std::fs::write(answers, "servers: { web-07: { powr: x } }\n").expect("a file");
    let made = run(&["import", "netbox", "--dump", &dump, "--answers", answers]);
    assert!(
        text(&made.stdout).contains("answers: there is no field `powr`"),
        "{}",
        text(&made.stdout)
    );
    std::fs::write(answers, "servers: [").expect("a file");
    let made = run(&["import", "netbox", "--dump", &dump, "--answers", answers]);
    assert_eq!(made.status.code(), Some(1));
    assert!(text(&made.stderr).contains("as answers"), "{}", text(&made.stderr));
}
