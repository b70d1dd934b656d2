//! Records of every kind, drawn at random.

use blackstart_model::incident::IncidentState;
use blackstart_model::observation::{NoAnswerCode, Observation, Outcome, SymptomCode};
use blackstart_model::record::{
    Alert, Asker, BelievedFault, Coincidence, Counted, Decision, Deed, Delivery, DiagnosisSummary,
    FaultMode, FaultName, HypothesisSummary, IncidentRevision, Input, News, NextCheck, Particulars,
    PersonAction, PersonInput, PlantSource, Recipient, Record, Report, Saw, Urgency, VantageLoss,
};
use blackstart_model::time::{Duration, Timestamp};
use blackstart_model::{AlertId, CheckKey, ComponentName, IncidentId, VantageName};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;
use std::collections::BTreeSet;

/// The kind of a record, finer than the journal's own: one per shape that its body can take.
///
/// A new shape asks for a line here, a line in [`shapes`], and a place in a new golden file.
pub(crate) fn shape(record: &Record) -> &'static str {
    match record {
        Record::Input(input) => match input {
            Input::Started { .. } => "started",
            Input::Blind { .. } => "blind",
            Input::PlantLoaded(_) => "plant-loaded",
            Input::PlantRefused { .. } => "plant-refused",
            Input::Observed(observation) => match observation.outcome {
                Outcome::Up => "observed up",
                Outcome::Degraded(_) => "observed degraded",
                Outcome::Down(_) => "observed down",
                Outcome::Unknown(_) => "observed unknown",
            },
            Input::Counted(_) => "counted",
            Input::Reported(_) => "reported",
            Input::VantageHeard { .. } => "vantage-heard",
            Input::VantageLost { .. } => "vantage-lost",
            Input::Person(person) => match person.what {
                PersonAction::Acknowledge { .. } => "person acknowledges",
                PersonAction::Silence { .. } => "person silences",
                PersonAction::Close { .. } => "person closes",
                PersonAction::Merge { .. } => "person merges",
                PersonAction::Observe { .. } => "person observes",
                PersonAction::Act { .. } => "person acts",
            },
            Input::AttemptStarted { .. } => "attempt-started",
            Input::AttemptEnded { result, .. } => match result {
                Delivery::Delivered(_) => "attempt-ended delivered",
                Delivery::Failed(_) => "attempt-ended failed",
                Delivery::Later { .. } => "attempt-ended later",
                Delivery::Refused(_) => "attempt-ended refused",
                Delivery::InFlight(_) => "attempt-ended in flight",
            },
            Input::Tick => "tick",
        },
        Record::Decision(decision) => match decision {
            Decision::Verify { .. } => "verify",
            Decision::Incident(_) => "incident",
            Decision::Alert(alert) => match alert.to {
                Recipient::Mail(_) => "alert by mail",
                Recipient::Webhook(_) => "alert by webhook",
                Recipient::Alertmanager(_) => "alert to an alertmanager",
                Recipient::PagerDuty(_) => "alert to pagerduty",
                Recipient::Ntfy(_) => "alert to ntfy",
                Recipient::Command(_) => "alert by a command",
            },
            Decision::Withhold { .. } => "withhold",
            Decision::Deliver { .. } => "deliver",
            Decision::GiveUp { .. } => "give-up",
            Decision::Reject { .. } => "reject",
        },
    }
}

/// Any record.
pub(crate) fn record() -> impl Strategy<Value = Record> {
    Union::new(shapes())
}

