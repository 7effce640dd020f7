//! The one table that comes of it.

/// What became of a bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Met,
    Missed,
    /// Something was lost, doubled or out of order, or the row could not be run to its end: its numbers mean nothing.
    Void(String),
    NotMeasured(String),
    /// There is no bar; the number explains others.
    Shown,
}

/// One row.
#[derive(Clone, Debug)]
pub struct Row {
    pub id: &'static str,
    pub what: String,
    pub bar: String,
    pub measured: String,
    pub ratio: String,
    pub verdict: Verdict,
}

impl Row {
    /// A row without a verdict yet.
    pub fn new(id: &'static str, what: impl Into<String>, bar: impl Into<String>) -> Self {
        Self { id, what: what.into(), bar: bar.into(), measured: String::new(), ratio: String::new(), verdict: Verdict::Shown }
    }

    pub fn measured(mut self, words: impl Into<String>) -> Self {
        self.measured = words.into();
        self
    }

    pub fn ratio(mut self, words: impl Into<String>) -> Self {
        self.ratio = words.into();
        self
    }

    pub fn judged(mut self, met: bool) -> Self {
        self.verdict = if met { Verdict::Met } else { Verdict::Missed };
        self
    }

    pub fn not_measured(mut self, why: impl Into<String>) -> Self {
        self.verdict = Verdict::NotMeasured(why.into());
        self
    }

    pub fn void(mut self, why: impl Into<String>) -> Self {
        self.verdict = Verdict::Void(why.into());
        self
    }

    fn cells(&self) -> [String; 6] {
        let verdict = match &self.verdict {
            Verdict::Met => "met".to_owned(),
            Verdict::Missed => "MISSED".to_owned(),
            Verdict::Void(why) => format!("VOID: {why}"),
            Verdict::NotMeasured(why) => format!("not measured: {why}"),
            Verdict::Shown => "–".to_owned(),
        };
        [self.id.to_owned(), self.what.clone(), self.bar.clone(), self.measured.clone(), self.ratio.clone(), verdict]
    }
}

/// As Markdown, so that it can go into a report as it is.
pub fn print(rows: &[Row]) {
    let head = ["row", "what", "bar", "measured (median of the pairs)", "ratio", "verdict"].map(str::to_owned);
    let cells: Vec<[String; 6]> = std::iter::once(head).chain(rows.iter().map(Row::cells)).collect();
    let widths: [usize; 6] = std::array::from_fn(|column| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    for (number, row) in cells.iter().enumerate() {
        println!("{}", line(row, widths));
        if number == 0 {
            println!("|{}|", widths.map(|width| "-".repeat(width + 2)).join("|"));
        }
    }
}

fn line(row: &[String; 6], widths: [usize; 6]) -> String {
    let cells: Vec<String> =
        row.iter().zip(widths).map(|(cell, width)| format!(" {cell}{} ", " ".repeat(width - cell.chars().count()))).collect();
    format!("|{}|", cells.join("|"))
}
