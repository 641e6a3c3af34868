"""Incidents: what broke, what had changed before, what was done about it, and what is to be learned."""
