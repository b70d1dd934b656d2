//! `try`: a real web server on this machine, watched; stop it, and see it named.

use crate::packages;
use crate::web::{free_port, get, receive};
use crate::{cargo, target};
use anyhow::{Context as _, Result, bail};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Longer than any step of the script takes; about a minute.
const LOOKS_MAX: usize = 900;

const PLANT: &str = "\
# What `cargo xtask try` watches: one real web server, and around it a plant as it might be.
blackstart: 1
name: try
timezone: UTC
feeds: { feed-a: { voltage: 230 V }, feed-b: { voltage: 230 V } }
pdus:
  pdu-a: { fed_by: feed-a, breaker: 16 A C }
  pdu-b: { fed_by: feed-b, breaker: 16 A C }
upstreams: { transit-1: { provides: internet } }
switches: { switch-1: { power: { any: [pdu-a, pdu-b] }, network: transit-1 } }
servers:
  web-host:
    power: { any: [pdu-a, pdu-b] }
    network: switch-1
    checks: [ { icmp: 127.0.0.1, every: 2s, deadline: 1s } ]
components: { nginx: { on: web-host } }
here: { at: switch-1 }
services:
  shop: { on: nginx, public: true, checks: [ { http: 'http://127.0.0.1:PORT/', every: 2s, deadline: 1s } ] }
  blog: { on: nginx, public: true, checks: [ { http: 'http://127.0.0.1:PORT/blog', every: 2s, deadline: 1s } ] }
customers: { acme: { uses: [shop] }, globex: { uses: [blog] } }
alerts: { webhooks: { terminal: { url: 'http://HOOK/' } } }
";

pub(crate) fn run(scripted: bool) -> Result<()> {
    cargo(&["build", "--quiet", "--package", "blackstart-cli"])?;
    let folder = target().join("try");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).context("could not make target/try")?;
    let mut web = WebServer::at(&folder)?;
    web.start()?;
    let (alerts, heard) = mpsc::channel();
    let hook = receive(move |body| {
        let alert: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
        println!("\n── alert ── {}\n{}", words(&alert["subject"]), words(&alert["text"]));
        let _ = alerts.send(words(&alert["news"]));
    })?;
    let plant = PLANT.replace("PORT", &web.port.to_string()).replace("HOOK", &hook.to_string());
    let path = folder.join("plant.yaml");
    std::fs::write(&path, plant).context("could not write the plant")?;
    let listen = |wanted: u16| -> Result<String> {
        let free = !scripted && std::net::TcpListener::bind(("127.0.0.1", wanted)).is_ok();
        Ok(format!("127.0.0.1:{}", if free { wanted } else { free_port()? }))
    };
    let (console, status) = (listen(8480)?, listen(8481)?);
    let mut server = Command::new(target().join("debug/blackstart"))
        .arg("serve")
        .arg(&path)
        .args(["--listen", &console, "--status-listen", &status])
        .arg("--data")
        .arg(folder.join("data"))
        .env("BLACKSTART_LOG", "warn")
        .stdout(Stdio::piped())
        .spawn()
        .map(Killed)
        .context("could not start blackstart")?;
    let mut told = BufReader::new(server.0.stdout.take().context("its words are piped")?);
    let mut line = String::new();
    told.read_line(&mut line)?;
    if line.is_empty() {
        bail!("blackstart did not start: {}", server.0.wait()?);
    }
    let console: SocketAddr = console.parse()?;
    println!("\n{line}a real web server ({}) answers at http://127.0.0.1:{}/", web.name, web.port);
    println!("console:      http://{console}/\nstatus page:  http://{status}/");
    if scripted { script(&mut web, console, &heard) } else { converse(&mut web) }
}

