"""The script of an export: plain calls of databricks-sdk over what was exported. Text in, text out."""

from __future__ import annotations

import pprint
from collections.abc import Mapping, Sequence
from typing import Any

from engine.service.cloud_export.statements import loading, tagging


def script(documents: Mapping[str, Sequence[Any]]) -> str:
    """The text of `create_in_cloud.py`.

    Args:
        documents: "tables", "tags", "grants", "endpoints", "indexes", "serving_endpoints" and
            "functions", as the manifest has them.
    """
    data = {
        "TABLES": [loading(table) for table in documents["tables"]],
        "TAGS": [tagging(one) for one in documents["tags"]],
        "GRANTS": list(documents["grants"]),
        "SERVING_ENDPOINTS": list(documents["serving_endpoints"]),
        "ENDPOINTS": [_without_none(one) for one in documents["endpoints"]],
        "INDEXES": [_without_none(one) for one in documents["indexes"]],
        "FUNCTIONS": list(documents["functions"]),
    }
    said = [f"{name} = {_literal(value)}" for name, value in data.items()]
    return "\n".join([_HEAD, *said, _BODY])


def _literal(value: object) -> str:
    return pprint.pformat(value, width=100, sort_dicts=False)


def _without_none(one: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in one.items() if value not in (None, [])}


_HEAD = '''#!/usr/bin/env python3
"""Make the endpoints and indexes of this export in a Databricks workspace.

    pip install databricks-sdk pyarrow
    export DATABRICKS_HOST=https://... DATABRICKS_TOKEN=...
    python create_in_cloud.py

What exists there is left as it is, so the script can be run again. It ends with 1 where something
is missing or failed, and says what.

Before: the catalogs and schemas of TABLES and INDEXES below, the SERVING_ENDPOINTS, and the tables,
each a Delta table of this folder (change data feed is on). Either load each `folder` of TABLES into
its `name` yourself, or upload this folder to a volume and let the script load what is missing:

    databricks fs cp -r . dbfs:/Volumes/CATALOG/SCHEMA/VOLUME/export
    python create_in_cloud.py --warehouse-id ID --volume /Volumes/CATALOG/SCHEMA/VOLUME/export
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from urllib.parse import quote

from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import DatabricksError, NotFound
from databricks.sdk.service import sql, vectorsearch as vs
'''

