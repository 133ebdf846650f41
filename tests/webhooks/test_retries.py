"""What follows from a failure: when it is tried again, when it is given up, when its endpoint is disabled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postbox.audit.models import AuditRecord
from postbox.lib import clock
from tests.people import Known
from tests.receiver import Reaction, Receiver
from tests.webhooks.scene import Post, endpoint_of, happen
from webhooks import health, schedule
from webhooks.models import Attempt, Delivery, DeliveryState, DisabledReason, Endpoint, EndpointState

START = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)


class Time:
    """A clock that stands until it is moved on."""

    def __init__(self) -> None:
        self.now = START
        self._frozen = clock.frozen(self.now)
        self._frozen.__enter__()

    def go(self, to: datetime) -> None:
        self.end()
        self.now = to
        self._frozen = clock.frozen(to)
        self._frozen.__enter__()

    def pass_by(self, wait: timedelta) -> None:
        self.go(self.now + wait)

    def end(self) -> None:
        self._frozen.__exit__(None, None, None)


@pytest.fixture
def time() -> Iterator[Time]:
    running = Time()
    yield running
    running.end()


# --- the schedule alone ------------------------------------------------------------------------------------------


def test_ten_attempts_take_75_hours_and_35_minutes() -> None:
    waits = [schedule.delay(attempts, lambda: 0.5) for attempts in range(1, 10)]
    assert sum((wait for wait in waits if wait), timedelta()) == timedelta(hours=75, minutes=35, seconds=5)
    assert schedule.delay(10, lambda: 0.5) is None


@given(st.integers(1, 9), st.floats(0, 1))
def test_jitter_stays_within_a_fifth(attempts: int, chance: float) -> None:
    base = schedule.DELAYS[attempts - 1]
    wait = schedule.delay(attempts, lambda: chance)
    assert wait is not None
    assert base * 0.8 <= wait + timedelta(microseconds=1)
    assert wait <= base * 1.2 + timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("0", 0),
        ("999999999999999999", 86400),
        (format_datetime(START + timedelta(minutes=10), usegmt=True), 600),
        (format_datetime(START - timedelta(minutes=10), usegmt=True), 0),
        (format_datetime(START + timedelta(days=40), usegmt=True), 86400),
        ("Mon, 16 Nov 2026 09:30:00", 1800),
    ],
)
def test_retry_after_in_seconds_or_as_a_date(value: str, seconds: int) -> None:
    assert schedule.retry_after(value, START) == timedelta(seconds=seconds)


@pytest.mark.parametrize("value", ["", "soon", "-5", "1.5", "٣", "Mon, 99 Nov 2026 09:30:00 GMT"])
def test_a_retry_after_that_says_nothing(value: str) -> None:
    assert schedule.retry_after(value, START) is None


@given(st.text(max_size=64))
def test_no_retry_after_breaks_it(value: str) -> None:
    wait = schedule.retry_after(value, START)
    assert wait is None or timedelta() <= wait <= schedule.LONGEST_RETRY_AFTER


# --- over rows ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_every_attempt_of_ten_then_a_dead_letter(robin: Known, receiver: Receiver, post: Post, time: Time) -> None:
    receiver.otherwise = Reaction(500, b"down")
    endpoint_of(robin, receiver.url)
    happen(robin)
    for attempt in range(1, 11):
        post.work()
        assert len(receiver.requests) == attempt
        delivery = Delivery.objects.get()
        assert delivery.attempts == attempt
        if attempt == 10:
            break
        wait = schedule.DELAYS[attempt - 1]
        assert wait * 0.8 <= delivery.not_before - time.now <= wait * 1.2
        time.go(delivery.not_before - timedelta(seconds=1))
        post.work()
        assert len(receiver.requests) == attempt, "not before its time"
        time.go(max(delivery.not_before, Endpoint.objects.get().not_before))
    assert (delivery.state, delivery.last_status, delivery.last_error) == (DeliveryState.DEAD, 500, "http_status")
    assert list(Attempt.objects.order_by("id").values_list("number", flat=True)) == list(range(1, 11))
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
    assert Endpoint.objects.get().consecutive_failures == 10


@pytest.mark.django_db(transaction=True)
def test_a_success_clears_the_failures(robin: Known, receiver: Receiver, post: Post, time: Time) -> None:
    receiver.script(Reaction(500))
    endpoint_of(robin, receiver.url)
    happen(robin)
    post.work()
    endpoint = Endpoint.objects.get()
    assert (endpoint.consecutive_failures, endpoint.slow, endpoint.first_failure_at) == (1, True, START)
    time.pass_by(timedelta(seconds=10))
    post.work()
    endpoint.refresh_from_db()
    assert (endpoint.consecutive_failures, endpoint.slow, endpoint.first_failure_at) == (0, False, None)
    assert endpoint.last_success_at == time.now
    assert Delivery.objects.get().state == DeliveryState.DELIVERED


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "asks", [lambda now: "3600", lambda now: format_datetime(now + timedelta(hours=1), usegmt=True)]
)
def test_retry_after_holds_for_the_whole_endpoint(
    robin: Known, receiver: Receiver, post: Post, time: Time, asks: object
) -> None:
    assert callable(asks)
    receiver.script(Reaction(429, headers={"Retry-After": asks(START)}))
    endpoint_of(robin, receiver.url)
    happen(robin)
    post.work()
    assert Delivery.objects.get().not_before == START + timedelta(hours=1)
    happen(robin)
    time.pass_by(timedelta(minutes=59))
    post.work()
    assert len(receiver.requests) == 1, "neither the old nor the new one"
    time.pass_by(timedelta(minutes=1))
    post.work()
    assert len(receiver.requests) == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("status", [502, 504, 429])
def test_an_overloaded_endpoint_is_left_alone_for_a_while(
    robin: Known, receiver: Receiver, post: Post, time: Time, status: int
) -> None:
    receiver.script(Reaction(status))
    endpoint_of(robin, receiver.url)
    happen(robin)
    post.work()
    assert Endpoint.objects.get().not_before > START
    happen(robin)
    post.work()
    assert len(receiver.requests) == 1
    time.pass_by(timedelta(seconds=10))
    post.work()
    assert len(receiver.requests) == 3


@pytest.mark.django_db(transaction=True)
def test_410_disables_and_buries_what_waits(robin: Known, receiver: Receiver, post: Post, time: Time) -> None:
    receiver.script(Reaction(410))
    gone, _ = endpoint_of(robin, receiver.url)
    with Receiver() as other:
        _, _ = endpoint_of(robin, other.url)
        happen(robin)
        post.work()
        gone.refresh_from_db()
        assert (gone.state, gone.disabled_reason) == (EndpointState.DISABLED, DisabledReason.GONE)
        assert set(gone.deliveries.values_list("state", flat=True)) == {DeliveryState.DEAD}
        record = AuditRecord.objects.get(action="endpoint.disabled")
        assert (record.subject, record.detail["reason"]) == (str(gone.id), "gone")
        post.work()
        told = [request.json for request in other.requests if request.json["type"] == "endpoint.disabled"]
        assert [item["data"]["endpoint_id"] for item in told] == [str(gone.id)]
        assert [request.json["type"] for request in receiver.requests] == ["message.received"]


@pytest.mark.django_db(transaction=True)
def test_five_days_of_failure_disable(robin: Known, receiver: Receiver, post: Post, time: Time) -> None:
    receiver.otherwise = Reaction(500)
    endpoint, _ = endpoint_of(robin, receiver.url)
    happen(robin)
    post.work()
    time.go(START + health.HOPELESS_AFTER - timedelta(minutes=1))
    happen(robin)
    post.work()
    endpoint.refresh_from_db()
    assert endpoint.state == EndpointState.ACTIVE
    time.go(START + health.HOPELESS_AFTER + timedelta(hours=1))
    happen(robin)
    post.work()
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.disabled_reason) == (EndpointState.DISABLED, DisabledReason.FAILING)
    assert not Delivery.objects.filter(state=DeliveryState.PENDING).exists()
    posted = len(receiver.requests)
    happen(robin)
    post.work()
    assert len(receiver.requests) == posted, "nothing goes to a disabled endpoint"


@pytest.mark.django_db(transaction=True)
def test_a_redirect_is_a_failure_and_not_followed(robin: Known, receiver: Receiver, post: Post) -> None:
    with Receiver() as elsewhere:
        receiver.script(
            Reaction(302, headers={"Location": "http://169.254.169.254/latest/meta-data"}),
            Reaction(307, headers={"Location": elsewhere.url}),
        )
        endpoint_of(robin, receiver.url)
        happen(robin, 2)
        post.work()
        assert elsewhere.requests == []
    assert len(receiver.requests) == 2
    assert set(Delivery.objects.values_list("last_error", flat=True)) == {"redirect"}
    assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.PENDING}


@pytest.mark.django_db(transaction=True)
def test_a_few_failures_in_a_row_pause_the_endpoint(robin: Known, receiver: Receiver, post: Post, time: Time) -> None:
    receiver.otherwise = Reaction(500)
    endpoint_of(robin, receiver.url)
    happen(robin, 50)
    for _ in range(6):
        post.work()
    assert len(receiver.requests) < 12, "not all fifty against a wall"
    assert Endpoint.objects.get().not_before > START
    receiver.otherwise = Reaction(200)
    time.pass_by(timedelta(minutes=7))
    for _ in range(3):
        post.work()
    assert Delivery.objects.filter(state=DeliveryState.DELIVERED).count() == 50
