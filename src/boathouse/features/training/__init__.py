"""Training sets, the models that carry their recipe, and predictions for keys."""
