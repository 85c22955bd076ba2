"""Retry: reads are asked again, bounded and with jitter, and no test sleeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import stamina
from hypothesis import given
from hypothesis import strategies as st

from real_trade.exchange.errors import AuthError, OutcomeUnknown, RateLimited, Unavailable
from real_trade.runtime import VirtualRuntime
from real_trade.utils.retry import RetryConfig, call_with_retry, is_transient, retry


class Read:
    """Fails with each error in turn, then answers 42."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> int:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return 42


@pytest.fixture
def runtime() -> VirtualRuntime:
    return VirtualRuntime(seed=7)


def test_a_read_is_asked_again_until_it_answers(runtime: VirtualRuntime) -> None:
    read = Read(ConnectionError("cut"), TimeoutError("slow"), Unavailable("busy"))
    told: list[tuple[int, float, Exception]] = []
    assert call_with_retry(read, runtime, on_retry=lambda *each: told.append(each)) == 42
    assert read.calls == 4
    assert [attempt for attempt, _, _ in told] == [1, 2, 3]
    assert runtime.clock.monotonic() == pytest.approx(sum(wait for _, wait, _ in told))


def test_it_gives_up_after_the_calls_allowed_with_the_last_error(runtime: VirtualRuntime) -> None:
    read = Read(*(ConnectionError(str(n)) for n in range(9)))
    with pytest.raises(ConnectionError, match="2"):
        call_with_retry(read, runtime, RetryConfig(max_retries=2))
    assert read.calls == 3


def test_it_gives_up_when_the_time_is_used_up(runtime: VirtualRuntime) -> None:
    read = Read(*(ConnectionError() for _ in range(99)))
    with pytest.raises(ConnectionError):
        call_with_retry(
            read, runtime, RetryConfig(max_retries=98, base_delay=4, max_delay=4, deadline_s=10)
        )
    assert 2 <= read.calls <= 6
    assert runtime.clock.monotonic() <= 10


@pytest.mark.parametrize(
    "error", [ValueError("a bug"), AuthError("wrong key"), OutcomeUnknown("sent"), KeyError("x")]
)
def test_programming_errors_wrong_keys_and_unknown_outcomes_are_not_asked_again(
    runtime: VirtualRuntime, error: Exception
) -> None:
    read = Read(error)
    with pytest.raises(type(error)):
        call_with_retry(read, runtime)
    assert read.calls == 1
    assert not is_transient(error)


def test_what_the_exchange_asks_for_is_the_least_wait(runtime: VirtualRuntime) -> None:
    call_with_retry(Read(RateLimited("slow down", retry_after_s=45)), runtime)
    assert 45 <= runtime.clock.monotonic() < 46


def test_a_wait_beyond_the_deadline_is_not_begun(runtime: VirtualRuntime) -> None:
    with pytest.raises(RateLimited):
        call_with_retry(Read(RateLimited("banned", retry_after_s=7200)), runtime)
    assert runtime.clock.monotonic() == 0


@given(
    attempt=st.integers(1, 10_000),
    base=st.floats(0, 100),
    longest=st.floats(0.01, 1000),
    factor=st.floats(1, 10),
    seed=st.integers(0, 99),
)
def test_every_wait_is_between_half_and_all_of_a_bounded_backoff(
    attempt: int, base: float, longest: float, factor: float, seed: int
) -> None:
    config = RetryConfig(base_delay=base, max_delay=longest, backoff_factor=factor)
    full = min(longest, base * factor ** min(attempt - 1, 64))
    wait = config.delay(attempt, VirtualRuntime(seed).random, ConnectionError())
    assert full / 2 <= wait <= full * (1 + 1e-9)


def test_two_clients_do_not_come_back_at_the_same_time() -> None:
    waits = {
        RetryConfig().delay(3, VirtualRuntime(seed).random, ConnectionError()) for seed in range(20)
    }
    assert len(waits) == 20


def test_the_decorator_keeps_name_and_arguments(runtime: VirtualRuntime) -> None:
    failures = [ConnectionError()]

    @retry(waiter=runtime, max_retries=1)
    def price(symbol: str, *, side: str) -> str:
        if failures:
            raise failures.pop()
        return f"{symbol} {side}"

    assert price("BTC/USDT", side="buy") == "BTC/USDT buy"
    assert price.__name__ == "price"


@pytest.fixture
def stamina_without_sleep() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.mark.usefixtures("stamina_without_sleep")
@pytest.mark.parametrize("make", [ConnectionError, lambda: Unavailable("busy", retry_after_s=0.01)])
def test_the_decorator_without_a_runtime_asks_again_too(make: Callable[[], Exception]) -> None:
    read = Read(make(), make())
    assert retry(max_retries=5, base_delay=1.0)(read)() == 42
    assert read.calls == 3


@pytest.mark.usefixtures("stamina_without_sleep")
def test_the_decorator_without_a_runtime_lets_a_bug_through() -> None:
    read = Read(ValueError("a bug"))
    with pytest.raises(ValueError, match="a bug"):
        retry()(read)()
    assert read.calls == 1


@pytest.mark.usefixtures("stamina_without_sleep")
def test_exceptions_can_be_named() -> None:
    read = Read(KeyError("x"))
    assert retry(RetryConfig(exceptions=(KeyError,)))(read)() == 42


@pytest.mark.parametrize(
    "settings",
    [{"max_retries": -1}, {"base_delay": -1}, {"backoff_factor": 0.5}, {"deadline_s": 0}],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        RetryConfig(**settings)  # type: ignore[arg-type]  # on purpose
