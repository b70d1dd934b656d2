//! Hosts and wires: a network namespace for each host, veth pairs for cables, a bridge for a switch.

use std::cell::{Cell, RefCell};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A small plant of hosts. Dropping it takes everything down.
pub struct Lab {
    prefix: String,
    folder: tempfile::TempDir,
    hosts: RefCell<Vec<Host>>,
    wires: Cell<u32>,
}

/// A host: a network namespace and what runs in it.
#[derive(Clone)]
pub struct Host(Rc<Inner>);

struct Inner {
    name: String,
    space: String,
    folder: PathBuf,
    processes: RefCell<Vec<Child>>,
    environment: RefCell<Vec<(String, OsString)>>,
}

static LABS: AtomicU32 = AtomicU32::new(0);

/// Runs a command of the operator's; its failure is the test's.
///
/// # Panics
/// When it fails.
pub(crate) fn run(words: &[&str]) {
    let output = Command::new(words[0]).args(&words[1..]).stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("could not start {}: {error}", words[0]));
    assert!(
        output.status.success(),
        "`{}` failed: {}",
        words.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
}

impl Lab {
    /// An empty one, apart from all others.
    ///
    /// # Panics
    /// When there is no folder for temporary files.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it makes a folder")]
    pub fn new() -> Self {
        let number = LABS.fetch_add(1, Ordering::Relaxed);
        let folder = tempfile::Builder::new().prefix("blackstart-lab-").tempdir();
        Self {
            prefix: format!("bs{}-{number}-", std::process::id()),
            folder: folder.expect("a folder for temporary files"),
            hosts: RefCell::default(),
            wires: Cell::new(0),
        }
    }

    /// A folder for this lab's files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A host with loopback and nothing else.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn host(&self, name: &str) -> Host {
        let space = format!("{}{name}", self.prefix);
        run(&["ip", "netns", "add", &space]);
        let folder = self.folder.path().join(name);
        std::fs::create_dir_all(&folder).expect("a folder for the host");
        let (name, processes, environment) =
            (name.to_owned(), RefCell::default(), RefCell::default());
        let host = Host(Rc::new(Inner { name, space, folder, processes, environment }));
        host.ip(&["link", "set", "lo", "up"]);
        self.hosts.borrow_mut().push(host.clone());
        host
    }

    /// A host that is a switch: one bridge.
    #[must_use]
    pub fn switch(&self, name: &str) -> Host {
        let host = self.host(name);
        host.ip(&["link", "add", "br0", "type", "bridge"]);
        host.ip(&["link", "set", "br0", "up"]);
        host
    }

    /// A host that routes.
    #[must_use]
    pub fn router(&self, name: &str) -> Host {
        let host = self.host(name);
        host.run(&["sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0"]);
        host
    }

    /// A cable between two hosts, with both ends up and nothing on it. Returns the names of both ends.
    ///
    /// # Panics
    /// When it cannot be laid.
    pub fn cable(&self, a: &Host, b: &Host) -> (String, String) {
        let number = self.wires.get();
        self.wires.set(number + 1);
        let ends = (format!("w{number}a"), format!("w{number}b"));
        let (one, other) = (ends.0.as_str(), ends.1.as_str());
        let peer = ["type", "veth", "peer", "name", other, "netns", b.space()];
        a.ip(&[&["link", "add", one][..], &peer].concat());
        a.ip(&["link", "set", one, "up"]);
        b.ip(&["link", "set", other, "up"]);
        ends
    }

    /// How many cables there are.
    #[must_use]
    pub const fn cables(&self) -> u32 {
        self.wires.get()
    }

    /// A cable between two hosts. An end with an address (`10.1.0.2/24`) carries it; an end without is
    /// a port of a switch. Returns the names of both ends.
    ///
    /// # Panics
    /// When it cannot be laid.
    pub fn wire(&self, a: (&Host, &str), b: (&Host, &str)) -> (String, String) {
        let (end_a, end_b) = self.cable(a.0, b.0);
        for ((host, address), end) in [(a, &end_a), (b, &end_b)] {
            if address.is_empty() {
                host.plug(end);
            } else {
                host.ip(&["address", "add", address, "dev", end]);
            }
        }
        (end_a, end_b)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if std::thread::panicking() {
            keep_logs(self.folder.path());
        }
        for host in self.hosts.borrow().iter() {
            host.kill_all();
            let _ = Command::new("ip").args(["netns", "delete", host.space()]).output();
            let _ = std::fs::remove_dir_all(host.own_etc());
        }
    }
}

