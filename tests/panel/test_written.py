"""What a browser reads has no half of a surrogate pair."""

from __future__ import annotations

import json

from engineio.packet import Packet as Outer
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from socketio.packet import Packet

from flask_lifecycle.panel.live.hub import _Packet
from flask_lifecycle.panel.written import Json, Provider

_surrogates = st.text(st.sampled_from('a"\\u\udce9\ud800\udfff\U0001f600dc0'))


@given(_surrogates)
def test_a_lone_surrogate_is_written_as_python_does(text: str) -> None:
    # Two halves that stand together are one character, to JSON.
    expected = "".join(
        f"\\u{ord(each):04x}" if "\ud800" <= each <= "\udfff" else each
        for each in json.loads(json.dumps(text))
    )
    assert json.loads(Json.dumps(text)) == expected
    assert json.loads(Provider(Flask(__name__)).dumps({text: text})) == {expected: expected}


def test_the_messages_of_the_stream_are_so_written_and_no_others() -> None:
    assert _Packet(data=["batch", "\udce9"]).encode() == '2["batch","\\\\udce9"]'
    # Those of the app's own sockets are made by these.
    assert Packet.json is not Json
    assert Outer.json is not Json
