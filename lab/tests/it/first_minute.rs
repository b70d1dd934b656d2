//! Goal: somebody without rights, on a bare Debian, has a first check in the journal within seconds of unpacking the
//! tarball, is told something true, and is told what to do where it cannot work. docs/first-minute.md tells this story.
//!
//! Drawing: a bare Debian with nginx, a cable, and a gateway that answers echoes and asks for names.
//!
//! Method: everything is typed as the page has it, in this order, and every sentence in `told` is in what was said and
//! on the page. With `BLACKSTART_WRITE=1` the page is written anew from the run. Times are on the page, and nothing is
//! asserted on them. What is tried is what `cargo xtask dist` made.

use blackstart_lab::{Bare, Console, Daemon, Host, Lab, PERSON, is_possible, wait};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Instant;

/// The page, from the folder of this crate.
const PAGE: &str = "../docs/first-minute.md";

/// What `cargo xtask dist` made whose names end so; nothing where it did not call us.
pub(crate) fn made(end: &str) -> Vec<PathBuf> {
    let Some(folder) = std::env::var_os("BLACKSTART_DIST") else {
        // `cargo xtask test --only dist` makes it, and calls us.
        return Vec::new();
    };
    let entries = fs::read_dir(folder).expect("the folder of what was made");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut found: Vec<PathBuf> =
        paths.filter(|path| path.to_string_lossy().ends_with(end)).collect();
    found.sort();
    assert!(!found.is_empty(), "nothing was made that ends in {end}");
    found
}

#[expect(clippy::disallowed_methods, reason = "how long a person waits is what the page tells")]
fn now() -> Instant {
    Instant::now()
}

fn seconds(since: Instant) -> String {
    format!("{:.1} s", since.elapsed().as_secs_f64())
}

/// The page as it grows.
struct Story<'a> {
    bare: &'a Bare,
    page: String,
    before: String,
    /// How often something was left to run.
    left: usize,
}

impl Story<'_> {
    fn tell(&mut self, words: &str) {
        self.page.push_str(words);
        self.page.push_str("\n\n");
    }

    /// What was typed, and what was said to it; both without what differs from run to run but for figures.
    fn show(&mut self, prompt: &str, line: &str, said: &str, told: &[&str]) {
        for words in told {
            assert!(said.contains(words), "`{line}` did not say `{words}`:\n{said}");
            assert!(
                self.is_written(words),
                "docs/first-minute.md does not have `{words}`; BLACKSTART_WRITE=1 writes it anew"
            );
        }
        assert!(
            self.is_written(&format!("{prompt} {line}\n")),
            "docs/first-minute.md does not have `{line}`"
        );
        self.page.push_str(&format!(
            "```console\n{prompt} {line}\n{}```\n\n",
            said.trim_start_matches('\n')
        ));
    }

    fn is_written(&self, words: &str) -> bool {
        std::env::var_os("BLACKSTART_WRITE").is_some() || self.before.contains(words)
    }

    /// Types something that ends by itself.
    fn types(&mut self, folder: &str, line: &str, told: &[&str]) {
        let output = self
            .bare
            .typed(folder, &format!("{line} 2>&1"), false)
            .output()
            .expect("it can be typed");
        self.show("$", line, &String::from_utf8_lossy(&output.stdout), told);
    }

    /// Types something that goes on. What it says is in the file.
    fn leaves(&mut self, folder: &str, line: &str) -> (Child, PathBuf) {
        self.left += 1;
        let path = self.bare.path(&format!("tmp/said-{}", self.left));
        let said = File::create(&path).expect("a file");
        let mut command = self.bare.typed(folder, &format!("exec {line}"), false);
        command
            .stdin(Stdio::null())
            .stdout(said.try_clone().expect("a second handle"))
            .stderr(said);
        (command.spawn().expect("it can be typed"), path)
    }
}

/// The machine: nginx, a gateway that answers echoes, and a resolver there.
fn machine(lab: &Lab) -> (Host, Bare) {
    let (machine, gateway) = (lab.host("machine"), lab.host("gateway"));
    let ends = lab.wire((&machine, "192.0.2.10/24"), (&gateway, "192.0.2.1/24"));
    machine.ip(&["link", "set", &ends.0, "down"]);
    machine.ip(&["link", "set", &ends.0, "name", "eth0"]);
    machine.ip(&["link", "set", "eth0", "up"]);
    machine.ip(&["route", "add", "default", "via", "192.0.2.1"]);
    let _resolver =
        Daemon::names(&gateway, "192.0.2.1", &["local-zone: \"example.net.\" static".to_owned()]);
    let bare = Bare::unpacked(lab, &machine);
    bare.write("etc/resolv.conf", "nameserver 192.0.2.1\n");
    bare.write("etc/timezone", "Europe/Amsterdam\n");
    (machine, bare)
}

/// Starts nginx as the machine has it.
fn nginx(host: &Host, bare: &Bare) -> u32 {
    let mut command = bare.typed("/", "exec nginx -g 'daemon off;'", true);
    let child =
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("nginx is in it");
    let console = host.clone();
    wait("nginx", || console.inside(|| std::net::TcpStream::connect("127.0.0.1:80").ok()));
    host.keep(child)
}

