//! Where things stand within one box: what is needed above what needs it, in rows.
//!
//! Ranks by the longest way from what needs nothing here, order within a rank by the mean place of the
//! neighbours, a few sweeps up and down (Sugiyama, Tagawa, Toda 1981); a rank too long for the page goes on in
//! the next row, and lines that pass a row get a lane of their own in it, one for each source. Places within a
//! row are those nearest to the mean of the neighbours that keep order and distance: least squares by pooling
//! adjacent violators (Barlow and others 1972). It knows neither plants nor colours.

use super::lines::{Strand, Way};
use std::collections::BTreeMap;

/// Between two boxes of a row.
const GAP_X: i32 = 16;

/// Between two rows without lines, and with them; each line adds to it.
const GAP_Y: i32 = 14;
const GAP_Y_LINES: i32 = 14;
const GAP_Y_LINE: i32 = 1;
const GAP_Y_MAX: i32 = 96;

/// How far a line may go aside for each pixel between two rows, and how much room that takes at most.
const BEND: i32 = 5;
const BEND_MAX: i32 = 60;

/// Width of a lane.
const LANE: i32 = 6;

/// Between two lines at one side of a box, at most.
const APART: i32 = 14;

/// Sweeps over the rows; more change little (chosen by looking).
const SWEEPS: usize = 6;

/// Width to height that a box with many in it strives for: a screen's, and a page's on its side.
const WIDE: f64 = 1.7;

/// Something that has a place: a box, or a gate in the border, which has no size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) width: i32,
    pub(super) height: i32,
    pub(super) sort: Sort,
}

/// What an item is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sort {
    /// A box. Those of a likeness that have no lines stand with those that have; where they keep their
    /// order they stand in a row as they are listed, which a person finds them by.
    Box { likeness: u32, keeps_order: bool },
    /// A gate in the border above.
    Top,
    /// A gate in the border below.
    Bottom,
    /// Where a line from below one box turns to go up to another.
    Turn,
}

/// Where a line ends: at an item, at a given place in it or where there is room.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Anchor {
    pub(super) item: usize,
    pub(super) dx: Option<i32>,
}

/// A line from one source to all that need it.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) from: Anchor,
    pub(super) to: Vec<(Anchor, Strand)>,
    pub(super) way: Way,
}

/// A run that goes one way only.
struct Straight {
    /// The run it is part of.
    run: usize,
    from: Anchor,
    /// With its number among the run's ends; `None` for a turn.
    to: Vec<(Anchor, Strand, Option<usize>)>,
    upwards: bool,
}

/// A stretch of a line: straight down from the first point to the first bend, in a curve to the second bend,
/// straight on to the last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Piece {
    pub(super) run: usize,
    pub(super) strand: Strand,
    pub(super) from: (i32, i32),
    pub(super) bends: (i32, i32),
    pub(super) to: (i32, i32),
    /// It ends at this one of the run's ends; else it goes on.
    pub(super) reaches: Option<usize>,
    pub(super) shape: Shape,
}

/// How a piece bends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// Upright at both ends.
    Upright,
    /// It ends level, where it turns.
    ToTurn,
    /// It begins level.
    FromTurn,
}

/// Everything in its place, from (0, 0).
#[derive(Debug, Default)]
pub(super) struct Level {
    pub(super) places: Vec<(i32, i32)>,
    pub(super) pieces: Vec<Piece>,
    pub(super) width: i32,
    pub(super) height: i32,
}

/// What has a place in a row: items first, then lanes.
struct Slots {
    width: Vec<i32>,
    row: Vec<usize>,
    rows: Vec<Vec<usize>>,
    /// Neighbours in the rows next to it: own distance from the left, the other, its distance.
    near: Vec<Vec<(f64, usize, f64)>>,
    x: Vec<f64>,
}

