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


def test_what_a_user_did_is_shown_taken_back_and_forgotten(shop: Workspace) -> None:
    for user, key in (("one", 1), ("one", 2), ("two", 2)):
        assert vitrine(shop, "users", "add-interaction", user, key).exit_code == 0
    done = vitrine(shop, "users", "history", "one", "--limit", 1)
    assert done.exit_code == 0 and "1 of 2 interactions" in done.stdout
    lines = done.stdout.splitlines()
    assert lines[0].split()[:3] == ["time", "kind", "product_id"] and " like " in lines[2]
    done = vitrine(shop, "users", "history", "one", "--json")
    items = json.loads(done.stdout)["interactions"]
    assert [item["product_id"] for item in items] == [2, 1] and items[0]["product"]["price"] > 0
    done = vitrine(shop, "users", "compare", "one", "two")
    assert done.exit_code == 0 and done.stdout.endswith("liked by both: 2\n")
    done = vitrine(shop, "users", "compare", "one", "two", "--json")
    body = json.loads(done.stdout)
    assert body["shared"] == [2] and [user["liked"] for user in body["users"]] == [2, 1]
    done = vitrine(shop, "users", "remove-interaction", "one", 2, "--json")
    assert json.loads(done.stdout)["num_interactions"] == 1
    assert "liked by both: nothing" in vitrine(shop, "users", "compare", "one", "two").stdout
    assert vitrine(shop, "users", "remove-interaction", "one", 1).exit_code == 0
    assert vitrine(shop, "users", "history", "one").stdout == "0 of 0 interactions\n"
    for user in ("one", "two"):
        assert vitrine(shop, "users", "forget", user).stdout == f"forgot {user}\n"
        for command in ("history", "forget"):
            done = vitrine(shop, "users", command, user)
            assert done.exit_code == 1 and f"'{user}'" in done.stderr


def test_users_are_found_by_letters(shop: Workspace) -> None:
    vitrine(shop, "users", "build", "--personas")
    done = vitrine(shop, "users", "list", "--search", "LUXURY")
    assert done.exit_code == 0 and "user_008828" in done.stdout and "1 of 1 users" in done.stdout
    done = vitrine(shop, "users", "list", "--search", "%")
    assert done.stdout == "0 of 0 users\n" and done.stderr == ""


def test_a_key_that_none_has_shows_what_may_be_meant(shop: Workspace) -> None:
    done = vitrine(shop, "products", "dress-99", "--near", "--limit", 2, "--json")
    found = [product["product_id"] for product in json.loads(done.stdout)]
    assert found == shop.products_near("dress-99", k=2) and found
    assert vitrine(shop, "products", "--near").exit_code == 2
