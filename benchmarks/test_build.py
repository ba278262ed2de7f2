"""Time from a CSR matrix to a contender that is ready to multiply: conversion and optimisation."""

from __future__ import annotations

import pytest


@pytest.mark.benchmark(warmup=False, disable_gc=True, min_rounds=3, max_time=0.3)
def test_build(benchmark, installed, matrix, threads):
    if not installed.has_build:
        pytest.skip(f"{installed.title} multiplies the CSR arrays as they are")
    built = []

    def build() -> None:
        built.append(installed(matrix, threads))

    def release() -> None:
        while built:
            built.pop().close()

    benchmark.pedantic(build, setup=release, rounds=5)
    release()
    benchmark.extra_info.update(threads=threads, nnz=int(matrix.nnz))
