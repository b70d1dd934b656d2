//! What each suspect gains by having failed, over every run of epochs, on what stands already.
//!
//! Machine by machine: a *row* is what a suspect's list says of one machine, or of some that are alike. Where a hard
//! fault should have brought a machine down that is seen up, either the hypothesis is wrong or the plant is, so no
//! row speaks more against it than a wrong edge costs, where an edge could be wrong ([`super::wires`]).
//!
//! What a suspect gains while nothing stands is found once; on a standing only the rows are weighed anew that an
//! element of it changed. Standings that differ in nothing that bears on a suspect share what it gains: a fault
//! in one rack is not asked of again for each of the others. Priors are not its matter ([`super::search`]). That it
//! says what is gained when an element is put is tested on random plants (`tests`).

use super::element::{EPOCHS, Element, MANNERS, Manner};
use super::likelihood::{NAMED_FOR_ANOTHER, fits};
use super::price::deeds;
use super::suspects::{RATES, Suspect, Suspects};
use super::wires::WRONG_EDGE;
use crate::hashed::NumberMap;
use std::cell::{OnceCell, RefCell};
use std::ops::Range;
use std::rc::Rc;

/// A fault in part that goes on to more (a room grows hot, leases run out) is one of so many that hit all at once
/// (chosen by hand).
const SPREADS: f64 = 0.1;

/// A fault in part that hits some things of a machine and not others (a volume, a port in a filter) is one of so many
/// that hit whole machines (chosen by hand).
const BY_THING: f64 = 0.1;

/// One that hits some flows and not others (one of several equal ways, one cable of a bundle, each chosen by the
/// addresses of both ends) is one of so many that hit whole machines (chosen by hand).
const BY_FLOW: f64 = 0.1;

/// What is hit later is so in any epoch, each as likely as any.
const LATER: f64 = 1.0 / EPOCHS as f64;

/// A figure for each run of epochs, by its first and its last.
type Runs<T> = [[T; EPOCHS]; EPOCHS];

/// A figure for each rate in each epoch.
type Turns = [[f64; EPOCHS]; RATES.len()];

/// What the choice of whom a fault in part hits gains, and its price.
type Choice = (f64, f64);

/// The fit of every place under some elements.
#[derive(Clone)]
pub(super) struct Fit {
    fit: Vec<f64>,
    down: Vec<bool>,
    /// The chance that a try is not failed by any of the flaky ones.
    through: Vec<f64>,
    /// The elements in the order in which they were put, and the places that each changed, in order.
    elements: Vec<Element>,
    changed: Vec<Rc<[u32]>>,
    /// Some of those places are good.
    changed_good: bool,
    /// Which of the elements have a place in common with each suspect, a bit each.
    bears: Vec<u16>,
    /// Which of the elements have one with each of them, directly or by others.
    linked: Vec<u16>,
}

impl Fit {
    /// How well each place fits.
    pub(super) fn places(&self) -> &[f64] {
        &self.fit
    }

    /// What was put, in that order.
    pub(super) fn elements(&self) -> &[Element] {
        &self.elements
    }

    pub(super) fn is_down(&self, place: usize) -> bool {
        self.down[place]
    }

    /// Which elements bear on a suspect: what has a place in common with it, and what has with that.
    fn bearing(&self, suspect: u32) -> u16 {
        bits(self.bears[suspect as usize]).fold(0, |all, at| all | self.linked[at])
    }
}

/// Those of whom a fault in part may hit some.
struct Choices {
    /// Of which something fails.
    all: Vec<Chosen>,
    /// How many there are in all.
    of: f64,
    /// The logarithm of how seldom a fault chooses among these.
    price: f64,
}

/// One of them.
struct Chosen {
    /// Of the list.
    places: Vec<usize>,
    count: u32,
    drawn: bool,
}

/// The places of the bits that are set.
fn bits(mask: u16) -> impl Iterator<Item = usize> {
    (0..16).filter(move |at| mask >> at & 1 == 1)
}

/// What a list of a suspect says of one machine, or of some that are alike.
struct Row {
    /// Of the list.
    places: Range<usize>,
    count: u32,
    /// The plant says how it hangs on the suspect.
    drawn: bool,
    /// The plant may be wrong in that: no more speaks against the suspect than the logarithm of how seldom it is.
    most: f64,
    /// Something of it fails.
    bad: bool,
    /// A battery carries some of it.
    carried: bool,
}

