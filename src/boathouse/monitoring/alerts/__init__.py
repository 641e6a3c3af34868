"""Alerts: rules over what was measured and what happened, judged as it comes, told once until it is fine again."""
