#include "plan_arrays.h"

#include <cstring>
#include <type_traits>

#include "scalar.h"

namespace hbp {
namespace {

template <class T, class U>
constexpr ElementType element_type() {
    if constexpr (std::is_same_v<U, T>) {
        return ElementType::value;
    } else if constexpr (std::is_same_v<U, uint8_t>) {
        return ElementType::uint8;
    } else if constexpr (std::is_same_v<U, uint16_t>) {
        return ElementType::uint16;
    } else if constexpr (std::is_same_v<U, uint32_t>) {
        return ElementType::uint32;
    } else if constexpr (std::is_same_v<U, int32_t>) {
        return ElementType::int32;
    } else {
        static_assert(std::is_same_v<U, int64_t>);
        return ElementType::int64;
    }
}

// The scrambled rows in three arrays, as rows have orders of their own lengths.
struct Orders {
    std::vector<int64_t> row;
    std::vector<int64_t> length;
    std::vector<int64_t> place;
};

// THE table. v.array(name, array): an array as it is. v.field(name, records, get, set): one array
// of one member of all records; bit-fields cannot be referred to, hence get and set.
template <class T, class Matrix, class OrdersOf, class Visitor>
void visit(Matrix& m, OrdersOf& orders, Visitor& v) {
    using B = Block<T>;
    using R = Run;
    v.array("row_block_ptr", m.row_block_ptr);
    v.array("block_ptr", m.block_ptr);
    v.array("cost_ptr", m.cost_ptr);
    v.array("slot_row", m.slot_row);
    v.array("slot_length", m.slot_length);
    v.array("column", m.column);
    v.array("value", m.value);
    v.array("table", m.table);
    v.array("power", m.power);
    v.array("scrambled_row", orders.row);
    v.array("scrambled_length", orders.length);
    v.array("scrambled_place", orders.place);
    const auto block = [&]<class U>(const char* name, U B::* member) {
        v.template field<U>(
            name, m.block, [=](const B& b) { return b.*member; },
            [=](B& b, U x) { b.*member = x; });
    };
    block("block_row_block", &B::row_block);
    block("block_col_block", &B::col_block);
    block("block_first_element", &B::first_element);
    block("block_first_value", &B::first_value);
    block("block_first_column", &B::first_column);
    block("block_first_slot", &B::first_slot);
    block("block_first_run", &B::first_run);
    block("block_first_length", &B::first_length);
    block("block_first_power", &B::first_power);
    block("block_n_slots", &B::n_slots);
    block("block_n_runs", &B::n_runs);
    block("block_n_elements", &B::n_elements);
    block("block_constant", &B::constant);
    v.template field<uint8_t>(
        "block_encoding", m.block, [](const B& b) { return static_cast<uint8_t>(b.encoding); },
        [](B& b, uint8_t x) { b.encoding = static_cast<Encoding>(x); });
    v.template field<uint8_t>(
        "run_kind", m.run, [](const R& r) { return static_cast<uint8_t>(r.kind); },
        [](R& r, uint8_t x) { r.kind = x & 7u; });
    v.template field<uint8_t>(
        "run_height", m.run, [](const R& r) { return static_cast<uint8_t>(r.height); },
        [](R& r, uint8_t x) { r.height = x & 31u; });
    v.template field<uint32_t>(
        "run_n", m.run, [](const R& r) { return uint32_t{r.n}; },
        [](R& r, uint32_t x) { r.n = x & 0xffffffu; });
    v.template field<uint32_t>(
        "run_length", m.run, [](const R& r) { return r.length; },
        [](R& r, uint32_t x) { r.length = x; });
}

template <class T>
struct Writer {
    std::vector<NamedArray> out;

    template <class U>
    U* add(const char* name, size_t n) {
        out.push_back({name, element_type<T, U>(), n, HugeArray<std::byte>(n * sizeof(U))});
        return reinterpret_cast<U*>(out.back().bytes.data());
    }
    template <class Array>
    void array(const char* name, const Array& a) {
        using U = std::remove_const_t<std::remove_pointer_t<decltype(a.data())>>;
        U* to = add<U>(name, a.size());
        if (a.size() > 0) {
            std::memcpy(static_cast<void*>(to), a.data(), a.size() * sizeof(U));
        }
    }
    template <class U, class Records, class Get, class Set>
    void field(const char* name, const Records& records, Get get, Set) {
        U* to = add<U>(name, records.size());
        for (const auto& r : records) {
            *to++ = get(r);
        }
    }
};

template <class T>
struct Reader {
    const std::function<ArrayView(const char*)>& find;

