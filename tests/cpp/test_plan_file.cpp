// A matrix as arrays and back: nothing is lost, and no arrays whatever can harm a product.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <random>

#include "check.h"
#include "plan_arrays.h"
#include "samples.h"
#include "spmv.h"
#include "to_csr.h"

using hbp::ArrayView;
using hbp::ElementType;
using hbp::HbpMatrix;
using hbp::InvalidHbp;
using hbp::NamedArray;
using samples::Csr;

namespace {

size_t size_of(ElementType type) {
    switch (type) {
        case ElementType::uint8:
            return 1;
        case ElementType::uint16:
            return 2;
        case ElementType::uint32:
        case ElementType::int32:
            return 4;
        default:
            return 8;
    }
}

// The arrays of a matrix where a test can change them.
struct Array {
    ElementType type;
    std::vector<std::byte> bytes;

    size_t n() const { return bytes.size() / size_of(type); }
    bool operator==(const Array&) const = default;
};
using Arrays = std::map<std::string, Array>;

Arrays arrays_of(const HbpMatrix<double>& m) {
    Arrays out;
    for (const NamedArray& a : hbp::to_arrays(m)) {
        out[a.name] = {a.type, {a.bytes.data(), a.bytes.data() + a.bytes.size()}};
    }
    return out;
}

HbpMatrix<double> restore(const hbp::PlanHeader& header, const Arrays& arrays) {
    return hbp::from_arrays<double>(header, [&](const char* name) -> ArrayView {
        const auto found = arrays.find(name);
        if (found == arrays.end()) {
            throw InvalidHbp(std::string(name) + " is missing");
        }
        return {found->second.type, found->second.n(), found->second.bytes.data()};
    });
}

// Everything that reads a matrix; the sanitizers watch.
void use(HbpMatrix<double>& m) {
    const std::vector<double> x(static_cast<size_t>(m.n_cols) * 3, 1.0);
    std::vector<double> y(static_cast<size_t>(m.n_rows) * 3);
    for (int n_vectors : {1, 3}) {
        hbp::multiply(m, x.data(), y.data(), n_vectors, 1.0, 0.0, 2);
    }
    std::vector<int64_t> indptr(static_cast<size_t>(m.n_rows) + 1);
    std::vector<int64_t> indices(static_cast<size_t>(m.nnz));
    std::vector<double> data(static_cast<size_t>(m.nnz));
    hbp::to_csr(m, indptr.data(), indices.data(), data.data(), 1);
    hbp::update_values(m, data.data(), 1);
    hbp::multiply(m, x.data(), y.data(), 1, 2.0, 1.0, 2);
}

// True when the arrays were refused; otherwise they have been used.
bool refused(const hbp::PlanHeader& header, const Arrays& arrays) {
    try {
        HbpMatrix<double> m = restore(header, arrays);
        use(m);
        return false;
    } catch (const InvalidHbp&) {
        return true;
    }
}

// Adds `delta` to element i, in its own width.
void change(Array& a, size_t i, int64_t delta) {
    const size_t size = size_of(a.type);
    uint64_t x = 0;
    std::memcpy(&x, a.bytes.data() + i * size, size);
    x += static_cast<uint64_t>(delta);
    std::memcpy(a.bytes.data() + i * size, &x, size);
}

// Samples that together have every kind of run, both encodings, scrambled rows and empty ones.
std::vector<Csr> small_samples() {
    std::vector<Csr> out;
    for (const Csr& a : samples::all()) {
        if (a.nnz() < 20'000) {
            out.push_back(a);
        }
    }
    return out;
}

constexpr hbp::Geometry blocks{64, 256, 8};

}  // namespace

TEST("A matrix comes back from its arrays as it was.") {
    samples::for_each([](const Csr& a, const HbpMatrix<double>& m, const std::string& what) {
        const Arrays arrays = arrays_of(m);
        HbpMatrix<double> back = restore(hbp::header_of(m), arrays);
        if (!(arrays == arrays_of(back)) || back.n_col_blocks != m.n_col_blocks) {
            check::fail(__FILE__, __LINE__, what, "the arrays differ");
        }
        std::vector<int64_t> indptr(a.indptr.size()), indices(a.indices.size());
        std::vector<double> data(a.data.size());
        hbp::to_csr(back, indptr.data(), indices.data(), data.data(), 1);
        if (indptr != a.indptr || indices != a.indices || data != a.data) {
            check::fail(__FILE__, __LINE__, what, "the matrix differs");
        }
        use(back);
    });
}

TEST("Every offset and count that is changed by one is refused.") {
    // Other changes can give another matrix that is as valid: values, columns, rows.
    for (const Csr& a : small_samples()) {
        const HbpMatrix<double> m = samples::build(a, blocks);
        const Arrays arrays = arrays_of(m);
        for (const char* name :
             {"block_ptr", "block_row_block", "block_first_element", "block_first_column",
              "block_first_slot", "block_first_run", "block_first_length", "block_first_power",
              "block_n_slots", "block_n_runs", "block_n_elements", "run_n", "slot_length",
              "scrambled_length"}) {
            // Where there are no entries, rows may be cut anywhere.
            const bool free = a.nnz() == 0 && std::string(name) == "row_block_ptr";
            const size_t n = free ? 0 : arrays.at(name).n();
            for (size_t i = 0; i < n; i += std::max<size_t>(1, n / 5)) {
                for (const int64_t delta : {1, -1}) {
                    Arrays changed = arrays;
                    change(changed.at(name), i, delta);
                    if (!refused(hbp::header_of(m), changed)) {
                        check::fail(__FILE__, __LINE__, a.name, ", ", name, "[", i, "] ", delta);
                    }
                }
            }
        }
    }
}

