"""The door of predictions: a group of processes of its own that answers from a snapshot."""
