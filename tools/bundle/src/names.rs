//! Names by content: a changed file has a new name, so browsers may keep what they have for ever.

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::site::files_below;

/// What `hash.txt` tells the server; Leptos reads one `kind: hash` per line.
#[derive(Debug, PartialEq, Eq)]
pub struct Hashes {
    pub js: String,
    pub wasm: String,
    pub css: String,
}

impl fmt::Display for Hashes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "js: {}\nwasm: {}\ncss: {}", self.js, self.wasm, self.css)
    }
}

/// The name of some content: the first 64 bits of its SHA-256, in hex.
pub fn content_hash(content: &[u8]) -> String {
    Sha256::digest(content).iter().take(8).fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Renames `NAME_bg.wasm`, `snippets`, `NAME.js` and `NAME.css` in `pkg`, and makes the JavaScript point to the new names.
///
/// The JavaScript comes after what it names: its own hash then changes with theirs.
pub fn rename_by_content(pkg: &Path, name: &str) -> Result<Hashes> {
    let bound = format!("{name}_bg.wasm");
    let module = fs::read(pkg.join(&bound)).context("cannot read the bound module")?;
    let wasm = content_hash(&module);
    let named = format!("{name}.{wasm}.wasm");
    fs::rename(pkg.join(&bound), pkg.join(&named)).context("cannot name the module")?;

    let plain = pkg.join(format!("{name}.js"));
    let mut script = fs::read_to_string(&plain).context("cannot read the bound JavaScript")?.replace(&bound, &named);
    if let Some(snippets) = rename_snippets(pkg)? {
        script = script.replace("./snippets/", &format!("./{snippets}/"));
    }
    let js = content_hash(script.as_bytes());
    fs::write(pkg.join(format!("{name}.{js}.js")), script).context("cannot write the JavaScript")?;
    fs::remove_file(&plain).context("cannot remove the unnamed JavaScript")?;

    let sheet = pkg.join(format!("{name}.css"));
    let css = content_hash(&fs::read(&sheet).context("cannot read the style sheet")?);
    fs::rename(&sheet, pkg.join(format!("{name}.{css}.css"))).context("cannot name the style sheet")?;
    Ok(Hashes { js, wasm, css })
}

/// Snippets keep their names inside a folder that is named by the content of them all.
fn rename_snippets(pkg: &Path) -> Result<Option<String>> {
    let folder = pkg.join("snippets");
    if !folder.is_dir() {
        return Ok(None);
    }
    let mut all = Vec::new();
    for file in files_below(&folder)? {
        all.extend(file.strip_prefix(&folder)?.as_os_str().as_encoded_bytes());
        all.extend(fs::read(&file).context("cannot read a snippet")?);
    }
    let named = format!("snippets.{}", content_hash(&all));
    fs::rename(&folder, pkg.join(&named)).context("cannot name the snippets")?;
    Ok(Some(named))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(label: &str, module: &str, snippet: &str) -> (std::path::PathBuf, Hashes) {
        let pkg = crate::stamp::test_folder(label);
        fs::create_dir_all(pkg.join("snippets/part")).expect("folder");
        fs::write(pkg.join("snippets/part/inline0.js"), snippet).expect("snippet");
        fs::write(pkg.join("desk_bg.wasm"), module).expect("module");
        fs::write(pkg.join("desk.css"), "body {}").expect("style");
        let script = "import { f } from './snippets/part/inline0.js'; new URL('desk_bg.wasm', import.meta.url)";
        fs::write(pkg.join("desk.js"), script).expect("script");
        let hashes = rename_by_content(&pkg, "desk").expect("renamed");
        (pkg, hashes)
    }

    #[test]
    fn the_script_names_the_files_that_are_there() {
        let (pkg, hashes) = bound("names", "module", "snippet");
        let script = fs::read_to_string(pkg.join(format!("desk.{}.js", hashes.js))).expect("script");
        assert!(script.contains(&format!("'desk.{}.wasm'", hashes.wasm)));
        assert!(pkg.join(format!("desk.{}.wasm", hashes.wasm)).is_file());
        assert!(pkg.join(format!("desk.{}.css", hashes.css)).is_file());
        let import = script.split('\'').nth(1).expect("an import");
        assert!(pkg.join(import).is_file(), "{import} is missing");
        assert!(!pkg.join("desk.js").exists() && !pkg.join("desk_bg.wasm").exists());
    }

    #[test]
    fn a_changed_module_or_snippet_changes_the_name_of_the_script_too() {
        let (_, first) = bound("names-1", "module", "snippet");
        let (_, module) = bound("names-2", "another", "snippet");
        let (_, snippet) = bound("names-3", "module", "another");
        assert_ne!(first.js, module.js);
        assert_ne!(first.js, snippet.js);
        assert_eq!(first.css, module.css);
    }

    #[test]
    fn hashes_read_as_leptos_reads_them() {
        let text = Hashes { js: "1".into(), wasm: "2".into(), css: "3".into() }.to_string();
        let lines: Vec<_> = text.lines().filter_map(|line| line.split_once(':')).map(|(kind, hash)| (kind, hash.trim())).collect();
        assert_eq!(lines, [("js", "1"), ("wasm", "2"), ("css", "3")]);
    }
}