_BODY = '''
HERE = Path(__file__).resolve().parent
UPSERT_CHARACTERS = 1_000_000  # of JSON in one call
trouble = []
loaded = []  # tables whose foreign keys are made when all are there


def failed(text):
    trouble.append(text)
    print(f"FAILED {text}", file=sys.stderr)


def run_sql(w, warehouse_id, statement):
    reply = w.statement_execution.execute_statement(
        statement=statement, warehouse_id=warehouse_id, wait_timeout="50s"
    )
    while reply.status.state in (sql.StatementState.PENDING, sql.StatementState.RUNNING):
        time.sleep(5)
        reply = w.statement_execution.get_statement(reply.statement_id)
    if reply.status.state != sql.StatementState.SUCCEEDED:
        reason = reply.status.error.message if reply.status.error else reply.status.state.value
        raise RuntimeError(f"{reason} in: {statement}")


def table_exists(w, name):
    try:
        return bool(w.tables.exists(name).table_exists)
    except NotFound:  # not even its schema
        return False


def load_table(w, table, args):
    name = table["name"]
    if table_exists(w, name):
        print(f"exists  table {name}")
        return
    if not (args.warehouse_id and args.volume):
        place = HERE / table["folder"]
        failed(f"table {name} is missing: load {place}, or give --warehouse-id and --volume")
        return
    source = f"delta.`{args.volume.rstrip('/')}/{table['folder']}`"
    if table["insert"]:
        run_sql(w, args.warehouse_id, table["create"])
        run_sql(w, args.warehouse_id, f"{table['insert']} FROM {source}")
    else:
        run_sql(w, args.warehouse_id, f"{table['create']} AS SELECT * FROM {source}")
    print(f"loaded  table {name}: {table['rows']} rows")
    loaded.append(table)
    run_each(w, table, "after", args)


def run_each(w, table, which, args):
    for statement in table[which]:
        try:
            run_sql(w, args.warehouse_id, statement)
        except (DatabricksError, RuntimeError) as error:
            failed(f"table {table['name']}: {error}")


def set_tags(w, tags, args):
    if not args.warehouse_id:
        print(f"skipped tags of {tags['name']}: they need --warehouse-id")
        return
    run_sql(w, args.warehouse_id, tags["statement"])
    print(f"set     tags of {tags['name']}")


def create_functions(w, functions, args):
    """All of them, those that call others that are not there yet once these are."""
    if functions and not args.warehouse_id:
        print("skipped functions: they need --warehouse-id")
        return
    left, why = list(functions), {}
    while left:
        before, left = left, []
        for function in before:
            try:
                run_sql(w, args.warehouse_id, function["statement"])
                print(f"created function {function['name']}")
            except (DatabricksError, RuntimeError) as error:
                left.append(function)
                why[function["name"]] = error
        if len(left) == len(before):
            break
    for function in left:
        failed(f"function {function['name']}: {why[function['name']]}")


def grant(w, given):
    change = {"principal": given["principal"], "add": given["privileges"]}
    path = f"/api/2.1/unity-catalog/permissions/{given['kind']}/{quote(given['name'])}"
    w.api_client.do("PATCH", path, body={"changes": [change]})
    print(f"granted {', '.join(given['privileges'])} on {given['name']} to {given['principal']}")


def check_serving_endpoint(w, name):
    try:
        w.serving_endpoints.get(name)
        print(f"exists  serving endpoint {name}")
    except NotFound:
        failed(f"serving endpoint {name} is missing: create it, indexes need it")


def create_endpoint(w, endpoint, existing):
    name = endpoint["name"]
    if name in existing:
        print(f"exists  endpoint {name}")
        return
    w.vector_search_endpoints.create_endpoint_and_wait(
        name, vs.EndpointType(endpoint["endpoint_type"]), target_qps=endpoint.get("target_qps")
    )
    if "custom_tags" in endpoint:
        tags = [vs.CustomTag.from_dict(tag) for tag in endpoint["custom_tags"]]
        w.vector_search_endpoints.update_endpoint_custom_tags(name, tags)
    print(f"created endpoint {name}")


def find_index(w, name):
    try:
        return w.vector_search_indexes.get_index(name)
    except NotFound:
        return None


def create_index(w, index, args):
    name = index["name"]
    found = find_index(w, name)
    if found is None:
        source = index.get("delta_sync_index_spec", {}).get("source_table")
        if source is not None and not table_exists(w, source):
            failed(f"index {name} was not created: its table {source} is missing")
            return
        subtype = index.get("index_subtype")
        given = {
            "name": name,
            "endpoint_name": index["endpoint_name"],
            "primary_key": index["primary_key"],
            "index_type": vs.VectorIndexType(index["index_type"]),
            "index_subtype": vs.IndexSubtype(subtype) if subtype else None,
        }
        if source is not None:
            spec = vs.DeltaSyncVectorIndexSpecRequest.from_dict(index["delta_sync_index_spec"])
            w.vector_search_indexes.create_index(**given, delta_sync_index_spec=spec)
        else:
            spec = vs.DirectAccessVectorIndexSpec.from_dict(index["direct_access_index_spec"])
            w.vector_search_indexes.create_index(**given, direct_access_index_spec=spec)
        print(f"created index {name}")
    else:
        print(f"exists  index {name}")
    ready = wait_until_ready(w, name, args.wait_minutes)
    if "direct_access_index_spec" in index:
        held = 0 if found is None else ready.status.indexed_row_count or 0
        if held == 0 or args.upsert:
            upsert_rows(w, index)
        elif held < index["rows"]:
            failed(f"index {name} holds {held} of {index['rows']} rows: --upsert writes them again")


def wait_until_ready(w, name, minutes):
    until, pause = time.monotonic() + 60 * minutes, 1
    while True:
        index = w.vector_search_indexes.get_index(name)
        if index.status is not None and index.status.ready:
            return index
        said = index.status.message if index.status is not None else "no status"
        if time.monotonic() > until:
            raise RuntimeError(f"not ready after {minutes} minutes: {said}")
        time.sleep(pause)
        pause = min(2 * pause, 30)


def upsert_rows(w, index):
    import pyarrow.parquet as pq  # the rows are a Delta table that was written once

    written, waiting, size = 0, [], 0
    for file in sorted((HERE / index["folder"]).glob("*.parquet")):
        for batch in pq.ParquetFile(file).iter_batches(1_000):
            for row in rows_of(batch):
                text = json.dumps(row, default=lambda value: value.isoformat())
                if waiting and size + len(text) > UPSERT_CHARACTERS:
                    written += upsert(w, index["name"], waiting)
                    waiting, size = [], 0
                waiting.append(text)
                size += len(text)
    if waiting:
        written += upsert(w, index["name"], waiting)
    print(f"wrote   {written} of {index['rows']} rows to index {index['name']}")


def rows_of(batch):
    try:
        return batch.to_pylist()
    except (ValueError, OverflowError):  # a year that Python doesn't know
        import pyarrow as pa

        times = [pa.types.is_temporal(field.type) for field in batch.schema]
        texts = [c.cast(pa.string()) if time else c for c, time in zip(batch.columns, times)]
        return pa.RecordBatch.from_arrays(texts, names=batch.schema.names).to_pylist()


def upsert(w, name, rows):
    reply = w.vector_search_indexes.upsert_data_vector_index(name, f"[{', '.join(rows)}]")
    bad = (reply.result.failed_primary_keys if reply.result else None) or []
    if bad:
        failed(f"index {name} refused {len(bad)} rows, such as {bad[0]}")
    return len(rows) - len(bad)


def each(what, things, work):
    """Work on each; one that fails is told, and the next one's turn comes."""
    for thing in things:
        try:
            work(thing)
        except (DatabricksError, RuntimeError, TimeoutError, OSError) as error:
            name = thing if isinstance(thing, str) else thing["name"]
            failed(f"{what} {name}: {error}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\\n")[0])
    parser.add_argument("--warehouse-id", help="SQL warehouse that loads missing tables")
    parser.add_argument("--volume", help="where this folder was uploaded: /Volumes/...")
    parser.add_argument(
        "--upsert", action="store_true", help="write rows also to direct access indexes that have some"
    )
    parser.add_argument("--wait-minutes", type=float, default=60, help="for an index; default 60")
    args = parser.parse_args()
    if args.volume and (not args.volume.startswith("/Volumes/") or "`" in args.volume):
        parser.error("--volume expects a path such as /Volumes/main/shop/files/export")
    w = WorkspaceClient()
    existing = {endpoint.name for endpoint in w.vector_search_endpoints.list_endpoints()}
    each("table", TABLES, lambda table: load_table(w, table, args))
    each("table", loaded, lambda table: run_each(w, table, "last", args))
    each("tags of", TAGS, lambda tags: set_tags(w, tags, args))
    each("grants on", GRANTS, lambda given: grant(w, given))
    each("serving endpoint", SERVING_ENDPOINTS, lambda name: check_serving_endpoint(w, name))
    each("endpoint", ENDPOINTS, lambda endpoint: create_endpoint(w, endpoint, existing))
    each("index", INDEXES, lambda index: create_index(w, index, args))
    create_functions(w, FUNCTIONS, args)
    print(f"done, {len(trouble)} in trouble" if trouble else "done")
    return 1 if trouble else 0


if __name__ == "__main__":
    sys.exit(main())
'''
