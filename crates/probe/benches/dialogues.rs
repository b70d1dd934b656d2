//! How much CPU does a conversation with a server take, beside the Nagios plugin that has it elsewhere?
//!
//! On paper: a connection, two to six small reads and writes and a close are some 25 system calls, 60 us with the
//! kernel's share of TCP; a fork and exec of a small program a millisecond and upwards. What is built in should cost
//! a fifth at most.
//!
//! Method: a process of our own on loopback speaks just enough of each protocol to be well; and [`beside`]. Redis has
//! no plugin in Debian's monitoring-plugins; `check_tcp` sends it a `PING`. `cargo bench -p blackstart-probe --bench
//! dialogues`.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads clocks and waits")]
#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

mod beside;

use beside::{Daemon, Pair, free_port};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

/// Conversations each second of what is built in.
const RATE: usize = 500;

/// Conversations that the server has at once.
const SPEAKERS: usize = 16;

/// A kind of check, the plugin that asks the same, and what the server says to both.
struct Spoken {
    name: &'static str,
    /// As in a plant file; `@` is the server.
    check: &'static str,
    /// Told the server's address and port besides.
    plugin: &'static str,
    /// What the server says first, then to each thing it is told; after the last it closes.
    says: &'static [&'static str],
}

const SPOKEN: [Spoken; 7] = [
    Spoken { name: "tcp", check: "tcp: '@'", plugin: "check_tcp", says: &["", ""] },
    Spoken {
        name: "http",
        check: "http: 'http://@/'",
        plugin: "check_http",
        says: &[
            "",
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n",
        ],
    },
    Spoken {
        name: "ssh",
        check: "ssh: '@'",
        plugin: "check_ssh",
        says: &["SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n", ""],
    },
    Spoken {
        name: "smtp",
        check: "smtp: '@'",
        plugin: "check_smtp",
        says: &[
            "220 mail.example.net ESMTP Postfix (Debian/GNU)\r\n",
            "250-mail.example.net\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250 CHUNKING\r\n",
            "221 2.0.0 Bye\r\n",
        ],
    },
    Spoken {
        name: "imap",
        check: "imap: '@'",
        plugin: "check_imap",
        says: &[
            "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] Dovecot (Debian) ready.\r\n",
            "* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\na1 OK Pre-login capabilities listed.\r\n",
            "* BYE Logging out\r\n",
        ],
    },
    Spoken {
        name: "redis",
        check: "redis: '@'",
        plugin: "check_tcp -E -s PING\\r\\n -e +PONG",
        says: &["", "+PONG\r\n", "+OK\r\n"],
    },
    Spoken {
        name: "talk",
        check: "talk: '@', steps: [ { expect: '^[+]OK' } ], goodbye: QUIT",
        plugin: "check_pop",
        says: &["+OK Dovecot (Debian) ready.\r\n", "+OK Logging out\r\n"],
    },
];

fn main() {
    // The server is this program, too, in a process whose CPU is not ours.
    let words: Vec<String> = std::env::args().collect();
    if let Some(at) = words.iter().position(|word| word == "speak") {
        let (name, port) = (&words[at + 1], words[at + 2].parse().unwrap());
        return speak(SPOKEN.iter().find(|spoken| spoken.name == name).unwrap(), port);
    }
    beside::head();
    for spoken in &SPOKEN {
        let port = free_port();
        let _server = Daemon::start(Command::new(std::env::current_exe().unwrap()).args([
            "speak",
            spoken.name,
            &port.to_string(),
        ]));
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(Duration::from_millis(10));
        }
        let check = spoken.check.replace('@', &format!("127.0.0.1:{port}"));
        let plugin = format!("{} -H 127.0.0.1 -p {port}", spoken.plugin);
        beside::row(&Pair::new(spoken.name, RATE, check, plugin));
    }
}

/// Is the server, until it is killed.
fn speak(spoken: &Spoken, port: u16) {
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..SPEAKERS {
            scope.spawn(|| {
                for stream in listener.incoming().flatten() {
                    converse(stream, spoken.says);
                }
            });
        }
    });
}

fn converse(mut stream: TcpStream, says: &[&str]) {
    let mut heard = [0; 4096];
    let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
    let _ = stream.set_nodelay(true);
    for (at, words) in says.iter().enumerate() {
        let is_last = at + 1 == says.len();
        let said = stream.write_all(words.as_bytes()).is_ok();
        if is_last || !said || stream.read(&mut heard).unwrap_or(0) == 0 {
            return;
        }
    }
}
