//! Processes that turn events into commands: once in effect, whatever dies and whoever else runs. Each store's tests include
//! this, say where the store is kept, and have [`kills!`] write the tests.

mod bench;
mod corrected;
mod domain;
mod dying;
mod killed;

pub(crate) use bench::Stage;
pub(crate) use corrected::corrected_at;
pub(crate) use dying::Point;
pub(crate) use killed::{deadlines, killed_at, two_at_once};

/// The tests of a stage, within what ignores them where it has no server.
macro_rules! kills {
    ($needs:ident, $stage:ty) => {
        $needs! {
            #[test]
            fn each_command_takes_effect_once_if_its_process_dies_between_input_and_append() {
                let test = "each_command_takes_effect_once_if_its_process_dies_between_input_and_append";
                reactions::killed_at::<$stage>(test, reactions::Point::InputAndAppend);
            }

            #[test]
            fn each_command_takes_effect_once_if_its_process_dies_between_append_and_checkpoint() {
                let test = "each_command_takes_effect_once_if_its_process_dies_between_append_and_checkpoint";
                reactions::killed_at::<$stage>(test, reactions::Point::AppendAndCheckpoint);
            }

            #[test]
            fn each_command_takes_effect_once_if_its_process_dies_between_checkpoint_and_send() {
                let test = "each_command_takes_effect_once_if_its_process_dies_between_checkpoint_and_send";
                reactions::killed_at::<$stage>(test, reactions::Point::CheckpointAndSend);
            }

            #[test]
            fn each_command_takes_effect_once_if_its_process_dies_between_send_and_outcome() {
                let test = "each_command_takes_effect_once_if_its_process_dies_between_send_and_outcome";
                reactions::killed_at::<$stage>(test, reactions::Point::SendAndOutcome);
            }

            #[test]
            fn each_command_takes_effect_once_if_two_programs_send_at_once() {
                let test = "each_command_takes_effect_once_if_two_programs_send_at_once";
                reactions::two_at_once::<$stage>(test);
            }

            #[test]
            fn a_deadline_that_was_set_before_a_kill_fires_once_after_it_and_not_if_it_was_met() {
                let test = "a_deadline_that_was_set_before_a_kill_fires_once_after_it_and_not_if_it_was_met";
                reactions::deadlines::<$stage>(test);
            }

            #[test]
            fn a_correction_is_answered_once_if_its_process_dies_between_it_and_the_append() {
                let test = "a_correction_is_answered_once_if_its_process_dies_between_it_and_the_append";
                reactions::corrected_at::<$stage>(test, reactions::Point::InputAndAppend);
            }

            #[test]
            fn a_correction_is_answered_once_if_its_process_dies_between_append_and_checkpoint() {
                let test = "a_correction_is_answered_once_if_its_process_dies_between_append_and_checkpoint";
                reactions::corrected_at::<$stage>(test, reactions::Point::AppendAndCheckpoint);
            }

            #[test]
            fn a_correction_is_answered_once_if_its_process_dies_between_checkpoint_and_send() {
                let test = "a_correction_is_answered_once_if_its_process_dies_between_checkpoint_and_send";
                reactions::corrected_at::<$stage>(test, reactions::Point::CheckpointAndSend);
            }

            #[test]
            fn a_correction_is_answered_once_if_its_process_dies_between_send_and_outcome() {
                let test = "a_correction_is_answered_once_if_its_process_dies_between_send_and_outcome";
                reactions::corrected_at::<$stage>(test, reactions::Point::SendAndOutcome);
            }
        }
    };
}
pub(crate) use kills;
