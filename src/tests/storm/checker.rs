//! Compares the three ledgers. It shares no logic with the product: it knows what was promised, and counts.

mod order;
mod replies;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::ledger::{Conversation, Handoff, Ledgers, Page, Row};

/// What is wrong, each in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Webhooks, triggers and replies that the desk answered with yes.
    pub acknowledged: usize,
    /// Replies of which the desk says that it does not know whether they arrived: not wrong, but worth counting.
    pub unknown: usize,
    pub lost: Vec<String>,
    pub doubled: Vec<String>,
    pub misordered: Vec<String>,
    pub replies_doubled: Vec<String>,
    pub replies_lost: Vec<String>,
    pub two_owners: Vec<String>,
    pub stuck: Vec<String>,
}

impl Findings {
    /// Every kind with its name, in the order of the report.
    pub fn kinds(&self) -> [(&'static str, &[String]); 7] {
        [
            ("lost", &self.lost),
            ("doubled", &self.doubled),
            ("misordered", &self.misordered),
            ("replies doubled", &self.replies_doubled),
            ("replies lost", &self.replies_lost),
            ("two owners", &self.two_owners),
            ("stuck handoffs", &self.stuck),
        ]
    }

    pub fn is_clean(&self) -> bool {
        self.kinds().iter().all(|(_, found)| found.is_empty())
    }
}

/// The ledgers, arranged by conversation.
struct Books<'a> {
    ledgers: &'a Ledgers,
    ada: HashMap<&'a str, &'a Conversation>,
    rows: HashMap<&'a str, Vec<&'a Row>>,
    /// The last handoff of each conversation: its page shows all that was ever said there.
    latest: HashMap<&'a str, &'a Handoff>,
    pages: HashMap<Uuid, Vec<&'a Page>>,
}

/// Everything that is wrong.
pub fn check(ledgers: &Ledgers) -> Findings {
    let mut books = Books {
        ledgers,
        ada: ledgers.ada.iter().map(|conversation| (conversation.id.as_str(), conversation)).collect(),
        rows: HashMap::new(),
        latest: ledgers.handoffs.iter().filter(|handoff| handoff.latest).map(|handoff| (handoff.conversation.as_str(), handoff)).collect(),
        pages: HashMap::new(),
    };
    for row in &ledgers.rows {
        books.rows.entry(&row.conversation).or_default().push(row);
    }
    for page in &ledgers.pages {
        books.pages.entry(page.handoff).or_default().push(page);
    }
    let mut findings = Findings { acknowledged: acknowledged(ledgers), ..Findings::default() };
    find_lost(&books, &mut findings);
    find_doubled(&books, &mut findings);
    order::find_misordered(&books, &mut findings);
    replies::find(&books, &mut findings);
    compare_lists(ledgers, &mut findings);
    find_two_owners(ledgers, &mut findings);
    find_stuck(&books, &mut findings);
    findings
}

fn acknowledged(ledgers: &Ledgers) -> usize {
    let triggers: usize = ledgers.ada.iter().map(|conversation| conversation.handoffs).sum();
    ledgers.told.len() + triggers + ledgers.replies.iter().filter(|reply| reply.acknowledged).count()
}

/// What Ada told the desk, and what the desk has to have read back, stands in Postgres and on every page.
fn find_lost(books: &Books, findings: &mut Findings) {
    let told: HashSet<_> = books.ledgers.told.iter().map(|(conversation, message)| (conversation.as_str(), message.as_str())).collect();
    for conversation in &books.ledgers.ada {
        let id = conversation.id.as_str();
        let kept: HashSet<_> = books.rows_of(id).filter_map(|row| row.ada_id.as_deref()).collect();
        let latest = books.latest.get(id);
        // Our last word there came after the transcript was asked for: all before it must have been read.
        let read = latest.filter(|latest| latest.transcript).and_then(|_| conversation.messages.iter().rposition(|said| said.by_person));
        for (order, said) in conversation.messages.iter().enumerate() {
            let acknowledged = told.contains(&(id, said.id.as_str()));
            let expected = acknowledged || said.labelled || read.is_some_and(|read| order < read);
            if expected && !kept.contains(said.id.as_str()) {
                let how = if acknowledged { "was acknowledged" } else { "was never told, and not read back" };
                findings.lost.push(format!("{id}: message {} (\"{}\") {how}, and Postgres does not have it", said.id, said.text));
            }
        }
        let episodes = books.ledgers.handoffs.iter().filter(|handoff| handoff.conversation == id).count();
        if episodes < conversation.handoffs {
            findings.lost.push(format!("{id}: {} triggers were acknowledged, and there are {episodes} handoffs", conversation.handoffs));
        }
        for page in latest.into_iter().flat_map(|latest| books.pages_of(latest)) {
            let shown: HashSet<_> = page.lines.iter().map(|line| line.id).collect();
            for row in books.rows_of(id).filter(|row| !row.discarded && !shown.contains(&row.id)) {
                findings.lost.push(format!("{id}: message {} (\"{}\") is not on {}", row.id, row.text, page.whose));
            }
        }
    }
}

