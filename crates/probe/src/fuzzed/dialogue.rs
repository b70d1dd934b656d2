//! Whatever a server says to a check that talks with it: the check is over when the server has closed, and what it
//! tells is short and prints.
//!
//! The first byte says which check is put. The rest is what the server says, at once: who is asked for nothing before
//! it may speak early, and the check takes each word in its turn. For `fuzz/`; not in what is released.

use crate::secrets::Secrets;
use crate::{Equipment, ask_once};
use blackstart_model::check::Question;
use blackstart_model::observation::{NoAnswer, Outcome, Symptom};
use blackstart_model::plantfile;
use blackstart_model::time::Duration;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, LazyLock, Mutex};

/// The checks, as a plant file has them.
const CHECKS: [&str; 15] = [
    "smtp: AT",
    "smtp: AT, tls: starttls",
    "imap: AT",
    "imap: AT, tls: starttls",
    "ssh: AT",
    "redis: AT, password: { secret: p }",
    "redis: AT, role: replica",
    "postgres: AT, tls: off",
    "postgres: AT, tls: prefer, user: me, password: { secret: p }, query: select 1, role: primary",
    "mariadb: AT, tls: off",
    "mariadb: AT, tls: prefer, user: me, password: { secret: p }, query: select 1, role: primary",
    "http: http://AT/, status: 200",
    "talk: AT, steps: [{ expect: '^[+]OK(.*)', send: 'A ${1}' }, { expect: '^[+](?<a>O)', send: '${a}${0}' }]",
    "talk: AT, steps: [{ expect: '^220', send: STARTTLS }, { expect: ready, starttls: true }], goodbye: QUIT",
    "talk: AT, steps: [{ send_bytes: { hex: 0004d2162f }, expect_bytes: S }, { expect: a, starttls: true }]",
];

/// Longer than any honest turn of this loop; who needs it hangs, which is what is sought.
const DEADLINE: Duration = Duration::from_secs(10);

struct Anything;

impl Secrets for Anything {
    fn value(&self, name: &str) -> Result<String, String> {
        Ok(name.to_owned())
    }
}

struct Server {
    says: Mutex<SyncSender<Vec<u8>>>,
    questions: Vec<Question>,
    equipment: Equipment,
}

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let questions = CHECKS.iter().map(|written| {
        let written = written.replace("http://AT/", &format!("\"http://{address}/\""));
        let written = written.replace("AT", &format!("\"{address}\""));
        let text = format!("blackstart: 1\nservices: {{ x: {{ checks: [ {{ {written} }} ] }} }}\n");
        let (plant, findings) = plantfile::parse_str(&text);
        let plant = plant.unwrap_or_else(|| panic!("{findings:#?}"));
        (*plant.checks()[0].question).clone()
    });
    let (says, said) = sync_channel::<Vec<u8>>(0);
    let questions = questions.collect();
    std::thread::spawn(move || {
        for said in said {
            let Ok((mut stream, _)) = listener.accept() else { continue };
            let _ = stream.write_all(&said);
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let _ = stream.set_read_timeout(Some(DEADLINE));
            let mut dropped = [0; 4096];
            while stream.read(&mut dropped).is_ok_and(|read| read > 0) {}
        }
    });
    Server { says: Mutex::new(says), questions, equipment: Equipment::new(Arc::new(Anything)) }
});

/// Puts the check to a server that says this.
pub fn dialogue(bytes: &[u8]) {
    let Some((&which, said)) = bytes.split_first() else { return };
    let question = &SERVER.questions[usize::from(which) % CHECKS.len()];
    SERVER.says.lock().expect("one at a time").send(said.to_vec()).expect("the server lives");
    let asked = ask_once(&SERVER.equipment, std::slice::from_ref(question), DEADLINE);
    let answer = asked.expect("a runtime").remove(0);
    if let Outcome::Degraded(Symptom { detail, .. })
    | Outcome::Down(Symptom { detail, .. })
    | Outcome::Unknown(NoAnswer { detail, .. }) = &answer.outcome
    {
        assert!(detail.len() <= Symptom::DETAIL_BYTES_MAX, "{detail}");
        assert!(!detail.contains(char::is_control), "{detail:?}");
    }
    assert!(!said.is_empty() || answer.outcome != Outcome::Up, "{:?}", answer.outcome);
}
