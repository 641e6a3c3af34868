"""What is said of publications and verifications: by the command line, and in the log of a task."""

from collections.abc import Iterator
from typing import Any

from boathouse.features.online.nouns import Publication
from boathouse.features.online.verifying import Verification


def publication_line(done: Publication) -> str:
    """One sentence on what was published."""
    how = "all keys" if done.mode == "SNAPSHOT" else "what has changed"
    why = f", since {done.because}" if done.because else ""
    skipped = f" {done.skipped} row(s) without a whole key were left out." if done.skipped else ""
    older = f" Values older than {done.time_to_live} are none." if done.time_to_live is not None else ""
    return (
        f"Published {how} of {done.source_table} version {done.published_version} as {done.online_table} in "
        f"{done.store}{why}: {done.written} key(s) written, {done.keys} there.{older}{skipped}"
    )


def verification_lines(found: Verification) -> Iterator[str]:
    """What was compared, and what differs."""
    sampled = " of a sample" if found.sampled else ""
    verdict = "matches" if found.matches else "DOES NOT MATCH"
    source = f"{found.source_table} version {found.version}"
    yield f"{found.online_table} {verdict} {source}: {found.compared} key(s){sampled}."
    if found.matches:
        return
    if found.missing or found.extra:
        yield f"  {found.missing} key(s) missing online, {found.extra} that should not be there"
    for name, count in found.mismatches.items():
        yield f"  {name}: {count} differ ({found.rates[name]:.2%})"
    for example in found.examples:
        yield f"  for example {_shown(example)}"


def verification_json(found: Verification) -> dict[str, Any]:
    return {
        "online_table": found.online_table, "source_table": found.source_table, "version": found.version,
        "matches": found.matches, "compared": found.compared, "missing": found.missing, "extra": found.extra,
        "mismatches": found.mismatches, "rates": found.rates, "sampled": found.sampled,
        "examples": list(found.examples),
    }  # fmt: skip


def _shown(example: dict[str, Any]) -> str:
    key = ", ".join(f"{name} = {value!r}" for name, value in example["key"].items())
    if example["what"] != "different":
        return f"{key}: {example['what']}"
    pairs = [f"{name} {each['offline']!r} / {each['online']!r}" for name, each in example["values"].items()]
    return f"{key}: {', '.join(pairs[:3])} (offline / online)"
