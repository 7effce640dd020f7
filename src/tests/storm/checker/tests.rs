//! A checker that finds nothing proves nothing: each kind of fault is planted once, and must be found as that and as nothing else.

use babbage::model::ids::{HandoffId, MessageId, PersonId};

use super::*;
use crate::journal::{Accept, Reply};
use crate::ledger::{Line, Lists, Page, Precision, Said};

const CONVERSATION: &str = "c1";
const HANDOFF: Uuid = Uuid::from_u128(1);
const OWNER: Uuid = Uuid::from_u128(2);
const REPLY: Uuid = Uuid::from_u128(13);

/// What one conversation with a reply leaves behind when all went well. The first line was only read back, the others were told.
fn good() -> Ledgers {
    let said = |id: &str, text: &str, at: i64, by_person: bool, labelled: bool| Said {
        id: id.to_owned(),
        by_person,
        text: text.to_owned(),
        at,
        labelled,
    };
    let messages = vec![
        said("m0", "a person, please", 1_000, false, false),
        said("m1", "hello", 2_100, false, true),
        said("m2", "are you there", 2_700, false, true),
        said("m3", "yes", 3_000, true, true),
        said("m4", "good", 9_000, false, true),
    ];
    let row = |number: u128, said: &Said| Row {
        id: Uuid::from_u128(10 + number),
        conversation: CONVERSATION.to_owned(),
        ada_id: Some(said.id.clone()),
        text: said.text.clone(),
        state: if said.by_person { "sent" } else { "received" }.to_owned(),
        own: said.by_person,
        discarded: false,
        precision: if said.labelled { Precision::Milliseconds } else { Precision::Seconds },
        listed_at: Some(i32::try_from(number).expect("small")),
    };
    let rows: Vec<_> = (0..).zip(&messages).map(|(number, said)| row(number, said)).collect();
    let lines: Vec<_> = rows.iter().map(line).collect();
    let page = |whose: &str| Page { whose: whose.to_owned(), handoff: HANDOFF, lines: lines.clone() };
    Ledgers {
        told: messages[1..].iter().map(|said| (CONVERSATION.to_owned(), said.id.clone())).collect(),
        ada: vec![Conversation { id: CONVERSATION.to_owned(), state: "handoff".to_owned(), messages, handoffs: 1 }],
        handoffs: vec![Handoff {
            id: HANDOFF,
            conversation: CONVERSATION.to_owned(),
            state: "active".to_owned(),
            owner: Some(OWNER),
            latest: true,
            transcript: true,
        }],
        pages: vec![page("a fresh page"), page("Ana's page")],
        lists: vec![Lists {
            whose: "Ana".to_owned(),
            shown: vec![(HANDOFF, 7, "active".to_owned())],
            fresh: vec![(HANDOFF, 7, "active".to_owned())],
        }],
        accepts: vec![Accept { handoff: HandoffId(HANDOFF), person: PersonId(OWNER) }],
        replies: vec![reply(REPLY, "yes")],
        rows,
        owed: Vec::new(),
    }
}

fn line(row: &Row) -> Line {
    Line { id: row.id, ada_id: row.ada_id.clone(), text: row.text.clone(), state: row.state.clone() }
}

fn reply(id: Uuid, text: &str) -> Reply {
    let handoff = HandoffId(HANDOFF);
    Reply { id: MessageId(id), handoff, text: text.to_owned(), acknowledged: true, retried: false, discarded: false }
}

/// The kinds of faults that are found once one is planted.
fn found(plant: impl FnOnce(&mut Ledgers)) -> Vec<&'static str> {
    let mut ledgers = good();
    plant(&mut ledgers);
    let findings = check(&ledgers);
    findings.kinds().iter().filter(|(_, found)| !found.is_empty()).map(|(name, _)| *name).collect()
}

/// Takes a message out of Postgres and off every page.
fn forget(ledgers: &mut Ledgers, ada_id: &str) {
    ledgers.rows.retain(|row| row.ada_id.as_deref() != Some(ada_id));
    for page in &mut ledgers.pages {
        page.lines.retain(|line| line.ada_id.as_deref() != Some(ada_id));
    }
}

/// Puts a row into Postgres and at the end of every page.
fn add(ledgers: &mut Ledgers, row: &Row) {
    ledgers.rows.push(row.clone());
    for page in &mut ledgers.pages {
        page.lines.push(line(row));
    }
}

