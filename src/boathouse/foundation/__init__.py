"""The ground that every room stands on: names, errors, principals, time, the home folder."""
