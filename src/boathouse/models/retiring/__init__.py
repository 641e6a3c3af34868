"""Retiring versions that nobody uses: their files go into an archive, and what is known of them stays."""
