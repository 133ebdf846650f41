"""The desk's words in templates."""

from __future__ import annotations

from django import template

from postbox.desk import words

register = template.Library()
register.filter("ago", words.ago)
register.filter("exact", words.exact)
register.filter("octets", words.octets)


@register.filter
def number(count: int) -> str:
    """``4,243``."""
    return f"{count:,}"


@register.simple_tag
def badge(text: object, level: str = "plain") -> str:
    return words.badge(text, words.Level(level))
