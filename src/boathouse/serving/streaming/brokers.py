# pyright: reportMissingImports=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false
"""Messages in, answers out: a model behind a broker, through FastStream.

A message is acknowledged when its answer is out, so one that was under way when a process died is answered again by
another: at least once. Each answer carries the id of its message, which is the same each time; who reads answers keeps
one per id. What cannot be answered goes to a stream of its own, with the reason.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from boathouse.foundation.errors import BoathouseError, InvalidInput
from boathouse.serving.batch.models import BatchModel
from boathouse.serving.scoring.nouns import ScoringFailed
from boathouse.serving.scoring.payloads import JSON, read_payload

log = logging.getLogger(__name__)

MESSAGE_ID, SERVED_BY, WHY = "x-message-id", "x-served-by", "x-why"
_KINDS = {
    "redis": "redis", "rediss": "redis", "kafka": "kafka", "nats": "nats", "amqp": "rabbit", "amqps": "rabbit",
}  # fmt: skip
_CLASSES = {"redis": "RedisBroker", "kafka": "KafkaBroker", "nats": "NatsBroker", "rabbit": "RabbitBroker"}
_POLL_MS = 100


@dataclass(frozen=True, slots=True)
class BrokerStream:
    """Where messages come from and where answers go: streams of Redis, topics of Kafka, subjects of NATS (JetStream),
    queues of RabbitMQ."""

    url: str
    source: str
    output: str
    dead: str | None = None
    """For what cannot be answered; ``<source>.dead`` by default."""
    group: str = "boathouse"
    """Processes of one group share the messages."""
    consumer: str = "boathouse-1"
    """The name of this process in the group."""
    idle_seconds: float = 30.0
    """Of Redis: a message that somebody has taken and not answered for so long is taken over."""
    most_rows: int = 100_000
    """Of one message."""

    @property
    def kind(self) -> str:
        """
        Raises:
            InvalidInput: It is no broker that we know.
        """
        scheme = urlsplit(self.url).scheme
        if scheme not in _KINDS:
            raise InvalidInput(f"{scheme!r} is no broker.", hint=f"There are: {', '.join(_KINDS)}.")
        return _KINDS[scheme]

    @property
    def dead_letters(self) -> str:
        return self.dead or f"{self.source}.dead"


@dataclass(frozen=True, slots=True)
class Reply:
    """What becomes of one message."""

    body: bytes
    headers: Mapping[str, str]
    is_dead: bool = False


def reply_to(model: BatchModel, body: bytes, message_id: str, most_rows: int) -> Reply:
    """The answer to a message: the body of an invocation, as for an endpoint. What a message has wrong, its reply says;
    nothing that is in one keeps the others from being answered."""
    headers = {MESSAGE_ID: message_id, SERVED_BY: f"{model.name}@{model.version}"}
    try:
        if model.features is not None:
            raise InvalidInput("The model looks features up, which is not done for messages.")
        payload = read_payload(body, JSON, most_rows=most_rows)
        found = model.scorer.predict(model.scorer.read(payload), payload.params)
        return Reply(b'{"predictions": ' + model.scorer.answer(found) + b"}", headers)
    except Exception as error:  # a message that is not acknowledged would come again and again
        if not isinstance(error, BoathouseError | ScoringFailed):
            log.exception("Message %s could not be answered.", message_id)
        why = " ".join(str(error).split())[:500] or type(error).__name__
        return Reply(body, {**headers, WHY: why}, is_dead=True)


async def serve(stream: BrokerStream, model: Callable[[], BatchModel], stop: asyncio.Event | None = None) -> None:
    """Answer messages until told to stop (SIGTERM and SIGINT where ``stop`` is not given).

    Args:
        model: The one that answers now; asked for each message.

    Raises:
        InvalidInput: The broker is not known, or its client is not installed.
    """
    from faststream import AckPolicy, FastStream

    kind = stream.kind
    broker = _broker(kind, stream.url)
    if kind == "redis":
        await _make_group(broker, stream)

    async def answered(body: bytes, message: Any) -> None:
        reply = await asyncio.to_thread(reply_to, model(), body, _id_of(kind, stream, message), stream.most_rows)
        target = stream.dead_letters if reply.is_dead else stream.output
        await broker.publish(reply.body, headers=dict(reply.headers), **_target(kind, target))
        await message.ack()

    async def decoded(message: Any) -> bytes:
        return bytes(message.body)

    from faststream import Context

    async def heard(body: bytes, message: Any = Context("message")) -> None:
        await answered(body, message)

    for topics, options in _subscriptions(kind, stream):
        broker.subscriber(*topics, **options, ack_policy=AckPolicy.MANUAL, decoder=decoded)(heard)
    app = FastStream(broker, logger=log)
    if stop is None:
        await app.run()
        return
    running = asyncio.create_task(app.run())
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait([running, waiting], return_when=asyncio.FIRST_COMPLETED)
    app.exit()
    waiting.cancel()
    await running


def _broker(kind: str, url: str) -> Any:
    try:
        module = import_module(f"faststream.{kind}")
    except ImportError as error:
        raise InvalidInput(
            f"The client of the broker is not installed: {error}.",
            hint=f"Install it: uv pip install 'boathouse[streaming]' or 'faststream[{kind}]'.",
        ) from error
    made = getattr(module, _CLASSES[kind])
    address = urlsplit(url).netloc if kind == "kafka" else url
    return made(address, logger=log)


def _subscriptions(kind: str, stream: BrokerStream) -> list[tuple[tuple[str, ...], dict[str, Any]]]:
    """What is listened to; of Redis new messages, and those that somebody has left lying."""
    module = import_module(f"faststream.{kind}")
    match kind:
        case "redis":
            idle = int(stream.idle_seconds * 1000)
            common = {"group": stream.group, "consumer": stream.consumer, "polling_interval": _POLL_MS}
            return [
                ((), {"stream": module.StreamSub(stream.source, max_records=64, last_id=">", **common)}),
                ((), {"stream": module.StreamSub(stream.source, min_idle_time=idle, last_id=">", **common)}),
            ]
        case "kafka":
            return [((stream.source,), {"group_id": stream.group, "auto_offset_reset": "earliest"})]
        case "nats":
            return [((stream.source,), {"durable": stream.group, "stream": stream.source.replace(".", "-")})]
        case _:
            return [((stream.source,), {})]


def _target(kind: str, name: str) -> dict[str, Any]:
    """Where ``publish`` puts a message."""
    return {{"redis": "stream", "kafka": "topic", "nats": "subject"}.get(kind, "queue"): name}


def _id_of(kind: str, stream: BrokerStream, message: Any) -> str:
    """The same whenever the message is delivered again."""
    raw = message.raw_message
    match kind:
        case "redis":
            return str(raw["message_ids"][0].decode())
        case "kafka":
            return f"{raw.topic}-{raw.partition}-{raw.offset}"
        case "nats":
            return f"{stream.source}-{raw.metadata.sequence.stream}" if raw.reply else str(message.message_id)
        case _:
            return str(raw.message_id or hashlib.sha256(bytes(message.body)).hexdigest())


async def _make_group(broker: Any, stream: BrokerStream) -> None:
    """The group begins with the oldest message that is there."""
    client = await broker.connect()
    try:
        await client.xgroup_create(name=stream.source, groupname=stream.group, id="0", mkstream=True)
    except Exception as error:
        if "BUSYGROUP" not in str(error) and "already exists" not in str(error):
            raise
