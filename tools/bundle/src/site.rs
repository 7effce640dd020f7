//! The steps, in order.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::stamp::Stamp;
use crate::{Options, bind, compress, lock, names, public, shrink, style, table};

/// Fills the site folder, or says that it is current.
///
/// # Errors
/// When an input cannot be read or an output cannot be written; the old site then stays as it was.
pub fn build(options: &Options) -> Result<()> {
    lock::check_versions(&options.lock)?;
    let stylesheet = style::join(&options.style)?;
    let stamp = Stamp::of_inputs(options, &stylesheet)?;
    if stamp.is_current(&options.site, &options.hash_files) {
        println!("{} is current: nothing to bundle", options.site.display());
        return Ok(());
    }

    let fresh = beside(&options.site, "new");
    start_empty(&fresh)?;
    let pkg = fresh.join("pkg");
    bind::bind(&options.wasm, &options.name, &pkg, options.release)?;
    let shrunk = shrink::shrink(options.wasm_opt.as_deref(), &bind::module_path(&pkg, &options.name));
    fs::write(pkg.join(format!("{}.css", options.name)), stylesheet).context("cannot write the style sheet")?;
    let hashes = names::rename_by_content(&pkg, &options.name)?;
    public::copy(&options.public, &fresh)?;
    if options.release {
        compress::compress_folder(&fresh)?;
    }
    replace(&fresh, &options.site)?;
    for hash_file in &options.hash_files {
        write_with_folder(hash_file, &hashes.to_string())?;
    }
    // Without a stamp the next run tries wasm-opt again.
    if shrunk {
        stamp.save(&options.site)?;
    }
    table::print(&options.site)
}

/// The path of a neighbour: `site` and `new` make `site.new`.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

/// Every file below a folder, sorted, so that output and hashes do not depend on the file system.
pub fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Writes a file and makes the folder for it.
pub fn write_with_folder(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn start_empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))
}

fn replace(fresh: &Path, site: &Path) -> Result<()> {
    if site.exists() {
        fs::remove_dir_all(site).with_context(|| format!("cannot remove {}", site.display()))?;
    }
    fs::rename(fresh, site).with_context(|| format!("cannot move the new files to {}", site.display()))
}
