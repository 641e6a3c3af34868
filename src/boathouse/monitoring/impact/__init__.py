"""Impact: what something wrong has touched downstream, and what stands behind a figure."""
