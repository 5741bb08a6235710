"""Where this engine is known or assumed to differ from the cloud, each with the test that shows it.

Run it to write `DIFFERENCES.md` again: `python tests/conformance/differences.py`. The numbers that are
assumed stand in `engine/core/assumptions.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("DIFFERENCES.md")
_ABOVE = """# Where it differs from the cloud

What the API's documents leave open is assumed here, and listed with the test that shows it. `assumed`:
nothing is known of the cloud. `known`: the cloud is known to do otherwise. Numbers that are assumed
stand in [engine/core/assumptions.py](../../engine/core/assumptions.py). What each call of the client
packages does here is in [COVERAGE.md](COVERAGE.md).

Written by `python tests/conformance/differences.py`.
"""


@dataclass(frozen=True)
class Difference:
    """One point where the cloud is not known, or known to do otherwise.

    Attributes:
        topic: what it is about. here: what this engine does.
        known: the cloud is known to do otherwise; else nothing is known.
        test: the test that shows it, as `file::name`.
    """

    topic: str
    here: str
    known: bool
    test: str


DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "stop and start of an endpoint",
        "the reply says STOPPING or STARTING, the next one STOPPED or ONLINE",
        False,
        "tests/indexes/test_endpoints.py::test_stopping_and_starting_pass_through_their_states",
    ),
    Difference(
        "a stopped endpoint",
        "queries, writes, syncs and new indexes are refused with 400 BAD_REQUEST",
        False,
        "tests/indexes/test_endpoints.py::"
        "test_a_stopped_endpoint_refuses_queries_and_writes_and_serves_again",
    ),
    Difference(
        "an index of a stopped endpoint",
        "OFFLINE, not ready, with a message",
        False,
        "tests/indexes/test_endpoints.py::test_an_index_of_a_stopped_endpoint_is_offline",
    ),
    Difference(
        "deleting an endpoint with indexes",
        "400 INVALID_STATE",
        False,
        "tests/indexes/test_endpoints.py::test_an_endpoint_with_indexes_is_not_deleted",
    ),
    Difference(
        "target_qps",
        "kept and shown as applied at once; there is nothing to scale",
        True,
        "tests/indexes/test_endpoints.py::test_wanted_queries_a_second_are_shown",
    ),
    Difference(
        "permissions",
        "kept and shown, not enforced",
        True,
        "tests/indexes/test_endpoints.py::test_permissions_are_set_and_added_to",
    ),
    Difference(
        "metrics of an endpoint",
        "always empty",
        True,
        "tests/indexes/test_endpoints.py::test_nothing_is_measured",
    ),
    Difference(
        "waiting",
        "endpoints are online and indexes synced when the call that made them returns; in the "
        "cloud that takes minutes",
        True,
        "tests/indexes/test_endpoints.py::test_stopping_and_starting_pass_through_their_states",
    ),
    Difference(
        "end of a scan",
        '`{"data": []}` without `last_primary_key`',
        False,
        "tests/search/test_scan.py::test_pages_of_any_size_visit_each_row_once",
    ),
    Difference(
        "null in a scan",
        '`"value": {}`',
        False,
        "tests/search/test_scan.py::test_a_row_has_every_column_with_the_name_of_its_type",
    ),
    Difference(
        "order of text keys in a scan",
        "by code point",
        False,
        "tests/search/test_scan.py::test_text_goes_by_code_point",
    ),
    Difference(
        "num_results of a scan",
        "1 to 10,000, else 400",
        False,
        "tests/search/test_scan.py::test_another_number_of_rows_is_shown",
    ),
    Difference(
        "order and labels of facets",
        "most frequent first, then by value; ranges as asked for, labelled `[from, to]`",
        False,
        "tests/ranking/test_facets.py::test_both_ends_of_a_bucket_are_inside_and_buckets_may_overlap",
    ),
    Difference(
        "rows that facets count",
        "FULL_TEXT: all rows that match the filter and hold a word; else the rows that were found, of "
        "all pages",
        False,
        "tests/search/test_query_options.py::test_a_facet_counts_the_rows_that_were_found",
    ),
    Difference(
        "sort_columns",
        "sorts the best num_results rows, nulls last",
        False,
        "tests/search/test_pages.py::test_sorted_pages_are_sorted_over_all_and_stable",
    ),
    Difference(
        "num_results out of range",
        "400",
        False,
        "tests/search/test_query_options.py::test_a_number_of_results_out_of_range_is_refused",
    ),
    Difference(
        "page tokens",
        "signed; good for the version that was queried while it is kept, also after a restart",
        False,
        "tests/search/test_pages.py::"
        "test_a_page_is_of_the_version_that_was_queried_until_that_is_gone",
    ),
    Difference(
        "score of a reranked row",
        "the reranker's",
        False,
        "tests/search/test_reranker.py::"
        "test_the_first_50_rows_are_reranked_and_scores_are_the_rerankers",
    ),
    Difference(
        "the base reranker",
        "no cross-encoder: the encoder's similarity of texts and BM25 over the 50 candidates, "
        "half and half",
        True,
        "tests/search/test_reranking.py::test_the_built_in_one_is_half_words_and_half_meaning",
    ),
    Difference(
        "ties after reranking",
        "the order of the first ranking",
        False,
        "tests/search/test_reranking.py::test_scores_are_replaced_and_ties_keep_the_first_order",
    ),
    Difference(
        "a finetuned reranker",
        "a registered object of that name, else the encoder of that serving endpoint",
        True,
        "tests/search/test_reranking.py::test_a_finetuned_name_may_be_a_serving_endpoint",
    ),
    Difference(
        "an unknown reranker",
        "404",
        False,
        "tests/search/test_reranking.py::test_an_unknown_name_is_not_found_and_names_what_is_there",
    ),
    Difference(
        "a reranker that fails",
        "the first ranking, and `debug_info.warnings`",
        False,
        "tests/search/test_reranker.py::"
        "test_a_reranker_that_fails_leaves_the_first_ranking_and_a_warning",
    ),
    Difference(
        "an asynchronous index after aclose()",
        "InvalidInputException; the package lets calls through",
        True,
        "tests/client/test_async.py::test_a_closed_index_says_so",
    ),
    Difference(
        "a write that is cancelled while it runs",
        "done completely or not at all, then CancelledError",
        False,
        "tests/client/test_async.py::"
        "test_upserts_cancelled_at_any_moment_are_done_completely_or_not_at_all",
    ),
    Difference(
        "serving endpoints named after cloud models",
        "`databricks-gte-large-en` and `databricks-bge-large-en` answer 1,024 numbers as the cloud's "
        "do, but of other models: all-MiniLM-L6-v2 with the extra `[text]`, else the workspace's "
        "encoder, with zeros behind; of length one, where the cloud's gte is longer",
        True,
        "tests/serving/test_serving.py::test_a_new_workspace_has_the_endpoints_that_code_expects",
    ),
    Difference(
        "a model that fails on a row",
        "that row is left out, or stays as it was, with the reason, and is tried again at the next sync",
        False,
        "tests/sync/test_managed.py::"
        "test_a_changed_row_that_the_model_fails_on_stays_as_it_was_until_it_does_not",
    ),
    Difference(
        "a vector of another length, or with a number that is not finite",
        "that row is reported, and stays as it was before; one whose vector is null leaves the index",
        False,
        "tests/sync/test_sync_difference.py::test_a_faulty_row_stays_as_it_was_until_its_key_goes",
    ),
    Difference(
        "a source table of which no row can be used",
        "the sync fails (400 INVALID_STATE), and the index goes on serving what it has",
        False,
        "tests/sync/test_sync_difference.py::"
        "test_a_table_of_which_no_row_is_usable_fails_the_sync_and_the_index_serves_on",
    ),
    Difference(
        "a source text that is null, empty or over 32,764 bytes",
        "that row is left out with the reason",
        False,
        "tests/sync/test_managed.py::test_a_row_without_a_usable_text_is_reported",
    ),
    Difference(
        "another model behind a serving endpoint",
        "queries are refused (400 INVALID_STATE) until a sync has encoded all rows anew",
        False,
        "tests/sync/test_managed.py::test_another_model_behind_the_endpoint_is_noticed",
    ),
    Difference(
        "the write-back table",
        "key, source column, vector; written whole after a sync, kept when the index is deleted",
        False,
        "tests/sync/test_managed.py::test_computed_embeddings_are_written_back",
    ),
    Difference(
        "upsert without a vector, where the index names a model",
        "that row fails",
        False,
        "tests/indexes/test_index_kinds.py::"
        "test_an_upserted_row_without_vector_fails_though_the_index_has_a_model",
    ),
    Difference(
        "texts of refusals on storage-optimized endpoints",
        "400 INVALID_PARAMETER_VALUE",
        False,
        "tests/indexes/test_index_kinds.py::"
        "test_a_storage_optimized_endpoint_takes_triggered_indexes_of_sixteens",
    ),
    Difference(
        "texts of refusals of full-text indexes",
        "400 INVALID_PARAMETER_VALUE",
        False,
        "tests/indexes/test_index_kinds.py::test_a_full_text_index_that_can_not_be_is_refused",
    ),
    Difference(
        "columns_to_sync in describe()",
        "as given, in that order",
        False,
        "tests/indexes/test_index_kinds.py::"
        "test_everything_a_managed_index_was_created_with_is_shown",
    ),
    Difference(
        "replies to changes of policies and payload logging",
        "`{}`; describe() shows them",
        False,
        "tests/indexes/test_index_kinds.py::test_policies_and_logging_change_and_last",
    ),
    Difference(
        "a sync that fails, as where the source table lost a column",
        "sync() raises (400 INVALID_STATE); in the cloud it answers `{}`. describe() shows it in both: "
        "ONLINE_PIPELINE_FAILED with message and failed_status",
        True,
        "tests/indexes/test_index_kinds.py::test_a_lost_column_fails_the_sync_until_it_is_back",
    ),
    Difference(
        "a column of another type of the same kind",
        "all rows are written anew",
        False,
        "tests/indexes/test_index_kinds.py::test_a_column_of_another_type_is_written_anew",
    ),
    Difference(
        "score of FULL_TEXT",
        "raw BM25 (k1 = 1.2, b = 0.75), summed over the columns that are searched",
        False,
        "tests/ranking/test_bm25.py::test_gains_by_hand",
    ),
    Difference(
        "columns that words are searched in",
        "all text columns, each with statistics of its own",
        False,
        "tests/search/test_full_text.py::test_words_are_looked_for_in_all_text_columns",
    ),
    Difference(
        "statistics of BM25",
        "of the live rows of the whole index, whatever the filter",
        False,
        "tests/search/test_keyword_search.py::test_any_history_answers_as_plain_python_does",
    ),
    Difference(
        "ties",
        "by ascending primary key",
        False,
        "tests/segments/test_keywords.py::test_rows_that_are_all_alike_come_in_the_order_of_their_keys",
    ),
    Difference(
        "words",
        "runs of letters and digits in lower case; no stemming, no stop words",
        False,
        "tests/segments/test_keywords.py::test_tokens_are_runs_of_letters_and_digits_in_lower_case",
    ),
    Difference(
        "score of HYBRID",
        "the sum of 1 / (60 + rank) over both rankings, 200 rows of each, divided by its best "
        "value 2 / 61",
        False,
        "tests/search/test_hybrid.py::test_both_rankings_are_fused_by_reciprocal_rank",
    ),
    Difference(
        "score_threshold of HYBRID",
        "is for the fused score",
        False,
        "tests/search/test_hybrid.py::test_the_threshold_is_for_the_fused_score",
    ),
    Difference(
        "a wrong method on a known path",
        "404 ENDPOINT_NOT_FOUND that names the methods it takes",
        False,
        "tests/rest/test_rest.py::test_a_request_is_refused",
    ),
    Difference(
        "an unknown field of a body or parameter",
        "400 MALFORMED_REQUEST that names it",
        False,
        "tests/rest/test_rest.py::test_a_request_is_refused",
    ),
    Difference(
        "page_token of lists",
        "lists are one page, so any token is refused",
        False,
        "tests/rest/test_rest.py::test_a_request_is_refused",
    ),
    Difference(
        "filters_json and filter_string together",
        "joined by AND",
        False,
        "tests/rest/test_rest.py::test_filters_come_as_json_text_or_as_text_and_are_joined",
    ),
    Difference(
        "pages of the `ai-search` dialect",
        "joined; it has no tokens for queries",
        False,
        "tests/rest/test_rest.py::test_pages_follow_each_other",
    ),
    Difference(
        "name of a write-back table",
        "`<index>_writeback_table` and no other; the cloud takes any",
        True,
        "tests/sync/test_managed.py::test_computed_embeddings_are_written_back",
    ),
    Difference(
        "null in a filter",
        "matches no condition and no NOT of one; NaN counts as null",
        False,
        "tests/filters/test_filter_text.py::test_a_null_passes_no_condition_and_no_opposite_of_one",
    ),
    Difference(
        "null as a value of a filter",
        "400, in a dict and in text",
        False,
        "tests/filters/test_filters.py::test_null_as_a_value_is_refused",
    ),
    Difference(
        "LIKE in a dict",
        "with `%` SQL's LIKE, else every word of the pattern as a whole word, in any order; "
        "letter case counts",
        False,
        "tests/filters/test_filters.py::test_a_filter_keeps_what_it_says",
    ),
    Difference(
        "LIKE, NOT, BETWEEN, IS NULL in text",
        "as in SQL, without escapes; times also as bare text",
        False,
        "tests/filters/test_filter_text.py::test_a_text_keeps_what_it_says",
    ),
    Difference(
        "IS TRUE and IS FALSE",
        "for boolean columns; never unknown",
        False,
        "tests/filters/test_filter_text.py::test_is_true_is_never_unknown",
    ),
    Difference(
        "double quotes in a filter as text",
        "name columns, as backticks do",
        False,
        "tests/filters/test_filter_text.py::test_a_refusal_names_what_was_given",
    ),
    Difference(
        "ranges on text, booleans and arrays",
        "400",
        False,
        "tests/filters/test_filters.py::test_an_operator_that_does_not_fit_the_column_is_refused",
    ),
    Difference(
        "OR of columns in a dict",
        "as many values as columns, or one for all",
        False,
        "tests/filters/test_filters.py::test_or_needs_one_value_for_each_column",
    ),
    Difference(
        "nesting of a filter",
        "at most 100 levels of AND, OR and NOT",
        False,
        "tests/filters/test_filter_text.py::test_nesting_is_limited",
    ),
    Difference(
        "dialects of filters",
        "both on both kinds of endpoint; a strict workspace refuses the one that the cloud refuses",
        True,
        "tests/filters/test_filter_text.py::test_both_dialects_are_taken_everywhere_unless_strict",
    ),
    Difference(
        "names of catalogs, schemas and tables",
        "letters, digits and underscores, kept as written, upper and lower case apart; the cloud takes "
        "more characters, and makes them lower case",
        True,
        "tests/catalogs/test_catalogs.py::test_names_are_kept_as_written",
    ),
    Difference(
        "a schema that was never created",
        "exists where a table, a volume or an index lies in it; the cloud lets nothing be made there",
        True,
        "tests/catalogs/test_catalogs.py::test_a_schema_exists_where_something_lies_in_it",
    ),
    Difference(
        "the catalog `main`",
        "it is in every workspace with a schema `default`, and neither is deleted",
        True,
        "tests/catalogs/test_catalogs.py::test_a_refusal_says_why",
    ),
    Difference(
        "`information_schema`",
        "no catalog lists one",
        True,
        "tests/catalogs/test_catalogs.py::test_a_new_workspace_has_the_default_catalog_with_a_schema",
    ),
    Difference(
        "deleting a schema or a catalog by force",
        "its indexes go too",
        False,
        "tests/conformance/test_catalogues.py::test_a_suite_sets_itself_up_and_cleans_up",
    ),
    Difference(
        "refusing to delete a catalog that is not empty",
        "400 CATALOG_NOT_EMPTY; the text is made after that of schemas",
        False,
        "tests/catalogs/test_catalogs.py::test_a_catalog_goes_by_force_with_its_schemas",
    ),
    Difference(
        "whether a table exists whose schema does not",
        "404 CATALOG_DOES_NOT_EXIST or SCHEMA_DOES_NOT_EXIST",
        False,
        "tests/catalogs/test_made_tables.py::test_a_name_that_is_taken_or_has_no_schema_is_refused",
    ),
    Difference(
        "codes of volumes, functions and models that are missing or taken",
        "NOT_FOUND of volumes; else RESOURCE_DOES_NOT_EXIST and RESOURCE_ALREADY_EXISTS",
        False,
        "tests/catalogs/test_volumes_and_definitions.py::test_a_volume_is_made_filled_and_deleted",
    ),
    Difference(
        "tables and volumes of files elsewhere, over the API",
        "501; they are registered on the machine that has the files",
        True,
        "tests/catalogs/test_made_tables.py::test_no_file_of_the_machine_becomes_a_table_over_the_api",
    ),
    Difference(
        "format of a table that was written here",
        "shown as MANAGED and DELTA; its files are Parquet without a log",
        True,
        "tests/catalogs/test_made_tables.py::test_a_made_table_shows_what_was_given",
    ),
    Difference(
        "a function of Unity Catalog",
        "kept and shown; nothing calls it",
        True,
        "tests/catalogs/test_volumes_and_definitions.py::test_a_function_is_kept_as_it_was_given",
    ),
    Difference(
        "another name for a catalog, a schema, a volume or a model",
        "501",
        True,
        "tests/catalogs/test_catalogs.py::test_a_refusal_says_why",
    ),
    Difference(
        "pages of lists of Unity Catalog",
        "by name, 10,000 where max_results is 0 or left out; the token is the last name",
        False,
        "tests/catalogs/test_tables.py::test_the_tables_of_a_schema_come_by_name_in_pages",
    ),
    Difference(
        "ANN with query_text beside query_vector",
        "the vector counts",
        False,
        "tests/core/test_query.py::test_of_text_and_vector_the_vector_counts",
    ),
    Difference(
        "a list of one where a filter takes a single value",
        "its value",
        False,
        "tests/filters/test_filters.py::test_a_list_of_one_is_its_value_where_one_is_expected",
    ),
    Difference(
        "decimals in replies",
        "a number where a double's shortest form says the same, else text with every digit",
        False,
        "tests/indexes/test_exact_values.py::test_a_decimal_that_no_double_says_is_shown_as_text",
    ),
    Difference(
        "float columns",
        "shown as the shortest decimal that reads back; a filter's value is rounded to float32 first",
        False,
        "tests/indexes/test_exact_values.py::test_a_narrow_float_is_found_and_shown_as_written",
    ),
    Difference(
        "times outside the years 1 to 9999",
        "taken from source tables and shown as `+10000-01-01T04:59:59`; refused in rows and filters",
        False,
        "tests/indexes/test_exact_values.py::"
        "test_times_and_dates_beyond_the_year_9999_are_stored_and_shown",
    ),
    Difference(
        "forms of times in rows and filters",
        "`2024-01-31`, or with `T12:00[:00[.000000]]` and an offset, `Z` or neither; no others, no "
        "numbers",
        False,
        "tests/core/test_values.py::test_time",
    ),
    Difference(
        "NaN, Infinity and half characters in rows",
        "that row fails, the others are written",
        False,
        "tests/rest/test_body_values.py::test_a_bad_row_of_a_body_fails_alone_and_says_why",
    ),
    Difference(
        "reasons of failed rows",
        "`failures` beside `result`, with `primary_key` and `reason` of each; only where rows failed",
        True,
        "tests/rest/test_body_values.py::test_a_bad_row_of_a_body_fails_alone_and_says_why",
    ),
    Difference(
        "a name twice in a JSON object",
        "400 INVALID_PARAMETER_VALUE",
        False,
        "tests/rest/test_body_values.py::test_a_name_twice_in_a_body_is_refused_and_named",
    ),
)


def as_markdown() -> str:
    """What `DIFFERENCES.md` holds."""
    lines = [_ABOVE, "| about | here | cloud | shown by |", "| --- | --- | --- | --- |"]
    for entry in DIFFERENCES:
        cloud = "known" if entry.known else "assumed"
        lines.append(f"| {entry.topic} | {entry.here} | {cloud} | `{entry.test}` |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    FILE.write_text(as_markdown())
