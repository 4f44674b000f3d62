/* limits.h - the named limits of the component room, each with its reason.  Room: component. */
#ifndef SW_COMPONENT_LIMITS_H
#define SW_COMPONENT_LIMITS_H

/* ---- decoding (decode*.c). Where the reason says "wasmparser": the same number as the tools that make components, so that what they
 * accept is accepted here. ---- */
#define COMPONENT_NESTING_MAX                                                                                \
    100 /* components and types inside each other; wasmparser. Bounds the decoder's recursion */
#define COMPONENT_INDEX_SPACE_MAX 1000000 /* entries of one index space of one scope; wasmparser */
#define COMPONENT_CORE_MODULES_MAX 1000   /* in one binary; wasmparser (modules per component) */
#define COMPONENT_NAME_BYTES_MAX 100000   /* of one import, export or label name; wasmparser */
#define COMPONENT_FIELDS_MAX 10000        /* fields, cases and tuple elements of one type; wasmparser */
#define COMPONENT_FLAGS_MAX 32            /* labels of a flags type; Binary.md, "Type Definitions" */
#define COMPONENT_PARAMS_MAX 1000         /* of one function; wasmparser */
#define COMPONENT_ARGS_MAX 100000 /* of one instantiation, and exports of one inline instance; wasmparser */
#define COMPONENT_CORE_DECLS_MAX 100000 /* declarations of one module type; wasmparser */
#define COMPONENT_OPTIONS_MAX                                                                                \
    16 /* canonical options of one definition: there are ten kinds, each at most once */
#define COMPONENT_BINARY_ARENA_MAX                                                                           \
    (256u << 20) /* bytes; a Go or JavaScript component takes 2.5 MiB, mostly for its core modules */

/* ---- validating (validate*.c) ---- */
#define COMPONENT_VALIDATE_STEPS_MAX                                                                         \
    50000000 /* types made, compared and renamed: about a second; a large component takes 100,000 */
#define COMPONENT_VALIDATE_ARENA_MAX                                                                         \
    (128u << 20) /* bytes, freed after validating; a large component takes 3 MiB */
#define COMPONENT_TYPE_PARTS_MAX                                                                             \
    1000000 /* parts of one type, counted as often as they are used; wasmparser */
#define COMPONENT_SCOPE_DEPTH_MAX                                                                            \
    100 /* instance and component types inside each other; bounds recursion over types */
#define COMPONENT_FIXED_LENGTH_MAX (1u << 30) /* elements of a list of fixed length; wasmparser */

/* ---- types (types*.c) ---- */
#define COMPONENT_TYPE_DEPTH_MAX                                                                             \
    100 /* of a value type: lifting, lowering and printing recurse this far at most */
#define COMPONENT_TYPES_MAX 100000 /* distinct types of one plan; a large WASI component has about 300 */
#define COMPONENT_TYPE_SIZE_MAX                                                                              \
    (1u << 28) /* element size, 64-bit pointers; Binary.md, "Type Definitions", last note */
#define COMPONENT_TYPE_TEXT_MAX                                                                              \
    (256u << 10) /* bytes of a canonical text; wasi:http's largest is under 4 KiB */

/* ---- describing (describe*.c) ---- */
#define COMPONENT_WORLD_TEXT_MAX                                                                             \
    (64u << 20) /* bytes of a world as WIT; that of a WASI component with HTTP takes 60 KiB */

/* ---- WAVE (wave*.c) ---- */
#define COMPONENT_WAVE_NUMBER_MAX                                                                            \
    1100 /* bytes of one float: an f64 written out in full has 1,079 digits. Depth is the type's */
#define COMPONENT_WAVE_TEXT_MAX                                                                              \
    (16u << 20) /* bytes of a value written or read: what a terminal or an argument list can carry */
#define COMPONENT_WAVE_ARENA_MAX                                                                             \
    (512u << 20) /* bytes of a value read: 16 for each byte of text at most, twice as long as lists grow */

/* ---- linking (link*.c) ---- */
#define COMPONENT_INSTANTIATION_DEPTH_MAX                                                                    \
    100 /* component instances being made inside each other; bounds the linker's recursion */
#define COMPONENT_INSTANCES_MAX                                                                              \
    1000 /* component instances of one plan; wasmparser: instances per component */
#define COMPONENT_CORE_INSTANCES_MAX 1000 /* core instances of one plan; each costs a store time and memory */
#define COMPONENT_DEPENDENCIES_MAX                                                                           \
    256 /* components that one is composed with: as many as an application has components */
#define COMPONENT_LINK_STEPS_MAX                                                                             \
    4000000 /* definitions run and names compared: a tenth of a second; real components take 1,000 to 4,000 */
#define COMPONENT_LINK_ARENA_MAX                                                                             \
    (128u << 20) /* bytes of scratch, freed after linking; real components take under 256 KiB */
#define COMPONENT_PLAN_ARENA_MAX (128u << 20) /* bytes of the plan; real components take under 256 KiB */
#define COMPONENT_NAME_INDEX_MIN 9 /* from so many names on a hash index is made instead of looking at each */

/* ---- kinds of resources ---- */
#define COMPONENT_ABSENT_KIND                                                                                \
    0x80000000u /* and above: of resources that the host does not have; a host numbers its own from 1 */

#endif
