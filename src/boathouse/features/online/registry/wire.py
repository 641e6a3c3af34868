"""Online stores and publications as JSON: how a session in a task and the control plane understand each other."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from boathouse.features.online.nouns import NewPublication, OnlineStoreInfo, Outcome, Publication, StoreKind

Json = dict[str, Any]


def store_json(store: OnlineStoreInfo) -> Json:
    return {**asdict(store), "kind": store.kind.value}


def store_of(data: Mapping[str, Any]) -> OnlineStoreInfo:
    given: Json = {**data, "kind": StoreKind(data["kind"])}
    return OnlineStoreInfo(**given)


def publication_json(publication: Publication) -> Json:
    return _with_seconds({**asdict(publication), "features": list(publication.features)})


def publication_of(data: Mapping[str, Any]) -> Publication:
    given: Json = {**_with_time(data), "features": tuple(map(str, data["features"]))}
    return Publication(**given)


def new_publication_json(new: NewPublication) -> Json:
    return _with_seconds({**asdict(new), "features": list(new.features)})


def new_publication_of(data: Mapping[str, Any]) -> NewPublication:
    given: Json = {**_with_time(data), "features": tuple(map(str, data["features"]))}
    return NewPublication(**given)


def outcome_json(outcome: Outcome) -> Json:
    return asdict(outcome)


def outcome_of(data: Mapping[str, Any]) -> Outcome:
    return Outcome(int(data["version"]), int(data["published_at"]), int(data["keys"]), str(data["mode"]))


def _with_seconds(data: Json) -> Json:
    time: timedelta | None = data.pop("time_to_live")
    return {**data, "time_to_live_seconds": None if time is None else time.total_seconds()}


def _with_time(data: Mapping[str, Any]) -> Json:
    given = dict(data)
    seconds = given.pop("time_to_live_seconds", None)
    return {**given, "time_to_live": None if seconds is None else timedelta(seconds=float(seconds))}
