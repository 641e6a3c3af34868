"""Care of a running home: backup, restore, and taking in what other tools have made."""