/// The rows of a suspect, and what it gains while nothing stands.
struct Rows {
    all: Vec<Row>,
    any_drawn: bool,
    /// Among machines; and among things, where several stand on a machine.
    choices: Vec<Choices>,
    /// The epochs in which it has any place.
    spoken: u8,
    calm: Gains,
    /// The most that the machines of which nothing fails leave it to gain, by manner: nothing or less.
    good: [f64; MANNERS],
}

/// What a suspect gains, in each way to fail.
#[derive(Clone)]
struct Gains {
    /// Wholly, over each run of epochs.
    hard: Runs<f64>,
    /// In part; where it may be.
    partial: Option<Box<Runs<Choice>>>,
    /// In turns; where a battery carries some of it, by the epoch in which it began.
    turns: Vec<Turns>,
}

impl Gains {
    /// What is gained from an epoch on, until the end of each of those after it, and the price of the choice.
    fn from(&self, manner: Manner, first: usize) -> [Choice; EPOCHS] {
        match manner {
            Manner::Hard | Manner::Astray => self.hard[first].map(|gained| (gained, 0.0)),
            Manner::Partial => {
                let runs = self.partial.as_ref().map(|runs| runs[first]);
                runs.unwrap_or([(f64::NEG_INFINITY, 0.0); EPOCHS])
            }
            Manner::Flaky(rate) => {
                let turns = self.turns.get(first).or(self.turns.first());
                let mut all = [(f64::NEG_INFINITY, 0.0); EPOCHS];
                let mut sum = 0.0;
                if let Some(turns) = turns {
                    let each = turns[rate as usize].iter().zip(&mut all).skip(first);
                    for (gained, until) in each {
                        sum += gained;
                        until.0 = sum;
                    }
                }
                all
            }
        }
    }
}

/// A run of epochs, and what having failed in it gains, deeds and choices paid.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Run {
    pub(super) total: f64,
    /// Of the total, what choices and deeds make.
    pub(super) price: f64,
    pub(super) first: u8,
    pub(super) last: u8,
    /// What stood by was called before.
    late: bool,
}

/// What a suspect gains on a standing, and the best run of it for each manner.
pub(super) struct Known {
    gains: Gains,
    best: [Option<Run>; MANNERS],
}

impl Known {
    /// The best run of epochs for a manner, whichever it may be.
    pub(super) const fn best(&self, manner: Manner) -> Option<Run> {
        self.best[manner.number()]
    }

    /// What a hard fault gains over a run of epochs.
    pub(super) fn hard(&self, first: u8, last: u8) -> f64 {
        self.gains.hard[usize::from(first)][usize::from(last)]
    }
}

/// What was found out.
#[derive(Default)]
struct Memo {
    /// The sets that bear on anybody, by number.
    sets: NumberMap<Vec<Element>, u32>,
    /// By suspect, and the set that bears on it.
    known: NumberMap<(u32, u32), Rc<Known>>,
}

/// Weighs suspects.
pub(super) struct Scale<'a> {
    suspects: &'a Suspects<'a>,
    epochs: usize,
    calm: Fit,
    rows: Vec<OnceCell<Rows>>,
    /// Who has a place in common with each suspect.
    beside: Vec<OnceCell<Rc<[u32]>>>,
    memo: RefCell<Memo>,
}

impl<'a> Scale<'a> {
    pub(super) fn of(suspects: &'a Suspects<'a>) -> Self {
        let places = &suspects.places;
        let calm = Fit {
            fit: places.iter().map(|place| place.fits.calm).collect(),
            down: places.iter().map(|place| place.down_today).collect(),
            through: vec![1.0; places.len()],
            elements: Vec::new(),
            changed: Vec::new(),
            changed_good: false,
            bears: vec![0; suspects.all.len()],
            linked: Vec::new(),
        };
        Self {
            suspects,
            epochs: suspects.epochs.into(),
            calm,
            rows: std::iter::repeat_with(OnceCell::new).take(suspects.all.len()).collect(),
            beside: std::iter::repeat_with(OnceCell::new).take(suspects.all.len()).collect(),
            memo: RefCell::default(),
        }
    }

