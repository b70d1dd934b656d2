//! The numbers a check read beside its outcome: a current, a clock's offset, a plugin's performance data.
//!
//! They judge nothing: what a number means for its component was decided when the outcome was. They are shown, plotted
//! and exported, and not written into the journal. Units are those of the plain quantity (seconds, not milliseconds),
//! so that nobody has to scale what is plotted. Tested through the kinds of check that read them.

use crate::codes::codes;

/// One number.
#[derive(Clone, PartialEq, Debug)]
pub struct Reading {
    name: Box<str>,
    value: f64,
    unit: Unit,
}

impl Reading {
    /// Readings of one answer at most: a page of a phone, and a rack's PDU (chosen by hand).
    pub const MAX: usize = 32;

    /// The longest name, bytes.
    pub const NAME_BYTES_MAX: usize = 64;

    /// A reading; `None` when it is no number that can be plotted (infinite, or none), or its name is empty, too long,
    /// or holds control characters.
    #[must_use]
    pub fn new(name: &str, value: f64, unit: Unit) -> Option<Self> {
        let fits = !name.is_empty()
            && name.len() <= Self::NAME_BYTES_MAX
            && !name.contains(char::is_control)
            && value.is_finite();
        fits.then(|| Self { name: name.into(), value, unit })
    }

    /// What was read, unique within its answer.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How much; always finite.
    #[must_use]
    pub const fn value(&self) -> f64 {
        self.value
    }

    /// Of what.
    #[must_use]
    pub const fn unit(&self) -> Unit {
        self.unit
    }
}

codes! {
    /// What a number counts.
    Unit {
        /// A plain number, or a unit that is not in this list.
        Plain = "",
        /// A count that only grows, until it wraps or begins anew.
        Counter = "c",
        /// Seconds.
        Seconds = "s",
        /// Hundredths of a whole.
        Percent = "%",
        /// Bytes.
        Bytes = "B",
        /// Events in a second.
        PerSecond = "/s",
        /// Bytes in a second.
        BytesPerSecond = "B/s",
        /// Bits in a second.
        BitsPerSecond = "bit/s",
        /// Amperes.
        Amperes = "A",
        /// Volts.
        Volts = "V",
        /// Watts.
        Watts = "W",
        /// Volt-amperes.
        VoltAmperes = "VA",
        /// Watt-hours.
        WattHours = "Wh",
        /// Hertz.
        Hertz = "Hz",
        /// Degrees Celsius.
        Celsius = "degC",
    }
}