/// Stops it with all its workers.
fn stop(host: &Host, bare: &Bare, web: u32) {
    bare.run("nginx -s stop");
    // Its master ends its workers, and is not to be killed before it has.
    wait("nginx to be gone", || host.inside(|| std::net::TcpStream::connect("127.0.0.1:80").err()));
    host.kill(web);
}

#[test]
fn somebody_without_rights_is_told_something_true_within_seconds_of_unpacking() {
    let tarballs = made(".tar.gz");
    if tarballs.is_empty() || !is_possible(&["mmdebstrap", "unshare", "unbound", "ip"]) {
        return;
    }
    let tarball = &tarballs[0];
    let lab = Lab::new();
    let (host, bare) = machine(&lab);
    let web = nginx(&host, &bare);
    let home = format!("/home/{PERSON}");
    bare.give(tarball, &home[1..]);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let before = fs::read_to_string(&page).unwrap_or_default();
    let mut story = Story { bare: &bare, page: String::new(), before, left: 0 };

    let unpacked = now();
    story.tell("## Unpack, and start");
    let name = tarball.file_name().expect("a name").to_string_lossy().into_owned();
    story.types(&home, "tar xzf blackstart-*.tar.gz && cd blackstart-*/", &[]);
    let unpacking = seconds(unpacked);
    let folder = format!("{home}/{}", name.trim_end_matches(".tar.gz"));

    let started = now();
    let (serving, said) = story.leaves(&folder, "./blackstart serve");
    let console = Console::of(&host);
    let answered = wait("the console", || console.get("/").ok().map(|_| seconds(started)));
    let checked = wait("the first check in the journal", || {
        let entries = console.api("/journal?limit=1000")["entries"].as_array().cloned()?;
        entries.iter().any(|entry| entry["kind"] == "observed").then(|| seconds(started))
    });
    let known = wait("every check to have been answered", || {
        let checks = console.api("/checks")["checks"].as_array().cloned()?;
        let is_up = |check: &serde_json::Value| check["standing"] == "up";
        (!checks.is_empty() && checks.iter().all(is_up)).then(|| seconds(started))
    });
    let words = fs::read_to_string(&said).expect("what it said");
    let words: String = words
        .lines()
        .filter(|line| !line.contains(" INFO "))
        .map(|line| format!("{line}\n"))
        .collect();
    story.show(
        "$",
        "./blackstart serve",
        &words,
        &[
            "no plant given: this machine is watched",
            "what nobody knows (it stands in the file, too):",
            "console:     http://127.0.0.1:8480/",
        ],
    );
    story.tell(&format!(
        "| | after |\n|---|---|\n| unpacking | {unpacking} |\n| from `serve`: the console answers | {answered} |\n\
         | a check is in the journal | **{checked}** |\n| every check has been answered | {known} |"
    ));

    story.tell("## Something true");
    story.types(&folder, "./blackstart status", &["0 incidents; checks: "]);
    stop(&host, &bare, web);
    let stopped = now();
    let open = wait("an incident that is open", || {
        let incidents = console.api("/incidents")["incidents"].as_array().cloned()?;
        incidents.iter().any(|incident| incident["state"] == "open").then(|| seconds(stopped))
    });
    story.tell(&format!("Somebody stops nginx. {open} later:"));
    story.types(&folder, "./blackstart status", &["I1 open: ", "is down"]);
    let web = nginx(&host, &bare);
    let again = now();
    let over = wait("the incident to be over", || {
        let incident = console.api("/incidents/I1");
        (incident["state"] == "resolved").then(|| seconds(again))
    });
    story.tell(&format!("And starts it again. {over} later:"));
    story.types(&folder, "./blackstart status", &["0 incidents; checks: "]);

    story.tell("## What it cannot do here, and why");
    story.types(&folder, "./blackstart doctor", &["sending ICMP echoes", "→"]);

    story.tell("## When something is in the way\n\nA second one, while the first is there:");
    story.types(
        &folder,
        "./blackstart serve --data other",
        &["could not listen on 127.0.0.1:8480", "--listen"],
    );
    story.tell("The same folder twice:");
    story.types(
        &folder,
        "./blackstart serve --listen 127.0.0.1:9480 --status-listen 127.0.0.1:9481",
        &["is in use by another server"],
    );
    end(&host, serving);
    story.tell("In a folder that is somebody else's:");
    story.types(
        "/",
        "~/blackstart-*/blackstart serve",
        &["could not make blackstart-data", "Permission denied", "--data"],
    );
    story.tell("Without any network, and with nothing that listens:");
    stop(&host, &bare, web);
    host.ip(&["link", "delete", "eth0"]);
    bare.write("etc/resolv.conf", "");
    let (serving, said) = story.leaves(&folder, "./blackstart serve --data alone");
    wait("it to listen", || {
        fs::read_to_string(&said).ok().filter(|said| said.contains("status page:"))
    });
    let words = fs::read_to_string(&said).expect("what it said");
    story.show(
        "$",
        "./blackstart serve --data alone",
        &words,
        &["it has no default route", "watching "],
    );
    end(&host, serving);
    if std::env::var_os("BLACKSTART_WRITE").is_some() {
        let intro = story.before.split("\n## ").next().unwrap_or_default().trim_end().to_owned();
        fs::write(&page, format!("{intro}\n\n{}\n", story.page.trim_end()))
            .expect("the page can be written");
    }
}

/// Ends what was left to run.
fn end(host: &Host, child: Child) {
    let id = host.keep(child);
    host.kill(id);
}
