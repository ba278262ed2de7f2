// Products: within the bound, and the same bits for every thread count and number of lanes.
#include "spmv.h"

#include <cstring>
#include <limits>

#include "check.h"
#include "reference.h"
#include "samples.h"

using hbp::HbpMatrix;
using samples::Csr;

namespace {

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
    return a.size() == b.size() &&
           (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}

// A X into a Y full of NaN: every element must be written.
std::vector<double> product(const HbpMatrix<double>& m, const std::vector<double>& X, int n_threads,
                            int64_t k = 1) {
    std::vector<double> Y(static_cast<size_t>(m.n_rows * k),
                          std::numeric_limits<double>::quiet_NaN());
    hbp::multiply(m, X.data(), Y.data(), k, 1.0, 0.0, n_threads);
    return Y;
}

}  // namespace

TEST("a product is within the bound") {
    samples::for_each([](const Csr& a, const HbpMatrix<double>& m, const std::string& what) {
        const std::vector<double> x = reference::random_vector(a.n_cols);
        reference::check_within_bound(a, x, product(m, x, 1), what);
    });
}

TEST("a product with several vectors is within the bound") {
    for (int64_t k : {2, 3, 8, 17}) {
        samples::for_each([&](const Csr& a, const HbpMatrix<double>& m, const std::string& what) {
            const std::vector<double> X = reference::random_vector(a.n_cols * k);
            reference::check_within_bound(a, X, product(m, X, 2, k), what, k);
        });
    }
}

TEST("each column of a product with several vectors has the bits of one, whatever is encoded") {
    hbp::Encodings nothing_along;
    nothing_along.along = false;
    for (const Csr& a : samples::all()) {
        // Few values are unpacked before they are multiplied.
        Csr few = a;
        for (size_t i = 0; i < few.data.size(); ++i) {
            few.data[i] = few.data[i] < 0.0 ? -1.5 : 0.1;
        }
        for (const Csr* of : {&a, static_cast<const Csr*>(&few)}) {
            const HbpMatrix<double> m =
                samples::build(*of, {65536, 65536, hbp::default_lanes(8)}, 1, nothing_along);
            for (int64_t k : {2, 3, 4, 6, 8, 9, 16, 37}) {
                const std::vector<double> X = reference::random_vector(a.n_cols * k);
                const std::vector<double> Y = product(m, X, 1, k);
                for (int64_t j = 0; j < k; ++j) {
                    const auto column = [&](const std::vector<double>& of_all, int64_t n) {
                        std::vector<double> one;
                        for (int64_t i = 0; i < n; ++i) {
                            one.push_back(of_all[static_cast<size_t>(i * k + j)]);
                        }
                        return one;
                    };
                    if (!same_bits(column(Y, a.n_rows), product(m, column(X, a.n_cols), 1))) {
                        check::fail(__FILE__, __LINE__, a.name, "column ", j, " of ", k);
                    }
                }
            }
        }
    }
}

TEST("the bits of a product in parts do not depend on the number of threads") {
    samples::for_each([](const Csr& a, const HbpMatrix<double>& sample, const std::string& what) {
        if (sample.n_row_blocks() > hbp::tuning::max_cut_row_blocks) {
            return;
        }
        HbpMatrix<double> m = samples::build(a, sample.geometry);
        for (int64_t k : {1, 2, 5}) {
            m.parts = {};
            const std::vector<double> X = reference::random_vector(a.n_cols * k);
            const std::vector<double> serial = product(m, X, 1, k);
            for (int64_t enough : {1, 50, 1000}) {
                m.parts = hbp::cut_into_parts(m.view(), enough);
                for (int n_threads : {2, 7}) {
                    if (!same_bits(product(m, X, n_threads, k), serial)) {
                        check::fail(__FILE__, __LINE__, what, enough, " elements a part, ", k,
                                    " vectors differ");
                    }
                }
            }
        }
    });
}

TEST("the bits of a product do not depend on the number of threads") {
    for (int64_t k : {1, 3}) {
        samples::for_each([&](const Csr& a, const HbpMatrix<double>& m, const std::string& what) {
            const std::vector<double> X = reference::random_vector(a.n_cols * k);
            const std::vector<double> serial = product(m, X, 1, k);
            for (int n_threads : {2, 7}) {
                if (!same_bits(product(m, X, n_threads, k), serial)) {
                    check::fail(__FILE__, __LINE__, what, n_threads, " threads differ");
                }
            }
        });
    }
}

TEST("the bits of a product do not depend on the number of lanes") {
    for (const Csr& a : samples::all()) {
        const std::vector<double> x = reference::random_vector(a.n_cols);
        const auto with = [&](int32_t lanes) {
            return product(samples::build(a, {512, 4096, lanes}), x, 1);
        };
        CHECK(same_bits(with(8), with(16)));
        CHECK(same_bits(with(8), with(32)));
    }
}

TEST("alpha scales, beta keeps, and Y is not read when beta is 0") {
    samples::for_each([](const Csr& a, const HbpMatrix<double>& m, const std::string& what) {
        const std::vector<double> x = reference::random_vector(a.n_cols);
        const std::vector<double> plain = product(m, x, 1);
        for (int n_threads : {1, 3}) {
            // Powers of two and zeros scale exactly, so equality is exact.
            std::vector<double> y(plain.size(), std::numeric_limits<double>::quiet_NaN());
            hbp::multiply(m, x.data(), y.data(), 1, 2.0, 0.0, n_threads);
            for (size_t i = 0; i < y.size(); ++i) {
                if (y[i] != 2 * plain[i]) {
                    check::fail(__FILE__, __LINE__, what, "row ", i);
                }
            }
            hbp::multiply(m, x.data(), y.data(), 1, 0.0, 0.5, n_threads);
            for (size_t i = 0; i < y.size(); ++i) {
                if (y[i] != plain[i]) {
                    check::fail(__FILE__, __LINE__, what, "row ", i);
                }
            }
        }
    });
}
