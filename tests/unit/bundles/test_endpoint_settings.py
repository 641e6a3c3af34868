"""Endpoints of a bundle, and ``endpoints`` of ``boathouse.yml``."""

from collections.abc import Callable

from .conftest import Folder

Make = Callable[..., Folder]
BUNDLE = """\
bundle: {name: flights}
resources:
  schemas:
    main: {catalog_name: dev, name: flights}
  registered_models:
    delay: {catalog_name: dev, schema_name: "${resources.schemas.main.name}", name: delay}
  model_serving_endpoints:
    delays:
      name: delays
      config:
        served_entities:
          - entity_name: ${resources.registered_models.delay.id}
            entity_version: champion
            scale_to_zero_enabled: true
        traffic_config: {routes: [{served_entity_name: delay-champion, traffic_percentage: 100}]}
      permissions: [{group_name: pilots, level: CAN_QUERY}]
targets:
  dev: {mode: development, default: true}
  prod: {permissions: [{user_name: ops, level: CAN_RUN}]}
"""
MODEL = """\
models:
  delay:
    objective: Warn of late flights
    decision: The desk rebooks passengers
    owner: ada
    success: {metric: missed connections, proxy: log_loss}
    evaluation: {table: dev.flights.judged, label: late}
    rollout: {steps: [5, 100], step_minutes: 10}
    fallback: [previous, "constant:0.2", nobody]
"""


def test_an_endpoint_is_deployed_with_the_name_and_the_rights_it_has_in_the_target(bundle: Make) -> None:
    folder = bundle(BUNDLE)
    in_dev, in_prod = (folder.payload("model_serving_endpoints.delays", each) for each in ("dev", "prod"))
    assert (in_dev["name"], in_prod["name"]) == ("dev_ada_smith_delays", "delays")
    assert in_prod["permissions"] == [
        {"user_name": "ops", "level": "CAN_QUERY"},
        {"group_name": "pilots", "level": "CAN_QUERY"},
    ]
    assert any("scale_to_zero_enabled is not acted on" in each for each in folder.remarks("prod"))


def test_a_policy_belongs_to_an_endpoint_of_the_bundle_or_to_one_by_its_name(bundle: Make) -> None:
    told = """\
endpoints:
  delays: {limits: {deadline_ms: 500}, fallback: [{kind: constant, value: 0.2}]}
  others: {limits: {rows: 10}}
targets:
  dev: {endpoints: {delays: {limits: {rows: 5}}, others: null}}
"""
    folder = bundle(BUNDLE, **{"boathouse.yml": told})
    policy = folder.payload("endpoint_policies.delays", "dev")
    assert policy["endpoint"] == "dev_ada_smith_delays"
    assert policy["policy"]["limits"] == {"deadline_ms": 500, "rows": 5}
    assert folder.payload("endpoint_policies.others", "prod")["endpoint"] == "others"
    assert "endpoint_policies.others" not in [str(each) for each in folder.read("dev").resources]


def test_everything_wrong_with_a_policy_is_told_with_its_line(bundle: Make) -> None:
    wrong = """\
endpoints:
  delays:
    canary: {steps: [50, 5]}
    fallback:
      - {kind: rules}
    limit: {rows: 5}
  no such endpoint: {limits: {rows: 5}}
"""
    errors = bundle(BUNDLE, **{"boathouse.yml": wrong}).errors("prod")
    assert [each.partition(": ")[0] for each in errors] == [
        "boathouse.yml:3", "boathouse.yml:5", "boathouse.yml:6", "boathouse.yml:7",
    ]  # fmt: skip
    assert "Did you mean limits?" in errors[2]


def test_an_endpoint_that_contradicts_itself_is_an_error(bundle: Make) -> None:
    wrong = BUNDLE.replace("name: delays\n", "name: two words\n")
    assert any("is no name for an endpoint" in each for each in bundle(wrong).errors("prod"))
    wrong = BUNDLE.replace("traffic_percentage: 100", "traffic_percentage: 101")
    assert any("traffic_percentage" in each for each in bundle(wrong).errors("prod"))


def test_routes_and_entities_are_held_against_each_other(bundle: Make) -> None:
    wrong = BUNDLE.replace("delay-champion", "delay_champion").replace(
        "traffic_percentage: 100", "traffic_percentage: 9"
    )
    errors = bundle(wrong).errors("prod")
    assert any("no entity is named 'delay_champion'" in each and "delay-champion" in each for each in errors)
    assert any("sum to 9" in each for each in errors)


def test_a_model_s_rollout_and_fallback_are_acted_on_where_an_endpoint_follows_its_alias(bundle: Make) -> None:
    remarks = bundle(BUNDLE, **{"boathouse.yml": MODEL}).remarks("prod")
    told = [each for each in remarks if each.startswith("boathouse.yml")]
    assert len(told) == 1 and "'nobody' names nobody who could answer" in told[0]
