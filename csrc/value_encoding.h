// How the values of a block are stored: as one, as codes of a few, as short decimals or as they
// are.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include "decimal_encoder.h"
#include "encodings.h"
#include "hbp_matrix.h"

namespace hbp {

template <class T>
class ValueEncoder {
  public:
    ValueEncoder(const Geometry& geometry, int64_t nnz, const Encodings& use)
        : use_(use),
          decimals_(use.decimal && may_be_decimal<T>(geometry) && nnz >= use.decimals_from),
          many_powers_(decimals_ && nnz >= use.many_powers_from) {}

    // What the last call of `encode` found.
    Encoding encoding = Encoding::raw;
    T constant{};                       // of Encoding::constant
    std::array<T, few_values> table{};  // of Encoding::few
    std::vector<T> power;               // of decimals, empty for others

    // Encodes n values in place, in as little of their own memory as they need. Values are told
    // apart by their bits, so that -0 and NaN come back. Returns how many places of `values` stay
    // in use. O(n), O(1) where values differ and are no short decimals.
    int64_t encode(T* values, int64_t n) {
        encoding = Encoding::raw;
        constant = T{};
        power.clear();
        if (!encode_few(values, n) && n >= tuning::min_decimals) {
            encode_decimals(values, n);
        }
        return places(value_bytes(encoding, sizeof(T)) * n);
    }

  private:
    static bool same(const T& a, const T& b) { return std::memcmp(&a, &b, sizeof(T)) == 0; }

    static int64_t places(int64_t bytes) {
        const int64_t size = static_cast<int64_t>(sizeof(T));
        return (bytes + size - 1) / size;
    }

    bool encode_few(T* values, int64_t n) {
        const int most = use_.few ? few_values : use_.constant ? 1 : 0;  // distinct values
        int n_distinct = 0;
        // The code of a value; `most` when the table is full. Equal neighbours are common.
        int last = 0;
        const auto code_of = [&](const T& value) {
            if (n_distinct > 0 && same(table[static_cast<size_t>(last)], value)) {
                return last;
            }
            for (int c = 0; c < n_distinct; ++c) {
                if (same(table[static_cast<size_t>(c)], value)) {
                    return last = c;
                }
            }
            if (n_distinct < most) {
                table[static_cast<size_t>(n_distinct)] = value;
                return last = n_distinct++;
            }
            return most;
        };
        table.fill(T{});
        for (int64_t k = 0; k < n; ++k) {
            if (code_of(values[k]) == most) {
                return false;
            }
        }
        if (n_distinct == 1 && use_.constant) {
            encoding = Encoding::constant;
            constant = values[0];
            return true;
        }
        encoding = Encoding::few;
        // Code k lies in or before value k, which has been read by then.
        uint8_t* code = reinterpret_cast<uint8_t*>(values);
        for (int64_t k = 0; k < n; ++k) {
            const T value = values[k];
            code[k] = static_cast<uint8_t>(code_of(value));
        }
        return true;
    }

    void encode_decimals(T* values, int64_t n) {
        if constexpr (std::is_same_v<T, double>) {
            if (many_powers_ && of_32_.encode(values, n, code_, power)) {
                encoding = Encoding::decimal_32;
                if (of_32_.n_used() <= n_powers(decimal_16_bits)) {
                    use_16_powers();
                }
            } else if (decimals_ && of_16_.encode(values, n, code_, power)) {
                encoding = Encoding::decimal_16;
            } else {
                power.clear();
                return;
            }
            std::memcpy(static_cast<void*>(values), code_.data(), code_.size() * sizeof(int16_t));
        }
    }

    // These decode faster.
    void use_16_powers() {
        constexpr int one_bit_less = decimal_32_bits - decimal_16_bits;
        constexpr int of_place = n_powers(decimal_16_bits) - 1;
        for (int16_t& c : code_) {
            c = static_cast<int16_t>((c >> one_bit_less & ~of_place) | (c & of_place));
        }
        std::copy_n(power.begin() + n_powers(decimal_32_bits), n_powers(decimal_16_bits),
                    power.begin() + n_powers(decimal_16_bits));
        power.resize(size_t{2} * n_powers(decimal_16_bits));
        encoding = Encoding::decimal_16;
    }

    const Encodings use_;
    const bool decimals_, many_powers_;
    DecimalEncoder<decimal_16_bits> of_16_;
    DecimalEncoder<decimal_32_bits> of_32_;
    std::vector<int16_t> code_;
};

}  // namespace hbp
