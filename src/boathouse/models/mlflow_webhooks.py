"""MLflow's own webhooks hear of what our verbs do, as they hear of what comes through MLflow's API."""

from typing import Any


def tell_of_alias(registry: Any, name: str, alias: str, version: int | None) -> None:
    """An alias has moved, or is gone. MLflow delivers in threads of its own, and logs what it cannot deliver."""
    from mlflow.entities.webhook import WebhookAction, WebhookEntity, WebhookEvent
    from mlflow.webhooks.delivery import deliver_webhook
    from mlflow.webhooks.types import ModelVersionAliasCreatedPayload, ModelVersionAliasDeletedPayload

    if version is None:
        gone = ModelVersionAliasDeletedPayload(name=name, alias=alias)
        event = WebhookEvent(WebhookEntity.MODEL_VERSION_ALIAS, WebhookAction.DELETED)
        deliver_webhook(event=event, payload=gone, store=registry)
        return
    moved = ModelVersionAliasCreatedPayload(name=name, alias=alias, version=str(version))
    event = WebhookEvent(WebhookEntity.MODEL_VERSION_ALIAS, WebhookAction.CREATED)
    deliver_webhook(event=event, payload=moved, store=registry)
