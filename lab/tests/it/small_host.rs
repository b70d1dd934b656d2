//! Goal: in one night of a small hosting company, watched with every kind of check, the verdict names what broke: the
//! port of a switch, a volume, a daemon. It names nothing that only hangs on it, and says unknown of what nobody can
//! see meanwhile. The pretended world comes to the same by the same file.
//!
//! ```text
//!   mon (blackstart, nginx before it) ──┐
//!   shell-1 (sshd, chronyd) ────────────┤                          ┌── cache-1 (redis)
//!   mail-1 (postfix, dovecot) ──────── core (snmpd) ── port-7 ── rack-2
//!                                                                  └── db-1 (postgres, mariadb, a job, an agent)
//! ```
//!
//! Method: `lab/scenarios/small-host`, two nights. The volume of both databases, a file system of its own, is filled
//! up and becomes root's, as after a restore that went wrong: the databases run on and can read nothing, the job
//! cannot write its dump and does not tell. Redis is killed. In the other night the port is taken down in the kernel.

use blackstart_lab::{
    Agent, Daemon, Host, Lab, Mailbox, Server, certificate, is_possible, wait, wait_to_see,
};
use blackstart_model::plantfile;
use blackstart_model::time::Duration;
use blackstart_sim::play::play;
use blackstart_sim::scenario::{self, Milestone, Scenario};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const PROGRAMS: &[&str] = &[
    "ip",
    "snmpd",
    "chronyd",
    "sshd",
    "ssh-keygen",
    "postfix",
    "dovecot",
    "redis-server",
    "mariadbd",
    "nginx",
    "setpriv",
    "bash",
    "mount",
];

/// Each check is asked once a second: often enough to be soon sure, seldom enough for two busy cores.
const EVERY: Duration = Duration::from_secs(1);
const DEADLINE: Duration = Duration::from_millis(900);

const PASSWORD: &str = "a password of the lab";

/// A file system in memory, gone with the test.
struct Volume(PathBuf);

impl Volume {
    fn mounted(at: PathBuf) -> Self {
        std::fs::create_dir_all(&at).expect("a folder to mount on");
        command(&["mount", "-t", "tmpfs", "-o", "size=160m,mode=755", "tmpfs"], &at);
        Self(at)
    }

    /// It is filled up, and what lies on it becomes root's.
    fn breaks(&self) {
        let mut filled = std::fs::File::create(self.0.join("restored")).expect("a file");
        // The end of the device, which is what is wanted.
        let _ = std::io::copy(&mut std::io::repeat(0), &mut filled);
        for folder in ["postgres/data", "mariadb/data"] {
            command(&["chown", "-R", "root"], &self.0.join(folder));
            command(&["chmod", "-R", "go-rwx"], &self.0.join(folder));
        }
    }

