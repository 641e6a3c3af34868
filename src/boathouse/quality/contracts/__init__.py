"""Contracts: files of the Open Data Contract Standard that tables are held against, at each write and on schedule."""
