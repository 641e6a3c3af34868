"""Evaluating: the rows, what the candidate, the champion and the naive baseline say of them, and metrics over both.

``building.opened_case`` makes the case of a version, ``running.run_gates`` asks the gates of a policy about it, and
``running.code_hash`` says by which code. Parts are imported from their files: the control plane needs the names of
metrics without NumPy or MLflow.

    with opened_case(session, scorer_of(session), CaseOrder(model, version, requirements, champion=2)) as case:
        measurements = run_gates(case, policy_of(requirements).gates)
"""
