"""Prompt injection: how likely a text is to be an instruction to the software that reads it.

Decides a score in 0..1 and its reasons from weighted evidence (``postbox.screening.evidence``) and from a trained model
of sentences (``postbox.screening.model``): in the text, in what was hidden from the reader, and in what comes out when
disguises are taken off. It never changes a mail's state: the pipeline does.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from postbox.mail.parsed import Hidden, Reason, Score
from postbox.screening.distilling.invisible import Invisible
from postbox.screening.evidence.families import WORDS, Family
from postbox.screening.evidence.rules import BY_TRIGGER, TRIGGERS, Rule
from postbox.screening.evidence.views import unified, views
from postbox.screening.model.look import Strongest, candidates, strongest, weightiest
from postbox.screening.model.marks import ROLE, Reading, marked, paired, unmarked
from postbox.screening.model.weights import Weights, shipped

__all__ = ["QUARANTINE_ABOVE", "detect_prompt_injection", "is_quarantined"]

QUARANTINE_ABOVE = 0.8

_CHARACTERS = 256 * 1024
_HIDDEN_CHARACTERS = 32 * 1024
_PLACES_PER_WORD = 48
_SPAN = 160
# Below it honest mail lies ("please find attached"): reasons there would be noise to whoever reads them.
_TOLD_FROM = 0.3
_MOST_REASONS = 12
_BIAS = -3.6
_NEEDED = 4.9863  # the evidence at which the score is 0.8
_MODEL_MOST = 8.0
_MODEL_LEAST = 1.0
_SECOND = 0.35
_LESSER = 0.25
_DISGUISED = 2.2
_DISGUISED_LEAST = 2.0
_HIDDEN_BONUS = 2.6
_HIDDEN_LEAST = 2.0
_UNSEEN_WORDING_LEAST = 6.8
_MARKED = 4.0
_PAIRED = 5.2
_FLOOD_WEIGHT = 4.6
_FLOOD_WORDS = 60
_FLOOD_KINDS = 40

_BLANKS = str.maketrans(dict.fromkeys("!\"#$&'()*,.:;<>?@[\\]^`{|}~“”‘’«»„…·–—。，、！？：；（）【】「」।", " "))
_CHINESE = tuple(trigger for trigger in TRIGGERS if "\u4e00" <= trigger[0] <= "\u9fff")
_LATIN = TRIGGERS - frozenset(_CHINESE)


@dataclass(frozen=True, slots=True)
class _Hit:
    family: Family
    weight: float
    span: str
    note: str = ""


def is_quarantined(score: float) -> bool:
    """Whether a mail of this score is kept from its agent."""
    return score > QUARANTINE_ABOVE


def detect_prompt_injection(text: str, hidden: Sequence[Hidden] = (), weights: Weights | None = None) -> Score:
    """Scores a body (up to 256 KiB of it) together with what was hidden in the mail; linear in their length.

    ``weights`` are those that ship with Postbox unless others are given, as training does to judge them.
    """
    weights = weights or shipped()
    text, unseen = _cleaned(text[:_CHARACTERS])
    hits = _all_hits(text, weights)
    hits += _hidden_hits([*hidden, *unseen], weights)
    if not hits:
        return Score(round(_probability(0.0), 4))
    best, total = _added_up(hits)
    score = round(_probability(total), 4)
    if score < _TOLD_FROM:
        return Score(score)
    reasons = tuple(
        Reason(str(hit.family), WORDS[hit.family] + (f" ({hit.note})" if hit.note else ""), hit.span)
        for hit in best[:_MOST_REASONS]
    )
    return Score(score, reasons)


def _probability(evidence: float) -> float:
    return 1 / (1 + math.exp(-(_BIAS + min(evidence, 40.0))))


def _cleaned(text: str) -> tuple[str, list[Hidden]]:
    """The text without invisible characters and look-alikes, and what the invisible ones spelled."""
    if text.isascii():
        return text, []
    invisible = Invisible()
    text = unified(invisible.strip(text))
    said = invisible.report()
    return text, [Hidden("invisible_unicode", said)] if said else []


def _added_up(hits: list[_Hit]) -> tuple[list[_Hit], float]:
    """The strongest hit of each family, strongest first, and the evidence.

    A family's second hit counts for less, and so does the lesser of what the rules and the model find: both look at
    the same words.
    """
    families: dict[Family, list[_Hit]] = {}
    for hit in hits:
        families.setdefault(hit.family, []).append(hit)
    best, total = [], 0.0
    model = max((hit.weight for hit in families.get(Family.WORDING, ())), default=0.0)
    for family, found in families.items():
        found.sort(key=lambda hit: -hit.weight)
        best.append(found[0])
        if family is Family.WORDING:
            continue
        total += found[0].weight
        others = [hit for hit in found[1:] if hit.span != found[0].span]
        total += _SECOND * others[0].weight if others else 0.0
    best.sort(key=lambda hit: -hit.weight)
    return best, max(total, model) + _LESSER * min(total, model)


def _all_hits(text: str, weights: Weights) -> list[_Hit]:
    """What the text says as it stands and what it says undisguised."""
    reading = marked(text)
    hits = _plain_hits(text, reading, weights)
    hits += _flood(reading)
    for name, view in views(text, reading.words):
        found = _plain_hits(view, marked(view), weights)
        strongest_hit = _worth_telling(found, _DISGUISED_LEAST)
        if strongest_hit and strongest_hit.span not in text.lower():
            hits += found
            hits.append(_Hit(Family.DISGUISE, _DISGUISED, view[:_SPAN].lower(), name))
    return hits


def _plain_hits(text: str, reading: Reading, weights: Weights) -> list[_Hit]:
    """What the rules and the model find in those sentences that are worth a look."""
    found = candidates(text, reading, weights)
    if not found:
        return []
    lowered = "\n\n".join(dict.fromkeys(sentence for _, _, sentence, _, _ in found)).lower()
    hits = _hits(lowered, set(lowered.translate(_BLANKS).split()))
    if (best := strongest(found, reading, weights)) and (hit := _model_hit(best, weights)):
        hits.append(hit)
    return hits + _mark_hits(reading)


def _mark_hits(reading: Reading) -> list[_Hit]:
    """What it says by itself that a mail holds marks of a chat."""
    hits = []
    for at in reading.gains:
        sentence, words = reading.sentences[at]
        if words[-1] == ROLE:
            hits.append(_Hit(Family.BOUNDARY, _MARKED, unmarked(sentence).strip().lower()[:_SPAN]))
    if hits and (role := paired(reading)):
        hits.append(_Hit(Family.BOUNDARY, _PAIRED, role))
    return hits


def _model_hit(best: Strongest, weights: Weights) -> _Hit | None:
    """The model's evidence: by itself it reaches the threshold where its sum does."""
    evidence = min(_NEEDED + weights.slope * (best.sum - weights.threshold), _MODEL_MOST)
    if evidence < _MODEL_LEAST:
        return None
    span = " ".join(best.sentence.lower().split())[:_SPAN]
    note = ", ".join(weightiest(best.words, weights))
    return _Hit(Family.WORDING, evidence, span, f"{note}; the rest has none of its words" if best.foreign else note)


