"""The door through which work comes: a process that executes job runs."""
