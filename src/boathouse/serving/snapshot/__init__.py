"""What the data plane knows: a file that the control plane replaces whole, and that is enough to answer."""
