#include "product_threads.h"

#include <algorithm>
#include <atomic>
#include <chrono>

#include "thread_pool.h"
#include "tuning.h"

namespace hbp {
namespace {

int64_t microseconds() {
    using namespace std::chrono;
    return duration_cast<std::chrono::microseconds>(steady_clock::now().time_since_epoch()).count();
}

// When the last product ended that could be shared out.
std::atomic<int64_t> last_end{-1'000'000};

}  // namespace

ProductThreads::ProductThreads(int named, int64_t work)
    : count_(named > 0 ? named : num_threads()),
      may_be_shared_(count_ > 1 && work / 2 >= tuning::min_nnz_per_thread) {
    const int64_t pays_to_wake = std::clamp<int64_t>(work / tuning::min_nnz_to_wake, 1, count_);
    if (named > 0 || pays_to_wake == count_) {
        return;
    }
    // Between the products of a loop the threads spin.
    if (!may_be_shared_ ||
        microseconds() - last_end.load(std::memory_order_relaxed) > tuning::spin_microseconds) {
        count_ = static_cast<int>(pays_to_wake);
    }
}

ProductThreads::~ProductThreads() {
    if (may_be_shared_) {
        last_end.store(microseconds(), std::memory_order_relaxed);
    }
}

}  // namespace hbp
