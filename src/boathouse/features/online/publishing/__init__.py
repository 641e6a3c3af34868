"""Publishing: the latest known value per key, whole or what has changed since the last time."""
