"""A/B tests between served entities: who was asked by which key, what happened later, and what that says."""
