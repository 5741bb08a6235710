"""What notebooks do in the cloud, they do here: each test is named for what used to go wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.needs import needs
from support.notebooks import Written, ran, run_notebook, source_form
from support.storefront import built_shop

from engine import Workspace
from engine.doors.notebook.dbutils.files import FileSystem
from engine.doors.notebook.dbutils.widgets import Widgets
from engine.doors.notebook.sql_cells import SqlCells

needs("notebook")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return built_shop(tmp_path_factory.mktemp("shop"))


def test_a_widget_that_is_there_keeps_its_value_when_it_is_made_again() -> None:
    widgets = Widgets({})
    widgets.text("env", "dev")
    widgets.text("env", "prod")
    widgets.dropdown("env", "x", ["x", "dev"])
    assert widgets.get("env") == "dev"
    widgets.remove("env")
    widgets.combobox("env", "prod")
    assert widgets.get("env") == "prod"


def test_removing_all_widgets_first_loses_no_value_that_the_run_was_given() -> None:
    widgets = Widgets({"limit": "3", "other": "x"})
    widgets.removeAll()
    assert widgets.getAll() == {}
    widgets.text("limit", "12")
    assert widgets.getAll() == {"limit": "3"}


def test_what_run_gives_comes_before_the_other_notebooks_default(
    shop: Workspace, tmp_path: Path
) -> None:
    other = [Written("dbutils.widgets.text('env', 'dev')\nENV = dbutils.widgets.get('env')")]
    (tmp_path / "other.py").write_text(source_form(other))
    cells = [
        Written(" ./other", "run"),
        Written(' ./other $env="prod"', "run"),
        Written("print(ENV)\n%restart_python"),
    ]
    done = run_notebook(source_form(cells), tmp_path, shop.path)
    assert ran(done) == "prod\n" and "restartPython() is skipped" in done.stderr


def test_a_file_that_is_missing_is_said_in_the_words_that_notebooks_look_for() -> None:
    fs = FileSystem(lambda _: None)
    for ask in (fs.ls, fs.head, lambda path: fs.cp(path, "file:/tmp/x")):
        with pytest.raises(FileNotFoundError, match=r"java\.io\.FileNotFoundException.*: file:/no"):
            ask("file:/no/such")


def test_dbutils_says_what_it_has(capsys: pytest.CaptureFixture[str]) -> None:
    Widgets({}).help()
    said = capsys.readouterr().out
    assert "dbutils.widgets.text(name: " in said and "help(" not in said
    Widgets({}).help("get")
    said = capsys.readouterr().out
    assert said.startswith("dbutils.widgets.get(name: 'str') -> 'str'\nA widget's value")
    assert "NotFound: no such widget." in said


def test_sql_asks_for_widgets_by_the_old_function_too(shop: Workspace, tmp_path: Path) -> None:
    cells = [
        Written("dbutils.widgets.text('who', \"it's\")"),
        Written("\nSELECT getArgument('who') AS who, getArgument(\"who\") AS again", "sql"),
    ]
    assert "\nit's  it's\n" in ran(run_notebook(source_form(cells), tmp_path, shop.path))


def test_an_error_of_syntax_shows_the_line_where_it_is(shop: Workspace, tmp_path: Path) -> None:
    cells = [Written("x = 1"), Written("y = 1\nx = (1 +\nz = 2")]
    done = run_notebook(source_form(cells), tmp_path, shop.path)
    assert done.returncode == 1
    assert "line 7\n    x = (1 +\n        ^\nSyntaxError: '(' was never closed" in done.stderr


def test_a_module_beside_the_notebook_begins_the_session_on_the_workspace(
    shop: Workspace, tmp_path: Path
) -> None:
    needs("spark")
    (tmp_path / "loading.py").write_text(
        "from pyspark.sql import SparkSession\n\n\ndef products():\n"
        "    made = SparkSession.builder.appName('x').getOrCreate()\n"
        "    return made.table('main.fashion_demo.products')\n"
    )
    cells = [
        Written("import loading\nprint(loading.products().count() > 0)"),
        Written("assert spark is loading.products().sparkSession\n"
                "print(sqlContext.sql('SELECT 1').count())"),
        Written("import databricks.connect as connect\n"
                "from databricks.connect import DatabricksSession\n"
                "made = DatabricksSession.builder.remote(host='x', token='y').serverless(True)\n"
                "print(made.getOrCreate() is connect.DatabricksSession.builder.getOrCreate() is spark)"),
        Written("\nUSE SCHEMA fashion_demo;\n"
                "CREATE FUNCTION main.fashion_demo.turned(s STRING) RETURNS STRING\n"
                "LANGUAGE PYTHON AS $$\n"
                "  said = \"it's;\"; return said + s[::-1]\n$$;\n"
                "SELECT main.fashion_demo.turned('ab') AS t, current_schema() AS s, ';' AS u "
                "FROM products LIMIT 1", "sql"),
    ]  # fmt: skip
    printed = ran(run_notebook(source_form(cells), tmp_path, shop.path))
    assert printed.startswith("True\n1\nTrue\n") and "\nit's;ba  fashion_demo  ;\n" in printed


def test_an_address_made_of_https_and_the_host_reaches_the_server(
    shop: Workspace, tmp_path: Path
) -> None:
    needs("spark", "sdk", "https")
    cells = [
        Written("import requests, urllib.request\n"
                "context = dbutils.notebook.entry_point.getDbutils().notebook().getContext()\n"
                "HEADERS = {'Authorization': f'Bearer {context.apiToken().get()}'}\n"
                "hosts = [context.browserHostName().get(), context.tags().apply('browserHostName'),\n"
                "         spark.conf.get('spark.databricks.workspaceUrl')]\n"
                "for host in hosts:\n"
                "    url = f'https://{host}/api/2.0/serving-endpoints'\n"
                "    print(requests.get(url, headers=HEADERS).status_code)\n"
                "asked = urllib.request.Request(url, headers=HEADERS)\n"
                "print(urllib.request.urlopen(asked).status)"),
        Written("from pyspark.sql.functions import udf\n"
                "ask = udf(lambda _: requests.get(url, headers=HEADERS).status_code, 'int')\n"
                "print(spark.range(1).select(ask('id').alias('s')).first()['s'])"),
        Written("from databricks.sdk import WorkspaceClient\nw = WorkspaceClient()\n"
                "assert w.config.token == context.apiToken().get()\n"
                "assert w.config.oauth_token().access_token\n"
                "print(w.current_user.me().user_name == context.userName().get())\n"
                "print(str(w.get_workspace_id()) == context.workspaceId().get())"),
    ]  # fmt: skip
    printed = ran(run_notebook(source_form(cells), tmp_path, shop.path))
    assert printed == "200\n" * 5 + "True\nTrue\n"


def test_runs_of_mlflow_are_kept_for_the_next_notebook(shop: Workspace, tmp_path: Path) -> None:
    needs("mlflow")
    logs = "import mlflow\nmlflow.set_experiment('/Users/me@example.com/fashion')\n" \
           "with mlflow.start_run():\n    mlflow.log_metric('recall', 0.9)"  # fmt: skip
    asks = "import mlflow\nnames = ['/Users/me@example.com/fashion']\n" \
           "found = mlflow.search_runs(experiment_names=names)\n" \
           "print(found['metrics.recall'].tolist())"  # fmt: skip
    for cell, said in ((logs, ""), (asks, "[0.9]\n")):
        assert ran(run_notebook(source_form([Written(cell)]), tmp_path, shop.path)) == said
    assert not [each.name for each in tmp_path.iterdir() if each.name != "shop.py"]


def test_models_are_registered_in_unity_catalog_as_the_cloud_calls_it(
    shop: Workspace, tmp_path: Path
) -> None:
    """`set_registry_uri("databricks-uc")` led to routes of MLflow's that no server has here."""
    needs("mlflow")
    cells = [
        Written("import mlflow\nfrom mlflow import MlflowClient\n"
                "mlflow.set_tracking_uri('databricks')\nmlflow.set_registry_uri('databricks-uc')\n"
                "NAME = 'main.fashion_demo.lengths'\n"
                "class Lengths(mlflow.pyfunc.PythonModel):\n"
                "    def predict(self, context, model_input, params=None):\n"
                "        return [[float(len(text))] * 2 for text in model_input['text']]\n"
                "with mlflow.start_run():\n"
                "    mlflow.pyfunc.log_model(name='model', python_model=Lengths(), "
                "registered_model_name=NAME, pip_requirements=[])\n"
                "client = MlflowClient(registry_uri='databricks-uc')\n"
                "client.set_registered_model_alias(NAME, 'best', 1)"),
        Written("import pandas as pd\nloaded = mlflow.pyfunc.load_model(f'models:/{NAME}@best')\n"
                "print(loaded.predict(pd.DataFrame({'text': ['abc']})))"),
        Written("import time\nfrom mlflow.deployments import get_deploy_client\n"
                "client = get_deploy_client('databricks')\n"
                "client.create_endpoint(name='lengths', config={'served_entities': [\n"
                "    {'entity_name': NAME, 'entity_version': '1'}]})\n"
                "while client.get_endpoint('lengths')['state']['config_update'] == 'IN_PROGRESS':\n"
                "    time.sleep(0.1)\n"
                "asked = {'dataframe_records': [{'text': 'ab'}]}\n"
                "print(client.predict(endpoint='lengths', inputs=asked)['predictions'])"),
    ]  # fmt: skip
    printed = ran(run_notebook(source_form(cells), tmp_path, shop.path))
    assert printed == "[[3.0, 3.0]]\n[[2.0, 2.0]]\n"


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("SET spark.sql.ansi.enabled = true", True),
        ("SELECT 1;\n-- said\nDECLARE OR REPLACE VARIABLE x INT", True),
        ("CREATE OR REPLACE FUNCTION f(a INT) RETURNS INT RETURN a", False),
        ("CREATE OR REPLACE TEMP FUNCTION f(a INT) RETURNS INT RETURN a", True),
        ("CREATE FUNCTION f(a INT) RETURNS INT LANGUAGE PYTHON AS $$\nreturn a; $$", True),
        ("EXPLAIN SELECT 1", True),
        ("SELECT '; SET x = 1' AS s -- ; SET y", False),
        ("UPDATE t SET x = 1; SET TAG ON TABLE t a = b", False),
    ],
)
def test_a_notebook_of_sql_works_with_spark_where_a_statement_is_sparks(
    text: str, needed: bool
) -> None:
    assert SqlCells.needs_spark(text) is needed


def test_pandas_on_spark_says_which_pandas_it_needs(shop: Workspace, tmp_path: Path) -> None:
    needs("spark")
    import pandas as pd

    done = run_notebook(source_form([Written("import pyspark.pandas as ps")]), tmp_path, shop.path)
    if pd.__version__ < "3":
        ran(done)
    else:
        assert f"here is {pd.__version__}: pip install 'pandas<3'" in done.stderr


def test_a_log_of_the_notebooks_own_has_none_of_the_servers_lines(
    shop: Workspace, tmp_path: Path
) -> None:
    cells = [
        Written("import logging\nlogging.basicConfig(level=logging.INFO)\nlogging.info('mine')")
    ]
    done = run_notebook(source_form(cells), tmp_path, shop.path)
    assert ran(done) == "" and "INFO:root:mine" in done.stderr
    assert "hutting down" not in done.stderr and "server process" not in done.stderr
