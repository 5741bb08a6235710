"""Where this engine is known or assumed to differ from the cloud, each with the test that shows it.

Run it to write `DIFFERENCES.md` again: `python tests/conformance/differences.py`. The numbers that are
assumed stand in `engine/core/assumptions.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

FILE = Path(__file__).with_name("DIFFERENCES.md")
Cloud = Literal["alike", "differs", "assumed"]
SHOWN: dict[Cloud, str] = {
    "alike": "known: alike",
    "differs": "known: otherwise",
    "assumed": "assumed",
}
LIVE = "a run of `tests/conformance --live`, which asks this"
_ABOVE = """# Where it differs from the cloud

What the API's documents leave open is listed here, with the test that shows it. `known: alike`: the cloud was
seen to do so, or its vendor says so. `known: otherwise`: the cloud does otherwise. `assumed`: nothing is known
of the cloud. The next column says where that is known from, or what would settle it; how a workspace of the
cloud is asked is in [README.md](README.md). Numbers that are assumed stand in
[engine/core/assumptions.py](../../engine/core/assumptions.py). What each call of the client packages does here
is in [COVERAGE.md](COVERAGE.md).

Written by `python tests/conformance/differences.py`.
"""  # noqa: E501


@dataclass(frozen=True)
class Difference:
    """One point that the API's documents leave open, or where the cloud is known to do otherwise.

    Attributes:
        topic: what it is about. here: what this engine does.
        cloud: whether the cloud is known to do the same, or otherwise; else it is assumed to.
        why: the source of what is known; of what is assumed, what would settle it.
        test: the test that shows it, as `file::name`.
    """

    topic: str
    here: str
    cloud: Cloud
    why: str
    test: str


DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "stop and start of an endpoint",
        "the reply says STOPPING or STARTING, the next one STOPPED or ONLINE",
        "assumed",
        "a private preview; the SDK lists the states and says no more",
        "tests/indexes/test_endpoints.py::test_stopping_and_starting_pass_through_their_states",
    ),
    Difference(
        "a stopped endpoint",
        "queries, writes, syncs and new indexes are refused with 400 BAD_REQUEST",
        "assumed",
        "a query of an endpoint that somebody stopped",
        "tests/indexes/test_endpoints.py::"
        "test_a_stopped_endpoint_refuses_queries_and_writes_and_serves_again",
    ),
    Difference(
        "an index of a stopped endpoint",
        "OFFLINE, not ready, with a message",
        "assumed",
        "describe() of an index of an endpoint that somebody stopped",
        "tests/indexes/test_endpoints.py::test_an_index_of_a_stopped_endpoint_is_offline",
    ),
    Difference(
        "deleting an endpoint with indexes",
        "it is deleted; its indexes are 404 RESOURCE_DOES_NOT_EXIST from then on, `endpoint <id> not "
        "found`, tables stay; `strict_endpoints` refuses",
        "alike",
        "seen (2026-10): three indexes of a deleted endpoint answered so, their write-back tables "
        "were there; the vendor's own test deletes an endpoint under an index",
        "tests/indexes/test_endpoints.py::"
        "test_a_deleted_endpoint_leaves_its_indexes_behind_where_nobody_finds_them",
    ),
    Difference(
        "an orphan's name",
        "a new index takes it; `vitrine index delete` removes what is left",
        "assumed",
        "create-index under the name of an index whose endpoint was deleted",
        "tests/indexes/test_endpoints.py::test_what_a_deleted_endpoint_left_can_be_removed",
    ),
    Difference(
        "target_qps",
        "kept and shown as applied at once; there is nothing to scale",
        "differs",
        "the SDK's `scaling_info` goes through SCALING_CHANGE_IN_PROGRESS",
        "tests/indexes/test_endpoints.py::test_wanted_queries_a_second_are_shown",
    ),
    Difference(
        "permissions",
        "kept and shown, not enforced",
        "differs",
        "the cloud enforces them",
        "tests/indexes/test_endpoints.py::test_permissions_are_set_and_added_to",
    ),
    Difference(
        "metrics of an endpoint",
        "always empty",
        "differs",
        "the cloud measures",
        "tests/indexes/test_endpoints.py::test_nothing_is_measured",
    ),
    Difference(
        "waiting",
        "endpoints are online and indexes synced when the call that made them returns; in the cloud "
        "that takes minutes, and here as long as `VITRINE_PACE` says",
        "differs",
        "seen: creation is pending for minutes (PROVISIONING_INDEX); a sync goes through the same "
        "states as here",
        "tests/indexes/test_endpoints.py::test_stopping_and_starting_pass_through_their_states",
    ),
    Difference(
        "direct access index without `schema_json`",
        "its columns are the key and the column of texts, as strings, and the vector",
        "assumed",
        "the SDK's field is optional, and mem0's store leaves it out; one made in a workspace shows it",
        "tests/rest/test_sdk.py::test_a_direct_access_index_without_a_schema_has_the_columns_it_names",
    ),
    Difference(
        "end of a scan",
        "`{}`",
        "alike",
        "clients of the vendor and of others loop until a page or its `data` is empty or absent; "
        "FiftyOne until the page is",
        "tests/search/test_scan.py::test_pages_of_any_size_visit_each_row_once",
    ),
    Difference(
        "null in a scan",
        '`"value": {}`',
        "assumed",
        LIVE,
        "tests/search/test_scan.py::test_a_row_has_every_column_with_the_name_of_its_type",
    ),
    Difference(
        "order of text keys in a scan",
        "by code point",
        "assumed",
        LIVE,
        "tests/search/test_scan.py::test_text_goes_by_code_point",
    ),
    Difference(
        "num_results of a scan",
        "1 to 10,000, else 400",
        "assumed",
        LIVE,
        "tests/search/test_scan.py::test_another_number_of_rows_is_shown",
    ),
    Difference(
        "order and labels of facets",
        "most frequent first, then by value; ranges as asked for, labelled `[from, to]`",
        "assumed",
        LIVE,
        "tests/ranking/test_facets.py::test_both_ends_of_a_bucket_are_inside_and_buckets_may_overlap",
    ),
    Difference(
        "rows that facets count",
        "FULL_TEXT: all rows that match the filter and hold a word; else the rows that were found, of "
        "all pages",
        "assumed",
        LIVE,
        "tests/search/test_query_options.py::test_a_facet_counts_the_rows_that_were_found",
    ),
    Difference(
        "sort_columns",
        "FULL_TEXT sorts all rows that match, then cuts; ANN and HYBRID sort the best num_results; "
        "nulls last",
        "alike",
        'the SDKs\' field text: "Overrides relevance ordering"; by inference from OpenSearch, which '
        "sorts all matches. What ANN and HYBRID do is assumed",
        "tests/search/test_full_text.py::test_sorting_goes_over_all_rows_that_match",
    ),
    Difference(
        "num_results out of range",
        "400",
        "assumed",
        LIVE,
        "tests/search/test_query_options.py::test_a_number_of_results_out_of_range_is_refused",
    ),
    Difference(
        "page tokens",
        "signed; good for the version that was queried while it is kept, also after a restart",
        "assumed",
        "a token used a day later, or after a sync; only the refusal of a bad one was seen",
        "tests/search/test_pages.py::test_a_page_is_of_the_version_that_was_queried_until_that_is_gone",
    ),
    Difference(
        "score of a reranked row",
        "the reranker's",
        "assumed",
        "a printed reply of a reranked query; none is public",
        "tests/search/test_reranker.py::"
        "test_the_first_50_rows_are_reranked_and_scores_are_the_rerankers",
    ),
    Difference(
        "the base reranker",
        "no cross-encoder: the encoder's similarity of texts and BM25 over the 50 candidates, half "
        "and half",
        "differs",
        "the cloud's is a cross-encoder that is not published; 50 rows and 2,000 characters are the "
        "vendor's",
        "tests/search/test_reranking.py::test_the_built_in_one_is_half_words_and_half_meaning",
    ),
    Difference(
        "ties after reranking",
        "the order of the first ranking",
        "assumed",
        "rows of equal text in a reranked reply",
        "tests/search/test_reranking.py::test_scores_are_replaced_and_ties_keep_the_first_order",
    ),
    Difference(
        "a finetuned reranker",
        "a registered object of that name, else the encoder of that serving endpoint",
        "differs",
        "the cloud asks the serving endpoint of that name",
        "tests/search/test_reranking.py::test_a_finetuned_name_may_be_a_serving_endpoint",
    ),
    Difference(
        "an unknown reranker",
        "404",
        "assumed",
        "a query that names a reranker which does not exist",
        "tests/search/test_reranking.py::test_an_unknown_name_is_not_found_and_names_what_is_there",
    ),
    Difference(
        "a reranker that fails",
        "the first ranking, and `debug_info.warnings`",
        "assumed",
        "a reranked query while its endpoint is down",
        "tests/search/test_reranker.py::"
        "test_a_reranker_that_fails_leaves_the_first_ranking_and_a_warning",
    ),
    Difference(
        "an asynchronous index after aclose()",
        "InvalidInputException; the package lets calls through",
        "differs",
        "read in the package's code",
        "tests/client/test_async.py::test_a_closed_index_says_so",
    ),
    Difference(
        "a write that is cancelled while it runs",
        "done completely or not at all, then CancelledError",
        "assumed",
        "nothing: a cancelled request may or may not reach the service",
        "tests/client/test_async.py::"
        "test_upserts_cancelled_at_any_moment_are_done_completely_or_not_at_all",
    ),
    Difference(
        "serving endpoints named after cloud models",
        "`databricks-gte-large-en` and `databricks-bge-large-en` answer 1,024 numbers as the cloud's "
        "do, but of other models: all-MiniLM-L6-v2 with the extra `[text]`, else the workspace's "
        "encoder, with zeros behind; of length one",
        "differs",
        "seen: scores of `databricks-gte-large-en` from 0.001 to 0.01, as its vectors are not of unit "
        "length: a `score_threshold` does not carry over",
        "tests/serving/test_serving.py::test_a_new_workspace_has_the_endpoints_that_code_expects",
    ),
    Difference(
        "a model that fails on a row",
        "that row is left out, or stays as it was, with the reason, and is tried again at the next sync",
        "assumed",
        "describe() after a sync with a text that the endpoint refuses",
        "tests/sync/test_managed.py::"
        "test_a_changed_row_that_the_model_fails_on_stays_as_it_was_until_it_does_not",
    ),
    Difference(
        "a vector of another length, or with a number that is not finite",
        "that row is reported, and stays as it was before; one whose vector is null leaves the index",
        "assumed",
        "a sync of a table with such rows",
        "tests/sync/test_sync_difference.py::test_a_faulty_row_stays_as_it_was_until_its_key_goes",
    ),
    Difference(
        "a source table of which no row can be used",
        "the sync fails (400 INVALID_STATE), and the index goes on serving what it has",
        "assumed",
        "a sync of such a table; that a failed sync leaves what was served is known",
        "tests/sync/test_sync_difference.py::"
        "test_a_table_of_which_no_row_is_usable_fails_the_sync_and_the_index_serves_on",
    ),
    Difference(
        "a source text that is null, empty or over 32,764 bytes",
        "that row is left out with the reason",
        "assumed",
        "a sync of a table with such rows",
        "tests/sync/test_managed.py::test_a_row_without_a_usable_text_is_reported",
    ),
    Difference(
        "another model behind a serving endpoint",
        "queries are refused (400 INVALID_STATE) until a sync has encoded all rows anew",
        "assumed",
        "a query after the served entity was changed",
        "tests/sync/test_managed.py::test_another_model_behind_the_endpoint_is_noticed",
    ),
    Difference(
        "a model that fails at a query",
        "400, `Failed to call Model Serving endpoint. Error message:` and the endpoint's error as JSON",
        "alike",
        "the text was seen twice; its status and code are assumed",
        "tests/sync/test_managed.py::test_a_query_that_can_not_be_encoded_names_the_endpoint",
    ),
    Difference(
        "the write-back table",
        "key, source column, vector; written whole after a sync, kept when the index is deleted",
        "alike",
        "seen: `*_writeback_table`s were there when endpoint and indexes were gone; their columns are "
        "assumed",
        "tests/sync/test_managed.py::test_computed_embeddings_are_written_back",
    ),
    Difference(
        "upsert without a vector, where the index names a model",
        "that row fails",
        "assumed",
        "such an upsert; the documents say that the service does not embed here",
        "tests/indexes/test_index_kinds.py::"
        "test_an_upserted_row_without_vector_fails_though_the_index_has_a_model",
    ),
    Difference(
        "an upserted column that the schema lacks",
        "400 for the whole call",
        "alike",
        "a third party's store strips such fields, for the service refuses them",
        "tests/rest/test_body_values.py::test_a_column_that_the_schema_lacks_refuses_the_whole_call",
    ),
    Difference(
        "texts of refusals on storage-optimized endpoints",
        "400 INVALID_PARAMETER_VALUE",
        "assumed",
        "such requests; that CONTINUOUS is refused is the vendor's text",
        "tests/indexes/test_index_kinds.py::"
        "test_a_storage_optimized_endpoint_takes_triggered_indexes_of_sixteens",
    ),
    Difference(
        "texts of refusals of full-text indexes",
        "400 INVALID_PARAMETER_VALUE",
        "assumed",
        "such requests",
        "tests/indexes/test_index_kinds.py::test_a_full_text_index_that_can_not_be_is_refused",
    ),
    Difference(
        "columns_to_sync in describe()",
        "as given, in that order",
        "alike",
        "the vendor's own server and a third party's store: echoed where given, else left out",
        "tests/indexes/test_index_kinds.py::test_everything_a_managed_index_was_created_with_is_shown",
    ),
    Difference(
        "replies to changes of policies and payload logging",
        "`{}` for policies, the index for logging; describe() shows them",
        "assumed",
        "the body of such a reply; clients ignore it",
        "tests/indexes/test_index_kinds.py::test_policies_and_logging_change_and_last",
    ),
    Difference(
        "a sync that fails, as where the source table lost a column",
        "sync() answers `{}`; describe() shows ONLINE_PIPELINE_FAILED, message and failed_status. "
        "`waiting_syncs` raises",
        "alike",
        "three independent pollers read `status.failed_status` with error_code, error_message and "
        "last_processed_commit_version",
        "tests/sync/test_pipelines.py::test_a_failure_is_in_the_status_and_the_next_sync_mends_it",
    ),
    Difference(
        "states while a sync runs",
        "ONLINE_UPDATING_PIPELINE_RESOURCES, then ONLINE_TRIGGERED_UPDATE; ready, with the old rows",
        "alike",
        "seen right after sync(): ready, the old count and this message; two pollers know both "
        "states. The second message is assumed",
        "tests/sync/test_pipelines.py::test_sync_answers_at_once_and_describe_shows_the_rest",
    ),
    Difference(
        "progress of a sync",
        "shown where the pace is not instant, without `pipeline_metrics`; else not",
        "differs",
        "pollers read `triggered_update_progress` with `.get`",
        "tests/sync/test_paced_syncs.py::test_progress_of_a_sync_counts_what_changes",
    ),
    Difference(
        "how long things take with the pace `cloud`",
        "an endpoint 30 s, an index's provisioning and a sync 30 s, a CONTINUOUS index's delay 10 s, a "
        "serving endpoint 40 s; a write is seen after 2.5 s",
        "assumed",
        "minutes were seen for endpoints and indexes; the vendor's tests plan 2 to 3 s for deletions. "
        "Times measured in the cloud would settle it",
        "tests/service/test_pace.py::test_the_paces_by_name_and_by_seconds",
    ),
    Difference(
        "the states of an index that is being provisioned, where the pace is not instant",
        "PROVISIONING_ENDPOINT, PROVISIONING_PIPELINE_RESOURCES, PROVISIONING_INITIAL_SNAPSHOT; a "
        "direct access index PROVISIONING_INDEX",
        "assumed",
        "the states are known, their order from the SDK's texts; PROVISIONING_INDEX was seen for "
        "delta sync indexes too",
        "tests/indexes/test_paced_indexes.py::test_an_index_passes_through_the_cloud_s_states",
    ),
    Difference(
        "a query of an index or endpoint that is not ready, where the pace is not instant",
        "400 BAD_REQUEST, which says what it waits for; upserts and deletions too",
        "assumed",
        "the vendor's command says that such queries fail; status and text are not known",
        "tests/conformance/test_paced_doors.py::test_an_endpoint_and_its_index_come_to_be",
    ),
    Difference(
        "an upsert or deletion that is acknowledged, where the pace is not instant",
        "durable at once; queries, scans and the count show it after its time, in the order of writes",
        "assumed",
        "the vendor's tests plan 2 to 3 s before a deletion is seen",
        "tests/indexes/test_paced_indexes.py::"
        "test_rows_are_seen_after_their_time_and_durable_at_once",
    ),
    Difference(
        "a table that is written while a sync takes its time",
        "the sync brings the table as it was when the sync was asked for; the next one brings the rest",
        "assumed",
        "a table written during a long sync",
        "tests/sync/test_paced_syncs.py::"
        "test_a_table_written_while_a_sync_passes_waits_for_the_next_one",
    ),
    Difference(
        "indexed_row_count while a sync runs",
        "as before",
        "differs",
        "two pollers: a storage-optimized index leaves it out; a standard one shows it as before",
        "tests/sync/test_pipelines.py::test_sync_answers_at_once_and_describe_shows_the_rest",
    ),
    Difference(
        "the message of an index that is online",
        "`Index creation succeeded.`",
        "differs",
        "seen: `Check latest status:` and an address of the workspace follow",
        "tests/indexes/test_index_kinds.py::test_a_lost_column_fails_the_sync_until_it_is_back",
    ),
    Difference(
        "a source table without a change data feed",
        "is synced like any other",
        "differs",
        "seen: a standard endpoint requires the feed; the text of its refusal is not known",
        "tests/client/test_client_syncs.py::test_a_new_index_holds_its_table_without_a_sync",
    ),
    Difference(
        "a source table that was replaced",
        "a sync takes the difference",
        "differs",
        "seen: DIFFERENT_DELTA_TABLE_READ_BY_STREAMING_SOURCE, ONLINE_PIPELINE_FAILED, until the "
        "index is made again",
        "tests/client/test_client_syncs.py::test_a_triggered_index_changes_only_when_it_is_synced",
    ),
    Difference(
        "a column of another type of the same kind",
        "all rows are written anew",
        "assumed",
        "a sync after such a change",
        "tests/indexes/test_index_kinds.py::test_a_column_of_another_type_is_written_anew",
    ),
    Difference(
        "score of FULL_TEXT",
        "raw BM25 (k1 = 1.2, b = 0.75), summed over the columns that are searched",
        "assumed",
        LIVE,
        "tests/ranking/test_bm25.py::test_gains_by_hand",
    ),
    Difference(
        "columns that words are searched in",
        "all text columns, each with statistics of its own",
        "assumed",
        LIVE,
        "tests/search/test_full_text.py::test_words_are_looked_for_in_all_text_columns",
    ),
    Difference(
        "statistics of BM25",
        "of the live rows of the whole index, whatever the filter",
        "alike",
        "by inference: standard endpoints run on OpenSearch (vendor), whose statistics are of a field "
        "of the whole index",
        "tests/search/test_keyword_search.py::test_any_history_answers_as_plain_python_does",
    ),
    Difference(
        "ties",
        "by ascending primary key",
        "assumed",
        LIVE,
        "tests/segments/test_keywords.py::test_rows_that_are_all_alike_come_in_the_order_of_their_keys",
    ),
    Difference(
        "height of ANN scores",
        "1 / (1 + d²), in doubles",
        "alike",
        "seen: the row's own vector scores 1.0, and 0.9040976460331299, which no float32 is; "
        "OpenSearch's l2 score has this formula",
        "tests/ranking/test_scoring.py::test_the_score_is_one_over_one_plus_the_squared_distance",
    ),
    Difference(
        "debug_info",
        "ann_time for every query_type, beside it filter_time, keyword_time, fetch_time and plan, "
        "with fractions of milliseconds",
        "differs",
        "seen: response_time, ann_time and embedding_gen_time alone, in whole milliseconds",
        "tests/search/test_query_options.py::test_a_debug_level_adds_times_in_milliseconds",
    ),
    Difference(
        "words",
        "runs of letters and digits in lower case; no stemming, no stop words",
        "assumed",
        LIVE,
        "tests/segments/test_keywords.py::test_tokens_are_runs_of_letters_and_digits_in_lower_case",
    ),
    Difference(
        "score of HYBRID",
        "the sum of 1 / (60 + rank) over both rankings, 200 rows of each, divided by its best value 2 "
        "/ 61",
        "alike",
        "the vendor's text: RRF, so normalized that the highest score possible is 1.0, and about 0.5 "
        "for a row of one list alone; the 200 rows a list are assumed",
        "tests/search/test_hybrid.py::test_both_rankings_are_fused_by_reciprocal_rank",
    ),
    Difference(
        "score_threshold of HYBRID",
        "is for the fused score",
        "assumed",
        LIVE,
        "tests/search/test_hybrid.py::test_the_threshold_is_for_the_fused_score",
    ),
    Difference(
        "a wrong method on a known path",
        "404 ENDPOINT_NOT_FOUND that names the methods it takes",
        "assumed",
        LIVE,
        "tests/rest/test_rest.py::test_a_request_is_refused",
    ),
    Difference(
        "an unknown field of a body or parameter",
        "dropped; `strict_fields` refuses it with 400 MALFORMED_REQUEST",
        "alike",
        "a vendor's connector sent `filters` as an object: no error, no effect; parameters by inference",
        "tests/rest/test_rest.py::test_what_a_route_does_not_know_is_dropped_unless_strict",
    ),
    Difference(
        "page_token of lists",
        "lists are one page, so any token is refused",
        "differs",
        "the SDK's text: lists have a fixed page size, which is not told",
        "tests/rest/test_rest.py::test_a_request_is_refused",
    ),
    Difference(
        "filters_json and filter_string together",
        "joined by AND",
        "assumed",
        LIVE,
        "tests/rest/test_rest.py::test_filters_come_as_json_text_or_as_text_and_are_joined",
    ),
    Difference(
        "pages of the `ai-search` dialect",
        "joined; it has no tokens for queries",
        "alike",
        "the vendor's reference: rows come in a single response, there is no cursor",
        "tests/rest/test_rest.py::test_pages_follow_each_other",
    ),
    Difference(
        "name of a write-back table",
        "`<index>_writeback_table` and no other; the cloud takes any",
        "differs",
        "the newest SDK takes any name; older texts of the vendor only this one",
        "tests/sync/test_managed.py::test_computed_embeddings_are_written_back",
    ),
    Difference(
        "null in a filter",
        "matches no condition and no NOT of one; NaN counts as null",
        "assumed",
        LIVE,
        "tests/filters/test_filter_text.py::test_a_null_passes_no_condition_and_no_opposite_of_one",
    ),
    Difference(
        "null as a value of a filter",
        "400, in a dict and in text",
        "assumed",
        LIVE,
        "tests/filters/test_filters.py::test_null_as_a_value_is_refused",
    ),
    Difference(
        "LIKE in a dict",
        "with `%` SQL's LIKE, else every word of the pattern as a whole word, in any order; letter "
        "case counts",
        "alike",
        "the vendor's filtering guide has both readings: whole tokens, and a pattern with `%`; letter "
        "case and several words are assumed",
        "tests/filters/test_filters.py::test_a_filter_keeps_what_it_says",
    ),
    Difference(
        "LIKE, NOT, BETWEEN, IS NULL in text",
        "as in SQL, without escapes; times also as bare text",
        "assumed",
        "such filters on a storage-optimized endpoint",
        "tests/filters/test_filter_text.py::test_a_text_keeps_what_it_says",
    ),
    Difference(
        "IS TRUE and IS FALSE",
        "for boolean columns; never unknown",
        "assumed",
        "such filters on a storage-optimized endpoint",
        "tests/filters/test_filter_text.py::test_is_true_is_never_unknown",
    ),
    Difference(
        "double quotes in a filter as text",
        "name columns, as backticks do",
        "assumed",
        "such a filter on a storage-optimized endpoint",
        "tests/filters/test_filter_text.py::test_a_refusal_names_what_was_given",
    ),
    Difference(
        "ranges on text, booleans and arrays",
        "400",
        "assumed",
        LIVE,
        "tests/filters/test_filters.py::test_an_operator_that_does_not_fit_the_column_is_refused",
    ),
    Difference(
        "OR of columns in a dict",
        "as many values as columns, or one for all",
        "alike",
        'the vendor\'s tool: "matches are position-specific"; one value for all is assumed',
        "tests/filters/test_filters.py::test_or_needs_one_value_for_each_column",
    ),
    Difference(
        "nesting of a filter",
        "at most 100 levels of AND, OR and NOT",
        "assumed",
        "a filter of 101 brackets on a storage-optimized endpoint",
        "tests/filters/test_filter_text.py::test_nesting_is_limited",
    ),
    Difference(
        "dialects of filters",
        "both on both kinds of endpoint; a strict workspace refuses the one that the cloud refuses",
        "differs",
        "seen: a text on a standard endpoint is refused with `Filter string is not supported for "
        "standard endpoints`, which a strict workspace says too",
        "tests/filters/test_filter_text.py::test_both_dialects_are_taken_everywhere_unless_strict",
    ),
    Difference(
        "names of catalogs, schemas and tables",
        "letters, digits and underscores, kept as written, upper and lower case apart; the cloud takes "
        "more characters, and makes them lower case",
        "differs",
        "the vendor's rules for names: 255 characters but spaces, full stops and slashes, in lower case",
        "tests/catalogs/test_catalogs.py::test_names_are_kept_as_written",
    ),
    Difference(
        "a schema that was never created",
        "exists where a table, a volume or an index lies in it; the cloud lets nothing be made there",
        "differs",
        "the vendor's text: a table is made in a schema that exists",
        "tests/catalogs/test_catalogs.py::test_a_schema_exists_where_something_lies_in_it",
    ),
    Difference(
        "the catalog `main`",
        "it is in every workspace with a schema `default`, and neither is deleted",
        "differs",
        "the vendor's text: a new workspace has a catalog of its own name, older ones `main`",
        "tests/catalogs/test_catalogs.py::test_a_refusal_says_why",
    ),
    Difference(
        "`information_schema`",
        "SQL reads some of its relations; no catalog lists one",
        "differs",
        "the vendor's text: every catalog has one",
        "tests/catalogs/test_catalogs.py::test_a_new_workspace_has_the_default_catalog_with_a_schema",
    ),
    Difference(
        "deleting a schema or a catalog by force",
        "its indexes go too",
        "assumed",
        "deleting, by force, a schema with an index; one was seen not to be empty",
        "tests/conformance/test_catalogues.py::test_a_suite_sets_itself_up_and_cleans_up",
    ),
    Difference(
        "refusing to delete a catalog that is not empty",
        "400 CATALOG_NOT_EMPTY; the text is made after that of schemas",
        "assumed",
        "deleting a catalog with schemas; the text of a schema was seen",
        "tests/catalogs/test_catalogs.py::test_a_catalog_goes_by_force_with_its_schemas",
    ),
    Difference(
        "whether a table exists whose schema does not",
        "404 CATALOG_DOES_NOT_EXIST or SCHEMA_DOES_NOT_EXIST",
        "assumed",
        "`tables.exists` of such a name; the two codes are the vendor's",
        "tests/catalogs/test_made_tables.py::test_a_name_that_is_taken_or_has_no_schema_is_refused",
    ),
    Difference(
        "codes of volumes, functions and models that are missing or taken",
        "NOT_FOUND of volumes; else RESOURCE_DOES_NOT_EXIST and RESOURCE_ALREADY_EXISTS",
        "assumed",
        "getting ones that are missing; the vendor's own fake server answers NOT_FOUND of volumes",
        "tests/catalogs/test_volumes_and_definitions.py::test_a_volume_is_made_filled_and_deleted",
    ),
    Difference(
        "tables and volumes of files elsewhere, over the API",
        "501; they are registered on the machine that has the files",
        "differs",
        "the SDK's text: external tables and volumes name a storage location",
        "tests/catalogs/test_made_tables.py::test_no_file_of_the_machine_becomes_a_table_over_the_api",
    ),
    Difference(
        "format of a table that was written here",
        "shown as MANAGED and DELTA; its files are Parquet without a log",
        "differs",
        "the vendor's text: managed tables are Delta, with a log",
        "tests/catalogs/test_made_tables.py::test_a_made_table_shows_what_was_given",
    ),
    Difference(
        "a function of Unity Catalog",
        "kept and shown; nothing calls it",
        "differs",
        "the vendor's text: SQL calls it by its name",
        "tests/catalogs/test_volumes_and_definitions.py::test_a_function_is_kept_as_it_was_given",
    ),
    Difference(
        "another name for a catalog, a schema, a volume or a model",
        "501",
        "differs",
        "the SDK has `new_name`",
        "tests/catalogs/test_catalogs.py::test_a_refusal_says_why",
    ),
    Difference(
        "pages of lists of Unity Catalog",
        "by name, 10,000 where max_results is 0 or left out; the token is the last name",
        "assumed",
        "a list of many schemas with max_results; the SDK says that there are pages",
        "tests/catalogs/test_tables.py::test_the_tables_of_a_schema_come_by_name_in_pages",
    ),
    Difference(
        "SQL statements",
        "DuckDB runs a list of statements, translated from the cloud's dialect; any other, "
        "and any function that is not translated, is refused by its name",
        "differs",
        "the vendor's text: a warehouse runs Spark's SQL, with `EXPLAIN`, `OPTIMIZE`, "
        "functions of one's own and more",
        "tests/sql/test_confinement.py::test_an_escape_is_refused",
    ),
    Difference(
        "the SQL warehouse",
        "there is one, which any `warehouse_id` means; its permissions and its being stopped"
        " are kept and shown, and enforce nothing",
        "differs",
        "the vendor's text: they are made, sized and stopped",
        "tests/sql/test_statement_api.py::test_the_warehouse_stops_and_wakes",
    ),
    Difference(
        "a statement that fails",
        "200 with the state FAILED, a code and a message",
        "alike",
        "the vendor's own fake server answers so",
        "tests/sql/test_statement_api.py::test_a_failure_is_a_state",
    ),
    Difference(
        "texts and codes of failed statements",
        "Spark's error class in brackets where it is known, else this engine's words; "
        "`BAD_REQUEST` or the engine's code",
        "assumed",
        "the replies of a warehouse to the statements of that test",
        "tests/sql/test_every_door.py::test_a_statement_is_refused",
    ),
    Difference(
        "values in JSON_ARRAY",
        "texts or null; lists and structs as JSON, times as `2024-01-31T12:00:00.000Z`, `NaN`, "
        "`Infinity` and `-Infinity` so, also within lists",
        "assumed",
        "a result with such columns; that all values are texts is the SDK's text",
        "tests/sql/test_statement_api.py::test_values_are_texts",
    ),
    Difference(
        "types of some results in SQL",
        "spans of time are shown as STRING",
        "differs",
        "the vendor's text: INTERVAL DAY TO SECOND",
        "tests/sql/test_result_types.py::test_days_between_dates_are_a_span_of_time",
    ),
    Difference(
        "a doubled quote in a text of SQL",
        "`'it''s'` is `it's`; texts with a space between them are joined",
        "assumed",
        "such a statement on a warehouse; Spark 3.5 joins both to `its`, Spark 4 keeps the quote",
        "tests/sql/test_every_door.py::test_a_function_answers",
    ),
    Difference(
        "large and small numbers within `concat` and lists as texts in SQL",
        "DOUBLE and FLOAT as `10000000000.0` and `1e+16`; cast to STRING by themselves they are as in "
        "the cloud",
        "differs",
        "Spark's are Java's: `1.0E10` and `1.0E16`",
        "tests/sql/test_every_door.py::test_a_function_answers",
    ),
    Difference(
        "what `constraint_column_usage` names of a foreign key",
        "the columns that it refers to",
        "assumed",
        "reading it in a catalog with a foreign key; the vendor's text allows both",
        "tests/sql/test_every_door.py::test_a_statement_of_a_table_answers",
    ),
    Difference(
        "generated columns and identities in SHOW CREATE TABLE",
        "`GENERATED ALWAYS AS (expression)`, `GENERATED ... AS IDENTITY (START WITH 1 INCREMENT BY 1)`",
        "assumed",
        "SHOW CREATE TABLE of such a table",
        "tests/sql/test_every_door.py::test_a_statement_of_columns_answers",
    ),
    Difference(
        "DEFAULT for an identity or a generated column",
        "the table gives the value, where all rows of the VALUES say so; else refused",
        "assumed",
        "an INSERT that says DEFAULT in some of its rows",
        "tests/sql/test_column_rules.py::test_rows_leave_an_identity_to_the_table_together",
    ),
    Difference(
        "SET TAG on what has the tag, UNSET TAG on what lacks it",
        "409 RESOURCE_ALREADY_EXISTS and 404 RESOURCE_DOES_NOT_EXIST",
        "assumed",
        "the vendor's text says that both fail, not how",
        "tests/sql/test_tags.py::test_a_tag_that_is_there_is_set_anew_by_alter_alone",
    ),
    Difference(
        "what a write answers",
        "`num_affected_rows`, and `num_inserted_rows` and the like where a statement has "
        "several kinds",
        "alike",
        "clients of the driver look for `num_affected_rows`; the others are assumed",
        "tests/sql/test_every_door.py::test_a_statement_answers",
    ),
    Difference(
        "links to results",
        "lead to this server, hold for 15 minutes, and need no credentials but their own; "
        "in-process there are none",
        "differs",
        "the SDK's text: they lead to an object store, for 15 minutes at most",
        "tests/sql/test_statement_api.py::test_a_link_needs_no_credentials_but_its_own",
    ),
    Difference(
        "how long a result can be asked for",
        "the last 1,000 statements of the process, 1 GB together",
        "differs",
        "the SDK's text: for one hour, and the statement for 12",
        "tests/sql/test_statement_api.py::test_a_statement_is_forgotten",
    ),
    Difference(
        "SQL over HTTP where several processes serve",
        "a statement whose first reply holds its result; sessions, links and statements that go on "
        "are refused: they need `--workers 1`",
        "differs",
        "the vendor's text: a warehouse is one service",
        "tests/sql/test_statement_api.py::test_several_processes_refuse_what_only_one_would_know",
    ),
    Difference(
        "CHAR(n) and VARCHAR(n) of a column",
        "are STRING: the length is neither shown nor enforced",
        "differs",
        "the vendor's text: longer texts are refused, and CHAR is filled up",
        "tests/sql/test_column_types.py::test_texts_of_a_length_are_strings",
    ),
    Difference(
        "writing one field of a struct column",
        "refused; the whole column is written",
        "differs",
        "the vendor's text: UPDATE SET takes a field",
        "tests/sql/test_assignments.py::test_another_s_column_is_not_written",
    ),
    Difference(
        "earlier versions of a table",
        "DESCRIBE HISTORY names the last 100; of a table of the workspace only the newest is read, of a "
        "registered Delta table each",
        "differs",
        "the vendor's text: `VERSION AS OF` and `RESTORE`",
        "tests/sql/test_earlier_versions.py::test_a_table_of_the_workspace_has_its_newest_version_alone",
    ),
    Difference(
        "writing a table of files elsewhere",
        "400 INVALID_STATE, which says how to copy it; files of the user are never changed",
        "differs",
        "the vendor's text: external Delta tables are written where they lie",
        "tests/sql/test_writes.py::test_files_of_the_user_are_never_changed",
    ),
    Difference(
        "names without a schema in SQL",
        "mean `main.fashion_demo`, which need not be created",
        "differs",
        "the vendor's text: the workspace's catalog, schema `default`",
        "tests/sql/test_one_catalogue.py::test_a_table_made_by_sql_shows_what_was_said",
    ),
    Difference(
        "dropping a catalog that has its first schema alone",
        "refused without CASCADE",
        "assumed",
        "DROP CATALOG of a catalog that was just created",
        "tests/sql/test_one_catalogue.py::test_a_schema_is_made_by_one_and_dropped_by_the_other",
    ),
    Difference(
        "columns of a view in Unity Catalog",
        "those that its query had when the view was made",
        "assumed",
        "`tables.get` of a view after its table got another column",
        "tests/sql/test_one_catalogue.py::test_a_view_is_among_the_tables",
    ),
    Difference(
        "vector_search() in SQL",
        "all columns of the index and `search_score`",
        "alike",
        "the vendor's reference, and a demo of the vendor that was seen",
        "tests/sql/test_every_door.py::test_a_statement_answers",
    ),
    Difference(
        "ai_query()",
        "for serving endpoints that embed texts; the endpoint's name is a constant; vectors "
        "are kept by content, and each text is encoded once",
        "differs",
        "the vendor's reference: any endpoint, and each row is sent",
        "tests/sql/test_models.py::test_a_text_is_encoded_once",
    ),
    Difference(
        "ai_similarity()",
        "the cosine of two vectors of `clip-multimodal-encoder`",
        "differs",
        "the vendor's text: a model of the vendor's",
        "tests/sql/test_every_door.py::test_a_statement_answers",
    ),
    Difference(
        "CREATE VECTOR SEARCH INDEX",
        "makes an index over a column of vectors, and syncs it before it answers",
        "assumed",
        "such a statement on a warehouse; users' notebooks have it, the vendor's reference "
        "does not",
        "tests/sql/test_create_index.py::test_an_index_is_created_and_synced",
    ),
    Difference(
        "ANN with query_text beside query_vector",
        "the vector counts; `strict_inputs` refuses both with 400",
        "assumed",
        LIVE,
        "tests/core/test_query.py::test_text_and_vector_are_refused_where_the_workspace_is_strict",
    ),
    Difference(
        "a query without the vector that it needs",
        "400 INVALID_PARAMETER_VALUE, `query vector must be specified for index ...`",
        "alike",
        "the text was seen; its status and code are assumed",
        "tests/core/test_query.py::test_a_query_without_vector_says_what_was_given",
    ),
    Difference(
        "a list of one where a filter takes a single value",
        "its value",
        "alike",
        'seen in production: `{"division": ["AS"]}`',
        "tests/filters/test_filters.py::test_a_list_of_one_is_its_value_where_one_is_expected",
    ),
    Difference(
        "decimals in replies",
        "a number where a double's shortest form says the same, else text with every digit",
        "assumed",
        "a reply with a decimal column",
        "tests/indexes/test_exact_values.py::test_a_decimal_that_no_double_says_is_shown_as_text",
    ),
    Difference(
        "float columns",
        "shown as the shortest decimal that reads back; a filter's value is rounded to float32 first",
        "assumed",
        "a reply with a float column; scores were seen as doubles, not rounded to float32",
        "tests/indexes/test_exact_values.py::test_a_narrow_float_is_found_and_shown_as_written",
    ),
    Difference(
        "times outside the years 1 to 9999",
        "taken from source tables and shown as `+10000-01-01T04:59:59`; refused in rows and filters",
        "assumed",
        "a sync of such a table",
        "tests/indexes/test_exact_values.py::"
        "test_times_and_dates_beyond_the_year_9999_are_stored_and_shown",
    ),
    Difference(
        "forms of times in rows and filters",
        "`2024-01-31`, or with `T12:00[:00[.000000]]` and an offset, `Z` or neither; no others, no "
        "numbers",
        "assumed",
        LIVE,
        "tests/core/test_values.py::test_time",
    ),
    Difference(
        "NaN, Infinity and half characters in rows",
        "that row fails, the others are written",
        "assumed",
        LIVE,
        "tests/rest/test_body_values.py::test_a_bad_row_of_a_body_fails_alone_and_says_why",
    ),
    Difference(
        "reasons of failed rows",
        "`failures` beside `result`, with `primary_key` and `reason` of each; only where rows failed",
        "differs",
        "the cloud's reply has the keys alone",
        "tests/rest/test_body_values.py::test_a_bad_row_of_a_body_fails_alone_and_says_why",
    ),
    Difference(
        "too many requests at once",
        "429 RESOURCE_EXHAUSTED with Retry-After",
        "assumed",
        "the body of a query's 429; of its general limit the vendor prints REQUEST_LIMIT_EXCEEDED",
        "tests/http/test_http_load.py::"
        "test_a_large_body_without_room_is_refused_with_a_time_and_others_are_not",
    ),
    Difference(
        "a name twice in a JSON object",
        "400 INVALID_PARAMETER_VALUE",
        "assumed",
        LIVE,
        "tests/rest/test_body_values.py::test_a_name_twice_in_a_body_is_refused_and_named",
    ),
    Difference(
        "managed MCP: addresses, names and results",
        "`mcp/vector-search/...` and `mcp/ai-search/...` answer alike; a tool is "
        "`catalog__schema__index` with the argument `query`; a plain POST without a session answers "
        "JSON, whatever it accepts; the text is a list of rows; "
        "numbers in `_meta` may be texts; 5 rows where none are asked for",
        "alike",
        "the vendor's pages; programs of others that call it by plain POSTs and read the rows",
        "tests/managed_mcp/test_http.py::test_a_plain_post_without_a_session_is_answered_in_json",
    ),
    Difference(
        "managed MCP: which indexes are tools",
        "those with managed embeddings; another one at its own address, or called, is refused",
        "alike",
        "the vendor's page; that the refusal is an error of JSON-RPC is assumed",
        "tests/managed_mcp/test_tools.py::test_an_address_without_tools_is_refused",
    ),
    Difference(
        "managed MCP: a wrong address, tool, argument or parameter",
        "an error of JSON-RPC, -32602 `BAD_REQUEST: ...`",
        "assumed",
        "seen of functions (unknown: `not found`; a tool's name: `malformed`; an argument: `Missing "
        "parameter value`), in the vendor's own tests; a tool of an index called so shows it",
        "tests/managed_mcp/test_http.py::test_a_call_that_can_t_be_made_is_an_error_of_json_rpc",
    ),
    Difference(
        "managed MCP: a search that fails",
        "a result with `isError`, whose text is the error's code and message",
        "assumed",
        "a filter on a column that an index lacks; MCP's own rule is followed",
        "tests/managed_mcp/test_http.py::test_a_search_that_fails_is_a_result_that_says_so",
    ),
    Difference(
        "managed MCP: descriptions of tools",
        "the source table, the column of texts, the index and its columns, in words of this engine",
        "assumed",
        "tools/list of a schema with an index",
        "tests/managed_mcp/test_tools.py::test_a_tool_takes_one_text_and_says_what_it_searches",
    ),
    Difference(
        "managed MCP: values in rows",
        "as in the reply of a query: integers are floats unless `integers_as_floats` is off",
        "assumed",
        "a row with an integer, by a tool",
        "tests/managed_mcp/test_tools.py::test_integers_are_those_of_the_api_s_query",
    ),
    Difference(
        "managed MCP: arguments and `_meta` parameters that no tool takes",
        "dropped; `strict_fields` refuses them",
        "assumed",
        "a call with one",
        "tests/managed_mcp/test_tools.py::"
        "test_unknown_names_are_dropped_unless_the_workspace_is_strict",
    ),
    Difference(
        "managed MCP: sessions and streams",
        "none: GET and DELETE are 405, each request is complete in itself",
        "assumed",
        "a GET of an address",
        "tests/managed_mcp/test_http.py::test_only_post_is_taken",
    ),
    Difference(
        "managed MCP: functions, their names and results",
        "`mcp/functions/catalog/schema[/function]`; a tool is `catalog__schema__function` with the "
        "function's parameters as arguments; the text is "
        '`{"is_truncated":false,"columns":[...],"rows":[[...]]}`, a value alone the column `output`',
        "alike",
        "the vendor's page; results of the cloud's server in the tests and journals of programs that "
        "call it",
        "tests/managed_mcp/test_http.py::test_functions_are_listed_and_called",
    ),
    Difference(
        "managed MCP: rows of a function",
        "all of them; `is_truncated` is never true",
        "assumed",
        "a function of many rows: the cloud cuts somewhere, and doesn't say where",
        "tests/managed_mcp/test_functions.py::test_all_rows_come",
    ),
    Difference(
        "managed MCP: values of a function",
        "whole numbers, floats, truths and null are JSON's; decimals, dates, times, bytes (hex) texts; "
        "lists, maps and structs JSON's",
        "assumed",
        "a function that returns one of each type; a float was seen as a number, a text as one",
        "tests/managed_mcp/test_functions.py::test_a_value_of_json_comes_back_as_it_was",
    ),
    Difference(
        "managed MCP: arguments of a function",
        "checked by the parameter's type before the statement, -32602 with the argument's name; numbers "
        "and truths may be texts; null is as if it were not given; a default's text is in the "
        "description",
        "assumed",
        "a call with a text for a number; `Missing parameter value for ...` was seen",
        "tests/managed_mcp/test_functions.py::"
        "test_a_wrong_argument_is_named_with_what_it_should_be",
    ),
    Difference(
        "managed MCP: functions in Python",
        "not listed; called, a result with `isError` says that statements don't carry them out",
        "differs",
        "the cloud runs them in a sandbox",
        "tests/managed_mcp/test_functions.py::test_what_is_no_tool_says_why",
    ),
    Difference(
        "managed MCP: Genie, SQL and external servers",
        "501 NOT_IMPLEMENTED",
        "differs",
        "the cloud has them",
        "tests/managed_mcp/test_http.py::test_other_addresses_say_what_there_is",
    ),
)


def as_markdown() -> str:
    """What `DIFFERENCES.md` holds."""
    lines = [
        _ABOVE,
        "| about | here | cloud | source, or what would settle it | shown by |",
        "| --- | --- | --- | --- | --- |",
    ]
    for entry in DIFFERENCES:
        cells = (entry.topic, entry.here, SHOWN[entry.cloud], entry.why, f"`{entry.test}`")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    FILE.write_text(as_markdown())
