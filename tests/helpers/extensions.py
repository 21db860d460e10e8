"""Apps of extensions that many use, with a page each: with the lifecycle, and without."""

from __future__ import annotations

import typing as t
import weakref

from flask import Flask, Response, g, make_response, redirect, render_template_string, request
from flask.typing import ResponseReturnValue
from flask.views import MethodView
from flask_admin import Admin
from flask_admin.contrib.sqla import ModelView
from flask_caching import Cache
from flask_compress import Compress
from flask_cors import CORS
from flask_httpauth import HTTPBasicAuth
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user
from flask_smorest import Api, Blueprint
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy_lite import SQLAlchemy as SQLAlchemyLite
from flask_wtf import FlaskForm
from marshmallow import Schema, fields
from sqlalchemy import Engine, String, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from wtforms import StringField
from wtforms.validators import DataRequired

from flask_lifecycle import Lifecycle

PAGE = "<!doctype html><title>x</title><link rel=icon href='data:,'><body>{}</body>"


def wtf(app: Flask) -> None:
    class Name(FlaskForm):
        name = StringField("Name", validators=[DataRequired()])

    @app.route("/", methods=["GET", "POST"])
    def page() -> str:
        form = Name()
        if form.validate_on_submit():
            return PAGE.format(f"Hello, {form.name.data}!")
        template = (
            "<form method=post>{{ form.hidden_tag() }}{{ form.name }}{{ form.errors }}</form>"
        )
        return PAGE.format(render_template_string(template, form=form))


def cors(app: Flask) -> None:
    CORS(app, supports_credentials=True, expose_headers=["X-Own"])
    app.add_url_rule("/", "page", lambda: PAGE.format("shared"))
    app.add_url_rule("/data", "data", lambda: {"shared": True}, methods=["GET", "PUT"])


def httpauth(app: Flask) -> None:
    auth = HTTPBasicAuth()

    @auth.verify_password
    def verify(name: str, password: str) -> str | None:
        return name if (name, password) == ("ada", "engine") else None

    @app.get("/")
    def page() -> str:
        return PAGE.format("for all")

    @app.get("/own")
    @auth.login_required
    def own() -> str:
        return PAGE.format(auth.current_user())


def smorest(app: Flask) -> None:
    app.config.update(
        API_TITLE="Pets",
        API_VERSION="1",
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX="/",
        OPENAPI_SWAGGER_UI_PATH="/",
        OPENAPI_SWAGGER_UI_URL="/nowhere/",
    )
    pets = Blueprint("pets", __name__, url_prefix="/pets")

    class Pet(Schema):
        name = fields.String(required=True)

    @pets.route("/")
    class Pets(MethodView):
        @pets.response(200, Pet(many=True))
        def get(self) -> list[dict[str, str]]:
            return [{"name": "Toto"}]

        @pets.arguments(Pet)
        @pets.response(201, Pet)
        def post(self, given: dict[str, str]) -> dict[str, str]:
            return given

    Api(app).register_blueprint(pets)


def closed_with(app: Flask, engine: Engine) -> None:
    """Close what Python 3.13 warns of, where it is left open."""
    weakref.finalize(app, engine.dispose)


class Base(DeclarativeBase): ...


class Book(Base):
    __tablename__ = "book"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(50))


def sqlalchemy(app: Flask) -> SQLAlchemy:
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    db = SQLAlchemy(app, model_class=Base)
    with app.app_context():
        closed_with(app, db.engine)
        db.metadata.create_all(db.engine)
        db.session.add(Book(title="Kindred"))
        db.session.commit()

    @app.get("/")
    def page() -> str:
        return PAGE.format(db.session.scalars(select(Book)).one().title)

    return db


def sqlalchemy_lite(app: Flask) -> None:
    app.config["SQLALCHEMY_ENGINES"] = {"default": "sqlite://"}
    db = SQLAlchemyLite(app)
    with app.app_context():
        closed_with(app, db.engine)
    app.add_url_rule("/", "page", lambda: PAGE.format(db.session.scalar(text("SELECT 7"))))


def admin(app: Flask) -> None:
    db = sqlalchemy(app)
    Admin(app, name="Books").add_view(ModelView(Book, db))


def login(app: Flask) -> None:
    manager = LoginManager(app)
    manager.login_view = "enter"

    @manager.user_loader
    def load(name: str) -> UserMixin:
        user = UserMixin()
        user.id = name
        return user

    @app.get("/")
    def page() -> str:
        return PAGE.format(f"known: {current_user.is_authenticated}")

    @app.route("/enter")
    def enter() -> ResponseReturnValue:
        login_user(load("ada"), remember=True)
        return redirect("/own")

    @app.get("/own")
    @login_required
    def own() -> str:
        return PAGE.format(current_user.id)


def compress(app: Flask) -> None:
    Compress(app)

    @app.get("/")
    def small() -> str:
        return PAGE.format("too small to be compressed")

    @app.get("/large")
    def large() -> Response:
        response = make_response(PAGE.format("text " * 1000))
        response.add_etag()
        response.make_conditional(request)
        return response

    @app.get("/stream")
    def stream() -> Response:
        return Response((PAGE.format("text " * 100) for _ in range(3)), mimetype="text/html")


def caching(app: Flask) -> None:
    app.config["CACHE_TYPE"] = "SimpleCache"
    cache = Cache(app)
    made = iter(range(100))

    @app.get("/")
    @cache.cached()
    def page() -> Response:
        return Response(PAGE.format(next(made)), mimetype="text/html")

    @app.get("/part")
    def part() -> str:
        g.part = cache.get("part") or next(made)
        cache.set("part", g.part)
        return PAGE.format(g.part)


EXTENSIONS: dict[str, t.Callable[[Flask], t.Any]] = {
    each.__name__: each
    for each in (
        admin,
        caching,
        compress,
        cors,
        httpauth,
        login,
        smorest,
        sqlalchemy,
        sqlalchemy_lite,
        wtf,
    )
}


def make(name: str, *, watched: bool) -> Flask:
    """Make the app of one extension."""
    app = Flask(__name__)
    app.config.update(SECRET_KEY="x", LIFECYCLE_ENABLED=watched)
    app.debug = True
    Lifecycle(app)
    EXTENSIONS[name](app)
    return app


def create_app(_folder: str) -> Flask:
    """Make one app under which all of them are mounted, by name."""
    app = Flask(__name__)
    mounted: dict[str, t.Any] = {f"/{name}": make(name, watched=True) for name in EXTENSIONS}
    vars(app)["wsgi_app"] = DispatcherMiddleware(app.wsgi_app, mounted)
    return app
