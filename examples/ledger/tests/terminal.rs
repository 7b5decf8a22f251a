//! What only a terminal gets to see.

#![cfg(target_os = "linux")]

mod support;

use std::fs::File;
use std::io::Read;
use std::process::{Child, Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use support::Bank;

/// Runs a program whose standard error is a terminal; what that was sent.
fn on_a_terminal(command: &mut Command) -> String {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
    let terminal = openpt(flags).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let size = Winsize {
        ws_row: 24,
        ws_col: 100,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&terminal, size).unwrap();
    let end = ioctl_tiocgptpeer(&terminal, flags).unwrap();
    let program = command.env("TERM", "xterm").env_remove("NO_COLOR");
    let running = program.stderr(end).spawn().unwrap();
    // This program's copy of that end would keep it open for ever.
    command.stderr(Stdio::null());
    read_to_the_end(File::from(terminal), running)
}

fn read_to_the_end(mut terminal: File, mut running: Child) -> String {
    let (mut sent, mut some) = (Vec::new(), [0; 4096]);
    // The end is told by an error, once nobody has the other end open.
    while let Ok(count @ 1..) = terminal.read(&mut some) {
        sent.extend(&some[..count]);
    }
    assert!(running.wait().unwrap().success());
    String::from_utf8(sent).unwrap()
}

#[test]
fn the_bar_of_a_report_comes_to_the_whole_and_is_not_left_on_the_terminal() {
    let bank = Bank::with_sample();
    let expected = bank.ask(&["report"]);
    let told = bank.folder().join("told");
    let mut command = bank.command(&["report"]);
    let sent = on_a_terminal(command.stdout(File::create(&told).unwrap()));
    assert_eq!(std::fs::read_to_string(told).unwrap(), expected);
    // Each drawing is cleared before the next.
    let mut drawings: Vec<_> = sent.split("\u{1b}[2K").collect();
    let left = drawings.pop().unwrap();
    assert_eq!(left.trim(), "", "{sent:?}");
    let (first, last) = (drawings[0], drawings[drawings.len() - 1]);
    assert!(first.contains("  0 %") && !first.contains('█'), "{sent:?}");
    assert!(last.contains("monthly-totals: 2982 events, "), "{sent:?}");
    assert!(last.contains("█ 100 %") && !last.contains('░'), "{sent:?}");
}

#[test]
fn the_bar_of_a_report_is_not_drawn_where_nobody_looks() {
    let bank = Bank::with_sample();
    let ran = bank.run(&["report"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}