    fn mends(&self) {
        std::fs::remove_file(self.0.join("restored")).expect("it was made");
        for (folder, user) in [("postgres/data", "postgres"), ("mariadb/data", "mysql")] {
            command(&["chown", "-R", user], &self.0.join(folder));
        }
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        // Whoever still lives on it keeps it until it is killed with its host.
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

fn command(words: &[&str], at: &Path) {
    let done = Command::new(words[0]).args(&words[1..]).arg(at).output().expect("it is installed");
    assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// What the file says; `PORT` in its plant is the port's number on the switch.
fn scenario(name: &str, port: &str) -> Scenario {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/small-host");
    let open = |file: &str| {
        let text = std::fs::read_to_string(folder.join(file)).ok();
        text.map(|text| text.replace("PORT", port))
    };
    let text = open(&format!("{name}.yaml")).expect("a scenario");
    scenario::read(&text, open).unwrap_or_else(|mistakes| {
        let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        panic!("{}", mistakes.join("; "))
    })
}

/// The number of a link on its host, as SNMP has it.
fn index(host: &Host, link: &str) -> String {
    let told = Command::new("ip").args(["-n", host.space(), "-o", "link", "show", link]).output();
    let told = String::from_utf8(told.expect("ip is installed").stdout).expect("text");
    told.split(':').next().expect("its number").to_owned()
}

/// The job: as root of its host it adds to a dump, and tells when that was done. Each one needs more room than there
/// was, so that no place it gives back itself, nor one that a database does, lets it go on for long on a full volume.
const JOB: &str = "while sleep 0.3; do \
    head -c 65536 /dev/zero >> $1/dump || continue; \
    exec 3<>/dev/tcp/10.77.0.2/8490 || continue; \
    printf 'POST /push/dump/push HTTP/1.0\\r\\nAuthorization: Bearer a token\\r\\nContent-Length: 0\\r\\n\\r\\n' >&3; \
    head -c 12 <&3 > /dev/null; exec 3<&-; \
done";

/// The company, watched, and well.
struct SmallHost {
    scenario: Scenario,
    server: Server,
    volume: Volume,
    redis: Option<Daemon>,
    core: Host,
    /// The end of the cable to the second rack.
    port: String,
    cache: (Host, String),
    // What only has to live.
    _agent: Agent,
    _daemons: Vec<Daemon>,
    _mailbox: Mailbox,
    _lab: Lab,
}

impl SmallHost {
    fn of(name: &str) -> Self {
        let lab = Lab::new();
        let (core, rack_2) = (lab.switch("core"), lab.switch("rack-2"));
        core.ip(&["address", "add", "10.77.0.1/24", "dev", "br0"]);
        let member = |name: &str, switch: &Host, last: u8| {
            let host = lab.host(name);
            let address = format!("10.77.0.{last}");
            lab.wire((switch, ""), (&host, &format!("{address}/24")));
            (host, address)
        };
        let (mon, _) = member("mon", &core, 2);
        let (shell, shell_at) = member("shell-1", &core, 11);
        let (mail, mail_at) = member("mail-1", &core, 12);
        let cache = member("cache-1", &rack_2, 31);
        let (db, db_at) = member("db-1", &rack_2, 32);
        let (port, _) = lab.wire((&core, ""), (&rack_2, ""));

        let scenario = scenario(name, &index(&core, &port));
        let played = play(&scenario);
        assert!(played.missed.is_empty(), "the pretended world: {:#?}", played.missed);

        // Databases run as users of their own, below.
        for folder in [lab.folder(), db.folder()] {
            let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            std::fs::set_permissions(folder, open).expect("our folder");
        }
        let volume = Volume::mounted(db.folder().join("volume"));
        let pair = certificate(lab.folder(), ["mail-1".to_owned()]);
        let mailbox = Mailbox::postfix(&mail, &mail_at);
        let daemons = vec![
            Daemon::snmpd(&core, "10.77.0.1", PASSWORD),
            Daemon::sshd(&shell, &shell_at),
            Daemon::chronyd(&shell, &shell_at),
            Daemon::dovecot(&mail, &mail_at, &pair),
            Daemon::postgres(&db, &db_at, &volume.0.join("postgres")),
            Daemon::mariadb(&db, &db_at, &volume.0.join("mariadb")),
            Daemon::passes_on_pushes(&mon, "10.77.0.2", 8490),
        ];
        let redis = Some(redis(&cache));
        let mut job = db.command(Path::new("/bin/bash"));
        job.args(["-c", JOB, "job"]).arg(&volume.0).stderr(Stdio::null());
        db.keep(job.spawn().expect("bash is there"));

        let mut plant = (*scenario.plant).clone();
        plant.pace(EVERY, DEADLINE);
        let file = lab.folder().join("plant.yaml");
        std::fs::write(&file, plantfile::print(&plant)).expect("a plant");
        mon.set("BLACKSTART_SECRET_SNMP", PASSWORD);
        mon.set("BLACKSTART_SECRET_DUMP", "a token");
        let server = Server::start(&mon, &file, &["--agents-listen", "10.77.0.2:8482"]);
        let plugins = db.folder().join("plugins");
        let check_disk = "/usr/lib/nagios/plugins/check_disk -w 10% -c 5% -p";
        std::fs::write(&plugins, format!("volume = {check_disk} {}\n", volume.0.display()))
            .expect("a file of plugins");
        let more = format!("plugins = {}\n", plugins.display());
        let agent = Agent::configured(&db, "on-db", server.data(), "10.77.0.2:8482", &more);
        server.console.wait_until_all_up();
        Self {
            scenario,
            server,
            volume,
            redis,
            core,
            port,
            cache,
            _agent: agent,
            _daemons: daemons,
            _mailbox: mailbox,
            _lab: lab,
        }
    }

    /// Waits until what the file expects then is named, and no more; and for what checks say.
    fn judges(&self, expected: &Milestone, said: &[(&str, &str)]) {
        let first: BTreeSet<String> = expected.first.iter().map(|it| it.subject.clone()).collect();
        wait_to_see(&format!("{first:?} to be named"), || {
            let named = self.named();
            if named == first { Ok(()) } else { Err(format!("{named:?}")) }
        });
        for (key, begins) in said {
            wait_to_see(&format!("{key} to be {begins}"), || {
                let says = self.says(key);
                if says.starts_with(begins) { Ok(()) } else { Err(says) }
            });
        }
        assert_eq!(self.named(), first, "and nothing that only hangs on it");
    }

    /// The incidents' causes, of those that last.
    fn named(&self) -> BTreeSet<String> {
        let all = self.server.console.confirmed().into_iter();
        let live = all.filter(|it| it["closed_at"].is_null());
        let causes = live.flat_map(|it| it["cause"].as_array().cloned().unwrap_or_default());
        causes.filter_map(|cause| Some(cause["component"].as_str()?.to_owned())).collect()
    }

    /// What a check says from its vantage; `unknown` when that is not known any more, whatever was said before.
    fn says(&self, key: &str) -> String {
        let checks = self.server.console.api("/checks")["checks"].clone();
        let checks = checks.as_array().into_iter().flatten();
        let check = checks.into_iter().find(|check| check["key"] == key).unwrap_or(&Value::Null);
        let seen = &check["from"][0];
        let word = if seen["standing"] == "unknown" { "standing" } else { "outcome" };
        seen[word].as_str().unwrap_or_default().to_owned()
    }
}

/// Redis, which lets anybody in from anywhere.
fn redis((host, address): &(Host, String)) -> Daemon {
    Daemon::redis(host, address, 6379, &["--protected-mode", "no"])
}

/// What has nothing to do with it, and stays as it was.
const WELL: [(&str, &str); 3] = [("login/ssh", "up"), ("mailboxes/imap", "up"), ("time/ntp", "up")];

#[test]
fn a_volume_and_a_daemon_are_named_and_not_what_lies_on_it() {
    if !is_possible(PROGRAMS) {
        return;
    }
    let mut company = SmallHost::of("volume");
    let [volume_bad, both] = &company.scenario.expect.at.clone()[..] else { panic!("two looks") };
    company.volume.breaks();
    let said = [
        ("volume-1/plugin", "down(plugin-critical: DISK CRITICAL"),
        ("accounts/postgres", "down(query-failed: 42501 could not"),
        ("shops/mariadb", "down(wrong-answer: `0`"),
        ("dump/push", "down(not-told"),
        ("sessions/redis", "up"),
    ];
    company.judges(volume_bad, &[&WELL[..], &said].concat());
    let cache = company.cache.clone();
    company.redis.take().expect("it runs").kill();
    company.judges(both, &[("sessions/redis", "down(refused"), ("port-7/snmp", "up")]);
    company.volume.mends();
    let _redis = redis(&cache);
    wait("everything to be over", || company.named().is_empty().then_some(()));
    company.server.console.wait_until_all_up();
}

#[test]
fn a_dead_port_is_named_and_what_is_behind_it_is_unknown_where_nobody_can_see_it() {
    if !is_possible(PROGRAMS) {
        return;
    }
    let company = SmallHost::of("port");
    company.core.ip(&["link", "set", &company.port, "down"]);
    let said = [
        ("port-7/snmp", "down(wrong-value: ifOperStatus"),
        ("sessions/redis", "down("),
        ("dump/push", "down(not-told"),
        ("volume-1/plugin", "unknown"),
    ];
    company.judges(&company.scenario.expect.end, &[&WELL[..], &said].concat());
}
