//! How likely a thing is to have broken, before looking.
//!
//! Failures per year by kind. Every figure here is **chosen by hand** as an order of magnitude, and only
//! their ratios matter: a website's software fails more often than its server, a server more often than
//! a rack's switch, and nearly nothing as seldom as a rack falls over. The engine to come takes them from
//! the plant's own history where there is one.

use crate::circuit::Subject;
use blackstart_model::Plant;
use blackstart_model::kind::Kind;

/// Hours before the onset in which the fault may have come: long enough for the slowest check to have
/// spoken once, short enough that two independent faults in it are rare (chosen by hand).
const EXPOSURE_HOURS: f64 = 1.0;

const HOURS_PER_YEAR: f64 = 8_766.0;

/// Log-probability that something outside the plant's model did it: about one such event in three
/// years, and it may show in any way (chosen by hand).
pub(crate) const UNMODELLED: f64 = -10.2;

/// Natural logarithm of the probability that `subject` broke within the exposure.
pub(crate) fn log_prior(plant: &Plant, subject: Subject) -> f64 {
    let per_year = match subject {
        Subject::Component(component) => failures_per_year(plant.component(component).kind),
        Subject::Vantage(_) => 4.0,
        Subject::Check(_) => 0.5,
        Subject::Carriage { .. } => 0.2,
    };
    (per_year * EXPOSURE_HOURS / HOURS_PER_YEAR).ln()
}

const fn failures_per_year(kind: Kind) -> f64 {
    match kind {
        Kind::Customer => 0.001,
        Kind::Rack | Kind::Outlet => 0.01,
        Kind::Site | Kind::Room => 0.02,
        Kind::TransferSwitch | Kind::Pdu | Kind::Disk => 0.05,
        Kind::Breaker | Kind::Psu | Kind::Nic | Kind::Switch => 0.1,
        Kind::Ups
        | Kind::Server
        | Kind::Bmc
        | Kind::Router
        | Kind::Firewall
        | Kind::LoadBalancer
        | Kind::Vip
        | Kind::Storage => 0.2,
        Kind::Cooling | Kind::Prefix | Kind::Hypervisor => 0.3,
        Kind::Feed | Kind::Generator | Kind::Link | Kind::File => 0.5,
        Kind::Vm | Kind::Database | Kind::Certificate | Kind::Component => 1.0,
        Kind::Upstream | Kind::Container | Kind::Backup | Kind::Monitor => 2.0,
        Kind::Service | Kind::Website | Kind::Job => 4.0,
    }
}
