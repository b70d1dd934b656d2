//! A table (CSV) of machines and what they need, a line each: what most people have before they have anything else.
//!
//! The first line names the columns (`words`), in any order; only `name` is needed. Comma, semicolon or tab
//! between cells, whichever comes first in it; quotes as RFC 4180 has them. What cannot be read of a line is a
//! doubt with its number, and the rest of the line counts. Tested by tables as people write them, and hostile ones.

use crate::seen::{Report, Thing, Unreadable, shown};
use crate::words::{self, Word};
use blackstart_model::kind::Kind;
use std::collections::BTreeSet;

/// Columns of a table at most.
const COLUMNS_MAX: usize = 200;

/// Reads a table. Linear in the text.
///
/// # Errors
/// When it is no table with a column `name`, or a quote is never closed.
pub fn read(text: &str, by: &str) -> Result<Report, Unreadable> {
    let mut report = Report::new(by);
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let head = text.lines().next().unwrap_or_default();
    let between = head.chars().find(|it| matches!(it, ',' | ';' | '\t')).unwrap_or(',');
    let mut rows = Rows { rest: text, line: 1, between };
    let (_, head) = rows.next().transpose()?.ok_or(Unreadable::new("it is empty"))?;
    let columns = columns(&mut report, &head)?;
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for row in rows {
        let (line, cells) = row?;
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if report.is_full() {
            break;
        }
        let at = format!("line {line}");
        if cells.len() > columns.len()
            && cells[columns.len()..].iter().any(|it| !it.trim().is_empty())
        {
            report.doubt(&at, &format!("{} cells under {} columns", cells.len(), columns.len()));
        }
        let said: Vec<(Word, &str)> = columns
            .iter()
            .zip(&cells)
            .filter_map(|(word, cell)| Some(((*word)?, cell.trim())))
            .collect();
        row_of(&mut report, &mut seen, &said, &at);
    }
    let is_new = |thing: &Thing| !thing.is_implied;
    if !report.things.iter().any(is_new) {
        return Err(Unreadable::new("it has no line with a name"));
    }
    Ok(report)
}

fn columns(report: &mut Report, head: &[String]) -> Result<Vec<Option<Word>>, Unreadable> {
    if head.len() > COLUMNS_MAX {
        return Err(Unreadable(format!("more than {COLUMNS_MAX} columns")));
    }
    let mut columns: Vec<Option<Word>> = Vec::new();
    for column in head {
        let word = words::word(column);
        if word.is_none() && !column.trim().is_empty() {
            let words =
                format!("the column `{}` has no meaning here, and is not read", shown(column));
            report.doubt("line 1", &words);
        }
        let is_new = word.is_none() || !columns.contains(&word);
        if !is_new {
            report.doubt(
                "line 1",
                &format!("the column `{}` stands twice; the first counts", shown(column)),
            );
        }
        columns.push(word.filter(|_| is_new));
    }
    if !columns.contains(&Some(Word::Name)) {
        return Err(Unreadable::new("its first line has no column `name`"));
    }
    Ok(columns)
}

fn row_of(report: &mut Report, seen: &mut BTreeSet<String>, said: &[(Word, &str)], at: &str) {
    let name = said.iter().find(|(word, _)| *word == Word::Name).map_or("", |(_, cell)| *cell);
    if name.is_empty() {
        report.doubt(at, "it has no name");
        return;
    }
    if !seen.insert(name.to_lowercase()) {
        report.doubt(at, &format!("`{}` has a line already, and the first counts", shown(name)));
        return;
    }
    let thing = report.named(name, None, at);
    report.things[thing].is_implied = false;
    at.clone_into(&mut report.things[thing].at);
    // What it is decides what may be said of it, and an address what may be asked.
    let order = |word: &Word| match word {
        Word::Kind => 0,
        Word::Address => 1,
        Word::Name
        | Word::Checks
        | Word::Remark
        | Word::Place(_)
        | Word::Need(..)
        | Word::Field(_) => 2,
    };
    let mut said: Vec<(Word, &str)> = said.to_vec();
    said.sort_by_key(|(word, _)| order(word));
    let places: Vec<(Kind, &str)> = said
        .iter()
        .filter_map(|(word, cell)| match word {
            Word::Place(kind) => Some((*kind, *cell)),
            Word::Name
            | Word::Kind
            | Word::Address
            | Word::Checks
            | Word::Remark
            | Word::Need(..)
            | Word::Field(_) => None,
        })
        .collect();
    words::places(report, thing, &places, at);
    for (word, cell) in said {
        if !matches!(word, Word::Place(_)) {
            words::take(report, thing, word, cell, at);
        }
    }
}

/// The rows of a table with the number of the line that each begins on.
struct Rows<'t> {
    rest: &'t str,
    line: usize,
    between: char,
}

impl Iterator for Rows<'_> {
    type Item = Result<(usize, Vec<String>), Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let begins = self.line;
        let mut cells = vec![String::new()];
        let mut is_quoted = false;
        let mut letters = self.rest.char_indices().peekable();
        while let Some((at, letter)) = letters.next() {
            let cell = cells.last_mut().expect("it begins with one");
            match letter {
                '"' if is_quoted && letters.peek().is_some_and(|(_, next)| *next == '"') => {
                    letters.next();
                    cell.push('"');
                }
                '"' if is_quoted => is_quoted = false,
                '"' if cell.trim().is_empty() => {
                    cell.clear();
                    is_quoted = true;
                }
                '\n' => {
                    self.line += 1;
                    if !is_quoted {
                        self.rest = &self.rest[at + 1..];
                        return Some(Ok((begins, cells)));
                    }
                    cell.push('\n');
                }
                letter if letter == self.between && !is_quoted => cells.push(String::new()),
                letter => cell.push(letter),
            }
        }
        self.rest = "";
        if is_quoted {
            return Some(Err(Unreadable(format!("a quote in line {begins} is never closed"))));
        }
        Some(Ok((begins, cells)))
    }
}
