"""Views of people and the visitor's likes, as they are without scripts: addresses, forms, cookies."""

from __future__ import annotations

import errno
import html
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pyarrow as pa
import pytest
from support.browser import served_page
from support.server import CREDENTIALS
from support.storefront import built_shop

from engine import InvalidParameterValue, Settings, Workspace
from engine.shop.page.people.address import PersonAsked, read_person, user_url
from engine.shop.people.interactions.personas import personas
from engine.store.tables import changing

ODD = (
    "a/b",
    "a//b",
    "/",
    "..",
    "a/../b",
    ".",
    "me",
    "like/x",
    "😀 é",
    "50%",
    "a?b=c&d#e",
    " x ",
    "%2F",
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    made = built_shop(tmp_path_factory.mktemp("people"))
    made.build_users()
    for place, user in enumerate(ODD):
        made.add_interaction(user.strip() or user, place % 9 + 1)
    made.add_interaction("only dislikes", 3, kind="dislike")
    yield made


@pytest.fixture(scope="module")
def url(whole: Workspace) -> Iterator[str]:
    with served_page(whole) as at:
        yield at


@pytest.fixture
def visitor(url: str) -> Iterator[httpx.Client]:
    """A browser without scripts: it has been here before, and says which page its forms are on."""
    headers = {"Origin": url, "Referer": f"{url}/people/user_006327?price=2"}
    with httpx.Client(timeout=60, base_url=url, trust_env=False, headers=headers) as client:
        client.get("/people")
        yield client


def like(client: httpx.Client, product: object, on: int = 1, **headers: str) -> httpx.Response:
    return client.post(
        "/people/like", data={"product": str(product), "on": str(on)}, headers=headers
    )


def count(client: httpx.Client) -> int:
    found = re.search(r'id="me".*?<span>(\d+)</span>', client.get("/people").text)
    assert found
    return int(found[1])


def guest_of(workspace: Workspace, client: httpx.Client) -> str:
    """The id by which a visitor stands among the users."""
    (form,) = re.findall(r"hx-vals=\"({.*?})\"", client.get("/people/me").text)
    return str(re.findall("guest_[0-9a-f]{16}", html.unescape(form))[0])


# ------------------------------------------------------------------ addresses
@pytest.mark.parametrize("user", [*ODD, "only dislikes", ""])
def test_an_address_of_a_user_leads_to_it_whatever_its_id_is(user: str) -> None:
    path, _, _ = user_url(user).partition("?")
    assert path.startswith("/people/") and "//" not in path
    assert httpx.URL(f"http://h{user_url(user)}").raw_path.decode() == user_url(user), (
        "no dots go away"
    )
    asked = PersonAsked(user, "b&c", {"vector": 0.25, "price": 2.0}, 24, 10)
    given = [(k, v) for k, v in httpx.QueryParams(asked.url().partition("?")[2]).multi_items()]
    assert read_person(user, given) == asked


@pytest.mark.parametrize(
    ("name", "value"),
    [("vector", "1.1"), ("price", "-1"), ("color", "nan"), ("diversity", "x"), ("offset", "-1"),
     ("earlier", "٣"), ("category", "1e9")],
)  # fmt: skip
def test_a_number_that_can_not_be_is_named(url: str, name: str, value: str) -> None:
    with pytest.raises(InvalidParameterValue, match=name):
        read_person("a", [(name, value)])
    reply = httpx.get(f"{url}/people/user_006327", params={name: value}, trust_env=False)
    assert reply.status_code == 400 and f"{name} is" in reply.text


# ------------------------------------------------------------------ views
def test_the_list_leads_to_every_user(url: str, whole: Workspace) -> None:
    page = httpx.get(f"{url}/people", trust_env=False).text
    tiles = re.findall(r'<h2><a href="(.*?)">(.*?)</a></h2>', page)
    assert [name for _, name in tiles] == [persona.name for persona in personas()]
    rows = re.findall(r'<li class="row">\s*<a href="(.*?)">(.*?)</a>', page)
    assert len(rows) == whole.list_users().total
    for href, title in rows:
        reply = httpx.get(f"{url}{html.unescape(href)}", trust_env=False)
        assert reply.status_code == 200 and f"<h1>{title} " in reply.text, title


def test_a_long_list_comes_page_by_page_and_is_searched(tmp_path: Path) -> None:
    shop = built_shop(tmp_path)
    users = [f"u{number:05}" for number in range(2000)]
    shop.build_users(pa.table({"user": users, "product": [n % 30 + 1 for n in range(2000)]}))
    with (
        served_page(shop) as url,
        httpx.Client(timeout=60, base_url=url, trust_env=False) as client,
    ):
        page, seen = client.get("/people").text, []
        for _ in range(3):
            seen += re.findall(r">(u\d{5})</a>", page)
            part = html.unescape(re.findall(r'hx-get="(/page/people/more.*?)"', page)[0])
            whole_page = html.unescape(
                re.findall(r'<li class="next".*?<a [^>]*href="(.*?)"', page)[0]
            )
            assert re.findall(r">(u\d{5})</a>", client.get(whole_page).text)
            page = client.get(part).text
        assert seen == users[:90]
        found = client.get("/people", params={"search": "U0123"}).text
        assert (
            re.findall(r">(u\d{5})</a>", found) == users[1230:1240] and "Make the five" not in found
        )
        assert "Nobody found" in client.get("/people", params={"search": "<b>"}).text


def test_views_of_users_of_whom_little_is_known(tmp_path: Path) -> None:
    shop = built_shop(tmp_path)
    named = ["", "null", "named only", "no vector"]
    shop.write_table("users", pa.table({"user_id": named, "name": [None, "N", "", "V"]}))
    styles = {"user_id": ["no vector"], "user_embedding": pa.array([None], pa.list_(pa.float64()))}
    shop.write_table("user_style_features", pa.table({**styles, "color_prefs": [["Red", "Multi"]]}))
    shop.add_interaction("only dislikes", 3, kind="dislike")
    with (
        served_page(shop) as url,
        httpx.Client(timeout=60, base_url=url, trust_env=False) as client,
    ):
        for user in (*named, "only dislikes"):
            text = client.get(user_url(user)).raise_for_status().text
            assert "Recommended" in text and 'class="card"' in text, user
        assert "(empty id)" in client.get("/people/?id=").text
        assert "there is no vector" in client.get("/people/no%20vector").text
        assert "what most people like" in client.get("/people/only%20dislikes").text
        pair = client.get("/people/no%20vector", params={"with": ""}).raise_for_status()
        assert "They like no product in common." in pair.text and "unknown" in pair.text
        assert client.get("/people/").status_code == 307
        assert client.get("/people/nobody").status_code == 404
        gone = client.get("/people/named%20only", params={"with": "nobody"})
        assert gone.status_code == 404 and "nobody" in gone.text


def test_two_people_side_by_side_say_what_they_share(url: str, whole: Workspace) -> None:
    one, other = "user_006327", "user_008828"
    text = httpx.get(f"{url}/people/{one}?with={other}&vector=0.3", trust_env=False).text
    shared = whole.compare_users(one, other)
    both = f"{len(shared.shared)}</data> of the same products"
    assert both in text if shared.shared else "no product in common" in text
    for median in shared.median_prices:
        assert f'value="{median:.2f}"' in text
    found = [
        {i.key for i in whole.recommend(u, k=24, vector_weight=0.3).items} for u in (one, other)
    ]
    assert f"{len(found[0] & found[1])}</data>" in text or not found[0] & found[1]
    assert f'href="/people/{other}?vector=0.3"' in text, "each leads to its own, as it was weighed"


# ------------------------------------------------------------------ likes
def test_a_like_without_scripts_leads_back_and_counts(
    url: str, whole: Workspace, visitor: httpx.Client
) -> None:
    reply = like(visitor, 7)
    assert reply.status_code == 303 and reply.headers["location"] == "/people/user_006327?price=2"
    assert like(visitor, 7).status_code == 303 and like(visitor, 9).status_code == 303
    assert count(visitor) == 2
    user = whole.get_user(guest_of(whole, visitor))
    assert (user.name, user.segment, user.taste.interactions) == ("Guest", "guest", 2)
    assert whole.liked_products(user.user_id) == [9, 7]
    pressed = re.findall(r'value="(\d+)">\s*<input.*?>\s*<button class="heart" aria-pressed="true"',
                         visitor.get("/").text)  # fmt: skip
    assert sorted(pressed) == ["7", "9"]
    own = visitor.get("/people/me").text
    first = whole.recommend(user.user_id, k=1).items[0]
    assert html.escape(first.why) in own and ">You</a>" in visitor.get("/people").text
    like(visitor, 7, on=0), like(visitor, 9, on=0)
    assert count(visitor) == 0 and whole.get_user(user.user_id).taste.interactions == 0
    assert "what most people like" in visitor.get("/people/me").text


def test_a_visitor_is_known_by_a_cookie_that_nobody_else_can_read(
    url: str, whole: Workspace, visitor: httpx.Client
) -> None:
    fresh = httpx.get(f"{url}/", trust_env=False).headers["set-cookie"]
    assert re.fullmatch(r"vitrine_guest_\d+=[0-9a-f]{32}; .*", fresh)
    assert "HttpOnly" in fresh and "SameSite=strict" in fresh and "Path=/" in fresh
    like(visitor, 5)
    (cookie,) = visitor.cookies.jar
    assert cookie.value is not None and cookie.value not in visitor.get("/people").text
    assert "set-cookie" not in visitor.get("/").headers
    for odd in ("", "x" * 5000, "../..", guest_of(whole, visitor)):
        other = httpx.get(f"{url}/", headers={"Cookie": f"{cookie.name}={odd}"}, trust_env=False)
        assert other.status_code == 200 and "set-cookie" in other.headers
        assert "<span>0</span>" in other.text


def test_what_is_forgotten_is_gone(whole: Workspace, visitor: httpx.Client) -> None:
    like(visitor, 5)
    guest = guest_of(whole, visitor)
    reply = visitor.post("/people/forget")
    assert reply.status_code == 303 and reply.headers["location"] == "/people/me"
    assert guest not in [user.user_id for user in whole.list_users(limit=200).users]
    assert guest not in whole.read_table("user_interactions").column("user_id").to_pylist()
    assert "Nothing is known of you yet" in visitor.get("/people/me").text
    assert visitor.post("/people/forget").status_code == 303, "who is no user is forgotten too"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://127.0.0.1:1", "null", "http://["]
)
@pytest.mark.parametrize("path", ["like", "forget", "build"])
def test_a_page_of_another_server_changes_nothing(
    whole: Workspace, visitor: httpx.Client, origin: str, path: str
) -> None:
    like(visitor, 5)
    before = whole.read_table("user_interactions").num_rows
    fields = {"product": "6", "on": "1"}
    reply = visitor.post(f"/people/{path}", data=fields, headers={"Origin": origin})
    assert reply.status_code == 403
    assert whole.read_table("user_interactions").num_rows == before and count(visitor) == 1


