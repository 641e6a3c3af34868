"""Serving: where answers come from, which version gave each, and what became of it.

Two processes share this room. The control plane keeps what should be served (``endpoints``, ``rollout``) and writes it
down, resolved, as a snapshot. The data plane reads the snapshot and answers by it alone (``answering``, ``scoring``,
``routing``, ``fallback``), counts (``telemetry``), and writes every answer into a journal, from which a third process
fills inference tables (``capture``).
"""
