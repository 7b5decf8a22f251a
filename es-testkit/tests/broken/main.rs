//! The table catches broken stores: each row fails on a store that is broken in that way, and passes on a correct one.

mod appending;
mod following;
mod judging;
mod keeping;
mod reading;
mod store;

use es_testkit::conformance::{Law, Row, TABLE, run};

use appending::*;
use following::*;
use judging::*;
use keeping::*;
use reading::*;
use store::{Broken, Correct, Flaw};

fn fails<F: Flaw>(fact: &str) {
    let row = Row::named(fact);
    let outcome = run(row, Broken::<F>::fresh);
    let failure = outcome
        .expect_err(&format!("`{fact}` doesn't catch it"))
        .to_string();
    let law = format!("law {}", row.law.number());
    assert!(
        failure.contains(fact) && failure.contains(&law),
        "{failure}"
    );
}

macro_rules! caught {
    ($($test:ident: $flaw:ty => $($fact:ident)+;)*) => {
        $(#[test]
        fn $test() {
            $(fails::<$flaw>(stringify!($fact));)+
        })*

        /// Every fact that a broken store was caught by.
        const CAUGHT: &[&str] = &[$($(stringify!($fact)),+),*];
    };
}

caught! {
    an_append_loses_events: Torn => all_events_of_an_append_are_stored_in_order;
    an_append_is_reversed: Reversed => all_events_of_an_append_are_stored_in_order;
    an_append_is_written_in_pieces: InPieces =>
        an_append_is_seen_whole_or_not_at_all
        an_append_dropped_at_any_poll_is_whole_or_absent
        dropped_appends_do_not_take_their_neighbours_with_them
        appends_outlive_or_vanish_with_their_runtime_as_a_whole;
    an_append_is_refused_too_late: RefusedTooLate =>
        a_refused_append_leaves_none_of_its_events
        losers_learn_the_revision_and_change_nothing
        an_unmet_expectation_changes_nothing;
    revisions_have_a_gap: RevisionGap =>
        revisions_count_from_one_without_gaps
        revisions_stay_contiguous_under_concurrent_appends;
    refusals_use_up_revisions: RefusalsCount => a_refused_append_uses_up_no_revision;

    two_win: LooksThenWrites =>
        of_appends_that_expect_one_revision_exactly_one_wins
        of_appends_that_create_a_stream_exactly_one_wins
        appends_that_are_queued_together_are_judged_one_by_one
        random_interleavings_are_answered_as_one_by_one;
    a_conflict_tells_another_revision: ConflictsLie =>
        losers_learn_the_revision_and_change_nothing
        random_appends_are_answered_as_by_the_model
        random_interleavings_are_answered_as_one_by_one
        a_conflict_names_stream_expectation_and_revision;

    any_conflicts: AnyIsNoStream => any_is_met_by_every_stream;
    any_conflicts_under_load: AnyIsRead => any_does_not_conflict_under_concurrent_appends;
    existence_is_ignored: ExistenceIsIgnored =>
        no_stream_is_met_by_an_empty_stream_only
        stream_exists_is_met_by_a_stream_with_events_only
        an_unmet_expectation_changes_nothing;
    exact_is_at_least: ExactIsAtLeast => an_exact_revision_is_met_by_that_revision_only;

    the_expectation_comes_first: ExpectationFirst =>
        a_repeated_append_has_its_first_result
        a_repeat_is_known_before_its_expectation_is_looked_at
        reused_ids_are_known_before_the_expectation_is_looked_at;
    repeats_are_refused: RepeatsAreReuses =>
        a_repeated_append_has_its_first_result
        the_same_append_many_times_at_once_is_written_once;
    repeats_are_remembered_by_handle: RemembersAppends =>
        a_repeat_is_known_from_every_handle
        a_repeat_is_known_whatever_appends_its_ids_came_in;
    part_of_an_append_is_appended: AppendsTheRest => a_repeat_with_events_missing_or_added_is_refused;
    the_order_of_ids_is_ignored: OrderIsIgnored =>
        ids_in_another_order_are_refused
        ids_that_do_not_follow_each_other_are_refused;
    ids_are_global: IdsAreGlobal => the_same_ids_in_another_stream_are_another_append;
    payloads_are_compared: PayloadsAreCompared => payloads_of_a_repeat_are_not_compared;

    what_was_acknowledged_is_forgotten: Forgets =>
        what_was_acknowledged_is_there_when_the_store_is_opened_anew
        appending_goes_on_where_it_was;
    a_declaration_is_not_needed: ModestlyDurable =>
        what_was_acknowledged_is_there_when_the_store_is_opened_anew;

    positions_are_swapped: SwappedPositions => positions_increase_in_the_order_of_acknowledgement;
    the_head_is_ahead: HeadAhead => the_head_is_the_last_position;
    events_become_visible_late: LateCommits =>
        nothing_appears_at_or_below_a_head_that_was_told
        a_follower_of_many_writers_receives_everything_once_and_in_order
        a_reader_that_restarts_at_its_checkpoint_misses_nothing;
    a_replica_lags: LaggingReplica =>
        an_acknowledged_append_is_read_from_every_handle
        an_acknowledged_append_is_read_while_others_append;

    a_read_looks_too_far: LooksTooFar =>
        catching_up_joins_following_without_gap_or_duplicate
        a_subscriber_whose_waits_are_dropped_loses_nothing
        a_filtered_read_tells_how_far_it_looked
        a_read_of_nothing_looks_to_the_end;
    a_read_looks_at_its_events: LooksAtItsEvents =>
        a_filtered_subscription_passes_over_what_does_not_match
        a_filtered_read_tells_how_far_it_looked
        a_read_of_nothing_looks_to_the_end;
    slow_readers_are_dropped: DropsTheSlow => a_slow_subscriber_loses_nothing;
    events_come_twice: AfterIsFrom =>
        catching_up_joins_following_without_gap_or_duplicate
        a_subscriber_that_restarts_goes_on_at_its_checkpoint;
    events_are_handed_out_once: HandsOutOnce => a_subscriber_whose_waits_are_dropped_loses_nothing;
    until_is_before: UntilIsBefore =>
        a_checkpoint_of_another_log_is_refused
        the_log_is_read_between_positions;
    a_wait_is_for_the_next: WaitsForTheNext => a_wait_returns_at_once_where_the_log_is_past;
    a_wait_is_never_woken: NeverWakes =>
        a_wait_ends_when_an_event_is_appended
        an_append_between_a_read_and_a_wait_is_not_missed;

    payloads_are_reformatted: Reformats => payloads_come_back_byte_for_byte;
    floats_are_rounded: RoundsFloats => payloads_come_back_byte_for_byte;
    texts_end_at_nul: EndsAtNul =>
        payloads_come_back_byte_for_byte
        metadata_comes_back_byte_for_byte;
    large_payloads_are_cut: CutsPayloads =>
        large_payloads_come_back
        an_append_at_its_limits_is_accepted;
    times_have_milliseconds: Milliseconds =>
        effective_times_come_back_to_the_microsecond
        a_result_says_what_reading_says;
    names_are_trimmed: TrimsNames => event_names_versions_and_ids_come_back;
    versions_are_narrow: NarrowVersions => event_names_versions_and_ids_come_back;
    streams_fold_case: OneStream<LowerCase> => streams_with_similar_names_are_kept_apart;
    long_ids_are_cut: OneStream<Cut> => streams_with_unusual_names_are_kept;
    filters_fold_case: FiltersFoldCase => filters_compare_names_exactly;
    filters_take_either: FiltersByEither => the_log_is_read_by_category_and_by_name;
    streams_go_one_way: OneWay => streams_are_read_forwards_and_backwards;
    a_read_begins_too_late: FromIsAfter => a_stream_is_read_from_a_revision;
    pages_end_too_soon: EndsTooSoon => a_stream_is_read_in_pages;
    limits_of_pages_are_ignored: LimitIsIgnored =>
        a_stream_is_read_in_pages
        the_log_is_read_in_pages;
    events_are_found_anywhere: FindsAnywhere => an_event_is_found_by_its_id_in_its_stream_only;
    snapshots_are_reformatted: ReformatsSnapshots => a_snapshot_comes_back;
    the_newest_snapshot_is_above: NewestOfAll => the_newest_snapshot_at_or_below_a_revision_is_loaded;
    the_first_snapshot_stays: FirstStays => a_snapshot_replaces_one_of_its_revision;
    snapshots_are_not_deleted: KeepsDeleted => deleted_snapshots_are_gone_and_others_stay;

    what_is_invalid_is_mended: Obliging =>
        an_empty_append_is_invalid
        two_events_with_one_id_are_invalid
        an_append_over_a_limit_is_invalid
        a_name_that_is_none_is_invalid
        a_version_of_zero_is_invalid;
    limits_are_narrower: Narrow => an_append_at_its_limits_is_accepted;
    an_invalid_append_fails_the_next: FailsNeighbours => an_invalid_append_does_not_fail_its_neighbours;
    events_are_replaced: Upserts => no_append_changes_what_is_stored;
    the_database_allows_everything: Tamperable<true> => the_database_refuses_to_change_or_delete_events;
    no_database_is_declared: Tamperable<false> => the_database_refuses_to_change_or_delete_events;
    connections_leak: LeaksConnections => dropped_reads_leave_the_store_usable;

    the_clock_is_fast: FastClock => record_time_is_the_clock_s;
    the_clock_is_trusted: TrustsTheClock =>
        record_time_does_not_step_back_with_the_clock
        record_time_does_not_decrease_under_concurrent_appends;
    the_clock_is_trusted_along_streams: TrustsTheClockOfStreams =>
        record_time_does_not_step_back_with_the_clock
        record_time_does_not_decrease_under_concurrent_appends;
    a_declaration_of_record_time_is_not_needed: ModestlyTimed =>
        record_time_does_not_step_back_with_the_clock;

    the_driver_speaks: PassesOnTheDriver =>
        a_conflict_names_stream_expectation_and_revision
        reused_ids_are_named
        invalid_requests_say_what_is_wrong
        no_error_shows_a_payload
        what_is_not_there_is_empty_and_no_error;
}

#[test]
fn every_row_catches_a_broken_store() {
    let never: Vec<_> = TABLE
        .iter()
        .filter(|row| !CAUGHT.contains(&row.fact))
        .collect();
    assert!(never.is_empty(), "no broken store fails {never:#?}");
}

#[test]
fn a_correct_store_passes_every_row() {
    for row in TABLE {
        if let Err(failure) = run(row, Broken::<Correct>::fresh) {
            panic!("{failure}");
        }
    }
}

#[test]
fn every_law_has_rows_and_every_fact_is_stated_once() {
    for law in Law::ALL {
        assert!(TABLE.iter().any(|row| row.law == law), "{law} has no rows");
    }
    assert!(TABLE.is_sorted_by_key(|row| row.law));
    for (index, row) in TABLE.iter().enumerate() {
        let again = TABLE[index + 1..]
            .iter()
            .any(|other| other.fact == row.fact);
        assert!(!again, "{row:?} is stated twice");
    }
}
