//! What is embedded is not seen by cargo: without this a new scenario would be in the tree and not in the executable.

fn main() {
    for embedded in ["../scenarios", "../fixtures/profiles"] {
        println!("cargo::rerun-if-changed={embedded}");
    }
}