fn words(value: &serde_json::Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Stops and starts the web server as the person says.
fn converse(web: &mut WebServer) -> Result<()> {
    println!(
        "\nOpen the console, then press Enter here to stop the web server, and again to start it."
    );
    println!("`q` and Enter ends everything.");
    for line in std::io::stdin().lock().lines() {
        if line?.trim() == "q" {
            return Ok(());
        }
        if web.is_running() {
            web.stop();
            println!("the web server is stopped: watch the console");
        } else {
            web.start()?;
            println!(
                "the web server runs again: the incident resolves ten seconds after it is seen up"
            );
        }
        std::io::stdout().flush()?;
    }
    Ok(())
}

/// The same without a person: stop, incident with its cause, alert; start, resolved.
fn script(web: &mut WebServer, console: SocketAddr, heard: &mpsc::Receiver<String>) -> Result<()> {
    wait("every check is up", || {
        let checks: serde_json::Value = serde_json::from_str(&get(console, "/api/v1/checks")?)?;
        let checks = checks["checks"].as_array().cloned().unwrap_or_default();
        Ok(checks.len() == 3 && checks.iter().all(|check| check["standing"] == "up"))
    })?;
    web.stop();
    println!("stopped the web server");
    let incident = |state: &str| {
        let (state, path) = (state.to_owned(), "/api/v1/incidents");
        move || {
            let all: serde_json::Value = serde_json::from_str(&get(console, path)?)?;
            let first = &all["incidents"][0];
            Ok(first["state"] == state.as_str() && first["cause"][0]["component"] == "nginx")
        }
    };
    wait("an incident is open whose cause is nginx", incident("open"))?;
    wait("the alert is heard", || Ok(heard.try_recv().is_ok_and(|news| news == "opened")))?;
    web.start()?;
    println!("started the web server");
    wait("the incident is resolved", incident("resolved"))?;
    wait("its end is told", || Ok(heard.try_recv().is_ok_and(|news| news == "resolved")))
}

/// Waits for a condition, and says that it holds.
fn wait(what: &str, holds: impl Fn() -> Result<bool>) -> Result<()> {
    for _ in 0..LOOKS_MAX {
        if holds().unwrap_or(false) {
            println!("✓ {what}");
            return Ok(());
        }
        std::thread::park_timeout(LOOK_EVERY);
    }
    bail!("waited in vain until {what}");
}

/// A process that does not outlive us.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// nginx where it is or may be installed, else Python's.
struct WebServer {
    name: &'static str,
    port: u16,
    folder: PathBuf,
    running: Option<Killed>,
}

impl WebServer {
    fn at(folder: &Path) -> Result<Self> {
        if !packages::has("nginx") && packages::may_install() {
            println!("installing nginx-light, to have a real web server to watch");
            packages::apt(&["nginx-light"])?;
        }
        let name = if packages::has("nginx") {
            "nginx"
        } else if packages::has("python3") {
            "Python's http.server"
        } else {
            bail!("no web server to watch: apt-get install nginx-light");
        };
        Ok(Self { name, port: free_port()?, folder: folder.to_owned(), running: None })
    }

    const fn is_running(&self) -> bool {
        self.running.is_some()
    }

    fn stop(&mut self) {
        self.running = None;
    }

    fn start(&mut self) -> Result<()> {
        let port = self.port;
        let mut command = if self.name == "nginx" {
            let at = self.folder.display();
            let config = format!(
                "daemon off;\nmaster_process off;\nuser root;\npid {at}/nginx.pid;\nerror_log {at}/nginx.error;\n\
                 events {{}}\nhttp {{\n  access_log off;\n  client_body_temp_path {at}/body;\n  \
                 proxy_temp_path {at}/proxy;\n  fastcgi_temp_path {at}/fastcgi;\n  \
                 uwsgi_temp_path {at}/uwsgi;\n  scgi_temp_path {at}/scgi;\n  \
                 server {{ listen 127.0.0.1:{port}; location / {{ return 200 \"it works\\n\"; }} }}\n}}\n"
            );
            let path = self.folder.join("nginx.conf");
            std::fs::write(&path, config)?;
            let nginx =
                if Path::new("/usr/sbin/nginx").exists() { "/usr/sbin/nginx" } else { "nginx" };
            let mut command = Command::new(nginx);
            command.arg("-c").arg(path).arg("-e").arg(self.folder.join("nginx.error"));
            command
        } else {
            std::fs::write(self.folder.join("blog"), "it works\n")?;
            let mut command = Command::new("python3");
            command.args(["-m", "http.server", "--bind", "127.0.0.1", &port.to_string()]);
            command.current_dir(&self.folder);
            command
        };
        let child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.running =
            Some(Killed(child.with_context(|| format!("could not start {}", self.name))?));
        for _ in 0..LOOKS_MAX {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(());
            }
            std::thread::park_timeout(LOOK_EVERY);
        }
        bail!("{} does not answer on port {port}", self.name)
    }
}
