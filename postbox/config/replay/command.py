"""`postbox replay PATH…`: options in, summary out.

Decides what the operator reads. Exit status 0 when every mail was taken, 1 when any was not, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from postbox.config.replay.bar import Bar
from postbox.config.replay.client import Client
from postbox.config.replay.run import Run, Tally
from postbox.config.replay.sources import Found, search
from postbox.config.up.home import Home

LISTED = 20
_ADDRESS = re.compile(r"[!-~]+@[!-~]+")


def main(arguments: Sequence[str] | None = None) -> int:
    """Feed the files and say what became of them."""
    options = parser().parse_args(arguments)
    try:
        credentials = read_credentials(Home.chosen(options.home).credentials)
    except ValueError as error:
        return _complain(str(error))
    mails, strays = sort_out(search(options.paths))
    for path, reason in strays[:LISTED]:
        _complain(f"{path}: {reason}")
    if len(strays) > LISTED:
        _complain(f"… and {len(strays) - LISTED} more files that are no mail")
    if not mails:
        return _complain("there is no mail to send.")
    tally = feed(mails, credentials, options)
    print(summary(tally, strays, options.wait))  # noqa: T201
    if tally.ended_by == "interrupted":
        return 130
    named = {path for path, _ in strays} & set(options.paths)
    return 0 if tally.good and not named else 1


def parser() -> argparse.ArgumentParser:
    """The options of `postbox replay`."""
    made = argparse.ArgumentParser(
        prog="postbox replay", description="Feed mail from files through /ingest, as a mail server would bring it."
    )
    made.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="an .eml file, an mbox, or a folder of either"
    )
    made.add_argument("--to", type=_address, metavar="ADDRESS", help="the recipient (default: the sample agent's)")
    made.add_argument("--home", metavar="DIR", help="of the running system (default: POSTBOX_HOME or .postbox)")
    made.add_argument("--connections", type=_connections, default=4, metavar="N", help="kept open (default 4)")
    made.add_argument("--no-wait", dest="wait", action="store_false", help="do not wait until all are processed")
    return made


def read_credentials(path: Path) -> dict[str, str]:
    """What `postbox up` wrote for its user. ValueError, in words, where there is nothing to use."""
    try:
        credentials: dict[str, str] = json.loads(path.read_text())
    except FileNotFoundError:
        raise ValueError(f"{path} is not there: start `postbox up`, or name its folder with --home.") from None
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    missing = [name for name in ("url", "bridge_key", "address") if not credentials.get(name)]
    if missing:
        raise ValueError(f"{path} has no {', '.join(missing)}.")
    return credentials


def sort_out(found: Iterable[Found | tuple[Path, str]]) -> tuple[list[Found], list[tuple[Path, str]]]:
    """The mails, and what is none with the reason."""
    mails: list[Found] = []
    strays: list[tuple[Path, str]] = []
    for item in found:
        if isinstance(item, Found):
            mails.append(item)
        else:
            strays.append(item)
    return mails, strays


def feed(mails: Sequence[Found], credentials: dict[str, str], options: argparse.Namespace) -> Tally:
    """Send all, then wait for the pipeline unless told not to."""
    agent_key = credentials.get("agent_key", "")
    client = Client(credentials["url"], credentials["bridge_key"], agent_key, options.connections)
    run = Run(client, mails, options.to or credentials["address"], credentials.get("agent_id", "") if agent_key else "")
    bar = Bar(sys.stderr, len(mails), "sending ")
    run.send(options.connections, lambda tally: bar.at(tally.done))
    bar.clear()
    if options.wait and not client.stop.is_set():
        waited = Bar(sys.stderr, len(run.tally.waiting), "processing ")
        run.wait(lambda tally: waited.at(tally.processed + tally.quarantined))
        waited.clear()
    return run.tally


def summary(tally: Tally, strays: Sequence[tuple[Path, str]], waited: bool) -> str:
    """What became of the mails, for a person."""
    rate = tally.answered / tally.seconds if tally.seconds else 0.0
    mails = "1 mail" if tally.answered == 1 else f"{tally.answered} mails"
    lines = [f"{mails} sent in {tally.seconds:.1f} s, {rate:.0f} a second"]
    lines += [_count("accepted", tally.accepted), _count("duplicates", tally.duplicates)]
    lines += _reasons("rejected", tally.rejected) + _reasons("refused", tally.refused)
    lines += [_count("failed", tally.failed)]
    if tally.not_sent:
        lines.append(_count("not sent", tally.not_sent))
    if strays:
        lines.append(_count("no mail", len(strays)))
    if waited:
        lines += [_count("processed", tally.processed), _count("quarantined", tally.quarantined)]
        unknown = tally.accepted - tally.processed - tally.quarantined - len(tally.waiting)
        if tally.waiting:
            lines.append(f"{_count('no outcome', len(tally.waiting))}  (still being worked on, or refused)")
        if unknown > 0:
            lines.append(f"{_count('not asked', unknown)}  (another agent's mail)")
    if tally.ended_by:
        lines.append(f"Ended early: {tally.ended_by}.")
    lines += [f"  {name}: {reason}" for name, reason in tally.problems[:LISTED]]
    if len(tally.problems) > LISTED:
        lines.append(f"  … and {len(tally.problems) - LISTED} more")
    return "\n".join(lines)


def _count(name: str, number: int) -> str:
    return f"  {name:<12}{number:>7}"


def _reasons(name: str, reasons: dict[str, int]) -> list[str]:
    total = _count(name, sum(reasons.values()))
    return [total, *(f"    {number} × {reason}" for reason, number in sorted(reasons.items()))]


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise argparse.ArgumentTypeError("an address in ASCII: local@domain")
    return text


def _connections(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 64:
        raise argparse.ArgumentTypeError("a number from 1 to 64")
    return number


def _complain(text: str) -> int:
    print(f"postbox replay: {text}", file=sys.stderr)  # noqa: T201
    return 1
