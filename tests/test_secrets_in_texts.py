"""What is masked in texts, statements and structures, and what is left as it is."""

from __future__ import annotations

import dataclasses
import random
import re
import time
import typing as t
from pathlib import Path

import pytest

from flask_lifecycle.redact import MASK, Redactor, names
from tests.samples import Sampler

redactor = Redactor()


class _Account(t.NamedTuple):
    name: str
    password: str


# By the names of gitleaks' rules: what finds the key is its first group, or all.
FORMATS = dict(
    line.split(" ", 1)
    for line in (Path(__file__).parent / "key_formats.txt").read_text().splitlines()
)
# Formats that are no more than what they are found beside.
_BESIDE = {
    "curl-auth-user": "curl -u bob:{}xyz https://host/",
    "curl-auth-header": "curl -H 'Key: {}' https://host/",
    "generic-api-key": "api_key = {}",
    "kubernetes-secret-yaml": "kind: Secret\ndata:\n  a: {}\n",
    "slack-webhook-url": "https://hooks.slack.com/services/{}",
    "sourcegraph-access-token": "sourcegraph: {}",
}


@pytest.mark.parametrize("name", FORMATS)
def test_keys_of_all_formats_are_masked(name: str) -> None:
    for seed in range(10):
        if name in _BESIDE:
            secret, _ = Sampler(seed).sample("[a-f0-9]{40}")
            text = _BESIDE[name].format(secret)
        else:
            text, secret = Sampler(seed).sample(FORMATS[name])
        if name == "sonar-api-token":
            secret = text.partition(" = ")[2]
        for mask in (redactor.text, redactor.query, redactor.value, redactor.sql, redactor.code):
            if mask in (redactor.sql, redactor.code) and (name in _BESIDE or "=" in FORMATS[name]):
                # What is told by what stands before it may be so in texts alone.
                continue
            shown = mask(f"see {text}")
            assert secret not in shown
            # Nor most of it.
            assert len(secret) < 32 or secret[-20:] not in shown


def test_there_are_as_many_formats_as_rules() -> None:
    # And one that tells a file by its name alone.
    assert len(FORMATS) == 221


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
    ("statement", "values"),
    [
        ("update u set password = :new where id = :id", {"new": "S", "id": 1}),
        ("update u set password = %(p)s, a = %(a)s", {"p": "S", "a": 1}),
        ("exec x @password = @h, @id = @i", {"h": "S", "i": 1}),
        ("update u set password = :p::text where a = :a", {"p": "S", "a": 1}),
        ("select id from u where token = crypt(?, token) and id = ?", ("S", 1)),
        ("insert into u (a, password) values (lower(?), crypt(?, gen_salt('bf')))", (1, "S")),
        ("insert into u (a, password, b) values (?, ?, now()), (?, ?, ?)", (1, "S", 2, "S", 3)),
        ("insert into u (a, pin) values (?, ?) on conflict (a) do update set pin=?", (1, "S", "S")),
        ("insert into u (a,pin) values (%s,%s) on duplicate key update pin=%s", (1, "S", "S")),
        ("update u set a = $2, password = $1, old = $1", ("S", 2)),
        ("update u set a = ? where x between ? and ? and password = ?", (1, 2, 3, "S")),
        ("insert into u (a, password) select ?, ? from b where c = ?", (1, "S", 3)),
        ("select 1 from u where id in (select id from v where token = ? and x = ?)", ("S", 1)),
        ("update settings set value = ? where name = 'smtp_password'", ("S",)),
    ],
)
def test_parameters_are_tied_to_their_columns(statement: str, values: t.Any) -> None:
    shown = redactor.parameters(statement, values)
    named = type(values) is dict
    expected = (
        {name: MASK if each == "S" else each for name, each in values.items()}
        if named
        else [MASK if each == "S" else each for each in values]
    )
    assert shown == expected


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER ROLE x PASSWORD 'hunter2'",
        "CREATE USER x IDENTIFIED BY hunter2",
        'create user x identified by "hunter2"',
        "PRAGMA key = 'hunter2'",
        "pragma key = hunter2",
        "select crypt('hunter2', salt) from t",
        "COPY u (name, password) FROM stdin;\nbob\thunter2\n\\.",
        "create user mapping for a server s options (user 'b', password 'hunter2')",
    ],
)
def test_literals_of_statements_that_have_a_secret_are_masked(statement: str) -> None:
    assert "hunter2" not in redactor.sql(statement)


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


