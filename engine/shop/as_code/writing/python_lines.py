"""Lines of Python that several snippets have. Knows the cloud's client packages; not queries."""

from __future__ import annotations

from engine.shop.as_code.writing.quoting import python_lines

# VectorSearchClient is the same class in both packages; the older one's import says it is deprecated.
CLIENT = "from databricks.ai_search.client import VectorSearchClient"
OLDER = (
    "The client comes with databricks-ai-search; of the older databricks-vectorsearch it is imported "
    "from databricks.vector_search.client."
)
SDK = "from databricks.sdk import WorkspaceClient"
PARAMETER = "from databricks.sdk.service.sql import StatementParameterListItem"
ENDPOINT_CLASSES = (
    "from databricks.sdk.service.serving import EndpointCoreConfigInput, ServedEntityInput"
)
INDEX = """client = VectorSearchClient(disable_notice=True)
index = client.get_index(index_name="{index}")"""
USER_VECTOR = """def of_user(user):
    warehouse = next(iter(w.warehouses.list())).id
    reply = w.statement_execution.execute_statement(
        "SELECT user_embedding FROM {table} WHERE user_id = :user",
        warehouse,
        parameters=[StatementParameterListItem(name="user", value=user)],
        wait_timeout="50s",
    )
    return [float(each) for each in json.loads(reply.result.data_array[0][0])]"""


def statement_lines(statement: str) -> list[str]:
    """A statement that a warehouse runs, and its rows."""
    return [
        SDK,
        "",
        "w = WorkspaceClient()  # reads DATABRICKS_HOST and DATABRICKS_TOKEN",
        f"statement = {python_lines(statement)}",
        "warehouse = next(iter(w.warehouses.list())).id",
        'reply = w.statement_execution.execute_statement(statement, warehouse, wait_timeout="50s")',
        "if reply.status.error:",
        "    raise SystemExit(reply.status.error.message)",
        "names = [column.name for column in reply.manifest.schema.columns]",
        "rows = reply.result.data_array or []  # texts, as the service sends them",
        "for row in rows:",
        "    print(*row)",
    ]
