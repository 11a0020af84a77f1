//! What every backend must do, as one suite that each is held to.
//!
//! Run [`all`] from a test, with a function that makes an empty store each time.
//! It panics at the first thing that is not as the contract says.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test suite, compiled only with the feature `testing`"
)]

mod log;
pub mod make;
mod rows;

use crate::Backend;

/// Runs everything, each part on a store of its own.
pub async fn all<B: Backend>(make: impl AsyncFn() -> B) {
    log::a_new_store_is_empty(&make().await).await;
    log::entries_come_back_byte_for_byte(&make().await).await;
    log::a_read_is_bounded(&make().await).await;
    log::another_size_or_root_is_a_conflict(&make().await).await;
    log::a_batch_is_written_whole_or_not_at_all(&make().await).await;
    log::a_batch_must_agree_with_itself(&make().await).await;
    log::an_envelope_is_there_once(&make().await).await;
    log::of_appends_at_once_one_wins_each_size(make().await).await;
    log::blobs_stay(&make().await).await;
    rows::a_listing_runs_from_the_newest_to_the_oldest(&make().await).await;
    rows::a_row_keeps_its_place_and_changes_its_facets(&make().await).await;
    rows::any_of_what_is_visible_and_all_of_the_filters(&make().await).await;
    rows::pages_neither_lose_nor_repeat(make().await).await;
    rows::ids_are_found_by_any_prefix(&make().await).await;
    rows::all_rows_are_read_with_their_facets(&make().await).await;
    rows::a_rebuild_is_done_when_it_says_so(&make().await).await;
}
