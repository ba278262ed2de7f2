// The end of a product: y = alpha * sum + beta * y.
#pragma once
#include <cstdint>

#include "scalar.h"

namespace hbp {

// y[n] = alpha * sum[n] + beta * y[n]; y is not read when beta is 0.
template <class T>
void scale_and_add(T* y, const T* sum, int64_t n, T alpha, T beta) {
    if (is_zero(beta)) {
        for (int64_t i = 0; i < n; ++i) {
            y[i] = multiply(alpha, sum[i]);
        }
    } else {
        for (int64_t i = 0; i < n; ++i) {
            y[i] = add(multiply(alpha, sum[i]), multiply(beta, y[i]));
        }
    }
}

}  // namespace hbp
