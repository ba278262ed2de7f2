"""``hbpspmv suite report`` and ``compare``: what the cells of a run say."""
