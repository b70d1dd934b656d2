//! A prober with ears: what every case here is told through.

use blackstart_model::check::{Host, HostPort, HttpQuestion, Question};
use blackstart_model::time::Duration;
use blackstart_probe::secrets::SecretStore;
use blackstart_probe::{Answer, Assignment, Equipment, Listener, Prober, Sample, ask_once};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, mpsc};

/// Longer than anything here takes; a case that waits so long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A period so long that only what is asked for is put.
pub(crate) const NEVER: Duration = Duration::from_secs(86_400);

#[derive(Debug)]
pub(crate) enum Heard {
    Sample(Sample),
    WayOut(bool),
}

struct Ears(Mutex<mpsc::Sender<Heard>>);

impl Listener for Ears {
    fn sample(&self, sample: Sample) {
        let _ = self.0.lock().unwrap().send(Heard::Sample(sample));
    }

    fn way_out(&self, open: bool, _: &str) {
        let _ = self.0.lock().unwrap().send(Heard::WayOut(open));
    }
}

pub(crate) fn prober() -> (Prober, mpsc::Receiver<Heard>) {
    prober_with(Equipment::new(Arc::new(SecretStore::default())))
}

pub(crate) fn prober_with(equipment: Equipment) -> (Prober, mpsc::Receiver<Heard>) {
    let (sender, heard) = mpsc::channel();
    let prober = Prober::start(equipment, Arc::new(Ears(Mutex::new(sender))), "it").unwrap();
    (prober, heard)
}

pub(crate) fn assignment(key: &str, question: Question, deadline: Duration) -> Assignment {
    Assignment {
        key: key.into(),
        every: NEVER,
        deadline,
        question: question.into(),
        crosses_way_out: false,
    }
}

/// Puts one question once.
pub(crate) fn asked(question: Question) -> Answer {
    asked_within(question, PATIENCE / 2)
}

pub(crate) fn asked_within(question: Question, deadline: Duration) -> Answer {
    asked_of(Equipment::bare(), question, deadline)
}

/// Puts one question once, with this equipment.
pub(crate) fn asked_of(equipment: Equipment, question: Question, deadline: Duration) -> Answer {
    let (prober, heard) = prober_with(equipment);
    prober.assign(vec![assignment("it/it", question, deadline)], &[]);
    prober.ask(["it/it".into()]);
    match heard.recv_timeout(PATIENCE).expect("an answer") {
        Heard::Sample(sample) => {
            assert!(sample.asked);
            sample.answer
        }
        Heard::WayOut(_) => panic!("no way out was asked about"),
    }
}

/// These lines as a secrets file of this folder.
pub(crate) fn secrets(folder: &tempfile::TempDir, lines: &str) -> SecretStore {
    let path = folder.path().join("secrets");
    std::fs::write(&path, lines).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&path, private).unwrap();
    SecretStore { file: Some(path) }
}

/// Puts one question once, with these secrets: lines of a secrets file.
pub(crate) fn asked_with(secrets: &str, question: Question, deadline: Duration) -> Answer {
    let folder = tempfile::tempdir().unwrap();
    let equipment = Equipment::new(Arc::new(self::secrets(&folder, secrets)));
    let [answer] = ask_once(&equipment, &[question], deadline).unwrap().try_into().unwrap();
    answer
}

/// The question of a check that is written so in a plant file.
pub(crate) fn written(check: &str) -> Question {
    let text = format!("blackstart: 1\nservices: {{ it: {{ checks: {{ {check} }} }} }}\n");
    let (plant, findings) = blackstart_model::plantfile::parse_str(&text);
    let plant = plant.unwrap_or_else(|| panic!("{check}: {findings:#?}"));
    (*plant.checks()[0].question).clone()
}

pub(crate) fn at(address: SocketAddr) -> HostPort {
    HostPort { host: Host::Address(address.ip()), port: address.port() }
}

pub(crate) fn get(authority: HostPort, path: &str) -> HttpQuestion {
    HttpQuestion {
        method: "GET",
        authority,
        path: path.into(),
        connect: None,
        headers: Vec::new(),
        tls: None,
        status: vec![(200, 399)],
        body: Vec::new(),
        response_headers: Vec::new(),
        body_bytes_max: 1 << 20,
        slow: None,
    }
}

/// A server that answers each connection with these bytes, once it has read a request, and closes.
pub(crate) fn server(answer: &'static [u8]) -> SocketAddr {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 1024];
            while !request.windows(4).any(|four| four == b"\r\n\r\n") {
                match stream.read(&mut buffer) {
                    Ok(0) | Err(_) => break,
                    Ok(read) => request.extend_from_slice(&buffer[..read]),
                }
            }
            let _ = stream.write_all(answer);
        }
    });
    address
}

/// A listener that takes connections and never says a word.
pub(crate) fn mute() -> (SocketAddr, std::net::TcpListener) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    (listener.local_addr().unwrap(), listener)
}

/// A port that nobody listens on.
pub(crate) fn closed() -> SocketAddr {
    let (address, listener) = mute();
    drop(listener);
    address
}
