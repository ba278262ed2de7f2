"""``hbpspmv suite run``: every matrix and contender in a process of its own, resumable."""
