"""Which names are those of secrets."""

from __future__ import annotations

import re

import pytest

from flask_lifecycle.redact import MASK, Redactor, names
from tests.helpers.samples import Sampler

redactor = Redactor()


def test_names_are_told() -> None:
    secret = """password X-Api-Key user[pass] pass1 pass_2 otp_code passkey pin userPin pinCode cvc
    cvv ssn iban card_number mfa_code recovery_codes backupCodes stripe_key licence_key AccountKey
    PHPSESSID JSESSIONID SAMLResponse client_assertion code_verifier seed_phrase mnemonic contraseña
    clave motDePasse mdp senha parol пароль 密码 पासवर्ड পাসওয়ার্ড كلمة_السر پاسورڈ Passwort
    kata_sandi passwоrd раssword ѕecret ｐａｓｓｗｏｒｄ pass\u200bword WEBHOOK_URL
    SENTRY_DSN dbpass connect.sid pw user_pw pw_hash hashedPw pswd"""
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
