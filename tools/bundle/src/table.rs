//! What it all weighs.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::site::{beside, files_below};

/// Prints one line per file and a total: bytes as they are, with gzip, with brotli. A dash: not compressed.
pub fn print(site: &Path) -> Result<()> {
    let mut total = [0; 3];
    println!("{:<44} {:>10} {:>10} {:>10}", "file", "raw", "gzip", "brotli");
    for file in files_below(site)? {
        if file.extension().is_some_and(|extension| extension == "br" || extension == "gz") {
            continue;
        }
        let raw = fs::metadata(&file)?.len();
        let packed = ["gz", "br"].map(|suffix| fs::metadata(beside(&file, suffix)).ok().map(|metadata| metadata.len()));
        let [gzip, brotli] = packed.map(|size| size.map_or("-".to_owned(), |size| size.to_string()));
        println!("{:<44} {raw:>10} {gzip:>10} {brotli:>10}", file.strip_prefix(site)?.display());
        total[0] += raw;
        total[1] += packed[0].unwrap_or(raw);
        total[2] += packed[1].unwrap_or(raw);
    }
    println!("{:<44} {:>10} {:>10} {:>10}", "total", total[0], total[1], total[2]);
    Ok(())
}
