//! Goal: SIGKILL at any point of a delivery loses no alert, repeats it at most once, under the same
//! Message-ID and marked so; and nothing the console has acknowledged is lost. The same by command and to PagerDuty.
//!
//! Method: a pretended mail relay that stops at a chosen word of the conversation; there the server is
//! killed and started again. Only the relay is pretended, for no real one stops at a word. The command is a program
//! that has read its alert and waits; what stands for PagerDuty has read the event and does not answer.

use blackstart_lab::{Lab, Server, is_possible, wait};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

/// Where the relay stops the first conversation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum StopAt {
    Greeting,
    Recipient,
    /// The whole message is there, and not yet taken over.
    Message,
    /// It said that it has taken it over.
    TakenOver,
}

#[derive(Default)]
struct Relay {
    seen: Mutex<Seen>,
    changed: Condvar,
}

#[derive(Default)]
struct Seen {
    /// Messages that came whole.
    messages: Vec<String>,
    /// A conversation stands at the word.
    stopped: bool,
    /// Conversations are not stopped any more.
    goes_on: bool,
}

impl Relay {
    /// Listens in the host's namespace.
    fn start(host: &blackstart_lab::Host, stop_at: StopAt) -> (Arc<Self>, SocketAddr) {
        let relay = Arc::new(Self::default());
        let listener = host.inside(|| TcpListener::bind("127.0.0.1:0").expect("a port"));
        let at = listener.local_addr().expect("a port");
        let own = relay.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let relay = own.clone();
                std::thread::spawn(move || relay.converse(stream, stop_at));
            }
        });
        (relay, at)
    }

    /// Stands still for good when this is the word; the server will be killed.
    fn stop(&self, at: StopAt, stop_at: StopAt) {
        let mut seen = self.seen.lock().expect("no test panics while it holds this");
        if at == stop_at && !seen.goes_on {
            seen.stopped = true;
            self.changed.notify_all();
            while !seen.goes_on {
                seen = self.changed.wait(seen).expect("no test panics while it holds this");
            }
        }
    }

    fn converse(&self, stream: TcpStream, stop_at: StopAt) -> Option<()> {
        let mut out = stream.try_clone().ok()?;
        let mut lines = BufReader::new(stream).lines();
        self.stop(StopAt::Greeting, stop_at);
        let mut say = |words: &str| out.write_all(format!("{words}\r\n").as_bytes()).ok();
        say("220 relay.example.net")?;
        while let Some(Ok(line)) = lines.next() {
            let word = line.split([' ', ':']).next().unwrap_or("").to_ascii_uppercase();
            match word.as_str() {
                "RCPT" => {
                    self.stop(StopAt::Recipient, stop_at);
                    say("250 ok")?;
                }
                "DATA" => {
                    say("354 go on")?;
                    let mut message = String::new();
                    loop {
                        let line = lines.next()?.ok()?;
                        if line == "." {
                            break;
                        }
                        message.push_str(&line);
                        message.push('\n');
                    }
                    self.seen.lock().expect("not poisoned").messages.push(message);
                    self.stop(StopAt::Message, stop_at);
                    say("250 taken over")?;
                    self.stop(StopAt::TakenOver, stop_at);
                }
                "QUIT" => {
                    say("221 bye")?;
                    return Some(());
                }
                _ => say("250 ok")?,
            }
        }
        None
    }

    fn wait_until_stopped(&self) {
        wait("the conversation to reach the word", || {
            self.seen.lock().expect("not poisoned").stopped.then_some(())
        });
    }

    fn go_on(&self) {
        self.seen.lock().expect("not poisoned").goes_on = true;
        self.changed.notify_all();
    }

    /// The messages that a news came in, whole.
    fn messages(&self, news: &str) -> Vec<String> {
        let header = format!("X-Blackstart-News: {news}");
        let seen = self.seen.lock().expect("not poisoned");
        seen.messages.iter().filter(|message| message.contains(&header)).cloned().collect()
    }
}

