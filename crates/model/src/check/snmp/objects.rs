//! Objects that go by a name: the interfaces of a switch, the outlets of a power strip, a UPS.
//!
//! Each entry is a fact of its MIB: the identifier, what one step of its number stands for, and the words of its
//! states. The dictionary is short on purpose; a device's own MIB says what else there is.

use super::Oid;
use crate::reading::Unit;

/// An object that goes by a name. Its instance follows: `ifInErrors.3`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SnmpObject {
    /// Its name in its MIB.
    pub name: &'static str,
    /// Its identifier, without the instance.
    pub oid: &'static [u32],
    /// One step of its number stands for so much of the unit.
    pub scale: f64,
    /// The unit; of a counter that of its growth.
    pub unit: Unit,
    /// The words of its states.
    pub states: &'static [(i64, &'static str)],
    /// What it is, for people.
    pub about: &'static str,
}

impl SnmpObject {
    /// By its name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        OBJECTS.iter().find(|object| object.name == name)
    }

    /// The one that an identifier is an instance of.
    #[must_use]
    pub fn of(oid: &Oid) -> Option<&'static Self> {
        OBJECTS.iter().find(|object| {
            oid.arcs().len() > object.oid.len() && oid.arcs().starts_with(object.oid)
        })
    }
}

const fn number(
    name: &'static str,
    oid: &'static [u32],
    scale: f64,
    unit: Unit,
    about: &'static str,
) -> SnmpObject {
    SnmpObject { name, oid, scale, unit, states: &[], about }
}

const fn state(
    name: &'static str,
    oid: &'static [u32],
    states: &'static [(i64, &'static str)],
    about: &'static str,
) -> SnmpObject {
    SnmpObject { name, oid, scale: 1.0, unit: Unit::Plain, states, about }
}

/// `ifAdminStatus` (RFC 2863).
const ADMIN: &[(i64, &str)] = &[(1, "up"), (2, "down"), (3, "testing")];

/// `ifOperStatus` (RFC 2863).
const OPER: &[(i64, &str)] = &[
    (1, "up"),
    (2, "down"),
    (3, "testing"),
    (4, "unknown"),
    (5, "dormant"),
    (6, "notPresent"),
    (7, "lowerLayerDown"),
];

/// `upsOutputSource` (RFC 1628).
const SOURCE: &[(i64, &str)] = &[
    (1, "other"),
    (2, "none"),
    (3, "normal"),
    (4, "bypass"),
    (5, "battery"),
    (6, "booster"),
    (7, "reducer"),
];

/// `upsBatteryStatus` (RFC 1628).
const BATTERY: &[(i64, &str)] =
    &[(1, "unknown"), (2, "batteryNormal"), (3, "batteryLow"), (4, "batteryDepleted")];

/// The load states of APC's second family. The first family numbers the same words otherwise.
const LOAD_2: &[(i64, &str)] =
    &[(1, "lowLoad"), (2, "normal"), (3, "nearOverload"), (4, "overload")];

/// Those of its first family.
const LOAD_1: &[(i64, &str)] = &[
    (1, "phaseLoadNormal"),
    (2, "phaseLoadLow"),
    (3, "phaseLoadNearOverload"),
    (4, "phaseLoadOverload"),
];

/// `outletStatus` of Server Technology's Sentry3-MIB.
const SENTRY: &[(i64, &str)] = &[
    (0, "off"),
    (1, "on"),
    (2, "offWait"),
    (3, "onWait"),
    (4, "offError"),
    (5, "onError"),
    (6, "noComm"),
    (7, "reading"),
    (8, "offFuse"),
    (9, "onFuse"),
];

