// The table of methods: the names of the results, ours first.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "comparison_sort.h"
#include "distribution_sort.h"
#include "dynamic_program.h"
#include "hash_order.h"
#include "published_hash.h"

namespace hbp::regroup {

// The rows as they come: what the other orders are an improvement of. Not timed.
class NaturalOrder : public Method {
  public:
    void arrange(const RowLengths& block, uint32_t) override { rows_.gather(block); }
    std::vector<uint16_t> order() const override { return rows_.order(); }

  private:
    KeyedRows rows_;
};

struct NamedMethod {
    const char* name;
    std::unique_ptr<Method> (*make)();
};

template <class M>
std::unique_ptr<Method> make() {
    return std::make_unique<M>();
}

inline const std::vector<NamedMethod> methods = {
    {"hash", make<HashOrder>},
    {"published-hash", make<PublishedHash>},
    {"sort", make<Sort>},
    {"stable-sort", make<StableSort>},
    {"counting-sort", make<CountingSort>},
    {"radix-sort", make<RadixSort>},
    {"dynamic-program", make<DynamicProgram>},
    {"fast-dynamic-program", make<FastDynamicProgram>},
};

}  // namespace hbp::regroup
