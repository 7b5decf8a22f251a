//! Looks for the servers, so that tests that need one are listed as ignored where there is none.

#[path = "src/find.rs"]
mod find;

use find::{INITDB, NATS_SERVER, Program, SERVER};

/// Set to `1`, it makes tests fail that have no server, instead of being ignored.
const REQUIRED: &str = "ES_REQUIRE_SERVERS";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/find.rs");
    println!("cargo::rerun-if-env-changed=PATH");
    println!("cargo::rerun-if-env-changed={REQUIRED}");
    servers("postgres", "DATABASE_URL", &[INITDB, SERVER]);
    servers("nats", "NATS_URL", &[NATS_SERVER]);
}

/// `<name>_starts` says that a server can be started, `<name>_here` that there is one, started or the user's.
///
/// Where servers are required both are said though there be none: then the tests run, and fail.
fn servers(name: &str, url: &str, programs: &[Program]) {
    println!("cargo::rerun-if-env-changed={url}");
    println!("cargo::rustc-check-cfg=cfg({name}_starts, {name}_here)");
    for program in programs {
        for folder in program.folders() {
            // Whoever installs the server later needn't clean up first.
            if folder.exists() {
                println!("cargo::rerun-if-changed={}", folder.display());
            }
        }
    }
    let required = std::env::var_os(REQUIRED).is_some_and(|value| value == "1");
    let starts = required || programs.iter().all(|program| program.find().is_some());
    if starts {
        println!("cargo::rustc-cfg={name}_starts");
    }
    if starts || std::env::var_os(url).is_some() {
        println!("cargo::rustc-cfg={name}_here");
    }
}
