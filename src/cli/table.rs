//! Aligned columns for terminals.

/// The rows under their heading, each column as wide as its widest cell. What could steer a terminal is taken out of the cells:
/// some of them came from outside.
pub fn table<const N: usize>(heading: [&str; N], rows: &[[String; N]]) -> String {
    let rows: Vec<[String; N]> = rows.iter().map(|row| row.clone().map(|cell| plain(&cell))).collect();
    let widths: [usize; N] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).chain([heading[column].len()]).max().unwrap_or(0));
    let line = |cells: [&str; N]| {
        let cells: Vec<_> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    let lines: Vec<_> = std::iter::once(line(heading)).chain(rows.iter().map(|row| line(row.each_ref().map(String::as_str)))).collect();
    lines.join("\n")
}

fn plain(cell: &str) -> String {
    cell.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_and_cells_steer_nothing() {
        let rows = [["Ann".to_owned(), "agent".to_owned()], ["Bj\u{f6}rn\x1b[2J".to_owned(), String::new()]];
        assert_eq!(table(["NAME", "ROLE"], &rows), "NAME       ROLE\nAnn        agent\nBj\u{f6}rn [2J");
    }
}