    /// Nothing broke.
    pub(super) const fn calm(&self) -> &Fit {
        &self.calm
    }

    /// Each way in which a suspect may have failed.
    pub(super) fn manners(&self, suspect: u32) -> impl Iterator<Item = Manner> + use<> {
        let mixed = self.suspects.all[suspect as usize].mixed;
        let flaky = (0..u8::try_from(RATES.len()).expect("few rates")).map(Manner::Flaky);
        let more = std::iter::once(Manner::Partial).chain(flaky).filter(move |_| mixed);
        [Manner::Hard, Manner::Astray].into_iter().chain(more)
    }

    /// The most that a suspect can gain by what does not fail: nothing, or less.
    pub(super) fn good(&self, on: &Fit, suspect: u32, manner: Manner) -> f64 {
        if on.changed_good { 0.0 } else { self.rows(suspect).good[manner.number()].min(0.0) }
    }

    /// What a suspect gains on what stands.
    pub(super) fn known(&self, on: &Fit, suspect: u32) -> Rc<Known> {
        let mask = on.bearing(suspect);
        let mut memo = self.memo.borrow_mut();
        let set = if mask == 0 {
            0
        } else {
            let set = bits(mask).map(|at| on.elements[at]).collect();
            let fresh = u32::try_from(memo.sets.len() + 1).expect("sets fit u32");
            *memo.sets.entry(set).or_insert(fresh)
        };
        let known = memo.known.entry((suspect, set)).or_insert_with(|| {
            let gains = self.gains(on, mask, suspect);
            let mut best = [None; MANNERS];
            for manner in self.manners(suspect) {
                best[manner.number()] =
                    self.best_run(&gains, suspect, manner, |_, _| true, |_| false);
            }
            Rc::new(Known { gains, best })
        });
        Rc::clone(known)
    }

    /// The best run of those that may be.
    pub(super) fn best_of(
        &self,
        known: &Known,
        suspect: u32,
        manner: Manner,
        may: impl Fn(u8, u8) -> bool,
        late: impl Fn(u8) -> bool,
    ) -> Option<Run> {
        self.best_run(&known.gains, suspect, manner, may, late)
    }

    /// Of equals the latest onset, unless what stood by was called before that, and the longest from there: nothing
    /// was seen to end it.
    fn best_run(
        &self,
        gains: &Gains,
        suspect: u32,
        manner: Manner,
        may: impl Fn(u8, u8) -> bool,
        late: impl Fn(u8) -> bool,
    ) -> Option<Run> {
        let own_deeds = &self.suspects.all[suspect as usize].deeds;
        let spoken = self.rows(suspect).spoken;
        let epochs = self.suspects.epochs;
        let mut best: Option<Run> = None;
        for first in (0..epochs).rev().filter(|first| spoken >> first & 1 == 1) {
            let late = late(first);
            let from = gains.from(manner, first.into());
            for last in (first..epochs).filter(|last| may(first, *last)) {
                let done = deeds(own_deeds, first, last, epochs);
                let (gained, price) = from[usize::from(last)];
                let total = gained + price + done;
                let is_better = |best: Run| {
                    let sooner = best.first == first || (best.late && !late);
                    total > best.total + ROUNDING
                        || ((total - best.total).abs() <= ROUNDING && sooner)
                };
                if best.is_none_or(is_better) {
                    best = Some(Run { total, price: price + done, first, last, late });
                }
            }
        }
        best
    }

