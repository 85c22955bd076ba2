"""Signatures: Binance's own examples, and keys of all three kinds."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from real_trade.simulator.signing import ApiKey, KeyKind, signed_part, sorted_payload

# The example key of the spot documentation, rest-api.md, "SIGNED Endpoint Examples".
KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
EXAMPLE = ApiKey(key=KEY, secret=SECRET)
WHOLE = (
    "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC"
    "&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
)
ANSWER = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"


@pytest.mark.parametrize(
    ("query", "body", "answer"),
    [
        (f"{WHOLE}&signature=x", "", ANSWER),
        ("", f"{WHOLE}&signature=x", ANSWER),
        (
            WHOLE[: WHOLE.index("&quantity")],
            WHOLE[WHOLE.index("quantity") :] + "&signature=x",
            "0fd168b8ddb4876a0358a8d14d0c9f3da0e9b20c5d52b2a00fcf7d1c602f9a77",
        ),
    ],
    ids=["query", "body", "both"],
)
def test_the_documented_rest_signatures_verify(query: str, body: str, answer: str) -> None:
    assert EXAMPLE.verifies(signed_part(query, body), answer)
    assert EXAMPLE.verifies(signed_part(query, body), answer.upper())
    assert not EXAMPLE.verifies(signed_part(query, body), answer[:-1] + "0")


def test_the_documented_websocket_signature_verifies() -> None:
    params: dict[str, Any] = {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.01000000",
        "price": "52000.00",
        "recvWindow": 100,
        "timestamp": 1645423376532,
        "apiKey": KEY,
        "signature": "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24",
    }
    assert EXAMPLE.verifies(sorted_payload(params), params["signature"])


def test_ed25519_and_rsa_keys_verify_base64_signatures() -> None:
    payload = WHOLE.encode()
    edwards = ed25519.Ed25519PrivateKey.generate()
    rivest = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    signatures = {
        KeyKind.ED25519: edwards.sign(payload),
        KeyKind.RSA: rivest.sign(payload, padding.PKCS1v15(), hashes.SHA256()),
    }
    for kind, private in ((KeyKind.ED25519, edwards), (KeyKind.RSA, rivest)):
        public = private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        key = ApiKey(key="k", secret=public.decode(), kind=kind)
        signature = base64.b64encode(signatures[kind]).decode()
        assert key.verifies(payload, signature)
        assert not key.verifies(payload + b"0", signature)
        assert not key.verifies(payload, "not base64!")


def test_a_key_does_not_show_its_secret() -> None:
    assert SECRET not in repr(EXAMPLE)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"signature": "0" * 64}, 400, -1022),
        ({"signature": None}, 400, -1102),
        ({"timestamp": None}, 400, -1102),
        ({"timestamp": -5001}, 400, -1021),
        ({"timestamp": 1000}, 400, -1021),
        ({"timestamp": 999}, 200, 0),
        ({"timestamp": -5000}, 200, 0),
        ({"timestamp": -59_000, "recvWindow": "60000"}, 200, 0),
        ({"timestamp": -2, "recvWindow": "1.5"}, 400, -1021),
        ({"recvWindow": "60001"}, 400, -1102),
        ({"timestamp": "abc"}, 400, -1100),
    ],
)
def test_signed_requests_are_judged_as_binance_does(
    desk: Any, change: dict[str, Any], status: int, code: int
) -> None:
    params: dict[str, Any] = {"omitZeroBalances": "true", "timestamp": desk.now}
    for name, value in change.items():
        if name == "timestamp" and isinstance(value, int):
            value += desk.now
        if name != "signature":
            params[name] = value
    query = "&".join(f"{name}={value}" for name, value in params.items() if value is not None)
    signature = change.get("signature", desk.sign(query))
    if signature is not None:
        query += f"&signature={signature}"
    told = desk.send("GET", "/account", query)
    assert (told.status, told.code) == (status, code)


def test_microsecond_timestamps_are_taken(desk: Any) -> None:
    assert desk.signed("GET", "/account", timestamp=desk.now * 1000).status == 200


@pytest.mark.parametrize(("key", "code"), [("", -2014), ("short key!", -2014), ("a" * 64, -2015)])
def test_a_wrong_key_is_unauthorized(desk: Any, key: str, code: int) -> None:
    query = f"timestamp={desk.now}"
    headers = {"x-mbx-apikey": key} if key else {}
    told = desk.send("GET", "/account", f"{query}&signature={desk.sign(query)}", headers=headers)
    assert (told.status, told.code) == (401, code)


def test_a_key_without_a_right_is_refused_for_that_right_only(desk: Any) -> None:
    desk.key.can_trade_spot = False
    assert desk.limit().code == -2015
    assert desk.signed("GET", "/account").status == 200
    desk.key.ip = "10.0.0.1"
    assert desk.signed("GET", "/account").code == -2015


def test_signing_before_percent_encoding_is_refused(desk: Any) -> None:
    plain = f"symbol=\uff11\uff12\uff13&timestamp={desk.now}"
    encoded = f"symbol=%EF%BC%91%EF%BC%92%EF%BC%93&timestamp={desk.now}"
    wrong = desk.send("GET", "/openOrders", f"{encoded}&signature={desk.sign(plain)}")
    right = desk.send("GET", "/openOrders", f"{encoded}&signature={desk.sign(encoded)}")
    assert wrong.code == -1022
    assert right.code == -1121


def test_the_seed_decides_the_keys(make_desk: Callable[..., Any]) -> None:
    first, again, other = make_desk(), make_desk(), make_desk(seed=8)
    assert first.key.key == again.key.key
    assert first.key.secret == again.key.secret
    assert first.key.key != other.key.key