/// Lays out one box. Lines to a gate go on by `margins` (above, below), to the border.
pub(super) fn lay(items: &[Item], runs: &[Run], margins: (i32, i32)) -> Level {
    if items.is_empty() {
        return Level::default();
    }
    let count = items.len();
    let (items, runs) = &turned(items, runs);
    let ranks = ordered(items, runs, ranks(items, runs));
    let rows = wrapped(items, ranks);
    let mut slots = Slots::of(items, rows);
    let lanes = slots.lanes(items, runs);
    slots.sweep(items);
    slots.settle();
    let (y, height) = heights(items, runs, &lanes, &slots);
    let width = slots.rows.iter().flatten().map(|&slot| slots.right(slot)).max().unwrap_or(0);
    let places: Vec<(i32, i32)> =
        (0..count).map(|item| (slots.left(item), y[slots.row[item]].0)).collect();
    let pieces = Drawer { items, runs, slots: &slots, lanes: &lanes, y: &y, margins }.pieces();
    Level { places, pieces, width, height }
}

/// The runs with each that goes sideways as one down to a turn and one up from it.
fn turned(items: &[Item], runs: &[Run]) -> (Vec<Item>, Vec<Straight>) {
    let mut items = items.to_vec();
    let mut straight = Vec::new();
    for (number, run) in runs.iter().enumerate() {
        let to =
            run.to.iter().enumerate().map(|(end, &(to, strand))| (to, strand, Some(end))).collect();
        let one_way = |upwards, from, to| Straight { run: number, from, to, upwards };
        match run.way {
            Way::Down => straight.push(one_way(false, run.from, to)),
            Way::Up => straight.push(one_way(true, run.from, to)),
            Way::Sideways => {
                let turn = Anchor { item: items.len(), dx: Some(0) };
                items.push(Item { width: LANE, height: 0, sort: Sort::Turn });
                let mut all = Strand::default();
                run.to.iter().for_each(|&(_, strand)| all.join(strand));
                straight.push(one_way(false, run.from, vec![(turn, all, None)]));
                straight.push(one_way(true, turn, to));
            }
        }
    }
    (items, straight)
}

