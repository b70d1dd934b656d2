//! What this installation can do today, and what it could not see or tell: each by trying it.
//!
//! Nothing is sent to anybody: of a relay or a webhook it is only seen whether it takes a connection. Every "no" has its
//! remedy; what cannot be found out from here is unknown, and says who knows it.

use crate::host::Host;
use blackstart_model::check::{
    self, DnsQuestion, HostPort, IcmpQuestion, PluginQuestion, Question, TcpQuestion,
};
use blackstart_model::observation::{Outcome, Standing, SymptomCode};
use blackstart_model::plant::{Far, Heartbeat, Secret};
use blackstart_model::time::Duration;
use blackstart_model::{Plant, VantageId};
use blackstart_probe::plugins::{NoCommand, PluginStore, can_start};
use blackstart_probe::secrets::{SecretStore, Secrets as _};
use blackstart_probe::{Answer, Equipment, ask_once};
use rustix::fs::statvfs;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

/// How long each thing is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// With less room than this the journal of a busy night may not fit (chosen by hand: a few months of a thousand
/// checks).
const ROOM_MIN: u64 = 1 << 30;

/// Files that are open besides one for each try in flight (chosen by hand).
const FILES_BESIDES: u64 = 256;

/// Whether something can be done.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Able {
    /// It cannot, and the remedy says what to do.
    No,
    /// That cannot be found out from here.
    Unknown,
    /// It was tried, and can.
    Yes,
}

impl Able {
    /// In one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Unknown => "unknown",
            Self::Yes => "yes",
        }
    }
}

/// One thing that an installation does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Capability {
    /// What.
    pub what: String,
    /// Whether it can.
    pub able: Able,
    /// What that rests on.
    pub because: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

fn able(what: &str, because: impl Into<String>) -> Capability {
    Capability { what: what.to_owned(), able: Able::Yes, because: because.into(), remedy: None }
}

fn not(
    what: &str,
    able: Able,
    because: impl Into<String>,
    remedy: impl Into<String>,
) -> Capability {
    let (because, remedy) = (because.into(), Some(remedy.into()));
    Capability { what: what.to_owned(), able, because, remedy }
}

/// Tries everything that this machine, this folder and this plant need; the worst first. `secrets` is the secrets
/// file, and `plugins` the file of plugins, where there are such. Takes some seconds.
///
/// # Errors
/// When the system gives no runtime.
pub fn examine(
    host: &Host,
    plant: Option<&Plant>,
    data: &Path,
    secrets: Option<&Path>,
    plugins: Option<&Path>,
) -> std::io::Result<Vec<Capability>> {
    let secrets = SecretStore { file: secrets.map(Path::to_path_buf) };
    let plugins = PluginStore { file: plugins.map(Path::to_path_buf) };
    let mut found = vec![journal(data), clock(), files(plant)];
    found.extend(asked(host, plant)?);
    found.extend(running(&plugins, plant));
    if let Some(plant) = plant {
        found.push(named(plant, &secrets));
        found.extend(vantages(plant));
        if !has_way(plant) {
            let remedy =
                "say in the plant whom to tell, and how: `alerts`, and `notify` of each customer";
            found.push(not("telling somebody", Able::No, "the plant names no way to tell", remedy));
        }
    }
    for unseen in &host.unseen {
        let remedy = "`ss -ltnp`, as root and in no container, tells more; it is watched by its port meanwhile";
        found.push(not("seeing what listens here", Able::Unknown, unseen.as_str(), remedy));
    }
    found.sort_by_key(|capability| capability.able);
    Ok(found)
}

/// Whether the journal can be written where it is to be.
fn journal(data: &Path) -> Capability {
    const WHAT: &str = "keeping the journal";
    let remedy = "name another folder with --data, or make this one writable for us";
    // Above a relative path is the folder that we are in.
    let mut above = data.ancestors().map(|path| match path.as_os_str().is_empty() {
        true => Path::new("."),
        false => path,
    });
    let existing = above.find(|path| path.exists()).unwrap_or(Path::new("/"));
    let trial = existing.join(".blackstart-doctor");
    if let Err(why) = fs::write(&trial, b"x").and_then(|()| fs::remove_file(&trial)) {
        let because = format!("could not write in {}: {why}", existing.display());
        return not(WHAT, Able::No, because, remedy);
    }
    match statvfs(existing) {
        Err(why) => not(WHAT, Able::Unknown, format!("how much room is left: {why}"), remedy),
        Ok(space) => {
            let free = space.f_bavail.saturating_mul(space.f_frsize);
            let because = format!("{} MiB are free in {}", free >> 20, existing.display());
            if free < ROOM_MIN {
                not(WHAT, Able::No, because, "make room, or name another folder with --data")
            } else {
                able(WHAT, because)
            }
        }
    }
}