fn header<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    message.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn killed_at(stop_at: StopAt) {
    if !is_possible(&["ip"]) {
        return;
    }
    let lab = Lab::new();
    let host = lab.host("mon");
    let (relay, at) = Relay::start(&host, stop_at);
    let plant = lab.folder().join("plant.yaml");
    let text = format!(
        "blackstart: 1\nname: killed\ntimezone: UTC\nservices:\n  web: {{ checks: [ {{ tcp: '127.0.0.1:1', \
         every: 1s }} ] }}\nalerts: {{ mail: {{ relay: '{at}', from: bs@example.net, to: [on@example.net], tls: none }} }}\n"
    );
    std::fs::write(&plant, text).expect("a plant");
    let server = Server::start(&host, &plant, &[]);
    relay.wait_until_stopped();
    let taken = server.console.post("/api/v1/incidents/I1/acknowledge", "{\"note\":\"mine\"}");
    assert!(taken.expect("the console answers").1.contains(" 200 "));
    server.kill();
    relay.go_on();

    let server = Server::start(&host, &plant, &[]);
    let incident = &server.console.api("/incidents/I1");
    assert_eq!(
        incident["acknowledged_by"], "local",
        "what was acknowledged is not lost: {incident:#}"
    );
    wait("the alert to be taken over", || {
        let alerts = server.console.api("/alerts");
        (alerts["alerts"][0]["stage"] == "delivered").then_some(())
    });
    server.kill();
    let server = Server::start(&host, &plant, &[]);
    server.console.wait_until_asked();
    let messages = relay.messages("opened");
    match stop_at {
        StopAt::Greeting | StopAt::Recipient => assert_eq!(messages.len(), 1, "{messages:#?}"),
        StopAt::Message | StopAt::TakenOver => assert!(messages.len() <= 2, "{messages:#?}"),
    }
    let id = header(&messages[0], "Message-ID").expect("it has one");
    for repeat in &messages[1..] {
        assert_eq!(header(repeat, "Message-ID"), Some(id));
        assert_eq!(header(repeat, "X-Blackstart-Repeat"), Some("yes"));
    }
}

#[test]
fn before_the_first_word() {
    killed_at(StopAt::Greeting);
}

#[test]
fn before_the_message() {
    killed_at(StopAt::Recipient);
}

#[test]
fn when_the_message_is_there_and_not_taken_over() {
    killed_at(StopAt::Message);
}

#[test]
fn when_it_is_taken_over_and_not_written_down() {
    killed_at(StopAt::TakenOver);
}

/// A plant whose one check fails, and who is told of it.
fn plant(lab: &Lab, alerts: &str) -> std::path::PathBuf {
    let plant = lab.folder().join("plant.yaml");
    let text = format!(
        "blackstart: 1\nname: killed\ntimezone: UTC\nservices:\n  web: {{ checks: [ {{ tcp: '127.0.0.1:1', every: 1s }} ] \
         }}\nalerts: {alerts}\n"
    );
    std::fs::write(&plant, text).expect("a plant");
    plant
}

/// Waits until the first alert is taken over.
fn delivered(server: &Server) {
    wait("the alert to be taken over", || {
        let alerts = server.console.api("/alerts");
        (alerts["alerts"][0]["stage"] == "delivered").then_some(())
    });
}

#[test]
fn when_a_command_has_read_the_alert_and_not_ended() {
    if !is_possible(&["ip"]) {
        return;
    }
    let lab = Lab::new();
    let host = lab.host("mon");
    let (program, folder) = (lab.folder().join("page"), lab.folder().display().to_string());
    let script = format!(
        "#!/bin/sh\ncat >{folder}/alert-$$.part; mv {folder}/alert-$$.part {folder}/alert-$$\n\
         while [ ! -e {folder}/goes-on ]; do sleep 0.1; done\n"
    );
    std::fs::write(&program, script).expect("a program");
    let runnable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, runnable).expect("it is ours");
    let commands = lab.folder().join("commands");
    std::fs::write(&commands, format!("pager = {}\n", program.display())).expect("commands");
    let commands = commands.to_string_lossy().into_owned();
    let got = || {
        let entries = std::fs::read_dir(lab.folder()).into_iter().flatten().flatten();
        let whole = entries.filter(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.starts_with("alert-") && !name.ends_with(".part")
        });
        let mut alerts: Vec<Value> = whole
            .filter_map(|entry| serde_json::from_slice(&std::fs::read(entry.path()).ok()?).ok())
            .collect();
        alerts.sort_by_key(|alert| alert["repeat"].as_bool());
        alerts
    };
    let plant = plant(&lab, "{ commands: { pager: {} } }");
    let server = Server::start(&host, &plant, &["--commands", &commands]);
    wait("the command to have read it", || (got().len() == 1).then_some(()));
    server.kill();
    std::fs::write(lab.folder().join("goes-on"), "").expect("a file");
    let server = Server::start(&host, &plant, &["--commands", &commands]);
    delivered(&server);
    server.kill();
    let server = Server::start(&host, &plant, &["--commands", &commands]);
    server.console.wait_until_asked();
    let [first, repeat] = &got()[..] else { panic!("{:#?}", got()) };
    assert_eq!(first["dedup_key"], repeat["dedup_key"]);
    assert_eq!((&first["repeat"], &repeat["repeat"]), (&Value::Bool(false), &Value::Bool(true)));
}