def _hits(lowered: str, words: set[str]) -> list[_Hit]:
    """The rules' hits at the places of the trigger words that the text holds."""
    found = []
    words = words | {"@"} if "@" in lowered else words
    present = sorted(words & _LATIN)  # in an order, so that the same text gives the same reasons
    if not lowered.isascii():
        present += [trigger for trigger in _CHINESE if trigger in lowered]
    for trigger in present:
        rules = [rule for rule in BY_TRIGGER[trigger] if not rule.needs or not rule.needs.isdisjoint(words)]
        if rules:
            found += _hits_of(trigger, rules, lowered)
    return found


def _hits_of(trigger: str, rules: list[Rule], lowered: str) -> list[_Hit]:
    """Each rule's first hit at the places of one trigger word, of which only so many are looked at."""
    found, length = [], len(trigger)
    at = lowered.find(trigger)
    for _ in range(_PLACES_PER_WORD):
        if at < 0 or not rules:
            break
        if _stands_alone(lowered, at, at + length):
            missed = []
            for rule in rules:
                if match := rule.match(lowered, at):
                    found.append(_Hit(rule.family, rule.weight, " ".join(unmarked(match[0]).split())[:_SPAN]))
                else:
                    missed.append(rule)
            rules = missed
        at = lowered.find(trigger, at + length)
    return found


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether a word stands there by itself; Chinese sets no blanks, so only ASCII neighbours count."""
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (before.isascii() and before.isalnum()) and not (after.isascii() and after.isalnum())


def _flood(reading: Reading) -> list[_Hit]:
    """One token repeated until little else is left, as used to push instructions out of a model's view."""
    length = sum([len(words) for _, words in reading.sentences])
    if length < _FLOOD_WORDS or len(reading.words) > min(length // 3, _FLOOD_KINDS):
        return []
    parts = [word for _, words in reading.sentences for word in words]
    sample = max(reading.words, key=parts.count)
    if any(map(_is_letter, sample)) and parts.count(sample) >= 0.5 * length:
        return [_Hit(Family.FLOOD, _FLOOD_WEIGHT, sample[:20])]
    return []


_is_letter = re.compile(r"[^\W_]|[\u2600-\U0001faff]").match


def _hidden_hits(hidden: Sequence[Hidden], weights: Weights) -> list[_Hit]:
    """Hidden text that gives orders is the strongest evidence; hidden text that only greets or previews is none."""
    hits: list[_Hit] = []
    left = _HIDDEN_CHARACTERS
    for entry in hidden:
        if left <= 0:
            break
        text, _ = _cleaned(entry.text[:left])
        left -= len(text)
        found = _all_hits(text, weights)
        if strongest_hit := _worth_telling(found, _HIDDEN_LEAST):
            hits += found
            hits.append(_Hit(Family.HIDDEN, _HIDDEN_BONUS, strongest_hit.span, entry.reason))
    return hits


def _worth_telling(found: list[_Hit], least: float) -> _Hit | None:
    """The strongest hit in a text that was not shown, if it is strong enough; wording alone must be nearly so."""
    kept = [hit for hit in found if hit.weight >= (_UNSEEN_WORDING_LEAST if hit.family is Family.WORDING else least)]
    return max(kept, key=lambda hit: hit.weight, default=None)
