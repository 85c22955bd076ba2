"""Keys and their signatures, checked as Binance checks them.

Source: spot documentation, rest-api.md, "Request security" and "SIGNED Endpoint Examples".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from enum import Enum
from typing import Any

import attrs

__all__ = ["ApiKey", "KeyKind", "signed_part", "sorted_payload"]


class KeyKind(Enum):
    """How a key signs."""

    HMAC = "HMAC"
    RSA = "RSA"
    ED25519 = "ED25519"


@attrs.define
class ApiKey:
    """One key of one account.

    Attributes:
        key: what the client sends as X-MBX-APIKEY.
        secret: the shared secret (HMAC) or the public key in PEM.
        ip: the only address it may be used from; empty for any.
        revoked: a key that was deleted or disabled on the website.
    """

    key: str
    secret: str = attrs.field(repr=False)
    account: str = "default"
    kind: KeyKind = KeyKind.HMAC
    can_read: bool = True
    can_trade_spot: bool = True
    can_trade_futures: bool = True
    can_withdraw: bool = False
    can_transfer: bool = False
    ip: str = ""
    revoked: bool = False
    created_ms: int = 0
    _public: Any = attrs.field(default=None, repr=False, init=False)

    def verifies(self, payload: bytes, signature: str) -> bool:
        """Return whether `signature` is this key's over `payload`."""
        if self.kind is KeyKind.HMAC:
            expected = hmac.new(self.secret.encode(), payload, hashlib.sha256).hexdigest()
            return hmac.compare_digest(expected.encode(), signature.lower().encode())
        try:
            raw = base64.b64decode(signature, validate=True)
        except (binascii.Error, ValueError):
            return False
        return self._verifies_public(payload, raw)

    def _verifies_public(self, payload: bytes, raw: bytes) -> bool:
        # Imported here: most runs have HMAC keys only, and these modules are slow to load.
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        if self._public is None:
            self._public = load_pem_public_key(self.secret.encode())
        try:
            if isinstance(self._public, Ed25519PublicKey):
                self._public.verify(raw, payload)
            else:
                self._public.verify(raw, payload, PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True


def signed_part(query: str, body: str) -> bytes:
    """Return what a REST request signs: query string and body, joined, without the signature.

    The text is taken as it came, percent-encoded: since 2026-01-15 a client that signs before it
    encodes gets -1022.
    """
    parts = (
        "&".join(part for part in text.split("&") if not part.startswith("signature="))
        for text in (query, body)
    )
    return "".join(parts).encode()


def sorted_payload(params: dict[str, Any]) -> bytes:
    """Return what a websocket API request signs: its parameters in alphabetical order, unencoded.

    Source: spot documentation, web-socket-api.md, "SIGNED request example (HMAC)".
    """
    return "&".join(
        f"{name}={_plain(params[name])}" for name in sorted(params) if name != "signature"
    ).encode()


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(f'"{item}"' for item in value) + "]"
    return str(value)
