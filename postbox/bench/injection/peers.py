"""Other detectors, asked whether they would flag a text, each at its own threshold.

Decides how each is called. They come with the ``peers`` extra, which is for measuring alone; one that is not installed
is left out, with the reason.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

Flags = Callable[[str], bool]


def _injectionshield() -> Flags:
    scan = _attribute("injectionshield", "scan")
    return lambda text: not scan(text).safe


def _injectionguard() -> Flags:
    is_safe = _attribute("injectionguard", "is_safe")
    return lambda text: not is_safe(text)


def _ai_injection_guard() -> Flags:
    scanner = _attribute("prompt_shield", "PromptScanner")()
    return lambda text: not scanner.scan(text).is_safe


def _injectguard() -> Flags:
    scan = _attribute("injectguard", "scan")
    return lambda text: bool(scan(text).is_injection)


def _ipi_scanner() -> Flags:
    scanner = _attribute("ipi_scanner", "Scanner")()

    def flags(text: str) -> bool:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "mail.txt"
            file.write_text(text, "utf-8", "replace")
            found = scanner.scan_file(str(file))
        return str(found["risk_assessment"].get("level", "")).lower() not in ("", "green")

    return flags


_MAKERS: Final[dict[str, Callable[[], Flags]]] = {
    "injectionshield": _injectionshield,
    "ipi-scanner": _ipi_scanner,
    "injectionguard": _injectionguard,
    "ai-injection-guard": _ai_injection_guard,
    "injectguard": _injectguard,
}


def installed() -> tuple[dict[str, Flags], dict[str, str]]:
    """The detectors that are installed, by name and version, and why others are left out."""
    found: dict[str, Flags] = {}
    missing: dict[str, str] = {}
    for name, make in _MAKERS.items():
        try:
            found[f"{name} {version(name)}"] = make()
        except (PackageNotFoundError, ImportError, AttributeError) as error:
            missing[name] = f"not usable here: {error}"
    return found, missing


def _attribute(module: str, name: str) -> Any:
    return getattr(import_module(module), name)
