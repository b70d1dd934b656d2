//! What a shell and man(1) are told of the command: all of it, and in words that they take.

use crate::blackstart::{Site, run, text};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

/// The verbs, as `--help` lists them.
fn verbs() -> BTreeSet<String> {
    let help = text(&run(&["--help"]).stdout);
    let list = help.split("Commands:\n").nth(1).expect("a list of commands");
    let lines = list.lines().take_while(|line| !line.is_empty());
    // A verb stands two in, what wraps stands further in.
    let first = |line: &str| {
        line.strip_prefix("  ").filter(|line| !line.starts_with(' ')).map(str::to_owned)
    };
    let words =
        lines.filter_map(first).filter_map(|line| line.split(' ').next().map(str::to_owned));
    words.filter(|verb| verb != "help").collect()
}

/// Whether a program is here; some are not on every machine.
fn has(program: &str) -> bool {
    let found =
        Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    found.is_ok()
}

/// What man(1) has against a page.
fn complaints(page: &Path) -> String {
    let mut man = Command::new("man");
    man.args([
        "--warnings",
        "--encoding=UTF-8",
        "--troff-device=utf8",
        "--ditroff",
        "--local-file",
    ])
    .arg(page);
    let output = man.env("LC_ALL", "C.UTF-8").output().expect("man is here");
    assert!(output.status.success(), "{}: {}", page.display(), text(&output.stderr));
    text(&output.stderr)
}

#[test]
fn every_verb_has_a_page_that_man_takes_without_a_warning() {
    let site = Site::new("");
    let folder = site.path("man1");
    let output = run(&["man", folder.to_str().expect("text")]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let verbs = verbs();
    assert!(verbs.len() > 20 && verbs.contains("serve"), "{verbs:?}");
    for verb in &verbs {
        let path = folder.join(format!("blackstart-{verb}.1"));
        let page = std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{verb}: {why}"));
        for heading in ["NAME", "SYNOPSIS", "OPTIONS", "EXIT STATUS", "SEE ALSO"] {
            assert!(
                page.contains(&format!(".SH {heading}\n"))
                    || page.contains(&format!(".SH \"{heading}\"\n")),
                "{verb} has no {heading}"
            );
        }
    }
    let pages: Vec<_> = std::fs::read_dir(&folder)
        .expect("it is there")
        .map(|page| page.expect("a page").path())
        .collect();
    assert!(pages.len() > verbs.len(), "what stands below a verb has a page too");
    if has("man") {
        for page in pages {
            assert_eq!(complaints(&page), "", "{}", page.display());
        }
    }
}

#[test]
fn the_same_version_writes_the_same_pages() {
    let site = Site::new("");
    let read = |name: &str| {
        let folder = site.path(name);
        assert!(run(&["man", folder.to_str().expect("text")]).status.success());
        std::fs::read(folder.join("blackstart-serve.1")).expect("it is there")
    };
    assert_eq!(read("once"), read("twice"));
}

/// What bash offers for the last of these words.
fn offered(script: &Path, words: &[&str]) -> BTreeSet<String> {
    let program = "source \"$1\"; shift; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); \
                   _blackstart blackstart \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD-1]}\"; \
                   printf '%s\\n' \"${COMPREPLY[@]}\"";
    let output = Command::new("bash")
        .args(["--norc", "-c", program, "bash"])
        .arg(script)
        .args(words)
        .output();
    let output = output.expect("bash is here");
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_verbs_options_and_their_values() {
    let site = Site::new("");
    let script = site.path("blackstart.bash");
    std::fs::write(&script, run(&["completions", "bash"]).stdout).expect("it can be written");
    let parsed = Command::new("bash").arg("-n").arg(&script).output().expect("bash is here");
    assert!(parsed.status.success() && parsed.stderr.is_empty(), "{}", text(&parsed.stderr));
    let all = offered(&script, &["blackstart", ""]);
    assert!(verbs().is_subset(&all), "{all:?}");
    assert_eq!(offered(&script, &["blackstart", "cold"]), BTreeSet::from(["coldstart".to_owned()]));
    assert!(offered(&script, &["blackstart", "serve", "--ag"]).contains("--agents-listen"));
    let formats = offered(&script, &["blackstart", "audit", "--format", ""]);
    assert_eq!(formats, BTreeSet::from(["human", "json", "sarif"].map(str::to_owned)));
}

#[test]
fn other_shells_get_a_script_that_knows_every_verb() {
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        let script = text(&run(&["completions", shell]).stdout);
        for verb in verbs() {
            assert!(script.contains(&verb), "{shell}: {verb}");
        }
    }
}