/// Pairs of boxes of which the first stands above the second.
fn pairs(items: &[Item], runs: &[Straight]) -> Vec<(usize, usize)> {
    let is_box = |item: usize| matches!(items[item].sort, Sort::Box { .. });
    let mut pairs = Vec::new();
    for run in runs {
        for (to, ..) in &run.to {
            if is_box(run.from.item) && is_box(to.item) {
                let pair = (run.from.item, to.item);
                pairs.push(if run.upwards { (pair.1, pair.0) } else { pair });
            }
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// In which rank each item stands; gates in none.
fn ranks(items: &[Item], runs: &[Straight]) -> Vec<Vec<usize>> {
    let pairs = pairs(items, runs);
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); items.len()];
    let mut missing = vec![0; items.len()];
    for &(upper, lower) in &pairs {
        below[upper].push(lower);
        missing[lower] += 1;
    }
    let has_above: Vec<bool> = missing.iter().map(|&missing| missing > 0).collect();
    let mut rank = vec![0_usize; items.len()];
    let mut ready: Vec<usize> = (0..items.len()).filter(|&item| missing[item] == 0).collect();
    while let Some(upper) = ready.pop() {
        for &lower in &below[upper] {
            rank[lower] = rank[lower].max(rank[upper] + 1);
            missing[lower] -= 1;
            if missing[lower] == 0 {
                ready.push(lower);
            }
        }
    }
    // What needs nothing here stands just above what needs it.
    for item in 0..items.len() {
        if !has_above[item] {
            let nearest = below[item].iter().map(|&lower| rank[lower]).min();
            rank[item] = nearest.map_or(rank[item], |nearest| nearest.saturating_sub(1));
        }
    }
    // What has no lines here but to the border above stands first; with none, with its like, else last.
    let last = rank.iter().copied().max().unwrap_or(0);
    let alone = |item: usize| !has_above[item] && below[item].is_empty();
    let mut gates = vec![(false, false); items.len()];
    for run in runs {
        for (to, ..) in &run.to {
            for (own, other) in [(run.from.item, to.item), (to.item, run.from.item)] {
                gates[own].0 |= items[other].sort == Sort::Top;
                gates[own].1 |= items[other].sort == Sort::Bottom;
            }
        }
    }
    let with_like = |item: usize| {
        let like = |other: &usize| !alone(*other) && items[*other].sort == items[item].sort;
        (0..items.len()).filter(like).map(|other| rank[other]).max()
    };
    let moved: Vec<(usize, usize)> = (0..items.len())
        .filter(|&item| alone(item))
        .map(|item| match gates[item] {
            (true, false) => (item, 0),
            _ => (item, with_like(item).unwrap_or(last)),
        })
        .collect();
    for (item, to) in moved {
        rank[item] = to;
    }
    let mut ranks: Vec<Vec<usize>> = vec![Vec::new(); last + 1];
    // A line turns below the boxes it goes between.
    let mut turns: Vec<Vec<usize>> = vec![Vec::new(); last + 1];
    for run in runs.iter().filter(|run| items[run.from.item].sort == Sort::Turn) {
        let lowest = run.to.iter().map(|(to, ..)| rank[to.item]).max().unwrap_or(last);
        rank[run.from.item] = lowest;
    }
    for run in runs {
        for (to, ..) in run.to.iter().filter(|(to, ..)| items[to.item].sort == Sort::Turn) {
            rank[to.item] = rank[to.item].max(rank[run.from.item]);
        }
    }
    let (mut tops, mut bottoms) = (Vec::new(), Vec::new());
    for (at, item) in items.iter().enumerate() {
        match item.sort {
            Sort::Box { .. } => ranks[rank[at]].push(at),
            Sort::Top => tops.push(at),
            Sort::Bottom => bottoms.push(at),
            Sort::Turn => turns[rank[at]].push(at),
        }
    }
    let inner = ranks.into_iter().zip(turns).flat_map(|(rank, turns)| [rank, turns]);
    let all = std::iter::once(tops).chain(inner).chain([bottoms]);
    all.filter(|rank| !rank.is_empty()).collect()
}

/// The ranks with their members in an order that crosses few lines.
fn ordered(items: &[Item], runs: &[Straight], mut ranks: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
    let mut near: Vec<Vec<usize>> = vec![Vec::new(); items.len()];
    for run in runs {
        for (to, ..) in &run.to {
            near[run.from.item].push(to.item);
            near[to.item].push(run.from.item);
        }
    }
    // Between 0 and 1, so that a short rank and a long one can be compared.
    let mut place = vec![0.5_f64; items.len()];
    let number = |rank: &[usize], place: &mut [f64]| {
        for (at, &item) in rank.iter().enumerate() {
            place[item] = (at as f64 + 0.5) / rank.len() as f64;
        }
    };
    ranks.iter().for_each(|rank| number(rank, &mut place));
    for sweep in 0..SWEEPS {
        for at in 0..ranks.len() {
            let at = if sweep % 2 == 0 { at } else { ranks.len() - 1 - at };
            let mean = |item: usize| match near[item].len() {
                0 => place[item],
                count => near[item].iter().map(|&other| place[other]).sum::<f64>() / count as f64,
            };
            let keyed = ranks[at].iter().map(|&item| (mean(item), item)).collect();
            ranks[at] = sorted(items, keyed);
            number(&ranks[at], &mut place);
        }
    }
    ranks
}

/// By where each would stand; those that keep their order share out their places in it.
fn sorted(items: &[Item], mut keyed: Vec<(f64, usize)>) -> Vec<usize> {
    keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let likeness = |slot: usize| match items.get(slot)?.sort {
        Sort::Box { likeness, keeps_order: true } => Some(likeness),
        Sort::Box { .. } | Sort::Top | Sort::Bottom | Sort::Turn => None,
    };
    let mut alike: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for &(_, slot) in &keyed {
        if let Some(likeness) = likeness(slot) {
            alike.entry(likeness).or_default().push(slot);
        }
    }
    for members in alike.values_mut() {
        members.sort_unstable_by(|a, b| b.cmp(a));
    }
    keyed
        .iter()
        .map(|&(_, slot)| {
            let next = likeness(slot).and_then(|likeness| alike.get_mut(&likeness)?.pop());
            next.unwrap_or(slot)
        })
        .collect()
}

/// Ranks as rows no wider than the box strives to be.
fn wrapped(items: &[Item], ranks: Vec<Vec<usize>>) -> Vec<Vec<usize>> {
    let area: f64 = items
        .iter()
        .map(|item| f64::from(item.width + GAP_X) * f64::from(item.height + 2 * GAP_Y_LINES))
        .sum();
    let widest = items.iter().map(|item| item.width).max().unwrap_or(0);
    let wide = f64::from(widest).max((area * WIDE).sqrt());
    let mut rows = Vec::new();
    for rank in ranks {
        let width: f64 = rank.iter().map(|&item| f64::from(items[item].width + GAP_X)).sum();
        let lines = (width / wide).ceil().max(1.0);
        // A little too wide is better than a row of one.
        let lines = if lines <= 2.0 && width < wide * 1.35 { 1.0 } else { lines };
        let gates = rank.iter().all(|&item| items[item].height == 0);
        let per_row = if gates { rank.len() } else { (rank.len() as f64 / lines).ceil() as usize };
        rows.extend(rank.chunks(per_row.max(1)).map(<[usize]>::to_vec));
    }
    rows
}

impl Slots {
    fn of(items: &[Item], rows: Vec<Vec<usize>>) -> Self {
        let mut row = vec![0; items.len()];
        for (at, members) in rows.iter().enumerate() {
            for &member in members {
                row[member] = at;
            }
        }
        let count = items.len();
        Self {
            width: items.iter().map(|item| item.width).collect(),
            row,
            rows,
            near: vec![Vec::new(); count],
            x: vec![0.0; count],
        }
    }

    /// Makes the lanes of each run, from the row after its source to the one before its last end, and notes
    /// who is near whom.
    fn lanes(&mut self, items: &[Item], runs: &[Straight]) -> Vec<Vec<usize>> {
        let centre = |anchor: Anchor| f64::from(anchor.dx.unwrap_or(items[anchor.item].width / 2));
        runs.iter()
            .map(|run| {
                let mut lanes = Vec::new();
                let mut from = (run.from.item, centre(run.from));
                let mut at = self.row[run.from.item];
                let ends = run.to.iter().map(|(to, ..)| self.row[to.item]);
                let Some(last) = (if run.upwards { ends.min() } else { ends.max() }) else {
                    return lanes;
                };
                while at != last {
                    at = if run.upwards { at - 1 } else { at + 1 };
                    let reached = run.to.iter().filter(|(to, ..)| self.row[to.item] == at);
                    let mut reached: Vec<_> =
                        reached.map(|(to, ..)| (to.item, centre(*to))).collect();
                    let mut next = from;
                    if at != last {
                        let lane = self.width.len();
                        self.width.push(LANE);
                        self.row.push(at);
                        self.rows[at].push(lane);
                        self.near.push(Vec::new());
                        self.x.push(0.0);
                        lanes.push(lane);
                        next = (lane, f64::from(LANE / 2));
                        reached.push(next);
                    }
                    for (to, dx) in reached {
                        self.near[from.0].push((from.1, to, dx));
                        self.near[to].push((dx, from.0, from.1));
                    }
                    from = next;
                }
                lanes
            })
            .collect()
    }

    fn left(&self, slot: usize) -> i32 {
        self.x[slot].round() as i32
    }

    fn right(&self, slot: usize) -> i32 {
        self.left(slot) + self.width[slot]
    }

    /// Orders each row by its neighbours, lanes included.
    fn sweep(&mut self, items: &[Item]) {
        self.pack();
        for sweep in 0..SWEEPS {
            for at in 0..self.rows.len() {
                let at = if sweep % 2 == 0 { at } else { self.rows.len() - 1 - at };
                let keyed: Vec<(f64, usize)> = self.rows[at]
                    .iter()
                    .map(|&slot| (self.wanted(slot) + f64::from(self.width[slot]) / 2.0, slot))
                    .collect();
                self.rows[at] = sorted(items, keyed);
                self.pack_row(at);
            }
        }
    }

    /// Every row side by side, in the middle.
    fn pack(&mut self) {
        for at in 0..self.rows.len() {
            self.pack_row(at);
        }
    }

    fn pack_row(&mut self, at: usize) {
        let total = self.extent(at);
        let mut x = -f64::from(total) / 2.0;
        for &slot in &self.rows[at] {
            self.x[slot] = x;
            x += f64::from(self.width[slot] + GAP_X);
        }
    }

    /// How wide a row is at least.
    fn extent(&self, row: usize) -> i32 {
        self.rows[row].iter().map(|&slot| self.width[slot] + GAP_X).sum::<i32>() - GAP_X
    }

    /// Where the left of a slot would be straight below and above its neighbours.
    fn wanted(&self, slot: usize) -> f64 {
        let near = &self.near[slot];
        if near.is_empty() {
            return self.x[slot];
        }
        let sum: f64 = near.iter().map(|&(own, other, dx)| self.x[other] + dx - own).sum();
        sum / near.len() as f64
    }

    /// Moves everything as near as order and distance allow to where it would be straight.
    fn settle(&mut self) {
        self.pack();
        let widest = (0..self.rows.len()).map(|row| self.extent(row)).max().unwrap_or(0);
        let (low, high) = (-f64::from(widest) / 2.0, f64::from(widest) / 2.0);
        for sweep in 0..SWEEPS {
            for at in 0..self.rows.len() {
                let at = if sweep % 2 == 0 { at } else { self.rows.len() - 1 - at };
                let mut before = 0.0;
                let mut offsets = Vec::with_capacity(self.rows[at].len());
                for &slot in &self.rows[at] {
                    offsets.push(before);
                    before += f64::from(self.width[slot] + GAP_X);
                }
                let room = high - (before - f64::from(GAP_X));
                let wanted: Vec<f64> = self.rows[at]
                    .iter()
                    .zip(&offsets)
                    .map(|(&slot, offset)| self.wanted(slot) - offset)
                    .collect();
                for ((place, offset), &slot) in
                    rising(&wanted).into_iter().zip(&offsets).zip(&self.rows[at])
                {
                    self.x[slot] = place.clamp(low, room.max(low)) + offset;
                }
            }
        }
        let left = self.rows.iter().flatten().map(|&slot| self.x[slot]).fold(f64::MAX, f64::min);
        for x in &mut self.x {
            *x = (*x - left).round();
        }
    }
}

/// The rising numbers nearest to these, by least squares: adjacent violators pooled.
fn rising(wanted: &[f64]) -> Vec<f64> {
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for &value in wanted {
        let mut pool = (value, 1);
        while let Some(&(sum, count)) = pools.last() {
            if sum / count as f64 <= pool.0 / pool.1 as f64 {
                break;
            }
            pool = (pool.0 + sum, pool.1 + count);
            pools.pop();
        }
        pools.push(pool);
    }
    pools
        .into_iter()
        .flat_map(|(sum, count)| std::iter::repeat_n(sum / count as f64, count))
        .collect()
}

/// Top and bottom of each row, and of all. Rows stand apart as far as the lines between them have to bend.
fn heights(
    items: &[Item],
    runs: &[Straight],
    lanes: &[Vec<usize>],
    slots: &Slots,
) -> (Vec<(i32, i32)>, i32) {
    let mut crossing = vec![(0, 0); slots.rows.len()];
    let middle = |slot: usize| slots.left(slot) + slots.width[slot] / 2;
    let at = |anchor: Anchor| match anchor.dx {
        Some(dx) => slots.left(anchor.item) + dx,
        None => middle(anchor.item),
    };
    for (run, lanes) in runs.iter().zip(lanes) {
        let way: Vec<(usize, i32)> = std::iter::once((slots.row[run.from.item], at(run.from)))
            .chain(lanes.iter().map(|&lane| (slots.row[lane], middle(lane))))
            .collect();
        let mut cross = |(row, x): (usize, i32), (other, to): (usize, i32)| {
            let (count, bend) = &mut crossing[row.min(other)];
            *count += 1;
            *bend = (to - x).abs().max(*bend);
        };
        way.windows(2).for_each(|step| cross(step[0], step[1]));
        for (to, ..) in &run.to {
            let row = slots.row[to.item];
            if let Some(&before) = way.iter().rfind(|(other, _)| other.abs_diff(row) == 1) {
                cross(before, (row, at(*to)));
            }
        }
    }
    let mut y = Vec::new();
    let mut top = 0;
    for (at, row) in slots.rows.iter().enumerate() {
        let height = row.iter().filter_map(|&slot| items.get(slot)).map(|item| item.height).max();
        let bottom = top + height.unwrap_or(0);
        y.push((top, bottom));
        let (count, bend) = crossing[at];
        let needed = GAP_Y_LINES + (bend / BEND).min(BEND_MAX) + GAP_Y_LINE * count;
        top = bottom + if count == 0 { GAP_Y } else { needed.min(GAP_Y_MAX) };
    }
    let height = y.last().map_or(0, |&(_, bottom)| bottom);
    (y, height)
}

/// Makes the pieces of the lines.
struct Drawer<'a> {
    items: &'a [Item],
    runs: &'a [Straight],
    slots: &'a Slots,
    lanes: &'a [Vec<usize>],
    y: &'a [(i32, i32)],
    margins: (i32, i32),
}

