//! A scenario of `scenarios/`, played with real daemons, real faults and our real binaries: the same file that the
//! pretend world plays.
//!
//! Time is not stretched but cut. From each instant at which something happens, the world goes on at its own pace
//! for the share of the time to the next that the scenario's `time_scale` leaves, and for [`ROUNDS_MIN`] rounds of
//! checks at least. Then server and agents stand still while the world is changed and the server's wall clock is put
//! forward to the next instant: what happens at once is seen to happen at once, and the server knows that nobody looked
//! in the hours that were cut out. So every span that the judgement goes by is a real one, and the dates, the hours
//! of a maintenance and the night in which the clocks change are the scenario's. The server gets the plant with all
//! checks at [`EVERY`]. Agents tell no times of day, and have the right clock.

use crate::blackstart::{Agent, Console, Server, binary};
use crate::clock::WrongClock;
use crate::plant_world::PlantWorld;
use crate::wait;
use blackstart_model::kind::Kind;
use blackstart_model::record::{Input, PersonAction, PersonInput, PlantSource, Report};
use blackstart_model::time::{Duration, Timestamp, local_instant, shown};
use blackstart_model::{ComponentId, ComponentName, VantageId, plantfile};
use blackstart_sim::scenario::{self, Happening, Mode, Scenario, What};
use blackstart_sim::world::World;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Programs that playing needs besides those of [`Lab`](crate::Lab).
pub const PLAY_NEEDS: &[&str] =
    &["ip", "sysctl", "nft", "nginx", "unbound", "bird", "birdc", "faketime"];

/// How often each check is asked: often enough that a few rounds are soon over, seldom enough that two busy cores
/// are never late.
const EVERY: Duration = Duration::from_millis(500);

/// Rounds of checks in a second.
const ROUNDS_A_SECOND: u64 = 2;

/// The deadline of a try. Everything here answers within a hundredth of it, or not at all.
const DEADLINE: Duration = Duration::from_millis(400);

/// Rounds of checks that follow on everything that happens: the failure, its confirmation, the verification, and
/// one in which all that is well has spoken.
const ROUNDS_MIN: u64 = 6;

/// Rounds that follow while something fails in turns: what fails one time in three is then seen to do so.
const ROUNDS_IN_TURNS: u64 = 16;

/// A fault by name and mode, as the API tells it.
pub type Cause = (String, String);

/// A scenario that is being played.
pub struct Play {
    scenario: Scenario,
    world: PlantWorld,
    clock: WrongClock,
    server: Server,
    agents: Vec<Agent>,
    /// Where it is.
    now: Timestamp,
    /// The rounds of checks there had been when it came here.
    came_at: u64,
    /// What loses packets now.
    lossy: BTreeSet<ComponentId>,
}

impl Play {
    /// Builds the world of a scenario (a folder of `scenarios/`) and has it watched until all is well.
    ///
    /// # Panics
    /// When the scenario has mistakes, or holds what the lab cannot build or break.
    #[must_use]
    pub fn start(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios").join(name);
        let open = |file: &str| std::fs::read_to_string(folder.join(file)).ok();
        let text = open("scenario.yaml").unwrap_or_else(|| panic!("{name} has no scenario.yaml"));
        let scenario = scenario::read(&text, open).unwrap_or_else(|mistakes| {
            let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            panic!("{name}/scenario.yaml: {}", mistakes.join("; "))
        });
        let world = PlantWorld::new(&scenario.truth);
        let mut plant = (*scenario.plant).clone();
        plant.pace(EVERY, DEADLINE);
        let file = world.lab().folder().join("plant.yaml");
        std::fs::write(&file, plantfile::print(&plant)).expect("a plant");
        let clock = WrongClock::of(world.here(), scenario.starts);
        let listen = format!("{}:8482", world.here_address());
        let server = Server::start(world.here(), &file, &["--agents-listen", &listen]);
        let agents = world.agents().iter();
        let agents =
            agents.map(|(name, host)| Agent::start(host, name, server.data(), &listen)).collect();
        server.console.wait_until_all_up();
        let (now, came_at, lossy) = (scenario.starts, 0, BTreeSet::new());
        let mut play = Self { scenario, world, clock, server, agents, now, came_at, lossy };
        play.happen();
        play.came_at = play.rounds();
        play
    }

    /// The scenario.
    #[must_use]
    pub const fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The console of the server that watches.
    #[must_use]
    pub const fn console(&self) -> &Console {
        &self.server.console
    }

    /// The agents that watch with it.
    #[must_use]
    pub fn agents(&self) -> &[Agent] {
        &self.agents
    }

    /// Plays on until this local time, that which happens then included.
    ///
    /// # Panics
    /// When there is no such time.
    pub fn until(&mut self, local: &str) {
        let at = local_instant(local, self.scenario.plant.zone());
        self.play_until(at.unwrap_or_else(|_| panic!("{local} is no time")));
    }

