"""The SQL editor, its results, and saved queries."""
