"""Keys and their values in texts and structures: what is masked, and what is left as it is."""

from __future__ import annotations

import dataclasses
import random
import time
import typing as t

import pytest

from flask_lifecycle.redact import MASK, Redactor
from tests.helpers.growth import takes_less

redactor = Redactor()


class _Account(t.NamedTuple):
    name: str
    password: str


SECRETS = [
    "password=p{}&ss w0rd",
    "password=a\"{}'c<d&e",
    "see 'url?password={}' end",
    "postgres://u:p@{}:w/ord?x#y@host/db",
    "dsn='root:x:y@z{}@tcp(127.0.0.1:3306)/db'",
    "amqp://user:" + "x" * 500 + "{}@host",
    "jdbc:oracle:thin:scott/{}@host:1521:x",
    "root:{}@tcp(127.0.0.1:3306)/db",
    "curl -u bob:{} https://host",
    "curl -s --user 'bob:a {}' https://host",
    "mysql -uroot -p{} db",
    "mysqldump -u root -p'a {}' db",
    "sshpass -p {} ssh host",
    "machine host login bob password {}",
    "machine host\n  login bob\n  password {}\n",
    "app --password 'a {}' x",
    "AccountName=x;AccountKey={}/def+g==;EndpointSuffix=core",
    "Server=x;Uid=sa;Pwd=a {};Database=d",
    "Server=x;Password=a {}",
    "password: |\n  a\n  {}\nname: x",
    "credentials:\n  user: a\n  word: {}\nother: 1",
    "password: a {} b\nname: x",
    "<password><![CDATA[a<{}]]></password>",
    "<textarea name='secret_note' rows=2>a {}</textarea>",
    "<credentials><u>a</u><p>{}</p></credentials>",
    '<add key="Password" value="{}"/>',
    "<Name>password</Name><Value>a {}</Value>",
    "Login\npassword\n  Too short [type=x, input_value='{}', input_type=str]",
    '[{{"name": "password", "value": "{}"}}, {{"a": [1, 2',
    '[["password", "{}"], ["x", "y"',
    '[{{"op": "replace", "path": "/password", "value": "{}"}}, {{"x',
    "boom [SQL: UPDATE u SET password=?, a=?]\n[parameters: ('{}', 'b')]\n(Background on x)",
    "boom\n[parameters: ({{'a': '{}'}}, 5",
    "DETAIL:  Failing row contains (1, bob, {}, null).",
    "Duplicate entry '{}' for key 'users.word'",
    "Key (email, password)=(a, {}) already exists.",
    "User(name='bob', password=Secret('a {}'))",
    "user[pass]={}&x=1",
    "密码：{} x",
    "пароль={} x",
    "पासवर्ड={} x",
    'b\r\nContent-Disposition: form-data; name="password"\r\n\r\na\r\n{}\r\n--b--',
    "-----BEGIN PGP PRIVATE KEY BLOCK-----\n{}\n-----END PGP PRIVATE KEY BLOCK-----",
    "PGPASSWORD={} psql",
    "password := {}",
    "assert token == '{}'",
    "if (password === {})",
    "if password != {}:",
    "POST /login?user%5Bpassword%5D={}&x=1",
    "env:\n  - name: API_TOKEN\n    value: {}\n  - name: B",
    'env:\n- value: "{}"\n  name: DB_PASSWORD',
    "Name: password\r\nValue: {}",
    "passwords:\n- a\n- {}\nname: x",
    "<param name='password'>{}</param>",
    '<data key="api_token">{}</data>',
    "<input type=password value={}>",
    '<input value="{}" class="x" type="password">',
    "MultiDict([('password', ['a', '{}'])])",
    "postgresql://u:{}@/db?host=/run/pg",
    "INSERT ok: pw_hash='{}'",
]


@pytest.mark.parametrize("text", SECRETS)
def test_a_secret_is_masked_to_its_end(text: str) -> None:
    secret = "".join(random.Random(5).sample("abcdefghijklmnopqrstuvwxyz", 12))
    written = text.format(secret)
    for mask in (redactor.text, redactor.query, redactor.value):
        once = mask(written)
        assert secret not in once
        assert "w0rd" not in once
        assert MASK in once
        assert mask(once) == once


@pytest.mark.parametrize(
    "value",
    [
        [_Account("a", "S")],
        {"Name": "Password", "Value": "S"},
        {"FIELD": "pin", "VALUE": "S"},
        {"key": "API_KEY", "val": "S"},
        {"op": "add", "path": "/user/password", "value": "S"},
        {"loc": ("body", "password"), "input": "S"},
        {("user", "password"): "S"},
        [("password", "S")],
        {"numbers": 4111111111111111},
    ],
    ids=repr,
)
def test_structures_are_masked_by_the_names_in_them(value: t.Any) -> None:
    shown = repr(redactor.value({"a": value}))
    assert "'S'" not in shown
    assert "4111" not in shown
    assert MASK in shown


