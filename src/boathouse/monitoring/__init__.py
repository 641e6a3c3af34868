"""The loop: what is seen of data and models in use, and what is done about it."""
