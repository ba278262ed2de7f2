#include "memory.h"

#include <map>
#include <string>

#include "launch.h"

namespace cuda_emulation {
namespace {

// Beyond what processes can address on x86-64 and aarch64; the upper bits tell the array.
constexpr uintptr_t first_address = uintptr_t{1} << 62;
constexpr uintptr_t distance = uintptr_t{1} << 36;

constexpr size_t word_bytes = 2;  // the smallest thing that kernels store

// Who stored to a word in this launch.
struct Word {
    uint32_t thread = 0;  // plus 1
    uint32_t fences = 0;  // that the thread had made by then
};

struct Array {
    char* host = nullptr;
    size_t bytes = 0;
    bool read_as_constant = false;
    std::vector<Word> word = {};  // empty unless it was stored to in this launch
};

std::map<uintptr_t, Array>& arrays() {
    static std::map<uintptr_t, Array> all;
    return all;
}

uintptr_t next_address = first_address;

// Accesses to one array follow each other.
uintptr_t last_begin = 0;
Array* last = nullptr;

void check_store(Array& a, size_t first, size_t end) {
    if (a.read_as_constant) {
        throw KernelError("a kernel writes an array that it also reads as constant");
    }
    a.word.resize((a.bytes + word_bytes - 1) / word_bytes);
    const uint32_t self = thread_of_launch() + 1;
    for (size_t w = first; w < end; ++w) {
        if (a.word[w].thread != 0 && a.word[w].thread != self) {
            throw KernelError("two threads store to byte " + std::to_string(w * word_bytes) +
                              " of an array");
        }
        a.word[w] = {self, n_fences(self - 1)};
    }
}

void check_read(Array& a, size_t first, size_t end, Access access) {
    if (access == Access::constant) {
        if (!a.word.empty()) {
            throw KernelError("a kernel reads an array as constant that it also writes");
        }
        a.read_as_constant = true;
        return;
    }
    const uint32_t self = thread_of_launch() + 1;
    for (size_t w = first; w < end; ++w) {
        const Word word = a.word.empty() ? Word{} : a.word[w];
        const std::string where = " byte " + std::to_string(w * word_bytes) + " of an array";
        if (access == Access::own && word.thread != 0 && word.thread != self) {
            throw KernelError("a thread reads as its own" + where + " that another one stored");
        }
        if (access == Access::written) {
            if (word.thread == 0) {
                throw KernelError("a thread reads" + where + " that nobody stored in this launch");
            }
            if (word.thread != self && n_fences(word.thread - 1) == word.fences) {
                throw KernelError("a thread reads" + where + " that was stored without a fence");
            }
        }
    }
}

}  // namespace

void* map_to_device(void* host, size_t bytes) {
    // In the middle of its stretch, so that negative offsets stay within it as well.
    const uintptr_t at = next_address + distance / 2;
    next_address += distance;
    arrays()[at] = {static_cast<char*>(host), bytes};
    return reinterpret_cast<void*>(at);
}

void unmap(void* device) {
    arrays().erase(reinterpret_cast<uintptr_t>(device));
    last_begin = 0;
}

void* checked_address(const void* device, size_t bytes, size_t align, Access access) {
    const uintptr_t at = reinterpret_cast<uintptr_t>(device);
    const uintptr_t begin = at / distance * distance + distance / 2;
    if (begin != last_begin) {
        const auto found = arrays().find(begin);
        if (found == arrays().end()) {
            throw KernelError("access to address " + std::to_string(at) +
                              ", which is in no array of the device");
        }
        last_begin = begin;
        last = &found->second;
    }
    const int64_t offset = static_cast<int64_t>(at - begin);
    if (offset < 0 || static_cast<size_t>(offset) + bytes > last->bytes) {
        throw KernelError("access to " + std::to_string(bytes) + " bytes at byte " +
                          std::to_string(offset) + " of an array of " +
                          std::to_string(last->bytes) + " bytes");
    }
    if (static_cast<size_t>(offset) % align != 0) {
        throw KernelError("access to byte " + std::to_string(offset) +
                          " of an array, not aligned to " + std::to_string(align) + " bytes");
    }
    const size_t first = static_cast<size_t>(offset) / word_bytes;
    const size_t end = (static_cast<size_t>(offset) + bytes + word_bytes - 1) / word_bytes;
    if (access == Access::store) {
        check_store(*last, first, end);
    } else if (access != Access::atomic) {
        check_read(*last, first, end, access);
    }
    return last->host + offset;
}

void forget_accesses() {
    for (auto& [address, array] : arrays()) {
        array.read_as_constant = false;
        array.word.clear();
    }
}

}  // namespace cuda_emulation
