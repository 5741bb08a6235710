"""Functions that DuckDB is given beside its own: what the cloud's mean where the types of values decide.

Knows DuckDB's words; not the cloud's.
"""

from __future__ import annotations

from engine.service.sql.language.functions import bodies

_WHOLE = {"TINYINT": "tinyint", "SMALLINT": "smallint", "INTEGER": "int", "BIGINT": "bigint"}
_DIGITS = "regexp_full_match(trim(CAST(x AS VARCHAR)), '[+-]?[0-9]+')"
_REFUSED = (
    "CASE WHEN CAST(vitrine_failed('[CAST_INVALID_INPUT] The value ''' || CAST(x AS VARCHAR) || "
    '\'\'\' of the type "STRING" cannot be cast to "{kind}" because it is malformed. '
    "Use try_cast to have null instead.') AS BOOLEAN) THEN NULL END"
)
# A fraction is cut off; a text has to be a whole number. `typeof` is of columns, so one branch runs.
_CAST = """(x) AS CASE
    WHEN typeof(x) IN ('DOUBLE', 'FLOAT') THEN {cast}(trunc(TRY_CAST(x AS DOUBLE)) AS {kind})
    WHEN starts_with(typeof(x), 'DECIMAL')
    THEN {cast}(regexp_replace(CAST(x AS VARCHAR), '[.].*', '') AS {kind})
    WHEN typeof(x) = 'TIMESTAMP WITH TIME ZONE'
    THEN {cast}(floor(epoch(TRY_CAST(x AS TIMESTAMPTZ))) AS {kind})
    WHEN typeof(x) = 'INTERVAL' THEN {cast}(floor({days}) AS {kind})
    WHEN typeof(x) = 'VARCHAR' AND NOT {digits} THEN {otherwise}
    ELSE {cast}(x AS {kind}) END"""
# A place outside a list, which `i` is of `l`.
_OUTSIDE = (
    "CASE WHEN CAST(vitrine_failed('[INVALID_ARRAY_INDEX{where}] The index ' || CAST(i AS VARCHAR) || "
    "' is out of bounds. The array has ' || CAST(len(l) AS VARCHAR) || ' elements. Use {instead} to "
    "have null instead.') AS BOOLEAN) THEN NULL END"
)
_ZERO = (
    "CASE WHEN CAST(vitrine_failed('[INVALID_INDEX_OF_ZERO] The index 0 is invalid: the first element "
    "has index 1.') AS BOOLEAN) THEN NULL END"
)
_DAYS = "epoch(TRY_CAST(x AS INTERVAL)) / 86400"
_ZONED = "left(CAST(x AS VARCHAR), -3)"  # times are in UTC: without their +00
_TEXT = f"""(x) AS CASE
    WHEN typeof(x) = 'TIMESTAMP WITH TIME ZONE' THEN {_ZONED}
    WHEN typeof(x) IN ('DOUBLE', 'FLOAT') THEN CASE CAST(x AS VARCHAR)
        WHEN 'nan' THEN 'NaN' WHEN 'inf' THEN 'Infinity' WHEN '-inf' THEN '-Infinity'
        ELSE vitrine_number(CAST(x AS VARCHAR)) END
    WHEN typeof(x) = 'INTERVAL' AND floor({_DAYS}) = {_DAYS}
    THEN concat('INTERVAL ''', CAST({_DAYS} AS BIGINT), ''' DAY')
    WHEN ends_with(typeof(x), ']') OR starts_with(typeof(x), 'STRUCT(') OR starts_with(typeof(x), 'MAP(')
    THEN vitrine_said(x)
    ELSE CAST(x AS VARCHAR) END"""
