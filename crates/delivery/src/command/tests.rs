//! Programs that do what they should, and others.

use super::*;
use crate::message::Matter;
use blackstart_model::plant::Leads;

const MESSAGE: Message<'_> = Message {
    key: "alert-A1.j",
    thread: "incident-I1.j",
    matter: Matter::Lasts,
    plant: "p",
    installation: "j",
    alert: "A1",
    incident: Some("I1"),
    news: "opened",
    subject: "web down; $(touch /nowhere) `id`",
    text: "web is down",
    repeat: true,
    decided_at: None,
    particulars: None,
    first_urgency: None,
    link: None,
};

/// A folder with a program and the settings that name it.
struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    fn with(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let machine = Self { folder };
        let program = machine.path("page");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        machine.allow("page", 0o755);
        let line = format!("# who pages\npager = {} --team core\n", program.display());
        std::fs::write(machine.path("commands"), line).unwrap();
        machine.allow("commands", 0o644);
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn allow(&self, name: &str, mode: u32) {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(self.path(name), mode).unwrap();
    }

    fn run(&self, deadline: Duration) -> Delivery {
        let commands = Commands::of_file(self.path("commands"));
        let own = Command { name: "pager".into(), deadline, leads: Leads::Untold };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        // The file of another test's program may still be open for writing in a child that was just forked.
        runtime.block_on(async {
            loop {
                match run(&commands, &own, &MESSAGE).await {
                    Delivery::Failed(why) if why.contains("Text file busy") => {}
                    result => return result,
                }
            }
        })
    }
}

const LONG: Duration = Duration::from_secs(20);

#[test]
fn a_program_gets_the_alert_on_its_input_and_its_own_arguments_only() {
    let machine = Machine::with(
        "cat >got; echo \"$@\" $BLACKSTART_ALERT $BLACKSTART_REPEAT $BLACKSTART_NEWS; env >env",
    );
    // It runs in `/`: let it write beside itself.
    let script = machine.path("page");
    let text = std::fs::read_to_string(&script).unwrap();
    let folder = machine.folder.path().display().to_string();
    std::fs::write(
        &script,
        text.replace(">got", &format!(">{folder}/got")).replace(">env", &format!(">{folder}/env")),
    )
    .unwrap();
    let result = machine.run(LONG);
    assert_eq!(result, Delivery::Delivered("exit code 0 --team core A1 yes opened".to_owned()));
    let got = std::fs::read_to_string(machine.path("got")).unwrap();
    let got: serde_json::Value = serde_json::from_str(&got).expect("JSON");
    assert_eq!(got["subject"], MESSAGE.subject, "nothing of it is run");
    assert_eq!(
        (got["dedup_key"].as_str(), got["repeat"].as_bool()),
        (Some("alert-A1.j"), Some(true))
    );
    let env = std::fs::read_to_string(machine.path("env")).unwrap();
    assert!(!env.contains("HOME=") && !env.contains("CARGO"), "none of our own: {env}");
}

#[test]
fn its_exit_code_says_whether_it_was_delivered() {
    let failed = Machine::with("echo no modem >&2; exit 3").run(LONG);
    assert_eq!(failed, Delivery::Failed("exit code 3 no modem".to_owned()));
    let killed = Machine::with("kill -9 $$").run(LONG);
    assert_eq!(killed, Delivery::InFlight("ended by signal 9".to_owned()), "nobody knows");
}

#[test]
fn one_that_hangs_is_killed_with_all_that_it_started() {
    let machine = Machine::with("");
    let mark = machine.path("child");
    let script = format!("#!/bin/sh\nsleep 1000 & echo $! >{}\nwait\n", mark.display());
    std::fs::write(machine.path("page"), script).unwrap();
    let result = machine.run(Duration::from_secs(1));
    assert!(matches!(&result, Delivery::InFlight(why) if why.contains("killed")), "{result:?}");
    let child = std::fs::read_to_string(&mark).unwrap();
    let stat =
        || std::fs::read_to_string(format!("/proc/{}/stat", child.trim())).unwrap_or_default();
    // It is gone, or waits for its parent's parent to take note of it; a signal takes its moment to arrive.
    let is_over = || stat().is_empty() || stat().contains(" Z ");
    let looks = 0..1_000_000;
    let over = looks.into_iter().any(|_| {
        is_over() || {
            std::thread::yield_now();
            false
        }
    });
    assert!(over, "{}", stat());
}

#[test]
fn one_that_leaves_somebody_with_its_pipes_is_not_waited_for() {
    let result = Machine::with("sleep 1000 & exit 0").run(LONG);
    assert_eq!(result, Delivery::Delivered("exit code 0".to_owned()));
}

#[test]
fn one_that_floods_is_read_to_the_end_and_little_is_kept() {
    let result = Machine::with("head -c 50000000 /dev/zero | tr '\\0' x; exit 1").run(LONG);
    let Delivery::Failed(words) = result else { panic!("{result:?}") };
    assert!(words.len() < 300, "{}", words.len());
}

#[test]
fn one_that_reads_nothing_is_no_failure() {
    let result = Machine::with("exec <&-; exit 0").run(LONG);
    assert_eq!(result, Delivery::Delivered("exit code 0".to_owned()));
}

#[test]
fn what_others_may_change_is_not_run() {
    let machine = Machine::with("exit 0");
    machine.allow("commands", 0o664);
    assert!(
        matches!(machine.run(LONG), Delivery::Failed(why) if why.contains("others may write it"))
    );
    machine.allow("commands", 0o644);
    machine.allow("page", 0o777);
    assert!(
        matches!(machine.run(LONG), Delivery::Failed(why) if why.contains("others may write it"))
    );
    machine.allow("page", 0o644);
    assert!(matches!(machine.run(LONG), Delivery::Failed(why) if why.contains("is no program")));
}

#[test]
fn a_name_without_a_meaning_is_said() {
    let machine = Machine::with("exit 0");
    let commands = Commands::of_file(machine.path("commands"));
    assert!(commands.find("other").unwrap_err().contains("has no command `other`"));
    assert!(Commands::none().find("pager").unwrap_err().contains("--commands"));
    assert!(Settled::of("page --team core").is_err(), "no path is searched");
}
