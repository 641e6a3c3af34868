"""Features and labels: the second half of the features job."""

import boathouse as bh
from boathouse.features import FeatureEngineeringClient
from boathouse.features.online.verifying import verify
from flights.clocks import LONGEST_WINDOW
from flights.features import build_labels, build_punctuality, build_questions, from_on
from flights.jobs.arguments import Arguments
from flights.jobs.store import PUBLISHED, PUNCTUALITY, add, features, make_functions, put, renew
from flights.proof import differences, some_of

PROVEN_ROWS = 40
"""Flights that are recomputed naively in each run; the tests do it for hundreds."""


class Leak(Exception):
    """A feature knows what it could not have known."""


class NotAsPublished(Exception):
    """Readers of the online store find something else than the feature table says."""


def build() -> None:
    """Questions, labels and the feature tables that are made of landings, each since when it is known."""
    build_known(Arguments.read())


def build_known(arguments: Arguments) -> None:
    since, unsettled = arguments.since, arguments.unsettled
    seen = None if unsettled is None else f"scheduled_departure_at >= '{(unsettled - LONGEST_WINDOW).isoformat()}'"
    flights = bh.table(arguments.table("flights"), where=seen).arrow()
    questions, labels = build_questions(flights), build_labels(flights)
    renew(arguments.table("questions"), from_on(questions, "scheduled_departure_at", unsettled),
          "scheduled_departure_at", unsettled)  # fmt: skip
    # What became known at the very instant of the last look is there already, and comes out the same.
    renew(arguments.table("labels"), from_on(labels, "known_at", since), "known_at", since)
    client, tables = FeatureEngineeringClient(), build_punctuality(flights)
    for design in PUNCTUALITY:
        if since is None:
            put(client, arguments.schema, design, tables[design.name])
        else:
            add(client, arguments.schema, design, from_on(tables[design.name], "known_at", since))
    make_functions(bh.default_session(), arguments.schema)


def prove() -> None:
    """Fail when the feature store answers a question with more than was known, or with less."""
    arguments = Arguments.read()
    names = ("questions", "flights", "weather", "planes")
    questions, flights, weather, planes = (bh.table(arguments.table(name)).pl() for name in names)
    asked = some_of(questions, PROVEN_ROWS)
    answered = FeatureEngineeringClient().create_training_set(
        df=asked, feature_lookups=features(arguments.schema), label=None
    )
    if found := differences(answered.load_df(), flights, weather, planes):
        raise Leak(f"{len(found)} feature values differ from what was known at the time: {found[:5]}")
    print(f"{asked.height} random flights recomputed from what was known when we were asked: no difference")


def publish() -> None:
    """The latest known row of each key into the online store, and a look whether readers find just that."""
    arguments, client = Arguments.read(), FeatureEngineeringClient()
    for name in PUBLISHED:
        done = client.publish_table(source_table_name=arguments.table(name))
        compared = verify(bh.default_session(), done.online_table)
        if not compared.matches:
            raise NotAsPublished(f"{done.online_table} is not what {compared.source_table} says: {compared.examples}")
        print(f"{done.online_table}: {done.keys:,} keys of version {done.published_version}, all compared")
