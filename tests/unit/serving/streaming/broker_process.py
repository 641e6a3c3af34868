"""One process that answers messages of a broker with a model in a folder; ``python broker_process.py``."""

import asyncio
import sys
from pathlib import Path

from boathouse.serving.batch.models import loaded
from boathouse.serving.streaming.brokers import BrokerStream, serve

if __name__ == "__main__":
    url, folder, consumer = sys.argv[1:4]
    with loaded(Path(folder), "dev.shop.line", 1) as model:
        asyncio.run(serve(BrokerStream(url, "asked", "answered", consumer=consumer, idle_seconds=1.0), lambda: model))
