//! `blackstart`: the command line. One file for each verb; exit codes in `exit`.
#![forbid(unsafe_code)]

mod exit;
mod output;
mod findings;
mod opened;
mod check;
mod audit;
mod whatif;
mod coldstart;
mod cutsets;
mod availability;
mod schema;
mod draw;
mod import;
mod diagnose;
mod discover;
mod doctor;
mod serve;
mod demo;
mod replay;
mod status;
mod incident;
mod observe;
mod enroll;
mod password;
mod completions;
mod man;
mod ask;
mod named;
mod clock;

use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};
use std::process::ExitCode;

/// Outage management for hosting providers: know what an outage takes down before it happens, name
/// its cause while it happens, and prove you can come back from it.
#[derive(Parser)]
#[command(name = "blackstart", version, max_term_width = 100, after_help = exit::help())]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
    /// How the answer is written; JSON is documented in docs/json.md, SARIF is for `audit` alone.
    #[arg(long, global = true, value_enum, default_value_t = Style::Human)]
    format: Style,
}

/// How an answer can be asked for.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Style {
    /// For people; coloured on a terminal.
    Human,
    /// For programs.
    Json,
    /// For code review: SARIF 2.1.0, `audit` only.
    Sarif,
}

/// How an answer is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    /// For people; coloured on a terminal.
    Human,
    /// For programs.
    Json,
}

#[derive(Subcommand)]
enum Verb {
    /// Check a plant file: every finding at once, with the line underlined.
    Check(check::Arguments),
    /// Say what is weak in a plant before anything happens.
    Audit(audit::Arguments),
    /// Say who goes dark when this is switched off or that fails, which breaker trips, and when.
    Whatif(whatif::Arguments),
    /// The order in which a dark plant is brought up, or why it cannot be.
    Coldstart(coldstart::Arguments),
    /// Which smallest sets of faults bring something down, how many, how likely, and which fault matters.
    Cutsets(cutsets::Arguments),
    /// How long everything is expected to be down in a year, and what to buy first.
    Availability(availability::Arguments),
    /// Print the JSON Schema of the plant file, for editors.
    Schema,
    /// Draw a plant, or the answer to one question about it, as SVG.
    Draw(draw::Arguments),
    /// Write a plant file from what another system knows.
    Import(import::Arguments),
    /// Say what broke, by what somebody wrote down of an outage; no server is asked.
    Diagnose(diagnose::Arguments),
    /// Look at this machine, and write a plant file that can be watched at once.
    Discover(discover::Arguments),
    /// Say what this installation can do today, what it could not see or tell, and why.
    Doctor(doctor::Arguments),
    /// Watch a plant: checks, incidents, alerts, console.
    Serve(serve::Arguments),
    /// Play a known outage in the real console, on a pretended network, and break more by hand.
    Demo(demo::Arguments),
    /// Fold a journal and compare: the same state, byte for byte.
    Replay(replay::Arguments),
    /// What is broken now, how sure, who is hit.
    Status(status::Arguments),
    /// Look at an incident, or take, silence, close or merge it.
    Incident(incident::Arguments),
    /// Tell what a person saw of a component.
    Observe(observe::Arguments),
    /// Give an agent its token, or take it away.
    Enroll(enroll::Arguments),
    /// Hash a password for the console's passwords file.
    Password(password::Arguments),
    /// Print a script by which a shell completes this command.
    Completions(completions::Arguments),
    /// Write the manual pages, one for each verb.
    Man(man::Arguments),
}

fn main() -> ExitCode {
    let Arguments { verb, format: style } = Arguments::parse();
    let format = match (style, &verb) {
        (Style::Human, _) => Format::Human,
        (Style::Json, _) | (Style::Sarif, Verb::Audit(_)) => Format::Json,
        (Style::Sarif, _) => Arguments::command()
            .error(clap::error::ErrorKind::InvalidValue, "only `audit` writes SARIF")
            .exit(),
    };
    let done = match verb {
        Verb::Check(arguments) => check::run(&arguments, format),
        Verb::Audit(arguments) => audit::run(&arguments, style),
        Verb::Whatif(arguments) => whatif::run(&arguments, format),
        Verb::Coldstart(arguments) => coldstart::run(&arguments, format),
        Verb::Cutsets(arguments) => cutsets::run(&arguments, format),
        Verb::Availability(arguments) => availability::run(&arguments, format),
        Verb::Schema => schema::run(),
        Verb::Draw(arguments) => draw::run(&arguments),
        Verb::Import(arguments) => import::run(&arguments, format),
        Verb::Diagnose(arguments) => diagnose::run(&arguments, format),
        Verb::Discover(arguments) => discover::run(&arguments, format),
        Verb::Doctor(arguments) => doctor::run(arguments, format),
        Verb::Serve(arguments) => serve::run(arguments, format),
        Verb::Demo(arguments) => demo::run(arguments, format),
        Verb::Replay(arguments) => replay::run(&arguments, format),
        Verb::Status(arguments) => status::run(&arguments, format),
        Verb::Incident(arguments) => incident::run(&arguments, format),
        Verb::Observe(arguments) => observe::run(&arguments),
        Verb::Enroll(arguments) => enroll::run(&arguments, format),
        Verb::Password(arguments) => password::run(&arguments),
        Verb::Completions(arguments) => Ok(completions::run(&arguments, Arguments::command())),
        Verb::Man(arguments) => man::run(&arguments, Arguments::command()),
    };
    match done {
        Ok(exit) => exit.code(),
        Err(error) => {
            output::complain(&format!("{error:#}"));
            exit::of(&error).code()
        }
    }
}
