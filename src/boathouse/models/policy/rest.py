"""Everything else that MLflow serves: its pages, and the parts that belong to administrators or to nobody."""

from boathouse.models.policy.graphql import answer_graphql
from boathouse.models.policy.rules import Route, administrators, anybody, nobody

GATEWAY = "/api/3.0/mlflow/gateway"
SPACES = "/api/3.0/mlflow/workspaces"
PROMPTS = "/api/3.0/mlflow/prompt-optimization/jobs"
ASSISTANT = "/api/3.0/mlflow/assistant"
SERVERS = "/api/3.0/mlflow/mcp-servers"

_gateway = administrators("the gateway holds keys of providers outside")
_spaces = administrators("a Boathouse has one workspace")
_jobs = administrators("it needs MLflow's own job runner, which Boathouse does not start")
_servers = administrators("the registry of MCP servers is under no grants yet")
_assistant = nobody("its assistant runs commands on the server's machine")

_PAGES = (
    Route("GET", "/", anybody),
    Route("GET", "/version", anybody),
    Route("GET", "/health", anybody, is_native=True),
    Route("GET", "/static-files/<path:path>", anybody),
    Route("GET", "/build/<path:filename>", anybody),
    Route("GET", "/api/3.0/mlflow/server-info", anybody, is_native=True),
    Route("GET", "/api/3.0/mlflow/ui-telemetry", anybody),
    Route("POST", "/api/3.0/mlflow/ui-telemetry", anybody),
    Route("POST", "/graphql", anybody, serve=answer_graphql),
    Route("GET", "/graphql", anybody, serve=answer_graphql),
)

_GATEWAY_ADMINISTRATION = tuple(
    Route(method, f"{GATEWAY}/{path}", _gateway, None if method == "GET" else "administerGateway")
    for method, path in (
        ("POST", "budgets/create"), ("DELETE", "budgets/delete"), ("GET", "budgets/get"), ("GET", "budgets/list"),
        ("POST", "budgets/update"), ("GET", "budgets/windows"),
        ("POST", "endpoints/bindings/create"), ("DELETE", "endpoints/bindings/delete"),
        ("GET", "endpoints/bindings/list"), ("POST", "endpoints/create"), ("DELETE", "endpoints/delete"),
        ("DELETE", "endpoints/delete-tag"), ("GET", "endpoints/get"), ("GET", "endpoints/list"),
        ("POST", "endpoints/models/attach"), ("POST", "endpoints/models/detach"), ("POST", "endpoints/set-tag"),
        ("POST", "endpoints/update"),
        ("POST", "guardrails/add-to-endpoint"), ("POST", "guardrails/create"), ("DELETE", "guardrails/delete"),
        ("GET", "guardrails/get"), ("GET", "guardrails/list"), ("GET", "guardrails/list-for-endpoint"),
        ("DELETE", "guardrails/remove-from-endpoint"), ("PATCH", "guardrails/update-config"),
        ("POST", "model-definitions/create"), ("DELETE", "model-definitions/delete"), ("GET", "model-definitions/get"),
        ("GET", "model-definitions/list"), ("POST", "model-definitions/update"),
        ("POST", "secrets/create"), ("DELETE", "secrets/delete"), ("GET", "secrets/get"), ("GET", "secrets/list"),
        ("POST", "secrets/update"),
        ("GET", "provider-config"), ("GET", "secrets/config"),
    )
)  # fmt: skip

_GATEWAY_USE = (
    Route("GET", f"{GATEWAY}/supported-models", _gateway),
    Route("GET", f"{GATEWAY}/supported-providers", _gateway),
    Route("GET", "/api/2.0/mlflow/gateway-proxy", _gateway),
    Route("POST", "/api/2.0/mlflow/gateway-proxy", _gateway, "useGateway"),
    Route("GET", "/gateway/mlflow/v1/models", _gateway, is_native=True),
    *(
        Route("POST", f"/gateway/{path}", _gateway, "useGateway", is_native=True, is_frequent=True, reads_body=False)
        for path in (
            "<endpoint_name>/mlflow/invocations",
            "mlflow/v1/chat/completions",
            "openai/v1/chat/completions",
            "openai/v1/embeddings",
            "openai/v1/responses",
            "openai/v1/responses/compact",
            "typesafe/v1/systemone",
            "anthropic/v1/messages",
            "gemini/v1beta/models/<endpoint_name>:generateContent",
            "gemini/v1beta/models/<endpoint_name>:streamGenerateContent",
            "proxy/<endpoint_name>/<path:path>",
        )
    ),
)

_WORKSPACES = (
    Route("GET", SPACES, _spaces),
    Route("POST", SPACES, _spaces, "createWorkspace"),
    Route("GET", f"{SPACES}/<workspace_name>", _spaces),
    Route("PATCH", f"{SPACES}/<workspace_name>", _spaces, "updateWorkspace"),
    Route("DELETE", f"{SPACES}/<workspace_name>", _spaces, "deleteWorkspace"),
)

_JOBS = (
    Route("GET", "/api/3.0/jobs/<job_id>", _jobs, is_native=True),
    Route("POST", "/api/3.0/jobs/", _jobs, "submitMlflowJob", is_native=True, reads_body=False),
    Route("PATCH", "/api/3.0/jobs/cancel/<job_id>", _jobs, "cancelMlflowJob", is_native=True, reads_body=False),
    Route("POST", "/api/3.0/jobs/search", _jobs, is_native=True, reads_body=False),
    Route("GET", "/api/3.0/mlflow/jobs/<job_id>", _jobs),
    Route("PATCH", "/api/3.0/mlflow/jobs/cancel/<job_id>", _jobs, "cancelMlflowJob"),
    Route("POST", PROMPTS, _jobs, "optimizePrompt"),
    Route("GET", f"{PROMPTS}/search", _jobs),
    Route("POST", f"{PROMPTS}/search", _jobs),
    Route("GET", f"{PROMPTS}/<job_id>", _jobs),
    Route("DELETE", f"{PROMPTS}/<job_id>", _jobs, "deletePromptOptimization"),
    Route("POST", f"{PROMPTS}/<job_id>/cancel", _jobs, "cancelPromptOptimization"),
)

_ASSISTANT = tuple(
    Route(method, f"{ASSISTANT}/{path}", _assistant, is_native=True, reads_body=False)
    for method, path in (
        ("POST", "message"), ("GET", "sessions/<session_id>/stream"), ("PATCH", "sessions/<session_id>"),
        ("POST", "sessions/<session_id>/permission"), ("POST", "sessions/<session_id>/tool-result"),
        ("GET", "providers/<provider>/health"), ("GET", "providers"), ("GET", "config"), ("PUT", "config"),
        ("POST", "skills/install"), ("GET", "providers/<provider>/models"),
    )
)  # fmt: skip

_MCP_SERVERS = tuple(
    Route(method, f"{SERVERS}{path}", _servers, None if method == "GET" else "administerMcpServers", is_native=True,
          reads_body=False)
    for method, path in (
        ("POST", ""), ("GET", ""), ("GET", "/endpoints"),
        ("GET", "/<path:rest>"), ("POST", "/<path:rest>"), ("PATCH", "/<path:rest>"), ("DELETE", "/<path:rest>"),
    )
)  # fmt: skip

ROUTES = (*_PAGES, *_GATEWAY_ADMINISTRATION, *_GATEWAY_USE, *_WORKSPACES, *_JOBS, *_ASSISTANT, *_MCP_SERVERS)
