//! A courier, an incident to tell of, and a server that notes and judges what it is sent.

use blackstart_delivery::{Commands, Courier, Matter, Message};
use blackstart_model::record::{FaultMode, FaultName, Particulars, Urgency};
use blackstart_model::time::Timestamp;
use blackstart_probe::secrets::Secrets;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Every secret is its own name, in capitals; one has no value.
pub(crate) struct Capitals;

impl Secrets for Capitals {
    fn value(&self, name: &str) -> Result<String, String> {
        if name == "lost" {
            Err("the secret `lost` is not set".to_owned())
        } else {
            Ok(name.to_uppercase())
        }
    }
}

pub(crate) fn courier() -> Courier {
    Courier::new(Arc::new(Capitals), Commands::none())
}

pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}

pub(crate) fn particulars() -> Particulars {
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    Particulars {
        urgency: Urgency::Critical,
        opened_at: "2017-03-26T00:31:00.5Z".parse().unwrap(),
        cause: vec![FaultName { subject: "switch-2".to_owned(), mode: FaultMode::Down }],
        sure_percent: Some(93),
        sentence: "switch-2 (switch) is down: very likely (93 %)".to_owned(),
        explains: names(&["plex/https from here"]),
        unexplained: names(&["mail/smtp from here"]),
        contradicted: Vec::new(),
        services: names(&["plex"]),
        customers: names(&["acme"]),
    }
}

/// What is told of incident 7 of a plant.
pub(crate) fn message<'a>(matter: Matter, told: Option<&'a Particulars>) -> Message<'a> {
    let news = match matter {
        Matter::Lasts => "opened",
        Matter::Taken => "acknowledged",
        Matter::Over => "resolved",
        Matter::Told => "plant-refused",
    };
    Message {
        key: "alert-A9.29d4",
        thread: "incident-I7.29d4",
        matter,
        plant: "bytesized",
        installation: "29d4",
        alert: "A9",
        incident: (matter != Matter::Told).then_some("I7"),
        news,
        subject: "[bytesized] switch-2 down; 1 service, 1 customer (I7)",
        text: "switch-2 (switch) is down: very likely (93 %)\n\nservices:  plex\n",
        repeat: false,
        decided_at: Some(Timestamp::UNIX_EPOCH),
        particulars: told,
        first_urgency: told.map(|_| "critical"),
        link: Some("https://console.example/incidents/I7"),
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// `POST /v2/enqueue`.
    pub(crate) line: String,
    /// By their names in small letters.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Value,
}

/// What a server does with a request.
pub(crate) enum Answer {
    Says(u16, &'static str),
    /// The same, with more than a status in its head.
    SaysWith(&'static str, &'static str),
    /// Closes the connection without a word.
    Nothing,
}

/// A server on loopback.
pub(crate) struct Server {
    pub(crate) at: SocketAddr,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// One that judges each request so.
    pub(crate) fn start(judge: impl Fn(&Request) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let own = seen.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let Some(request) = read(&mut stream) else { continue };
                own.lock().unwrap().push(request.clone());
                let (head, body) = match judge(&request) {
                    Answer::Says(status, body) => (format!("{status} X"), body),
                    Answer::SaysWith(head, body) => (head.to_owned(), body),
                    Answer::Nothing => continue,
                };
                let length = body.len();
                let _ = write!(
                    stream,
                    "HTTP/1.1 {head}\r\ncontent-type: application/json\r\n\
                     content-length: {length}\r\nconnection: close\r\n\r\n{body}"
                );
            }
        });
        Self { at, seen }
    }

    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let mut lines = head.lines();
            let line = lines.next()?.trim_end_matches(" HTTP/1.1").to_owned();
            let headers: BTreeMap<String, String> = lines
                .filter_map(|line| line.split_once(':'))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
                .collect();
            let length: usize =
                headers.get("content-length").map_or(0, |text| text.parse().unwrap());
            if bytes.len() >= end + 4 + length {
                let body = &bytes[end + 4..end + 4 + length];
                let body = serde_json::from_slice(body).unwrap_or(Value::Null);
                return Some(Request { line, headers, body });
            }
        }
        let count = stream.read(&mut chunk).ok().filter(|&count| count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
    }
}

/// The keys of an object that are none of these.
pub(crate) fn others<'a>(object: &'a Value, known: &[&str]) -> Vec<&'a String> {
    let Some(object) = object.as_object() else { return Vec::new() };
    object.keys().filter(|key| !known.contains(&key.as_str())).collect()
}
