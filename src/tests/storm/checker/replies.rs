//! A reply leaves once, in order; what did not leave says so.

use std::collections::HashMap;

use uuid::Uuid;

use super::{Books, Findings};
use crate::journal::Reply;
use crate::ledger::Row;

pub(super) fn find(books: &Books, findings: &mut Findings) {
    let rows: HashMap<Uuid, &Row> = books.ledgers.rows.iter().map(|row| (row.id, row)).collect();
    let mut written: HashMap<&str, Vec<&Reply>> = HashMap::new();
    for reply in &books.ledgers.replies {
        written.entry(&reply.text).or_default().push(reply);
        if reply.acknowledged {
            must_be_there(reply, rows.get(&reply.id.0).copied(), findings);
        }
    }
    for conversation in &books.ledgers.ada {
        let id = conversation.id.as_str();
        let mut arrived: HashMap<&str, Vec<usize>> = HashMap::new();
        for (order, said) in conversation.messages.iter().enumerate().filter(|(_, said)| said.by_person) {
            arrived.entry(&said.text).or_default().push(order);
        }
        for (text, orders) in &arrived {
            let of_text = written.get(text).map(Vec::as_slice).unwrap_or_default();
            if orders.len() > of_text.len() {
                let words = format!("{id}: the customer has \"{text}\" {} times, and it was sent {} times", orders.len(), of_text.len());
                findings.replies_doubled.push(words);
                continue;
            }
            // One that the customer has and that its agent is offered to send again is a double in waiting.
            let failed =
                of_text.iter().filter(|reply| rows.get(&reply.id.0).is_some_and(|row| row.state == "failed" && !row.discarded)).count();
            if orders.len() + failed > of_text.len() {
                findings.replies_doubled.push(format!("{id}: the customer has \"{text}\", and its agent is told that it failed"));
            }
        }
        must_have_arrived(books, id, &arrived, findings);
    }
    find_out_of_turn(books, &rows, findings);
}

fn must_be_there(reply: &Reply, row: Option<&Row>, findings: &mut Findings) {
    let text = &reply.text;
    match row {
        None => findings.replies_lost.push(format!("\"{text}\" was acknowledged, and Postgres does not have it")),
        Some(row) if row.discarded && !reply.discarded => findings.replies_lost.push(format!("\"{text}\" was taken out by nobody")),
        Some(row) if row.discarded => {}
        Some(row) => match row.state.as_str() {
            "sent" | "failed" => {}
            "unknown" => findings.unknown += 1,
            state => findings.replies_lost.push(format!("\"{text}\" is still {state}")),
        },
    }
}

/// What the desk calls sent, the customer has.
fn must_have_arrived(books: &Books, id: &str, arrived: &HashMap<&str, Vec<usize>>, findings: &mut Findings) {
    let mut sent: HashMap<&str, usize> = HashMap::new();
    for row in books.rows_of(id).filter(|row| row.own && row.state == "sent") {
        *sent.entry(&row.text).or_default() += 1;
    }
    for (text, count) in sent {
        let has = arrived.get(text).map_or(0, Vec::len);
        if has < count {
            findings.replies_lost.push(format!("{id}: \"{text}\" is called sent {count} times, and the customer has it {has} times"));
        }
    }
}

/// Replies of one handoff reach the customer in the order in which they were sent, but for what was tried again.
fn find_out_of_turn(books: &Books, rows: &HashMap<Uuid, &Row>, findings: &mut Findings) {
    let mut last: HashMap<Uuid, (usize, &str)> = HashMap::new();
    for reply in books.ledgers.replies.iter().filter(|reply| reply.acknowledged && !reply.retried) {
        let Some(row) = rows.get(&reply.id.0).filter(|row| row.state == "sent") else { continue };
        let Some(conversation) = books.ada.get(row.conversation.as_str()) else { continue };
        let Some(order) = conversation.messages.iter().position(|said| Some(&said.id) == row.ada_id.as_ref()) else { continue };
        if let Some((before, text)) = last.insert(reply.handoff.0, (order, &reply.text))
            && before > order
        {
            findings
                .misordered
                .push(format!("{}: the customer got \"{}\" before \"{text}\", which was sent first", row.conversation, reply.text));
        }
    }
}
