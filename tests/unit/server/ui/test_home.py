"""What Home says, without a page."""

import pytest

from boathouse.features.inventory.nouns import Freshness
from boathouse.monitoring.production.models import InProduction
from boathouse.monitoring.production.troubles import Trouble, TroubleKind
from boathouse.monitoring.readings.nouns import Farthest, Reading
from boathouse.server.ui.pages.home.figures import aged, drift_in, quality_in
from boathouse.server.ui.pages.home.page import in_order
from boathouse.server.ui.pages.home.standing import address_of, overall, sentence_of
from boathouse.server.ui.parts.states import Tone


def trouble(kind: TroubleKind = TroubleKind.ALERT, severity: str = "warning", name: str = "a.b.c") -> Trouble:
    return Trouble(kind, name, "It is not well.", severity, "a.b.c")


@pytest.mark.parametrize(
    ("troubles", "models", "sentence", "tone"),
    [
        ([], (1, 0, 0), "Everything is all right. 1 model answers at endpoints.", Tone.GOOD),
        ([], (0, 0, 0), "Everything is all right.", Tone.GOOD),
        ([], (0, 0, 2), "Everything is all right. 2 models are in development or staging.", Tone.GOOD),
        ([trouble()], (2_000, 0, 0), "1 thing is not all right. 2,000 models answer at endpoints.", Tone.DOUBTFUL),
        (
            [trouble(severity="critical"), trouble()],
            (1, 2, 1),
            (
                "2 things are not all right, 1 of them critical. 1 model answers at endpoints; "
                "2 models have a champion that no endpoint serves; 1 model is in development or staging."
            ),
            Tone.BAD,
        ),
    ],
)
def test_the_sentences_say_it(troubles: list[Trouble], models: tuple[int, ...], sentence: str, tone: Tone) -> None:
    known = InProduction(*(("a.b.model",) * count for count in models))
    assert (sentence_of(troubles, known), overall(troubles)) == (sentence, tone)


@pytest.mark.parametrize(
    ("kind", "name", "address"),
    [
        (TroubleKind.INCIDENT, "7", "/ui/incidents/7"),
        (TroubleKind.ALERT, "a.b.late", "/ui/alerts/a.b.late"),
        (TroubleKind.ENDPOINT, "delays", "/ui/endpoints/delays"),
        (TroubleKind.ENDPOINT, "", "/ui/endpoints"),
        (TroubleKind.MONITOR, "a.b.c", "/ui/monitoring/a.b.c"),
        (TroubleKind.SERVER, "worker", None),
    ],
)
def test_each_trouble_leads_to_its_page(kind: TroubleKind, name: str, address: str | None) -> None:
    assert address_of(trouble(kind, name=name)) == address


def test_models_that_something_is_wrong_with_stand_first() -> None:
    assert in_order(["d", "b", "c", "a"], {"c", "b"}) == ["b", "c", "d", "a"]


def reading(start: int, **figures: float) -> Reading:
    return Reading(start, start + 1, {name.replace("__", "."): value for name, value in figures.items()})


def test_quality_is_what_the_requirements_name_where_that_is_measured() -> None:
    found = [reading(1, log_loss=0.5, roc_auc_score__macro=0.6), reading(2, log_loss=0.4), reading(3)]

    assert quality_in("t", "log_loss", found).values == (0.5, 0.4)
    assert (quality_in("t", "auc", found).name, quality_in("t", "auc", found).values) == ("AUC", (0.6,))
    assert quality_in("t", "missed_connections", found).name == "AUC"
    assert quality_in("t", None, [reading(1)]).values == ()


def test_drift_goes_by_the_name_of_the_newest_column() -> None:
    found = [Farthest(1, 2, "wind", 0.1, "BASELINE"), Farthest(2, 3, "rain", 0.3, "BASELINE")]

    told = drift_in("t", found)

    assert (told.name, told.values, told.end) == ("rain", (0.1, 0.3), 3)


def test_late_feature_tables_are_named() -> None:
    tables = {
        "a.b.fresh": Freshness(5, 1.0, 10.0, True),
        "a.b.late": Freshness(3, 60.0, 10.0, False),
        "a.b.free": Freshness(9, 1.0, None, None),
        "a.b.unread": None,
    }

    told = aged(tables)

    assert (told.tables, told.kept, told.late, told.newest) == (4, 1, ("a.b.late",), 9)