    fn rows(&self, suspect: u32) -> &Rows {
        self.rows[suspect as usize].get_or_init(|| {
            let places = &self.suspects.places;
            let list = self.suspects.places_of(suspect);
            let carried = self.suspects.carried(suspect);
            let is_vantage = self.suspects.all[suspect as usize].is_vantage;
            let wires = &self.suspects.wires;
            let set = OnceCell::new();
            let broke = || {
                *set.get_or_init(|| wires.set(&self.suspects.all[suspect as usize].members[0].1))
            };
            let group = |at: &u32| places[*at as usize].group;
            let mut begin = 0;
            let mut spoken = 0;
            let all: Vec<Row> = list
                .chunk_by(|a, b| group(a) == group(b))
                .map(|own| {
                    let lead = &places[own[0] as usize];
                    let range = begin..begin + own.len();
                    begin = range.end;
                    let mut own = own.iter().map(|&at| &places[at as usize]);
                    own.clone().for_each(|place| spoken |= 1 << place.epoch);
                    let machine = lead.fact.machine.filter(|_| !is_vantage);
                    let is_bad = own.clone().all(|place| place.bad);
                    Row {
                        count: lead.count,
                        drawn: machine.is_some(),
                        most: match machine {
                            None => f64::NEG_INFINITY,
                            Some(_) if is_bad => WRONG_EDGE.ln(),
                            Some(machine) => wires.wrong_edge(machine, broke()),
                        },
                        bad: own.any(|place| place.bad),
                        carried: carried
                            .is_some_and(|it| it[range.clone()].iter().any(|&it| it != 0)),
                        places: range,
                    }
                })
                .collect();
            let mixed = self.suspects.all[suspect as usize].mixed;
            let began = if carried.is_some() { self.epochs } else { 1 };
            let mut rows = Rows {
                any_drawn: all.iter().any(|row| row.drawn),
                choices: if mixed { self.choices(suspect, &all, list) } else { Vec::new() },
                all,
                spoken,
                good: [0.0; MANNERS],
                calm: Gains {
                    hard: Runs::default(),
                    partial: None,
                    turns: if mixed { vec![Turns::default(); began] } else { Vec::new() },
                },
            };
            let mut calm = rows.calm.clone();
            let first_bad = rows.all.iter().position(|row| row.bad).unwrap_or(rows.all.len());
            let (good, bad) = rows.all.split_at(first_bad);
            for row in good {
                self.add(&mut calm, &self.calm, suspect, row, 1.0);
            }
            if !good.is_empty() {
                for manner in self.manners(suspect).filter(|it| *it != Manner::Partial) {
                    rows.good[manner.number()] = most(&calm, manner, self.epochs);
                }
            }
            for row in bad {
                self.add(&mut calm, &self.calm, suspect, row, 1.0);
            }
            calm.partial = mixed.then(|| self.partial(&rows, &self.calm, suspect));
            rows.calm = calm;
            rows
        })
    }

    /// Whom a fault in part may choose among.
    fn choices(&self, suspect: u32, rows: &[Row], list: &[u32]) -> Vec<Choices> {
        let Suspect { own, parts, .. } = &self.suspects.all[suspect as usize];
        let place = |at: usize| &self.suspects.places[list[at] as usize];
        let bad = rows.iter().filter(|row| row.bad);
        let may_hit = |at: &usize| self.suspects.may_hit(suspect, place(*at));
        let chosen = |row: &Row| Chosen {
            places: row.places.clone().filter(may_hit).collect(),
            count: row.count,
            drawn: row.drawn,
        };
        let mut all = vec![Choices {
            all: bad.map(chosen).collect(),
            of: rows.iter().map(|row| f64::from(row.count)).sum(),
            price: 0.0,
        }];
        let is_own = |at: usize| place(at).fact.of.is_some_and(|of| own.contains(&of));
        if parts.things {
            // Of the thing itself each check is by itself: a part of it may be what only that one looks at.
            let thing = |at: usize| {
                let fact = &place(at).fact;
                let check = is_own(at).then(|| self.suspects.wires.check_of(fact.gate)).flatten();
                (fact.of, check)
            };
            all.extend(self.finer(suspect, rows, thing, BY_THING.ln()));
        }
        if parts.flows {
            all.extend(self.finer(suspect, rows, |at| place(at).fact.seen_by, BY_FLOW.ln()));
        }
        all
    }