impl Drawer<'_> {
    fn pieces(&self) -> Vec<Piece> {
        let (starts, ends) = self.attached();
        let mut pieces = Vec::new();
        for (at, run) in self.runs.iter().enumerate() {
            let mut lanes = self.lanes[at].iter();
            let mut row = self.slots.row[run.from.item];
            let mut from = (starts[at], self.edge(run.from.item, !run.upwards));
            let turns = self.items[run.from.item].sort == Sort::Turn;
            let mut shape = if turns { Shape::FromTurn } else { Shape::Upright };
            let ends_at = |row: usize| {
                let reached = run.to.iter().enumerate();
                reached.filter(move |(_, (to, ..))| self.slots.row[to.item] == row)
            };
            loop {
                let beyond = run.to.iter().filter(|(to, ..)| {
                    let other = self.slots.row[to.item];
                    if run.upwards { other < row } else { other > row }
                });
                let beyond: Vec<Strand> = beyond.map(|(_, strand, _)| *strand).collect();
                if beyond.is_empty() {
                    break;
                }
                let next = if run.upwards { row - 1 } else { row + 1 };
                let side = |row: usize, is_below: bool| {
                    if is_below { self.y[row].1 } else { self.y[row].0 }
                };
                let bends = (side(row, !run.upwards), side(next, run.upwards));
                for (end, (to, strand, reaches)) in ends_at(next) {
                    pieces.push(Piece {
                        run: run.run,
                        strand: *strand,
                        from,
                        bends,
                        to: (ends[at][end], self.edge(to.item, run.upwards)),
                        reaches: *reaches,
                        shape: if self.items[to.item].sort == Sort::Turn {
                            Shape::ToTurn
                        } else {
                            shape
                        },
                    });
                }
                row = next;
                let Some(&lane) = lanes.next() else { break };
                let mut strand = Strand::default();
                for (to, further, _) in &run.to {
                    let other = self.slots.row[to.item];
                    if if run.upwards { other < row } else { other > row } {
                        strand.join(*further);
                    }
                }
                let x = self.slots.left(lane) + LANE / 2;
                pieces.push(Piece {
                    run: run.run,
                    strand,
                    from,
                    bends,
                    to: (x, bends.1),
                    reaches: None,
                    shape,
                });
                shape = Shape::Upright;
                from = (x, bends.1);
            }
        }
        pieces
    }

    /// The y at which a line meets an item, below it or above it; at a gate, the border.
    fn edge(&self, item: usize, is_below: bool) -> i32 {
        let (top, _) = self.y[self.slots.row[item]];
        match self.items[item].sort {
            Sort::Top => top - self.margins.0,
            Sort::Bottom => top + self.margins.1,
            Sort::Turn => top,
            Sort::Box { .. } => top + if is_below { self.items[item].height } else { 0 },
        }
    }

    /// The x of each run's start and ends: where given, else beside each other about the middle, in the order
    /// of where they come from.
    fn attached(&self) -> (Vec<i32>, Vec<Vec<i32>>) {
        let middle = |item: usize| self.slots.left(item) + self.items[item].width / 2;
        let at = |anchor: Anchor| anchor.dx.map(|dx| self.slots.left(anchor.item) + dx);
        let mut starts: Vec<i32> = self.runs.iter().map(|run| middle(run.from.item)).collect();
        let mut ends: Vec<Vec<i32>> = self
            .runs
            .iter()
            .map(|run| run.to.iter().map(|(to, ..)| middle(to.item)).collect())
            .collect();
        // By item and side: where it comes from, run, end.
        type Side = Vec<(i32, usize, Option<usize>)>;
        let mut sides: Vec<[Side; 2]> = vec![[Vec::new(), Vec::new()]; self.items.len()];
        for (number, run) in self.runs.iter().enumerate() {
            let lanes = &self.lanes[number];
            match at(run.from) {
                Some(x) => starts[number] = x,
                None => {
                    let mean = match lanes.first() {
                        Some(&lane) => self.slots.left(lane),
                        None => {
                            let sum: i64 =
                                run.to.iter().map(|(to, ..)| i64::from(middle(to.item))).sum();
                            let count = i64::try_from(run.to.len().max(1)).unwrap_or(1);
                            i32::try_from(sum / count).unwrap_or(0)
                        }
                    };
                    sides[run.from.item][usize::from(run.upwards)].push((mean, number, None));
                }
            }
            for (end, (to, ..)) in run.to.iter().enumerate() {
                match at(*to) {
                    Some(x) => ends[number][end] = x,
                    None => {
                        let rows = self.slots.row[to.item].abs_diff(self.slots.row[run.from.item]);
                        let from = match rows.checked_sub(2).and_then(|lane| lanes.get(lane)) {
                            Some(&lane) => self.slots.left(lane),
                            None => middle(run.from.item),
                        };
                        sides[to.item][usize::from(!run.upwards)].push((from, number, Some(end)));
                    }
                }
            }
        }
        for (item, both) in sides.iter_mut().enumerate() {
            for side in both {
                side.sort_unstable();
                let count = i32::try_from(side.len()).unwrap_or(i32::MAX);
                let apart = (f64::from(self.items[item].width) / f64::from(count + 1))
                    .min(f64::from(APART));
                for ((_, number, end), nth) in side.iter().zip(0..) {
                    let off = (f64::from(nth) - f64::from(count - 1) / 2.0) * apart;
                    let x = middle(item) + off.round() as i32;
                    match end {
                        None => starts[*number] = x,
                        Some(end) => ends[*number][*end] = x,
                    }
                }
            }
        }
        (starts, ends)
    }
}
