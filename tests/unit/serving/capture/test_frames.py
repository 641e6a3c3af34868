from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boathouse.serving.capture.frames import HEAD, exchange_frame, frame_at, read_exchange
from boathouse.serving.capture.nouns import Exchange

_TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x1f"), max_size=20)
_BIG = st.integers(0, 2**62)
_EXCHANGES = st.builds(
    Exchange,
    request_id=_TEXT,
    endpoint_id=_TEXT,
    config_version=st.integers(0, 2**32 - 1),
    entity_id=_TEXT,
    version=st.none() | _BIG,
    role=_TEXT,
    principal=_TEXT,
    received_at_us=_BIG,
    duration_us=_BIG,
    status=st.integers(0, 999),
    content_type=_TEXT,
    request=st.binary(max_size=200),
    response=st.binary(max_size=200),
    rung=st.none() | _TEXT,
    why=st.none() | _TEXT,
    client_request_id=st.none() | _TEXT,
    features=st.none() | st.binary(max_size=50),
    sampling_fraction=st.just(1.0),
    error_codes=st.lists(_TEXT.filter(bool), max_size=3).map(tuple),
    device=st.none() | _TEXT,
    arrived_at_us=st.none() | _BIG,
    rung_details=st.none() | _TEXT,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(_EXCHANGES, st.floats(0.001, 1))
def test_what_is_read_is_what_was_written(exchange: Exchange, fraction: float) -> None:
    frame = frame_at(memoryview(exchange_frame(exchange, fraction)), 0)
    assert frame is not None
    assert read_exchange(frame.content) == replace(exchange, sampling_fraction=fraction)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(_EXCHANGES, st.data())
def test_a_frame_that_is_cut_or_changed_anywhere_is_no_frame(exchange: Exchange, data: st.DataObject) -> None:
    whole = exchange_frame(exchange, 1.0)
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert frame_at(memoryview(whole[:cut]), 0) is None
    place = data.draw(st.integers(HEAD.size, len(whole) - 1))
    changed = bytearray(whole)
    changed[place] ^= data.draw(st.integers(1, 255))
    assert frame_at(memoryview(bytes(changed)), 0) is None
