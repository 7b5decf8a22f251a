//! `ledger --help` says what it does.

use std::process::ExitCode;

use ledger::cli::{Arguments, run};

fn main() -> ExitCode {
    let arguments = Arguments::read();
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
