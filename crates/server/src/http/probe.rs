//! `/probe?target=…&module=…`: one question put for somebody else, told in the metric names of
//! blackbox_exporter, so that its scrape configurations and dashboards go on working.
//!
//! It is a door through which others make this host ask things, so it is shut until the plant's `probe:` says
//! whom they may name; a page of another site in somebody's browser may nobody at all. A question with a secret is
//! put to whom its own module names, at its own door, and to nobody that an answer sends us to. What could not be put
//! is an error of the scrape and never `probe_success 0`. Nothing of it is judged or kept. Tested beside the
//! real exporter on the same targets in the `lab`.

mod told;

use super::App;
use super::access::is_same_origin;
use crate::serve::Senses;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use blackstart_model::VantageId;
use blackstart_model::check::{Host, HostPort, Question};
use blackstart_model::observation::{NoAnswer, NoAnswerCode, Outcome};
use blackstart_model::plant::Plant;
use blackstart_model::plantfile;
use blackstart_model::probing::{Module, Probing, aimed};
use blackstart_model::time::Duration;
use blackstart_probe::{Answer, Equipment, Seen, ask_once_seen};
use serde::Deserialize;
use std::sync::{Arc, LazyLock};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Questions under way at once: each has a thread of its own while it lasts.
const AT_ONCE_MAX: usize = 32;

/// The deadline when the scrape names none.
const DEADLINE_DEFAULT: Duration = Duration::from_secs(10);

/// The longest deadline that a scrape may name.
const DEADLINE_MAX: Duration = Duration::from_secs(60);

/// How much sooner than the scrape's own deadline we are done, so that the answer still gets there: what
/// blackbox_exporter takes off unless it is told otherwise.
const ROUND_TRIP: Duration = Duration::from_millis(500);

/// Redirects that are followed, as blackbox_exporter does.
const REDIRECTS_MAX: u32 = 10;

/// The longest target, bytes: a URL as long as browsers take.
const TARGET_BYTES_MAX: usize = 2_048;

/// The module that stands for one of the plant's own checks.
const CHECK: &str = "check";

/// The header by which Prometheus says how long it waits.
const SCRAPE_TIMEOUT: &str = "x-prometheus-scrape-timeout-seconds";

