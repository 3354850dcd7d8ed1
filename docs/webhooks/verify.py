"""Checks X-Novatrade-Signature with the standard library of Python 3.10 or newer."""

import hashlib
import hmac
import re
import time


def verify(header: str, body: bytes, secret: str, now: float | None = None) -> bool:
    """Whether `body`, the bytes as they came, was signed with `secret` within the last (or next) 300 seconds."""
    parts = [part.partition("=")[::2] for part in header.split(",")]
    times = [value for name, value in parts if name == "t"]
    if len(times) != 1 or not re.fullmatch("[0-9]{1,12}", times[0]):
        return False
    if abs((time.time() if now is None else now) - int(times[0])) > 300:
        return False
    expected = hmac.new(secret.encode(), times[0].encode() + b"." + body, hashlib.sha256).hexdigest().encode()
    return any(hmac.compare_digest(expected, value.encode()) for name, value in parts if name == "v1")