#[test]
fn what_went_well_is_clean() {
    let findings = check(&good());
    assert!(findings.is_clean(), "{findings:?}");
    // Four webhooks, a trigger, a reply.
    assert_eq!(findings.acknowledged, 6);
}

#[test]
fn lost() {
    assert_eq!(found(|ledgers| forget(ledgers, "m4")), ["lost"], "an acknowledged message");
    assert_eq!(found(|ledgers| forget(ledgers, "m0")), ["lost"], "a message that had to be read back");
    let never_told = |ledgers: &mut Ledgers| {
        ledgers.told.clear();
        forget(ledgers, "m4");
    };
    assert_eq!(found(never_told), ["lost"], "a message whose webhook never came");
    assert_eq!(found(|ledgers| drop(ledgers.pages[1].lines.remove(1))), ["lost"], "a message that a page lacks");
    assert_eq!(found(|ledgers| ledgers.ada[0].handoffs = 2), ["lost"], "a trigger");
    assert_eq!(found(|ledgers| ledgers.pages[1].lines[3].state = "sending".to_owned()), ["lost"], "the news that a reply was sent");
    assert_eq!(found(|ledgers| ledgers.lists[0].shown.clear()), ["lost"], "an entry of a list");
    assert_eq!(found(|ledgers| ledgers.lists[0].shown[0].1 = 6), ["lost"], "the newest number of an entry");
    assert_eq!(found(|ledgers| ledgers.lists[0].fresh.clear()), ["lost"], "the news that an entry is gone");
}

#[test]
fn doubled() {
    let twice_on_a_page = |ledgers: &mut Ledgers| {
        let line = ledgers.pages[1].lines[1].clone();
        ledgers.pages[1].lines.insert(2, line);
    };
    assert_eq!(found(twice_on_a_page), ["doubled"]);
    let twice_in_postgres = |ledgers: &mut Ledgers| {
        let row = Row { id: Uuid::from_u128(99), ..ledgers.rows[4].clone() };
        add(ledgers, &row);
    };
    assert_eq!(found(twice_in_postgres), ["doubled"]);
    // Our own reply, and beside it its echo as if somebody else had written it.
    let echo = |ledgers: &mut Ledgers| {
        ledgers.rows[3].ada_id = None;
        for page in &mut ledgers.pages {
            page.lines[3].ada_id = None;
        }
        let row = Row {
            id: Uuid::from_u128(99),
            ada_id: Some("m3".to_owned()),
            own: false,
            state: "received".to_owned(),
            ..ledgers.rows[3].clone()
        };
        ledgers.rows.push(row.clone());
        ledgers.pages.iter_mut().for_each(|page| page.lines.insert(4, line(&row)));
    };
    assert_eq!(found(echo), ["doubled"]);
}

#[test]
fn misordered() {
    assert_eq!(found(|ledgers| ledgers.pages.iter_mut().for_each(|page| page.lines.swap(3, 4))), ["misordered"], "by the second");
    assert_eq!(found(|ledgers| ledgers.pages.iter_mut().for_each(|page| page.lines.swap(1, 2))), ["misordered"], "within a second");
    // Both were only ever listed, in one second: the list decides.
    let by_the_list = |ledgers: &mut Ledgers| {
        for row in &mut ledgers.rows {
            row.precision = Precision::Seconds;
        }
        ledgers.pages.iter_mut().for_each(|page| page.lines.swap(1, 2));
    };
    assert_eq!(found(by_the_list), ["misordered"]);
    // Where neither Ada's times nor its list can tell, no order is wrong; but it must be the same everywhere.
    let untold = |ledgers: &mut Ledgers| {
        for row in &mut ledgers.rows {
            row.precision = Precision::Seconds;
            row.listed_at = None;
        }
        ledgers.pages.iter_mut().for_each(|page| page.lines.swap(1, 2));
    };
    assert_eq!(found(untold), Vec::<&str>::new());
    let untold_and_different = |ledgers: &mut Ledgers| {
        untold(ledgers);
        ledgers.pages[0].lines.swap(1, 2);
    };
    assert_eq!(found(untold_and_different), ["misordered"]);
    // The customer got the second reply first.
    let out_of_turn = |ledgers: &mut Ledgers| {
        let said = Said { id: "m5".to_owned(), text: "wait".to_owned(), at: 9_500, ..ledgers.ada[0].messages[3].clone() };
        ledgers.ada[0].messages.push(said);
        let row = Row { id: Uuid::from_u128(15), ada_id: Some("m5".to_owned()), text: "wait".to_owned(), ..ledgers.rows[3].clone() };
        add(ledgers, &row);
        ledgers.replies.insert(0, reply(row.id, "wait"));
    };
    assert_eq!(found(out_of_turn), ["misordered"]);
}