def test_a_server_with_a_token_lets_nobody_like_who_has_not_signed_in(whole: Workspace) -> None:
    with (
        served_page(whole, CREDENTIALS) as url,
        httpx.Client(timeout=60, base_url=url, trust_env=False, headers={"Origin": url}) as client,
    ):
        assert like(client, 5).headers["location"].startswith("/login")
        client.post("/login", json={"token": CREDENTIALS.token})
        client.get("/")
        assert like(client, 5).status_code == 303 and count(client) == 1
        assert like(client, 6, Origin="http://127.0.0.1:1").headers["location"].startswith("/login")
        assert count(client) == 1


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"product": "99999", "on": "1"}, 404, "99999"),
        ({"product": "5"}, 400, "on"),
        ({"on": "1"}, 400, "product"),
        ({"product": "5", "on": "yes"}, 400, "yes"),
        ({"product": "99999", "on": "0"}, 303, ""),
    ],
)
def test_a_like_that_can_not_be_says_why(
    visitor: httpx.Client, fields: dict[str, str], status: int, said: str
) -> None:
    reply = visitor.post("/people/like", data=fields)
    assert reply.status_code == status and said in reply.text


def test_likes_at_once_by_tabs_and_by_workers_are_all_kept(
    whole: Workspace, visitor: httpx.Client, url: str
) -> None:
    other = Workspace(settings=Settings(whole.path, encoder="hashed"))
    with served_page(other) as second:
        (cookie,) = visitor.cookies.jar
        replies: list[int] = []

        def press(base: str, products: range) -> None:
            # Cookies are by port: the same visitor at the second worker, as behind one address.
            name = f"vitrine_guest_{base.rpartition(':')[2]}"
            with httpx.Client(
                timeout=60, base_url=base, trust_env=False, cookies={name: cookie.value}
            ) as tab:
                replies.extend(like(tab, product, Origin=base).status_code for product in products)

        spans = [(url, range(10, 13)), (url, range(12, 15)), (second, range(15, 18))]
        threads = [threading.Thread(target=press, args=span) for span in spans]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert set(replies) == {303} and count(visitor) == 8
    assert sorted(whole.liked_products(guest_of(whole, visitor))) == list(range(10, 18))


