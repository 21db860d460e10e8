"""The warehouse that the bookshop calls over HTTP, traced by OpenTelemetry.

It answers in the same process: a tour needs no network.
"""

from __future__ import annotations

import time

import httpx
from flask import Flask
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import get_tracer_provider, set_tracer_provider
from werkzeug import Request, Response


@Request.application
def _warehouse(request: Request) -> Response:
    time.sleep(0.01)
    return Response(f"3 on the shelf for {request.path}")


def init_app(app: Flask) -> None:
    """Give an app its connection to the warehouse: ``app.extensions["warehouse"]``."""
    if not isinstance(get_tracer_provider(), TracerProvider):
        set_tracer_provider(TracerProvider())
    client = httpx.Client(
        base_url="http://warehouse.example", transport=httpx.WSGITransport(_warehouse)
    )
    HTTPXClientInstrumentor.instrument_client(client)
    app.extensions["warehouse"] = client
