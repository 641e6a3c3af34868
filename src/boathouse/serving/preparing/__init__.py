"""From what is described to what is known: endpoints resolved for the data plane, by the control plane."""
