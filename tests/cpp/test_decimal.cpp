// Decimals of few digits as codes: what a code means, and which values have one.
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "value_at.h"
#include "value_encoding.h"

namespace {

double read(int mantissa, int exponent) {
    const std::string digits = std::to_string(mantissa) + "e" + std::to_string(exponent);
    return mantissa == 0 ? 0.0 : std::strtod(digits.c_str(), nullptr);
}

bool same_bits(double a, double b) { return std::memcmp(&a, &b, sizeof a) == 0; }

template <int power_bits>
void check_all_codes() {
    for (int e = hbp::least_exponent; e <= hbp::last_exponent; ++e) {
        std::vector<double> power(size_t{2} * hbp::n_powers(power_bits));
        const int place = (e - hbp::least_exponent) % hbp::n_powers(power_bits);
        power[static_cast<size_t>(place)] = hbp::power_of_ten(e).high;
        power[static_cast<size_t>(place + hbp::n_powers(power_bits))] = hbp::power_of_ten(e).low;
        const int most = hbp::largest_mantissa(power_bits);
        for (int m = -most; m <= most; ++m) {
            const int16_t code = static_cast<int16_t>(m * hbp::n_powers(power_bits) + place);
            const double value = hbp::decimal_value<power_bits>(code, power.data());
            if (!same_bits(value, read(m, e)) || hbp::rounded_decimal(m, e) != value) {
                check::fail(__FILE__, __LINE__, m, "e", e, " is ", value, " and ",
                            hbp::rounded_decimal(m, e), ", expected ", read(m, e));
            }
        }
    }
}

template <int power_bits>
struct Encoded {
    std::vector<int16_t> code;
    std::vector<double> power;
    bool all;
    explicit Encoded(const std::vector<double>& values) {
        hbp::DecimalEncoder<power_bits> encoder;
        all = encoder.encode(values.data(), static_cast<int64_t>(values.size()), code, power);
    }
};

template <int power_bits>
void check_round_trip(const std::vector<double>& values) {
    const Encoded<power_bits> encoded(values);
    CHECK(encoded.all);
    for (size_t k = 0; k < values.size(); ++k) {
        const double back = hbp::decimal_value<power_bits>(encoded.code[k], encoded.power.data());
        if (!same_bits(back, values[k])) {
            check::fail(__FILE__, __LINE__, values[k], " came back as ", back);
        }
    }
}

// Mantissas of one to three digits, with so many exponents.
std::vector<double> random_decimals(int exponents) {
    std::mt19937 rng(1);
    std::vector<double> values;
    for (int k = 0; k < 20'000; ++k) {
        const int m = static_cast<int>(rng() % 1999) - 999;
        values.push_back(
            read(m, static_cast<int>(rng() % static_cast<unsigned>(exponents)) - exponents / 2));
    }
    return values;
}

}  // namespace

TEST("every code of a decimal is the number that its digits make") {
    check_all_codes<hbp::decimal_16_bits>();
    check_all_codes<hbp::decimal_32_bits>();
}

TEST("decimals of three digits come back from their codes") {
    // Those of one and two digits take three more powers.
    check_round_trip<hbp::decimal_16_bits>(random_decimals(13));
    check_round_trip<hbp::decimal_32_bits>(random_decimals(29));
}

TEST("integers up to the largest mantissa come back from their codes") {
    std::vector<double> values;
    for (int m = -hbp::largest_mantissa(hbp::decimal_16_bits); m <= 2047; ++m) {
        values.push_back(m);
    }
    check_round_trip<hbp::decimal_16_bits>(values);
}

TEST("decimals of up to 16 of 32 powers are stored as decimals of 16") {
    for (const int exponents : {13, 14}) {
        std::vector<double> values = random_decimals(exponents);
        const std::vector<double> before = values;
        hbp::Encodings use;
        use.decimals_from = use.many_powers_from = 0;
        hbp::ValueEncoder<double> encoder({65'536, 65'536, 8}, 20'000, use);
        CHECK_EQUAL(encoder.encode(values.data(), 20'000), 5000);
        CHECK(encoder.encoding ==
              (exponents == 13 ? hbp::Encoding::decimal_16 : hbp::Encoding::decimal_32));
        CHECK_EQUAL(static_cast<int64_t>(encoder.power.size()),
                    hbp::n_block_powers(encoder.encoding));
        hbp::Block<double> b{};
        b.encoding = encoder.encoding;
        hbp::HbpView<double> v{};
        v.block = &b;
        v.value = values.data();
        v.power = encoder.power.data();
        for (int64_t k = 0; k < 20'000; ++k) {
            CHECK(same_bits(hbp::value_at(v, 0, k), before[static_cast<size_t>(k)]));
        }
    }
}

TEST("values that are no short decimals have no code") {
    constexpr double inf = std::numeric_limits<double>::infinity();
    for (const double value :
         {-0.0, inf, -inf, std::nan(""), 1e300, -1e300, 1e-300, 5e-324, 12345.0, 1.0 / 3, 0x1p-1022,
          std::nextafter(0.1, 1), std::nextafter(0.1, 0), 2048001.0, 1e26, 1e-46}) {
        CHECK(!(Encoded<hbp::decimal_16_bits>({0.5, value}).all));
        CHECK(!(Encoded<hbp::decimal_32_bits>({0.5, value}).all));
    }
    CHECK((Encoded<hbp::decimal_16_bits>({0.5, 1e25, 1e-40, 0.0}).all));
    CHECK((Encoded<hbp::decimal_16_bits>({2047.0}).all));
    CHECK(!(Encoded<hbp::decimal_16_bits>({2049.0}).all));
    CHECK((Encoded<hbp::decimal_32_bits>({1023.0}).all));
    CHECK(!(Encoded<hbp::decimal_32_bits>({1025.0}).all));
}

TEST("values that need more powers of ten than a table has have no codes") {
    std::vector<double> values;
    for (int e = -20; e < -4; ++e) {
        values.push_back(read(7, e));
    }
    CHECK((Encoded<hbp::decimal_16_bits>(values).all));
    values.push_back(7e-4);
    CHECK(!(Encoded<hbp::decimal_16_bits>(values).all));
    CHECK((Encoded<hbp::decimal_32_bits>(values).all));
}
