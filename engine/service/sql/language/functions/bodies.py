"""Functions that DuckDB lacks, or means otherwise, in its words. Knows texts; `added` calls them."""

from __future__ import annotations

PREFIX = "vitrine_fn_"
# By the user's name. Of several forms the types of the arguments pick one.
BODIES = {
    "arrays_overlap": """(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL
        WHEN list_has_any(a, b) THEN true
        WHEN len(a) > 0 AND len(b) > 0 AND (len(a) > list_count(a) OR len(b) > list_count(b)) THEN NULL
        ELSE false END""",
    "array_contains": """(a, x) AS CASE WHEN list_contains(a, x) THEN true
        WHEN a IS NULL OR x IS NULL OR len(a) > list_count(a) THEN NULL ELSE false END""",
    "array_repeat": "(x, n) AS list_transform(range(n), lambda vitrine_i: x)",
    "assert_true": """(x) AS CASE WHEN x THEN NULL
        WHEN CAST(vitrine_failed('[USER_RAISED_EXCEPTION] it is not true') AS BOOLEAN) THEN NULL END,
        (x, m) AS CASE WHEN x THEN NULL
        WHEN CAST(vitrine_failed('[USER_RAISED_EXCEPTION] ' || m) AS BOOLEAN) THEN NULL END""",
    "base64": "(x BLOB) AS to_base64(x), (x) AS to_base64(encode(CAST(x AS VARCHAR)))",
    "bin": "(x) AS bin(CAST(x AS BIGINT))",
    "bround": "(x) AS round_even(x, 0), (x, n) AS round_even(x, n)",
    "btrim": "(s) AS trim(s), (s, c) AS trim(s, c)",
    "conv": "(x, a, b) AS vitrine_conv(CAST(x AS VARCHAR), CAST(a AS INTEGER), CAST(b AS INTEGER))",
    "crc32": "(x BLOB) AS vitrine_crc32(x), (x) AS vitrine_crc32(encode(CAST(x AS VARCHAR)))",
    "csc": "(x) AS 1 / sin(CAST(x AS DOUBLE))",
    "dayname": "(x) AS strftime(CAST(x AS DATE), '%a')",
    "date_from_unix_date": "(n) AS CAST(DATE '1970-01-01' + CAST(n AS INTEGER) AS DATE)",
    "e": "() AS exp(CAST(1 AS DOUBLE))",
    "expm1": "(x) AS CASE WHEN abs(x) < 1e-5 THEN x + x * x / 2 ELSE exp(CAST(x AS DOUBLE)) - 1 END",
    "find_in_set": """(a, l) AS CASE WHEN contains(a, ',') THEN 0 WHEN a IS NULL OR l IS NULL THEN NULL
        ELSE coalesce(list_position(string_split(l, ','), a), 0) END""",
    "format_number": "(x, n) AS format('{:,.' || n || 'f}', CAST(x AS DOUBLE))",
    "get": "(l, i) AS CASE WHEN i < 0 THEN NULL ELSE l[i + 1] END",
    "getbit": "(x, n) AS CAST((CAST(x AS BIGINT) >> n) & 1 AS TINYINT)",
    "hypot": "(a, b) AS sqrt(CAST(a AS DOUBLE) * a + CAST(b AS DOUBLE) * b)",
    "json_array_length": """(j) AS CASE WHEN json_type(TRY_CAST(j AS JSON)) = 'ARRAY'
        THEN CAST(json_array_length(TRY_CAST(j AS JSON)) AS INTEGER) END""",
    "ln": "(x) AS CASE WHEN CAST(x AS DOUBLE) > 0 THEN ln(CAST(x AS DOUBLE)) END",
    "log": "(b, x) AS CASE WHEN CAST(b AS DOUBLE) > 0 AND CAST(x AS DOUBLE) > 0 THEN log(b, x) END",
    "log1p": """(x) AS CASE WHEN abs(x) < 1e-5 THEN x - x * x / 2
        WHEN x > -1 THEN ln(1 + CAST(x AS DOUBLE)) END""",
    "luhn_check": "(x) AS vitrine_luhn(CAST(x AS VARCHAR))",
    "make_date": "(y, m, d) AS make_date(y, m, d)",
    "map_concat": """(a) AS a,
        (a, b) AS CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN map_concat(a, b) END,
        (a, b, c) AS CASE WHEN a IS NOT NULL AND b IS NOT NULL AND c IS NOT NULL
        THEN map_concat(a, b, c) END""",
    "map_contains_key": "(m, k) AS list_contains(map_keys(m), k)",
    "map_entries": "(m) AS CASE WHEN m IS NOT NULL THEN map_entries(m) END",
    "map_values": "(m) AS CASE WHEN m IS NOT NULL THEN map_values(m) END",
    "mask": """(s) AS regexp_replace(regexp_replace(regexp_replace(s, '[A-Z]', 'X', 'g'),
        '[a-z]', 'x', 'g'), '[0-9]', 'n', 'g')""",
    "monthname": "(x) AS strftime(CAST(x AS DATE), '%b')",
    "nanvl": "(a, b) AS CASE WHEN isnan(a) THEN b ELSE a END",
    "negative": "(x) AS -x",
    "nullifzero": "(x) AS nullif(x, 0)",
    "octet_length": "(x BLOB) AS octet_length(x), (x) AS strlen(CAST(x AS VARCHAR))",
    "parse_url": """(u, p) AS vitrine_url_part(CAST(u AS VARCHAR), p, NULL, false),
        (u, p, k) AS CASE WHEN k IS NOT NULL
        THEN vitrine_url_part(CAST(u AS VARCHAR), p, k, false) END""",
    "positive": "(x) AS x",
    "quote": """(s) AS '''' || replace(replace(s, '\\', '\\\\'), '''', '\\''') || ''''""",
    "regexp": "(s, r) AS regexp_matches(s, r)",
    "regexp_substr": "(s, r) AS CASE WHEN regexp_matches(s, r) THEN regexp_extract(s, r) END",
    "reverse": "(x VARCHAR) AS reverse(x), (x) AS list_reverse(x)",
    "rint": "(x) AS round_even(CAST(x AS DOUBLE), 0)",
    "schema_of_json": "(j) AS vitrine_schema_of_json(j)",
    "sec": "(x) AS 1 / cos(CAST(x AS DOUBLE))",
    "sha2": "(x BLOB, n) AS vitrine_sha2(x, n), (x, n) AS vitrine_sha2(encode(CAST(x AS VARCHAR)), n)",
    "shuffle": """(l) AS list_transform(list_sort(list_transform(l,
        lambda vitrine_x: {'order': random(), 'value': vitrine_x})),
        lambda vitrine_y: vitrine_y.value)""",
    "soundex": "(s) AS vitrine_soundex(CAST(s AS VARCHAR))",
    "str_to_map": """(s, p, k) AS map_from_entries(list_transform(string_split(s, p), lambda vitrine_x:
        {'key': split_part(vitrine_x, k, 1), 'value': CASE WHEN contains(vitrine_x, k)
        THEN substr(vitrine_x, strpos(vitrine_x, k) + length(k)) END}))""",
    "timestamp_micros": "(x) AS timezone('UTC', make_timestamp(CAST(x AS BIGINT)))",
    "timestamp_millis": "(x) AS timezone('UTC', epoch_ms(CAST(x AS BIGINT)))",
    "timestamp_seconds": "(x) AS to_timestamp(CAST(x AS DOUBLE))",
    "to_csv": "(x) AS vitrine_csv(x)",
    "try_mod": "(a, b) AS CASE WHEN b <> 0 THEN a % b END",
    "try_parse_url": """(u, p) AS vitrine_url_part(CAST(u AS VARCHAR), p, NULL, true),
        (u, p, k) AS CASE WHEN k IS NOT NULL
        THEN vitrine_url_part(CAST(u AS VARCHAR), p, k, true) END""",
    "try_to_date": "(x) AS TRY_CAST(CAST(x AS VARCHAR) AS DATE)",
    "try_to_timestamp": "(x) AS TRY_CAST(CAST(x AS VARCHAR) AS TIMESTAMPTZ)",
    "typeof": "(x) AS vitrine_type_text(typeof(x))",
    "url_decode": "(s) AS url_decode(replace(s, '+', ' '))",
    "url_encode": "(s) AS replace(url_encode(s), '%20', '+')",
    "whole": "(x TINYINT) AS CAST(x AS INTEGER), (x SMALLINT) AS CAST(x AS INTEGER), (x) AS x",
    "width_bucket": """(v, a, b, n) AS CASE
        WHEN a < b AND v < a OR a > b AND v > a THEN 0
        WHEN a < b AND v >= b OR a > b AND v <= b THEN n + 1
        ELSE CAST(floor((v - a) * n / (b - a)) AS BIGINT) + 1 END""",
    "zeroifnull": "(x) AS coalesce(x, 0)",
}  # fmt: skip


def macros() -> list[str]:
    """The statements that make the functions."""
    return [f"CREATE MACRO {PREFIX}{name}{body}" for name, body in BODIES.items()]