# Numbers from ten million on, and below a thousandth, have one digit before the point, and an exponent.
_NUMBER = """(t) AS CASE
    WHEN abs(TRY_CAST(t AS DOUBLE)) >= 1e7
        OR (abs(TRY_CAST(t AS DOUBLE)) < 1e-3 AND TRY_CAST(t AS DOUBLE) <> 0)
    THEN vitrine_exponent(CASE WHEN starts_with(t, '-') THEN '-' ELSE '' END,
        split_part(ltrim(t, '-'), 'e', 1), coalesce(TRY_CAST(split_part(t, 'e', 2) AS INTEGER), 0))
    ELSE t END"""
_EXPONENT = """(sign, mantissa, e) AS vitrine_digits(
    sign, replace(mantissa, '.', ''), length(split_part(mantissa, '.', 1)) - 1 + e)"""
_DIGITS_SAID = """(sign, digits, e) AS sign || left(ltrim(digits, '0'), 1) || '.'
    || CASE rtrim(substr(ltrim(digits, '0'), 2), '0') WHEN '' THEN '0'
        ELSE rtrim(substr(ltrim(digits, '0'), 2), '0') END
    || 'E' || CAST(e - length(digits) + length(ltrim(digits, '0')) AS VARCHAR)"""
_OTHERS = {
    "vitrine_at": f"""(l, i) AS CASE
        WHEN i < 0 OR i >= len(l) THEN {_OUTSIDE.format(where="", instead="get")}
        ELSE list_extract(l, i + 1) END""",
    "vitrine_element": f"""(l, i) AS CASE WHEN i = 0 THEN {_ZERO}
        WHEN abs(i) > len(l)
        THEN {_OUTSIDE.format(where="_IN_ELEMENT_AT", instead="try_element_at")}
        ELSE list_extract(l, i) END""",
    "vitrine_digits": _DIGITS_SAID,
    "vitrine_exponent": _EXPONENT,
    "vitrine_number": _NUMBER,
    "vitrine_text": _TEXT,
    # Of several forms the type of the first argument picks one, which no aggregate's does.
    "vitrine_piece": f"(x TIMESTAMPTZ) AS {_ZONED}, (x TIMESTAMP) AS x, (x DATE) AS x, (x) AS x",
    "vitrine_later": "(x DATE, i) AS CAST(x + i AS DATE), (x, i) AS x + i",
    "vitrine_earlier": "(x DATE, i) AS CAST(x - i AS DATE), (x, i) AS x - i",
    "vitrine_time_later": "(x DATE, i) AS CAST(x + i AS TIMESTAMPTZ), (x, i) AS x + i",
    "vitrine_time_earlier": "(x DATE, i) AS CAST(x - i AS TIMESTAMPTZ), (x, i) AS x - i",
    "vitrine_sequence": """
        (a DATE, b) AS CAST(generate_series(
            a, b, CASE WHEN a <= b THEN INTERVAL 1 DAY ELSE INTERVAL (-1) DAY END) AS DATE[]),
        (a, b) AS generate_series(a, b, CASE WHEN a <= b THEN 1 ELSE -1 END)""",
    "vitrine_steps": """
        (a DATE, b, s) AS CAST(generate_series(a, b, s) AS DATE[]),
        (a, b, s) AS generate_series(a, b, s)""",
    # A product beyond BIGINT is an overflow, which a cast of too great a number isn't.
    "vitrine_sum": """(s) AS CAST(s // 4294967296 AS BIGINT) * CAST(4294967296 AS BIGINT)
        + CAST(s % 4294967296 AS BIGINT)""",
    # Halves are those of the shortest text: 1.005 is one, which as a DOUBLE is a little less. `p` is the
    # power of ten of `n`.
    "vitrine_round": """(x, n, p) AS CASE WHEN abs(abs(x) * p % 1 - 0.5) <= 1e-3
        THEN coalesce(
            CAST(round(TRY_CAST(CAST(x AS VARCHAR) AS DECIMAL(38, 17)), n) AS DOUBLE), round(x, n))
        ELSE round(x, n) END""",
    "vitrine_json_listed": """(l) AS CASE len(l) WHEN 0 THEN NULL WHEN 1 THEN l[1]
        ELSE '[' || array_to_string(l, ',') || ']' END""",
    "vitrine_json_found": """(l) AS vitrine_json_listed(
        list_filter(list_transform(l, lambda x: CAST(x AS VARCHAR)), lambda x: x <> 'null'))""",
    "vitrine_distinct": "(l) AS list_filter(l, lambda x, i: list_position(l, x) = i)",
    "vitrine_union": """(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL
        ELSE vitrine_distinct(list_concat(a, b)) END""",
    "vitrine_except": """(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL
        ELSE vitrine_distinct(list_filter(a, lambda x: list_position(b, x) IS NULL)) END""",
    "vitrine_pmod": "(r, b) AS CASE WHEN r < 0 THEN (r + b) % b ELSE r END",
    "vitrine_remove": """(l, v) AS CASE WHEN v IS NULL THEN NULL
        ELSE list_filter(l, LAMBDA x : x IS NULL OR x <> v) END""",
    "vitrine_intersect": """(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL
        ELSE vitrine_distinct(list_filter(a, lambda x: list_position(b, x) IS NOT NULL)) END""",
    "vitrine_position": """(a, x) AS CASE WHEN a IS NULL OR x IS NULL THEN NULL
        ELSE coalesce(list_position(a, x), 0) END""",
    "vitrine_any": """(t) AS CASE WHEN t IS NULL THEN NULL WHEN list_contains(t, true) THEN true
        WHEN len(t) > list_count(t) THEN NULL ELSE false END""",
    "vitrine_all": """(t) AS CASE WHEN t IS NULL THEN NULL WHEN list_contains(t, false) THEN false
        WHEN len(t) > list_count(t) THEN NULL ELSE true END""",
    # The spans of time, in microseconds, that hold a time: the last that begins before it, and others.
    "vitrine_windows": """(t, width, apart, first) AS CASE WHEN t IS NULL THEN [] ELSE list_transform(
        list_filter(list_transform(range((width + apart - 1) // apart), lambda vitrine_i:
            epoch_us(t) - ((epoch_us(t) - first) % apart + apart) % apart - vitrine_i * apart),
            lambda vitrine_s: vitrine_s + width > epoch_us(t)),
        lambda vitrine_s: {'start': timezone('UTC', make_timestamp(vitrine_s)),
            'end': timezone('UTC', make_timestamp(vitrine_s + width))}) END""",
    "vitrine_before": """(s, d, n) AS CASE WHEN s IS NULL OR d IS NULL OR n IS NULL THEN NULL
        WHEN n = 0 OR d = '' THEN ''
        WHEN n > 0 THEN array_to_string(list_slice(string_split(s, d), 1, n), d)
        ELSE array_to_string(list_slice(string_split(s, d), n, -1), d) END""",
}


def macros() -> list[str]:
    """The statements that make the functions, in order."""
    made = []
    for kind, name in _WHOLE.items():
        for prefix, cast, otherwise in (
            ("", "CAST", _REFUSED.format(kind=name.upper())),
            ("try_", "TRY_CAST", "NULL"),
        ):
            body = _CAST.format(
                cast=cast, kind=kind, digits=_DIGITS, days=_DAYS, otherwise=otherwise
            )
            made.append(f"CREATE MACRO vitrine_{prefix}{name}{body}")
    made += [f"CREATE MACRO {name}{body}" for name, body in _OTHERS.items()]
    return made + bodies.macros()


def cast_to(value: str, kind: str) -> str:
    """A value in a type, both in DuckDB's words, cast as the cloud casts."""
    if kind.endswith("[]") and kind.rstrip("[]") in _WHOLE:
        inner = cast_to("vitrine_x", kind.removesuffix("[]"))
        return f"CAST(list_transform({value}, lambda vitrine_x: {inner}) AS {kind})"
    if kind in _WHOLE:
        return f"vitrine_{_WHOLE[kind]}({value})"
    return f"vitrine_text({value})" if kind == "VARCHAR" else f"CAST({value} AS {kind})"
