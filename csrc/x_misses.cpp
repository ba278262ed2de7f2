#include "x_misses.h"

#include <algorithm>
#include <bit>

namespace hbp {
namespace {

// Eight ways, the least recently used of a set goes.
class LineCache {
  public:
    explicit LineCache(int64_t bytes)
        : n_sets_(std::bit_floor(static_cast<uint64_t>(std::max<int64_t>(bytes, 512)) / 512)),
          tag_(static_cast<size_t>(n_sets_ * 8), nothing) {}

    bool holds(int64_t line) const {
        const int64_t* set = set_of(line);
        return std::find(set, set + 8, line) != set + 8;
    }

    // Makes `line` the most recently used of its set; returns whether it was there.
    bool touch(int64_t line) {
        int64_t* set = const_cast<int64_t*>(set_of(line));
        if (set[0] == line) {
            return true;
        }
        int64_t* at = std::find(set, set + 7, line);  // the last way, if nowhere
        const bool found = *at == line;
        std::move_backward(set, at, at + 1);
        set[0] = line;
        return found;
    }

  private:
    static constexpr int64_t nothing = -2;  // -1 is asked for, as the neighbour of line 0

    const int64_t* set_of(int64_t line) const {
        return tag_.data() + (static_cast<uint64_t>(line) & (n_sets_ - 1)) * 8;
    }

    uint64_t n_sets_;
    std::vector<int64_t> tag_;
};

}  // namespace

template <class I>
std::vector<int64_t> x_misses(const I* index, int64_t nnz, int64_t itemsize,
                              const std::vector<int64_t>& cache_bytes) {
    std::vector<LineCache> caches(cache_bytes.begin(), cache_bytes.end());
    std::vector<int64_t> misses(caches.size(), 0);
    for (int64_t k = 0; k < nnz; ++k) {
        const int64_t line = static_cast<int64_t>(index[k]) * itemsize / 64;
        bool prefetched = false;
        for (size_t level = 0; level < caches.size(); ++level) {
            LineCache& cache = caches[level];
            if (cache.touch(line)) {
                break;
            }
            prefetched = prefetched || cache.holds(line - 1) || cache.holds(line + 1);
            misses[level] += prefetched ? 0 : 1;
        }
    }
    return misses;
}

template std::vector<int64_t> x_misses(const int32_t*, int64_t, int64_t,
                                       const std::vector<int64_t>&);
template std::vector<int64_t> x_misses(const int64_t*, int64_t, int64_t,
                                       const std::vector<int64_t>&);

}  // namespace hbp
