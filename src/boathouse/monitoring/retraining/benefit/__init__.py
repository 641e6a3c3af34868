"""Whether a training would help, found out cheaply: a trial beside the champion on the freshest labels."""
