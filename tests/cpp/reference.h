// The product of a sample in extended precision, and the per-row bound on a computed one.
#pragma once
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "samples.h"

namespace reference {

// A random x: ones cannot see a wrong column.
inline std::vector<double> random_vector(int64_t n, unsigned seed = 1) {
    std::mt19937_64 rng(seed);
    std::normal_distribution<double> value;
    std::vector<double> x(static_cast<size_t>(n));
    for (double& element : x) {
        element = value(rng);
    }
    return x;
}

// |y_i - exact_i| <= 2 nnz_i eps (|A| |x|)_i, exactly 0 on empty rows. Column j of Y and X,
// both row-major with k columns.
inline void check_within_bound(const samples::Csr& a, const std::vector<double>& X,
                               const std::vector<double>& Y, const std::string& what,
                               int64_t k = 1) {
    for (int64_t i = 0; i < a.n_rows; ++i) {
        for (int64_t j = 0; j < k; ++j) {
            long double exact = 0, magnitude = 0;
            for (int64_t e = a.indptr[i]; e < a.indptr[i + 1]; ++e) {
                const long double x = X[a.indices[e] * k + j];
                exact += a.data[e] * x;
                magnitude += std::abs(a.data[e] * x);
            }
            const long double n = static_cast<long double>(a.indptr[i + 1] - a.indptr[i]);
            const long double bound = 2 * n * std::numeric_limits<double>::epsilon() * magnitude;
            const double y = Y[i * k + j];
            if (!(std::abs(y - exact) <= bound)) {
                check::fail(__FILE__, __LINE__, what, "row ", i, ", column ", j, ": ", y,
                            ", expected ", static_cast<double>(exact), " within ",
                            static_cast<double>(bound));
            }
        }
    }
}

}  // namespace reference