/// Records of each shape.
fn shapes() -> Vec<BoxedStrategy<Record>> {
    let inputs = [
        (text(), option::of(instant()))
            .prop_map(|(version, alive_until)| Input::Started { version, alive_until })
            .boxed(),
        instant().prop_map(|since| Input::Blind { since }).boxed(),
        vec((text(), long_text()), 0..3)
            .prop_map(|files| Input::PlantLoaded(PlantSource { files }))
            .boxed(),
        text().prop_map(|why| Input::PlantRefused { why }).boxed(),
        observed(Just(Outcome::Up)),
        observed((select(SymptomCode::ALL), text()).prop_map(|(c, d)| Outcome::degraded(c, d))),
        observed((select(SymptomCode::ALL), text()).prop_map(|(c, d)| Outcome::down(c, d))),
        observed((select(NoAnswerCode::ALL), text()).prop_map(|(c, d)| Outcome::unknown(c, d))),
        (vantage(), any::<u64>(), vec((check(), any::<u32>(), any::<u32>()), 0..4))
            .prop_map(|(vantage, tries, exceptions)| {
                Input::Counted(Counted { vantage, tries, exceptions })
            })
            .boxed(),
        vantage().prop_map(|vantage| Input::VantageHeard { vantage }).boxed(),
        (vantage(), select(VantageLoss::ALL), text())
            .prop_map(|(vantage, how, detail)| Input::VantageLost { vantage, how, detail })
            .boxed(),
        person(
            (incident(), text())
                .prop_map(|(incident, note)| PersonAction::Acknowledge { incident, note }),
        ),
        person(
            (incident(), instant(), text()).prop_map(|(incident, until, note)| {
                PersonAction::Silence { incident, until, note }
            }),
        ),
        person(
            (incident(), text())
                .prop_map(|(incident, note)| PersonAction::Close { incident, note }),
        ),
        person(
            (incident(), incident(), text())
                .prop_map(|(incident, into, note)| PersonAction::Merge { incident, into, note }),
        ),
        (component(), text(), select(Saw::ALL), any::<(u32, u32, u8)>(), instant(), text())
            .prop_map(|(component, from, saw, (tries, failures, trust), at, detail)| {
                let report = Report { component, from, saw, tries, failures, trust, at, detail };
                Input::Reported(report)
            })
            .boxed(),
        person((component(), select(Saw::ALL), any::<u8>(), text()).prop_map(
            |(component, saw, trust, note)| PersonAction::Observe { component, saw, trust, note },
        )),
        person(
            (component(), select(Deed::ALL), text())
                .prop_map(|(component, did, note)| PersonAction::Act { component, did, note }),
        ),
        (alert_id(), any::<u32>())
            .prop_map(|(alert, attempt)| Input::AttemptStarted { alert, attempt })
            .boxed(),
        attempt_ended(Delivery::Delivered),
        attempt_ended(Delivery::Failed),
        (attempt_ended(|words| Delivery::Later { words, after: Duration::from_secs(7) })),
        attempt_ended(Delivery::Refused),
        attempt_ended(Delivery::InFlight),
        Just(Input::Tick).boxed(),
    ];
    let decisions = [
        (vec((check(), vantage()), 0..4), text())
            .prop_map(|(asks, because)| Decision::Verify { asks, because })
            .boxed(),
        revision().prop_map(Decision::Incident).boxed(),
        alert(Recipient::Mail),
        alert(Recipient::Webhook),
        alert(Recipient::Alertmanager),
        alert(Recipient::PagerDuty),
        alert(Recipient::Ntfy),
        alert(Recipient::Command),
        (incident(), select(News::ALL), text())
            .prop_map(|(incident, news, because)| Decision::Withhold { incident, news, because })
            .boxed(),
        (alert_id(), any::<u32>(), any::<bool>(), instant())
            .prop_map(|(alert, attempt, repeat, not_before)| Decision::Deliver {
                alert,
                attempt,
                repeat,
                not_before,
            })
            .boxed(),
        (alert_id(), text())
            .prop_map(|(alert, because)| Decision::GiveUp { alert, because })
            .boxed(),
        text().prop_map(|because| Decision::Reject { because }).boxed(),
    ];
    let inputs = inputs.into_iter().map(|input| input.prop_map(Record::Input).boxed());
    let decisions = decisions.into_iter().map(|made| made.prop_map(Record::Decision).boxed());
    inputs.chain(decisions).collect()
}

/// The shapes that [`record`] draws, one draw of each.
pub(crate) fn shapes_drawn() -> BTreeSet<&'static str> {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut draw = |records: BoxedStrategy<Record>| {
        shape(&records.new_tree(&mut runner).expect("nothing is filtered out").current())
    };
    shapes().into_iter().map(&mut draw).collect()
}

/// An instant that a clock of ours may show: 1677 to 2262, to the nanosecond.
pub(crate) fn instant() -> impl Strategy<Value = Timestamp> + Clone {
    any::<i64>().prop_map(|ns| Timestamp::from_nanosecond(ns.into()).expect("in jiff's range"))
}

/// Any text: empty, with quotes, line ends, NUL and whatever else Unicode has.
fn text() -> impl Strategy<Value = String> + Clone {
    vec(any::<char>(), 0..12).prop_map(String::from_iter)
}

/// A text that may be longer than a page of the store, and that may come again.
fn long_text() -> impl Strategy<Value = String> {
    (text(), select(&[0_usize, 1, 3, 2000][..])).prop_map(|(text, times)| text.repeat(times))
}

fn check() -> impl Strategy<Value = CheckKey> {
    text().prop_map(CheckKey::from)
}

fn vantage() -> impl Strategy<Value = VantageName> {
    text().prop_map(VantageName::from)
}

fn component() -> impl Strategy<Value = ComponentName> {
    text().prop_map(ComponentName::from)
}

fn incident() -> impl Strategy<Value = IncidentId> {
    // Often one that another record names too.
    prop_oneof![0..4_u64, any::<u64>()].prop_map(IncidentId)
}

fn alert_id() -> impl Strategy<Value = AlertId> {
    prop_oneof![0..4_u64, any::<u64>()].prop_map(AlertId)
}

