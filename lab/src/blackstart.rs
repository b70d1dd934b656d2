//! Our binaries as processes, and the console as others see it.

use crate::namespace::Host;
use crate::wait;
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A binary that cargo has built beside this test.
///
/// # Panics
/// When it has not been built.
#[must_use]
pub fn binary() -> PathBuf {
    built("blackstart")
}

/// The agent's binary.
#[must_use]
pub fn agent_binary() -> PathBuf {
    built("blackstart-agent")
}

fn built(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("a test knows where it is");
    own.ancestors()
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("{name} is not built: cargo build --workspace --bins"))
}

/// A console as seen from its own host.
#[derive(Clone)]
pub struct Console {
    host: Host,
    at: SocketAddr,
}

impl Console {
    /// That of a server which somebody else started on this host, where it listens by itself.
    ///
    /// # Panics
    /// Never: the address is one.
    #[must_use]
    pub fn of(host: &Host) -> Self {
        Self { host: host.clone(), at: "127.0.0.1:8480".parse().expect("an address") }
    }

    /// The body of an answer, and its headers.
    ///
    /// # Errors
    /// When nobody answers.
    pub fn get(&self, path: &str) -> std::io::Result<(String, String)> {
        self.request(&format!("GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n", self.at))
    }

    /// Sends JSON; gives the status line and the body.
    ///
    /// # Errors
    /// When nobody answers.
    pub fn post(&self, path: &str, body: &str) -> std::io::Result<(String, String)> {
        self.request(&format!(
            "POST {path} HTTP/1.0\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.at,
            body.len()
        ))
    }

    /// As [`post`](Self::post), with a bearer token.
    ///
    /// # Errors
    /// When nobody answers.
    pub fn post_as(
        &self,
        token: &str,
        path: &str,
        body: &str,
    ) -> std::io::Result<(String, String)> {
        self.request(&format!(
            "POST {path} HTTP/1.0\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n{body}",
            self.at,
            body.len()
        ))
    }

    fn request(&self, request: &str) -> std::io::Result<(String, String)> {
        let at = self.at;
        self.host.inside(move || {
            let mut stream = TcpStream::connect(at)?;
            stream.write_all(request.as_bytes())?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
            Ok((body.to_owned(), head.to_owned()))
        })
    }

    /// Another listener of the same host, at this port of loopback.
    #[must_use]
    pub fn beside(&self, port: u16) -> Self {
        Self { host: self.host.clone(), at: ([127, 0, 0, 1], port).into() }
    }

    /// The answer of the API at this path, as JSON; null while nobody answers.
    #[must_use]
    pub fn api(&self, path: &str) -> Value {
        self.get(&format!("/api/v1{path}"))
            .ok()
            .and_then(|(body, _)| serde_json::from_str(&body).ok())
            .unwrap_or(Value::Null)
    }

    /// All incidents that were ever confirmed.
    #[must_use]
    pub fn confirmed(&self) -> Vec<Value> {
        let all = self.api("/incidents");
        let all = all["incidents"].as_array().cloned().unwrap_or_default();
        all.into_iter()
            .filter(|incident| {
                let history = incident["history"].as_array().cloned().unwrap_or_default();
                history.iter().any(|change| change["state"] == "open")
                    && incident["state"] != "merged"
            })
            .collect()
    }

    /// The whole journal, oldest first.
    #[must_use]
    pub fn journal(&self) -> Vec<Value> {
        let mut entries: Vec<Value> = Vec::new();
        let mut path = "/journal?limit=1000".to_owned();
        loop {
            let page = self.api(&path)["entries"].as_array().cloned().unwrap_or_default();
            let Some(oldest) = page.last().map(|entry| entry["id"].clone()) else { break };
            entries.extend(page);
            path = format!("/journal?limit=1000&before={}", oldest.as_str().unwrap_or("1"));
        }
        entries.reverse();
        entries
    }

    /// Waits until every check has given an answer since the start.
    pub fn wait_until_asked(&self) {
        wait("every check to have spoken", || {
            let checks = self.api("/checks")["checks"].as_array().cloned()?;
            let spoke = |check: &Value| {
                let from = check["from"].as_array().cloned().unwrap_or_default();
                from.iter().all(|sight| sight["standing"] != "unknown")
            };
            (!checks.is_empty() && checks.iter().all(spoke)).then_some(())
        });
    }

