"""Edge: an archive of a model answers on a device without any network, and what it answered comes home later."""