TEST("Powers of ten that are infinite, no numbers or negative are refused.") {
    int64_t tried = 0;
    for (const Csr& a : samples::all()) {
        const HbpMatrix<double> m = samples::build(a, {65'536, 65'536, 8});
        const Arrays arrays = arrays_of(m);
        for (const double bad : {HUGE_VAL, -1.0, std::nan(""), -0.0}) {
            if (arrays.at("power").n() > 0) {
                Arrays changed = arrays;
                std::memcpy(changed.at("power").bytes.data(), &bad, sizeof bad);
                CHECK(refused(hbp::header_of(m), changed));
                ++tried;
            }
        }
    }
    CHECK(tried >= 8);
}

TEST("Arrays changed anywhere are refused or harmless.") {
    std::mt19937_64 rng(7);
    int accepted = 0;
    int tried = 0;
    for (const Csr& a : small_samples()) {
        const HbpMatrix<double> m = samples::build(a, blocks);
        const Arrays arrays = arrays_of(m);
        for (const auto& [name, array] : arrays) {
            for (int k = 0; k < 12 && array.n() > 0; ++k) {
                Arrays changed = arrays;
                const size_t i = rng() % array.n();
                const int64_t delta = k % 3 == 0   ? static_cast<int64_t>(rng())
                                      : k % 3 == 1 ? int64_t{1} << rng() % 64
                                                   : static_cast<int64_t>(rng() % 200) - 100;
                change(changed.at(name), i, delta);
                accepted += !refused(hbp::header_of(m), changed);
                ++tried;
            }
        }
    }
    CHECK(accepted > 0);
    CHECK(accepted < tried / 2);
}

TEST("Columns and rows beyond the matrix are refused.") {
    for (const Csr& a : small_samples()) {
        const HbpMatrix<double> m = samples::build(a, blocks);
        const Arrays arrays = arrays_of(m);
        for (const char* name : {"column", "slot_row"}) {
            for (size_t i = 0; i < arrays.at(name).n(); i += 97) {
                Arrays changed = arrays;
                const uint16_t far = 65'535;  // also for two codes of windowed slots
                std::memcpy(changed.at(name).bytes.data() + 2 * i, &far, sizeof far);
                CHECK(refused(hbp::header_of(m), changed));
            }
        }
    }
}

TEST("Arrays that are missing, cut short, too long or of another type are refused.") {
    const Csr a = small_samples().back();
    for (const Csr& sample : {a, samples::all().at(14)}) {
        const HbpMatrix<double> m = samples::build(sample, blocks);
        const Arrays arrays = arrays_of(m);
        for (const auto& [name, array] : arrays) {
            Arrays changed = arrays;
            changed.erase(name);
            CHECK(refused(hbp::header_of(m), changed));
            changed[name] = array;
            changed[name].bytes.resize(array.bytes.size() + size_of(array.type));
            if (!refused(hbp::header_of(m), changed)) {
                check::fail(__FILE__, __LINE__, sample.name, ": longer ", name);
            }
            if (array.n() > 0) {
                changed[name].bytes.resize(array.bytes.size() - size_of(array.type));
                if (!refused(hbp::header_of(m), changed)) {
                    check::fail(__FILE__, __LINE__, sample.name, ": shorter ", name);
                }
            }
            changed[name] = array;
            changed[name].type =
                array.type == ElementType::uint8 ? ElementType::uint16 : ElementType::uint8;
            CHECK(refused(hbp::header_of(m), changed));
        }
    }
}

TEST("A header that does not fit the arrays is refused.") {
    const Csr a = small_samples().back();
    const HbpMatrix<double> m = samples::build(a, blocks);
    const Arrays arrays = arrays_of(m);
    const hbp::PlanHeader right = hbp::header_of(m);
    std::vector<hbp::PlanHeader> wrong;
    for (const int64_t n : {int64_t{-1}, int64_t{0}, INT64_MAX, INT64_MIN, a.n_rows - 1}) {
        wrong.insert(wrong.end(), 3, right);
        wrong[wrong.size() - 1].n_rows = n;
        wrong[wrong.size() - 2].nnz = n;
        wrong[wrong.size() - 3].n_cols = n < a.n_rows - 1 ? n : 3;
    }
    // Of a wide block the columns would be read as 32 bits each.
    for (const int32_t n : {-1, 0, 7, 65'537, INT32_MIN}) {
        wrong.insert(wrong.end(), 3, right);
        wrong[wrong.size() - 1].geometry.block_rows = n;
        wrong[wrong.size() - 2].geometry.block_cols = n;
        wrong[wrong.size() - 3].geometry.lanes = n;
    }
    for (const hbp::PlanHeader& header : wrong) {
        CHECK(refused(header, arrays));
    }
}

TEST("The same matrix gives the same arrays, whatever memory held before.") {
    // One block of equal values among others: no kernel reads its place in the value stream.
    Csr a = samples::spread("half constant", 200, 200, [](int64_t) { return 9; });
    std::fill(a.data.begin(), a.data.begin() + 64 * 9, 0.5);
    const Arrays once = arrays_of(samples::build(a, blocks));
    {
        std::vector<std::unique_ptr<char[]>> dirt;
        for (int k = 0; k < 100; ++k) {
            dirt.emplace_back(new char[a.data.size() * 8]);
            std::memset(dirt.back().get(), 0xa5, a.data.size() * 8);
        }
    }
    CHECK(once == arrays_of(samples::build(a, blocks)));
}
