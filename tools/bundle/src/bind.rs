//! Binding: the module that cargo compiled becomes a module that browsers can load, and the JavaScript that loads it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use wasm_bindgen_cli_support::Bindgen;

/// Writes `NAME.js`, `NAME_bg.wasm` and the folder `snippets` (if the code has any) into `pkg`.
pub fn bind(wasm: &Path, name: &str, pkg: &Path, release: bool) -> Result<()> {
    ensure!(wasm.is_file(), "there is no compiled module {}: build the browser half first", wasm.display());
    let mut bindgen = Bindgen::new();
    bindgen.input_path(wasm).out_name(name).typescript(false).remove_name_section(release).remove_producers_section(release);
    bindgen.web(true).context("cannot bind for browsers")?;
    bindgen.generate(pkg).with_context(|| format!("cannot bind {}", wasm.display()))
}

/// Where [`bind`] puts the module.
pub fn module_path(pkg: &Path, name: &str) -> PathBuf {
    pkg.join(format!("{name}_bg.wasm"))
}
