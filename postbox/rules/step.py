"""Step ``rules``, the last: what the earlier verdicts and the owner's rules make of the mail.

Decides from what stands in the case alone. One rule is built in: a mail without exactly one author (RFC 5322, section
3.6.2) is quarantined, because nothing said about its sender can be trusted. The agent's own rules come after it, in
their order until one says stop. All that match count; the gravest outcome decides. A rule can hold or drop a mail and
never release one, and what does not go to the agent is neither forwarded nor answered.
"""

from __future__ import annotations

from collections.abc import Sequence

from postbox.mail.models import Outcome, Status
from postbox.rules.automatic import why_not_answered
from postbox.rules.compiled import CompiledRule
from postbox.rules.view import View
from postbox.screening.case import Case, Effects, Forward, Reply, Verdict, decide

name = "rules"
LABELS = 50
FORWARDS = 10


def check(case: Case) -> Verdict:
    if case.parsed is None:
        return Verdict(name, Outcome.SKIP, "not_parsed", "No rule can look at a mail that was not parsed.")
    authors = len(case.parsed.from_)
    if not case.rules and authors == 1:
        return Verdict(name, Outcome.PASS, "no_match", "No rule matched.")
    hits = matching(case, case.rules)
    outcome, code = _outcome(hits, authors)
    delivered = decide([*case.verdicts, Verdict(name, outcome, code, "")]) == Status.PROCESSED
    silent = why_not_answered(case) if any(rule.actions.reply_text for rule in hits) else ""
    case.effects = _effects(case, hits, delivered=delivered, answered=not silent)
    told = f"{authors} authors" if authors else "no author"
    words = [f"The mail names {told} in From; one is right."] if authors != 1 else []
    words += [f"Rule “{rule.name}”: {_told(rule, delivered, silent)}." for rule in hits]
    return Verdict(name, outcome, code, " ".join(words) or "No rule matched.")


def matching(case: Case, rules: Sequence[CompiledRule]) -> list[CompiledRule]:
    """The rules that match, up to the first that says stop."""
    view, hits = View(case), []
    for rule in rules:
        if rule.matches(view):
            hits.append(rule)
            if rule.actions.stop:
                break
    return hits


def _outcome(hits: Sequence[CompiledRule], authors: int) -> tuple[Outcome, str]:
    if any(rule.actions.drop for rule in hits):
        return Outcome.REFUSE, "dropped"
    if authors != 1:
        return Outcome.QUARANTINE, "from_count"
    if any(rule.actions.quarantine for rule in hits):
        return Outcome.QUARANTINE, "held_by_rule"
    return Outcome.PASS, "matched" if hits else "no_match"


def _effects(case: Case, hits: Sequence[CompiledRule], *, delivered: bool, answered: bool) -> Effects:
    """The first rule that names a folder has it; labels add up; a mail is answered once."""
    labels = dict.fromkeys(label for rule in hits for label in rule.actions.labels)
    return Effects(
        folder=next((rule.actions.folder for rule in hits if rule.actions.folder), ""),
        labels=tuple(labels)[:LABELS],
        forwards=_forwards(hits) if delivered else (),
        reply=_reply(case, hits) if delivered and answered else None,
        hits=tuple(rule.id for rule in hits),
    )


def _forwards(hits: Sequence[CompiledRule]) -> tuple[Forward, ...]:
    first: dict[str, Forward] = {}
    for rule in hits:
        for to in rule.actions.forward:
            first.setdefault(to.lower(), Forward(to, rule.id, rule.name))
    return tuple(first.values())[:FORWARDS]


def _reply(case: Case, hits: Sequence[CompiledRule]) -> Reply | None:
    """To the return path, as RFC 3834 (section 4) wants it, not to whom a header names."""
    for rule in hits:
        if rule.actions.reply_text:
            return Reply(case.mail_from, rule.actions.reply_subject, rule.actions.reply_text, rule.id, rule.name)
    return None


def told(rule: CompiledRule) -> list[str]:
    """What a rule does, in words."""
    does = rule.actions
    words = [f"moved to “{does.folder}”"] if does.folder else []
    words += [f"labelled “{label}”" for label in does.labels]
    words += [f"forwarded to {to}" for to in does.forward]
    words += ["answered automatically"] if does.reply_text else []
    words += ["quarantined"] if does.quarantine else []
    words += ["dropped"] if does.drop else []
    words += ["later rules not asked"] if does.stop else []
    return words


def would(case: Case, rule: CompiledRule) -> list[str]:
    """What this rule, alone, would do with a mail that it matches, in words."""
    does = rule.actions
    held = does.drop or does.quarantine or decide(case.verdicts) != Status.PROCESSED
    return _words(rule, not held, why_not_answered(case) if does.reply_text else "")


def _told(rule: CompiledRule, delivered: bool, silent: str) -> str:
    return ", ".join(_words(rule, delivered, silent))


def _words(rule: CompiledRule, delivered: bool, silent: str) -> list[str]:
    words = told(rule)
    sends = rule.actions.forward or rule.actions.reply_text
    if sends and not delivered:
        words.append("but nothing is sent on for a mail that is held")
    elif rule.actions.reply_text and silent:
        words.append(f"but not answered, because {silent}")
    return words
