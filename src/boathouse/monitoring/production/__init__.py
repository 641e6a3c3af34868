"""What is in production now, what lies around it, and whether everything is all right."""