fn observed(outcome: impl Strategy<Value = Outcome> + 'static) -> BoxedStrategy<Input> {
    (check(), vantage(), outcome, instant(), any::<bool>(), any::<(u32, u32)>())
        .prop_map(|(check, vantage, outcome, at, asked, (tries, failures))| {
            let observation = Observation { check, vantage, outcome, at, asked, tries, failures };
            Input::Observed(observation)
        })
        .boxed()
}

fn person(what: impl Strategy<Value = PersonAction> + 'static) -> BoxedStrategy<Input> {
    (text(), what).prop_map(|(who, what)| Input::Person(PersonInput { who, what })).boxed()
}

fn attempt_ended(result: fn(String) -> Delivery) -> BoxedStrategy<Input> {
    (alert_id(), any::<u32>(), text().prop_map(result))
        .prop_map(|(alert, attempt, result)| Input::AttemptEnded { alert, attempt, result })
        .boxed()
}

fn alert(to: fn(String) -> Recipient) -> BoxedStrategy<Decision> {
    let words = [text(), text(), text()];
    let about = (alert_id(), option::of(incident()), select(News::ALL));
    (about, text().prop_map(to), words, option::of(particulars()))
        .prop_map(|((id, incident, news), to, [subject, body, because], particulars)| {
            let particulars = particulars.map(Box::new);
            let alert = Alert { id, incident, news, to, subject, body, because, particulars };
            Decision::Alert(alert)
        })
        .boxed()
}

fn particulars() -> impl Strategy<Value = Particulars> {
    let names = || vec(text(), 0..3);
    let belief = (vec(fault(), 0..3), option::of(1_u8..100), text());
    let lists = [names(), names(), names(), names(), names()];
    (select(Urgency::ALL), instant(), belief, lists).prop_map(
        |(urgency, opened_at, (cause, sure_percent, sentence), lists)| {
            let [explains, unexplained, contradicted, services, customers] = lists;
            Particulars {
                urgency,
                opened_at,
                cause,
                sure_percent,
                sentence,
                explains,
                unexplained,
                contradicted,
                services,
                customers,
            }
        },
    )
}

fn revision() -> impl Strategy<Value = IncidentRevision> {
    let states = (option::of(select(IncidentState::ALL)), select(IncidentState::ALL));
    let names = [vec(component(), 0..3), vec(component(), 0..3)];
    (incident(), states, text(), option::of(incident()), diagnosis(), names).prop_map(
        |(id, (from, to), because, into, diagnosis, [services, customers])| IncidentRevision {
            id,
            from,
            to,
            because,
            into,
            diagnosis,
            services,
            customers,
        },
    )
}

fn diagnosis() -> impl Strategy<Value = DiagnosisSummary> {
    let groups = vec(vec(fault(), 0..3), 0..2);
    let said = (text(), vec(hypothesis(), 0..3), text(), vec(text(), 0..3));
    (said, groups, vec(next_check(), 0..3), vec(coincidence(), 0..2)).prop_map(
        |((sentence, hypotheses, searched, changed), ambiguity, next_checks, coincidences)| {
            DiagnosisSummary {
                sentence,
                hypotheses,
                searched,
                ambiguity,
                next_checks,
                coincidences,
                changed,
            }
        },
    )
}

fn fault() -> impl Strategy<Value = FaultName> {
    (text(), select(FaultMode::ALL)).prop_map(|(subject, mode)| FaultName { subject, mode })
}

fn next_check() -> impl Strategy<Value = NextCheck> {
    (text(), text(), select(Asker::ALL), 0.0..60.0, 0.0..4.0).prop_map(
        |(ask, target, by, minutes, information_bits)| NextCheck {
            ask,
            target,
            by,
            minutes,
            information_bits,
        },
    )
}

fn coincidence() -> impl Strategy<Value = Coincidence> {
    (fault(), text(), 0.0..1.0, 1.0..1e6, text()).prop_map(
        |(fault, near, odds_low, odds_high, sentence)| Coincidence {
            fault,
            near,
            odds_low,
            odds_high,
            sentence,
        },
    )
}

fn hypothesis() -> impl Strategy<Value = HypothesisSummary> {
    let fault = (fault(), proptest::option::of(instant()), proptest::option::of(instant()))
        .prop_map(|(fault, since, until)| BelievedFault { fault, since, until });
    let checks = || vec(text(), 0..3);
    (vec(fault, 0..3), 0.0..=1.0, [checks(), checks(), checks(), checks()]).prop_map(
        |(faults, posterior, [explains, unexplained, contradicted, predicts])| HypothesisSummary {
            nothing_broke: posterior < 0.5,
            faults,
            posterior,
            explains,
            unexplained,
            contradicted,
            predicts,
        },
    )
}