    template <class U>
    ArrayView get(const char* name) const {
        const ArrayView a = find(name);
        if (a.type != element_type<T, U>()) {
            throw InvalidHbp(std::string("array ") + name + " has the wrong dtype");
        }
        return a;
    }
    template <class Array>
    void array(const char* name, Array& a) const {
        using U = std::remove_pointer_t<decltype(a.data())>;
        const ArrayView from = get<U>(name);
        a = Array(from.n);
        if (from.n > 0) {
            std::memcpy(static_cast<void*>(a.data()), from.data, from.n * sizeof(U));
        }
    }
    template <class U, class Records, class Get, class Set>
    void field(const char* name, Records& records, Get get, Set set) const {
        const ArrayView from = get_records<U>(name, records);
        const char* at = static_cast<const char*>(from.data);
        for (size_t i = 0; i < from.n; ++i, at += sizeof(U)) {
            U x;
            std::memcpy(&x, at, sizeof(U));
            set(records[i], x);
            const U kept = get(records[i]);
            if (std::memcmp(&kept, &x, sizeof(U)) != 0) {
                throw InvalidHbp(std::string(name) + "[" + std::to_string(i) +
                                 "] does not fit its bits");
            }
        }
    }
    // The first field makes the records.
    template <class U, class Records>
    ArrayView get_records(const char* name, Records& records) const {
        const ArrayView from = get<U>(name);
        if (records.empty()) {
            records.resize(from.n);
        }
        if (records.size() != from.n) {
            throw InvalidHbp(std::string("array ") + name + " has length " +
                             std::to_string(from.n) + ", expected " +
                             std::to_string(records.size()));
        }
        return from;
    }
};

Orders flatten(const std::vector<ScrambledRow>& scrambled) {
    Orders o;
    for (const ScrambledRow& s : scrambled) {
        o.row.push_back(s.row);
        o.length.push_back(static_cast<int64_t>(s.order.size()));
        o.place.insert(o.place.end(), s.order.begin(), s.order.end());
    }
    return o;
}

std::vector<ScrambledRow> unflatten(const Orders& o) {
    if (o.length.size() != o.row.size()) {
        throw InvalidHbp("scrambled_length has length " + std::to_string(o.length.size()) +
                         ", expected " + std::to_string(o.row.size()));
    }
    std::vector<ScrambledRow> scrambled;
    scrambled.reserve(o.row.size());
    int64_t left = static_cast<int64_t>(o.place.size());
    auto at = o.place.begin();
    for (size_t i = 0; i < o.row.size(); ++i) {
        const int64_t n = o.length[i];
        if (n < 0 || n > left) {
            throw InvalidHbp("scrambled_length[" + std::to_string(i) + "] is " + std::to_string(n) +
                             ", expected 0 to " + std::to_string(left));
        }
        scrambled.push_back({o.row[i], {at, at + n}});
        at += n;
        left -= n;
    }
    if (left != 0) {
        throw InvalidHbp("scrambled_place has length " + std::to_string(o.place.size()) +
                         ", expected " +
                         std::to_string(o.place.size() - static_cast<size_t>(left)));
    }
    return scrambled;
}

template <class T>
void clear_unread_values(const HbpMatrix<T>& m, std::vector<NamedArray>& arrays) {
    for (NamedArray& a : arrays) {
        if (a.name == "value" && a.n > 0) {
            const auto clear = [&](int64_t from, int64_t to) {
                std::memset(a.bytes.data() + static_cast<size_t>(from) * sizeof(T), 0,
                            static_cast<size_t>(to - from) * sizeof(T));
            };
            int64_t end = 0;
            for (const Block<T>& b : m.block) {
                clear(end, b.first_value);
                end = b.first_value + value_places(b);
            }
            clear(end, static_cast<int64_t>(a.n));
        }
    }
}

}  // namespace

template <class T>
PlanHeader header_of(const HbpMatrix<T>& m) {
    return {m.geometry, m.n_rows, m.n_cols, m.nnz, m.index_is_64_bit, m.build_seconds};
}

template <class T>
std::vector<NamedArray> to_arrays(const HbpMatrix<T>& m) {
    const Orders orders = flatten(m.scrambled);
    Writer<T> writer;
    visit<T>(m, orders, writer);
    clear_unread_values(m, writer.out);
    return std::move(writer.out);
}

template <class T>
HbpMatrix<T> from_arrays(const PlanHeader& header,
                         const std::function<ArrayView(const char* name)>& find) {
    HbpMatrix<T> m;
    m.geometry = header.geometry;
    m.n_rows = header.n_rows;
    m.n_cols = header.n_cols;
    m.nnz = header.nnz;
    m.index_is_64_bit = header.index_is_64_bit;
    m.build_seconds = header.build_seconds;
    Orders orders;
    Reader<T> reader{find};
    visit<T>(m, orders, reader);
    m.scrambled = unflatten(orders);
    const int64_t width = header.geometry.block_cols;
    m.n_col_blocks = width > 0 && m.n_cols > 0 ? (m.n_cols - 1) / width + 1 : 0;
    validate(m);
    m.parts = cut_into_parts(m.view());
    return m;
}

#define HBP_PLAN_ARRAYS(T)                                           \
    template PlanHeader header_of(const HbpMatrix<T>&);              \
    template std::vector<NamedArray> to_arrays(const HbpMatrix<T>&); \
    template HbpMatrix<T> from_arrays(const PlanHeader&,             \
                                      const std::function<ArrayView(const char*)>&);
HBP_PLAN_ARRAYS(float)
HBP_PLAN_ARRAYS(double)
HBP_PLAN_ARRAYS(Complex<float>)
HBP_PLAN_ARRAYS(Complex<double>)
#undef HBP_PLAN_ARRAYS

}  // namespace hbp
