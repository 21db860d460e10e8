"""What each function of the user's changed: in ``g``, in the session, on the response."""

from .probes import READS, READS_RESPONSE, READS_RESPONSES, READS_SESSION, install

__all__ = ["READS", "READS_RESPONSE", "READS_RESPONSES", "READS_SESSION", "install"]
