// How the values of a block are stored: as they are, as codes of a few, or as one.
#pragma once
#include <cstdint>
#include <cstring>

#include "encodings.h"
#include "hbp_view.h"

namespace hbp {

// Encodes n values in place, in as little of their own memory as they need, and fills table
// [few_values] where the encoding has one. Values are told apart by their bits, so that -0 and NaN
// come back. Returns how many places of `values` stay in use. O(n), O(1) where values differ.
template <class T>
int64_t encode_values(T* values, int64_t n, Encoding& encoding, T& constant, T* table,
                      const Encodings& use = {}) {
    const int most = use.few ? few_values : use.constant ? 1 : 0;  // distinct values
    const auto same = [](const T& a, const T& b) { return std::memcmp(&a, &b, sizeof(T)) == 0; };
    int n_distinct = 0;
    // The code of a value; `most` when the table is full. Equal neighbours are common.
    int last = 0;
    const auto code_of = [&](const T& value) {
        if (n_distinct > 0 && same(table[last], value)) {
            return last;
        }
        for (int c = 0; c < n_distinct; ++c) {
            if (same(table[c], value)) {
                return last = c;
            }
        }
        if (n_distinct < most) {
            table[n_distinct] = value;
            return last = n_distinct++;
        }
        return most;
    };
    for (int c = 0; c < few_values; ++c) {
        table[c] = T{};
    }
    constant = T{};
    encoding = Encoding::raw;
    for (int64_t k = 0; k < n; ++k) {
        if (code_of(values[k]) == most) {
            return n;
        }
    }
    if (n_distinct == 1 && use.constant) {
        encoding = Encoding::constant;
        constant = values[0];
        return 0;
    }
    encoding = Encoding::few;
    // Code k lies in or before value k, which has been read by then.
    uint8_t* code = reinterpret_cast<uint8_t*>(values);
    for (int64_t k = 0; k < n; ++k) {
        const T value = values[k];
        code[k] = static_cast<uint8_t>(code_of(value));
    }
    const int64_t size = static_cast<int64_t>(sizeof(T));
    return (n + size - 1) / size;
}

}  // namespace hbp
