//! Samples on their way to receivers that are slow, refuse, or are real.

use super::*;
use crate::recorder::noted::Noted;
use crate::turn::Turn;
use blackstart_journal::MemoryJournal;
use blackstart_model::observation::{Outcome, Standing};
use blackstart_model::record::{Input, PlantSource};
use blackstart_probe::fetch::{Fetched, Limit, fetch_whole};
use blackstart_probe::secrets::SecretStore;
use blackstart_probe::{Answer, Sample};
use std::collections::VecDeque;
use std::process::{Child, Command, Stdio};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

struct Fixed;

impl Secrets for Fixed {
    fn value(&self, name: &str) -> Result<String, String> {
        Ok(format!("value-of-{name}"))
    }
}

/// A server that writes to this URL, and its one series.
async fn server(remote: &str) -> (Turn, SeriesNumber) {
    let turn = Turn::start(Box::new(MemoryJournal::new("tested"))).expect("a turn");
    let text = format!(
        "blackstart: 1\nname: p\nvms: {{ a: {{ checks: [ {{ tcp: '127.0.0.1:1' }} ] }} }}\n\
         samples: {{ remote_write: {remote} }}\n"
    );
    let files = vec![("p.yaml".to_owned(), text)];
    let _ = turn.hub.tell(Input::PlantLoaded(PlantSource { files })).await;
    assert!(turn.hub.state().plant().is_some(), "the plant is good");
    let vantage = turn.hub.samples().of(&VantageName::here());
    let answer = Answer::from(Outcome::Up);
    let _ = vantage.take(Sample { key: "a/tcp".into(), answer, asked: false }, clock::wall());
    let series = turn.hub.samples().noted().answers[0].series;
    tokio::spawn(send(turn.hub.clone(), Arc::new(Fixed)));
    (turn, series)
}

fn up(series: SeriesNumber, at_ms: i64) -> Told {
    let (standing, why, asked) = (Standing::Up, None, false);
    Told::Answer(Noted { series, total_us: 12_500, at_ms, standing, why, asked })
}

/// Waits until this is so.
async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    for _ in 0..600 {
        if so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it never came to this: {what}");
}

