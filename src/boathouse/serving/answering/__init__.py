"""One request: who asks, may they, what is asked of whom, what is answered when that fails, what is kept."""
