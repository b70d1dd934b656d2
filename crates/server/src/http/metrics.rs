//! `/metrics` for Prometheus: the text format, version 0.0.4.

use super::App;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use blackstart_model::incident::IncidentState;
use blackstart_probe::Stats;
use blackstart_reason::AlertStage;
use std::fmt::Write as _;

const KIND: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// The component in a check's key.
fn component_of(key: &str) -> &str {
    key.split_once('/').map_or(key, |(component, _)| component)
}

pub(super) async fn page(State(app): State<App>) -> Response {
    let view = app.view();
    let mut text = String::new();
    let mut family = |name: &str, kind: &str, help: &str, lines: Vec<(String, f64)>| {
        let _ = writeln!(text, "# HELP blackstart_{name} {help}\n# TYPE blackstart_{name} {kind}");
        for (labels, value) in lines {
            let _ = writeln!(text, "blackstart_{name}{labels} {value}");
        }
    };
    let labelled = |pairs: &[(&str, &str)]| {
        let pairs: Vec<String> = pairs
            .iter()
            .map(|(name, value)| {
                let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
                format!("{name}=\"{value}\"")
            })
            .collect();
        format!("{{{}}}", pairs.join(","))
    };
    let mut up = Vec::new();
    let mut seconds = Vec::new();
    let mut ends = Vec::new();
    let mut readings = Vec::new();
    for (check, seen) in view.asked() {
        for sight in &seen.from {
            let pairs = [
                ("check", check.key.as_str()),
                ("component", component_of(check.key.as_str())),
                ("vantage", sight.vantage.as_str()),
                ("kind", check.question.kind().as_str()),
            ];
            let labels = labelled(&pairs);
            use blackstart_model::observation::Standing;
            let value = match sight.standing {
                Standing::Up => 1.0,
                Standing::Degraded => 0.5,
                Standing::Down => 0.0,
                // Not known is not a number that could be taken for health.
                Standing::Unknown => f64::NAN,
            };
            up.push((labels.clone(), value));
            if let Some(track) = app.hub.samples().track(&check.key, &sight.vantage) {
                seconds.push((labels.clone(), f64::from(track.timing.total_us) / 1e6));
                for reading in &track.readings {
                    let of = [("reading", reading.name()), ("unit", reading.unit().as_str())];
                    readings.push((labelled(&[&pairs[..], &of[..]].concat()), reading.value()));
                }
                if let Some(s) = track.certificate_ends_s {
                    ends.push((labels, s as f64));
                }
            }
        }
    }
    family("check_up", "gauge", "1 up, 0.5 degraded, 0 down, NaN unknown.", up);
    family("check_duration_seconds", "gauge", "How long the last answer took.", seconds);
    family(
        "check_certificate_end_seconds",
        "gauge",
        "When the certificate ends, since 1970.",
        ends,
    );
    family("check_reading", "gauge", "A number that the last answer read.", readings);
    let incidents = IncidentState::ALL
        .iter()
        .map(|state| {
            let count = view.incidents.values().filter(|incident| incident.state == *state).count();
            (labelled(&[("state", state.as_str())]), count as f64)
        })
        .collect();
    family("incidents", "gauge", "Incidents of the journal by state.", incidents);
    let delivered = view
        .alerts
        .iter()
        .filter(|progress| matches!(progress.stage, AlertStage::Delivered { .. }))
        .count();
    family(
        "alerts",
        "gauge",
        "Alerts of the journal, and how many were taken over.",
        vec![
            (labelled(&[("state", "all")]), view.alerts.len() as f64),
            (labelled(&[("state", "delivered")]), delivered as f64),
        ],
    );
    let stats = app.senses.stats();
    let one = |value: u64| vec![(String::new(), value as f64)];
    family("tries_total", "counter", "Tries of checks put by this server.", one(stats.put));
    family(
        "tries_late_total",
        "counter",
        "Tries that say nothing because we were late.",
        one(stats.late),
    );
    family("tries_in_flight", "gauge", "Tries under way.", one(stats.in_flight));
    let mut buckets = Vec::new();
    let mut met = 0;
    let bounds = Stats::LAG_US.iter().map(|&us| (us as f64 / 1e6).to_string());
    for (count, bound) in stats.lag.iter().zip(bounds.chain(["+Inf".to_owned()])) {
        met += count;
        buckets.push((format!("_bucket{}", labelled(&[("le", &bound)])), met as f64));
    }
    buckets.push(("_count".to_owned(), met as f64));
    family("start_lag_seconds", "histogram", "How late points of the grid were met.", buckets);
    family("journal_record", "counter", "The newest record.", one(app.hub.newest().0));
    let kept = app.hub.recorder().kept();
    family("samples_minutes_total", "counter", "Minutes of checks that were kept.", one(kept.rows));
    let lost = vec![
        (labelled(&[("what", "answers")]), kept.answers_lost as f64),
        (labelled(&[("what", "minutes")]), kept.rows_lost as f64),
    ];
    family("samples_lost_total", "counter", "Answers and minutes that could not be kept.", lost);
    family("samples_bytes", "gauge", "How long the file of samples is.", one(kept.bytes));
    let trouble = u64::from(kept.trouble.is_some());
    family("samples_trouble", "gauge", "1 while samples cannot be kept.", one(trouble));
    let written = app.hub.outbox().told();
    let lost = vec![
        (labelled(&[("why", "no-room")]), written.dropped as f64),
        (labelled(&[("why", "refused")]), written.refused as f64),
    ];
    let of = "Answers that were written elsewhere.";
    family("remote_write_sent_total", "counter", of, one(written.sent));
    family("remote_write_lost_total", "counter", "Answers that were not, and never will be.", lost);
    family("remote_write_waiting", "gauge", "Answers that wait for it.", one(written.waiting));
    let trouble = u64::from(written.trouble.is_some());
    family("remote_write_trouble", "gauge", "1 while they cannot be written.", one(trouble));
    let trouble = u64::from(app.hub.trouble().is_some());
    family("journal_trouble", "gauge", "1 while the journal cannot be written.", one(trouble));
    ([(header::CONTENT_TYPE, KIND)], text).into_response()
}
