//! A real server from Debian's packages, as a process of its own with a folder of its own, that is gone
//! when nobody holds it any more, also when the tests die.

use crate::asked::PATIENCE;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak, mpsc};
use std::time::Duration;

pub(crate) struct Daemon {
    process: Mutex<Child>,
    /// Ended by this signal: the one that the server obeys at once.
    signal: rustix::process::Signal,
    pub(crate) folder: tempfile::TempDir,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let process = self.process.get_mut().unwrap_or_else(PoisonError::into_inner);
        let pid = rustix::process::Pid::from_child(process);
        let _ = rustix::process::kill_process(pid, self.signal);
        let _ = process.wait();
    }
}

impl Daemon {
    /// Starts a server in this folder, its words in `log` there.
    pub(crate) fn start(
        folder: tempfile::TempDir,
        user: &str,
        signal: rustix::process::Signal,
        command: &[String],
    ) -> Self {
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut command = as_user(user, Some(signal), command);
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        // The kernel ends it with the thread that started it: that one lives as long as the tests.
        let (sender, started) = mpsc::channel();
        std::thread::spawn(move || {
            sender.send(command.spawn().unwrap()).unwrap();
            loop {
                std::thread::park();
            }
        });
        Self { process: Mutex::new(started.recv().unwrap()), signal, folder }
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Waits until it is as it should be.
    pub(crate) fn until(&self, what: &str, is: impl Fn() -> bool) {
        for _ in 0..PATIENCE.as_millis() / 10 {
            if is() {
                return;
            }
            let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(ended) = process.try_wait().unwrap() {
                panic!("{what}: {ended}: {}", self.log());
            }
            drop(process);
            pause();
        }
        panic!("{what}: {}", self.log());
    }
}

/// Between two looks at a condition.
#[expect(clippy::disallowed_methods, reason = "a condition is looked at again after a moment")]
pub(crate) fn pause() {
    std::thread::sleep(Duration::from_millis(10));
}

/// A command under the server's own user, when we are root: it would not run as that.
pub(crate) fn as_user(
    user: &str,
    ended_with_us: Option<rustix::process::Signal>,
    command: &[String],
) -> Command {
    if !rustix::process::geteuid().is_root() {
        let mut own = Command::new(&command[0]);
        own.args(&command[1..]);
        return own;
    }
    let mut own = Command::new("setpriv");
    own.args(["--reuid", user, "--regid", user, "--clear-groups"]);
    if let Some(signal) = ended_with_us {
        let name = if signal == rustix::process::Signal::QUIT { "QUIT" } else { "KILL" };
        own.args(["--pdeathsig", name]);
    }
    own.args(command);
    own
}

/// A folder of the server's own user.
pub(crate) fn folder_of(user: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    if rustix::process::geteuid().is_root() {
        let id = |flag: &str| {
            let said = Command::new("id").args([flag, user]).output().unwrap().stdout;
            String::from_utf8(said).unwrap().trim().parse().unwrap()
        };
        std::os::unix::fs::chown(folder.path(), Some(id("-u")), Some(id("-g"))).unwrap();
    }
    folder
}

/// Puts a file there that the server's own user may read, and nobody else.
pub(crate) fn place(folder: &Path, name: &str, text: &str) -> String {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let owner = std::fs::metadata(folder).unwrap();
    std::os::unix::fs::chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Runs a command to its end.
pub(crate) fn done(mut command: Command) -> String {
    let ended = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success(), "{said}{}", String::from_utf8_lossy(&ended.stderr));
    said
}

/// A loopback address that nobody listens on now.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// One server for all tests that run at the same time.
pub(crate) struct Shared<T>(Mutex<Weak<T>>);

impl<T> Shared<T> {
    pub(crate) const fn none() -> Self {
        Self(Mutex::new(Weak::new()))
    }

    pub(crate) fn get(&self, start: impl FnOnce() -> T) -> Arc<T> {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let started = Arc::new(start());
            *shared = Arc::downgrade(&started);
            started
        })
    }
}