ORDINARY = """
127.0.0.1 - - [29/Nov/2026 19:00:00] "GET /books/12?page=2&sort=title HTTP/1.1" 200 -
commit 3f786850e387550fdab836ed7e6dc881de23001b
id=550e8400-e29b-41d4-a716-446655440000 done in 12.5ms
/static/app.3f786850e387550fdab836ed7e6dc881.css
2026-11-29T19:00:00.123456+00:00 started
token_count=3 prompt_tokens=120 total_tokens: 340
pinned=5 spin=3 keyboard=us author=bob passenger: ann compass=north monkey=see
primary_key=id foreign_key=user_id sort_key=created cache_key=view//books
KeyError: 'name'
Missing key: name
select * from users where id = 5 and title like 'a%'
SELECT users.id AS users_id, users.name AS users_name FROM users WHERE users.id = ? LIMIT ?
INSERT INTO books (title, author, pages) VALUES ('Dune', 'Herbert', 412)
see https://example.com/@user/status/1234567890123456789
https://unpkg.com/react@18.2.0/umd/react.production.min.js
http://localhost:5000/a@b?x=1
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8
If-None-Match: "3f786850e387550fdab836ed7e6dc881"
Traceback: File "/usr/lib/python3.11/site-packages/flask/app.py", line 1511, in wsgi_app
order 1234567890123456 shipped at 1700000000000
sklearn sk-estimator-container-is-fitted for basic Python
<div class="ico-arrow-left-circle-outline-large" id="main-content-container">text</div>
<form action="/login" method="post"><label>Name</label><input name="q" value="a b"></form>
npm_config_registry_something_long_name hf_hub_download_timeout_in_seconds
{"a": 1, "b": [1, 2, {"name": "title", "value": "Dune"}]}
[("name", "bob"), ("age", "3")]
mysql --host=localhost --port=3306 -u root shop
jwt.exceptions.ExpiredSignatureError: Signature has expired
sqlalchemy.orm.exc.DetachedInstanceError: Session is closed; AuthenticationError: no such user
SessionMiddleware: took 3ms, SessionInterface: Redis
password_changed_at=2026-01-01 token_valid=yes auth_method=form jwt_algorithm=HS256
http://auth:8080/health and http://token-service:5000/x
Host: auth.example.com:8080
secretary: Alice theme_key=dark date_key=20260101
docker run -p 5000:5000 --name web img
Please enter your password.
isbn 9780306406157 and ean 4006381333931
""".strip().splitlines()


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_texts_are_left_as_they_are(text: str) -> None:
    for mask in (redactor.text, redactor.query, redactor.value, redactor.sql, redactor.code):
        assert mask(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "flask_wtf.csrf.CSRFError: 400 Bad Request: The CSRF token is missing.",
        "User(id=3, password=None, is_authenticated=True, token=null) and session=None",
        '{"user": {"is_authenticated": true, "token": null}, "id": 3}',
        "SESSION_COOKIE_NAME=session SESSION_COOKIE_SAMESITE=Lax WTF_CSRF_TIME_LIMIT=3600",
    ],
)
def test_what_is_said_about_secrets_is_shown(text: str) -> None:
    assert redactor.text(text) == redactor.value(text) == text
    # If the app masks more, its names may be of what is no text.
    assert Redactor(["is_admin"]).text("is_admin=True") == f"is_admin={MASK}"


@pytest.mark.parametrize(
    "piece",
    [
        "password: a&", "://a:b", "<password>", "name=pin\n\n", '["password", ', "{'name':'pin',",
        "curl -u a ", "mysql a ", "input_value=", "Key (a", "[parameters: ", "identified by (",
        "4111 ", "a b c ", "kind: secret data: ", "password:\n ", "x:y@", "insert into a (b, ",
        "((((", "values (?, ", "key = A1b2C3", "eyJ.", "GB12 ABCD ", "-p ", "machine a login b ",
        "Failing row contains (", "Duplicate entry '", "password='a'b", "password=a ;",
    ],
)  # fmt: skip
def test_the_time_grows_as_the_text(piece: str) -> None:
    # What is longer is cut before: a text of this length is the worst that there is.
    text = piece * (8000 // len(piece))
    for mask in (redactor.text, redactor.query, redactor.sql, redactor.value):
        begun = time.process_time()
        shown = mask(text * 200)
        assert time.process_time() - begun < 1  # some 10 ms
        assert len(shown) <= 4096
    begun = time.process_time()
    redactor.placeholders(text)
    redactor.code(text)
    assert time.process_time() - begun < 1


PIECES = """
password:a& ://a:b <password> name=pin; ["password",
{'name':'pin', x:y@ x:y@z( thin:a/ ((( eyJ. a.b.
password='a'b password=a; token:x[ token:str| password=( password=a.b( password=''' password="
set_password( get('token', get(a -----BEGIN 'a', password\\ pin:"x" \\ password=f( 4111- A1B2-
password=['a', {'pin':'a', "pin=a
key=A1b2C3 -p -u: <a <a> <![CDATA[ %70 \\"pin\\": {"a": Key( $$ '' /* -- (?, @a :a pin=[ pin={ GB12
"""


@pytest.mark.parametrize("blank", ["", " ", "\n"], ids=["", "blank", "line"])
@pytest.mark.parametrize("piece", PIECES.split())
def test_twice_the_text_takes_about_twice_the_time(piece: str, blank: str) -> None:
    masks = Redactor()

    def mask(length: int) -> None:
        text = (piece + blank) * (length // len(piece + blank))
        for mask_kind in masks._masks.values():
            mask_kind(text, masks)
        masks.lines(text)
        masks.placeholders(text)

    # Four times what there is of a text, and what is below some milliseconds is noise.
    assert takes_less(lambda: mask(16_000), 3, lambda: mask(8_000), floor=0.02)


@dataclasses.dataclass
class User:
    name: str
    password: str


def test_a_dataclass_in_a_text_is_masked() -> None:
    shown = redactor.text(f"made {User('bob', 'p&ss w<rd')!r}")
    assert shown == f"made User(name='bob', password='{MASK}')"