    /// What is smaller than a machine, where some of one fails and some does not.
    fn finer<K: Ord + Copy>(
        &self,
        suspect: u32,
        rows: &[Row],
        of: impl Fn(usize) -> K,
        price: f64,
    ) -> Option<Choices> {
        let list = self.suspects.places_of(suspect);
        let place = |at: usize| &self.suspects.places[list[at] as usize];
        let pieces = |row: &Row| {
            let mut pieces: Vec<K> = row.places.clone().map(&of).collect();
            pieces.sort_unstable();
            pieces.dedup();
            pieces
        };
        let bad = || rows.iter().filter(|row| row.bad);
        // Where all of a machine fails at a time there is nothing to choose.
        let epochs = |row: &Row, is_bad| {
            let all = row.places.clone().map(place).filter(move |place| place.bad == is_bad);
            all.fold(0_u8, |epochs, place| epochs | 1 << place.epoch)
        };
        let is_split = |row: &Row| epochs(row, true) & epochs(row, false) != 0;
        if !bad().any(|row| is_split(row) && pieces(row).len() > 1) {
            return None;
        }
        let of_row = |row: &Row| {
            let may_hit = |at: &usize| self.suspects.may_hit(suspect, place(*at));
            let places = |piece: K| {
                row.places.clone().filter(|&at| of(at) == piece).filter(may_hit).collect()
            };
            // What is up and down at once is hit in part itself.
            let is_hit = |places: &Vec<usize>| {
                let when = |is_bad| {
                    let all = places.iter().map(|&at| place(at));
                    all.filter(move |place| place.bad == is_bad).map(|place| place.epoch)
                };
                when(true).next().is_some()
                    && !when(false).any(|at| when(true).any(|bad| bad == at))
            };
            let hit = pieces(row).into_iter().map(places).filter(is_hit);
            let chosen = |places| Chosen { places, count: row.count, drawn: row.drawn };
            hit.map(chosen).collect::<Vec<_>>()
        };
        #[expect(clippy::cast_precision_loss, reason = "a machine has few")]
        let count = |row: &Row| f64::from(row.count) * pieces(row).len() as f64;
        Some(Choices {
            all: bad().flat_map(of_row).collect(),
            of: rows.iter().map(count).sum(),
            price,
        })
    }

    /// What a suspect gains where these elements bear on it.
    fn gains(&self, on: &Fit, mask: u16, suspect: u32) -> Gains {
        let rows = self.rows(suspect);
        let mut gains = rows.calm.clone();
        let list = self.suspects.places_of(suspect);
        let mut changed: Vec<usize> = Vec::new();
        for at in bits(mask) {
            let mut from = 0;
            for &place in &*on.changed[at] {
                from += list[from..].partition_point(|own| *own < place);
                if list.get(from) == Some(&place) {
                    let row = rows.all.partition_point(|row| row.places.end <= from);
                    changed.push(row);
                    from = rows.all[row].places.end.min(list.len());
                }
            }
        }
        changed.sort_unstable();
        changed.dedup();
        for &row in &changed {
            let row = &rows.all[row];
            self.add(&mut gains, &self.calm, suspect, row, -1.0);
            self.add(&mut gains, on, suspect, row, 1.0);
        }
        if gains.partial.is_some() && changed.iter().any(|&row| rows.all[row].bad) {
            gains.partial = Some(self.partial(rows, on, suspect));
        }
        gains
    }

    /// Adds what a row gains, so many times.
    fn add(&self, gains: &mut Gains, on: &Fit, suspect: u32, row: &Row, times: f64) {
        let times = times * f64::from(row.count);
        if !row.carried {
            return self.add_as_ever(gains, on, suspect, row, times);
        }
        for first in 0..self.epochs {
            let each = self.each(on, suspect, row.places.clone(), first);
            add_runs(&mut gains.hard[first], &each[..self.epochs], first, (row.most, times));
        }
        for (began, turns) in gains.turns.iter_mut().enumerate() {
            for place in self.moved(on, suspect, row.places.clone(), began) {
                let epoch = usize::from(self.suspects.places[place].epoch);
                let named = self.named(suspect, place);
                for (rate, gained) in (0..).zip(&mut *turns) {
                    let fit = self.fit(on, place, Manner::Flaky(rate));
                    gained[epoch] += (fit + named - on.fit[place]) * times;
                }
            }
        }
    }

