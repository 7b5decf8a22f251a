//! `ledger --help` says what it does.

use std::process::ExitCode;

use ledger::cli::{Arguments, run};

fn main() -> ExitCode {
    let arguments = Arguments::read();
    // What a store warns of, as that a log has one replica, is for whoever runs the program.
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .with_writer(std::io::stderr)
        .with_target(false)
        .without_time()
        .init();
    match tokio::runtime::Runtime::new() {
        Ok(runtime) => {
            let code = runtime.block_on(run(arguments));
            // A thread may still wait for an input that nobody asks for any more.
            runtime.shutdown_background();
            code
        }
        Err(error) => {
            eprintln!("error: the runtime can't be started: {error}");
            ExitCode::from(3)
        }
    }
}
