"""One interaction more: its user alone changes, at once, durably, whoever else writes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.storefront import built_shop

from engine import InvalidParameterValue, InvalidState, NotFound, Settings, Workspace
from engine.core.names import table_name
from engine.shop.people.people import People

NAMES = ("users", "user_style_features", "user_interactions", "user_interaction_failures")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    yield built_shop(tmp_path_factory.mktemp("adding"))


@pytest.fixture
def shop(whole: Workspace) -> Iterator[Workspace]:
    whole.build_users(pa.table({"user": ["ann", "ann", "bob", "cy"], "product": [1, 2, 3, 4]}))
    yield whole
    for name in NAMES:
        if whole.table_exists(f"main.fashion_demo.{name}"):
            whole.drop_table(name)


def rows(shop: Workspace, name: str = "user_style_features") -> dict[str, dict[str, Any]]:
    return {row["user_id"]: row for row in shop.read_table(name).to_pylist()}


def versions(shop: Workspace, name: str = "user_style_features") -> int:
    return len(shop.sql(f"DESCRIBE HISTORY main.fashion_demo.{name}").to_pylist())


def test_a_new_interaction_changes_its_user_alone_in_one_version(shop: Workspace) -> None:
    before, first = rows(shop), versions(shop)
    user = shop.add_interaction("bob", 9)
    after = rows(shop)
    assert versions(shop) == first + 1
    assert {name for name in after if after[name] != before.get(name)} == {"bob"}
    assert list(after) == list(before), "rows stay where they are"
    assert user.taste.interactions == after["bob"]["num_interactions"] == 2
    kept = shop.read_table("user_interactions").to_pylist()
    shop.build_users(pa.table({"user": ["ann"] * 2 + ["bob", "cy"], "product": [1, 2, 3, 4]}))
    assert rows(shop) == after, "all made anew is the same"
    assert shop.read_table("user_interactions").to_pylist() == kept


def test_a_session_counts_at_once_and_is_there_when_opened_again(shop: Workspace) -> None:
    with pytest.raises(NotFound, match="session-1"):
        shop.recommend("session-1")
    shop.add_interaction("session-1", "7")
    first = shop.recommend("session-1", k=39)
    assert first.basis == "vector and rules" and first.seen == 1
    assert 7 not in [item.key for item in first.items]
    again = Workspace(settings=Settings(shop.path, encoder="hashed"))
    assert [i.key for i in again.recommend("session-1", k=39).items] == [i.key for i in first.items]
    shop.add_interaction("session-1", 30)
    assert again.get_user("session-1").taste.interactions == 2
    assert rows(shop, "users")["session-1"]["name"] is None


def test_sessions_start_before_any_users_were_made(whole: Workspace) -> None:
    whole.add_interaction("first", 5)
    whole.add_interaction("first", 6)
    whole.add_interaction("second", 6)
    assert [user.user_id for user in whole.list_users().users] == ["first", "second"]
    report = whole.build_users()
    assert report.kept == 3 and report.users == 7
    for name in NAMES:
        whole.drop_table(name)


def test_writers_at_once_lose_nothing(shop: Workspace) -> None:
    errors: list[Exception] = []

    def like(user: str, start: int) -> None:
        own = Workspace(settings=Settings(shop.path, encoder="hashed"))
        try:
            for product in range(start, start + 4):
                own.add_interaction(user, product)
        except Exception as error:
            errors.append(error)

    threads = [
        threading.Thread(target=like, args=a) for a in (("ann", 10), ("bob", 20), ("new", 30))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    counts = {name: row["num_interactions"] for name, row in rows(shop).items()}
    assert counts == {"ann": 6, "bob": 5, "cy": 1, "new": 4}
    assert shop.read_table("user_interactions").num_rows == 16


@pytest.mark.parametrize(
    ("arguments", "options", "error", "said"),
    [
        (("", 1), {}, InvalidParameterValue, "user"),
        (("x" * 201, 1), {}, InvalidParameterValue, "200"),
        (("a\nb", 1), {}, InvalidParameterValue, "user"),
        (("\ud800", 1), {}, InvalidParameterValue, "user"),
        ((17, 1), {}, InvalidParameterValue, "17"),
        (("ann", 99999), {}, NotFound, "99999"),
        (("ann", None), {}, NotFound, "None"),
        (("ann", 1), {"kind": " "}, InvalidParameterValue, "kind"),
        (("ann", 1), {"time": "soon"}, InvalidParameterValue, "soon"),
    ],
)
def test_what_is_no_interaction_is_refused_and_changes_nothing(
    arguments: Any, options: Any, error: type[Exception], said: str, shop: Workspace
) -> None:
    before = [versions(shop, name) for name in NAMES[:3]]
    with pytest.raises(error, match=said):
        shop.add_interaction(*arguments, **options)
    assert [versions(shop, name) for name in NAMES[:3]] == before


def test_tables_of_the_users_own_files_are_not_written(shop: Workspace, tmp_path: Any) -> None:
    file = tmp_path / "styles.parquet"
    pq.write_table(shop.read_table("user_style_features"), file)
    shop.drop_table("user_style_features")
    shop.register_table("user_style_features", [file])
    before = shop.read_table("user_interactions").num_rows
    with pytest.raises(InvalidState, match="never"):
        shop.add_interaction("ann", 5)
    assert shop.read_table("user_interactions").num_rows == before
    assert shop.recommend("ann").items


def test_a_new_interaction_writes_one_file_of_many(shop: Workspace) -> None:
    users = [f"user-{number:04}" for number in range(1100)]
    products = [1 + number % 39 for number in range(1100)]
    shop.build_users(pa.table({"user": users, "product": products}))
    name = table_name("user_style_features")
    before = shop.tables.get(name).files
    shop.add_interaction("user-0007", 9)
    after = shop.tables.get(name).files
    assert len(before) == len(after) == 2
    assert before[0] != after[0] and before[1] == after[1]
    assert shop.get_user("user-0007").taste.interactions == 2


def test_an_interaction_whose_writer_was_stopped_counts_for_all_who_read(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    for user in ("ann", "new"):
        with monkeypatch.context() as patched:
            patched.setattr(People, "_catch_up", stopped)
            with pytest.raises(KeyboardInterrupt):
                shop.add_interaction(user, 9)
    assert rows(shop)["ann"]["num_interactions"] == 2 and "new" not in rows(shop)
    later = Workspace(settings=Settings(shop.path, encoder="hashed"))
    assert later.get_user("ann").taste.interactions == 3
    assert 9 not in [item.key for item in later.recommend("new", k=40).items]
    assert [user.user_id for user in later.list_users().users] == ["ann", "bob", "cy", "new"]
    expected = {user: later.get_user(user).taste for user in ("ann", "new")}
    later.add_interaction("bob", 11)
    counts = {name: row["num_interactions"] for name, row in rows(shop).items()}
    assert counts == {"ann": 3, "bob": 2, "cy": 1, "new": 1}, "the next writer writes them too"
    assert set(rows(shop, "users")) == set(counts)
    for user, taste in expected.items():
        assert np.allclose(rows(shop)[user]["user_embedding"], np.asarray(taste.vector))


def test_a_table_of_interactions_that_lacks_columns_is_said(shop: Workspace) -> None:
    shop.write_table("user_interactions", pa.table({"who": ["ann"], "product_id": [1]}))
    with pytest.raises(InvalidState, match="user_id"):
        shop.recommend("ann")
    shop.write_table("user_interactions", pa.table({"user_id": ["ann"], "product_id": [1]}))
    assert shop.recommend("ann").seen == 1