/// Whether somebody keeps the wall clock right.
fn clock() -> Capability {
    const WHAT: &str = "telling the right time";
    // systemd-timesyncd(8) touches this file when it has set the clock.
    if Path::new("/run/systemd/timesync/synchronized").exists() {
        return able(WHAT, "systemd-timesyncd has set the clock");
    }
    let remedy = "see to it that something sets the clock (systemd-timesyncd, chrony): times of an outage are told by it";
    not(WHAT, Able::Unknown, "nobody here says that the clock is set", remedy)
}

/// Whether enough files may be open for every check to be under way at once.
fn files(plant: Option<&Plant>) -> Capability {
    const WHAT: &str = "asking everything at once";
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let hard = line.and_then(|line| line.split_whitespace().nth(1));
    let checks = plant.map_or(0, |plant| plant.checks().len() as u64);
    let needed = checks + FILES_BESIDES;
    match hard.map(|hard| hard.parse::<u64>().unwrap_or(u64::MAX)) {
        None => not(
            WHAT,
            Able::Unknown,
            "how many files may be open is not told",
            "look at `ulimit -Hn`",
        ),
        Some(hard) if hard < needed => {
            let because = format!("{hard} files may be open, and {checks} checks need {needed}");
            not(WHAT, Able::No, because, "raise the limit: `LimitNOFILE=` in the unit")
        }
        Some(hard) => able(WHAT, format!("{hard} files may be open, {needed} are needed at most")),
    }
}