/// A message stands once in Postgres and once on each page, whatever told of it.
fn find_doubled(books: &Books, findings: &mut Findings) {
    for conversation in &books.ledgers.ada {
        let id = conversation.id.as_str();
        let said: HashSet<_> = conversation.messages.iter().map(|said| said.id.as_str()).collect();
        let mut allowed: HashMap<&str, usize> = HashMap::new();
        for said in &conversation.messages {
            *allowed.entry(&said.text).or_default() += 1;
        }
        let mut written: HashMap<&str, usize> = HashMap::new();
        for reply in &books.ledgers.replies {
            *written.entry(&reply.text).or_default() += 1;
        }
        let most = |text: &str| allowed.get(text).copied().unwrap_or(0).max(written.get(text).copied().unwrap_or(0));
        // What Ada does not list was invented to mislead.
        let real = |ada_id: Option<&str>| ada_id.is_none_or(|ada_id| said.contains(ada_id));
        let rows = books.rows_of(id).filter(|row| !row.discarded && real(row.ada_id.as_deref()));
        let lines = rows.map(|row| (row.ada_id.as_deref(), row.text.as_str())).collect();
        report_doubled(id, "Postgres", lines, most, findings);
        for page in books.latest.get(id).into_iter().flat_map(|latest| books.pages_of(latest)) {
            let lines = page.lines.iter().filter(|line| real(line.ada_id.as_deref()));
            let lines = lines.map(|line| (line.ada_id.as_deref(), line.text.as_str())).collect();
            report_doubled(id, &page.whose, lines, most, findings);
        }
    }
}

fn report_doubled(id: &str, place: &str, lines: Vec<(Option<&str>, &str)>, most: impl Fn(&str) -> usize, findings: &mut Findings) {
    let mut ids = HashSet::new();
    let mut texts: HashMap<&str, usize> = HashMap::new();
    for (ada_id, text) in lines {
        if let Some(ada_id) = ada_id
            && !ids.insert(ada_id)
        {
            findings.doubled.push(format!("{id}: message {ada_id} stands twice in {place}"));
            continue;
        }
        *texts.entry(text).or_default() += 1;
    }
    for (text, count) in texts.into_iter().filter(|(text, count)| *count > most(text)) {
        findings.doubled.push(format!("{id}: \"{text}\" stands {count} times in {place}, and was written {} times", most(text)));
    }
}

/// A page that has lived through it all shows the same lists as one that is loaded now.
fn compare_lists(ledgers: &Ledgers, findings: &mut Findings) {
    for lists in &ledgers.lists {
        for entry in lists.fresh.iter().filter(|entry| !lists.shown.contains(entry)) {
            findings.lost.push(format!("the lists of {} do not show {entry:?}", lists.whose));
        }
        for entry in lists.shown.iter().filter(|entry| !lists.fresh.iter().any(|fresh| fresh.0 == entry.0)) {
            findings.lost.push(format!("the lists of {} still show {entry:?}", lists.whose));
        }
    }
}

/// Only one person was ever told that a handoff is theirs, and it is who owns it.
fn find_two_owners(ledgers: &Ledgers, findings: &mut Findings) {
    let owners: HashMap<_, _> = ledgers.handoffs.iter().map(|handoff| (handoff.id, handoff.owner)).collect();
    let mut told: HashMap<Uuid, HashSet<Uuid>> = HashMap::new();
    for accept in &ledgers.accepts {
        told.entry(accept.handoff.0).or_default().insert(accept.person.0);
    }
    for (handoff, people) in told {
        let owner = owners.get(&handoff).copied().flatten();
        if people.len() > 1 || !people.iter().all(|person| Some(*person) == owner) {
            findings.two_owners.push(format!("{handoff}: {people:?} were told that it is theirs, and {owner:?} owns it"));
        }
    }
}

/// Ada and the desk agree on who has the conversation, and nothing is left half done.
fn find_stuck(books: &Books, findings: &mut Findings) {
    for conversation in &books.ledgers.ada {
        let id = conversation.id.as_str();
        let state = books.latest.get(id).map_or("none", |latest| latest.state.as_str());
        let with_people = conversation.state == "handoff";
        if with_people && state != "active" {
            findings.stuck.push(format!("{id}: the customer waits for a person, and the desk's handoff is {state}"));
        } else if !with_people && !matches!(state, "ended" | "none") {
            findings.stuck.push(format!("{id}: it is over at Ada ({}), and the desk's handoff is {state}", conversation.state));
        }
    }
    let open = books.ledgers.handoffs.iter().filter(|handoff| !handoff.latest && handoff.state != "ended");
    findings.stuck.extend(
        open.map(|handoff| format!("{}: handoff {} is {}, and another came after it", handoff.conversation, handoff.id, handoff.state)),
    );
    findings.stuck.extend(books.ledgers.owed.iter().map(|owed| format!("still owed to Ada: {owed}")));
}

impl<'a> Books<'a> {
    fn rows_of(&self, conversation: &str) -> impl Iterator<Item = &'a Row> {
        self.rows.get(conversation).cloned().unwrap_or_default().into_iter()
    }

    fn pages_of(&self, handoff: &Handoff) -> impl Iterator<Item = &'a Page> {
        self.pages.get(&handoff.id).cloned().unwrap_or_default().into_iter()
    }
}
