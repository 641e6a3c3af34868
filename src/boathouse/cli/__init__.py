"""The command line's door: each file translates one noun's commands into calls."""
