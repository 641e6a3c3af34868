"""A model as something that answers: a body becomes arrays, the flavour's own predict is asked, an answer goes out."""
