//! Plugins: Debian's own, and programs that mean it no good.

use crate::asked::{Heard, PATIENCE, asked_of, assignment, prober_with};
use crate::daemon::pause;
use blackstart_model::check::{PluginQuestion, Question};
use blackstart_model::reading::Unit;
use blackstart_model::time::Duration;
use blackstart_probe::plugins::PluginStore;
use blackstart_probe::{Answer, Equipment};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Longer than a plugin needs that ends by itself, shorter than any that does not.
const SHORT: Duration = Duration::from_millis(500);

/// A host that runs these plugins.
struct Host {
    folder: tempfile::TempDir,
}

impl Host {
    fn running(commands: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("plugins"), commands).unwrap();
        Self { folder }
    }

    /// A host that runs one plugin called `it`, written in the shell's language.
    fn script(script: &str) -> Self {
        let host = Self::running("");
        let program = host.path("it.sh");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let own = host.folder.path().display();
        fs::write(host.path("plugins"), format!("it = {own}/it.sh {own}\n")).unwrap();
        host
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn equipment(&self) -> Equipment {
        Equipment::bare().with_plugins(PluginStore { file: Some(self.path("plugins")) })
    }

    fn asked(&self, plugin: &str, with: &[(&str, &str)]) -> Answer {
        asked_of(self.equipment(), question(plugin, with), PATIENCE / 2)
    }

    fn says(&self) -> String {
        self.asked("it", &[]).outcome.to_string()
    }

    /// What is said when the deadline is short.
    fn says_soon(&self) -> String {
        asked_of(self.equipment(), question("it", &[]), SHORT).outcome.to_string()
    }
}

fn question(plugin: &str, with: &[(&str, &str)]) -> Question {
    let with = with.iter().map(|(name, word)| ((*name).into(), (*word).into())).collect();
    Question::Plugin(PluginQuestion { plugin: plugin.into(), with })
}

/// The number that a plugin wrote here, once it is whole.
fn number_in(path: &Path) -> u32 {
    loop {
        if let Ok(text) = fs::read_to_string(path)
            && let Some(number) = text.strip_suffix('\n')
        {
            return number.parse().unwrap();
        }
        pause();
    }
}

/// Waits until there is no such process: gone, or dead and only not reaped by whoever inherited it.
fn is_gone(id: u32) {
    let lives = || {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
    };
    while lives() {
        pause();
    }
}

#[test]
fn debians_own_plugins_are_read_with_their_performance_data() {
    let host = Host::running(
        "dummy = /usr/lib/nagios/plugins/check_dummy {code} 'as it should be'\n\
         procs = /usr/lib/nagios/plugins/check_procs -w 100000 -c 200000\n\
         disk = /usr/lib/nagios/plugins/check_disk -w 0% -c 0% -p /\n",
    );
    let dummy = |code| host.asked("dummy", &[("code", code)]).outcome.to_string();
    assert_eq!(dummy("0"), "up");
    assert_eq!(dummy("1"), "degraded(plugin-warning: WARNING: as it should be)");
    assert_eq!(dummy("2"), "down(plugin-critical: CRITICAL: as it should be)");
    assert_eq!(dummy("3"), "unknown(said-unknown: UNKNOWN: as it should be)");
    let procs = host.asked("procs", &[]);
    assert_eq!(procs.outcome.to_string(), "up");
    assert_eq!(procs.readings[0].name(), "procs");
    assert!(procs.readings[0].value() >= 1.0);
    let disk = host.asked("disk", &[]);
    assert_eq!((disk.readings[0].name(), disk.readings[0].unit()), ("/", Unit::Bytes));
    assert!(disk.readings[0].value() > 1e6, "{disk:?}");
}

