"""Will this flight arrive late? Pure functions over tables: no server, no session, no file system.

What a job does with them stands in ``jobs``.
"""
