// The test harness: tests that register themselves, checks that print both sides.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace check {

struct Test {
    std::string name;
    std::function<void()> run;
};

inline std::vector<Test>& tests() {
    static std::vector<Test> all;
    return all;
}

struct Registered {
    Registered(std::string name, std::function<void()> run) {
        tests().push_back({std::move(name), std::move(run)});
    }
};

struct Failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};

template <class... Parts>
void fail(const char* file, int line, const Parts&... parts) {
    std::ostringstream text;
    text << file << ':' << line << ": ";
    (text << ... << parts);
    throw Failure(text.str());
}

}  // namespace check

#define CHECK_JOIN2(a, b) a##b
#define CHECK_JOIN(a, b) CHECK_JOIN2(a, b)

// TEST("sentence") { ... }: the sentence is the name.
#define TEST(sentence)                                                                             \
    static void CHECK_JOIN(test_, __LINE__)();                                                     \
    static const check::Registered CHECK_JOIN(registered_, __LINE__)(sentence,                     \
                                                                     CHECK_JOIN(test_, __LINE__)); \
    static void CHECK_JOIN(test_, __LINE__)()

#define CHECK(condition) \
    ((condition) ? void() : check::fail(__FILE__, __LINE__, "not true: " #condition))

#define CHECK_EQUAL(a, b)                                                                         \
    do {                                                                                          \
        const auto& check_a = (a);                                                                \
        const auto& check_b = (b);                                                                \
        if (!(check_a == check_b)) {                                                              \
            check::fail(__FILE__, __LINE__, #a " is ", check_a, ", expected " #b " = ", check_b); \
        }                                                                                         \
    } while (false)