/// All of them: SNMPv2-MIB (RFC 3418), IF-MIB (RFC 2863), UPS-MIB (RFC 1628), APC's PowerNet-MIB, Sentry3-MIB.
pub const OBJECTS: &[SnmpObject] = &[
    number("sysUpTime", &[1, 3, 6, 1, 2, 1, 1, 3], 0.01, Unit::Seconds, "since the agent started"),
    state("sysName", &[1, 3, 6, 1, 2, 1, 1, 5], &[], "the name the device was given"),
    state("sysDescr", &[1, 3, 6, 1, 2, 1, 1, 1], &[], "what the device is"),
    state("ifAdminStatus", &[1, 3, 6, 1, 2, 1, 2, 2, 1, 7], ADMIN, "what the interface should be"),
    state("ifOperStatus", &[1, 3, 6, 1, 2, 1, 2, 2, 1, 8], OPER, "what the interface is"),
    number(
        "ifInOctets",
        &[1, 3, 6, 1, 2, 1, 2, 2, 1, 10],
        1.0,
        Unit::BytesPerSecond,
        "received; wraps in 34 s at 1 Gbit/s: rather `ifHCInOctets`",
    ),
    number(
        "ifInDiscards",
        &[1, 3, 6, 1, 2, 1, 2, 2, 1, 13],
        1.0,
        Unit::PerSecond,
        "received and dropped though without error",
    ),
    number(
        "ifInErrors",
        &[1, 3, 6, 1, 2, 1, 2, 2, 1, 14],
        1.0,
        Unit::PerSecond,
        "received with errors",
    ),
    number(
        "ifOutOctets",
        &[1, 3, 6, 1, 2, 1, 2, 2, 1, 16],
        1.0,
        Unit::BytesPerSecond,
        "sent; wraps as `ifInOctets` does",
    ),
    number(
        "ifOutDiscards",
        &[1, 3, 6, 1, 2, 1, 2, 2, 1, 19],
        1.0,
        Unit::PerSecond,
        "dropped instead of sent",
    ),
    number(
        "ifOutErrors",
        &[1, 3, 6, 1, 2, 1, 2, 2, 1, 20],
        1.0,
        Unit::PerSecond,
        "not sent for errors",
    ),
    number(
        "ifHCInOctets",
        &[1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 6],
        1.0,
        Unit::BytesPerSecond,
        "received, 64 bits",
    ),
    number(
        "ifHCOutOctets",
        &[1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 10],
        1.0,
        Unit::BytesPerSecond,
        "sent, 64 bits",
    ),
    number(
        "ifHighSpeed",
        &[1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 15],
        1e6,
        Unit::BitsPerSecond,
        "the speed the interface came up with",
    ),
    state("upsBatteryStatus", &[1, 3, 6, 1, 2, 1, 33, 1, 2, 1], BATTERY, "the battery's state"),
    number(
        "upsSecondsOnBattery",
        &[1, 3, 6, 1, 2, 1, 33, 1, 2, 2],
        1.0,
        Unit::Seconds,
        "0 when not on battery",
    ),
    number(
        "upsEstimatedMinutesRemaining",
        &[1, 3, 6, 1, 2, 1, 33, 1, 2, 3],
        60.0,
        Unit::Seconds,
        "how long the battery would last, as seconds",
    ),
    number(
        "upsEstimatedChargeRemaining",
        &[1, 3, 6, 1, 2, 1, 33, 1, 2, 4],
        1.0,
        Unit::Percent,
        "the battery's charge",
    ),
    state(
        "upsOutputSource",
        &[1, 3, 6, 1, 2, 1, 33, 1, 4, 1],
        SOURCE,
        "where its power comes from",
    ),
    number(
        "upsOutputPercentLoad",
        &[1, 3, 6, 1, 2, 1, 33, 1, 4, 4, 1, 5],
        1.0,
        Unit::Percent,
        "the load of an output line",
    ),
    number(
        "rPDU2DeviceStatusPower",
        &[1, 3, 6, 1, 4, 1, 318, 1, 1, 26, 4, 3, 1, 5],
        10.0,
        Unit::Watts,
        "APC: the whole strip",
    ),
    state(
        "rPDU2PhaseStatusLoadState",
        &[1, 3, 6, 1, 4, 1, 318, 1, 1, 26, 6, 3, 1, 4],
        LOAD_2,
        "APC: a phase, against its own thresholds",
    ),
    number(
        "rPDU2PhaseStatusCurrent",
        &[1, 3, 6, 1, 4, 1, 318, 1, 1, 26, 6, 3, 1, 5],
        0.1,
        Unit::Amperes,
        "APC: a phase",
    ),
    number(
        "rPDU2PhaseStatusVoltage",
        &[1, 3, 6, 1, 4, 1, 318, 1, 1, 26, 6, 3, 1, 6],
        1.0,
        Unit::Volts,
        "APC: a phase",
    ),
    state(
        "rPDU2BankStatusLoadState",
        &[1, 3, 6, 1, 4, 1, 318, 1, 1, 26, 8, 3, 1, 4],
        LOAD_2,
        "APC: a bank (one breaker)",
    ),
    number(
        "rPDU2BankStatusCurrent",
        &[1, 3, 6, 1, 4, 1, 318, 1, 1, 26, 8, 3, 1, 5],
        0.1,
        Unit::Amperes,
        "APC: a bank (one breaker)",
    ),
    state(
        "rPDU2OutletSwitchedStatusState",
        &[1, 3, 6, 1, 4, 1, 318, 1, 1, 26, 9, 2, 3, 1, 5],
        &[(1, "off"), (2, "on")],
        "APC: an outlet",
    ),
    number(
        "rPDU2OutletMeteredStatusCurrent",
        &[1, 3, 6, 1, 4, 1, 318, 1, 1, 26, 9, 4, 3, 1, 6],
        0.1,
        Unit::Amperes,
        "APC: an outlet",
    ),
    number(
        "rPDU2OutletMeteredStatusPower",
        &[1, 3, 6, 1, 4, 1, 318, 1, 1, 26, 9, 4, 3, 1, 7],
        1.0,
        Unit::Watts,
        "APC: an outlet",
    ),
    number(
        "rPDULoadStatusLoad",
        &[1, 3, 6, 1, 4, 1, 318, 1, 1, 12, 2, 3, 1, 1, 2],
        0.1,
        Unit::Amperes,
        "APC, first family: a phase or bank",
    ),
    state(
        "rPDULoadStatusLoadState",
        &[1, 3, 6, 1, 4, 1, 318, 1, 1, 12, 2, 3, 1, 1, 3],
        LOAD_1,
        "APC, first family: a phase or bank",
    ),
    state(
        "rPDUOutletStatusOutletState",
        &[1, 3, 6, 1, 4, 1, 318, 1, 1, 12, 3, 5, 1, 1, 4],
        &[(1, "on"), (2, "off")],
        "APC, first family: an outlet; numbered the other way round",
    ),
    state(
        "outletStatus",
        &[1, 3, 6, 1, 4, 1, 1718, 3, 2, 3, 1, 5],
        SENTRY,
        "Server Technology: an outlet, `.tower.infeed.outlet`",
    ),
    number(
        "outletLoadValue",
        &[1, 3, 6, 1, 4, 1, 1718, 3, 2, 3, 1, 7],
        0.01,
        Unit::Amperes,
        "Server Technology: an outlet",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_object_has_one_name_and_one_identifier() {
        for (at, object) in OBJECTS.iter().enumerate() {
            let oid = Oid::new(&[object.oid, &[1]].concat()).expect("it can be asked for");
            assert_eq!(SnmpObject::of(&oid), Some(object), "{}", object.name);
            assert!(OBJECTS[..at].iter().all(|other| other.name != object.name), "{}", object.name);
        }
    }
}
