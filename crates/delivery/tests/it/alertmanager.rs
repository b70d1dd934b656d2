//! Debian's Alertmanager (`prometheus-alertmanager`), on loopback.

use crate::world::{courier, message, particulars, run};
use blackstart_delivery::Matter;
use blackstart_model::plant::{Alertmanager, Leads};
use blackstart_model::record::{Delivery, FaultMode, FaultName, Urgency};
use blackstart_model::time::{Duration, Timestamp};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

/// It, as a process of ours.
struct Daemon {
    child: Child,
    at: String,
    _folder: tempfile::TempDir,
}

impl Daemon {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("am.yml");
        std::fs::write(&config, "route: { receiver: nobody }\nreceivers: [ { name: nobody } ]\n")
            .unwrap();
        let mut child = Command::new("prometheus-alertmanager")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.path={}", folder.path().join("data").display()))
            .args(["--web.listen-address=127.0.0.1:0", "--cluster.listen-address="])
            .stderr(Stdio::piped())
            .spawn()
            .expect("prometheus-alertmanager is installed");
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = log.by_ref().flatten().find(|line| line.contains("Listening on")).unwrap();
        let at = line.split("address=").nth(1).unwrap().trim().to_owned();
        // It stops when nobody reads what it logs.
        std::thread::spawn(move || log.for_each(drop));
        Self { child, at, _folder: folder }
    }

    fn as_plant_says(&self) -> Alertmanager {
        let url = format!("http://{}/", self.at).into();
        Alertmanager { name: "am".into(), url, login: None, leads: Leads::Untold }
    }

    /// Alerts that fire, as it tells them.
    fn firing(&self) -> Vec<Value> {
        let mut stream = TcpStream::connect(&self.at).unwrap();
        let request = format!("GET /api/v2/alerts HTTP/1.0\r\nHost: {}\r\n\r\n", self.at);
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "an Alertmanager goes by the wall clock")]
fn now() -> Timestamp {
    Timestamp::now()
}

#[test]
fn it_shows_one_alert_for_an_incident_and_calls_it_over_when_told_so() {
    let daemon = Daemon::start();
    let to = daemon.as_plant_says();
    let mut told = particulars();
    let tell = |matter, told: &_| {
        let result = run(courier().alertmanager(&to, &message(matter, Some(told)), now()));
        assert!(matches!(result, Delivery::Delivered(_)), "{result:?}");
    };
    tell(Matter::Lasts, &told);
    // Another cause and another urgency are the same alert.
    told.cause = vec![FaultName { subject: "pdu-a".to_owned(), mode: FaultMode::Down }];
    told.urgency = Urgency::Error;
    tell(Matter::Lasts, &told);
    let firing = daemon.firing();
    let [alert] = &firing[..] else { panic!("{firing:#?}") };
    assert_eq!(alert["labels"]["incident"], "I7");
    assert_eq!(alert["labels"]["severity"], "critical", "as it was first told");
    let annotations = &alert["annotations"];
    assert_eq!(
        (&annotations["cause"], &annotations["urgency"]),
        (&"pdu-a down".into(), &"error".into())
    );
    assert_eq!(annotations["unexplained"], "mail/smtp from here");
    assert_eq!(alert["generatorURL"], "https://console.example/incidents/I7");
    assert_eq!(alert["startsAt"], "2017-03-26T00:31:00.500Z");
    tell(Matter::Over, &told);
    assert_eq!(daemon.firing(), [Value::Null; 0]);
}

#[test]
fn it_calls_an_incident_over_that_nobody_speaks_of_any_more() {
    let daemon = Daemon::start();
    let to = daemon.as_plant_says();
    let told = particulars();
    let message = message(Matter::Lasts, Some(&told));
    let long_ago = now() - Duration::from_secs(600);
    let result = run(courier().alertmanager(&to, &message, long_ago));
    assert!(matches!(result, Delivery::Delivered(_)), "{result:?}");
    assert_eq!(daemon.firing(), [Value::Null; 0]);
}

#[test]
fn what_it_does_not_understand_it_refuses() {
    let daemon = Daemon::start();
    let to = daemon.as_plant_says();
    let mut message = message(Matter::Lasts, None);
    message.link = Some("not a URL \u{7f}");
    let result = run(courier().alertmanager(&to, &message, now()));
    assert!(matches!(result, Delivery::Refused(_)), "{result:?}");
}
