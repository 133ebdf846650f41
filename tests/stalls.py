"""Tests whose tight figure a stall of the machine can spoil: they are tried again, so that it takes three to fail them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import ParamSpec

P = ParamSpec("P")


def thrice(test: Callable[P, None]) -> Callable[P, None]:
    """Pass where one of three attempts does. For bounds on waiting that cannot be wide; what costs CPU is measured so.

    An attempt must leave nothing behind that the next would find, and its fixtures serve all three.
    """

    @wraps(test)
    def tried(*args: P.args, **kwargs: P.kwargs) -> None:
        for _ in range(2):
            with suppress(AssertionError):
                return test(*args, **kwargs)
        return test(*args, **kwargs)

    return tried
