"""The control plane's door: HTTP in, one verb called, JSON out."""