/// A receiver that answers as it is told to, and keeps what it was asked.
async fn scripted(answers: &[&'static str]) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/write", listener.local_addr().expect("bound"));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let kept = asked.clone();
    let mut answers: VecDeque<&str> = answers.iter().copied().collect();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            loop {
                let mut part = [0; 4096];
                let read = stream.read(&mut part).await.unwrap_or(0);
                request.extend_from_slice(&part[..read]);
                let text = String::from_utf8_lossy(&request).into_owned();
                let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
                let whole = length.and_then(|length| length.trim().parse::<usize>().ok());
                let head = request.windows(4).position(|end| end == b"\r\n\r\n");
                let is_whole =
                    head.zip(whole).is_some_and(|(head, body)| request.len() >= head + 4 + body);
                if is_whole || read == 0 {
                    kept.lock().expect("not poisoned").push(text);
                    break;
                }
            }
            let answer = answers.pop_front().unwrap_or("204 No Content\r\n");
            let answer = format!("HTTP/1.1 {answer}Content-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (url, asked)
}

#[tokio::test]
async fn what_may_be_taken_later_is_sent_again_and_what_is_refused_is_not() {
    let (url, asked) = scripted(&[
        "503 Busy\r\nRetry-After: 0\r\n",
        "429 Too Many\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
        "204 No Content\r\n",
        "400 Bad\r\n",
        "200 OK\r\n",
    ])
    .await;
    let remote =
        format!("{{ url: '{url}', token: {{ secret: t }}, headers: {{ X-Scope-OrgID: night }} }}");
    let (turn, series) = server(&remote).await;
    let outbox = turn.hub.outbox();
    for at in 1..=3 {
        outbox.offer([up(series, at)].into_iter());
        until("it was dealt with", async || outbox.told().waiting == 0).await;
    }
    let Sent { sent, refused, dropped, trouble, .. } = outbox.told();
    assert_eq!((sent, refused, dropped, trouble), (2, 1, 0, None));
    let asked = asked.lock().expect("not poisoned").clone();
    assert_eq!(asked.len(), 5);
    let body = |at: usize| asked[at].split("\r\n\r\n").nth(1).expect("a body").to_owned();
    assert_eq!((body(0), body(1)), (body(1), body(2)), "the same again");
    assert_ne!(body(2), body(3));
    for header in [
        "POST /write HTTP/1.1",
        "content-encoding: snappy",
        "content-type: application/x-protobuf",
        "x-prometheus-remote-write-version: 0.1.0",
        "user-agent: blackstart/",
        "authorization: Bearer value-of-t",
        "x-scope-orgid: night",
    ] {
        let head = asked[0].to_ascii_lowercase();
        assert!(head.contains(&header.to_ascii_lowercase()), "{header} is not in {head}");
    }
}

#[tokio::test]
async fn without_a_receiver_nothing_waits() {
    let (turn, series) = server("{ url: 'http://127.0.0.1:1/' }").await;
    let outbox = turn.hub.outbox();
    outbox.offer([up(series, 1)].into_iter());
    until("it is told", async || outbox.told().trouble.is_some()).await;
    let text = "blackstart: 1\nname: p\nvms: { a: { checks: [ { tcp: '127.0.0.1:1' } ] } }\n";
    let files = vec![("p.yaml".to_owned(), text.to_owned())];
    let _ = turn.hub.tell(Input::PlantLoaded(PlantSource { files })).await;
    until("it is forgotten", async || outbox.told().waiting == 0).await;
    assert_eq!(outbox.told().trouble, None);
}

/// A VictoriaMetrics of its own, ended with its owner.
struct Victoria {
    process: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Victoria {
    fn start() -> Self {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = taken.local_addr().expect("bound").port();
        let folder = tempfile::tempdir().expect("a folder");
        let process = Self::run(port, folder.path());
        Self { process, port, folder }
    }

    fn run(port: u16, folder: &std::path::Path) -> Child {
        Command::new("victoria-metrics")
            .arg(format!("-httpListenAddr=127.0.0.1:{port}"))
            .arg(format!("-storageDataPath={}", folder.display()))
            .args(["-retentionPeriod=1y", "-search.disableCache", "-loggerLevel=ERROR"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Debian's package victoria-metrics is installed")
    }

    async fn get(&self, path: &str) -> Option<String> {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        let within = Duration::from_secs(5);
        let equipment = Equipment::new(Arc::new(SecretStore::default()));
        match fetch_whole(&equipment, &url, &[], None, within, Limit::Whole).await {
            Fetched::Answered(200, words) => Some(words),
            Fetched::Answered(..) | Fetched::NotSent(_) | Fetched::NoAnswer(_) => None,
        }
    }

    async fn is_there(&self) {
        until("it is there", async || self.get("/health").await.is_some()).await;
    }

    /// What a dashboard asks: the values of one series, every ten seconds, as `second:value`.
    async fn range(&self, query: &str, from_s: i64, to_s: i64) -> Vec<String> {
        // What it has taken is searched at once after this.
        let _ = self.get("/internal/force_flush").await;
        let path = format!(
            "/api/v1/query_range?query={query}&start={from_s}&end={to_s}&step=10s&nocache=1"
        );
        let text = self.get(&path).await.expect("an answer");
        let answer: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let Some(series) = answer["data"]["result"].get(0) else { return Vec::new() };
        assert_eq!(series["metric"]["component"], "a");
        assert_eq!(series["metric"]["vantage"], "here");
        assert_eq!(series["metric"]["plant"], "p");
        let value = |pair: &serde_json::Value| {
            let second = pair[0].as_i64().expect("a time") - from_s;
            format!("{second}:{}", pair[1].as_str().expect("a value"))
        };
        series["values"].as_array().expect("values").iter().map(value).collect()
    }

    /// Asks it to end, as its supervisor would, and waits for that.
    fn end(&mut self) {
        let id = self.process.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        assert!(asked.is_ok_and(|status| status.success()), "it was there");
        let _ = self.process.wait();
    }

    fn again(&mut self) {
        self.process = Self::run(self.port, self.folder.path());
    }
}

impl Drop for Victoria {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn a_real_victoria_metrics_has_our_samples_also_those_of_the_time_it_was_away() {
    let mut victoria = Victoria::start();
    let url = format!("http://127.0.0.1:{}/api/v1/write", victoria.port);
    let (turn, series) = server(&format!("{{ url: '{url}' }}")).await;
    victoria.is_there().await;
    let outbox = turn.hub.outbox();
    // An hour ago: it shows nothing that is younger than half a minute.
    let begun = clock::wall().as_second() / 10 * 10 - 3_600;
    let at = |second: i64| (begun + second) * 1_000;
    let taken = async |count: u64| {
        until("it has taken them", async || outbox.told().sent == count).await;
    };
    outbox.offer((0..6).map(|ten| up(series, at(ten * 10))));
    taken(6).await;
    victoria.end();
    outbox.offer((6..12).map(|ten| up(series, at(ten * 10))));
    until("it is told", async || outbox.told().trouble.is_some()).await;
    assert_eq!(outbox.told().waiting, 6);
    victoria.again();
    taken(12).await;
    assert_eq!(outbox.told().trouble, None);
    let down = Noted { standing: Standing::Down, ..answer_of(up(series, at(120))) };
    outbox.offer([Told::Answer(down), Told::Gone(series, at(140))].into_iter());
    taken(14).await;
    let up_query = "blackstart_check_up%7Bcheck%3D%22a/tcp%22%7D";
    let expected: Vec<String> = (0..12)
        .map(|ten| format!("{}:1", ten * 10))
        .chain(["120:0".to_owned(), "130:0".to_owned()])
        .collect();
    until("all of it is found, and nothing after its end", async || {
        victoria.range(up_query, begun, begun + 200).await == expected
    })
    .await;
    let took = victoria.range("blackstart_check_duration_seconds", begun, begun + 200).await;
    assert_eq!((took.len(), took[0].as_str()), (12, "0:0.0125"), "of what was down there is none");
    let state = victoria.range("blackstart_check_state", begun, begun + 200).await;
    assert_eq!(state.last().map(String::as_str), Some("130:2"));
}

fn answer_of(told: Told) -> Noted {
    match told {
        Told::Answer(noted) => noted,
        other => panic!("{other:?}"),
    }
}
