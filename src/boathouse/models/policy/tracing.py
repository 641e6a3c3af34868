"""Routes of traces, assessments and what people do with them: datasets, reviews, labels, issues, scorers."""

from boathouse.foundation.errors import Denied, InvalidInput
from boathouse.models.policy.call import Call, part
from boathouse.models.policy.desk import READ, WRITE, Desk, Target
from boathouse.models.policy.otlp import may_export
from boathouse.models.policy.rules import (
    Route,
    administrators,
    anybody,
    dataset,
    every,
    experiment,
    issue,
    label_schema,
    review_queue,
    run,
    trace,
)
from boathouse.models.policy.search import readable_experiments, readable_locations
from boathouse.models.policy.tracking import server_tags_stay, signed, source_run

LOCATION_TAG = "mlflow.artifactLocation"
"""Where MLflow looks for the spans of a trace; whoever could set it could read anything."""


def may_start_trace(desk: Desk, call: Call) -> Target:
    info = part(part(call.body, "trace"), "trace_info")
    experiment_id = part(part(part(info, "trace_location"), "mlflow_experiment"), "experiment_id")
    if not isinstance(experiment_id, str):
        raise InvalidInput("The trace names no experiment.", hint="Give trace.trace_info.trace_location.")
    target = desk.experiment(WRITE, experiment_id)
    trace_id = part(info, "trace_id")
    if isinstance(trace_id, str):
        desk.trace_if_known(WRITE, trace_id)
    return target


def location_stays(_desk: Desk, call: Call) -> None:
    if LOCATION_TAG in call.values("key"):
        raise Denied(f"The tag {LOCATION_TAG!r} is written by the server and cannot be set or deleted.")


V2 = "/api/2.0/mlflow/traces"
V3 = "/api/3.0/mlflow/traces"
DATASETS = "/api/3.0/mlflow/datasets"
QUEUES = "/api/3.0/mlflow/review-queues"
LABELS = "/api/3.0/mlflow/label-schemas"
ISSUES = "/api/3.0/mlflow/issues"
SCORERS = "/api/3.0/mlflow/scorers"

_tag_trace = every(trace(WRITE), server_tags_stay, location_stays)
_needs_jobs = administrators("it needs MLflow's own job runner, which Boathouse does not start")
_queue_item = every(review_queue(WRITE))

