//! The binary as a process.

use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_blackstart");

/// Runs a verb to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    Command::new(BINARY).args(arguments).stdin(Stdio::null()).output().expect("it is built")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Waits for a condition; a case that waits a minute has failed.
pub(crate) fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..1_200 {
        if let Some(found) = look() {
            return found;
        }
        let nobody = Mutex::new(());
        let guard = nobody.lock().expect("nobody else holds it");
        let _ = Condvar::new().wait_timeout(guard, Duration::from_millis(50));
    }
    panic!("waited in vain for {what}");
}

/// A folder with a plant, and servers on it.
pub(crate) struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    pub(crate) fn new(plant: &str) -> Self {
        let site = Self { folder: tempfile::tempdir().expect("a folder") };
        site.write(plant);
        site
    }

    pub(crate) fn write(&self, plant: &str) {
        // As an editor does it: the new text takes the place of the old one at once.
        let part = self.folder.path().join("plant.part");
        std::fs::write(&part, plant).expect("a file");
        std::fs::rename(part, self.plant()).expect("a file");
    }

    pub(crate) fn plant(&self) -> PathBuf {
        self.folder.path().join("plant.yaml")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command
            .arg("serve")
            .arg(self.plant())
            .arg("--data")
            .arg(self.data())
            .args(["--status-listen", "127.0.0.1:0", "--format", "json"])
            .args(arguments)
            .env("BLACKSTART_LOG", "warn")
            .stdin(Stdio::null());
        command
    }

    /// Starts `serve`, which is to fail; its exit code and all its words.
    pub(crate) fn fails(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.command(arguments).output().expect("it is built");
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    }

    pub(crate) fn serve(&self) -> Serving {
        self.serve_with(&["--listen", "127.0.0.1:0"])
    }

    pub(crate) fn serve_with(&self, arguments: &[&str]) -> Serving {
        Serving::start(&mut self.command(arguments))
    }
}

/// A running server; killed when dropped.
pub(crate) struct Serving {
    child: Child,
    pub(crate) console: String,
    pub(crate) told: Value,
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Serving {
    /// Starts it; returns when it has told where it listens.
    fn start(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().expect("it is built");
        let mut line = String::new();
        let out = child.stdout.take().expect("it is piped");
        BufReader::new(out).read_line(&mut line).expect("text");
        let told: Value = serde_json::from_str(&line).expect("it tells where it listens");
        let console = told["console"].as_str().expect("a URL").trim_end_matches('/').to_owned();
        Self { child, console, told }
    }

    /// A demonstration.
    pub(crate) fn demo(arguments: &[&str]) -> Self {
        let mut command = Command::new(BINARY);
        command.args(["demo", "--listen", "127.0.0.1:0", "--status-listen", "127.0.0.1:0"]);
        Self::start(command.args(["--format", "json"]).args(arguments))
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([name, &id]).status().expect("kill is there");
        assert!(sent.success());
    }

    /// Waits for its end; its exit code.
    pub(crate) fn ended(mut self) -> Option<i32> {
        self.child.wait().expect("it is our child").code()
    }

    /// Head and body of the answer to a request with these header lines.
    pub(crate) fn request(&self, first: &str, headers: &str, body: &str) -> (String, String) {
        let at = self.console.trim_start_matches("http://");
        let mut stream = TcpStream::connect(at).expect("it listens");
        let host =
            if headers.contains("Host:") { String::new() } else { format!("Host: {at}\r\n") };
        write!(
            stream,
            "{first} HTTP/1.0\r\n{host}{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .expect("it reads");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("it answers");
        let answer = text(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").expect("HTTP");
        (head.to_owned(), body.to_owned())
    }

    pub(crate) fn api(&self, path: &str) -> Value {
        let (_, body) = self.request(&format!("GET /api/v1{path}"), "", "");
        serde_json::from_str(&body).unwrap_or(Value::Null)
    }

    /// What the check of this key says, once it has said something.
    pub(crate) fn outcome(&self, key: &str) -> String {
        wait(key, || {
            let all = self.api("/checks");
            let checks = all["checks"].as_array()?;
            let check = checks.iter().find(|check| check["key"] == key)?;
            check["from"][0]["outcome"].as_str().map(str::to_owned)
        })
    }

    /// Kinds of the journal's records, oldest first.
    pub(crate) fn journal(&self) -> Vec<Value> {
        let mut entries =
            self.api("/journal?limit=1000")["entries"].as_array().cloned().unwrap_or_default();
        entries.reverse();
        entries
    }
}

/// A web server that answers everything with 200, and remembers the first line of each request.
pub(crate) struct Web {
    pub(crate) at: std::net::SocketAddr,
    seen: std::sync::Arc<Mutex<Vec<String>>>,
}

impl Web {
    pub(crate) fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let at = listener.local_addr().expect("a port");
        let seen = std::sync::Arc::new(Mutex::new(Vec::new()));
        let own = seen.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
                let mut first = String::new();
                let _ = reader.read_line(&mut first);
                let mut line = String::new();
                while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                    line.clear();
                }
                own.lock().expect("not poisoned").push(first.trim().to_owned());
                let mut stream = stream;
                let _ = stream.write_all(
                    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                );
            }
        });
        Self { at, seen }
    }

    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("not poisoned").clone()
    }
}
