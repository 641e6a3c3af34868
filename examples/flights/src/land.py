"""The raw CSV files into this target's landing zone, byte for byte."""

from flights.jobs.arguments import Arguments
from flights.source import FILES, read_raw

from boathouse.session import upload

arguments = Arguments.read()
for name in FILES:
    content = read_raw(name)
    upload(arguments.landing(name), content)
    print(f"{arguments.landing(name)}: {len(content):,} bytes")