ROUTES = (
    Route("POST", "/v1/traces", may_export, "logTraces", is_native=True, is_frequent=True, holds_body=True,
          reads_body=False),
    Route("POST", V2, every(experiment(WRITE), signed), "startTrace", is_frequent=True),
    Route("GET", V2, readable_experiments()),
    Route("PATCH", f"{V2}/<request_id>", every(trace(WRITE), server_tags_stay, location_stays), "endTrace",
          is_frequent=True),
    Route("GET", f"{V2}/<request_id>/info", trace(READ)),
    Route("PATCH", f"{V2}/<request_id>/tags", _tag_trace, "setTraceTag", is_frequent=True),
    Route("DELETE", f"{V2}/<request_id>/tags", _tag_trace, "deleteTraceTag"),
    Route("POST", f"{V2}/delete-traces", experiment(WRITE), "deleteTraces"),
    Route("POST", f"{V2}/link-to-run", every(run(WRITE), trace(READ, "trace_ids")), "linkTracesToRun"),
    Route("POST", f"{V2}/link-prompts", trace(WRITE), "linkPromptsToTrace"),
    Route("GET", "/api/2.0/mlflow/get-online-trace-details", anybody),  # MLflow answers: not implemented
    Route("GET", "/api/2.0/mlflow/unified-traces", anybody),
    Route("POST", V3, may_start_trace, "startTrace", is_frequent=True),
    Route("GET", f"{V3}/get", trace(READ)),
    Route("GET", f"{V3}/batchGet", trace(READ, "trace_ids")),
    Route("POST", f"{V3}/batchGetInfos", trace(READ, "trace_ids")),
    Route("POST", f"{V3}/search", readable_locations),
    Route("POST", f"{V3}/metrics", experiment(READ, "experiment_ids")),
    Route("POST", f"{V3}/calculate-filter-correlation", experiment(READ, "experiment_ids")),
    Route("POST", f"{V3}/delete-traces", experiment(WRITE), "deleteTraces"),
    Route("GET", f"{V3}/<trace_id>", trace(READ)),
    Route("PATCH", f"{V3}/<trace_id>/tags", _tag_trace, "setTraceTag", is_frequent=True),
    Route("DELETE", f"{V3}/<trace_id>/tags", _tag_trace, "deleteTraceTag"),
    Route("POST", f"{V3}/<trace_id>/assessments", trace(WRITE), "createAssessment"),
    Route("GET", f"{V3}/<trace_id>/assessments/<assessment_id>", trace(READ)),
    Route("PATCH", f"{V3}/<trace_id>/assessments/<assessment_id>", trace(WRITE), "updateAssessment"),
    Route("DELETE", f"{V3}/<trace_id>/assessments/<assessment_id>", trace(WRITE), "deleteAssessment"),
    Route("POST", f"{DATASETS}/create", every(experiment(WRITE, "experiment_ids"), signed), "createDataset"),
    Route("GET", f"{DATASETS}/search", readable_experiments()),
    Route("POST", f"{DATASETS}/search", readable_experiments()),
    Route("GET", f"{DATASETS}/<dataset_id>", dataset(READ)),
    Route("DELETE", f"{DATASETS}/<dataset_id>", dataset(WRITE), "deleteDataset"),
    Route("GET", f"{DATASETS}/<dataset_id>/experiment-ids", dataset(READ)),
    Route("GET", f"{DATASETS}/<dataset_id>/records", dataset(READ)),
    Route("POST", f"{DATASETS}/<dataset_id>/records", dataset(WRITE), "upsertDatasetRecords", is_frequent=True),
    Route("DELETE", f"{DATASETS}/<dataset_id>/records", dataset(WRITE), "deleteDatasetRecords"),
    Route("POST", f"{DATASETS}/<dataset_id>/add-experiments",
          every(dataset(WRITE), experiment(WRITE, "experiment_ids")), "addDatasetToExperiments"),
    Route("POST", f"{DATASETS}/<dataset_id>/remove-experiments", dataset(WRITE), "removeDatasetFromExperiments"),
    Route("PATCH", f"{DATASETS}/<dataset_id>/tags", every(dataset(WRITE), server_tags_stay), "setDatasetTags"),
    Route("DELETE", f"{DATASETS}/<dataset_id>/tags/<key>", every(dataset(WRITE), server_tags_stay), "deleteDatasetTag"),
    Route("POST", f"{QUEUES}/create", experiment(WRITE), "createReviewQueue"),
    Route("GET", f"{QUEUES}/get", review_queue(READ)),
    Route("GET", f"{QUEUES}/get-by-name", experiment(READ)),
    Route("POST", f"{QUEUES}/get-or-create-user", experiment(WRITE), "createReviewQueue"),
    Route("GET", f"{QUEUES}/list", experiment(READ)),
    Route("POST", f"{QUEUES}/update", _queue_item, "updateReviewQueue"),
    Route("POST", f"{QUEUES}/delete", _queue_item, "deleteReviewQueue"),
    Route("POST", f"{QUEUES}/items/add", _queue_item, "addReviewQueueItems"),
    Route("POST", f"{QUEUES}/items/remove", _queue_item, "removeReviewQueueItems"),
    Route("GET", f"{QUEUES}/items/list", review_queue(READ)),
    Route("POST", f"{QUEUES}/items/set-status", _queue_item, "setReviewQueueItemStatus"),
    Route("POST", f"{LABELS}/create", experiment(WRITE), "createLabelSchema"),
    Route("GET", f"{LABELS}/get", label_schema(READ)),
    Route("GET", f"{LABELS}/get-by-name", experiment(READ)),
    Route("GET", f"{LABELS}/list", experiment(READ)),
    Route("PATCH", f"{LABELS}/update", label_schema(WRITE), "updateLabelSchema"),
    Route("DELETE", f"{LABELS}/delete", label_schema(WRITE), "deleteLabelSchema"),
    Route("POST", ISSUES, every(experiment(WRITE), source_run), "createIssue"),
    Route("POST", f"{ISSUES}/search", experiment(READ)),
    Route("POST", f"{ISSUES}/invoke", _needs_jobs, "detectIssues"),
    Route("GET", f"{ISSUES}/<issue_id>", issue(READ)),
    Route("PATCH", f"{ISSUES}/<issue_id>", issue(WRITE), "updateIssue"),
    Route("POST", f"{SCORERS}/register", experiment(WRITE), "registerScorer"),
    Route("GET", f"{SCORERS}/get", experiment(READ)),
    Route("GET", f"{SCORERS}/list", experiment(READ, "experiment_id", "experiment_ids")),
    Route("GET", f"{SCORERS}/versions", experiment(READ)),
    Route("DELETE", f"{SCORERS}/delete", experiment(WRITE), "deleteScorer"),
    Route("GET", f"{SCORERS}/online-configs", _needs_jobs),
    Route("PUT", f"{SCORERS}/online-config", _needs_jobs, "updateOnlineScoring"),
    Route("POST", "/api/3.0/mlflow/scorer/invoke", _needs_jobs, "invokeScorer"),
    Route("POST", "/api/3.0/mlflow/genai/evaluate/invoke", _needs_jobs, "evaluate"),
)  # fmt: skip