    /// The same of a row that goes down whenever the suspect does.
    fn add_as_ever(&self, gains: &mut Gains, on: &Fit, suspect: u32, row: &Row, times: f64) {
        let mut each = [0.0; EPOCHS];
        for &at in &self.suspects.places_of(suspect)[row.places.clone()] {
            let at = at as usize;
            if on.down[at] {
                continue;
            }
            let place = &self.suspects.places[at];
            let (epoch, fits, now) = (usize::from(place.epoch), &place.fits, on.fit[at]);
            let named = self.named(suspect, at);
            each[epoch] += fits.hard + named - now;
            let alone = on.through[at] >= 1.0;
            for turns in &mut gains.turns {
                for (rate, (gained, flaky)) in (0..).zip(turns.iter_mut().zip(&fits.flaky)) {
                    let fit = if alone { *flaky } else { self.fit(on, at, Manner::Flaky(rate)) };
                    gained[epoch] += (fit + named - now) * times;
                }
            }
        }
        for first in 0..self.epochs {
            add_runs(&mut gains.hard[first], &each[..self.epochs], first, (row.most, times));
        }
    }

    /// The places that are brought down by what began in this epoch, of these of the list.
    fn moved<'b>(
        &'b self,
        on: &'b Fit,
        suspect: u32,
        of: impl Iterator<Item = usize> + 'b,
        began: usize,
    ) -> impl Iterator<Item = usize> + 'b {
        let list = self.suspects.places_of(suspect);
        let carried = self.suspects.carried(suspect);
        let goes_on = move |at: usize| carried.is_some_and(|it| it[at] >> began & 1 == 1);
        let all = of.filter(move |&at| !goes_on(at));
        all.map(|at| list[at] as usize).filter(|&place| !on.down[place])
    }

    /// What these gain in each epoch by being down since the first.
    fn each(
        &self,
        on: &Fit,
        suspect: u32,
        of: impl Iterator<Item = usize>,
        first: usize,
    ) -> [f64; EPOCHS] {
        let mut each = [0.0; EPOCHS];
        for place in self.moved(on, suspect, of, first) {
            let own = &self.suspects.places[place];
            each[usize::from(own.epoch)] +=
                own.fits.hard + self.named(suspect, place) - on.fit[place];
        }
        each
    }

    /// The same over one run of epochs.
    fn gained(&self, on: &Fit, suspect: u32, row: &Row, first: u8, last: u8) -> f64 {
        let each = self.each(on, suspect, row.places.clone(), first.into());
        each[usize::from(first)..=usize::from(last)].iter().sum()
    }

    /// What a fault in part gains over each run of epochs.
    fn partial(&self, rows: &Rows, on: &Fit, suspect: u32) -> Box<Runs<Choice>> {
        let nothing = [[(f64::NEG_INFINITY, 0.0); EPOCHS]; EPOCHS];
        let mut all: Box<Runs<Choice>> = Box::new(nothing);
        for choices in &rows.choices {
            let each = |first| {
                let own = |it: &Chosen| self.each(on, suspect, it.places.iter().copied(), first);
                choices.all.iter().map(own).collect::<Vec<_>>()
            };
            let mut gains: Vec<[f64; EPOCHS]> = Vec::new();
            for first in 0..self.epochs {
                if first == 0 || self.suspects.carried(suspect).is_some() {
                    gains = each(first);
                }
                let mut hits: Vec<Hit> = gains.iter().map(|_| Hit::none(first)).collect();
                for last in first..self.epochs {
                    for (hit, gain) in hits.iter_mut().zip(&gains) {
                        hit.lasts(last, gain[last]);
                    }
                    let (choice, _) = partly(choices, rows.any_drawn, &hits);
                    let best = &mut all[first][last];
                    if choice.0 + choice.1 > best.0 + best.1 {
                        *best = choice;
                    }
                }
            }
        }
        all
    }

    fn fit(&self, on: &Fit, place: usize, manner: Manner) -> f64 {
        let own = &self.suspects.places[place];
        match manner {
            Manner::Hard | Manner::Astray | Manner::Partial => own.fits.hard,
            Manner::Flaky(rate) if on.through[place] >= 1.0 => own.fits.flaky[rate as usize],
            Manner::Flaky(rate) => fits(
                &own.fact,
                1.0 - on.through[place] * (1.0 - RATES[rate as usize]),
                own.fits.made_up,
            ),
        }
    }

    /// What a word costs that names another thing than this suspect, which made it so.
    fn named(&self, suspect: u32, place: usize) -> f64 {
        let place = &self.suspects.places[place];
        let other = |named| {
            let members = &self.suspects.all[suspect as usize].members;
            !members.iter().any(|(_, inputs)| inputs.contains(&named))
        };
        if place.bad && place.fact.names.is_some_and(other) { NAMED_FOR_ANOTHER.ln() } else { 0.0 }
    }

    /// Takes an element in: what it gains, and the price of the choice.
    pub(super) fn put(&self, on: &mut Fit, element: Element) -> Choice {
        let Element { suspect, manner, first, last } = element;
        let rows = self.rows(suspect);
        let gained = |row| self.gained(on, suspect, row, first, last);
        let of = |row: &Row| (row.places.clone().collect::<Vec<_>>(), first);
        // What is hit, and from which epoch on.
        let (choice, hit): (Choice, Vec<(Vec<usize>, u8)>) = match manner {
            Manner::Hard | Manner::Astray => {
                let (mut sum, mut hit) = (0.0, Vec::with_capacity(rows.all.len()));
                for row in &rows.all {
                    let gain = gained(row);
                    // Where it should be and is seen up, the plant may be wrong.
                    sum += gain.max(row.most) * f64::from(row.count);
                    hit.extend((gain >= row.most).then(|| of(row)));
                }
                ((sum, 0.0), hit)
            }
            Manner::Partial => {
                let mut best = ((f64::NEG_INFINITY, 0.0), Vec::new());
                for choices in &rows.choices {
                    let hits = choices.all.iter().map(|it| {
                        let places = it.places.iter().copied();
                        let each = self.each(on, suspect, places, first.into());
                        let mut hit = Hit::none(first.into());
                        (first.into()..=last.into()).for_each(|last| hit.lasts(last, each[last]));
                        hit
                    });
                    let (choice, hit) = partly(choices, rows.any_drawn, &hits.collect::<Vec<_>>());
                    if choice.0 + choice.1 > best.0.0 + best.0.1 {
                        let places = |at: usize| choices.all[at].places.clone();
                        let hit = hit.into_iter().map(|(at, since)| (places(at), since));
                        best = (choice, hit.collect());
                    }
                }
                best
            }
            Manner::Flaky(_) => {
                let mut sum = 0.0;
                for row in &rows.all {
                    for place in self.moved(on, suspect, row.places.clone(), first.into()) {
                        if (first..=last).contains(&self.suspects.places[place].epoch) {
                            let fit = self.fit(on, place, manner) + self.named(suspect, place);
                            sum += (fit - on.fit[place]) * f64::from(row.count);
                        }
                    }
                }
                ((sum, 0.0), rows.all.iter().map(of).collect())
            }
        };
        let mut changed = Vec::new();
        for (places, since) in hit {
            let moved = self.moved(on, suspect, places.into_iter(), first.into());
            let then = |place: &usize| (since..=last).contains(&self.suspects.places[*place].epoch);
            changed.extend(moved.filter(then).map(|at| u32::try_from(at).expect("places fit u32")));
        }
        changed.sort_unstable();
        for &place in &changed {
            let place = place as usize;
            on.fit[place] = self.fit(on, place, manner) + self.named(suspect, place);
            match manner {
                Manner::Hard | Manner::Astray | Manner::Partial => on.down[place] = true,
                Manner::Flaky(rate) => on.through[place] *= 1.0 - RATES[rate as usize],
            }
        }
        let own = 1 << on.elements.len();
        let linked = bits(on.bears[suspect as usize]).fold(own, |all, at| all | on.linked[at]);
        on.linked.push(linked);
        bits(linked).for_each(|at| on.linked[at] = linked);
        for &other in self.beside(suspect) {
            on.bears[other as usize] |= own;
        }
        on.changed_good |= changed.iter().any(|&at| !self.suspects.places[at as usize].bad);
        on.changed.push(changed.into());
        on.elements.push(element);
        choice
    }

    fn beside(&self, suspect: u32) -> &[u32] {
        self.beside[suspect as usize].get_or_init(|| self.suspects.beside(suspect))
    }
}

