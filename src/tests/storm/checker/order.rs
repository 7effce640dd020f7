//! One order everywhere: Ada's own, as far as Ada's times can tell.

use std::collections::HashMap;

use super::{Books, Findings};
use crate::ledger::{Page, Precision, Row, Said};

/// A message on a page with all that is known about its place.
struct Placed<'a> {
    row: &'a Row,
    said: &'a Said,
    order: usize,
}

pub(super) fn find_misordered(books: &Books, findings: &mut Findings) {
    for conversation in &books.ledgers.ada {
        let id = conversation.id.as_str();
        let Some(latest) = books.latest.get(id) else { continue };
        let rows: HashMap<_, _> = books.rows_of(id).map(|row| (row.id, row)).collect();
        let said: HashMap<_, _> = conversation.messages.iter().enumerate().map(|(order, said)| (said.id.as_str(), (order, said))).collect();
        let pages: Vec<_> = books.pages_of(latest).collect();
        for page in &pages {
            let placed: Vec<_> = page
                .lines
                .iter()
                .filter_map(|line| {
                    let (order, said) = *said.get(line.ada_id.as_deref()?)?;
                    Some(Placed { row: rows.get(&line.id)?, said, order })
                })
                .collect();
            for (at, earlier) in placed.iter().enumerate() {
                if let Some(later) = placed[at + 1..].iter().find(|later| must_precede(later, earlier)) {
                    let words = format!("{id}: \"{}\" stands above \"{}\" on {}", earlier.said.text, later.said.text, page.whose);
                    findings.misordered.push(words);
                }
            }
        }
        for pair in pages.windows(2) {
            compare(id, pair[0], pair[1], findings);
        }
    }
}

/// Whether one was said before the other, beyond doubt. Ada's times are whole seconds where only its list told of a message; within a
/// second the list itself decides, and only between two that the desk has seen there.
fn must_precede(one: &Placed, other: &Placed) -> bool {
    let (second, other_second) = (one.said.at.div_euclid(1_000), other.said.at.div_euclid(1_000));
    if one.row.precision == Precision::Unknown || other.row.precision == Precision::Unknown {
        return false;
    }
    if second != other_second {
        return second < other_second;
    }
    let fine = |placed: &Placed| placed.row.precision == Precision::Milliseconds;
    match (fine(one), fine(other)) {
        (true, true) if one.said.at != other.said.at => one.said.at < other.said.at,
        (true, false) | (false, true) => false,
        _ => one.row.listed_at.is_some() && other.row.listed_at.is_some() && one.order < other.order,
    }
}

/// Every page of a handoff shows the same.
fn compare(id: &str, one: &Page, other: &Page, findings: &mut Findings) {
    let places: HashMap<_, _> = other.lines.iter().enumerate().map(|(at, line)| (line.id, at)).collect();
    let common: Vec<_> = one.lines.iter().filter_map(|line| places.get(&line.id).copied()).collect();
    if !common.is_sorted() {
        findings.misordered.push(format!("{id}: {} and {} show different orders", one.whose, other.whose));
    }
    for line in &one.lines {
        let Some(twin) = places.get(&line.id).map(|at| &other.lines[*at]) else { continue };
        if line != twin {
            findings.lost.push(format!("{id}: {} shows {line:?}, and {} shows {twin:?}", one.whose, other.whose));
        }
    }
}