def test_a_full_disk_is_told_where_the_heart_is(
    whole: Workspace, visitor: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    like(visitor, 5)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(changing, "sync_file", full)
        part = like(visitor, 6, **{"HX-Request": "true"})
        assert part.status_code == 500 and 'role="alert"' in part.text and "space" in part.text
        assert 'name="product" value="6"' in part.text and 'aria-pressed="false"' in part.text
        page = like(visitor, 6)
        assert page.status_code == 500 and "space" in page.text and "<html" in page.text
        assert count(visitor) == 1, "reading goes on"
    assert like(visitor, 6).status_code == 303 and count(visitor) == 2


# ------------------------------------------------------------------ no users yet
def test_where_there_are_no_users_the_five_are_made_by_a_button(tmp_path: Path) -> None:
    shop = built_shop(tmp_path)
    with (
        served_page(shop) as url,
        httpx.Client(timeout=60, base_url=url, trust_env=False, headers={"Origin": url}) as client,
    ):
        text = client.get("/people").text
        assert f"vitrine users build --from INTERACTIONS.csv -w {shop.path}" in text
        like(client, 3)
        assert "Make the five personas" in client.get("/people").text, "a guest is none of them"
        assert client.post("/people/build").headers["location"] == "/people"
        text = client.get("/people").text
        assert "Luxury Fashionista" in text and "Make the five personas" not in text
        assert count(client) == 1, "whoever was there stays"


def test_an_empty_workspace_says_what_to_type(tmp_path: Path) -> None:
    empty = Workspace(settings=Settings(tmp_path / "ws", encoder="hashed"))
    with served_page(empty) as url:
        for path in ("/people", "/people/me"):
            text = httpx.get(f"{url}{path}", trust_env=False).text
            assert f"vitrine demo -w {empty.path}" in text


def test_what_is_to_be_typed_is_quoted_for_a_folder_with_a_blank(tmp_path: Path) -> None:
    shop = built_shop(tmp_path / "my shop")
    with served_page(shop) as url:
        text = httpx.get(f"{url}/people", trust_env=False).text
    assert f"vitrine users build --from INTERACTIONS.csv -w &#39;{shop.path}&#39;" in text
