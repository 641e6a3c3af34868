"""Who may do what through each of MLflow's routes."""
