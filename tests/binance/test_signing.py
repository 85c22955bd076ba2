"""Signatures against known answers (Binance, "Request security" of REST and websocket API)."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from real_trade.binance.opening import open_exchange
from real_trade.binance.signing import signed

SECRET = b"NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
PARAMETERS = {
    "symbol": "BTCUSDT",
    "side": "SELL",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.01000000",
    "price": "52000.00",
    "recvWindow": 100,
    "timestamp": 1645423376532,
}


@pytest.fixture
def client(make_settings):
    exchange = open_exchange(make_settings(endpoint="http://127.0.0.1:9"))
    return exchange.client


def test_hmac_over_the_sorted_parameters(client):
    found = signed(client, PARAMETERS)
    wanted = "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24"
    assert found["signature"] == wanted


def test_hmac_of_a_symbol_that_is_not_ascii(client):
    symbol = "\uff11\uff12\uff13\uff14\uff15\uff16"
    odd = {"symbol": symbol, "side": "BUY", "quantity": "1.00000000"}
    found = signed(client, PARAMETERS | odd | {"price": "0.10000000", "recvWindow": 5000})
    wanted = "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd"
    assert found["signature"] == wanted


def test_hmac_of_a_rest_request_is_over_what_is_sent(client):
    query = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
    query += "&recvWindow=5000&timestamp=1499827319559"
    known = hmac.new(SECRET, query.encode(), hashlib.sha256).hexdigest()
    assert known == "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
    order = dict(part.split("=") for part in query.split("&")) | {"newClientOrderId": "mine"}
    request = client.sign("order", ["private"], "POST", order)
    body, _, signature = request["body"].rpartition("&signature=")
    assert dict(part.split("=") for part in body.split("&")) == order
    assert signature == hmac.new(SECRET, body.encode(), hashlib.sha256).hexdigest()


@pytest.fixture
def make_client(make_settings):
    def make(pem):
        settings = make_settings(endpoint="http://127.0.0.1:9", secret=pem)
        return open_exchange(settings).client

    return make


def payload_of(found):
    return "&".join(f"{name}={found[name]}" for name in sorted(found) if name != "signature")


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_an_ed25519_key_signs_what_its_public_key_accepts(make_client, ends):
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    found = signed(make_client(pem.replace("\n", ends)), PARAMETERS)
    key.public_key().verify(base64.b64decode(found["signature"]), payload_of(found).encode())


def test_an_rsa_key_signs_what_its_public_key_accepts(make_client):
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    found = signed(make_client(pem), PARAMETERS)
    key.public_key().verify(
        base64.b64decode(found["signature"]),
        payload_of(found).encode(),
        padding.PKCS1v15(),
        hashes.SHA256(),
    )
