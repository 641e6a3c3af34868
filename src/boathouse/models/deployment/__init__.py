"""The deployment job: each new version of a model that has one is evaluated, gated, approved and promoted by it."""