def test_names_are_told() -> None:
    secret = """password X-Api-Key user[pass] pass1 pass_2 otp_code passkey pin userPin pinCode cvc
    cvv ssn iban card_number mfa_code recovery_codes backupCodes stripe_key licence_key AccountKey
    PHPSESSID JSESSIONID SAMLResponse client_assertion code_verifier seed_phrase mnemonic contraseña
    clave motDePasse mdp senha parol пароль 密码 पासवर्ड পাসওয়ার্ড كلمة_السر پاسورڈ Passwort
    kata_sandi passwоrd раssword ѕecret ｐａｓｓｗｏｒｄ pass\u200bword WEBHOOK_URL
    SENTRY_DSN dbpass connect.sid"""
    plain = """author compass bypass passenger passage pinned spin keyboard monkey token_count
    token_type max_tokens tokenizer primary_key foreign_key sort_key cache_key sortKey key keys
    turkey keynote public_key title status_code zip_code enclave parole
    shopping opinion side assertions"""
    assert [name for name in secret.split() if not redactor.is_secret(name)] == []
    assert [name for name in plain.split() if redactor.is_secret(name)] == []


@pytest.mark.parametrize("pattern", [*names._PARTS, *names._WORDS])
def test_no_secret_name_is_passed_over_at_a_glance(pattern: str) -> None:
    is_secret, may_name = names.secret_names(()), names.secret_texts(())
    # Without what is not to stand there.
    plain = re.sub(r"\(\?<?[!=](?:[^()]|\([^()]*\))*\)", "", pattern)
    for seed in range(50):
        name, _ = Sampler(seed).sample(plain)
        camel = name.title().replace("_", "")
        for each in (name, name.upper(), camel, f"user{camel}", f"my-{name}", f"a {name}"):
            assert may_name(f"x {each}: y") or not is_secret(each)


def test_what_an_app_adds_is_not_passed_over_at_a_glance() -> None:
    masks = Redactor(["clé privée", "Zip-Code"])
    assert masks.text("clé-privée=hide") == f"clé-privée={MASK}"
    assert masks.text("CLE_PRIVEE: hide") == f"CLE_PRIVEE: {MASK}"
    assert masks.text("user.zipCode=hide") == f"user.zipCode={MASK}"


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
docker run -p 5000:5000 --name web img
Please enter your password.
isbn 9780306406157 and ean 4006381333931
""".strip().splitlines()


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_texts_are_left_as_they_are(text: str) -> None:
    for mask in (redactor.text, redactor.query, redactor.value, redactor.sql, redactor.code):
        assert mask(text) == text


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
    redactor.placed(text)
    redactor.code(text)
    assert time.process_time() - begun < 1


PIECES = """
password:a& ://a:b <password> name=pin; ["password",
{'name':'pin', x:y@ x:y@z( thin:a/ ((( eyJ. a.b.
password='a'b password=a; token:x[ token:str| password=( password=a.b( password=''' password="
set_password( get('token', get(a -----BEGIN 'a', password\\ pin:"x" \\ password=f( 4111- A1B2-
key=A1b2C3 -p -u: <a <a> <![CDATA[ %70 \\"pin\\": {"a": Key( $$ '' /* -- (?, @a :a pin=[ pin={ GB12
"""


@pytest.mark.parametrize("blank", ["", " ", "\n"], ids=["", "blank", "line"])
@pytest.mark.parametrize("piece", PIECES.split())
def test_twice_the_text_takes_about_twice_the_time(piece: str, blank: str) -> None:
    def time_of(length: int) -> float:
        text = (piece + blank) * (length // len(piece + blank))
        took = []
        for _ in range(3):
            begun = time.thread_time()
            masks._masked(text)
            masks._masked_query(text)
            masks._masked_sql(text)
            masks.lines(text)
            masks.placed(text)
            took.append(time.thread_time() - begun)
        return min(took)

    masks = Redactor()
    # Four times what there is of a text, and what is below some milliseconds is noise.
    assert time_of(16_000) < 3 * max(time_of(8_000), 0.02)


def test_lines_of_code_stay_as_many() -> None:
    code = 'a = 1\npassword = """\nx\ny\n"""\nk = """-----BEGIN PRIVATE KEY-----\nab\ncd"""\nb = 2'
    shown = redactor.lines(code)
    assert shown.count("\n") == code.count("\n")
    assert not {"x", "y", "ab", "cd"} & set(shown.split())


@dataclasses.dataclass
class User:
    name: str
    password: str


def test_a_dataclass_in_a_text_is_masked() -> None:
    shown = redactor.text(f"made {User('bob', 'p&ss w<rd')!r}")
    assert shown == f"made User(name='bob', password='{MASK}')"
