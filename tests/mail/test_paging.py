"""Page tokens: bound to their list, and nobody can make one up."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postbox.mail.paging import BadPageToken, read_token, token_after


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=80), st.from_regex(r"\A[A-Za-z0-9_-]{42,44}\Z")))
def test_a_made_up_page_token_is_refused(made_up: str) -> None:
    with pytest.raises(BadPageToken):
        read_token(made_up, {"agent": "a"})


@given(st.uuids())
def test_a_page_token_gives_back_its_id_and_no_other(last: uuid.UUID) -> None:
    token = token_after(last, {"agent": "a"})
    assert read_token(token, {"agent": "a"}) == last
    changed = ("A" if token[0] != "A" else "B") + token[1:]
    with pytest.raises(BadPageToken):
        read_token(changed, {"agent": "a"})
