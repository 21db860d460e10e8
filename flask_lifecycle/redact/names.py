"""Recognise the names of secret values."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable

from .literals import any_of, each_with

#: Returns whether values under a name are masked.
IsSecret = Callable[[str], bool]

# Anywhere in a name, ignoring case and word separators. An author is not a secret.
_PARTS = (
    "passw",
    "passphrase",
    "passcode",
    "passkey",
    "pwd",
    "secret(?!ar(?:y|ies|ial|iat))",
    "token(?!i[sz])",
    "apikey",
    "accesskey",
    "accountkey",
    "encryptionkey",
    "signingkey",
    "fernetkey",
    "subscriptionkey",
    "licen[cs]ekey",
    "jwt",
    "bearer",
    "auth(?!or(?!i[sz])|enticated)",
    "cookie",
    "credential",
    "creditcard",
    "card(?:number|num|no)$",
    "cardnumber",
    "ccnum",
    "cvv",
    "securitycode",
    "private",
    "session",
    "sessid",
    "csrf",
    "xsrf",
    "signature",
    "dsn",
    "otp$",
    r"(?<!com)(?<!by)(?<!tres)(?<!sur)pass\d*$",
    "connectionstring",
    "socialsecurity",
    "passportn",
    "mnemonic",
    "(?:seed|recovery|backup|wallet)(?:phrase|words?|seed)",
    (
        "(?:verification|recovery|backup|twofactor|2factor|mfa|2fa|sms|login|activation|confirmation|"
        "reset|access|security|onetime|device)codes?$"
    ),
    "(?:mfa|2fa|twofactor)(?:key|seed|answer|response|input)",
    "codeverifier",
    "saml(?:response|request|art)",
    "securityanswer",
    "kalimata?l?(?:sirr?|murur|muroor)",
    "matkhau",
)
# Separate words, at the end of a name except for a number: a spin is not a pin.
_WORDS = (
    "pins?",
    "pin_?(?:code|number|no|nr|hash)",
    "[ht]?otps?(?:_(?:codes?|values?|numbers?|inputs?|seed|key|uri|pin))?",
    "pw(?:_?hash)?|pswd?",
    "cvc|cvn|csc|card_code",
    "ssn(?:_.*)?",
    "iban(?:_.*)?",
    "sid",
    "sig",
    "assertion",
    "web_?hooks?(?:_ur[il]s?)?",
    "(?:mfa|2fa|tfa)(?:_codes?)?",
    "conn_?str",
    # Spanish, French, Portuguese, Chinese, Indonesian, Hindi, Italian, Russian, Turkish, Polish.
    "clave|mdp|senha|mima|sandi|kuta?shabda?|kootshabd|parola|parol|sifre|haslo",
)
# "Password" in the languages that most people speak, and a few more.
_WORDS_FOR_IT = [
    "contraseña",
    "motdepasse",
    "motsdepasse",
    "palavrapasse",
    "palavrachave",
    "kennwort",
    "katasandi",
    "katakunci",
    "пароль",
    "парол",
    "密码",
    "密碼",
    "口令",
    "暗号",
    "暗號",
    "パスワード",
    "暗証番号",
    "비밀번호",
    "암호",
    "पासवर्ड",
    "कूटशब्द",
    "गुप्तशब्द",
    "পাসওয়ার্ড",
    "গোপনশব্দ",
    "গুপ্তশব্দ",
    "كلمةالسر",
    "كلمةالمرور",
    "كلمهالسر",
    "كلمهالمرور",
    "الرقمالسري",
    "پاسورڈ",
    "پاسورد",
    "خفیہلفظ",
    "رمزعبور",
]
# Names that end in "key" are secret, except for keys of rows, items and texts, and of the
# keyboard.
_PLAIN_KEYS = frozenset(
    [
        "primary",
        "foreign",
        "sort",
        "cache",
        "partition",
        "group",
        "index",
        "natural",
        "surrogate",
        "dict",
        "map",
        "hash",
        "object",
        "row",
        "record",
        "lookup",
        "search",
        "translation",
        "locale",
        "message",
        "msg",
        "bucket",
        "item",
        "parent",
        "child",
        "composite",
        "compound",
        "unique",
        "candidate",
        "order",
        "range",
        "public",
        "pub",
        "publishable",
        "menu",
        "tab",
        "field",
        "column",
        "col",
        "data",
        "json",
        "routing",
        "route",
        "idempotency",
        "dedup",
        "config",
        "setting",
        "feature",
        "flag",
        "label",
        "list",
        "type",
        "error",
        "event",
        "hot",
        "shortcut",
        "arrow",
        "enter",
        "escape",
        "function",
        "ctrl",
        "control",
        "alt",
        "shift",
        "meta",
        "any",
        "no",
        "each",
        "by",
        "first",
        "last",
        "next",
        "prev",
        "start",
        "end",
        "min",
        "max",
        "has",
        "for",
        "of",
        "in",
        "the",
        "this",
        "that",
        "same",
        "new",
        "old",
        "current",
        "missing",
        "invalid",
        "unknown",
        "duplicate",
        "extra",
        "other",
        "attribute",
        "attr",
        "property",
        "prop",
        "param",
        "header",
        "query",
        "form",
        "i18n",
        "state",
        "store",
        "storage",
        "memo",
        "trace",
        "span",
        "metric",
        "counter",
        "rate",
        "lock",
        "queue",
        "topic",
        "stream",
        "redis",
        "s3",
        "file",
        "path",
        "url",
        "page",
        "slot",
        "template",
        "block",
        "table",
        "db",
        "entity",
        "model",
        "id",
        "name",
        "value",
        "string",
        "str",
        "sorted",
        "left",
        "right",
        "delete",
        "space",
        "up",
        "down",
        "answer",
        "axis",
        "filter",
        "facet",
        "tag",
        "category",
        "join",
        "reference",
        "ref",
        "relation",
        "sub",
        "resource",
        "region",
        "node",
        "shard",
        "cluster",
        "distribution",
        "date",
        "time",
        "day",
        "month",
        "year",
        "issue",
        "fk",
        "theme",
        "nav",
        "section",
        "country",
        "city",
        "currency",
        "lang",
        "language",
        "color",
        "colour",
        "legend",
        "step",
        "test",
        "dimension",
        "series",
        "chart",
        "sheet",
    ]
)
# One of these is in each name of _PARTS, without word separators,
_COMPACT = """
passw passphrase passcode passkey pwd secret token apikey accesskey accountkey encryptionkey
signingkey fernetkey subscriptionkey licencekey licensekey jwt bearer cookie credential creditcard
cardnumber cardnum cardno ccnum cvv securitycode private session sessid csrf xsrf signature dsn otp
connectionstring socialsecurity passportn mnemonic phrase seed backupword recoveryword walletword
verificationcode recoverycode backupcode factor mfacode 2facode smscode logincode activationcode
confirmationcode resetcode accesscode onetimecode devicecode mfakey mfaanswer mfaresponse mfainput
2fakey 2faanswer 2faresponse 2fainput codeverifier samlre samlart securityanswer kalima matkhau
"""
_WHOLE = "cvc cvn csc sid sig mfa 2fa tfa clave mdp senha mima sandi parola parol sifre haslo"
# or one of these, for separate words, with word separators.
_BEGINS = re.compile(
    each_with(
        {
            "auth": "(?!or(?!i[sz]))",
            "key": "s?(?![a-z])",
            "pass": r"(?![a-z])",
            "pin": r"(?:s|[^a-z]*(?:code|number|no|nr|hash))?(?![a-z])",
            "pw": "(?:[^a-z]*hash)?(?![a-z])",
            "psw": "d?(?![a-z])",
            "card": "[^a-z]*code",
            "webhook": "",
            "web": "[^a-z]+hook",
            "connstr": "",
            "conn": "[^a-z]+str",
            "ssn": "",
            "iban": "",
            "assertion": "(?![a-z])",
            "kuta": "s",
            "kut": "s",
            "koot": "s",
            **dict.fromkeys(_WHOLE.split(), "(?![a-z])"),
            "mfacode": "",
            "2facode": "",
            "tfacode": "",
        }
    )
)
# Characters that a name can contain and that do not separate it from its value.
_SEPARATORS = bytes(
    each for each in range(128) if not chr(each).isalnum() and chr(each) not in "\"'<>=&,;(){}\r\n"
)
# Suffixes that turn a secret's name into the name of a property of it.
_ABOUT = re.compile(
    r"(?:tokens?|passwords?|sessions?|secrets?|cookies?|credentials?|auth|csrf|jwt|otp|passcode)_?"
    r"(?:counts?|types?|limits?|(?:min_|max_)?(?:len|length)|sizes?|usage|used|ttl|timeout|lifetime"
    r"|expiry|expires(?:_in|_at)?|max_?age|time_limit|strength|algs?|algorithms?|enabled|required"
    r"|policy|attempts|names?|domain|samesite|secure|httponly|partitioned|methods?|versions?|valid"
    r"|(?:changed|created|updated|issued)_(?:at|on)|date|hashers?)$"
    r"|(?:^|_)(?:prompt|completion|total|max|min|num|n|input|output|cached|reasoning)_?tokens$"
    # A class, as of an exception: the text after its name is its message.
    r"|_(?:errors?|exceptions?|warnings?|middleware|interface|expired)$|(?:^|_)unauthorized$"
)
_CAMEL = re.compile(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BREAKS = re.compile(r"[\W_]+")
# Letters that look like Latin ones: Cyrillic, Greek, and a few more (Unicode's confusables).
_ALIKE = str.maketrans(
    "аαɑвβсϲԁеεԍɡһіιıɩјϳкκӏмпηոоοօрρԛѕтτυսνѵԝωхχуγү",
    "aaabbccdeegghiiiijjkklmnnnoooppqsttuuvvwwxxyyy",
)


def secret_names(more: Iterable[str]) -> IsSecret:
    """Return the predicate for secret names.

    :param more: names in addition to the built-in ones.
    """
    known = [re.escape(folded) for name in more if (folded := _joined(_words(name)))]
    added = re.compile("|".join(known) or r"(?!)")
    foreign = (re.escape(_joined(_words(each))) for each in _WORDS_FOR_IT)
    parts = re.compile("|".join((*_PARTS, *foreign)))
    words = re.compile(rf"(?:^|_)(?:{'|'.join(_WORDS)})_?\d*$")

    def is_secret(words_of_name: str, *, phrase: bool) -> bool:
        return (
            parts.search(_joined(words_of_name)) is not None
            or words.search(words_of_name) is not None
            or (not phrase and _is_key(words_of_name))
        )

    def names_secret(name: str) -> bool:
        written = _words(name)
        if added.search(_joined(written)):
            return True
        if _ABOUT.search(written):
            return False
        phrase = " " in name
        return is_secret(written, phrase=phrase) or (
            not written.isascii() and is_secret(written.translate(_ALIKE), phrase=phrase)
        )

    return names_secret


def secret_texts(more: Iterable[str]) -> IsSecret:
    """Return a fast test whether a text may contain a secret name; most do not.

    :param more: names in addition to the built-in ones.
    """
    added = [folded for name in more if (folded := _joined(_words(name)))]
    compact = re.compile(any_of((*_COMPACT.split(), *added)))

    def may_name_secret(text: str) -> bool:
        if not text.isascii():
            return True
        folded = text.encode().lower()
        return (
            compact.search(folded.translate(None, _SEPARATORS).decode()) is not None
            or _BEGINS.search(folded.decode()) is not None
        )

    return may_name_secret


def _is_key(words: str) -> bool:
    before, _, last = words.rpartition("_")
    return last in ("key", "keys") and before != "" and before.rpartition("_")[2] not in _PLAIN_KEYS


def _words(name: str) -> str:
    """Return the words of a name, in lower case, separated by underscores."""
    if not name.isascii():
        # Without accents and invisible characters.
        decomposed = unicodedata.normalize("NFKD", name)
        name = "".join(each for each in decomposed if unicodedata.category(each)[0] not in "MC")
    return _BREAKS.sub("_", _CAMEL.sub("_", name)).casefold().strip("_")


def _joined(words: str) -> str:
    return words.replace("_", "")


__all__ = ["IsSecret", "secret_names", "secret_texts"]
