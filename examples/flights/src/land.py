"""The raw CSV files into this target's landing zone, byte for byte."""

from flights.jobs.arguments import Arguments
from flights.source import FILES, read_raw

import boathouse as bh

arguments = Arguments.read()
for name in FILES:
    content = read_raw(name)
    bh.upload(arguments.landing(name), content)
    print(f"{arguments.landing(name)}: {len(content):,} bytes")
