#include "dispatch.h"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "isa/isa.h"

namespace hbp {
namespace {

struct Isa {
    const char* name;
    bool (*available)();
};

constexpr Isa isas[] = {
#if defined(HBPSPMV_AVX512_KERNELS)
    {"avx512", avx512::available},
#endif
#if defined(HBPSPMV_AVX2_KERNELS)
    {"avx2", avx2::available},
#endif
    {"portable", [] { return true; }},
};

std::string choose_isa() {
    const std::vector<std::string> names = available_isas();
    const char* forced = std::getenv("HBPSPMV_ISA");
    if (forced == nullptr || *forced == '\0') {
        return names.front();
    }
    if (std::find(names.begin(), names.end(), forced) == names.end()) {
        std::string list;
        for (const std::string& name : names) {
            list += (list.empty() ? "" : ", ") + name;
        }
        throw std::runtime_error("HBPSPMV_ISA is '" + std::string(forced) +
                                 "', but this CPU and build offer only: " + list);
    }
    return forced;
}

}  // namespace

std::vector<std::string> available_isas() {
    std::vector<std::string> names;
    for (const Isa& isa : isas) {
        if (isa.available()) {
            names.emplace_back(isa.name);
        }
    }
    return names;
}

const std::string& isa_in_use() {
    static const std::string name = choose_isa();
    return name;
}

template <class T>
const KernelTable<T>& kernels() {
    static const KernelTable<T>& table = []() -> const KernelTable<T>& {
        const std::string& name = isa_in_use();
#if defined(HBPSPMV_AVX512_KERNELS)
        if (name == "avx512") {
#if defined(HBPSPMV_GATHER_KERNELS)
            if constexpr (!ScalarTraits<T>::is_complex) {
                if (avx512::gather_is_fast()) {
                    return avx512::kernels_with_gather<T>();
                }
            }
#endif
            return avx512::kernels<T>();
        }
#endif
#if defined(HBPSPMV_AVX2_KERNELS)
        if (name == "avx2") {
            return avx2::kernels<T>();
        }
#endif
        static_cast<void>(name);
        return portable::kernels<T>();
    }();
    return table;
}

Encodings encodings_that_pay() {
    Encodings use;
    use.decimal = kernels<double>().fast_decimals;
    use.windows = kernels<double>().fast_windows;
    return use;
}

bool prefer_eight_lanes(int64_t itemsize) {
    return itemsize == 4 ? kernels<float>().prefers_eight : kernels<double>().prefers_eight;
}

template const KernelTable<float>& kernels<float>();
template const KernelTable<double>& kernels<double>();
template const KernelTable<Complex<float>>& kernels<Complex<float>>();
template const KernelTable<Complex<double>>& kernels<Complex<double>>();

}  // namespace hbp
