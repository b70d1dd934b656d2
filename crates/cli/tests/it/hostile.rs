//! What is told to us, jobs and an Alertmanager's webhook, by clients that mean it no good: what each is answered, and
//! that the next honest one is heard all the same.
//!
//! The table is in `docs/checks/push.md`; `UPDATE_EXPECT=1` writes it there. Every one of these connections comes to
//! its end, or the test never does.

use crate::blackstart::{Serving, Site};
use std::fmt::Write as _;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

const PLANT: &str = "blackstart: 1\nname: p\ntimezone: UTC\nservices: { job: { checks: [ { push: open, every: 1 h } ] }, shop: {} }\n";

/// A body longer than any that is taken: 2 MiB.
const FLOOD: usize = 2 << 20;

/// Where it goes, and an honest body.
const DOORS: [(&str, &str, &str); 2] = [
    ("a job", "/push/job/push", "done"),
    (
        "a webhook",
        "/api/v1/alertmanager",
        r#"{"alerts":[{"status":"firing","labels":{"alertname":"Slow","component":"shop"},"annotations":{},"startsAt":"2026-01-01T00:00:00Z","endsAt":"0001-01-01T00:00:00Z"}]}"#,
    ),
];

/// What a client sends, how it goes on, and in words.
struct Client {
    words: &'static str,
    sends: fn(&str, &str) -> Vec<u8>,
    then: Then,
}

#[derive(Clone, Copy)]
enum Then {
    /// It waits for an answer.
    Waits,
    /// It sends the last byte again, now and then, until it hears something.
    Drips,
    /// It says no more, and listens.
    ClosesItsHalf,
    /// It waits; whether an answer still reaches it hangs on how much it had sent.
    Floods,
}

fn head(path: &str, length: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n"
    )
}

fn whole(path: &str, body: &str, length: usize) -> Vec<u8> {
    format!("{}\r\n{body}", head(path, length)).into_bytes()
}

const CLIENTS: [Client; 11] = [
    Client { words: "says nothing", sends: |_, _| Vec::new(), then: Then::Waits },
    Client {
        words: "says half of the head, and no more",
        sends: |path, _| head(path, 4).into_bytes(),
        then: Then::Waits,
    },
    Client {
        words: "drips a head that does not end",
        sends: |path, _| (head(path, 4) + "X: y").into_bytes(),
        then: Then::Drips,
    },
    Client {
        words: "says half of the body, and no more",
        sends: |path, body| whole(path, &body[..body.len() / 2], body.len()),
        then: Then::Waits,
    },
    Client {
        words: "drips a body",
        sends: |path, body| whole(path, body, 16_000),
        then: Then::Drips,
    },
    Client {
        words: "floods with a head",
        sends: |path, _| (head(path, 4) + &"X: y\r\n".repeat(FLOOD / 6)).into_bytes(),
        then: Then::Floods,
    },
    Client {
        words: "floods with a body",
        sends: |path, _| whole(path, &" ".repeat(FLOOD), FLOOD),
        then: Then::Floods,
    },
    Client {
        words: "announces 4 GB, and sends little",
        sends: |path, body| whole(path, body, 4_000_000_000),
        then: Then::Waits,
    },
    Client {
        words: "closes in the middle of the body",
        sends: |path, body| whole(path, &body[..body.len() / 2], body.len()),
        then: Then::ClosesItsHalf,
    },
    Client {
        words: "names two lengths",
        sends: |path, body| {
            format!("{}Content-Length: 1\r\n\r\n{body}", head(path, body.len())).into_bytes()
        },
        then: Then::Waits,
    },
    Client {
        words: "speaks another protocol",
        sends: |_, _| b"EHLO nobody\r\nMAIL FROM:<>\r\n".to_vec(),
        then: Then::Waits,
    },
];

impl Client {
    /// The status of the first answer, or that there was none. Comes back when the server has ended the connection.
    fn hears(&self, serving: &Serving, path: &str, body: &str) -> String {
        let at = serving.console.trim_start_matches("http://");
        let mut stream = TcpStream::connect(at).expect("it listens");
        let pause = Duration::from_millis(100);
        stream.set_read_timeout(Some(pause)).expect("a socket takes it");
        // Whoever floods may be cut off in the middle of it.
        let _ = stream.write_all(&(self.sends)(path, body));
        if let Then::ClosesItsHalf = self.then {
            let _ = stream.shutdown(Shutdown::Write);
        }
        let mut heard = Vec::new();
        let mut piece = [0; 4_096];
        loop {
            match stream.read(&mut piece) {
                Ok(0) => break,
                Ok(bytes) => heard.extend(&piece[..bytes]),
                Err(why) if matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    let drips = matches!(self.then, Then::Drips) && heard.is_empty();
                    if drips && stream.write_all(b"y").is_err() {
                        break;
                    }
                }
                Err(_) => break,
            }
        }
        let heard = String::from_utf8_lossy(&heard).into_owned();
        let status = heard.split(' ').nth(1);
        match status {
            Some("413" | "431") | None if matches!(self.then, Then::Floods) => {
                "is cut off".to_owned()
            }
            Some(status) => format!("`{status}`, and is closed"),
            None => "is closed".to_owned(),
        }
    }
}

#[test]
fn who_tells_us_things_may_hang_drip_flood_or_lie_and_the_next_one_is_heard() {
    let site = Site::new(PLANT);
    let serving = site.serve();
    let rows: Vec<(&Client, Vec<String>)> = std::thread::scope(|scope| {
        let asked: Vec<_> = CLIENTS
            .iter()
            .map(|client| {
                let serving = &serving;
                DOORS.map(|(_, path, body)| scope.spawn(move || client.hears(serving, path, body)))
            })
            .collect();
        let heard = asked
            .into_iter()
            .map(|doors| doors.map(|door| door.join().expect("it comes to its end")).to_vec());
        CLIENTS.iter().zip(heard).collect()
    });
    assert_eq!(serving.api("/checks")["checks"][0]["standing"], "unknown", "none of it was a word");
    for (who, path, body) in DOORS {
        let json = "Content-Type: application/json\r\n";
        let (head, _) = serving.request(&format!("POST {path}"), json, body);
        assert!(head.contains(" 204 ") || head.contains(" 200 "), "{who}: {head}");
    }
    assert_eq!(serving.outcome("job/push"), "up");

    let mut table = String::from("| a client that | as a job | as a webhook |\n|---|---|---|\n");
    for (client, heard) in rows {
        writeln!(table, "| {} | {} |", client.words, heard.join(" | ")).expect("text");
    }
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/checks/push.md");
    let text = std::fs::read_to_string(page).expect("the page is there");
    let (before, rest) = text.split_once("| a client that |").expect("it has the table");
    let after = rest.split_once("\n\n").map_or("", |(_, after)| after);
    let after = if after.is_empty() { String::new() } else { format!("\n{after}") };
    expect_test::expect_file![page].assert_eq(&format!("{before}{table}{after}"));
}
