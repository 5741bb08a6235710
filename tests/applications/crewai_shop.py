"""A shop's questions in SQL by crewai-tools: a program for any workspace, that knows host and token.

Reads DATABRICKS_HOST and DATABRICKS_TOKEN. The workspace has the table main.shop.notes. Prints the
tool's answers as JSON. No language model is asked: what an agent would ask for is written here.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

os.environ["CREWAI_DISABLE_TELEMETRY"] = os.environ["OTEL_SDK_DISABLED"] = "true"

from crewai_tools import DatabricksQueryTool
from databricks.sdk import WorkspaceClient

QUESTIONS: dict[str, dict[str, Any]] = {
    "all": {"query": "SELECT id, text, price FROM main.shop.notes ORDER BY price;"},
    "limited": {"query": "SELECT text FROM main.shop.notes ORDER BY id", "row_limit": 2},
    "star": {"query": "SELECT * FROM notes WHERE id = '5'", "catalog": "main", "db_schema": "shop"},
    "grouped": {
        "query": "SELECT color, COUNT(*) AS notes, AVG(price) AS mean FROM `main`.`shop`.`notes` "
        "GROUP BY color HAVING COUNT(*) > 2 ORDER BY color"
    },
    "none": {"query": "SELECT text FROM main.shop.notes WHERE color = 'green'"},
    "no_table": {"query": "SELECT text FROM main.shop.nowhere"},
    "bad_column": {"query": "SELECT colour FROM main.shop.notes"},
    "no_sql": {"query": "SELEKT text FROM main.shop.notes"},
    "tables": {"query": "SHOW TABLES IN main.shop", "row_limit": None},
    "made": {
        "query": "CREATE TABLE main.shop.red AS SELECT * FROM main.shop.notes WHERE color = 'red'"
    },
}


def main() -> None:
    json.load(sys.stdin)  # the rows of the table, which this program asks the workspace for
    warehouse = next(iter(WorkspaceClient().warehouses.list())).id
    tool = DatabricksQueryTool(default_warehouse_id=warehouse)
    print(json.dumps({name: tool.run(**asked) for name, asked in QUESTIONS.items()}))


if __name__ == "__main__":
    main()
