// Small CSR matrices for the C++ tests, and the geometries to build them with.
#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "build.h"

namespace samples {

struct Csr {
    std::string name;
    int64_t n_rows;
    int64_t n_cols;
    std::vector<int64_t> indptr;
    std::vector<int64_t> indices;
    std::vector<double> data;

    int64_t nnz() const { return static_cast<int64_t>(indices.size()); }
};

// Row i has length(i) entries in columns column(i, k), k ascending.
inline Csr make(std::string name, int64_t n_rows, int64_t n_cols,
                const std::function<int64_t(int64_t)>& length,
                const std::function<int64_t(int64_t, int64_t)>& column) {
    Csr a{std::move(name), n_rows, n_cols, {0}, {}, {}};
    std::mt19937_64 rng(1);
    std::normal_distribution<double> value;
    for (int64_t i = 0; i < n_rows; ++i) {
        for (int64_t k = 0; k < length(i); ++k) {
            a.indices.push_back(column(i, k));
            a.data.push_back(value(rng));
        }
        a.indptr.push_back(a.nnz());
    }
    return a;
}

// Row i has length(i) distinct ascending columns, spread evenly from a random start.
inline Csr spread(std::string name, int64_t n_rows, int64_t n_cols,
                  const std::function<int64_t(int64_t)>& length) {
    return make(std::move(name), n_rows, n_cols, length, [=](int64_t i, int64_t k) {
        const int64_t step = n_cols / std::max<int64_t>(length(i), 1);
        return k * step + (i * 7919) % std::max<int64_t>(step, 1);
    });
}

inline std::vector<Csr> all() {
    std::vector<Csr> a;
    a.push_back({"no rows, no columns", 0, 0, {0}, {}, {}});
    a.push_back({"no rows", 0, 9, {0}, {}, {}});
    a.push_back(spread("no columns", 9, 0, [](int64_t) { return 0; }));
    a.push_back(spread("one by one", 1, 1, [](int64_t) { return 1; }));
    a.push_back(spread("no entries", 700, 300, [](int64_t) { return 0; }));
    a.push_back(spread("every 4th row empty", 600, 500,
                       [](int64_t i) { return i % 4 == 0 ? 0 : 1 + i % 9; }));
    a.push_back(spread("equal lengths", 200, 300, [](int64_t) { return 7; }));
    a.push_back(spread("distinct lengths", 160, 400, [](int64_t i) { return i; }));
    a.push_back(spread("lengths 120 to 136", 153, 200, [](int64_t i) { return 120 + i % 17; }));
    a.push_back(
        spread("one dense row", 300, 9000, [](int64_t i) { return i == 137 ? int64_t{9000} : 2; }));
    a.push_back(spread("power law", 2000, 5000, [](int64_t i) { return 3000 / (i + 1); }));
    a.push_back(spread("dense", 40, 50, [](int64_t) { return 50; }));
    a.push_back(spread("wide", 3, 70'000, [](int64_t i) { return 2000 + i; }));
    a.push_back(spread("tall", 70'000, 3, [](int64_t i) { return i % 3; }));
    a.push_back(make(
        "unsorted", 300, 900, [](int64_t i) { return i % 40; },
        [](int64_t i, int64_t k) { return (i * 31 + k * 617) % 900; }));
    a.push_back(make(
        "duplicates", 50, 11, [](int64_t i) { return 3 * i; },
        [](int64_t i, int64_t k) { return (i + k * k) % 11; }));
    a.push_back(make(
        "70,000 entries in one block row", 4, 100, [](int64_t i) { return i == 2 ? 70'000 : 1; },
        [](int64_t, int64_t k) { return k % 100; }));
    a.push_back(make(
        "five diagonals", 500, 500, [](int64_t i) { return i < 2 || i >= 498 ? 0 : 5; },
        [](int64_t i, int64_t k) { return i + k - 2; }));
    // Eight rows at a time whose k-th columns lie in two windows of eight, up to the last column.
    a.push_back(make(
        "columns in two windows", 264, 310, [](int64_t i) { return 3 + i / 16 % 3; },
        [](int64_t i, int64_t k) {
            const int64_t window = k * 50 + i / 8 % 4 * 8 + (i + k) % 2 * 24;
            return k == 4 ? 309 - i * 5 % 16 : window + i * 3 % 8;
        }));
    // Runs of columns up to the last one, with scattered ones now and then; as many chunks as a
    // word has bits, one fewer, one more.
    a.push_back(make(
        "long rows of runs", 24, 4000, [](int64_t i) { return i < 12 ? 990 + 17 * i : 128 + i; },
        [](int64_t i, int64_t k) {
            return k / 32 % 4 == i % 5 ? 40 + k * 3 : 3999 - (k / 9 * 29 + k % 9 + i * 3) % 3900;
        }));
    for (int64_t height : {2, 3, 4, 7}) {
        a.push_back(make(
            std::to_string(height) + " rows at a time with equal columns", 120 * height, 900,
            [=](int64_t i) { return 3 + i / height % 2 * 7; },
            [=](int64_t i, int64_t k) { return (i / height * 11 + k * 13) % 770 + k; }));
        a.push_back(make(
            std::to_string(height) + " long rows with equal columns", 3 * height, 600,
            [=](int64_t i) { return 130 + i / height * 31; },
            [=](int64_t i, int64_t k) { return k + 7 * (i / height); }));
    }
    Csr constant = spread("constant values", 300, 300, [](int64_t i) { return i % 12; });
    std::fill(constant.data.begin(), constant.data.end(), 0.1);
    a.push_back(constant);
    for (int distinct : {2, 8, 9}) {
        Csr few = spread(std::to_string(distinct) + " values", 400, 300,
                         [](int64_t i) { return i % 15; });
        for (size_t k = 0; k < few.data.size(); ++k) {
            few.data[k] = 0.1 + static_cast<double>(k % static_cast<size_t>(distinct));
        }
        a.push_back(few);
    }
    Csr few = spread("few values", 300, 300, [](int64_t i) { return i % 12; });
    const double choice[] = {-1.0, 26.0, 0.0, -0.0, 0.1};
    for (size_t k = 0; k < few.data.size(); ++k) {
        few.data[k] = choice[k * k % 5];
    }
    a.push_back(few);
    // In rows of all kinds: single ones, tiles, long ones, neighbours with shifted columns.
    for (int powers : {12, 30}) {
        Csr decimals = make(
            "decimals of " + std::to_string(powers) + " powers of ten", 400, 700,
            [](int64_t i) {
                return i % 100 == 7 ? 130 + i : i < 150 ? 1 + i % 11 : i < 250 ? 9 + i / 3 % 2 : 4;
            },
            [](int64_t i, int64_t k) {
                return i < 150   ? (i * 31) % 100 + k
                       : i < 250 ? i / 3 + k
                                 : (i - 250 + 50 * k) % 700;
            });
        for (size_t k = 0; k < decimals.data.size(); ++k) {
            const int mantissa = static_cast<int>(k * 7919 % 1999) - 999;
            const int exponent = static_cast<int>(k * 31 % static_cast<size_t>(powers - 3)) - 20;
            decimals.data[k] = std::stod(std::to_string(mantissa) + "e" + std::to_string(exponent));
        }
        a.push_back(decimals);
    }
    return a;
}

inline std::vector<hbp::Geometry> geometries() {
    return {{8, 8, 8},           {7, 13, 16},          {512, 4096, 32},
            {65'536, 65'536, 8}, {65'536, 65'536, 32}, {300, 70'000, 8}};
}

inline std::string describe(const Csr& a, const hbp::Geometry& g) {
    return a.name + ", blocks of " + std::to_string(g.block_rows) + " x " +
           std::to_string(g.block_cols) + ", " + std::to_string(g.lanes) + " lanes: ";
}

template <class I = int64_t>
hbp::HbpMatrix<double> build(const Csr& a, const hbp::Geometry& g, int n_threads = 1,
                             hbp::Encodings use = {}) {
    const std::vector<I> indptr(a.indptr.begin(), a.indptr.end());
    const std::vector<I> indices(a.indices.begin(), a.indices.end());
    const hbp::CsrView<I, double> view{a.n_rows, a.n_cols, indptr.data(), indices.data(),
                                       a.data.data()};
    use.decimals_from = use.many_powers_from = 0;
    return hbp::build<I, double>(view, a.nnz(), g, n_threads, [] { return false; }, use);
}

// A[i, :] as its entries in one column block, in stored order.
struct Entry {
    int64_t column;
    double value;
    bool operator==(const Entry&) const = default;
};

// f(matrix, HBP form, description) for every sample and geometry.
template <class F>
void for_each(F&& f) {
    for (const Csr& a : all()) {
        for (const hbp::Geometry& g : geometries()) {
            f(a, build(a, g), describe(a, g));
        }
    }
}

}  // namespace samples
