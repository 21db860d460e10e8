"""A small bookshop that walks every branch of Flask's request lifecycle.

Run it from the checkout: ``make demo``, or ``flask --app demo run --debug``.
"""

from __future__ import annotations

import secrets
import time
import uuid
from pathlib import Path

from flask import Flask, Response, abort, g, render_template, request, session
from sqlalchemy import select
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_lifecycle import Lifecycle
from flask_lifecycle.settings import COLLECTORS

from . import admin, api, corners, shop, tour, warehouse
from .database import Database, OutOfStock, User


def create_app(instance_path: str | None = None) -> Flask:
    """Create the bookshop; its database and key live in the instance folder."""
    app = Flask(__name__, instance_path=instance_path, instance_relative_config=True)
    Path(app.instance_path).mkdir(parents=True, exist_ok=True)
    app.config["SECRET_KEY"] = _secret_key(Path(app.instance_path) / "secret_key")
    app.config["SESSION_COOKIE_SAMESITE"] = "Lax"
    app.config["MAX_CONTENT_LENGTH"] = 1024 * 1024
    # All collectors except memory: tracing allocations makes the app about five times slower.
    app.config["LIFECYCLE_COLLECTORS"] = (*COLLECTORS, "cpu")
    app.extensions["database"] = Database(Path(app.instance_path) / "bookshop.sqlite")

    Lifecycle(app)
    app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]

    _register_hooks(app)
    _register_handlers(app)
    app.register_blueprint(tour.bp)
    app.register_blueprint(shop.bp)
    app.register_blueprint(api.bp)
    app.register_blueprint(admin.bp)
    corners.init_app(app)
    warehouse.init_app(app)
    return app


def _secret_key(path: Path) -> str:
    if not path.exists():
        path.write_text(secrets.token_urlsafe(32))
        path.chmod(0o600)
    return path.read_text()


def _register_hooks(app: Flask) -> None:
    @app.url_value_preprocessor
    def take_language(_endpoint: str | None, values: dict[str, object] | None) -> None:
        g.language = (values or {}).pop("language", "en")

    @app.before_request
    def assign_request_id() -> None:
        g.request_id = uuid.uuid4().hex
        g.started = time.perf_counter()

    @app.before_request
    def refuse_other_origins() -> None:
        origin = request.headers.get("Origin")
        if request.method == "POST" and origin is not None and origin != request.host_url[:-1]:
            abort(403, "This form was sent from another site.")

    @app.before_request
    def load_user() -> None:
        g.db = app.extensions["database"].session()
        user_id = session.get("user_id")
        g.user = g.db.scalar(select(User).where(User.id == user_id)) if user_id else None

    @app.after_request
    def security_headers(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = "default-src 'self'; base-uri 'none'"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @app.after_request
    def log_access(response: Response) -> Response:
        spent = (time.perf_counter() - g.get("started", time.perf_counter())) * 1000
        app.logger.info(
            "%s %s %d in %.1f ms", request.method, request.path, response.status_code, spent
        )
        return response

    app.teardown_request(corners.release_lock)

    @app.teardown_appcontext
    def close_db(_error: BaseException | None) -> None:
        db = g.pop("db", None)
        if db is not None:
            db.close()

    @app.context_processor
    def signed_in() -> dict[str, object]:
        return {"user": g.get("user")}


def _register_handlers(app: Flask) -> None:
    @app.errorhandler(404)
    def page_not_found(_error: Exception) -> tuple[str, int]:
        return render_template("404.html"), 404

    @app.errorhandler(500)
    def apologize(_error: Exception) -> tuple[str, int]:
        return "Something broke, and it is not your fault.\n", 500

    @app.errorhandler(OutOfStock)
    def out_of_stock(error: OutOfStock) -> tuple[Response, int]:
        return Response(f"{error}\n", mimetype="text/plain"), 409