/// The most that is gained over any run of epochs.
fn most(gains: &Gains, manner: Manner, epochs: usize) -> f64 {
    let from = |first: usize| gains.from(manner, first).into_iter().take(epochs).skip(first);
    (0..epochs).flat_map(from).map(|(gained, _)| gained).fold(f64::NEG_INFINITY, f64::max)
}

/// Adds what a row gains in each epoch to the runs from the first of them on: no less than the `most` that it may
/// speak against.
fn add_runs(runs: &mut [f64; EPOCHS], each: &[f64], first: usize, (most, times): (f64, f64)) {
    let mut sum = 0.0;
    for (run, each) in runs.iter_mut().zip(each).skip(first) {
        sum += each;
        *run += f64::max(sum, most) * times;
    }
}

/// What differs by less than this is the same but for rounding.
const ROUNDING: f64 = 1e-9;

/// What one gains by being hit by a fault in part.
#[derive(Clone, Copy)]
struct Hit {
    first: usize,
    /// Since that began.
    at_once: f64,
    /// Since a later epoch, the best of them.
    later: f64,
    since: usize,
}

impl Hit {
    /// Over no epoch yet.
    const fn none(first: usize) -> Self {
        Self { first, at_once: 0.0, later: f64::NEG_INFINITY, since: first }
    }

