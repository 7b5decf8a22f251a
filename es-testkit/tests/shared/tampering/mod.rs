//! Events that were edited behind the library's back, by somebody who may do anything to the database. Each store whose
//! events are rows includes this, says how they are edited, and has [`finds!`] write the tests.

pub(crate) mod edits;
pub(crate) mod log;
pub(crate) mod seals;

pub(crate) use log::Database;

/// The tests of a database, within what ignores them where it has no server.
macro_rules! finds {
    ($needs:ident, $database:ty) => {
        $needs! {
            #[tokio::test]
            async fn a_log_that_nobody_edited_is_clean() {
                tampering::edits::nothing::<$database>().await;
            }

            #[tokio::test]
            async fn a_change_is_found_whatever_is_changed() {
                tampering::edits::changes::<$database>().await;
            }

            #[tokio::test]
            async fn each_stream_has_its_own_break_and_each_kind_its_first() {
                tampering::edits::several::<$database>().await;
            }

            #[tokio::test]
            async fn a_deletion_is_found_also_if_the_others_move_up() {
                tampering::edits::deletions::<$database>().await;
            }

            #[tokio::test]
            async fn a_swap_is_found_whatever_of_the_events_is_swapped() {
                tampering::edits::swaps::<$database>().await;
            }

            #[tokio::test]
            async fn an_insertion_is_found_at_the_end_and_in_the_middle() {
                tampering::edits::insertions::<$database>().await;
            }

            #[tokio::test]
            async fn hashes_that_were_computed_anew_are_told_by_seals_alone() {
                tampering::seals::computed_anew::<$database>().await;
            }

            #[tokio::test]
            async fn hashes_that_were_taken_from_all_events_are_found() {
                tampering::seals::taken_away::<$database>().await;
            }

            #[tokio::test]
            async fn a_log_that_was_written_anew_is_told_by_a_kept_seal_alone() {
                tampering::seals::written_anew::<$database>().await;
            }

            #[tokio::test]
            async fn a_tail_that_was_cut_off_is_told_by_seals() {
                tampering::seals::cut_off::<$database>().await;
            }

            #[tokio::test]
            async fn a_changed_record_time_is_told_by_seals() {
                tampering::seals::recorded_at_another_time::<$database>().await;
            }

            #[tokio::test]
            async fn a_seal_that_was_edited_accuses_itself_alone() {
                tampering::seals::edited::<$database>().await;
            }
        }
    };
}
pub(crate) use finds;