#[test]
fn only_what_the_host_names_is_run() {
    let host = Host::running("yes = /bin/echo fine\n");
    let named = host.path("plugins").display().to_string();
    let says = |plugin, with: &[_]| host.asked(plugin, with).outcome.to_string();
    assert_eq!(says("yes", &[]), "up");
    assert_eq!(says("no", &[]), format!("unknown(not-allowed: {named} names no plugin `no`)"));
    assert_eq!(
        says("yes", &[("host", "a")]),
        "unknown(not-allowed: the command has no place `host`)"
    );
    let none = asked_of(Equipment::bare(), question("yes", &[]), PATIENCE / 2);
    assert!(
        none.outcome.to_string().starts_with("unknown(not-allowed: this vantage runs no plugins")
    );
}

#[test]
fn its_world_is_empty() {
    let host = Host::script(
        "n=$(tr '\\0' '\\n' </proc/self/environ | grep -vc -e '^PATH=' -e '^LC_ALL=C$')\n\
         read line && stdin=open || stdin=closed\n\
         grep -q 'NoNewPrivs:.1' /proc/self/status && rights=no-more || rights=more\n\
         echo \"$n others, stdin $stdin, rights $rights, in $(pwd)\"; exit 1",
    );
    let says = host.says();
    assert_eq!(says, "degraded(plugin-warning: 0 others, stdin closed, rights no-more, in /)");
}

#[test]
fn one_that_hangs_is_killed_with_all_that_it_started() {
    let host = Host::script(
        "sleep 1000 & echo $! >$1/child\n\
         (sleep 1000 & echo $! >$1/grandchild; wait) & echo hanging; wait",
    );
    assert_eq!(
        host.says_soon(),
        "unknown(unfinished: it had not ended after 0.5 s, and was killed)"
    );
    is_gone(number_in(&host.path("child")));
    is_gone(number_in(&host.path("grandchild")));
}

#[test]
fn one_that_does_not_listen_to_sigterm_is_killed_all_the_same() {
    let host = Host::script("trap '' TERM; echo $$ >$1/own; while :; do sleep 1000; done");
    assert!(host.says_soon().starts_with("unknown(unfinished: "));
    is_gone(number_in(&host.path("own")));
}

#[test]
fn one_that_is_asked_to_end_and_does_has_not_answered() {
    let host = Host::script("trap 'echo I am fine; exit 0' TERM; sleep 1000 & wait");
    assert!(host.says_soon().starts_with("unknown(unfinished: "));
}

#[test]
fn a_grandchild_that_holds_the_pipe_open_holds_up_nobody() {
    let host = Host::script("sleep 1000 & echo $! >$1/child\necho done; exit 2");
    assert_eq!(host.says(), "down(plugin-critical: done)");
    is_gone(number_in(&host.path("child")));
}

#[test]
fn one_that_forks_and_forks_is_stopped() {
    let host = Host::script(
        "echo $$ >$1/own\nbomb() { [ $1 -gt 0 ] && { bomb $(($1 - 1)) & bomb $(($1 - 1)) & sleep 1000; }; }\n\
         bomb 6",
    );
    assert!(host.says_soon().starts_with("unknown(unfinished: "));
    let group = number_in(&host.path("own"));
    // Nobody is left in the group but the dead.
    let members = || {
        fs::read_dir("/proc").unwrap().filter(|entry| {
            let path = entry.as_ref().unwrap().path().join("stat");
            let stat = fs::read_to_string(path).unwrap_or_default();
            let Some((_, rest)) = stat.rsplit_once(") ") else { return false };
            let mut fields = rest.split(' ');
            let state = fields.next().unwrap_or("X");
            fields.nth(1) == Some(&group.to_string()) && !matches!(state, "Z" | "X")
        })
    };
    while members().count() > 0 {
        pause();
    }
}

#[test]
fn endless_output_is_cut_off() {
    let host = Host::script("yes 'and on'");
    assert_eq!(host.says(), "unknown(unparsable: it said more than 1048576 bytes, and was killed)");
    let loud = Host::script("yes 'and on' >&2");
    assert!(loud.says().starts_with("unknown(unparsable: it said more than 1048576 bytes"));
}