    /// Waits until every check, from every vantage, is up.
    pub fn wait_until_all_up(&self) {
        wait("every check to be up from everywhere", || {
            let checks = self.api("/checks")["checks"].as_array().cloned()?;
            let up = |check: &Value| {
                let from = check["from"].as_array().cloned().unwrap_or_default();
                from.iter().all(|sight| sight["standing"] == "up")
            };
            (!checks.is_empty() && checks.iter().all(up)).then_some(())
        });
    }
}

/// A running `blackstart serve`.
pub struct Server {
    host: Host,
    process: u32,
    /// Its console.
    pub console: Console,
    /// What agents know it by.
    pub fingerprint: String,
    data: PathBuf,
}

impl Server {
    /// Starts it on a host with this plant.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(host: &Host, plant: &Path, arguments: &[&str]) -> Self {
        Self::begin(host, Some(plant), arguments)
    }

    /// Starts it on a host with no plant: it is to find out for itself.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start_alone(host: &Host) -> Self {
        Self::begin(host, None, &[])
    }

    fn begin(host: &Host, plant: Option<&Path>, arguments: &[&str]) -> Self {
        let data = host.folder().join("data");
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(host.folder().join("serve.log"))
            .expect("a log");
        let mut child = host
            .command(&binary())
            .arg("serve")
            .args(plant)
            .arg("--data")
            .arg(&data)
            .args(["--listen", "127.0.0.1:8480", "--status-listen", "127.0.0.1:8481"])
            .args(["--format", "json"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("blackstart starts");
        let mut told = String::new();
        let mut out = BufReader::new(child.stdout.take().expect("its words are piped"));
        out.read_line(&mut told).expect("its words are text");
        let told: Value = serde_json::from_str(&told)
            .unwrap_or_else(|_| panic!("blackstart did not start; see serve.log: {told}"));
        let at = "127.0.0.1:8480".parse().expect("an address");
        let fingerprint = told["fingerprint"].as_str().unwrap_or_default().to_owned();
        let console = Console { host: host.clone(), at };
        Self { host: host.clone(), process: host.keep(child), console, fingerprint, data }
    }

    /// Its journal's folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Has it stand still, or go on.
    pub fn halt(&self, halted: bool) {
        self.host.halt(self.process, halted);
    }

    /// Kills it with SIGKILL.
    pub fn kill(self) {
        self.host.kill(self.process);
    }
}

/// What `enroll` prints: the agent's configuration.
fn enrolled(name: &str, data: &Path) -> String {
    let enrolled = Command::new(binary())
        .args(["enroll", name, "--data"])
        .arg(data)
        .output()
        .expect("blackstart enrols");
    assert!(enrolled.status.success(), "{}", String::from_utf8_lossy(&enrolled.stderr));
    String::from_utf8(enrolled.stdout).expect("text")
}

/// A running agent.
pub struct Agent {
    host: Host,
    process: u32,
}

impl Agent {
    /// Enrols and starts one on a host.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(host: &Host, name: &str, data: &Path, server: &str) -> Self {
        Self::begin(host, server, &enrolled(name, data))
    }

    /// The same for one that its own configuration allows these kinds of checks only.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start_allowing(host: &Host, name: &str, data: &Path, server: &str, kinds: &str) -> Self {
        let config = enrolled(name, data);
        let (before, _) = config.split_once("allow = ").expect("it says what it allows");
        Self::begin(host, server, &format!("{before}allow = {kinds}\n"))
    }

    /// The same, with more lines of configuration.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn configured(host: &Host, name: &str, data: &Path, server: &str, more: &str) -> Self {
        Self::begin(host, server, &(enrolled(name, data) + more))
    }

    fn begin(host: &Host, server: &str, config: &str) -> Self {
        let spool = host.folder().join("spool");
        let config =
            config.replace("SERVER:8482", server) + &format!("spool = {}\n", spool.display());
        let path = host.folder().join("agent.conf");
        std::fs::write(&path, config).expect("agent.conf");
        let own = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&path, own).expect("agent.conf is ours");
        let log = std::fs::File::create(host.folder().join("agent.log")).expect("a log");
        let child = host
            .command(&agent_binary())
            .arg("--config")
            .arg(&path)
            .stderr(log)
            .spawn()
            .expect("the agent starts");
        Self { host: host.clone(), process: host.keep(child) }
    }

    /// Has it stand still, or go on.
    pub(crate) fn halt(&self, halted: bool) {
        self.host.halt(self.process, halted);
    }

    /// Kills it with SIGKILL.
    pub fn kill(self) {
        self.host.kill(self.process);
    }
}
