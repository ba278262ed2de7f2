// Powers of ten to twice the digits of a double: for Fraction(10)**e in Python, float() of it, then
// float() of the rest. That they are right, tests/cpp/test_decimal.cpp shows.
#pragma once
namespace hbp {

struct PowerOfTen {
    double high, low;  // 10^e rounded, and what is left of it, rounded
};

inline constexpr int least_exponent = -40;
inline constexpr PowerOfTen powers_of_ten[] = {{1e-40, 0x1.631191d6259dap-187},
                                               {1e-39, 0x1.bbd5f64baf050p-184},
                                               {1e-38, 0x1.2acb73de9ac65p-181},
                                               {1e-37, -0x1.4540d794df441p-177},
                                               {1e-36, 0x1.696ef285e8eafp-174},
                                               {1e-35, -0x1.e1aa86c4e6d2fp-174},
                                               {1e-34, 0x1.5a5ead789df78p-167},
                                               {1e-33, -0x1.4f09a7293a8aap-164},
                                               {1e-32, -0x1.a2cc10f3892d4p-161},
                                               {1e-31, -0x1.85bf8a9835bc4p-157},
                                               {1e-30, -0x1.e72f6d3e432b6p-154},
                                               {1e-29, 0x1.9f04b7722c09dp-151},
                                               {1e-28, 0x1.06c5e54eb70c4p-148},
                                               {1e-27, -0x1.b788a15d9b30bp-145},
                                               {1e-26, -0x1.12b564da80fe7p-141},
                                               {1e-25, -0x1.5762be11213e0p-138},
                                               {1e-24, 0x1.a96249354b394p-134},
                                               {1e-23, 0x1.13badb829e079p-131},
                                               {1e-22, -0x1.a7566d9cba769p-128},
                                               {1e-21, 0x1.f769fb7e0b75ep-124},
                                               {1e-20, 0x1.75447a5d8e536p-121},
                                               {1e-19, 0x1.a52b31e9e3d07p-119},
                                               {1e-18, -0x1.7c628066e8ceep-114},
                                               {1e-17, -0x1.db7b2080a3029p-111},
                                               {1e-16, 0x1.5b4c2ebe68799p-109},
                                               {1e-15, -0x1.937831647f5a0p-104},
                                               {1e-14, 0x1.ea70909833de7p-107},
                                               {1e-13, -0x1.ecd79a5a0df95p-99},
                                               {1e-12, 0x1.97f27f0f6e886p-96},
                                               {1e-11, 0x1.7f7bc7b4d28aap-91},
                                               {1e-10, -0x1.20a5465df8d2cp-88},
                                               {1e-9, -0x1.34674bfabb83bp-84},
                                               {1e-8, -0x1.03023df2d4c94p-82},
                                               {1e-7, 0x1.5e1e99483b023p-78},
                                               {1e-6, 0x1.b5a63f9a49c2cp-75},
                                               {1e-5, -0x1.ee78183f91e64p-71},
                                               {1e-4, -0x1.6a161e4f765fep-68},
                                               {1e-3, -0x1.89374bc6a7efap-66},
                                               {1e-2, -0x1.eb851eb851eb8p-63},
                                               {1e-1, -0x1.999999999999ap-58},
                                               {1e0, 0},
                                               {1e1, 0},
                                               {1e2, 0},
                                               {1e3, 0},
                                               {1e4, 0},
                                               {1e5, 0},
                                               {1e6, 0},
                                               {1e7, 0},
                                               {1e8, 0},
                                               {1e9, 0},
                                               {1e10, 0},
                                               {1e11, 0},
                                               {1e12, 0},
                                               {1e13, 0},
                                               {1e14, 0},
                                               {1e15, 0},
                                               {1e16, 0},
                                               {1e17, 0},
                                               {1e18, 0},
                                               {1e19, 0},
                                               {1e20, 0},
                                               {1e21, 0},
                                               {1e22, 0}};
inline constexpr int last_exponent =
    least_exponent + static_cast<int>(sizeof(powers_of_ten) / sizeof(PowerOfTen)) - 1;

inline constexpr const PowerOfTen& power_of_ten(int e) { return powers_of_ten[e - least_exponent]; }

}  // namespace hbp