/// A lab that failed leaves its logs and journals in `lab-logs/`.
fn keep_logs(folder: &Path) {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lab-logs");
    let _ = std::fs::create_dir_all(&kept);
    let _ = Command::new("cp").arg("-r").arg(folder).arg(&kept).output();
}

impl Host {
    /// Its name in the test.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Its network namespace.
    #[must_use]
    pub fn space(&self) -> &str {
        &self.0.space
    }

    /// A folder for its files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.0.folder
    }

    /// `ip` in it.
    pub fn ip(&self, words: &[&str]) {
        let mut all = vec!["ip", "-n", self.space()];
        all.extend(words);
        run(&all);
    }

    /// Several lines for `ip` in it, at once.
    ///
    /// # Panics
    /// When one of them fails.
    pub fn ip_batch(&self, lines: &str) {
        let path = self.0.folder.join("ip-batch");
        std::fs::write(&path, lines).expect("a file for ip");
        self.ip(&["-batch", &path.to_string_lossy()]);
    }

    /// Makes an end of a cable a port of this switch.
    pub fn plug(&self, end: &str) {
        self.ip(&["link", "set", end, "master", "br0"]);
    }

    /// Sets a variable for all that is started on it from now on.
    pub fn set(&self, name: &str, value: impl AsRef<OsStr>) {
        self.0.environment.borrow_mut().push((name.to_owned(), value.as_ref().to_owned()));
    }

    /// Gives it a file under `/etc` of its own (`ip netns exec` puts it there).
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn etc(&self, name: &str, text: &str) {
        let folder = self.own_etc();
        std::fs::create_dir_all(&folder).expect("a folder in /etc/netns");
        std::fs::write(folder.join(name), text).expect("a file in /etc/netns");
    }

    fn own_etc(&self) -> PathBuf {
        Path::new("/etc/netns").join(self.space())
    }

    /// A command in it that ends by itself.
    pub fn run(&self, words: &[&str]) {
        let mut all = vec!["ip", "netns", "exec", self.space()];
        all.extend(words);
        run(&all);
    }

    /// Its links, as `ip` tells them.
    pub(crate) fn links(&self) -> serde_json::Value {
        let told = Command::new("ip").args(["-n", self.space(), "-j", "link"]).output();
        let told = told.map(|output| output.stdout).unwrap_or_default();
        serde_json::from_slice(&told).unwrap_or_default()
    }

    /// A command to be started in it.
    #[must_use]
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", self.space()]).arg(program).stdin(Stdio::null());
        command.envs(self.0.environment.borrow().iter().map(|(name, value)| (name, value)));
        command
    }

    /// Keeps a process until the host goes down; returns its id.
    pub fn keep(&self, child: Child) -> u32 {
        let id = child.id();
        self.0.processes.borrow_mut().push(child);
        id
    }

    /// Kills one of its processes with SIGKILL and waits for its end.
    pub fn kill(&self, id: u32) {
        let mut processes = self.0.processes.borrow_mut();
        if let Some(at) = processes.iter().position(|child| child.id() == id) {
            let mut child = processes.remove(at);
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// One of its processes stands still, until it goes on.
    pub(crate) fn halt(&self, id: u32, halted: bool) {
        let signal = if halted { "-STOP" } else { "-CONT" };
        run(&["kill", signal, &id.to_string()]);
    }

    /// The host loses its power: everything that runs in its namespace is killed.
    pub fn kill_all(&self) {
        for mut child in self.0.processes.borrow_mut().drain(..) {
            let _ = child.kill();
            let _ = child.wait();
        }
        let pids = Command::new("ip").args(["netns", "pids", self.space()]).output();
        let pids = pids.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        for pid in pids.unwrap_or_default().split_whitespace() {
            let _ = Command::new("kill").args(["-9", pid]).output();
        }
    }

    /// Runs a function with this host's network. Only the calling of sockets is in it, not the files.
    ///
    /// # Panics
    /// When the namespace cannot be entered.
    pub fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
        use std::os::fd::AsFd as _;
        let path = format!("/var/run/netns/{}", self.space());
        std::thread::scope(|scope| {
            let entered = scope.spawn(move || {
                let space = std::fs::File::open(path).expect("the namespace has a file");
                move_into_link_name_space(space.as_fd(), Some(LinkNameSpaceType::Network))
                    .expect("root may enter a namespace");
                work()
            });
            entered.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}
