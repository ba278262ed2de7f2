"""The benchmark: matrices, contenders, timing and reports behind ``hbpspmv bench``."""
