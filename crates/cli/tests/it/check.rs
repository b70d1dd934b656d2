//! `check`: what an operator reads, and what a script sees.

use crate::blackstart::{Site, run, text};
use expect_test::expect;

fn check(plant: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let site = Site::new(plant);
    let path = site.plant();
    let mut all = vec!["check", path.to_str().expect("text")];
    all.extend(arguments);
    let output = run(&all);
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    (output.status.code(), text(&output.stdout))
}

#[test]
fn a_plant_is_fine() {
    let plant = "blackstart: 1\nname: p\ntimezone: UTC\nservices: { web: { checks: [ { tcp: '127.0.0.1:80' } ] } }\n";
    let (code, words) = check(plant, &[]);
    assert_eq!(code, Some(0), "{words}");
    assert_eq!(words, "p: 1 component, 1 check, 1 vantage; 0 findings\n");
}

#[test]
fn every_finding_is_told_at_once_with_the_line_underlined() {
    let plant = "blackstart: 1\nname: p\ntimezone: UTC\npdus: { pdu-a: {} }\n\
                 servers:\n  web: { power: pdu-b, draw: -5 W }\n";
    let (code, words) = check(plant, &[]);
    assert_eq!(code, Some(12));
    let lines: Vec<&str> = words.lines().filter(|line| !line.contains("not a plant")).collect();
    expect![[r#"
        BS0201 (docs/findings/BS0201.md)

          × nothing is called `pdu-b`
           ╭─[plant.yaml:6:17]
         5 │ servers:
         6 │   web: { power: pdu-b, draw: -5 W }
           ·                 ─────
           ╰────
          help: did you mean `pdu-a`?

        BS0302 (docs/findings/BS0302.md)

          × `draw` cannot be negative
           ╭─[plant.yaml:6:30]
         5 │ servers:
         6 │   web: { power: pdu-b, draw: -5 W }
           ·                              ────
           ╰────
          help: leave it out when it is not known
    "#]]
    .assert_eq(&(lines.join("\n").trim_end().to_owned() + "\n"));
}

#[test]
fn programs_read_json_with_lines_and_columns() {
    let (code, words) =
        check("blackstart: 1\nname: p\ntimezone: UTC\nsevrers: {}\n", &["--format", "json"]);
    assert_eq!(code, Some(12));
    let told: serde_json::Value = serde_json::from_str(&words).expect("JSON");
    let finding = &told["findings"][0];
    assert_eq!((&finding["code"], &finding["severity"]), (&"BS0106".into(), &"error".into()));
    assert_eq!(
        (&finding["places"][0]["line"], &finding["places"][0]["column"]),
        (&4.into(), &1.into())
    );
    assert!(finding["help"].as_str().expect("a suggestion").contains("servers"), "{finding}");
}

#[test]
fn what_is_no_text_at_all_is_a_finding_too() {
    let site = Site::new("");
    std::fs::write(site.plant(), [0xff, 0xfe, 0x00, 0x80]).expect("a file");
    let output = run(&["check", site.plant().to_str().expect("text")]);
    assert_eq!(output.status.code(), Some(12), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("is not UTF-8"), "{}", text(&output.stdout));
}

#[test]
fn a_hundred_megabytes_of_brackets_are_refused() {
    let (code, words) = check(&"[".repeat(100 << 20), &[]);
    assert_eq!(code, Some(12));
    assert!(words.len() < 10_000, "{} bytes of answer", words.len());
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let output = run(&["check", "/nowhere/plant.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    let words = text(&output.stderr);
    assert!(words.contains("could not read /nowhere/plant.yaml"), "{words}");
    assert_eq!(run(&["chekc"]).status.code(), Some(2));
}

#[test]
fn what_was_typed_wrongly_has_one_exit_code_with_every_verb() {
    let site =
        Site::new("blackstart: 1\nname: p\ntimezone: Europe/Amsterdam\nservers: { web: {} }\n");
    let (plant, data, empty) = (site.plant(), site.path("data"), site.path("empty"));
    let path = |path: &std::path::Path| path.to_str().expect("text").to_owned();
    std::fs::create_dir(&empty).expect("a folder");
    let (plant, data, empty) = (&path(&plant), &path(&data), &path(&empty));
    let none = "/nowhere/at/all";
    for (words, said) in [
        (&["check", empty][..], "holds no `*.yaml` file"),
        (&["audit", plant, "--against", none], "could not read /nowhere"),
        (&["audit", plant, "--at", "yesterday"], "could not read the time `yesterday`"),
        (&["audit", plant, "--replug", "web"], "write whose cord"),
        (&["cutsets", plant, "wbe"], "did you mean `web`?"),
        (&["availability", plant, "wbe"], "did you mean `web`?"),
        (&["diagnose", plant, "--observations", none], "could not read /nowhere"),
        (&["diagnose", plant, "--observations", "-", "--at", "2026-10-25 02:30"], "exists twice"),
        (&["discover", "--from", "csv=/nowhere/at/all"], "could not read /nowhere"),
        (&["discover", "--from", "csv=/tmp"], "could not read /tmp"),
        (&["doctor", none], "could not read /nowhere"),
        (&["serve", none, "--data", data], "could not read /nowhere"),
        (&["serve", empty, "--data", data], "holds no `*.yaml` file"),
        (&["replay", empty], "there is no journal in"),
        (&["demo", "--scenario", none], "could not read /nowhere"),
        (&["status", "--server", "here"], "an address such as http://127.0.0.1:8480"),
        (&["whatif", plant], "name what is switched off"),
    ] {
        let output = run(words);
        let told = text(&output.stderr);
        assert!(told.contains(said), "{words:?}: {told}");
        assert_eq!(output.status.code(), Some(2), "{words:?}: {told}");
    }
}
