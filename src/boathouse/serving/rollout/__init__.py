"""How a version comes to its traffic: canary steps, what ends them, A/B tests, and evidence of each."""
