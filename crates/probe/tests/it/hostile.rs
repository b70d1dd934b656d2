//! Every kind of check against servers that mean it no good: what it says of each.
//!
//! The table is `docs/checks/hostile.md`; `UPDATE_EXPECT=1` writes it. Each row is one server that behaves
//! in one way; every check of the table is over by its deadline, or the test never ends, and of a flood it
//! takes no more than [`flood_bytes_max`], or it would take gigabytes. A kind is a file here and a line in
//! [`KINDS`].
//!
//! A deadline has to be longer than what this machine takes for an honest answer: what is cut short in the middle of
//! one goes first, however long it takes, and those that never end are given many times as long.

mod dns;
mod http;
mod ntp;
mod snmp;
mod ssh;
mod talk;
mod mail;
mod redis;
mod postgres;
mod mariadb;

use crate::asked::{PATIENCE, at};
use blackstart_model::check::{HostPort, Question};
use blackstart_model::time::Duration;
use blackstart_probe::secrets::Secrets;
use blackstart_probe::{Equipment, ask_once};
use std::fmt::Write as _;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, mpsc};

/// Every kind that speaks over a network. `tcp` asks nothing, and the kernel answers `icmp`.
const KINDS: &[Kind] = &[
    http::KIND,
    dns::KIND,
    ssh::KIND,
    talk::KIND,
    mail::SMTP,
    mail::IMAP,
    redis::KIND,
    postgres::KIND,
    mariadb::KIND,
    snmp::KIND,
    snmp::KIND_V3,
    ntp::KIND,
];

/// A kind of check, and what a server for it says.
struct Kind {
    name: &'static str,
    over: Over,
    ask: fn(HostPort) -> Question,
    /// A good answer to what came from the check so far; longer than [`DRIPS_MAX`] bytes.
    honest: Says,
    /// The same with a length in it that is not so; `None` where the protocol has no lengths.
    lie: Option<Says>,
    /// A good answer to another question; `None` where a connection says whose it is.
    another: Option<Says>,
    /// What is sent again and again as a flood that is of this protocol.
    flood: &'static [u8],
    /// A server of another protocol.
    other: &'static [u8],
}

/// What a server says to what it heard.
type Says = fn(&[u8]) -> Vec<u8>;

enum Over {
    /// The server speaks first.
    TcpGreeted,
    /// It waits for a request.
    Tcp,
    Udp,
}

/// What a server does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Behaviour {
    Mute,
    StopsAfterFirst,
    Drips,
    Floods,
    FloodsInOrder,
    Lies,
    ClosesInTheMiddle,
    ResetsInTheMiddle,
    OtherProtocol,
    Garbage,
    FromElsewhere,
    AnswersAnother,
    Halves,
    FillsADatagram,
}

const BEHAVIOURS: [(Behaviour, &str); 14] = [
    (Behaviour::Mute, "takes the question and says nothing"),
    (Behaviour::StopsAfterFirst, "says the first byte of a good answer, and no more"),
    (Behaviour::Drips, "says a good answer, a byte now and then"),
    (Behaviour::Floods, "floods with one letter"),
    (Behaviour::FloodsInOrder, "floods with what its protocol has"),
    (Behaviour::Lies, "lies about a length"),
    (Behaviour::ClosesInTheMiddle, "closes in the middle of a good answer"),
    (Behaviour::ResetsInTheMiddle, "resets in the middle of a good answer"),
    (Behaviour::OtherProtocol, "speaks another protocol"),
    (Behaviour::Garbage, "says 512 bytes of noise"),
    (Behaviour::FromElsewhere, "says a good answer from another port"),
    (Behaviour::AnswersAnother, "answers another question than was asked"),
    (Behaviour::Halves, "says the first half of a good answer, in one datagram"),
    (Behaviour::FillsADatagram, "says a good answer in a datagram of 64 KiB"),
];

/// The shortest deadline of those whose server never comes to an end.
const SHORT: Duration = Duration::from_millis(400);

/// So many times as long as half of an honest answer takes on this machine now, when all are asked at once.
const LONGER: u32 = 8;

/// Between two drips; so many of them would fit into a deadline.
const DRIPS_IN_A_DEADLINE: u32 = 16;

/// So many bytes can be dripped before the deadline, twice over.
const DRIPS_MAX: usize = 32;

