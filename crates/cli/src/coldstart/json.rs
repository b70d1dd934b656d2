//! The cold start for programs (docs/json.md).

use blackstart_model::plant::Role;
use blackstart_model::requirement::Target;
use blackstart_model::time::Duration;
use blackstart_model::{ComponentId, Plant};
use blackstart_reason::coldstart::{
    Act, Because, By, Caution, ColdStart, Cut, Cycle, Held, Proof, Step, Takes, Unknown, Wave,
};
use serde::Serialize;

#[derive(Serialize)]
struct Json<'a> {
    version: u32,
    plant: &'a str,
    can_start: bool,
    up_before: Vec<&'a str>,
    waves: Vec<OneWave<'a>>,
    held: Vec<Why<'a>>,
    cycles: Vec<OneCycle<'a>>,
    stuck: Vec<Stuck<'a>>,
    gaps: usize,
    takes: OneTakes,
    unknown: Vec<What<'a>>,
}

#[derive(Serialize)]
struct OneWave<'a> {
    wave: usize,
    groups: u32,
    takes: OneTakes,
    steps: Vec<OneStep<'a>>,
}

#[derive(Serialize)]
struct OneTakes {
    min_s: f64,
    max_s: f64,
    unknown_steps: usize,
}

#[derive(Serialize)]
struct OneStep<'a> {
    component: &'a str,
    kind: &'a str,
    act: &'a str,
    group: u32,
    by: &'a str,
    gate: Gate<'a>,
    takes_s: Option<[f64; 2]>,
    cords: Vec<&'a str>,
    feeds: Vec<&'a str>,
    cautions: Vec<OneCaution<'a>>,
}

#[derive(Serialize)]
struct Gate<'a> {
    check: Option<&'a str>,
    vantage: Option<&'a str>,
    look: Option<&'a str>,
}

#[derive(Serialize)]
struct OneCaution<'a> {
    caution: &'a str,
    components: Vec<&'a str>,
}

#[derive(Serialize)]
struct Why<'a> {
    component: &'a str,
    why: &'a str,
    on: Option<&'a str>,
}

#[derive(Serialize)]
struct OneCycle<'a> {
    edges: Vec<OneEdge<'a>>,
    shortest: bool,
    members: Vec<&'a str>,
    cuts: Vec<Vec<OneCut<'a>>>,
    fewest: bool,
}

#[derive(Serialize)]
struct OneEdge<'a> {
    from: &'a str,
    role: &'a str,
    to: &'a str,
    on_the_way: bool,
}

#[derive(Serialize)]
struct OneCut<'a> {
    component: &'a str,
    role: &'a str,
    target: &'a str,
}

#[derive(Serialize)]
struct Stuck<'a> {
    component: &'a str,
    waits_for: Option<&'a str>,
    cycle: Option<usize>,
}

#[derive(Serialize)]
struct What<'a> {
    component: &'a str,
    what: &'a str,
}

struct Names<'a>(&'a Plant);

