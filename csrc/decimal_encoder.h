// Finds the codes of values that are decimals of few digits.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "decimal.h"
#include "powers_of_ten.h"

namespace hbp {

inline constexpr int n_exponents = last_exponent - least_exponent + 1;

// What to multiply a mantissa by and then to divide it by, for each exponent. Powers up to 10^22
// are exact and one of the two is 1, so that there is one rounding.
struct ExactPowers {
    std::array<double, n_exponents> times, over;
    constexpr ExactPowers() : times(), over() {
        for (int e = least_exponent; e <= last_exponent; ++e) {
            const size_t i = static_cast<size_t>(e - least_exponent);
            times[i] = power_of_ten(std::max(e, 0)).high;
            over[i] = power_of_ten(std::clamp(-e, 0, last_exponent)).high;
        }
    }
};
inline constexpr ExactPowers exact_powers;

// mantissa * 10^e rounded, as decimal_value gives it, without the multiply-add that baseline
// processors lack.
inline double rounded_decimal(int mantissa, int e) {
    const double m = mantissa;
    if (e < -last_exponent) {
        return std::fma(m, power_of_ten(e).high, m * power_of_ten(e).low);
    }
    const size_t i = static_cast<size_t>(e - least_exponent);
    return m * exact_powers.times[i] / exact_powers.over[i];
}

template <int power_bits>
class DecimalEncoder {
  public:
    // code[n] of n values, and the powers they choose from; false if a value has none or they need
    // more powers than there are. Each mantissa is the largest that the value can have. O(n), O(1)
    // where values are no such decimals.
    bool encode(const double* values, int64_t n, std::vector<int16_t>& code,
                std::vector<double>& power) {
        place_of_.fill(none);
        n_used_ = 0;
        power.assign(size_t{2} * n_powers(power_bits), 0.0);
        Known first{};
        if (n > 0 && values[0] != 0 && !find(values[0], first)) {
            return false;
        }
        code.resize(static_cast<size_t>(n));
        known_.resize(size_t{1} << known_bits);
        for (int64_t k = 0; k < n; ++k) {
            const double value = values[k];
            if (value == 0) {
                if (std::signbit(value)) {
                    return false;
                }
                code[static_cast<size_t>(k)] = 0;
                continue;
            }
            const uint64_t hash = std::bit_cast<uint64_t>(value) * 0x9E3779B97F4A7C15u;
            Known& known = known_[hash >> (64 - known_bits)];
            if (known.value != value && !find(value, known)) {
                return false;
            }
            int8_t& place = place_of_[static_cast<size_t>(known.exponent - least_exponent)];
            if (place == none) {
                if (n_used_ == n_powers(power_bits)) {
                    return false;
                }
                place = static_cast<int8_t>(n_used_);
                power[static_cast<size_t>(n_used_)] = power_of_ten(known.exponent).high;
                power[static_cast<size_t>(n_used_ + n_powers(power_bits))] =
                    power_of_ten(known.exponent).low;
                ++n_used_;
            }
            code[static_cast<size_t>(k)] =
                static_cast<int16_t>(known.mantissa * n_powers(power_bits) + place);
        }
        return true;
    }

    // How many powers the last call has found.
    int n_used() const { return n_used_; }

  private:
    // Values return: of the matrices that have decimals, nine of ten are here.
    struct Known {
        double value;  // 0 of a free place
        int mantissa, exponent;
    };
    static constexpr int known_bits = 14;

    // Writes what value != 0 is, if it is such a decimal.
    bool find(double value, Known& out) const {
        const double size = std::fabs(value);
        const int e = exponent(size);
        const double m = size * inverse_power(e);
        if (!(m < too_large)) {
            return false;
        }
        const int mantissa = static_cast<int>(m + 0.5);
        if (rounded_decimal(mantissa, e) != size) {
            return false;
        }
        out = {value, std::signbit(value) ? -mantissa : mantissa, e};
        return true;
    }

    static constexpr int8_t none = 127;
    static constexpr double too_large = largest_mantissa(power_bits) + 0.5;
    static constexpr int least_binary = -128, last_binary = 127;

    struct Tables {
        std::array<double, n_exponents> inverse;  // of the powers
        // Of the sizes from 2^b on, the least exponent with which 2^b has no more than the largest
        // mantissa, and the size from which on it is one more. Sizes that are out of range get
        // exponent 0, which does not give them back.
        std::array<int8_t, last_binary - least_binary + 1> least;
        std::array<double, last_binary - least_binary + 1> next_from;

        Tables() {
            for (size_t i = 0; i < inverse.size(); ++i) {
                inverse[i] = std::pow(10.0, -(least_exponent + static_cast<int>(i)));
            }
            int e = least_exponent;
            for (int b = least_binary; b <= last_binary; ++b) {
                const size_t i = static_cast<size_t>(b - least_binary);
                const auto fits = [&] {
                    return std::ldexp(1.0, b) * inverse[static_cast<size_t>(e - least_exponent)] <
                           too_large;
                };
                while (e < last_exponent && !fits()) {
                    ++e;
                }
                least[i] = fits() ? static_cast<int8_t>(e) : int8_t{0};
                next_from[i] = e < last_exponent
                                   ? too_large / inverse[static_cast<size_t>(e - least_exponent)]
                                   : std::numeric_limits<double>::infinity();
            }
        }
    };
    static const Tables& shared_tables() {
        static const Tables tables;
        return tables;
    }

    double inverse_power(int e) const {
        return tables_.inverse[static_cast<size_t>(e - least_exponent)];
    }

    int exponent(double size) const {
        const int b = static_cast<int>(std::bit_cast<uint64_t>(size) >> 52) - 1023;
        const size_t i =
            static_cast<size_t>(std::clamp(b, least_binary, last_binary) - least_binary);
        return tables_.least[i] + (size >= tables_.next_from[i]);
    }

    const Tables& tables_ = shared_tables();
    std::vector<Known> known_;
    std::array<int8_t, n_exponents> place_of_{};
    int n_used_ = 0;
};

}  // namespace hbp
