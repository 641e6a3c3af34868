"""``python -m boathouse``."""

from boathouse.cli.main import main

main()