/// What stands for PagerDuty: it reads events, and answers none until it is told to.
struct Silent {
    events: Mutex<Vec<Value>>,
    answers: std::sync::atomic::AtomicBool,
}

impl Silent {
    fn start(host: &blackstart_lab::Host) -> (Arc<Self>, SocketAddr) {
        let listener = host.inside(|| TcpListener::bind("127.0.0.1:0").expect("a port"));
        let at = listener.local_addr().expect("bound");
        let silent = Arc::new(Self { events: Mutex::default(), answers: false.into() });
        let own = silent.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = own.clone();
                std::thread::spawn(move || own.converse(stream));
            }
        });
        (silent, at)
    }

    fn converse(&self, mut stream: TcpStream) -> Option<()> {
        let mut bytes = Vec::new();
        let mut chunk = [0; 4096];
        let event = loop {
            let count = stream.read(&mut chunk).ok().filter(|&count| count > 0)?;
            bytes.extend_from_slice(&chunk[..count]);
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let body = text.split_once("\r\n\r\n").map(|(_, body)| body);
            if let Some(event) = body.and_then(|body| serde_json::from_str(body).ok()) {
                break event;
            }
        };
        self.events.lock().expect("not poisoned").push(event);
        if self.answers.load(std::sync::atomic::Ordering::Acquire) {
            stream.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\n{}").ok()?;
            return Some(());
        }
        // Until whoever asked is dead.
        while stream.read(&mut chunk).is_ok_and(|count| count > 0) {}
        None
    }

    fn events(&self) -> Vec<Value> {
        self.events.lock().expect("not poisoned").clone()
    }
}

#[test]
fn when_pagerduty_has_the_event_and_has_not_answered() {
    if !is_possible(&["ip"]) {
        return;
    }
    let lab = Lab::new();
    let host = lab.host("mon");
    let (pagerduty, at) = Silent::start(&host);
    let secrets = lab.folder().join("secrets");
    std::fs::write(&secrets, "pd = 0123456789abcdef0123456789abcdef\n").expect("secrets");
    let own = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&secrets, own).expect("they are ours");
    let secrets = secrets.to_string_lossy().into_owned();
    let core = format!(
        "{{ pagerduty: {{ core: {{ routing_key: {{ secret: pd }}, url: 'http://{at}/v2/enqueue' }} }} }}"
    );
    let plant = plant(&lab, &core);
    let server = Server::start(&host, &plant, &["--secrets", &secrets]);
    wait("the event", || (pagerduty.events().len() == 1).then_some(()));
    server.kill();
    pagerduty.answers.store(true, std::sync::atomic::Ordering::Release);
    let server = Server::start(&host, &plant, &["--secrets", &secrets]);
    delivered(&server);
    let taken = server.console.post("/api/v1/incidents/I1/acknowledge", "{\"note\":\"mine\"}");
    assert!(taken.expect("the console answers").1.contains(" 200 "));
    wait("the acknowledgement", || (pagerduty.events().len() == 3).then_some(()));
    let events = pagerduty.events();
    let told: Vec<&str> =
        events.iter().map(|event| event["event_action"].as_str().unwrap_or_default()).collect();
    assert_eq!(told, ["trigger", "trigger", "acknowledge"], "repeated once");
    assert!(events.iter().all(|event| event["dedup_key"] == events[0]["dedup_key"]));
    let journal = format!("{:?}", server.console.journal());
    assert!(!journal.contains("0123456789abcdef"), "the key is in no journal");
}
