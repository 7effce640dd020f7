//! The migrations are embedded: a new one has to be compiled in.
fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
