//! Is "80 % sure" right about 80 % of the time? Answers are put in bins by how sure they said they were,
//! and counted.
//!
//! An answer is right when it is the truth and nothing but it: every cause that shows is in it, by its name
//! or by its group of faults that look alike, and nothing else is. The interval is Wilson's (*Probable
//! Inference, the Law of Succession, and Statistical Inference*, JASA 22, 1927) at 95 %.

use crate::outages::Outcome;
use std::fmt::Write as _;

/// The lower ends of the bins, percent: finer where answers are sure, for there a mistake costs most.
const BINS: [f64; 9] = [0.0, 20.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 95.0];

/// The quantile of the normal distribution for 95 %.
const Z: f64 = 1.96;

/// Answers by how sure they were.
#[derive(Clone, Debug, Default)]
pub struct Calibration {
    bins: [Bin; BINS.len()],
}

/// Answers that were about as sure as each other.
#[derive(Clone, Copy, Debug, Default)]
struct Bin {
    count: u32,
    right: u32,
    /// The sum of what they promised.
    promised: f64,
}

impl Bin {
    fn promised(&self) -> f64 {
        self.promised / f64::from(self.count.max(1))
    }

    fn right(&self) -> f64 {
        f64::from(self.right) / f64::from(self.count.max(1))
    }

    /// The interval in which the true share lies, 95 % sure.
    fn interval(&self) -> (f64, f64) {
        let n = f64::from(self.count.max(1));
        let share = self.right();
        let middle = (share + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
        let half =
            Z / (1.0 + Z * Z / n) * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
        ((middle - half).max(0.0), (middle + half).min(1.0))
    }
}

impl Calibration {
    /// Counts the answer that an outage came to; where there was none, nothing was promised.
    pub fn add(&mut self, outcome: &Outcome) {
        let Some(posterior) = outcome.posterior else { return };
        let at = BINS.iter().rposition(|&from| posterior * 100.0 >= from).unwrap_or(0);
        let bin = &mut self.bins[at];
        bin.count += 1;
        bin.right += u32::from(outcome.is_true());
        bin.promised += posterior;
    }

    /// The mean distance between what is promised and what is kept, weighted by how many answers there are
    /// (expected calibration error; Naeini, Cooper and Hauskrecht, AAAI 2015).
    #[must_use]
    pub fn error(&self) -> f64 {
        let all: f64 = self.bins.iter().map(|bin| f64::from(bin.count)).sum();
        let sum: f64 = self
            .bins
            .iter()
            .map(|bin| f64::from(bin.count) * (bin.promised() - bin.right()).abs())
            .sum();
        sum / all.max(1.0)
    }

    /// As a table in Markdown.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = String::from(
            "| said to be sure | answers | promised on average | right | 95 % interval |\n|---|---|---|---|---|\n",
        );
        for (at, bin) in self.bins.iter().enumerate().filter(|(_, bin)| bin.count > 0) {
            let to = BINS.get(at + 1).copied().unwrap_or(100.0);
            let (low, high) = bin.interval();
            let _ = writeln!(
                text,
                "| {:.0} to {to:.0} % | {} | {:.1} % | {:.1} % | {:.0} to {:.0} % |",
                BINS[at],
                bin.count,
                100.0 * bin.promised(),
                100.0 * bin.right(),
                100.0 * low,
                100.0 * high,
            );
        }
        let _ = writeln!(text, "\nExpected calibration error: {:.1} %", 100.0 * self.error());
        text
    }

    /// As a drawing: what was promised against what was kept, with the interval and the number of answers.
    #[must_use]
    pub fn svg(&self) -> String {
        const SIDE: f64 = 400.0;
        const LEFT: f64 = 60.0;
        const TOP: f64 = 20.0;
        let x = |share: f64| LEFT + SIDE * share;
        let y = |share: f64| TOP + SIDE * (1.0 - share);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0} {:.0}\" font-family=\"sans-serif\" \
             font-size=\"12\">\n<title>How sure answers said they were, and how often they were right</title>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
            LEFT + SIDE + 30.0,
            TOP + SIDE + 50.0,
        );
        for tick in 0..=5 {
            let share = f64::from(tick) / 5.0;
            let percent = tick * 20;
            let _ = writeln!(
                svg,
                "<path d=\"M{:.0} {TOP:.0}V{:.0}M{LEFT:.0} {:.0}H{:.0}\" stroke=\"#ddd\" fill=\"none\"/>\
                 <text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{percent} %</text>\
                 <text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{percent} %</text>",
                x(share),
                TOP + SIDE,
                y(share),
                LEFT + SIDE,
                x(share),
                TOP + SIDE + 18.0,
                LEFT - 8.0,
                y(share) + 4.0,
            );
        }
        let _ = writeln!(
            svg,
            "<path d=\"M{:.0} {:.0}L{:.0} {:.0}\" stroke=\"#888\" stroke-dasharray=\"4 4\" fill=\"none\"/>\n\
             <text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\">how sure the first answer said it was</text>\n\
             <text transform=\"translate(14 {:.0}) rotate(-90)\" text-anchor=\"middle\">how often it was right</text>",
            x(0.0),
            y(0.0),
            x(1.0),
            y(1.0),
            x(0.5),
            TOP + SIDE + 38.0,
            y(0.5),
        );
        for bin in self.bins.iter().filter(|bin| bin.count > 0) {
            let (low, high) = bin.interval();
            let (at, right) = (x(bin.promised()), y(bin.right()));
            let _ = writeln!(
                svg,
                "<path d=\"M{at:.1} {:.1}V{:.1}\" stroke=\"#2563eb\" stroke-width=\"2\" fill=\"none\"/>\
                 <circle cx=\"{at:.1}\" cy=\"{right:.1}\" r=\"5\" fill=\"#2563eb\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" fill=\"#555\" text-anchor=\"end\">{}</text>",
                y(low),
                y(high),
                at - 8.0,
                right + 4.0,
                bin.count,
            );
        }
        svg.push_str("</svg>\n");
        svg
    }
}
