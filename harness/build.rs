//! What is embedded is not seen by cargo: without this a new scenario would be in the tree and not in the executable.

fn main() {
    for embedded in ["../scenarios", "../fixtures/profiles"] {
        println!("cargo::rerun-if-changed={embedded}");
    }
    // This executable is every process of the reference and every helper of a case. At an address of its own choice
    // it would be relocated at each start, about a third of what a start costs.
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
        println!("cargo::rustc-link-arg-benches=-no-pie");
    }
}
