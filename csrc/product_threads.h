// The threads of a product whose call names no number: sleeping ones are woken only where it pays.
#pragma once
#include <cstdint>

namespace hbp {

// Lives as long as the product: its end is when the next one asks how long the threads have rested.
class ProductThreads {
  public:
    // `named` is the caller's number, 0 or less for none. `work` is nonzeros times vectors.
    ProductThreads(int named, int64_t work);
    ~ProductThreads();
    ProductThreads(const ProductThreads&) = delete;
    ProductThreads& operator=(const ProductThreads&) = delete;

    // The most that may be used.
    int count() const { return count_; }

  private:
    int count_;
    bool may_be_shared_;
};

}  // namespace hbp
