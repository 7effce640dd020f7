//! Files that are served as they are.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::site::files_below;

/// Copies every file below `public` to the same place below `site`. A missing folder is an empty one.
pub fn copy(public: &Path, site: &Path) -> Result<()> {
    if !public.is_dir() {
        return Ok(());
    }
    for file in files_below(public)? {
        let relative = file.strip_prefix(public)?;
        ensure!(!relative.starts_with("pkg"), "{}: the folder pkg belongs to the bundle", file.display());
        let target = site.join(relative);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        fs::copy(&file, &target).with_context(|| format!("cannot copy {}", file.display()))?;
    }
    Ok(())
}
