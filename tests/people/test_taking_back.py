"""What a user did taken back, users forgotten, histories, and users found by a few letters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from support.storefront import built_shop

from engine import InvalidParameterValue, InvalidState, NotFound, Settings, Workspace
from engine.shop.people.user_tables import UserTables

NAMES = ("users", "user_style_features", "user_interactions", "user_interaction_failures")
LIKES = {"user": ["ann", "ann", "ann", "bob", "bob", "cy/..//😀"], "product": [1, 2, 3, 3, 4, 5]}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    yield built_shop(tmp_path_factory.mktemp("taking_back"))


@pytest.fixture
def shop(whole: Workspace) -> Iterator[Workspace]:
    whole.build_users(pa.table(LIKES))
    yield whole
    for name in NAMES:
        if whole.table_exists(f"main.fashion_demo.{name}"):
            whole.drop_table(name)


def again(shop: Workspace) -> Workspace:
    return Workspace(settings=Settings(shop.path, encoder="hashed"))


def test_a_like_that_is_taken_back_leaves_the_taste_as_if_it_had_never_been(
    shop: Workspace,
) -> None:
    before = shop.get_user("ann").taste
    shop.add_interaction("ann", 9)
    shop.add_interaction("ann", 9, kind="view")
    after = shop.remove_interactions("ann", "9").taste
    assert np.array_equal(after.vector, before.vector) and after.interactions == 3
    assert again(shop).get_user("ann").taste.interactions == 3
    assert shop.liked_products("bob") == [4, 3], "nobody else's"
    assert shop.remove_interactions("ann", 9).taste.interactions == 3, "once more changes nothing"


def test_a_user_without_likes_stays_and_is_told_what_most_like(shop: Workspace) -> None:
    user = shop.add_interaction("guest", 7, name="Guest", segment="guest")
    assert (user.name, user.segment) == ("Guest", "guest")
    assert shop.add_interaction("guest", 8, name="Other").name == "Guest"
    shop.remove_interactions("guest", 7)
    user = shop.remove_interactions("guest", 8)
    assert user == again(shop).get_user("guest") and user.taste.trouble == "it has no interactions"
    assert shop.recommend("guest").basis == "popularity"
    with pytest.raises(NotFound, match="nobody"):
        shop.remove_interactions("nobody", 7)


def test_a_writer_that_stops_in_between_leaves_the_like(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(UserTables, "remove", stopped)
        with pytest.raises(KeyboardInterrupt):
            shop.remove_interactions("bob", 4)
        with pytest.raises(KeyboardInterrupt):
            shop.forget_user("ann")
    for one in (shop, again(shop)):
        assert one.get_user("bob").taste.interactions == 2
        assert one.get_user("ann").taste.interactions == 3
    assert shop.remove_interactions("bob", 4).taste.interactions == 1


@pytest.mark.parametrize("user", ["ann", "cy/..//😀"])
def test_a_user_that_is_forgotten_is_in_no_table(shop: Workspace, user: str) -> None:
    shop.forget_user(user)
    for name in NAMES[:3]:
        assert user not in shop.read_table(name).column("user_id").to_pylist()
    for one in (shop, again(shop)):
        assert one.liked_products(user) == []
        with pytest.raises(NotFound):
            one.get_user(user)
    with pytest.raises(NotFound):
        shop.forget_user(user)
    assert shop.get_user("bob").taste.interactions == 2
    assert shop.add_interaction(user, 1).taste.interactions == 1


def test_tables_of_the_users_own_files_are_not_changed(shop: Workspace, tmp_path: Path) -> None:
    pq.write_table(shop.read_table("user_interactions"), tmp_path / "likes.parquet")
    shop.drop_table("user_interactions")
    shop.register_table("user_interactions", tmp_path / "likes.parquet")
    for change in (lambda: shop.forget_user("ann"), lambda: shop.remove_interactions("ann", 1)):
        with pytest.raises(InvalidState, match="registered"):
            change()
    assert shop.get_user("ann").taste.interactions == 3


def test_a_history_begins_with_the_latest_and_says_what_is_gone(shop: Workspace) -> None:
    days = ["2026-01-02", None, "2026-01-03", "2026-01-03"]
    likes = {"user": ["ann"] * 4, "product": [1, 2, 3, 4], "time": days}
    shop.build_users(pa.table({**likes, "kind": ["like", "view", "dislike", "like"]}))
    history = shop.list_interactions("ann")
    assert [item.key for item in history.items] == [4, 3, 1, 2] and history.next_offset is None
    assert history.items[0].time == datetime(2026, 1, 3, tzinfo=timezone.utc)
    assert [item.kind for item in history.items] == ["like", "dislike", "like", "view"]
    assert shop.liked_products("ann") == [4, 1, 2]
    page = shop.list_interactions("ann", limit=2, offset=1)
    assert [item.key for item in page.items] == [3, 1]
    assert (page.total, page.offset, page.next_offset) == (4, 1, 3)
    products = shop.read_table("products")
    shop.write_table("products", products.filter(pc.not_equal(products["product_id"], 3)))
    try:
        gone = shop.list_interactions("ann").items[1]
        assert (gone.key, gone.product) == (3, None)
    finally:
        shop.write_table("products", products)
    assert shop.list_interactions("nobody").items == []
    with pytest.raises(InvalidParameterValue, match="limit"):
        shop.list_interactions("ann", limit=0)


def test_two_users_share_what_both_like(shop: Workspace) -> None:
    price = {row["product_id"]: row["price"] for row in shop.read_table("products").to_pylist()}
    found = shop.compare_users("ann", "bob")
    assert found.shared == [3] and found.liked == (3, 2)
    expected = [np.median([price[key] for key in keys]) for keys in ((1, 2, 3), (3, 4))]
    assert found.median_prices == pytest.approx(expected)
    alone = shop.compare_users("ann", "nobody")
    assert alone.shared == [] and alone.median_prices[1] is None


def test_users_are_found_by_letters_of_id_name_and_segment(shop: Workspace) -> None:
    shop.add_interaction("z1", 1, name="Straße", segment="Guest")
    assert [u.user_id for u in shop.list_users(search="STRASSE").users] == ["z1"]
    assert [u.user_id for u in shop.list_users(search=" guest ").users] == ["z1"]
    assert [u.user_id for u in shop.list_users(search="//😀").users] == ["cy/..//😀"]
    page = shop.list_users(search="n", limit=1)
    assert page.total == 1 and page.next_offset is None
    assert shop.list_users(search="").total == 4
    assert shop.list_users(search="%_").users == []