    /// Plays on until the end.
    pub fn to_the_end(&mut self) {
        self.play_until(self.scenario.ends);
    }

    fn play_until(&mut self, end: Timestamp) {
        let faults = self.scenario.faults.iter();
        let mut instants: BTreeSet<Timestamp> =
            faults.flat_map(|fault| [Some(fault.at), fault.until]).flatten().collect();
        instants.extend(self.scenario.told.iter().map(|told| told.at));
        instants.insert(end);
        instants.retain(|&at| at > self.now && at <= end);
        for at in instants {
            self.watch_on(at);
            self.now = at;
            // Nobody looks while it happens: for who watches, all of it happens at once.
            self.server.halt(true);
            self.agents.iter().for_each(|agent| agent.halt(true));
            self.happen();
            self.clock.put(at);
            self.agents.iter().for_each(|agent| agent.halt(false));
            self.server.halt(false);
            self.tell();
            self.came_at = self.rounds();
        }
        self.watch_on(self.now);
    }

    /// Goes on as it is, for what is left of the time from where it came to `next`.
    fn watch_on(&self, next: Timestamp) {
        let gap = next.duration_since(self.now).as_secs().unsigned_abs();
        let least = if self.lossy.is_empty() { ROUNDS_MIN } else { ROUNDS_IN_TURNS };
        let rounds = (gap / u64::from(self.scenario.time_scale) * ROUNDS_A_SECOND).max(least);
        wait("the rounds of checks", || (self.rounds() >= self.came_at + rounds).then_some(()));
        // What fails in turns is suspected again and again: that is not waited for.
        wait("the judgement to make up its mind", || {
            let incidents =
                self.server.console.api("/incidents")["incidents"].as_array().cloned()?;
            let sure = incidents.iter().all(|incident| incident["state"] != "suspected");
            let late = self.rounds() >= self.came_at + rounds + ROUNDS_MIN;
            (sure || late || !self.lossy.is_empty()).then_some(())
        });
    }

    /// How often the server has come round its grid so far. What it asks besides does not count.
    fn rounds(&self) -> u64 {
        let metrics = self.server.console.get("/metrics").map(|(body, _)| body).unwrap_or_default();
        let mut lines = metrics.lines();
        let met = lines.find_map(|line| line.strip_prefix("blackstart_start_lag_seconds_count "));
        let from_here = self.scenario.plant.checks().iter();
        let from_here = from_here.filter(|check| check.from.contains(&VantageId(0))).count() as u64;
        met.and_then(|met| met.parse::<u64>().ok()).unwrap_or(0) / from_here.max(1)
    }

    /// Makes the world what it is now.
    fn happen(&mut self) {
        let (mut broken, mut lossy) = (BTreeSet::new(), BTreeSet::new());
        let mut swallowed = BTreeSet::new();
        let now = self.now;
        let lasts =
            |fault: &&Happening| fault.at <= now && fault.until.is_none_or(|until| until > now);
        for Happening { what, mode, rate, .. } in self.scenario.faults.iter().filter(lasts) {
            match what {
                What::Component(name) => {
                    let id = self.component(name);
                    let kind = self.scenario.truth.component(id).kind;
                    match mode {
                        Mode::Down | Mode::Misrouted if kind == Kind::Prefix => {
                            swallowed.extend(self.upstreams().map(|upstream| (upstream, id)));
                        }
                        Mode::Down | Mode::Latent | Mode::Consequential => {
                            broken.insert(id);
                        }
                        Mode::Flaky => {
                            self.world.lose(id, *rate);
                            lossy.insert(id);
                        }
                        Mode::Partial
                        | Mode::Degraded
                        | Mode::Misrouted
                        | Mode::CutOff
                        | Mode::Silent
                        | Mode::WrongCheck => {
                            panic!("the lab cannot make {name} {}", mode.as_str())
                        }
                    }
                }
                What::Carriage { prefix, through } => {
                    swallowed.insert((self.component(through), self.component(prefix)));
                }
                What::Check { key, .. } => panic!("the lab cannot make {key} lie"),
                What::Vantage(name) => panic!("the lab does not take vantage {name} away yet"),
            }
        }
        for &well in self.lossy.difference(&lossy) {
            self.world.lose(well, 0.0);
        }
        self.lossy = lossy;
        self.world.break_down(broken);
        self.world.swallow(&swallowed);
    }

    fn component(&self, name: &ComponentName) -> ComponentId {
        self.scenario.truth.find(name.as_str()).expect("the reader has looked it up")
    }

    fn upstreams(&self) -> impl Iterator<Item = ComponentId> {
        let components = self.scenario.truth.components().iter().zip(0..);
        components
            .filter(|(component, _)| component.kind == Kind::Upstream)
            .map(|(_, at)| ComponentId(at))
    }

