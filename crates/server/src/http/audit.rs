//! *Audit*: what is weak in the plant before anything happens, with filters in the URL.
//!
//! Computed off the loop, once for each plant and hour (certificates and windows come nearer), and kept; who
//! asks meanwhile waits for the same answer.

use super::App;
use super::page::{Place, component as link, page as frame, time};
use crate::report::{self, Audited, Names};
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use blackstart_model::finding::Severity;
use blackstart_model::time::{Duration, Timestamp};
use blackstart_model::{Plant, record::PlantSource};
use blackstart_reason::circuit::Circuit;
use blackstart_reason::structure::{self, Audit, Finding, RULES};
use maud::{Markup, html};
use std::sync::Arc;
use tokio::sync::Mutex;

/// Weaknesses of one kind on the page; the report has more.
const SHOWN_MAX: usize = 50;

/// How long an audit is good for while the plant stays.
const GOOD_FOR: Duration = Duration::from_secs(3600);

/// The audit of the plant in use.
#[derive(Default)]
pub(crate) struct Kept(Mutex<Option<Done>>);

/// An audit, or why there is none.
#[derive(Clone)]
struct Done {
    plant: Arc<Plant>,
    at: Timestamp,
    audit: Result<Arc<Audit>, String>,
}

impl Kept {
    /// The audit of this plant as of about now.
    ///
    /// # Cancel safety
    /// Who stops waiting loses nothing but the answer.
    async fn of(&self, plant: &Arc<Plant>, now: Timestamp) -> Done {
        let mut kept = self.0.lock().await;
        let good = kept.as_ref().filter(|done| {
            Arc::ptr_eq(&done.plant, plant) && now.duration_since(done.at).unsigned_abs() < GOOD_FOR
        });
        if let Some(done) = good {
            return done.clone();
        }
        let own = plant.clone();
        let computing = tokio::task::spawn_blocking(move || {
            structure::audit(&own, &Circuit::of(&own), now).map(Arc::new)
        });
        let audit = match computing.await {
            Ok(audit) => audit.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        let done = Done { plant: plant.clone(), at: now, audit };
        *kept = Some(done.clone());
        done
    }
}

/// What a URL asks for.
#[derive(serde::Deserialize, Default)]
pub(super) struct Asked {
    /// At least so grave.
    #[serde(default)]
    severity: String,
    /// Only this rule's.
    #[serde(default)]
    code: String,
    /// Only what names this component.
    #[serde(default)]
    component: String,
}

impl Asked {
    fn wants(&self, plant: &Plant, finding: &Finding) -> bool {
        let least = Severity::parse(&self.severity).unwrap_or(Severity::Note);
        let named = || {
            let Some(id) = plant.find(self.component.trim()) else { return false };
            let Finding { component, causes, brings_down, witness, .. } = finding;
            *component == id || [causes, brings_down, witness].iter().any(|of| of.contains(&id))
        };
        finding.severity >= least
            && (self.code.is_empty() || finding.code == self.code)
            && (self.component.trim().is_empty() || named())
    }
}

pub(super) async fn page(State(app): State<App>, Query(asked): Query<Asked>) -> Response {
    let view = app.view();
    let source = app.hub.state().plant_source().cloned();
    let (Some(plant), Some(PlantSource { files })) = (&view.plant, source) else {
        let main = html! { h1 { "Audit" } p { "There is no plant to audit." } };
        return frame(&view, Place::Audit, "audit", &main).into_response();
    };
    let done = app.audit.of(plant, view.now).await;
    let main = match &done.audit {
        Err(error) => {
            html! { h1 { "Audit" } p.alarm { "The plant could not be audited: " (error) } }
        }
        Ok(audit) => {
            let audited = Audited { plant, files: &files, audit, now: done.at };
            let all: Vec<&Finding> = audit.findings.iter().collect();
            let told: Vec<&Finding> =
                all.iter().copied().filter(|finding| asked.wants(plant, finding)).collect();
            html! {
                h1 { "Audit: " (report::headline(&all, None)) }
                p.quiet { "As of " (time(&view, done.at)) ". What is said of single faults is complete. "
                    a href="/audit/report.html" { "The report as one file" } ", to keep, print or send" }
                (filters(&asked, &all))
                @if told.len() < all.len() {
                    p { (told.len()) " of " (all.len()) " findings. " a href="/audit" { "Show all" } }
                }
                (found(&audited, &told, &asked))
                section { h2 { "What each falls with, alone" } (report::falls_with(&audited, Names::Linked)) }
            }
        }
    };
    frame(&view, Place::Audit, "audit", &main).into_response()
}

/// The form that narrows down what is shown.
fn filters(asked: &Asked, all: &[&Finding]) -> Markup {
    let count = |code: &str| all.iter().filter(|finding| finding.code == code).count();
    html! {
        form method="get" action="/audit" role="search" aria-label="Filter" {
            label { "At least " select name="severity" {
                @for &severity in Severity::ALL {
                    option value=(severity) selected[severity.as_str() == asked.severity] { (severity) }
                }
            } }
            label { "What " select name="code" {
                option value="" { "everything" }
                @for rule in RULES { @if count(rule.code) > 0 {
                    option value=(rule.code) selected[rule.code == asked.code] {
                        (rule.code) ", " (rule.title) " (" (count(rule.code)) ")"
                    }
                } }
            } }
            label { "Component " input name="component" value=(asked.component) autocomplete="off" maxlength="128"; }
            button { "Show" }
        }
    }
}

/// The weaknesses by rule, with links.
fn found(audited: &Audited<'_>, told: &[&Finding], asked: &Asked) -> Markup {
    let weaknesses = structure::weaknesses(audited.plant, told);
    let all: Vec<_> = weaknesses.iter().collect();
    let named = audited.plant.find(asked.component.trim());
    html! {
        @if all.is_empty() { p { "Nothing like that was found." } }
        @if let Some(id) = named { p { "About " (link(audited.plant.component(id).name.as_str())) "." } }
        @for (code, own) in report::by_rule(&all) {
            section {
                h2 #(code) { (report::sentence(report::title_of(code))) " " span.quiet { (code) } }
                @for weakness in own.iter().take(SHOWN_MAX) {
                    (report::weakness(audited, weakness, Names::Linked, None))
                }
                @if own.len() > SHOWN_MAX {
                    p.quiet { "and " (own.len() - SHOWN_MAX) " more of these; narrow them down above" }
                }
            }
        }
    }
}

/// The report as one file.
pub(super) async fn report(State(app): State<App>) -> Response {
    let (plant, source) = {
        let state = app.hub.state();
        (state.plant().cloned(), state.plant_source().cloned())
    };
    let (Some(plant), Some(source)) = (plant, source) else {
        return super::page::not_found().await;
    };
    let done = app.audit.of(&plant, crate::clock::wall()).await;
    let Ok(audit) = done.audit else { return super::page::not_found().await };
    let writing = tokio::task::spawn_blocking(move || {
        let audited = Audited { plant: &plant, files: &source.files, audit: &audit, now: done.at };
        report::html(&audited, &audit.findings.iter().collect::<Vec<_>>(), None)
    });
    let Ok(html) = writing.await else { return super::page::not_found().await };
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, super::map::POLICY),
    ];
    (headers, html).into_response()
}
