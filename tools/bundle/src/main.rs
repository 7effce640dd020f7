//! Turns the compiled browser half into the files that browsers load.
//!
//! Binds the module to JavaScript, shrinks it, joins the style sheets into one, names everything by its content,
//! compresses it beforehand, and tells the server the names through `hash.txt`. Does nothing when no input changed.

mod bind;
mod compress;
mod lock;
mod names;
mod public;
mod shrink;
mod site;
mod stamp;
mod style;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

/// What to bundle and where to.
#[derive(Parser)]
#[command(about = "Turns the compiled browser half into the files that browsers load")]
pub struct Options {
    /// The module as cargo compiled it.
    #[arg(long)]
    wasm: PathBuf,
    /// What the output files are called before the hash: `NAME.<hash>.js`.
    #[arg(long)]
    name: String,
    /// The style sheet whose imports are joined into one file.
    #[arg(long)]
    style: PathBuf,
    /// The folder whose files are served as they are.
    #[arg(long)]
    public: PathBuf,
    /// The folder to fill: `pkg/` and the public files. Whatever else is in it goes away.
    #[arg(long)]
    site: PathBuf,
    /// Where the server reads the hashes: `hash.txt` beside its binary. May be given several times.
    #[arg(long = "hash-file", required = true)]
    hash_files: Vec<PathBuf>,
    /// The lock file that both halves are built with.
    #[arg(long)]
    lock: PathBuf,
    /// A `wasm-opt` program. Without it, or when it fails, the module stays as it is.
    #[arg(long = "wasm-opt")]
    wasm_opt: Option<PathBuf>,
    /// For users rather than for whoever edits a page: drop function names, write `.br` and `.gz` files.
    #[arg(long)]
    release: bool,
}

fn main() -> ExitCode {
    match site::build(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bundle: {error:#}");
            ExitCode::FAILURE
        }
    }
}
