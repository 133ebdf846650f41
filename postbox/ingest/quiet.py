"""Imports flanker without what it prints: its loggers and the warnings of its modules.

Decides nothing. Logging outside flanker's own loggers and the process's warning filters stay as they are.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_import() -> Iterator[None]:
    """flanker logs its grammar's symbols at import and later every address that it cannot read."""
    logger = logging.getLogger("flanker")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
