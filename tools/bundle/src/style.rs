//! One style sheet out of many: a browser that finds `@import` loads one file after the other.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The sheet with every line `@import "name.css";` replaced by that file, and theirs likewise.
/// `@import "name.css" layer(name);` keeps its layer.
pub fn join(path: &Path) -> Result<String> {
    join_below(path, &mut Vec::new())
}

fn join_below(path: &Path, open: &mut Vec<PathBuf>) -> Result<String> {
    if open.iter().any(|other| other == path) {
        bail!("{} imports itself", path.display());
    }
    open.push(path.to_path_buf());
    let text = fs::read_to_string(path).with_context(|| format!("cannot read the style sheet {}", path.display()))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut joined = String::with_capacity(text.len());
    for line in text.lines() {
        match import(line) {
            Some(Import { file, layer: None }) => joined.push_str(&join_below(&folder.join(file), open)?),
            Some(Import { file, layer: Some(layer) }) => {
                let inner = join_below(&folder.join(file), open)?;
                joined.extend(["@layer ", layer, " {\n", &inner, "}\n"]);
            }
            None => {
                joined.push_str(line);
                joined.push('\n');
            }
        }
    }
    open.pop();
    Ok(joined)
}

#[derive(Debug, PartialEq, Eq)]
struct Import<'a> {
    file: &'a str,
    layer: Option<&'a str>,
}

/// Reads a line that imports a file of ours. Addresses (`https://…`, `/…`) are left to the browser.
fn import(line: &str) -> Option<Import<'_>> {
    let rest = line.trim().strip_prefix("@import")?.trim_start().strip_suffix(';')?.trim_end();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (file, after) = rest.get(1..)?.split_once(quote)?;
    if file.contains("://") || file.starts_with('/') {
        return None;
    }
    let layer = match after.trim() {
        "" => None,
        after => Some(after.strip_prefix("layer(")?.strip_suffix(')')?),
    };
    Some(Import { file, layer })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_joined_in_their_place() {
        let folder = crate::stamp::test_folder("style");
        fs::create_dir_all(folder.join("parts")).expect("folder");
        fs::write(folder.join("main.css"), "@layer base, page;\n@import \"a.css\";\n@import 'parts/b.css' layer(page);\np {}\n")
            .expect("main");
        fs::write(folder.join("a.css"), "a {}").expect("a");
        fs::write(folder.join("parts/b.css"), "@import \"c.css\";\nb {}\n").expect("b");
        fs::write(folder.join("parts/c.css"), "c {}\n").expect("c");
        let joined = join(&folder.join("main.css")).expect("joined");
        assert_eq!(joined, "@layer base, page;\na {}\n@layer page {\nc {}\nb {}\n}\np {}\n");
    }

    #[test]
    fn a_missing_file_and_a_circle_are_errors() {
        let folder = crate::stamp::test_folder("style-faults");
        fs::write(folder.join("main.css"), "@import \"gone.css\";\n").expect("main");
        assert!(join(&folder.join("main.css")).expect_err("missing").to_string().contains("gone.css"));
        fs::write(folder.join("main.css"), "@import \"main.css\";\n").expect("main");
        assert!(join(&folder.join("main.css")).expect_err("circle").to_string().contains("imports itself"));
    }

    #[test]
    fn other_imports_stay() {
        assert_eq!(import("@import url(a.css);"), None);
        assert_eq!(import("@import \"https://example.com/a.css\";"), None);
        assert_eq!(import("@import \"a.css\" screen;"), None);
        assert_eq!(import("  @import \"a.css\" ; "), Some(Import { file: "a.css", layer: None }));
    }
}
