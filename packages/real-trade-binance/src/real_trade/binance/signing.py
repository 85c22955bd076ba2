"""Signs requests on Binance's websocket API: HMAC, RSA and Ed25519 keys."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

__all__ = ["signed"]

_LONGEST_ED25519 = 120  # an Ed25519 key in PEM is shorter, an RSA key much longer


def signed(client: Any, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return `parameters` with key and signature.

    What is signed is the parameters in alphabetical order, joined as a query and not encoded
    (Binance, "Websocket API: request security"). ccxt's client holds the key and does the
    arithmetic, as it does for REST.
    """
    found = {**parameters, "apiKey": client.apiKey}
    payload = "&".join(f"{name}={found[name]}" for name in sorted(found))
    secret: str = client.secret
    if "PRIVATE KEY" not in secret:
        signature = client.hmac(payload.encode(), secret.encode(), hashlib.sha256)
    elif len(secret) > _LONGEST_ED25519:
        signature = client.rsa(payload, secret, "sha256")
    else:
        signature = client.eddsa(payload.encode(), secret, "ed25519")
    return {**found, "signature": signature}