#[test]
fn replies_doubled() {
    let twice = |ledgers: &mut Ledgers| {
        let again = Said { id: "m5".to_owned(), at: 9_500, ..ledgers.ada[0].messages[3].clone() };
        ledgers.ada[0].messages.push(again);
        // However honestly the desk shows both.
        let row = Row {
            id: Uuid::from_u128(15),
            ada_id: Some("m5".to_owned()),
            own: false,
            state: "received".to_owned(),
            ..ledgers.rows[3].clone()
        };
        add(ledgers, &row);
    };
    assert_eq!(found(twice), ["replies doubled"]);
    let on_purpose = |ledgers: &mut Ledgers| {
        twice(ledgers);
        ledgers.replies.push(reply(Uuid::from_u128(15), "yes"));
        ledgers.rows[5].own = true;
        ledgers.rows[5].state = "sent".to_owned();
        ledgers.pages.iter_mut().for_each(|page| page.lines[5].state = "sent".to_owned());
    };
    assert_eq!(found(on_purpose), Vec::<&str>::new());
    let offered_again = |ledgers: &mut Ledgers| {
        ledgers.rows[3].state = "failed".to_owned();
        ledgers.pages.iter_mut().for_each(|page| page.lines[3].state = "failed".to_owned());
    };
    assert_eq!(found(offered_again), ["replies doubled"]);
}

#[test]
fn replies_lost() {
    let acknowledged = |ledgers: &mut Ledgers| ledgers.replies.push(reply(Uuid::from_u128(50), "never seen again"));
    assert_eq!(found(acknowledged), ["replies lost"]);
    let called_sent = |ledgers: &mut Ledgers| {
        ledgers.replies.push(reply(Uuid::from_u128(50), "on my way"));
        let row = Row { id: Uuid::from_u128(50), ada_id: None, text: "on my way".to_owned(), ..ledgers.rows[3].clone() };
        add(ledgers, &row);
    };
    assert_eq!(found(called_sent), ["replies lost"]);
    let never_left = |ledgers: &mut Ledgers| {
        called_sent(ledgers);
        ledgers.rows[5].state = "queued".to_owned();
        ledgers.pages.iter_mut().for_each(|page| page.lines[5].state = "queued".to_owned());
    };
    assert_eq!(found(never_left), ["replies lost"]);
    // What did not leave and says so is not lost.
    let says_so = |ledgers: &mut Ledgers| {
        called_sent(ledgers);
        ledgers.rows[5].state = "failed".to_owned();
        ledgers.pages.iter_mut().for_each(|page| page.lines[5].state = "failed".to_owned());
    };
    assert_eq!(found(says_so), Vec::<&str>::new());
}

#[test]
fn two_owners() {
    let other = PersonId(Uuid::from_u128(3));
    assert_eq!(found(|ledgers| ledgers.accepts.push(Accept { handoff: HandoffId(HANDOFF), person: other })), ["two owners"]);
    assert_eq!(found(|ledgers| ledgers.accepts[0].person = other), ["two owners"], "told one, given to another");
}

#[test]
fn stuck() {
    assert_eq!(found(|ledgers| ledgers.handoffs[0].state = "ended".to_owned()), ["stuck handoffs"], "the customer waits for nobody");
    assert_eq!(found(|ledgers| ledgers.handoffs[0].state = "ending".to_owned()), ["stuck handoffs"], "an end that does not come");
    assert_eq!(found(|ledgers| ledgers.ada[0].state = "active_ai".to_owned()), ["stuck handoffs"], "Ada has it back");
    assert_eq!(found(|ledgers| ledgers.owed.push("reply unclear".to_owned())), ["stuck handoffs"], "a call that is never made");
}
