//! Shrinking with `wasm-opt`: good to have, not needed for a working page.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::site::beside;

/// What rustc's modules use. `wasm-opt` refuses a module with a feature that it was not told of.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-reference-types",
    "--enable-multivalue",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
];

/// Shrinks the module in place. False when a program was given and failed: the module is then as before.
pub fn shrink(program: Option<&Path>, module: &Path) -> bool {
    let Some(program) = program else { return true };
    let output = beside(module, "small");
    let result =
        Command::new(program).args(FEATURES).args([OsStr::new("-Oz"), module.as_os_str(), OsStr::new("-o"), output.as_os_str()]).output();
    let fault = match result {
        Ok(done) if done.status.success() => match fs::rename(&output, module) {
            Ok(()) => return true,
            Err(error) => error.to_string(),
        },
        Ok(done) => format!("{}: {}", done.status, String::from_utf8_lossy(&done.stderr).trim()),
        Err(error) => error.to_string(),
    };
    let _ = fs::remove_file(&output);
    eprintln!("bundle: going on without wasm-opt, the module will be about twice as large as it could be.");
    eprintln!("bundle: {} said: {fault}", program.display());
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_program_leaves_the_module_alone() {
        let folder = crate::stamp::test_folder("shrink");
        let module = folder.join("a.wasm");
        fs::write(&module, b"module").expect("write");
        assert!(!shrink(Some(Path::new("/bin/false")), &module));
        assert!(!shrink(Some(Path::new("/does/not/exist")), &module));
        assert_eq!(fs::read(&module).expect("read"), b"module");
        assert!(shrink(None, &module));
    }
}
