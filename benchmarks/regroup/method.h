// What a method of ordering rows is, and the rows with their keys.
#pragma once
#include <cstdint>
#include <vector>

#include "row_lengths.h"

namespace hbp::regroup {

class Method {
  public:
    virtual ~Method() = default;

    // Timed. Leaves the order of the block's rows in the method's own storage.
    virtual void arrange(const RowLengths& block, uint32_t lanes) = 0;

    // Not timed: the non-empty rows of the last block, in their order.
    virtual std::vector<uint16_t> order() const = 0;

    // Not timed: where the groups of the last block start, when the method chooses that itself.
    virtual std::vector<uint32_t> cuts() const { return {}; }

    // Since the method was made; 0 when it does not probe.
    virtual int64_t probes() const { return 0; }
};

struct Keyed {
    uint32_t length;
    uint16_t row;
};

// The rows with their lengths, in the order of the rows: what sorts by length start from.
class KeyedRows {
  public:
    void gather(const RowLengths& block) {
        if (rows_.size() < block.n) {
            rows_.resize(block.n);
        }
        size_ = block.n;
        longest_ = 0;
        for (size_t i = 0; i < block.n; ++i) {
            const auto length = static_cast<uint32_t>(block.segment[i].n);
            rows_[i] = {length, static_cast<uint16_t>(block.segment[i].row)};
            longest_ = length > longest_ ? length : longest_;
        }
    }

    Keyed* begin() { return rows_.data(); }
    Keyed* end() { return rows_.data() + size_; }
    size_t size() const { return size_; }
    uint32_t longest() const { return longest_; }
    const Keyed& operator[](size_t i) const { return rows_[i]; }

    std::vector<uint16_t> order() const {
        std::vector<uint16_t> rows(size_);
        for (size_t i = 0; i < size_; ++i) {
            rows[i] = rows_[i].row;
        }
        return rows;
    }

  private:
    std::vector<Keyed> rows_;
    size_t size_ = 0;
    uint32_t longest_ = 0;
};

}  // namespace hbp::regroup