/// What a flooded check may leave the server with: its own limits (at most the MiB of a page, and as much in which it
/// parts), and what stands in the buffers of two kernels meanwhile, as large as this one lets them grow (tcp(7)).
fn flood_bytes_max() -> u64 {
    let largest = |name: &str| -> u64 {
        let text = std::fs::read_to_string(format!("/proc/sys/net/ipv4/{name}")).unwrap();
        text.split_whitespace().nth(2).expect("least, usual and largest").parse().unwrap()
    };
    (2 << 20) + largest("tcp_rmem") + largest("tcp_wmem")
}

impl Behaviour {
    const fn is_flood(self) -> bool {
        matches!(self, Self::Floods | Self::FloodsInOrder)
    }
}

/// One server, put up for one check.
struct Server {
    address: SocketAddr,
    /// How much it said, told when the check has gone.
    said: mpsc::Receiver<u64>,
    /// Keeps its port open to the end; a datagram to a closed one is refused.
    _socket: Option<UdpSocket>,
}

/// Knows every secret.
struct Anything;

impl Secrets for Anything {
    fn value(&self, name: &str) -> Result<String, String> {
        Ok(name.to_owned())
    }
}

#[test]
fn every_kind_is_bounded_and_over_by_its_deadline() {
    let rows: Vec<(&Kind, Behaviour, &str)> = KINDS
        .iter()
        .flat_map(|kind| BEHAVIOURS.iter().map(move |&(behaviour, words)| (kind, behaviour, words)))
        .filter(|(kind, behaviour, _)| kind.has(*behaviour))
        .collect();
    let equipment = Equipment::new(Arc::new(Anything));
    let put = |is: &dyn Fn(&Kind, Behaviour) -> bool, deadline: Duration, drip: Duration| {
        let of: Vec<usize> = (0..rows.len()).filter(|&row| is(rows[row].0, rows[row].1)).collect();
        let servers: Vec<Server> =
            of.iter().map(|&row| rows[row].0.serve(rows[row].1, drip)).collect();
        let questions: Vec<Question> =
            of.iter().zip(&servers).map(|(&row, it)| (rows[row].0.ask)(at(it.address))).collect();
        let answers = ask_once(&equipment, &questions, deadline).unwrap();
        of.into_iter().zip(servers.into_iter().zip(answers)).collect::<Vec<_>>()
    };
    let cut_short =
        |kind: &Kind, behaviour: Behaviour| kind.ends(behaviour) && !behaviour.is_flood();
    let mut all = put(&cut_short, PATIENCE / 2, SHORT / DRIPS_IN_A_DEADLINE);
    let took = all.iter().map(|(_, (_, answer))| answer.timing.total_us).max();
    let took = Duration::from_micros(took.expect("some are cut short").into());
    // One after another: whoever floods leaves little of the machine to others.
    for flooding in [Behaviour::Floods, Behaviour::FloodsInOrder] {
        for name in KINDS.iter().map(|kind| kind.name) {
            let ends = |kind: &Kind, behaviour: Behaviour| {
                kind.name == name && behaviour == flooding && kind.ends(behaviour)
            };
            all.extend(put(&ends, PATIENCE / 2, SHORT));
        }
    }
    let deadline = SHORT.max(LONGER * took);
    for floods in [true, false] {
        let never_ends = |kind: &Kind, how: Behaviour| !kind.ends(how) && how.is_flood() == floods;
        all.extend(put(&never_ends, deadline, deadline / DRIPS_IN_A_DEADLINE));
    }
    all.sort_by_key(|(row, _)| *row);

    let flood_bytes_max = flood_bytes_max();
    let mut table = HEAD.to_owned();
    for ((kind, behaviour, words), (_, (server, answer))) in rows.iter().zip(&all) {
        let said = server.said.recv_timeout(PATIENCE).unwrap_or_else(|why| {
            panic!("{} does not let go of one that {words}: {why}, {}", kind.name, answer.outcome)
        });
        if behaviour.is_flood() && !matches!(kind.over, Over::Udp) {
            assert!(said <= flood_bytes_max, "{} took {said} bytes of a flood", kind.name);
        }
        let outcome =
            answer.outcome.to_string().replace(&server.address.to_string(), "its address");
        let outcome = outcome.replace('|', "\\|").replace('`', "'");
        writeln!(table, "| `{}` | {words} | `{outcome}` |", kind.name).unwrap();
    }
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/checks/hostile.md");
    expect_test::expect_file![page].assert_eq(&table);
}

