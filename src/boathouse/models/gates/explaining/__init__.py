"""How much each input moves each answer of a model: Shapley values, natively where the model's kind has them."""