#[test]
fn much_output_is_kept_to_its_limit_and_judged() {
    let host = Host::script("head -c 500000 /dev/zero | tr '\\0' x; exit 1");
    let says = host.says();
    assert!(says.starts_with("degraded(plugin-warning: xxxx"), "{says}");
    assert!(says.len() < 300);
}

#[test]
fn what_is_no_text_says_nothing_whatever_the_code() {
    let host = Host::script("head -c 4000 /dev/zero; exit 0");
    assert_eq!(host.says(), "unknown(unparsable: it said what is no text and ended with 0)");
    // Bytes of another encoding are text all the same.
    let host = Host::script("printf 'caf\\351 geschlossen'; exit 2");
    assert_eq!(host.says(), "down(plugin-critical: caf\u{fffd} geschlossen)");
}

#[test]
fn one_that_falls_over_is_not_taken_for_a_warning() {
    let host = Host::script("echo 'Traceback (most recent call last):' >&2; exit 1");
    assert_eq!(
        host.says(),
        "unknown(unparsable: it said nothing and ended with 1; it complained: Traceback (most recent call last):)"
    );
    let host = Host::script("exit 0");
    assert_eq!(host.says(), "unknown(unparsable: it said nothing and ended with 0)");
    let host = Host::script("echo fine; exit 99");
    assert_eq!(host.says(), "unknown(unparsable: it ended with 99, which means nothing: fine)");
    let host = Host::script("echo fine; kill -SEGV $$");
    assert_eq!(host.says(), "unknown(unparsable: it was killed by signal 11)");
}

#[test]
fn one_that_closes_its_output_and_hangs_is_killed() {
    let host = Host::script("echo fine; exec >&- 2>&-; sleep 1000");
    assert!(host.says_soon().starts_with("unknown(unfinished: "));
}

#[test]
fn what_cannot_be_run_is_our_lack() {
    let host = Host::running("gone = /nowhere/check\nfolder = /tmp\n");
    let says = |plugin| host.asked(plugin, &[]).outcome.to_string();
    assert!(
        says("gone").starts_with("unknown(not-equipped: `gone`: /nowhere/check cannot be used")
    );
    assert_eq!(says("folder"), "unknown(not-equipped: `folder`: /tmp is no file)");
    let host = Host::script("echo fine");
    fs::set_permissions(host.path("it.sh"), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(host.says().starts_with("unknown(no-permission: "), "{}", host.says());
}

#[test]
fn one_is_killed_when_its_check_is_taken_away_with_all_the_rest() {
    let host = Host::script("echo $$ >$1/own; sleep 1000");
    let (prober, heard) = prober_with(host.equipment());
    prober.assign(vec![assignment("it/it", question("it", &[]), PATIENCE)], &[]);
    prober.ask(["it/it".into()]);
    let own = number_in(&host.path("own"));
    drop(prober);
    is_gone(own);
    assert!(!heard.iter().any(|heard| matches!(heard, Heard::Sample(_))), "nobody waits for it");
}

#[test]
fn at_most_sixteen_run_at_once() {
    let host = Host::script("mkdir $1/running.$$; ls -d $1/running.* | wc -l; rmdir $1/running.$$");
    let (prober, heard) = prober_with(host.equipment());
    let keys: Vec<String> = (0..40).map(|at| format!("it/{at}")).collect();
    let all = keys.iter().map(|key| assignment(key, question("it", &[]), PATIENCE)).collect();
    prober.assign(all, &[]);
    prober.ask(keys.iter().map(|key| key.as_str().into()));
    for _ in &keys {
        match heard.recv_timeout(PATIENCE).expect("an answer") {
            Heard::Sample(sample) => assert_eq!(sample.answer.outcome.to_string(), "up"),
            Heard::WayOut(_) => panic!("no way out was asked about"),
        }
    }
}
