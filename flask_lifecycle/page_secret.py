"""The secret of the pages: it outlives a run, so that open pages go on after a restart.

From it come the keys by which the panel's page and the toolbar call the server. It opens nothing to
anybody who may not open the panel anyway: the token, which does, is of one run.
"""

from __future__ import annotations

import hmac
import secrets

from .private_folder import create, private_folder, read

_BYTES = 32


def page_secret(*app: str) -> str | None:
    """Return the secret of an app's pages, derived from that of the user.

    :param app: what tells the app from the user's others.
    :returns: the same in all processes and runs; None if it cannot be stored.
    """
    try:
        path = private_folder("pages") / "secret"
        if not path.exists():
            create(path, secrets.token_bytes(_BYTES))
        secret = read(path, _BYTES)
    except OSError:
        return None
    name = "\0".join(app).encode("utf-8", "surrogateescape")
    if secret is None or len(secret) != _BYTES:
        return None
    return hmac.digest(secret, name, "sha256").hex()


__all__ = ["page_secret"]
