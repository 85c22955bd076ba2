"""A figure that is worked out once, when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

__all__ = ["lazy"]

_T = TypeVar("_T")


class lazy(Generic[_T]):  # noqa: N801 - a decorator
    """`functools.cached_property` without the lock that Python 3.11 takes at each first access."""

    def __init__(self, work: Callable[[Any], _T]) -> None:
        self._work = work
        self.__doc__ = work.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, held: None, owner: type) -> lazy[_T]: ...
    @overload
    def __get__(self, held: object, owner: type) -> _T: ...
    def __get__(self, held: object | None, owner: type) -> lazy[_T] | _T:
        if held is None:
            return self
        value = held.__dict__[self._name] = self._work(held)
        return value
