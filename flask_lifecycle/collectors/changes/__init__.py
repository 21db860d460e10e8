"""What each function of the user's changed: in ``g``, in the session, on the response."""

from .probes import CHANGES, OPENED, RESPONSE, RESPONSES, install

__all__ = ["CHANGES", "OPENED", "RESPONSE", "RESPONSES", "install"]
