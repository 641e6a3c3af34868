"""What a rule is, and the building blocks that the route tables are written with."""

from collections.abc import Callable
from dataclasses import dataclass

from boathouse.catalog import METASTORE_NAME, Privilege, SecurableKind
from boathouse.foundation.errors import Denied, InvalidInput
from boathouse.models.policy.call import Call, Reply
from boathouse.models.policy.desk import Desk, Forward, Target

Check = Callable[[Desk, Call], Target | None]
"""Raises unless the principal may; says what the request is about."""

Serve = Callable[[Desk, Call, Forward], Reply]
"""Answers a request that has passed its check, usually by forwarding it: before, between and after is ours."""


@dataclass(frozen=True, slots=True)
class Route:
    """One route of MLflow and the rule it falls under."""

    method: str
    template: str
    """As Flask writes it, ``/api`` standing for ``/ajax-api`` too: ``/api/2.0/mlflow/traces/<trace_id>``."""
    check: Check
    action: str | None = None
    """The verb in the audit log; None for reads that are not recorded."""
    serve: Serve | None = None
    is_native: bool = False
    """Answered by MLflow's ASGI application: its body is passed on as it comes and not read as JSON."""
    is_frequent: bool = False
    """Recorded once in a while per principal and target instead of each time."""
    holds_body: bool = False
    """Whether a native route's body is read before it is judged; others stream."""
    reads_body: bool = True
    """Whether the body is a JSON object that the rule looks into."""


# --- checks


def anybody(_desk: Desk, _call: Call) -> Target | None:
    """Every authenticated principal: the route tells nothing about anybody's things."""
    return None


def administrators(why: str) -> Check:
    """Administrators only: the route belongs to no single securable."""

    def check(desk: Desk, _call: Call) -> Target | None:
        desk.administrator(why)
        return SecurableKind.METASTORE, METASTORE_NAME

    return check


def nobody(why: str) -> Check:
    """Refused to everybody, administrators included."""

    def check(_desk: Desk, _call: Call) -> Target | None:
        raise Denied(f"Boathouse does not offer this part of MLflow: {why}.")

    return check


def experiment(privilege: Privilege, *fields: str) -> Check:
    """The experiment, or all the experiments, that the fields name."""
    return lambda desk, call: desk.experiments(privilege, call.values(*(fields or ("experiment_id",))))


def run(privilege: Privilege, *fields: str) -> Check:
    """The runs that the fields name: all of them."""
    names = fields or ("run_id", "run_uuid")
    return _each(names, lambda desk, value: desk.run(privilege, value))


def logged_model(privilege: Privilege, *fields: str) -> Check:
    return _each(fields or ("model_id",), lambda desk, value: desk.logged_model(privilege, value))


def logged_model_content(desk: Desk, call: Call) -> Target | None:
    return desk.logged_model_content(call.require("model_id"))


def trace(privilege: Privilege, *fields: str) -> Check:
    return _each(fields or ("trace_id", "request_id"), lambda desk, value: desk.trace(privilege, value))


def dataset(privilege: Privilege) -> Check:
    return _each(("dataset_id",), lambda desk, value: desk.dataset(privilege, value))


def review_queue(privilege: Privilege) -> Check:
    return _each(
        ("queue_id",),
        lambda desk, value: desk.experiment(privilege, desk.models.stores.experiment_of_review_queue(value)),
    )


def label_schema(privilege: Privilege) -> Check:
    return _each(
        ("schema_id",),
        lambda desk, value: desk.experiment(privilege, desk.models.stores.experiment_of_label_schema(value)),
    )


def issue(privilege: Privilege) -> Check:
    return _each(
        ("issue_id",), lambda desk, value: desk.experiment(privilege, desk.models.stores.experiment_of_issue(value))
    )


def model(privilege: Privilege) -> Check:
    """The registered model called ``name``, which MLflow then sees in its canonical spelling."""

    def check(desk: Desk, call: Call) -> Target | None:
        given = call.require("name")
        target = desk.model(privilege, given)
        if target[1] != given:
            call.put("name", target[1])
        return target

    return check


def every(*checks: Check) -> Check:
    """All of the checks; the target is that of the first that names one."""

    def check(desk: Desk, call: Call) -> Target | None:
        found = [each(desk, call) for each in checks]
        return next((target for target in found if target is not None), None)

    return check


def _each(names: tuple[str, ...], judge: Callable[[Desk, str], Target]) -> Check:
    def check(desk: Desk, call: Call) -> Target | None:
        values = call.values(*names)
        if not values:
            raise InvalidInput(f"Missing value for required parameter {names[0]!r}.")
        targets = [judge(desk, value) for value in values]
        return targets[0]

    return check
