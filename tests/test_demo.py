"""Every stop of the tour is answered as the tour says."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from demo import create_app
from demo.tour import STOPS, Stop
from tests.helpers.apps import steps_of


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    app = create_app(str(tmp_path_factory.mktemp("instance")))
    client = app.test_client()
    assert client.post("/tour/sign-in").status_code == 204
    yield client
    app.extensions["database"].engine.dispose()


# What a teardown raises goes out to the server, after the answer was begun.
TORN = "/corners/teardown"


@pytest.mark.filterwarnings("ignore:Note .* is kept the old way")
@pytest.mark.parametrize(
    "stop", [stop for stop in STOPS if stop.path != TORN], ids=lambda stop: stop.title
)
def test_a_stop_gives_its_status(client: FlaskClient, stop: Stop) -> None:
    path = stop.path.replace("seconds=3", "seconds=0")
    data = {"cover": (io.BytesIO(b"picture"), "cover.png")} if path.endswith("upload") else None
    response = client.open(path, method=stop.method, data=data)
    assert response.status_code == stop.status
    response.close()


def test_a_teardown_that_raises(client: FlaskClient) -> None:
    assert TORN in [stop.path for stop in STOPS]
    with pytest.raises(Exception, match=r"The key is lost|context teardown"):
        client.get(TORN)


def test_calls_of_other_servers_are_steps(tmp_path: Path) -> None:
    app = create_app(str(tmp_path))
    app.debug = True
    app.test_client().get("/tour/stock")
    [trace] = app.extensions["lifecycle"].traces()
    assert len(steps_of(trace, "span")) == 3
    app.extensions["database"].engine.dispose()


def test_one_request_passes_three_middlewares(tmp_path: Path) -> None:
    app = create_app(str(tmp_path))
    app.debug = True
    client = app.test_client()
    assert client.get("/corners/middleware").headers["X-Served-By"] == "the bookshop"
    assert client.get("/corners/middleware?closed").status_code == 503
    assert "X-Served-By" not in client.get("/tour/after-this").headers
    traces = app.extensions["lifecycle"].traces()
    passed = [[step.name for step in trace.steps if step.stage == "middleware"] for trace in traces]
    # Newest first: the app by itself, then closed, then what ran inside before its outer one.
    three = ["ProxyFix", "Shutter", "Stamp"]
    assert passed == [["ProxyFix"], three[:2], ["ProxyFix"], three, ["ProxyFix"]]
    assert {"session_open", "view", "session_save"} <= {step.stage for step in traces[3].steps}
    app.extensions["database"].engine.dispose()


def test_a_form_of_another_site_is_refused(client: FlaskClient) -> None:
    response = client.post("/tour/sign-in", headers={"Origin": "http://evil.example"})
    assert response.status_code == 403


def test_the_shop_can_be_used(tmp_path: Path) -> None:
    app = create_app(str(tmp_path))
    client = app.test_client()
    signed = client.post(
        "/shop/sign-in", data={"name": "reader", "password": "lifecycle"}, follow_redirects=True
    )
    assert "Sign out reader" in signed.text
    assert "in your basket" in client.post("/shop/book/1/basket", follow_redirects=True).text
    assert client.get("/admin/orders/42").status_code == 302
    app.extensions["database"].engine.dispose()
