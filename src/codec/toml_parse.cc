// toml_parse.cc - runs toml++ and hands each value to a C visitor.  Room: codec.
//
// The only C++ in the project. Invariants
//  1. No exception leaves codec__toml_walk.
//  2. The caller has bounded the depth of the document (toml.c), so the recursion here and in toml++'s destructors is shallow.
//  3. What toml++ asserts about its input is checked in every build, and a failure is an error value: 3.3.0 asserts what the grammar
//     should refuse ("[" before a character that begins no key), and would take it for granted in release builds.
//  4. Its test for white space beyond ASCII has a switch whose default "cannot be reached" but is, by 'U+00E9' for one: here it says no.
#include "codec/toml_parse.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <new>
#include <stdexcept>
#include <vector>

namespace
{
[[noreturn]] void unexpected();
}

#undef NDEBUG
#define TOML_ASSERT(condition) ((condition) ? void(0) : unexpected())
#define TOML_EXCEPTIONS 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/impl/forward_declarations.h>
#undef TOML_UNREACHABLE
#define TOML_UNREACHABLE                                                                                     \
    return                                                                                                   \
    {                                                                                                        \
    }
#include <toml++/impl/unicode.h>
#undef TOML_UNREACHABLE
#define TOML_UNREACHABLE unexpected()
#include <toml++/toml.h>

namespace
{

void unexpected()
{
    throw std::logic_error("the parser met what it did not expect");
}

struct walker {
    codec__toml_visit *visit;
    void *arg;
    codec__toml_failure *failure;
};

struct member {
    const toml::key *key;
    const toml::node *node;
};

bool before(const member &a, const member &b)
{
    const toml::source_position &p = a.key->source().begin;
    const toml::source_position &q = b.key->source().begin;
    return p.line != q.line ? p.line < q.line : p.column < q.column;
}

codec__toml_type type_of(const toml::node &node)
{
    switch (node.type()) {
    case toml::node_type::table:
        return CODEC__TABLE;
    case toml::node_type::array:
        return CODEC__ARRAY;
    case toml::node_type::string:
        return CODEC__STRING;
    case toml::node_type::integer:
        return CODEC__INTEGER;
    case toml::node_type::floating_point:
        return CODEC__FLOAT;
    case toml::node_type::boolean:
        return CODEC__BOOL;
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time:
    case toml::node_type::none:
    default:
        return CODEC__DATE;
    }
}

void fill(codec__toml_item &item, const toml::node &node)
{
    item.type = type_of(node);
    item.line = node.source().begin.line;
    item.column = node.source().begin.column;
    if (const auto *string = node.as_string()) {
        item.string = string->get().data();
        item.string_bytes = string->get().size();
    } else if (const auto *integer = node.as_integer()) {
        item.integer = integer->get();
    } else if (const auto *number = node.as_floating_point()) {
        item.number = number->get();
    } else if (const auto *boolean = node.as_boolean()) {
        item.boolean = boolean->get() ? 1 : 0;
    } else if (const auto *table = node.as_table()) {
        item.count = table->size();
    } else if (const auto *array = node.as_array()) {
        item.count = array->size();
    }
}

bool walk(const walker &w, void *parent, size_t index, const toml::key *key, const toml::node &node);

bool walk_children(const walker &w, void *self, const toml::node &node)
{
    if (const auto *table = node.as_table()) {
        std::vector<member> members;
        members.reserve(table->size());
        for (auto it = table->cbegin(); it != table->cend(); ++it)
            members.push_back(member{&it->first, &it->second});
        std::stable_sort(members.begin(), members.end(), before);
        for (size_t i = 0; i < members.size(); i++)
            if (!walk(w, self, i, members[i].key, *members[i].node))
                return false;
    } else if (const auto *array = node.as_array()) {
        for (size_t i = 0; i < array->size(); i++)
            if (!walk(w, self, i, nullptr, *array->get(i)))
                return false;
    }
    return true;
}

bool walk(const walker &w, void *parent, size_t index, const toml::key *key, const toml::node &node)
{
    codec__toml_item item{};
    fill(item, node);
    if (key) {
        item.key = key->str().data();
        item.key_bytes = key->str().size();
        item.key_line = key->source().begin.line;
        item.key_column = key->source().begin.column;
    }
    void *self = nullptr;
    int rc = w.visit(w.arg, parent, index, &item, &self);
    if (rc != 0) {
        w.failure->visited = rc;
        return false;
    }
    return walk_children(w, self, node);
}

void describe(codec__toml_failure *failure, const char *text)
{
    (void)std::snprintf(failure->text, sizeof failure->text, "%s", text); // cut when it is longer
}

} // namespace

extern "C" enum codec__toml_result codec__toml_walk(const char *text, size_t bytes, codec__toml_visit *visit,
                                                    void *arg, struct codec__toml_failure *failure)
{
    try {
        toml::table root = toml::parse(std::string_view(text, bytes));
        const walker w = {visit, arg, failure};
        return walk(w, nullptr, 0, nullptr, root) ? CODEC__DONE : CODEC__STOPPED;
    } catch (const toml::parse_error &error) {
        failure->line = error.source().begin.line;
        failure->column = error.source().begin.column;
        describe(failure, error.what());
        return CODEC__SYNTAX;
    } catch (const std::bad_alloc &) {
        return CODEC__MEMORY;
    } catch (const std::exception &error) {
        describe(failure, error.what());
        return CODEC__SYNTAX;
    } catch (...) {
        describe(failure, "the parser failed");
        return CODEC__SYNTAX;
    }
}
