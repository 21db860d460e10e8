"""Mask secrets in the arguments of commands, and in the files that commands read them from."""

from __future__ import annotations

import re

from .literals import any_of
from .names import IsSecret
from .patterns import MASK

_ARGUMENT = r"""(?:"(?:[^"\\]|\\.)*"?|'[^']*'?|\\*"[^"]*|[^\s"',\])]+)"""
# --password secret, also in a list of arguments.
_OPTION = re.compile(
    r"""(-(?<![\w-]-)-?([A-Za-z][\w-]+)(?:["'],)? +["']?)(?!-)"""
    r"""((?<=')[^']+|(?<=")[^"]+|[^\s"',\])]+)"""
)
# Single-letter options: for a user's name and password, or a password alone.
_WITH_USER = re.compile(
    rf"""(\b(?:curl|wget|httpie|https?|smbclient|lftp|svn|kinit)\b[^|;]{{0,400}}?[\s"']"""
    rf"""(?:-u|--user|-a|--auth|-U|--proxy-user|-E|--cert)(?:=|["'],\s*["']|\s*))"""
    rf"""(?=["']?[^\s"']*[:%])({_ARGUMENT})""",
)
_BY_LETTER = re.compile(
    rf"""(\b(?:mysql\w*|mariadb[\w-]*)\b[^\r\n|;]{{0,400}}?[\s"']-p)(?=\S)(?!["']?(?:ort|rotocol))({_ARGUMENT})"""
    rf"""|(\bsshpass\s+-p\s*|\b(?:(?:docker|podman|az|helm)\b[^\r\n|;]{{0,100}}?\blogin|mongo\w*)\b[^\r\n|;]{{0,400}}?\s-p(?:["'],\s*["']|\s+)"""
    rf"""|\bredis-cli\b[^\r\n|;]{{0,400}}?\s-a(?:["'],\s*["']|\s+)"""
    rf"""|\bldap\w+\b[^\r\n|;]{{0,400}}?\s-w(?:["'],\s*["']|\s+)"""
    rf"""|\b(?:sqlcmd|bcp|isql|unzip|zip)\b[^\r\n|;]{{0,400}}?\s-P\s*"""
    rf"""|\b(?:7za?|rar|unrar)\b[^\r\n|;]{{0,400}}?\s-p|\bopenssl\b[^\r\n|;]{{0,400}}?\bpass:"""
    rf"""|\bkeytool\b[^\r\n|;]{{0,400}}?\s-(?:store|key)pass\s+)({_ARGUMENT})"""
)
_HEADER = re.compile(
    r"""(\s(?:-H|--header)(?:=|["'],\s*|\s*)["']?[\w-]*(?:key|token)\s*:\s*)[^\s"'][^"'\r\n]*""",
    re.IGNORECASE,
)
_ORACLE = re.compile(r"(\b(?:sqlplus|expdp|impdp|exp|imp|sqlldr)\s+(?:-\w\s+)*[\w.]+/)[^\s@]+")
# What all of these commands have before the secret.
_DASH = re.compile(r"-(?<![\w-]-)[A-Za-z-]")
_PROGRAMS = """
curl wget http smbclient lftp svn kinit mysql mariadb sshpass docker podman az helm mongo redis-cli
ldap sqlcmd bcp isql zip 7z rar openssl keytool
"""
_PROGRAM = re.compile(any_of(_PROGRAMS.split()))
_EXPORTED = re.compile(r"[xm](?<=ex|im)p(?:dp)?\s")
# The file .netrc.
_NETRC = re.compile(
    r"(\b(?:machine\s+\S+|default|login\s+\S+)\s+(?:(?:login|account)\s+\S+\s+){0,2}"
    r"(?:password|passwd)\s+)(\S+)"
)


def may_be_command(text: str) -> bool:
    """Return whether a text may contain a command with a secret, or such a file."""
    return (
        ("-" in text and _DASH.search(text) is not None)
        or "pass:" in text
        or _may_be_oracle(text)
        or ("passw" in text and ("machine" in text or "login" in text or "default" in text))
    )


def _may_be_oracle(text: str) -> bool:
    if "/" not in text:
        return False
    if "sqlplus" in text or "sqlldr" in text:
        return True
    return ("exp" in text or "imp" in text) and _EXPORTED.search(text) is not None


def mask_commands(text: str, is_secret: IsSecret) -> str:
    """Mask the values of secret options of commands."""
    if ("," not in text and len(text.split(None, 1)) < 2) or not may_be_command(text):
        # One word, or several.
        return text
    text = _OPTION.sub(lambda match: f"{match[1]}{MASK}" if is_secret(match[2]) else match[0], text)
    if _PROGRAM.search(text):
        text = _WITH_USER.sub(_masked_argument, text)
        text = _BY_LETTER.sub(_masked_argument, text)
        if "curl" in text:
            text = _HEADER.sub(rf"\1{MASK}", text)
    if "pass:" in text:
        text = _BY_LETTER.sub(_masked_argument, text)
    if _may_be_oracle(text):
        text = _ORACLE.sub(rf"\1{MASK}", text)
    if "passw" in text:
        text = _NETRC.sub(rf"\1{MASK}", text)
    return text


def _masked_argument(match: re.Match[str]) -> str:
    before, value = [each for each in match.groups() if each is not None]
    quote = value[0] if value[0] in "\"'" else ""
    return f"{before}{quote}{MASK}{quote if value[1:].endswith(quote) else ''}"


__all__ = ["mask_commands", "may_be_command"]
