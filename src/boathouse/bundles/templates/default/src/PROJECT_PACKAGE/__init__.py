"""How many bikes will be rented tomorrow? Pure functions; the scripts beside this package read and write."""