    /// It lasts for one epoch more, by which so much is gained.
    fn lasts(&mut self, epoch: usize, gain: f64) {
        self.at_once += gain;
        if epoch == self.first {
            return;
        }
        if self.later > 0.0 {
            self.later += gain;
        } else {
            (self.later, self.since) = (gain, epoch);
        }
    }

    /// What it gains where the fault goes on to more, and since when.
    fn in_time(&self) -> (f64, usize) {
        let later = self.later + LATER.ln();
        if later > self.at_once { (later, self.since) } else { (self.at_once, self.first) }
    }
}

/// What a fault in part gains, and the price of the choice, with who is hit and since when: those that gain most.
fn partly(choices: &Choices, any_drawn: bool, hits: &[Hit]) -> (Choice, Vec<(usize, u8)>) {
    let number = |epoch: usize| u8::try_from(epoch).expect("there are few epochs");
    let at_once = chosen(choices, any_drawn, hits.iter().map(|hit| hit.at_once));
    let first = hits.first().map_or(0, |hit| hit.first);
    let at_once = (at_once.0, at_once.1.into_iter().map(|at| (at, number(first))).collect());
    if !hits.iter().any(|hit| hit.in_time().1 > hit.first && hit.later > 0.0) {
        return at_once;
    }
    let ((gained, price), hit) = chosen(choices, any_drawn, hits.iter().map(|hit| hit.in_time().0));
    let price = price + SPREADS.ln();
    if gained + price <= at_once.0.0 + at_once.0.1 {
        return at_once;
    }
    let since = |at: usize| hits[at].in_time().1;
    ((gained, price), hit.into_iter().map(|at| (at, number(since(at)))).collect())
}

/// Those that gain most, with what that gains and the price of the choice.
fn chosen(
    choices: &Choices,
    any_drawn: bool,
    gains: impl Iterator<Item = f64>,
) -> (Choice, Vec<usize>) {
    // Who loses by being hit is not: that so many of those are cheaper to choose never outweighs it.
    let mut order: Vec<(f64, usize)> = gains.zip(0..).filter(|(gain, _)| *gain > 0.0).collect();
    order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    // k of n are hit, each k as likely as any, each choice of k as any: 1 / ((n + 1) C(n, k)). At
    // least two are and one is not, else it is a fault of another thing.
    let n = choices.of;
    let mut price = choices.price - (n + 1.0).ln();
    let (mut gained, mut k) = (0.0, 0.0);
    // What stands on several machines goes with them, and is no choice by itself.
    let mut things = 0;
    let (mut best, mut best_at) = ((f64::NEG_INFINITY, 0.0), 0);
    for (at, &(gain, own)) in order.iter().enumerate() {
        let own = &choices.all[own];
        if k + f64::from(own.count) >= n {
            break;
        }
        things += if own.drawn || !any_drawn { own.count } else { 0 };
        for _ in 0..own.count {
            price -= ((n - k) / (k + 1.0)).ln();
            gained += gain;
            k += 1.0;
        }
        if things >= 2 && gained + price > best.0 + best.1 {
            (best, best_at) = ((gained, price), at + 1);
        }
    }
    let mut hit: Vec<usize> = order[..best_at].iter().map(|(_, at)| *at).collect();
    hit.sort_unstable();
    (best, hit)
}
