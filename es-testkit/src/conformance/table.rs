use es_core::BoxFuture;

use super::bench::Bench;
use super::failure::Fact;
use super::{
    Law, appending, cancellation, concurrency, durability, errors, expectation, filters, following,
    idempotency, immutability, limits, live, log, names, payloads, random, reading, record_time,
    snapshots,
};

/// A row of the table: a fact that holds for every store that obeys the law.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Row {
    /// The law.
    pub law: Law,
    /// The fact, which is also the name of its test.
    pub fact: &'static str,
    pub(crate) test: for<'a> fn(&'a Bench) -> BoxFuture<'a, Fact>,
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.law, self.fact)
    }
}

/// The rows, written once: [`TABLE`] is made of this list, and so are the tests of
/// [`conformance!`](crate::conformance!). No store can leave one out.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_rows {
    ([$($then:tt)+]) => {
        $($then)+! {
            Atomic law_01_atomic {
                appending::all_events_of_an_append_are_stored_in_order,
                appending::an_append_is_seen_whole_or_not_at_all,
                appending::a_refused_append_leaves_none_of_its_events,
            }
            Contiguous law_02_contiguous {
                appending::revisions_count_from_one_without_gaps,
                appending::a_refused_append_uses_up_no_revision,
                concurrency::revisions_stay_contiguous_under_concurrent_appends,
            }
            OneWinner law_03_one_winner {
                concurrency::of_appends_that_expect_one_revision_exactly_one_wins,
                concurrency::of_appends_that_create_a_stream_exactly_one_wins,
                concurrency::losers_learn_the_revision_and_change_nothing,
                concurrency::appends_that_are_queued_together_are_judged_one_by_one,
                random::random_appends_are_answered_as_by_the_model,
                random::random_interleavings_are_answered_as_one_by_one,
            }
            Expectation law_04_expectation {
                expectation::any_is_met_by_every_stream,
                expectation::any_does_not_conflict_under_concurrent_appends,
                expectation::no_stream_is_met_by_an_empty_stream_only,
                expectation::stream_exists_is_met_by_a_stream_with_events_only,
                expectation::an_exact_revision_is_met_by_that_revision_only,
                expectation::an_unmet_expectation_changes_nothing,
            }
            Idempotent law_05_idempotent {
                idempotency::a_repeated_append_has_its_first_result,
                idempotency::a_repeat_is_known_before_its_expectation_is_looked_at,
                idempotency::a_repeat_is_known_from_every_handle,
                idempotency::a_repeat_is_known_whatever_appends_its_ids_came_in,
                idempotency::a_repeat_with_events_missing_or_added_is_refused,
                idempotency::ids_in_another_order_are_refused,
                idempotency::ids_that_do_not_follow_each_other_are_refused,
                idempotency::reused_ids_are_known_before_the_expectation_is_looked_at,
                idempotency::the_same_ids_in_another_stream_are_another_append,
                idempotency::payloads_of_a_repeat_are_not_compared,
                idempotency::the_same_append_many_times_at_once_is_written_once,
            }
            Durable law_06_durable {
                durability::what_was_acknowledged_is_there_when_the_store_is_opened_anew,
                durability::appending_goes_on_where_it_was,
            }
            CommitOrder law_07_commit_order {
                log::positions_increase_in_the_order_of_acknowledgement,
                log::the_head_is_the_last_position,
                log::nothing_appears_at_or_below_a_head_that_was_told,
                log::a_follower_of_many_writers_receives_everything_once_and_in_order,
                log::a_reader_that_restarts_at_its_checkpoint_misses_nothing,
            }
            ReadYourWrites law_08_read_your_writes {
                reading::an_acknowledged_append_is_read_from_every_handle,
                reading::an_acknowledged_append_is_read_while_others_append,
            }
            Following law_09_following {
                live::catching_up_joins_following_without_gap_or_duplicate,
                live::a_filtered_subscription_passes_over_what_does_not_match,
                live::a_slow_subscriber_loses_nothing,
                live::a_subscriber_whose_waits_are_dropped_loses_nothing,
                live::a_subscriber_that_restarts_goes_on_at_its_checkpoint,
                live::a_checkpoint_of_another_log_is_refused,
                following::a_wait_returns_at_once_where_the_log_is_past,
                following::a_wait_ends_when_an_event_is_appended,
                following::an_append_between_a_read_and_a_wait_is_not_missed,
                filters::a_filtered_read_tells_how_far_it_looked,
                filters::a_read_of_nothing_looks_to_the_end,
            }
            RoundTrip law_10_round_trip {
                payloads::payloads_come_back_byte_for_byte,
                payloads::metadata_comes_back_byte_for_byte,
                payloads::large_payloads_come_back,
                payloads::effective_times_come_back_to_the_microsecond,
                payloads::a_result_says_what_reading_says,
                names::event_names_versions_and_ids_come_back,
                names::streams_with_similar_names_are_kept_apart,
                names::streams_with_unusual_names_are_kept,
                names::filters_compare_names_exactly,
                reading::streams_are_read_forwards_and_backwards,
                reading::a_stream_is_read_from_a_revision,
                reading::a_stream_is_read_in_pages,
                reading::an_event_is_found_by_its_id_in_its_stream_only,
                filters::the_log_is_read_by_category_and_by_name,
                filters::the_log_is_read_between_positions,
                filters::the_log_is_read_in_pages,
                snapshots::a_snapshot_comes_back,
                snapshots::the_newest_snapshot_at_or_below_a_revision_is_loaded,
                snapshots::a_snapshot_replaces_one_of_its_revision,
                snapshots::deleted_snapshots_are_gone_and_others_stay,
            }
            Refused law_11_refused {
                limits::an_empty_append_is_invalid,
                limits::two_events_with_one_id_are_invalid,
                limits::an_append_over_a_limit_is_invalid,
                limits::an_append_at_its_limits_is_accepted,
                limits::a_name_that_is_none_is_invalid,
                limits::a_version_of_zero_is_invalid,
                limits::an_invalid_append_does_not_fail_its_neighbours,
            }
            Immutable law_12_immutable {
                immutability::no_append_changes_what_is_stored,
                immutability::the_database_refuses_to_change_or_delete_events,
            }
            Cancellable law_13_cancellable {
                cancellation::an_append_dropped_at_any_poll_is_whole_or_absent,
                cancellation::dropped_appends_do_not_take_their_neighbours_with_them,
                cancellation::appends_outlive_or_vanish_with_their_runtime_as_a_whole,
                cancellation::dropped_reads_leave_the_store_usable,
            }
            RecordTime law_14_record_time {
                record_time::record_time_is_the_clock_s,
                record_time::record_time_does_not_step_back_with_the_clock,
                record_time::record_time_does_not_decrease_under_concurrent_appends,
            }
            Errors law_15_errors {
                errors::a_conflict_names_stream_expectation_and_revision,
                errors::reused_ids_are_named,
                errors::invalid_requests_say_what_is_wrong,
                errors::no_error_shows_a_payload,
                errors::what_is_not_there_is_empty_and_no_error,
            }
        }
    };
}

macro_rules! table {
    ($($law:ident $tests:ident { $($file:ident::$fact:ident),* $(,)? })*) => {
        /// The conformance table: every law's rows, in the laws' order.
        pub const TABLE: &[Row] = &[$($(Row {
            law: Law::$law,
            fact: stringify!($fact),
            test: |bench| Box::pin($file::$fact(bench)),
        }),*),*];
    };
}

__conformance_rows!([table]);