impl<'a> Names<'a> {
    fn one(&self, id: ComponentId) -> &'a str {
        self.0.component(id).name.as_str()
    }

    fn all(&self, ids: &[ComponentId]) -> Vec<&'a str> {
        ids.iter().map(|&id| self.one(id)).collect()
    }

    fn wave(&self, at: usize, wave: &Wave) -> OneWave<'a> {
        OneWave {
            wave: at,
            groups: wave.groups,
            takes: takes(wave.takes),
            steps: wave.steps.iter().map(|step| self.step(step)).collect(),
        }
    }

    fn step(&self, step: &Step) -> OneStep<'a> {
        let gate = match step.proof {
            Proof::Check(check, vantage) => Gate {
                check: Some(self.0.checks()[check.index()].key.as_str()),
                vantage: Some(self.0.vantage(vantage).name.as_str()),
                look: None,
            },
            Proof::Look(words) => Gate { check: None, vantage: None, look: Some(words) },
        };
        OneStep {
            component: self.one(step.component),
            kind: self.0.component(step.component).kind.as_str(),
            act: match step.act {
                Act::ByItself => "by_itself",
                Act::Await => "await",
                Act::SwitchOn => "switch_on",
                Act::Start => "start",
                Act::Confirm => "confirm",
            },
            group: step.group,
            by: match step.by {
                By::Itself => "itself",
                By::Supplier => "supplier",
                By::Remote => "remote",
                By::HandsOnSite => "hands_on_site",
                By::Login => "login",
                By::Anyone => "anyone",
            },
            gate,
            takes_s: step.takes.map(|(min, max)| [seconds(min), seconds(max)]),
            cords: self.all(&step.cords),
            feeds: self.all(&step.feeds),
            cautions: step.cautions.iter().map(|caution| self.caution(caution)).collect(),
        }
    }

    fn caution(&self, caution: &Caution) -> OneCaution<'a> {
        let (caution, components) = match caution {
            Caution::NeverExercised => ("never_exercised", Vec::new()),
            Caution::BarredUntil(_) => ("barred", Vec::new()),
            Caution::ManagementDark => ("management_dark", Vec::new()),
            Caution::NetworkDark => ("network_dark", Vec::new()),
            Caution::NeedsDark => ("forwards_only", Vec::new()),
            Caution::TakeOver { standby, .. } => ("take_over", vec![self.one(*standby)]),
            Caution::CordsDark(cords) => ("cords_dark", self.all(cords)),
            Caution::DrawUnknown(on) => ("draw_unknown", vec![self.one(*on)]),
            Caution::InrushUnknown(on) => ("inrush_unknown", vec![self.one(*on)]),
            Caution::MayTrip(on) => ("may_trip", vec![self.one(*on)]),
            Caution::MayOverload(on) => ("may_overload", vec![self.one(*on)]),
        };
        OneCaution { caution, components }
    }

    fn held(&self, (id, why): &(ComponentId, Held)) -> Why<'a> {
        let (why, on) = match why {
            Held::Failed => ("failed", None),
            Held::OffOnPurpose => ("off", None),
            Held::NoRoom(on) => ("no_room", Some(self.one(*on))),
        };
        Why { component: self.one(*id), why, on }
    }

    fn cycle(&self, cycle: &Cycle) -> OneCycle<'a> {
        OneCycle {
            edges: cycle
                .edges
                .iter()
                .map(|edge| OneEdge {
                    from: self.one(edge.from),
                    role: role(edge.role),
                    to: self.one(edge.to),
                    on_the_way: edge.on_the_way,
                })
                .collect(),
            shortest: cycle.is_shortest,
            members: self.all(&cycle.members),
            cuts: cycle
                .cuts
                .iter()
                .map(|set| set.iter().map(|cut| self.cut(*cut)).collect())
                .collect(),
            fewest: cycle.is_least,
        }
    }

    fn cut(&self, cut: Cut) -> OneCut<'a> {
        let target = match cut.target {
            Target::Component(id) => self.one(id),
            Target::Internet => "internet",
        };
        OneCut { component: self.one(cut.of), role: role(cut.role), target }
    }

    fn stuck(&self, (id, why): &(ComponentId, Because)) -> Stuck<'a> {
        let (waits_for, cycle) = match why {
            Because::Of(other) => (Some(self.one(*other)), None),
            Because::Cycle(at) => (None, Some(*at)),
        };
        Stuck { component: self.one(*id), waits_for, cycle }
    }
}

/// The plant file's key for a role.
pub(super) const fn role(role: Role) -> &'static str {
    match role {
        Role::In => "in",
        Role::On => "on",
        Role::Power => "power",
        Role::Cooling => "cooled_by",
        Role::Network(_) => "network",
        Role::Between => "between",
        Role::Needs => "needs",
        Role::DegradedWithout => "degraded_without",
        Role::ToStart => "to_start",
        Role::ManagedVia => "managed_via",
        Role::Uses => "uses",
        Role::UsedFrom => "used_from",
        Role::CarriedBy => "carried_by",
        Role::Prefix => "prefix",
        Role::Covers => "covers",
    }
}

const fn seconds(of: Duration) -> f64 {
    of.as_secs_f64()
}

const fn takes(takes: Takes) -> OneTakes {
    OneTakes { min_s: seconds(takes.min), max_s: seconds(takes.max), unknown_steps: takes.unknown }
}

pub(super) fn json(plant: &Plant, plan: &ColdStart) -> anyhow::Result<String> {
    let names = Names(plant);
    let json = Json {
        version: 1,
        plant: plant.name(),
        can_start: plan.can_start,
        up_before: names.all(&plan.up_before),
        waves: plan.waves.iter().zip(1..).map(|(wave, at)| names.wave(at, wave)).collect(),
        held: plan.held.iter().map(|held| names.held(held)).collect(),
        cycles: plan.cycles.iter().map(|cycle| names.cycle(cycle)).collect(),
        stuck: plan.stuck.iter().map(|stuck| names.stuck(stuck)).collect(),
        gaps: plan.gaps,
        takes: takes(plan.takes),
        unknown: plan
            .unknown
            .iter()
            .map(|(id, what)| What {
                component: names.one(*id),
                what: match what {
                    Unknown::Draw => "draw",
                    Unknown::Inrush => "inrush",
                    Unknown::Voltage => "voltage",
                },
            })
            .collect(),
    };
    Ok(serde_json::to_string_pretty(&json)? + "\n")
}
