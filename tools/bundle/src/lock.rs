//! The one thing that binding depends on: the library in the module and the binder must be the same version.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Says in words what to do when the two versions in the lock file differ.
pub fn check_versions(lock: &Path) -> Result<()> {
    let text = fs::read_to_string(lock).with_context(|| format!("cannot read {}", lock.display()))?;
    let library = version(&text, "wasm-bindgen");
    let binder = version(&text, "wasm-bindgen-cli-support");
    if library.is_none() || library != binder {
        bail!(
            "{}: wasm-bindgen is {} but wasm-bindgen-cli-support is {}. They must be the same: set the version in \
             tools/bundle/Cargo.toml to that of wasm-bindgen and run `cargo update -p wasm-bindgen-cli-support`",
            lock.display(),
            library.unwrap_or("missing"),
            binder.unwrap_or("missing"),
        );
    }
    Ok(())
}

/// The version of a package in a lock file.
fn version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(library: &str, binder: &str) -> Result<()> {
        let lock = crate::stamp::test_folder("lock").join("Cargo.lock");
        let text = format!(
            "[[package]]\nname = \"wasm-bindgen\"\nversion = \"{library}\"\n\n\
             [[package]]\nname = \"wasm-bindgen-cli-support\"\nversion = \"{binder}\"\n"
        );
        fs::write(&lock, text).expect("write");
        check_versions(&lock)
    }

    #[test]
    fn different_versions_are_named() {
        assert!(check("0.2.130", "0.2.130").is_ok());
        let fault = check("0.2.131", "0.2.130").expect_err("different").to_string();
        assert!(fault.contains("0.2.131") && fault.contains("0.2.130") && fault.contains("tools/bundle/Cargo.toml"));
    }
}
