"""What the rows of the metric tables say: profiles, drift, quality of models, metrics of one's own."""
