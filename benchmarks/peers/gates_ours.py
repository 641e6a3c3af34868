"""All gates of tier high over a governed table, but SHAP and the serving check: one contender of ``gates.py``.

python gates_ours.py PLAN RESULT
"""

import json
import sys
import time
from pathlib import Path

import fairlearn.metrics  # noqa: F401
import mlflow.pyfunc
import mlflow.sklearn  # noqa: F401
import polars  # noqa: F401
import sklearn.impute
import sklearn.linear_model  # noqa: F401
from measured import measured

import boathouse.quality.drift  # noqa: F401
from boathouse.foundation.names import ModelName
from boathouse.models.evaluation import comparing, deciding, parity, reliability  # noqa: F401
from boathouse.models.evaluation.building import CaseOrder, opened_case
from boathouse.models.evaluation.case import RunFacts
from boathouse.models.evaluation.pyfunc_scorer import PyfuncScorer
from boathouse.models.evaluation.running import run_gate
from boathouse.models.evidence import judge_all
from boathouse.models.gates.policy import policy_of
from boathouse.models.requirements import Requirements
from boathouse.session import default_session

APART = {"explainability", "serving_checks"}


def main() -> None:
    plan = json.loads(Path(sys.argv[1]).read_text())
    requirements = Requirements.model_validate(plan["requirements"])
    gates = [each for each in policy_of(requirements).gates if each.name not in APART]
    session = default_session()

    def scorer_of(model: ModelName, version: int, _folder: Path) -> PyfuncScorer:
        return PyfuncScorer(Path(plan["models"][str(version)]), f"{model}, version {version}")

    def run_facts_of(_model: ModelName, version: int) -> RunFacts:
        curve = [(step, 0.5 + 0.5 * 0.9**step) for step in range(100)]
        return RunFacts(f"run {version}", {}, {"valid_loss": curve}, {}, (("dev.bench.seen", 0),))

    def work() -> dict[str, object]:
        order = CaseOrder(ModelName.parse(plan["model"]), 2, requirements, champion=1)
        seconds: dict[str, float] = {}
        measurements = []
        begin = time.process_time()
        with opened_case(session, scorer_of, order, run_facts_of=run_facts_of) as case:
            seconds["rows and answers"] = time.process_time() - begin
            missing = dict(case.missing)
            for each in gates:
                begin = time.process_time()
                measurements += run_gate(case, each)
                seconds[each.name] = time.process_time() - begin
        rules = [rule for each in gates for rule in each.rules]
        judged = list(judge_all(measurements, rules))
        verdicts = [judgement.verdict.value for _, _, judgement in judged]
        metrics = {each.metric: each.value for each in measurements if each.gate == "metric"}
        problems = {f"{rule.gate}/{rule.metric}": told.reason for rule, _, told in judged if told.blocks}
        return {
            "metrics": metrics,
            "seconds": seconds,
            "measurements": len(measurements),
            "verdicts": {verdict: verdicts.count(verdict) for verdict in sorted(set(verdicts))},
            "problems": problems,
            "missing": missing,
        }

    Path(sys.argv[2]).write_text(json.dumps(measured(work)))


if __name__ == "__main__":
    main()
