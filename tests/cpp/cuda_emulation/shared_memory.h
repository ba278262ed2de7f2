// The shared memory of an emulated thread block, and who accessed which of its words.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "memory.h"

namespace cuda_emulation {

// Finds accesses out of bounds, reads of what nobody wrote, and races: two threads access a word,
// one of them writes, and there is no barrier between. Of the readers of a word two are kept, which
// is enough: a write conflicts with one of them, unless it is by the only one.
class SharedMemory {
  public:
    SharedMemory() = default;
    explicit SharedMemory(uint32_t bytes)
        : byte_((bytes + sizeof(uint64_t) - 1) / sizeof(uint64_t)),
          n_bytes_(bytes),
          word_((bytes + word_bytes - 1) / word_bytes) {}

    void barrier() { ++epoch_; }

    void* load(int64_t offset, uint32_t bytes, uint32_t thread) {
        check(offset, bytes);
        for (uint32_t w = first(offset); w < end(offset, bytes); ++w) {
            Word& word = word_[w];
            if (word.writer == nobody) {
                fail("thread " + std::to_string(thread) + " reads", w, "which nobody wrote");
            }
            if (word.written == epoch_ && word.writer != static_cast<int32_t>(thread)) {
                race(w, thread, word.writer);
            }
            if (word.read != epoch_) {
                word.reader[0] = word.reader[1] = nobody;
                word.read = epoch_;
            }
            if (word.reader[0] == nobody) {
                word.reader[0] = static_cast<int32_t>(thread);
            } else if (word.reader[0] != static_cast<int32_t>(thread)) {
                word.reader[1] = static_cast<int32_t>(thread);
            }
        }
        return reinterpret_cast<char*>(byte_.data()) + offset;
    }

    void* store(int64_t offset, uint32_t bytes, uint32_t thread) {
        return write(offset, bytes, thread, false);
    }

    // Atomic operations of several threads on a word do not conflict with each other.
    void* atomic(int64_t offset, uint32_t bytes, uint32_t thread) {
        check(offset, bytes);
        if (word_[first(offset)].writer == nobody) {
            fail("thread " + std::to_string(thread) + " adds to", first(offset),
                 "which nobody wrote");
        }
        return write(offset, bytes, thread, true);
    }

  private:
    static constexpr uint32_t word_bytes = 4;
    static constexpr int32_t nobody = -1;
    struct Word {
        int32_t writer = nobody;
        int32_t reader[2] = {nobody, nobody};
        uint64_t written = 0, read = 0;  // epochs; the first is 1
        bool atomic = false;             // the writes of this epoch
    };

    void* write(int64_t offset, uint32_t bytes, uint32_t thread, bool atomic) {
        check(offset, bytes);
        const int32_t self = static_cast<int32_t>(thread);
        for (uint32_t w = first(offset); w < end(offset, bytes); ++w) {
            Word& word = word_[w];
            const bool again = word.writer != nobody && word.written == epoch_;
            if (again && word.writer != self && !(atomic && word.atomic)) {
                race(w, thread, word.writer);
            }
            for (const int32_t reader : word.reader) {
                if (word.read == epoch_ && reader != nobody && reader != self) {
                    race(w, thread, reader);
                }
            }
            word.atomic = atomic && (!again || word.atomic);
            word.writer = self;
            word.written = epoch_;
        }
        return reinterpret_cast<char*>(byte_.data()) + offset;
    }

    static uint32_t first(int64_t offset) { return static_cast<uint32_t>(offset) / word_bytes; }
    static uint32_t end(int64_t offset, uint32_t bytes) {
        return (static_cast<uint32_t>(offset) + bytes + word_bytes - 1) / word_bytes;
    }

    void check(int64_t offset, uint32_t bytes) const {
        if (offset < 0 || offset + bytes > n_bytes_) {
            throw KernelError("access to " + std::to_string(bytes) + " bytes at byte " +
                              std::to_string(offset) + " of shared memory of " +
                              std::to_string(n_bytes_) + " bytes");
        }
        if (offset % bytes != 0) {
            throw KernelError("access to byte " + std::to_string(offset) +
                              " of shared memory, not aligned to " + std::to_string(bytes) +
                              " bytes");
        }
    }
    [[noreturn]] static void fail(const std::string& who, uint32_t w, const std::string& what) {
        throw KernelError(who + " byte " + std::to_string(w * word_bytes) + " of shared memory, " +
                          what);
    }
    [[noreturn]] static void race(uint32_t w, uint32_t a, int32_t b) {
        fail("race: thread " + std::to_string(a) + " accesses", w,
             "as thread " + std::to_string(b) + " does, without a barrier between");
    }

    std::vector<uint64_t> byte_;
    int64_t n_bytes_ = 0;
    std::vector<Word> word_;
    uint64_t epoch_ = 1;
};

}  // namespace cuda_emulation
