use es_core::__private::{DryOutcome, DryRun};
use es_core::{Process, Reaction};

use super::ProcessScenario;
use crate::spec::diff;

/// What came of it, to be compared with what should have.
#[derive(Debug)]
#[must_use = "nothing is tested before `then`"]
pub struct ProcessOutcome<P: Process> {
    scenario: ProcessScenario<P>,
    came: Vec<DryOutcome>,
}

impl<P: Process> ProcessOutcome<P> {
    pub(super) fn new(scenario: ProcessScenario<P>, came: Vec<DryOutcome>) -> Self {
        Self { scenario, came }
    }

    /// Then the process reacts like this, and does nothing else. If several events or deadlines came, this is what
    /// comes of all of them, in order.
    #[track_caller]
    pub fn then(self, expected: Reaction<P>) -> ProcessScenario<P> {
        let expected = match DryRun::lines(expected) {
            Ok(lines) => lines,
            Err(why) => panic!("what is expected can't be stored: {why}"),
        };
        let mut lines = Vec::new();
        let mut ignored = !self.came.is_empty();
        for came in &self.came {
            match came {
                DryOutcome::Reacted(more) => {
                    ignored = false;
                    lines.extend_from_slice(more);
                }
                DryOutcome::Ignored => {}
                other => panic!("the process didn't react: {}", said(other)),
            }
        }
        assert!(
            !ignored,
            "the process didn't react: {}",
            said(&DryOutcome::Ignored)
        );
        assert!(
            lines == expected,
            "the reaction is another: {}",
            diff(&expected, &lines)
        );
        self.scenario
    }

    /// Then nothing comes of it: it is taken in without effect, it is ignored, or nothing was due.
    #[track_caller]
    pub fn then_nothing(self) -> ProcessScenario<P> {
        for came in &self.came {
            let nothing = match came {
                DryOutcome::Ignored => true,
                DryOutcome::Reacted(lines) => lines.is_empty(),
                DryOutcome::Waits | DryOutcome::Stuck(_) => false,
            };
            assert!(nothing, "nothing should come of it: {}", said(came));
        }
        self.scenario
    }

    /// Then it concerns no instance that is running, and is ignored.
    #[track_caller]
    pub fn then_ignored(self) -> ProcessScenario<P> {
        for came in &self.came {
            let ignored = *came == DryOutcome::Ignored;
            assert!(ignored, "it should be ignored: {}", said(came));
        }
        self.scenario
    }

    /// Then the instance is stuck on it, for this reason, and is put into quarantine.
    #[track_caller]
    pub fn then_stuck(self, reason: &str) -> ProcessScenario<P> {
        let stuck = DryOutcome::Stuck(reason.to_owned());
        assert!(
            self.came == [stuck],
            "the instance should be stuck on it: {}",
            self.came.iter().map(said).collect::<Vec<_>>().join("; ")
        );
        self.scenario
    }

    /// Then it waits behind what its instance is stuck on.
    #[track_caller]
    pub fn then_waits(self) -> ProcessScenario<P> {
        for came in &self.came {
            assert!(*came == DryOutcome::Waits, "it should wait: {}", said(came));
        }
        self.scenario
    }

    /// Whatever came of it, but a quarantine, which nobody gives.
    #[track_caller]
    pub(super) fn without_quarantine(self) -> ProcessScenario<P> {
        for came in &self.came {
            if let DryOutcome::Stuck(why) = came {
                panic!("what is given puts its instance into quarantine: {why}");
            }
        }
        self.scenario
    }
}

fn said(came: &DryOutcome) -> String {
    match came {
        DryOutcome::Ignored => "it concerned no instance that is running".to_owned(),
        DryOutcome::Waits => "it waits behind what its instance is stuck on".to_owned(),
        DryOutcome::Stuck(why) => format!("its instance is stuck on it: {why}"),
        DryOutcome::Reacted(lines) => format!("the process reacted: {lines:#?}"),
    }
}