    /// Tells the server what is told now.
    fn tell(&self) {
        for told in self.scenario.told.iter().filter(|told| told.at == self.now) {
            let (component, body) = match told.input() {
                Input::Person(PersonInput { who, what }) => match what {
                    PersonAction::Observe { component, saw, trust, note } => {
                        let note = format!("{who}: {note}");
                        (component, json!({ "saw": saw.as_str(), "trust": trust, "note": note }))
                    }
                    PersonAction::Act { component, did, note } => {
                        let note = format!("{who}: {note}");
                        (component, json!({ "did": did.as_str(), "note": note }))
                    }
                    other => panic!("nobody in a scenario does this: {other:?}"),
                },
                Input::Reported(report) => {
                    let Report { component, from, saw, tries, failures, trust, at: _, detail } =
                        report;
                    let counted = json!({
                        "saw": saw.as_str(), "trust": trust, "note": format!("{from}: {detail}"),
                        "tries": tries, "failures": failures,
                    });
                    (component, counted)
                }
                other => panic!("in the lab checks speak for themselves: {other:?}"),
            };
            let path = format!("/api/v1/plant/{component}/observe");
            let answer = self.server.console.post(&path, &body.to_string());
            let (_, head) = answer.expect("the console answers");
            assert!(head.contains(" 204 "), "{} was not heard: {head}", told.from);
        }
    }

    /// What the pretended world comes to by the same file, up to where this one is.
    fn pretended(&self) -> BTreeSet<Cause> {
        let Scenario { believed, truth, starts, seed, senses, .. } = &self.scenario;
        let source = PlantSource { files: vec![believed.clone()] };
        let mut world = World::of(source, truth.clone(), *starts, *seed, *senses);
        world.stay_cool(self.scenario.stays_cool);
        for fault in &self.scenario.faults {
            world.happen(fault.clone());
        }
        for told in self.scenario.told.iter().filter(|told| told.at <= self.now) {
            world.run_until(told.at);
            world.give(told.input());
        }
        world.run_until(self.now);
        let diagnosis = world.state().diagnose(world.now());
        let first = diagnosis.hypotheses.into_iter().next();
        let faults = first.into_iter().flat_map(|first| first.faults);
        faults.map(|it| (it.fault.subject, it.fault.mode.as_str().to_owned())).collect()
    }

    /// Waits until the live incidents name these causes (subject and mode); gives all that is believed of what was seen
    /// so far. What is wanted must be part of it, nothing be named that is not, and the replayed journal and the
    /// pretended world must believe the same.
    ///
    /// # Panics
    /// When that does not come, or they differ.
    pub fn names(&self, causes: &[(&str, &str)]) -> BTreeSet<Cause> {
        let wanted = causes.iter().map(|&(what, how)| (what.to_owned(), how.to_owned()));
        let wanted: BTreeSet<Cause> = wanted.collect();
        let at = shown(self.now, self.scenario.plant.zone());
        let what = format!("{wanted:?} to be named at {at}");
        let named = wait(&what, || Some(self.named()).filter(|named| wanted.is_subset(named)));
        let believed = self.replayed();
        assert_eq!(believed, self.pretended(), "at {at} this and the pretended world differ");
        assert!(wanted.is_subset(&believed), "at {at} all believed is {believed:?}");
        assert!(
            named.is_subset(&believed),
            "at {at} {named:?} is named, and believed {believed:?}"
        );
        believed
    }

    /// What is believed of all that was seen so far, by a replay of the journal.
    fn replayed(&self) -> BTreeSet<Cause> {
        let replayed = Command::new(binary())
            .args(["replay", "--format", "json", "--at", &self.clock.now().to_string(), "--data"])
            .arg(self.server.data())
            .output()
            .expect("blackstart replays");
        let told: Value = serde_json::from_slice(&replayed.stdout).expect("it answers in JSON");
        let otherwise = &told["decided_otherwise"];
        assert!(otherwise.is_null(), "the journal is decided otherwise when replayed: {otherwise}");
        causes(&told["diagnosis"]["hypotheses"][0]["faults"])
    }

    /// What the incidents say broke that are confirmed and not over. What is only told as seen (that a thing answers
    /// badly) is no cause.
    fn named(&self) -> BTreeSet<Cause> {
        let incidents = self.console().confirmed().into_iter();
        let live = incidents.filter(|incident| incident["closed_at"].is_null());
        let causes = live.flat_map(|incident| causes(&incident["cause"]));
        causes.filter(|(_, how)| how != "degraded").collect()
    }
}

/// A list of faults as the API has it.
fn causes(faults: &Value) -> BTreeSet<Cause> {
    let text = |fault: &Value, key: &str| fault[key].as_str().unwrap_or_default().to_owned();
    let faults = faults.as_array().into_iter().flatten();
    faults.map(|fault| (text(fault, "component"), text(fault, "mode"))).collect()
}