/// What is built in, in the words of the plant file.
const BUILT_IN: &str = "\
blackstart: 1
probe:
  targets: [plant]
  modules:
    http_2xx: { http: \"http://target/\", status: 200..299 }
    tcp_connect: { tcp: \"target:80\" }
    icmp: { icmp: target, echoes: 1 }
    dns: { dns: target, query: . NS }
    ssh_banner: { ssh: target }
    pop3s_banner: { talk: \"target:995\", tls: true, steps: { expect: '^[+]OK' }, goodbye: QUIT }
    irc_banner:
      talk: \"target:6667\"
      steps:
        - { send: NICK prober }
        - { send: 'USER prober prober prober :prober' }
        - { expect: 'PING :([^ ]+)', send: 'PONG ${1}' }
        - { expect: '^:[^ ]+ 001' }
        - { send: QUIT }
";

static MODULES: LazyLock<Probing> = LazyLock::new(|| {
    let (plant, _) = plantfile::parse_str(BUILT_IN);
    plant.and_then(|plant| plant.probing().cloned()).expect("what is built in is a plant file")
});

/// What questions are put with, and how many at once.
pub(crate) struct Asker {
    equipment: Equipment,
    turns: Arc<Semaphore>,
}

/// The right to one question at a time. Its thread holds it to the end, also when nobody waits any more.
type Turn = Arc<OwnedSemaphorePermit>;

impl Asker {
    pub(crate) fn new(equipment: Equipment) -> Self {
        Self { equipment, turns: Arc::new(Semaphore::new(AT_ONCE_MAX)) }
    }
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    target: String,
    /// As with blackbox_exporter, `http_2xx` when not given.
    module: Option<String>,
}

type Refused = (StatusCode, String);

pub(super) async fn page(
    State(app): State<App>,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
) -> Response {
    match probe(&app, &headers, &wanted).await {
        Ok(text) => {
            let kind = "text/plain; version=0.0.4; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err((status, why)) => (status, format!("{why}\n")).into_response(),
    }
}

async fn probe(app: &App, headers: &HeaderMap, wanted: &Wanted) -> Result<String, Refused> {
    let refuse = |status, why: &str| Err((status, why.to_owned()));
    if !is_same_origin(headers) {
        return refuse(StatusCode::FORBIDDEN, "this was asked by a page of another site");
    }
    if matches!(*app.senses, Senses::Player(_)) {
        return refuse(StatusCode::FORBIDDEN, "a demonstration asks nobody");
    }
    let deadline = deadline(headers)?;
    let plant = app.hub.state().plant().cloned();
    let Some((plant, probing)) = plant.as_deref().and_then(|plant| Some((plant, plant.probing()?)))
    else {
        let why =
            "nobody may be asked: name targets in the plant, as `probe: { targets: [plant] }`";
        return refuse(StatusCode::FORBIDDEN, why);
    };
    if wanted.target.is_empty() {
        return refuse(StatusCode::BAD_REQUEST, "the parameter `target` is missing");
    }
    if wanted.target.len() > TARGET_BYTES_MAX {
        return refuse(StatusCode::BAD_REQUEST, "the target is too long");
    }
    let Ok(turn) = app.asker.turns.clone().try_acquire_owned().map(Turn::new) else {
        let why = format!("{AT_ONCE_MAX} questions are under way already");
        return Err((StatusCode::SERVICE_UNAVAILABLE, why));
    };
    let module = wanted.module.as_deref().filter(|name| !name.is_empty()).unwrap_or("http_2xx");
    let tried = if module == CHECK {
        let question = own_check(plant, &wanted.target)?;
        Tried::of(app, &turn, question, deadline).await?
    } else {
        let module = named(probing, module)?;
        let allowed = |question: &Question| allowed(module, question, plant, probing);
        follow(app, &turn, (module, &wanted.target), deadline, allowed).await?
    };
    match &tried.answer.outcome {
        Outcome::Unknown(NoAnswer { code, detail }) if *code != NoAnswerCode::Unparsable => {
            // A scrape that fails shows as `up 0`: nobody was asked, so nobody failed.
            let why = format!("it was not asked: {code}: {detail}");
            Err((StatusCode::SERVICE_UNAVAILABLE, why))
        }
        Outcome::Up | Outcome::Degraded(_) | Outcome::Down(_) | Outcome::Unknown(_) => {
            Ok(told::told(&tried))
        }
    }
}

fn deadline(headers: &HeaderMap) -> Result<Duration, Refused> {
    let Some(given) = headers.get(SCRAPE_TIMEOUT) else { return Ok(DEADLINE_DEFAULT) };
    let seconds = given.to_str().ok().and_then(|text| text.parse::<f64>().ok());
    let span = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let span = span.filter(|span| !span.is_zero()).ok_or_else(|| {
        (StatusCode::BAD_REQUEST, format!("`{SCRAPE_TIMEOUT}` is no number of seconds"))
    })?;
    // Of a scrape that waits for less than twice the round trip, half is ours.
    Ok(span.saturating_sub(ROUND_TRIP).max(span / 2).min(DEADLINE_MAX))
}

/// The question of one of the plant's own checks. It names its target itself, and so is always allowed.
fn own_check(plant: &Plant, key: &str) -> Result<Question, Refused> {
    let check = plant.checks().iter().find(|check| check.key.as_str() == key).ok_or_else(|| {
        let why = format!("the plant has no check `{key}`: they are called `component/check`");
        (StatusCode::BAD_REQUEST, why)
    })?;
    if !check.from.contains(&VantageId(0)) || !check.question.is_asked() {
        let why = format!("`{key}` is not put from here");
        return Err((StatusCode::BAD_REQUEST, why));
    }
    Ok((*check.question).clone())
}

/// The plant's own module of this name, or the one that is built in.
fn named<'p>(probing: &'p Probing, name: &str) -> Result<&'p Module, Refused> {
    let all = || probing.modules.iter().chain(&MODULES.modules);
    all().find(|own| *own.name == *name).ok_or_else(|| {
        let names: Vec<&str> = all().map(|own| &*own.name).chain([CHECK]).collect();
        let why = format!("unknown module `{name}`; there are: {}", names.join(", "));
        (StatusCode::BAD_REQUEST, why)
    })
}

fn allowed(
    module: &Module,
    question: &Question,
    plant: &Plant,
    probing: &Probing,
) -> Result<(), Refused> {
    let named: Vec<&Host> = question
        .endpoints()
        .into_iter()
        .map(|endpoint| &endpoint.host)
        .chain(question.host())
        .collect();
    match named.into_iter().find(|host| !probing.allows(module, host, plant)) {
        None => Ok(()),
        Some(host) => {
            let host = told::host(host);
            let own = !module.targets.is_empty();
            let whose =
                if own { "the module's own `targets`" } else { "the plant's `probe.targets`" };
            let why = format!("`{host}` may not be asked: {whose} do not name it");
            Err((StatusCode::FORBIDDEN, why))
        }
    }
}

/// What one try came to, redirects and all.
struct Tried {
    question: Question,
    answer: Answer,
    seen: Seen,
    redirects: u32,
}

impl Tried {
    async fn of(
        app: &App,
        turn: &Turn,
        question: Question,
        deadline: Duration,
    ) -> Result<Self, Refused> {
        let (asker, turn) = (app.asker.clone(), turn.clone());
        let asking = tokio::task::spawn_blocking(move || {
            let asked = ask_once_seen(&asker.equipment, &question, deadline);
            drop(turn);
            (question, asked)
        });
        let failed = |why: String| (StatusCode::SERVICE_UNAVAILABLE, why);
        let (question, asked) = asking.await.map_err(|error| failed(error.to_string()))?;
        let (answer, seen) = asked.map_err(|error| failed(error.to_string()))?;
        Ok(Self { question, answer, seen, redirects: 0 })
    }
}

/// Asks a module's question of a target, and whom that sends us to, as long as they may be asked.
async fn follow(
    app: &App,
    turn: &Turn,
    (module, target): (&Module, &str),
    deadline: Duration,
    allowed: impl Fn(&Question) -> Result<(), Refused>,
) -> Result<Tried, Refused> {
    let by = crate::clock::monotonic() + deadline;
    let mut target = target.to_owned();
    let mut before: Option<Tried> = None;
    loop {
        let question = aimed(module, &target).map_err(|why| {
            (StatusCode::BAD_REQUEST, format!("`{target}` cannot be asked by this module: {why}"))
        })?;
        allowed(&question)?;
        let left = by.saturating_duration_since(crate::clock::monotonic());
        let mut tried = Tried::of(app, turn, question, left).await?;
        if let Some(before) = before {
            told::add(&mut tried.answer.timing, before.answer.timing);
            tried.redirects = before.redirects + 1;
        }
        match next_hop(&tried) {
            // Nobody but the plant says who is told a secret.
            Some(next) if tried.redirects < REDIRECTS_MAX && !module.has_secret() => {
                target = next;
                before = Some(tried);
            }
            Some(_) | None => return Ok(tried),
        }
    }
}

/// Where a web server sends us (RFC 9110, section 15.4), when its status alone would not do.
fn next_hop(tried: &Tried) -> Option<String> {
    let (Question::Http(asked), Some(seen)) = (&tried.question, &tried.seen.http) else {
        return None;
    };
    let does = asked.status.iter().any(|(from, to)| (*from..=*to).contains(&seen.status));
    if does || !matches!(seen.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = seen.location.as_deref().filter(|text| text.len() <= TARGET_BYTES_MAX)?;
    let scheme = if asked.tls.is_some() { "https" } else { "http" };
    let HostPort { host, port } = &asked.authority;
    let base = format!("{scheme}://{}:{port}", told::host(host));
    // References relative to where they stand (RFC 3986, section 5.2), without dots.
    Some(if location.starts_with("http://") || location.starts_with("https://") {
        location.to_owned()
    } else if location.starts_with("//") {
        format!("{scheme}:{location}")
    } else if location.starts_with('/') {
        format!("{base}{location}")
    } else {
        let path = asked.path.split('?').next().unwrap_or("/");
        let folder = path.rfind('/').map_or("/", |end| &path[..=end]);
        format!("{base}{folder}{location}")
    })
}

/// Whatever stands in the query of a scrape, and wherever a web server sends us then (after the first line break):
/// who is not named in the plant is not asked. For `fuzz/`.
#[cfg(any(test, fuzzing))]
pub fn fuzzed(bytes: &[u8]) {
    use std::net::IpAddr;
    const PLANT: &str = "\
blackstart: 1
probe:
  targets: [plant, 192.0.2.0/28, \"*.below.example\"]
  modules:
    mail: { smtp: target }
    inside:
      { http: \"http://target:81/a\", headers: { b: { secret: c } }, targets: \"*.inside.below.example\" }
services: { shop: { checks: [ { http: \"http://shop.example/\" } ] } }
";
    static READ: LazyLock<Arc<Plant>> =
        LazyLock::new(|| plantfile::parse_str(PLANT).0.expect("a plant file"));
    let (plant, probing) = (&**READ, READ.probing().expect("it is written there"));
    let mut lines = bytes.splitn(2, |byte| *byte == b'\n').map(String::from_utf8_lossy);
    let uri = format!("/probe?{}", lines.next().unwrap_or_default());
    let Ok(uri) = uri.parse() else { return };
    let Ok(Query(wanted)) = Query::<Wanted>::try_from_uri(&uri) else { return };
    let Ok(module) = named(probing, wanted.module.as_deref().unwrap_or("http_2xx")) else { return };
    let Ok(question) = aimed(module, &wanted.target) else { return };
    let is_ours = |question: &Question| {
        let ends = question.endpoints().into_iter().map(|end| &end.host).chain(question.host());
        ends.into_iter().all(|host| match host {
            Host::Name(name) => {
                let name = name.strip_suffix('.').unwrap_or(name);
                name == "shop.example" || name.ends_with(".below.example")
            }
            Host::Address(address) => match address.to_canonical() {
                IpAddr::V4(address) => address.octets()[..3] == [192, 0, 2],
                IpAddr::V6(_) => false,
            },
        })
    };
    if allowed(module, &question, plant, probing).is_err() {
        return;
    }
    assert!(is_ours(&question), "{question:?}");
    if let (true, Question::Http(http)) = (module.has_secret(), &question) {
        let HostPort { host: Host::Name(name), port: 81 } = &http.authority else {
            panic!("{http:?}")
        };
        let name = name.strip_suffix('.').unwrap_or(name);
        assert!(name.ends_with(".inside.below.example") && &*http.path == "/a", "{http:?}");
        assert!(http.tls.is_none(), "{http:?}");
        return;
    }
    let location = lines.next().map(|text| text.into_owned());
    let http = blackstart_probe::SeenHttp {
        status: 302,
        version: 1.1,
        content_length: None,
        body_bytes: 0,
        last_modified_s: None,
        location,
    };
    let seen = Seen { http: Some(http), ..Seen::default() };
    let answer = Answer::from(Outcome::Up);
    let tried = Tried { question, answer, seen, redirects: 0 };
    let Some(next) = next_hop(&tried) else { return };
    if let Ok(question) = aimed(module, &next)
        && allowed(module, &question, plant, probing).is_ok()
    {
        assert!(is_ours(&question), "{question:?}");
    }
}
