//! Knowing that nothing changed: a hash over everything that goes in, and a list of what came out.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::Options;
use crate::site::{beside, files_below, write_with_folder};

/// Stands for one state of all inputs.
pub struct Stamp(String);

impl Stamp {
    /// Reads every input: module, style, public files, options, and the programs that work on them.
    pub fn of_inputs(options: &Options, stylesheet: &str) -> Result<Self> {
        let mut hasher = Sha256::new();
        let mut add = |label: &str, content: &[u8]| {
            hasher.update(format!("{label} {}\n", content.len()));
            hasher.update(content);
        };
        add("module", &fs::read(&options.wasm).with_context(|| format!("cannot read {}", options.wasm.display()))?);
        add("style", stylesheet.as_bytes());
        if options.public.is_dir() {
            for file in files_below(&options.public)? {
                add(&file.to_string_lossy(), &fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?);
            }
        }
        add("options", format!("{} {}", options.name, options.release).as_bytes());
        add("wasm-opt", options.wasm_opt.as_deref().map(state_of).unwrap_or_default().as_bytes());
        add("bundle", std::env::current_exe().map(|path| state_of(&path)).unwrap_or_default().as_bytes());
        Ok(Self(hasher.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))))
    }

    /// True when the site was made from these inputs and nobody has changed it since.
    pub fn is_current(&self, site: &Path, hash_files: &[PathBuf]) -> bool {
        let names: Option<Vec<_>> = hash_files.iter().map(|file| fs::read_to_string(file).ok()).collect();
        let Some(names) = names.filter(|names| names.iter().all(|text| names_exist(site, text))) else { return false };
        names.windows(2).all(|pair| pair[0] == pair[1])
            && fs::read_to_string(beside(site, "stamp")).is_ok_and(|saved| self.describe(site).is_ok_and(|now| now == saved))
    }

    /// Remembers that the site was made from these inputs.
    pub fn save(&self, site: &Path) -> Result<()> {
        write_with_folder(&beside(site, "stamp"), &self.describe(site)?)
    }

    fn describe(&self, site: &Path) -> Result<String> {
        let mut text = format!("{}\n", self.0);
        for file in files_below(site)? {
            writeln!(text, "{} {}", fs::metadata(&file)?.len(), file.strip_prefix(site)?.display())?;
        }
        Ok(text)
    }
}

/// True when each hash in the text of a `hash.txt` is part of a file name in `pkg`.
fn names_exist(site: &Path, hashes: &str) -> bool {
    let Ok(files) = files_below(&site.join("pkg")) else { return false };
    hashes.lines().filter_map(|line| line.split_once(": ")).all(|(kind, hash)| {
        let ending = format!(".{hash}.{kind}");
        files.iter().any(|file| file.to_string_lossy().ends_with(&ending))
    })
}

/// Size and time of a program: enough to notice that it was replaced, without reading it.
fn state_of(path: &Path) -> String {
    let Ok(metadata) = fs::metadata(path) else { return "missing".to_owned() };
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    format!("{} {} {}", path.display(), metadata.len(), modified.as_nanos())
}

/// An empty folder for one test.
#[cfg(test)]
pub fn test_folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("bundle-test-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder for the test");
    folder
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn current_until_an_input_or_an_output_changes() {
        let folder = test_folder("stamp");
        let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
        let (wasm, site, hashes) = (path("a.wasm"), path("site"), path("hash.txt"));
        let options = Options::parse_from([
            "bundle",
            "--wasm",
            &wasm,
            "--name",
            "desk",
            "--style",
            "-",
            "--public",
            &path("none"),
            "--site",
            &site,
            "--hash-file",
            &hashes,
            "--lock",
            "-",
        ]);
        fs::write(&wasm, "module").expect("module");
        write_with_folder(&folder.join("site/pkg/desk.1.js"), "script").expect("output");
        fs::write(&hashes, "js: 1\n").expect("hashes");

        let stamp = || Stamp::of_inputs(&options, "body {}").expect("inputs");
        let current = |stamp: &Stamp| stamp.is_current(&options.site, &options.hash_files);
        assert!(!current(&stamp()), "no stamp yet");
        stamp().save(&options.site).expect("saved");
        assert!(current(&stamp()));
        assert!(!current(&Stamp::of_inputs(&options, "p {}").expect("inputs")), "another style");
        fs::write(&hashes, "js: 2\n").expect("hashes");
        assert!(!current(&stamp()), "hashes of another bundle");
        fs::write(&hashes, "js: 1\n").expect("hashes");
        assert!(current(&stamp()));
        fs::write(folder.join("site/pkg/desk.1.js"), "longer script").expect("output");
        assert!(!current(&stamp()), "an output was changed");
    }
}