/// What is found out by asking, all at the same time.
fn asked(host: &Host, plant: Option<&Plant>) -> std::io::Result<Vec<Capability>> {
    let mut questions = vec![Question::Icmp(IcmpQuestion {
        host: check::Host::Address(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        echoes: 1,
        spacing: Duration::from_millis(200),
        lost_max: 0,
        payload_bytes: 32,
    })];
    questions.extend(host.resolvers.iter().map(|&server| {
        Question::Dns(DnsQuestion {
            server: HostPort { host: check::Host::Address(server), port: 53 },
            name: ".".into(),
            record_type: "NS",
            rcode: "NOERROR",
            records: Vec::new(),
            recursion: true,
        })
    }));
    let ways = plant.map(ways).unwrap_or_default();
    questions.extend(
        ways.iter()
            .map(|(_, target)| Question::Tcp(TcpQuestion { target: target.clone(), slow: None })),
    );
    let mut answers = ask_once(&Equipment::bare(), &questions, PATIENCE)?.into_iter();
    let mut found = Vec::new();
    found.extend(answers.next().map(|answer| echoes(&answer)));
    let names: Vec<(IpAddr, Answer)> =
        host.resolvers.iter().copied().zip(answers.by_ref()).collect();
    found.push(resolving(&names));
    for ((what, target), answer) in ways.into_iter().zip(answers) {
        let what = format!("telling by {what}");
        found.push(match answer.outcome.standing() {
            Standing::Up | Standing::Degraded => {
                able(&what, format!("{} takes a connection", shown(&target)))
            }
            Standing::Down | Standing::Unknown => {
                let because = format!("{} takes none: {}", shown(&target), answer.outcome);
                not(
                    &what,
                    Able::No,
                    because,
                    "look at the address in `alerts`, and at what is in between",
                )
            }
        });
    }
    Ok(found)
}

fn echoes(answer: &Answer) -> Capability {
    const WHAT: &str = "sending ICMP echoes";
    match &answer.outcome {
        Outcome::Up | Outcome::Degraded(_) => able(WHAT, "this machine answered its own"),
        Outcome::Unknown(why) => {
            let remedy = "`setcap cap_net_raw+ep` on this program, or AmbientCapabilities=CAP_NET_RAW in its unit";
            not(WHAT, Able::No, why.detail.to_string(), remedy)
        }
        Outcome::Down(symptom) => {
            let remedy = "look at the packet filter: echoes to 127.0.0.1 are lost";
            not(WHAT, Able::No, symptom.detail.to_string(), remedy)
        }
    }
}

fn resolving(names: &[(IpAddr, Answer)]) -> Capability {
    const WHAT: &str = "finding addresses of names";
    let well = names.iter().filter(|(_, answer)| answer.outcome.standing() == Standing::Up).count();
    match names {
        [] => not(
            WHAT,
            Able::No,
            "/etc/resolv.conf names nobody",
            "name a resolver there, or addresses in checks",
        ),
        _ if well == names.len() => able(WHAT, format!("{well} resolvers answered")),
        _ => {
            let silent =
                names.iter().filter(|(_, answer)| answer.outcome.standing() != Standing::Up);
            let silent: Vec<String> =
                silent.map(|(server, answer)| format!("{server} is {}", answer.outcome)).collect();
            // One that refuses this question may well answer others.
            let is_silent = |answer: &Answer| match &answer.outcome {
                Outcome::Down(symptom) => symptom.code != SymptomCode::WrongRcode,
                Outcome::Up | Outcome::Degraded(_) => false,
                Outcome::Unknown(_) => true,
            };
            let all_silent = names.iter().all(|(_, answer)| is_silent(answer));
            let able = if all_silent { Able::No } else { Able::Unknown };
            let remedy = "checks that name hosts wait for it; mend it, or name addresses";
            not(WHAT, able, silent.join("; "), remedy)
        }
    }
}

/// Where alerts go, by what they are.
fn ways(plant: &Plant) -> Vec<(String, HostPort)> {
    let alerting = plant.alerting();
    let mut found = Vec::new();
    for way in alerting.ways() {
        let name = format!("{} {}", way.kind, way.name).trim_end().to_owned();
        let target = match way.target {
            None => None,
            Some(Far::Relay(relay)) => Some(relay.clone()),
            Some(Far::Url(url)) => of_url(url),
        };
        found.extend(target.map(|target| (name, target)));
    }
    if let Some(Heartbeat { url, .. }) = &alerting.heartbeat {
        found.extend(of_url(url).map(|target| ("heartbeat".to_owned(), target)));
    }
    found
}

/// Host and port of a URL.
fn of_url(url: &str) -> Option<HostPort> {
    let scheme = if url.starts_with("https:") { "https" } else { "http" };
    let question = crate::look::question(&format!("{scheme}: \"{url}\""))?;
    question.endpoints().first().copied().cloned()
}

fn shown(HostPort { host, port }: &HostPort) -> String {
    match host {
        check::Host::Address(IpAddr::V6(address)) => format!("[{address}]:{port}"),
        check::Host::Address(IpAddr::V4(address)) => format!("{address}:{port}"),
        check::Host::Name(name) => format!("{name}:{port}"),
    }
}

fn has_way(plant: &Plant) -> bool {
    !plant.alerting().ways().is_empty()
}

/// Every secret that the plant names has a value.
fn named(plant: &Plant, secrets: &SecretStore) -> Capability {
    const WHAT: &str = "knowing its secrets";
    let in_alerts = plant.alerting().secrets();
    let in_checks = plant.checks().iter().flat_map(|check| check.question.secrets());
    let modules = plant.probing().into_iter().flat_map(|probing| &probing.modules);
    let in_modules = modules.flat_map(|module| module.question.secrets());
    let all = in_alerts.chain(in_checks).chain(in_modules);
    let all: BTreeSet<&str> = all.map(|Secret(name)| &**name).collect();
    let missing: Vec<String> = all.iter().filter_map(|name| secrets.value(name).err()).collect();
    if missing.is_empty() {
        return able(WHAT, format!("{} are named, and each has a value", all.len()));
    }
    let remedy = "set them in the environment, or name the file with --secrets";
    not(WHAT, Able::No, missing.join("; "), remedy)
}

/// Whether the plugins that this host names could be run, and those that the plant's checks name; none is.
fn running(store: &PluginStore, plant: Option<&Plant>) -> Vec<Capability> {
    let what = |name: &str| format!("running plugin {name}");
    let Some(file) = &store.file else { return unnamed(plant) };
    let programs = match store.programs() {
        Ok(programs) => programs,
        Err(complaints) => {
            let because = format!("{}: {}", file.display(), complaints.join("; "));
            let remedy = "mend the file: with one line wrong none of it counts";
            return vec![not("running plugins", Able::No, because, remedy)];
        }
    };
    let mut found = Vec::new();
    let mut well = 0;
    for (name, program) in &programs {
        match can_start(program) {
            Ok(()) => well += 1,
            Err(why) => {
                let because = format!("{} {why}", program.display());
                let remedy = format!("mend it, or what {} says of `{name}`", file.display());
                found.push(not(&what(name), Able::No, because, remedy));
            }
        }
    }
    if well > 0 {
        found.push(able(
            "running plugins",
            format!("{well} of {} could be started", programs.len()),
        ));
    }
    for question in asked_here(plant) {
        // What is wrong with a program was said of the file.
        if let Err(NoCommand::NotAllowed(why)) = store.fits(question) {
            let remedy =
                format!("name it in {}, or in the plant as it stands there", file.display());
            let refused = not(&what(&question.plugin), Able::No, why, remedy);
            found.extend(Some(refused).filter(|refused| !found.contains(refused)));
        }
    }
    found.extend(elsewhere(plant));
    found
}

/// What checks want of a host that names no plugins.
fn unnamed(plant: Option<&Plant>) -> Vec<Capability> {
    let names: BTreeSet<&str> = asked_here(plant).map(|question| &*question.plugin).collect();
    let mut found = Vec::from_iter(elsewhere(plant));
    if !names.is_empty() {
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        let because = format!("checks name {names}, and no file says which programs those are");
        let remedy = "name the file with --plugins, for `serve` too";
        found.push(not("running plugins", Able::No, because, remedy));
    }
    found
}

/// The plugins that are to be run on this machine.
fn asked_here(plant: Option<&Plant>) -> impl Iterator<Item = &PluginQuestion> {
    plugin_checks(plant).filter(|(from, _)| from.is_none()).map(|(_, question)| question)
}

/// Agents' hosts name theirs for themselves.
fn elsewhere(plant: Option<&Plant>) -> Vec<Capability> {
    let mut agents: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (agent, question) in plugin_checks(plant) {
        let Some(agent) = agent else { continue };
        agents.entry(agent).or_default().insert(&question.plugin);
    }
    let each = agents.into_iter().map(|(agent, names)| {
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        let because = format!("{names}: whether its host names them, and its `allow` has `plugin`, is known there");
        let remedy = "look at these checks in the console: a plugin it does not run is `unknown(not-allowed)`";
        not(&format!("running plugins by agent {agent}"), Able::Unknown, because, remedy)
    });
    each.collect()
}

/// Each plugin check from each of its vantages: by which agent, if by one.
fn plugin_checks(plant: Option<&Plant>) -> impl Iterator<Item = (Option<&str>, &PluginQuestion)> {
    let checks =
        plant.into_iter().flat_map(|plant| plant.checks().iter().map(move |it| (plant, it)));
    checks.flat_map(|(plant, check)| {
        let Question::Plugin(question) = &*check.question else { return Vec::new() };
        let agent = |from: &VantageId| plant.vantage(*from).agent.as_deref();
        check.from.iter().map(|from| (agent(from), question)).collect()
    })
}

/// What only an agent can see.
fn vantages(plant: &Plant) -> Vec<Capability> {
    let agents = plant.vantages().iter().filter_map(|vantage| {
        let agent = vantage.agent.as_ref()?;
        let because = format!("that is agent {agent}'s; the server knows whether it is heard");
        let remedy = "look at the console's first page, or at `blackstart status`";
        Some(not(&format!("seeing from {}", vantage.name), Able::Unknown, because, remedy))
    });
    let mut found: Vec<Capability> = agents.collect();
    if found.is_empty() && !plant.checks().is_empty() {
        let because = "every check is put from this machine";
        let remedy = "let an agent look from elsewhere: from inside nobody sees what is not reached from outside";
        found.push(not("seeing from outside", Able::No, because, remedy));
    }
    found
}
