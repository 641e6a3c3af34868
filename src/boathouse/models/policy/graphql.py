"""MLflow's GraphQL door, which its UI uses: the query runs in MLflow's schema with a guard on each field.

The guard is a Graphene middleware. A field at the top that it does not know is refused; model versions are shown only
to who may read their model, also where they hang below a run.
"""

from collections.abc import Callable
from typing import Any

from boathouse.catalog import Privilege, SecurableKind
from boathouse.foundation.errors import BoathouseError, Denied, InvalidInput
from boathouse.models.policy.call import Call, Reply, json_reply
from boathouse.models.policy.desk import READ, Desk, Forward
from boathouse.models.policy.narrowing import Searched, narrowed

MODEL = SecurableKind.REGISTERED_MODEL
HARMLESS = frozenset({"test", "testMutation", "__schema", "__type", "__typename"})


class GraphqlGuard:
    """Judges the fields of one query for one principal."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def resolve(self, follow: Callable[..., Any], root: Any, info: Any, **arguments: Any) -> Any:
        """What Graphene calls for each field."""
        if info.path.prev is None:
            self._judge(info.field_name, arguments.get("input"))
        searches = info.field_name == "mlflowSearchModelVersions" and info.path.prev is None
        if searches and not self._desk.principal.is_admin:
            with narrowed(Searched.VERSIONS, self._desk.within_reach(Privilege.EXECUTE, MODEL)):
                result = follow(root, info, **arguments)
        else:
            result = follow(root, info, **arguments)
        if searches:
            visible = [each for each in result.model_versions if self._may_read(each)]
            del result.model_versions[:]
            result.model_versions.extend(visible)
        elif info.field_name == "modelVersions" and info.parent_type.name == "MlflowRunExtension":
            return [each for each in result or () if self._may_read(each)]
        return result

    def _judge(self, field: str, given: Any) -> None:
        """Go on only if the principal may see what a field at the top asks for."""
        desk = self._desk
        match field:
            case "mlflowGetExperiment":
                desk.experiment(READ, _required(given, "experiment_id"))
            case "mlflowGetRun" | "mlflowListArtifacts":
                for name in ("run_id", "run_uuid"):
                    if run_id := getattr(given, name, None):
                        desk.run(READ, str(run_id))
                if not any(getattr(given, name, None) for name in ("run_id", "run_uuid")):
                    raise InvalidInput("The query names no run.")
            case "mlflowGetMetricHistoryBulkInterval":
                for run_id in getattr(given, "run_ids", None) or ():
                    desk.run(READ, str(run_id))
            case "mlflowSearchRuns" | "mlflowSearchDatasets":
                ids = [str(each) for each in getattr(given, "experiment_ids", None) or ()]
                given.experiment_ids = desk.readable_experiments(ids)
            case "mlflowSearchModelVersions":
                pass  # MLflow looks among what may be read
            case _ if field not in HARMLESS:
                raise Denied(f"Boathouse has no rule for the GraphQL field {field!r}, so it is refused.")
            case _:
                pass

    def _may_read(self, version: Any) -> bool:
        return self._desk.may_use_model(Privilege.EXECUTE, str(version.name))


def answer_graphql(desk: Desk, call: Call, _forward: Forward) -> Reply:
    """Run a query under the guard."""
    from graphql import GraphQLError, parse
    from mlflow.server.graphql.graphql_no_batching import check_query_safety
    from mlflow.server.graphql.graphql_schema_extensions import schema

    query = call.body.get("query")
    if not isinstance(query, str):
        raise InvalidInput("The request holds no query.")
    try:
        result = check_query_safety(parse(query))
    except GraphQLError as error:
        raise InvalidInput(f"The query is not valid GraphQL: {error.message}") from error
    if result is None:
        with desk.models.flask_request(call):
            result = schema.execute(
                query,
                variables=call.body.get("variables"),
                operation_name=call.body.get("operationName"),
                middleware=[GraphqlGuard(desk)],
            )
    return json_reply({"data": result.data, "errors": [_sentence(error) for error in result.errors or ()] or None})


def _required(given: Any, name: str) -> str:
    value = getattr(given, name, None)
    if not value:
        raise InvalidInput(f"The query names no {name}.")
    return str(value)


def _sentence(error: Any) -> str:
    original = getattr(error, "original_error", None)
    return str(original) if isinstance(original, BoathouseError) else str(error.message)
