"""Users and recommendations in the shell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.storefront import built_shop

from engine import Workspace
from engine.doors.cli.command import main


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    yield built_shop(tmp_path_factory.mktemp("cli-people"))


def vitrine(shop: Workspace, *arguments: object) -> Result:
    return CliRunner().invoke(main, ["-w", str(shop.path), *map(str, arguments)])


def test_users_are_made_listed_shown_and_added_to(shop: Workspace, tmp_path: Path) -> None:
    done = vitrine(shop, "users", "list")
    assert done.exit_code == 0 and "no users here" in done.stderr
    done = vitrine(shop, "users", "build")
    assert done.exit_code == 0 and "made 5 users of" in done.output
    assert "made up by the five personas" in done.output
    file = tmp_path / "clicks.csv"
    file.write_text("who,what,action\nann,1,like\nann,2,purchase\nbob,99999,like\n")
    arguments = ("--from", file, "--user", "who", "--product", "what", "--weight", "purchase=3")
    done = vitrine(shop, "users", "build", *arguments)
    assert done.exit_code == 0, done.output
    assert "made 1 users of 2 interactions" in done.output
    assert "user from who, product from what, kind from action" in done.output
    assert "warning: 1 interactions were left out" in done.stderr and "99999" in done.stderr
    done = vitrine(shop, "users", "list", "--json")
    assert [user["user_id"] for user in json.loads(done.stdout)["users"]] == ["ann"]
    done = vitrine(shop, "users", "add-interaction", "eve", "7", "--json")
    assert json.loads(done.stdout)["num_interactions"] == 1
    assert "avg_price" in vitrine(shop, "users", "show", "eve").output
    assert "kept 1 interactions" in vitrine(shop, "users", "build", *arguments).output
    # without --from: those that the workspace has, and what was added
    done = vitrine(shop, "users", "build", "--json")
    assert json.loads(done.stdout)["interactions"] == 3


def test_products_are_recommended_with_reasons(shop: Workspace) -> None:
    vitrine(shop, "users", "build", "--personas")
    done = vitrine(shop, "recommend", "user_008828", "-k", 2)
    assert done.exit_code == 0, done.output
    assert "Close to what you liked" in done.output and "by vector and rules" in done.output
    done = vitrine(shop, "recommend", "user_008828", "--json", "--filter", "price < 50")
    products = json.loads(done.stdout)["products"]
    assert products and all(p["price"] < 50 and p["parts"]["vector"] >= 0 for p in products)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["recommend", "nobody"], "vitrine users build"),
        (["users", "show", "nobody"], "'nobody'"),
        (["users", "add-interaction", "eve", "99999"], "99999"),
        (["users", "build", "--from", "none.csv"], "none.csv"),
        (["users", "build", "--weight", "like"], "KIND=NUMBER"),
        (["users", "build", "--half-life", "-1"], "half_life_days"),
        (["recommend", "eve", "--vector-weight", "2"], "--vector-weight"),
    ],
)
def test_what_can_not_be_is_refused(shop: Workspace, arguments: list[str], said: str) -> None:
    done = vitrine(shop, *arguments)
    assert done.exit_code and said in done.output + done.stderr
