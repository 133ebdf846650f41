"""One pass over a text's lines that leaves out quoted history, and one over the ends of what is left for signatures.

Decides line by line, by the marks of ``postbox.screening.replies.marks``. It never looks further than some lines around
one, so a text of marks alone takes no longer than any other.
"""

from __future__ import annotations

import re

from postbox.screening.replies import marks
from postbox.screening.replies.marks import Mark, names_sender

_INITIALS = re.compile(r"[A-Za-z]{1,3}>(?: |\Z)").match
_OTHER_QUOTES = "|:%#}"
_DRAWN = frozenset("-_=*~+—–")
_COLONS = frozenset(":：")
_DELIMITERS = frozenset({"--", "- --", "—", "– –"})
_SIGNATURE_LINES = 30
_LOOSE_SIGNATURE_LINES = 10
_SIGNATURE_SPAN = 60
_FOOTER_SPAN = 12
_LONG_RULE = 20
_HEADING = 14
_BLANKS_BEFORE_A_QUOTE = 3
_HEADER_START = 30


class Sweep:
    """``own`` says of each line whether it stays; ``answers``, whether something said who wrote what is quoted."""

    __slots__ = (
        "_delimiters", "_ends", "_forward", "_heading", "_other", "_quotes", "_reply", "_rules", "_stop",
        "answers", "lines", "own",
    )  # fmt: skip

    def __init__(self, lines: list[str], *, forward: bool, reply: bool, quotes: bool) -> None:
        self.lines = lines
        self.own = bytearray(b"\x01") * len(lines)
        self.answers = False
        self._forward = forward
        self._reply = reply
        self._quotes = quotes
        self._other = ""
        self._ends: list[int] = []
        self._delimiters: list[int] = []
        self._rules: list[int] = []
        self._heading = 0
        self._stop = len(lines)

    def history(self) -> None:
        """Leave out quotes and what introduces them, up to a forwarded message, which stays to its end."""
        own, lines, quotes, reply, other = self.own, self.lines, self._quotes, self._reply, self._other
        quoting = said = False
        at = -1
        for line in lines:
            at += 1
            if quoting and line[:1] == ">":
                own[at] = 0
                continue
            bare = line.strip()
            if not bare:
                continue
            first = bare[0]
            may_quote = quotes and (first in {">", other} or (reply and ">" in bare[1:5]))
            if may_quote and self._is_quote(first, bare, at, quoting):
                if not quoting and said:
                    self._introduced(at)
                own[at] = 0
                quoting = said = True
                continue
            quoting = False
            if bare[-1] in _COLONS or first in _DRAWN or (":" in bare[:_HEADER_START] and names_sender(bare)):
                if at < self._heading:
                    continue
                if self._ends_here(bare, at, said):
                    break
                quotes, other = self._quotes, self._other
            said = True

    def _is_quote(self, first: str, bare: str, at: int, quoting: bool) -> bool:
        if first == ">":
            # A program that stores mail writes a line's From so.
            return quoting or not bare.startswith(">From ") or self._quoted_after(at)
        return first == self._other or (self._reply and _INITIALS(bare) is not None)

    def _quoted_after(self, at: int) -> bool:
        return next((line.lstrip()[:1] == ">" for line in self.lines[at + 1 : at + 4] if line.strip()), False)

    def _introduced(self, at: int) -> None:
        """A quote begins: the words before it that say whose it is go with it."""
        last = self._before(at)
        if last is not None and (begin := marks.attribution(self.lines, last, quoted=True)) is not None:
            self._leave(begin, last + 1)
            self._ends.append(begin)
            self.answers = True

    def _before(self, at: int) -> int | None:
        """The line with text before this one, if it stays and is near."""
        for index in range(at - 1, max(at - 2 - _BLANKS_BEFORE_A_QUOTE, -1), -1):
            if self.lines[index].strip():
                return index if self.own[index] else None
        return None

    def _ends_here(self, bare: str, at: int, said: bool) -> bool:
        """Whether the message ends at a mark in this line; ``said``: there was text before it."""
        if bare in _DELIMITERS:
            self._delimiters.append(at)
            return False
        if marks.is_rule(bare):
            if len(bare) >= _LONG_RULE:
                self._rules.append(at)
            return False
        mark = marks.separator(bare)
        if mark is None and names_sender(bare) and marks.header_block(self.lines, at):
            mark = self._whose(at)
        if mark is Mark.HISTORY and not self._forward and self._heads_quotes(at):
            return False
        if mark is Mark.FORWARD or (mark is Mark.HISTORY and (self._forward or not said)):
            self._stop = at
            return True
        if mark is Mark.HISTORY:
            self._cut(at)
            return True
        if bare.startswith("-----BEGIN PGP "):
            self._leave_armour(at)
            return False
        return bare[-1] in _COLONS and not self._forward and self._introduces(bare, at, said)

    def _heads_quotes(self, at: int) -> bool:
        """Whether quotes follow the separator and its header lines, which then say no more than whose they are."""
        end = at + 1
        while end < min(at + _HEADING, len(self.lines)) and self.lines[end].strip()[:1] not in {"", ">"}:
            end += 1
        if not self._quotes or not self._quoted_after(end - 1):
            return False
        self._leave(at, end)
        self._ends.append(at)
        self._heading = end
        self.answers = True
        return True

    def _whose(self, at: int) -> Mark | None:
        """What a block of header lines heads: history in an answer or as Outlook sets it, else something passed on."""
        before = self._before(at)
        drawn = before is not None and marks.is_rule(self.lines[before].strip())
        return Mark.HISTORY if self._reply or drawn or marks.says_sent(self.lines, at) else Mark.FORWARD

    def _introduces(self, bare: str, at: int, said: bool) -> bool:
        """A line that says who wrote: a quote follows, which is looked at in its turn, or all that follows is one."""
        if not marks.may_introduce(bare):
            return False
        following = [line.strip()[0] for line in self.lines[at + 1 : at + 6] if line.strip()][:2]
        if following and following[0] == ">":
            if not self._quotes and marks.attribution(self.lines, at, quoted=False) is not None:
                self._quotes = True
            return False
        if following and following[0] in _OTHER_QUOTES and len(set(following)) == 1:
            if marks.attribution(self.lines, at, quoted=True) is not None:
                self._other, self._quotes = following[0], True
            return False
        begin = marks.attribution(self.lines, at, quoted=False)
        if begin is None or not any(line.strip() for line in self.lines[:begin][-8:]):
            return False
        self._cut(begin)
        self.answers = True
        return said

    def _cut(self, at: int) -> None:
        """Leave out everything from here on, with the rule drawn before it."""
        before = self._before(at)
        if before is not None and marks.is_rule(self.lines[before].strip()):
            at = before
        self._leave(at, len(self.lines))
        self._stop = at

    def _leave_armour(self, at: int) -> None:
        """An OpenPGP header ends with a blank line, a signature with its last line (RFC 9580, section 6.2)."""
        signature = "SIGNATURE" in self.lines[at]
        for index in range(at, len(self.lines)):
            bare = self.lines[index].strip()
            self.own[index] = 0
            self._heading = index + 1  # so that its lines are not looked at again
            if bare.startswith("-----END PGP ") if signature else not bare:
                break

    def _leave(self, begin: int, end: int) -> None:
        self.own[begin:end] = bytes(end - begin)

    def signatures(self) -> None:
        """Leave out the signature before each end of the writer's own words."""
        end = self._stop
        while end and not (self.own[end - 1] and self.lines[end - 1].strip()):
            end -= 1
        for rule in reversed(self._rules[-2:]):
            end = self._without_footer(end, rule)
        for one in self._ends:
            self._sign(one)
        self._sign(end)

    def _without_footer(self, end: int, rule: int) -> int:
        """Where the text ends without what a mailing list adds below a drawn rule."""
        if not 0 < end - rule <= _FOOTER_SPAN:
            return end
        below = [line for line in self.lines[rule + 1 : end] if line.strip()]
        if 0 in self.own[rule:end] or not (not below or marks.is_list_footer(below)):
            return end
        self._leave(rule, end)
        return rule

    def _sign(self, end: int) -> None:
        own, lines = self.own, self.lines
        begin = end
        for at in self._delimiters:
            if at < end <= at + _SIGNATURE_SPAN and 0 not in own[at:end]:
                texts = sum(1 for line in lines[at + 1 : end] if line.strip())
                if texts <= (_SIGNATURE_LINES if lines[at].startswith("-- ") else _LOOSE_SIGNATURE_LINES):
                    begin = at
                    break
        self._leave(begin, end)
        for _ in range(2):
            while begin and own[begin - 1] and not lines[begin - 1].strip():
                begin -= 1
            if begin and own[begin - 1] and marks.signs_off(lines[begin - 1].strip()):
                begin -= 1
                self._leave(begin, begin + 1)