const HEAD: &str = "\
# Hostile servers

What each kind of check says of a server that hangs, drips, floods, lies or speaks another tongue. The table is made
by a test against real sockets (`cargo test -p blackstart-probe --test it hostile`), which also holds that each of these
is over by its deadline and that of a flood no more is taken than the check's own limit. `tcp` asks nothing of an open
port, and `icmp` is answered by kernels; they are not here. A [plugin](plugin.md) is a program: what it may do is on
its own page. A [`push`](push.md#whoever-else-tells) and [an Alertmanager](alertmanager.md) tell us: what such clients
are answered is there.

| check | a server that | what it says |
|---|---|---|
";

impl Kind {
    /// Whether a server can behave so.
    const fn has(&self, behaviour: Behaviour) -> bool {
        match behaviour {
            Behaviour::Lies => self.lie.is_some(),
            Behaviour::AnswersAnother => self.another.is_some(),
            Behaviour::FromElsewhere | Behaviour::Halves | Behaviour::FillsADatagram => {
                matches!(self.over, Over::Udp)
            }
            Behaviour::ClosesInTheMiddle | Behaviour::ResetsInTheMiddle => {
                !matches!(self.over, Over::Udp)
            }
            Behaviour::Mute
            | Behaviour::StopsAfterFirst
            | Behaviour::Drips
            | Behaviour::Floods
            | Behaviour::FloodsInOrder
            | Behaviour::OtherProtocol
            | Behaviour::Garbage => true,
        }
    }

    /// Whether the check comes to an answer by itself, however long it may take.
    const fn ends(&self, behaviour: Behaviour) -> bool {
        match behaviour {
            // Datagrams that are no answer are passed over: they may be of anybody.
            Behaviour::Floods | Behaviour::FloodsInOrder => !matches!(self.over, Over::Udp),
            Behaviour::ClosesInTheMiddle | Behaviour::ResetsInTheMiddle => true,
            Behaviour::Mute
            | Behaviour::StopsAfterFirst
            | Behaviour::Drips
            | Behaviour::Lies
            | Behaviour::OtherProtocol
            | Behaviour::Garbage
            | Behaviour::FromElsewhere
            | Behaviour::AnswersAnother
            | Behaviour::Halves
            | Behaviour::FillsADatagram => false,
        }
    }

    /// What is said.
    fn words(&self, behaviour: Behaviour, request: &[u8]) -> Vec<u8> {
        let honest = (self.honest)(request);
        match behaviour {
            Behaviour::Mute => Vec::new(),
            Behaviour::StopsAfterFirst => honest[..1].to_vec(),
            Behaviour::Drips => {
                assert!(honest.len() >= DRIPS_MAX, "{} has too short an answer", self.name);
                honest
            }
            Behaviour::Floods => vec![b'x'; 16 << 10],
            Behaviour::FloodsInOrder => self.flood.repeat((16 << 10) / self.flood.len()),
            Behaviour::Lies => (self.lie.expect("only kinds that can lie"))(request),
            Behaviour::ClosesInTheMiddle | Behaviour::ResetsInTheMiddle => {
                honest[..honest.len() / 2].to_vec()
            }
            Behaviour::OtherProtocol => self.other.to_vec(),
            Behaviour::Garbage => noise(),
            Behaviour::FromElsewhere => honest,
            Behaviour::AnswersAnother => {
                (self.another.expect("only kinds that say whose an answer is"))(request)
            }
            Behaviour::Halves => honest[..honest.len() / 2].to_vec(),
            Behaviour::FillsADatagram => {
                let mut words = honest;
                // The most a datagram holds (RFC 768, and the header of IPv4).
                words.resize(65_507, 0);
                words
            }
        }
    }

    fn serve(&'static self, behaviour: Behaviour, drip: Duration) -> Server {
        let (tell, said) = mpsc::channel();
        let mut open = None;
        let address = match self.over {
            Over::Udp => {
                let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
                let address = socket.local_addr().unwrap();
                open = Some(socket.try_clone().unwrap());
                std::thread::spawn(move || {
                    tell.send(self.answer_datagrams(behaviour, drip, &socket))
                });
                address
            }
            Over::Tcp | Over::TcpGreeted => {
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let address = listener.local_addr().unwrap();
                std::thread::spawn(move || {
                    let (stream, _) = listener.accept().unwrap();
                    tell.send(self.answer_stream(behaviour, drip, stream))
                });
                address
            }
        };
        Server { address, said, _socket: open }
    }

    /// Until the check has gone. Returns how much was said.
    fn answer_stream(&self, behaviour: Behaviour, drip: Duration, mut stream: TcpStream) -> u64 {
        let mut request = [0; 4096];
        let mut asked = 0;
        if matches!(self.over, Over::Tcp) {
            asked = stream.read(&mut request).unwrap_or(0);
        }
        let words = self.words(behaviour, &request[..asked]);
        let mut said = 0;
        match behaviour {
            Behaviour::Drips => {
                for byte in words {
                    if stream.write_all(&[byte]).is_err() || has_gone(&mut stream, drip) {
                        return said;
                    }
                    said += 1;
                }
            }
            Behaviour::Floods | Behaviour::FloodsInOrder => {
                while let Ok(written) = stream.write(&words) {
                    said += u64::try_from(written).unwrap();
                }
                return said;
            }
            Behaviour::ClosesInTheMiddle => {
                let _ = stream.write_all(&words);
                return said;
            }
            Behaviour::ResetsInTheMiddle => {
                let _ = stream.write_all(&words);
                // The answer has to be read before the reset, which would take it along: who goes on has read.
                is_quiet(&mut stream, SHORT);
                socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
                return said;
            }
            Behaviour::Mute
            | Behaviour::StopsAfterFirst
            | Behaviour::Lies
            | Behaviour::OtherProtocol
            | Behaviour::Garbage
            | Behaviour::FromElsewhere
            | Behaviour::AnswersAnother
            | Behaviour::Halves
            | Behaviour::FillsADatagram => {
                let _ = stream.write_all(&words);
            }
        }
        while !has_gone(&mut stream, PATIENCE) {}
        said
    }

    /// Answers the first datagram in one or more, then leaves.
    fn answer_datagrams(&self, behaviour: Behaviour, drip: Duration, socket: &UdpSocket) -> u64 {
        let mut request = [0; 4096];
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let Ok((asked, from)) = socket.recv_from(&mut request) else { return 0 };
        let words = self.words(behaviour, &request[..asked]);
        // So that it is told when the check has gone: its port is closed then.
        socket.connect(from).unwrap();
        socket.set_read_timeout(Some(drip)).unwrap();
        let pieces: Vec<&[u8]> = match behaviour {
            Behaviour::Drips => words.chunks(1).collect(),
            Behaviour::Floods | Behaviour::FloodsInOrder => words.chunks(512).collect(),
            Behaviour::Mute => Vec::new(),
            Behaviour::StopsAfterFirst
            | Behaviour::Lies
            | Behaviour::ClosesInTheMiddle
            | Behaviour::ResetsInTheMiddle
            | Behaviour::OtherProtocol
            | Behaviour::Garbage
            | Behaviour::AnswersAnother
            | Behaviour::Halves
            | Behaviour::FillsADatagram => vec![&words],
            Behaviour::FromElsewhere => {
                let elsewhere = UdpSocket::bind("127.0.0.1:0").unwrap();
                let _ = elsewhere.send_to(&words, from);
                Vec::new()
            }
        };
        if behaviour.is_flood() {
            while pieces.iter().all(|piece| socket.send(piece).is_ok()) {}
        } else {
            for piece in pieces {
                if socket.send(piece).is_err() {
                    break;
                }
                let _ = socket.recv(&mut request);
            }
        }
        0
    }
}

/// Reads what the check says until it has closed, or says nothing for so long.
fn is_quiet(stream: &mut TcpStream, within: Duration) {
    stream.set_read_timeout(Some(within)).unwrap();
    while stream.read(&mut [0; 1024]).is_ok_and(|read| read > 0) {}
}

/// Reads what the check says for so long. True when it has closed.
fn has_gone(stream: &mut TcpStream, within: Duration) -> bool {
    stream.set_read_timeout(Some(within)).unwrap();
    match stream.read(&mut [0; 1024]) {
        Ok(read) => read == 0,
        Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

/// The same each time: Knuth's linear congruence, its high byte.
fn noise() -> Vec<u8> {
    let mut state = 1_u64;
    let next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u8::try_from(state >> 56).expect("eight bits")
    };
    std::iter::repeat_with(next).take(512).collect()
}

/// What a web server says of what is no request.
const NOT_HTTP: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nConnection: close\r\n\r\n<html>400</html>\r\n";
