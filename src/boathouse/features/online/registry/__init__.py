"""Which online stores there are and what is published to them: in process, and over HTTP."""
