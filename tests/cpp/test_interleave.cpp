// The transposition that fills a group's streams, for each size of element.
#include <cstdint>
#include <vector>

#include "check.h"
#include "interleave.h"

namespace {

struct Pair {
    uint64_t a, b;
};

template <class U>
U element(uint32_t i) {
    if constexpr (sizeof(U) == 16) {
        return {i, ~uint64_t{i}};
    } else {
        return static_cast<U>(i);
    }
}

template <class U>
uint32_t number(const U& u) {
    if constexpr (sizeof(U) == 16) {
        return static_cast<uint32_t>(u.a);
    } else {
        return static_cast<uint32_t>(u);
    }
}

// Rows of `length` elements that are all different, 8 more behind each.
template <class U, bool may_read_on>
void check(uint32_t n_rows, uint32_t length, size_t stride) {
    constexpr uint32_t rest = 8;
    constexpr uint32_t untouched = 60'000;
    std::vector<std::vector<U>> rows(n_rows);
    std::vector<const U*> row;
    for (uint32_t i = 0; i < n_rows; ++i) {
        for (uint32_t k = 0; k < length + (may_read_on ? rest : 0); ++k) {
            rows[i].push_back(element<U>(k < length ? 100 * i + k : untouched - 1));
        }
        row.push_back(rows[i].data());
    }
    std::vector<U> to(length * stride + rest, element<U>(untouched));
    hbp::interleave<may_read_on>(row.data(), n_rows, length, to.data(), stride);
    for (size_t at = 0; at < to.size(); ++at) {
        const uint32_t k = static_cast<uint32_t>(at / stride);
        const uint32_t i = static_cast<uint32_t>(at % stride);
        CHECK_EQUAL(number(to[at]), k < length && i < n_rows ? 100 * i + k : untouched);
    }
}

template <class U>
void check_all() {
    for (uint32_t n_rows : {1u, 2u, 3u, 7u, 8u, 9u, 16u, 31u, 32u}) {
        for (uint32_t length = 0; length <= 33; ++length) {
            for (size_t stride : {size_t{n_rows}, size_t{n_rows} * 3}) {
                check<U, false>(n_rows, length, stride);
                check<U, true>(n_rows, length, stride);
            }
        }
    }
}

}  // namespace

TEST("interleaved rows lie side by side, and nothing else is written") {
    check_all<uint16_t>();
    check_all<float>();
    check_all<double>();
    check_all<Pair>();
}
