"""What pages are made of: one look for each kind of thing."""
