"""Runs of jobs: one page, made of a file per part."""
