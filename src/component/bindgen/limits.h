/* limits.h - the named limits of the bindings generator.  Room: bindgen. */
#ifndef SW_COMPONENT_BINDGEN_LIMITS_H
#define SW_COMPONENT_BINDGEN_LIMITS_H

#define BINDGEN_ARENA_BYTES_MAX (256u << 20) /* trees and names of all of wit/: a few MB today */
#define BINDGEN_FILE_BYTES_MAX (16u << 20)   /* one generated file: the largest is under 200 KB */
#define BINDGEN_LINE_BYTES_MAX                                                                               \
    16384 /* one piece of generated text; a C string literal of it may have 4,095 bytes */
#define BINDGEN_LITERAL_BYTES_MAX 4095     /* C17 5.2.4.1; compilers warn above it */
#define BINDGEN_FILES_MAX 1024             /* WIT files of one run: WIT_FILES_MAX */
#define BINDGEN_INTERFACES_MAX 256         /* interfaces of one run */
#define BINDGEN_VALUE_BYTES_MAX (1u << 28) /* of a type in guest memory: CanonicalABI.md "Element Size" */
#define BINDGEN_FLAT_PARAMS_MAX 16         /* MAX_FLAT_PARAMS, CanonicalABI.md "Flattening" */
#define BINDGEN_FLAT_RESULTS_MAX 1         /* MAX_FLAT_RESULTS */

#define BINDGEN_OPERATION_BYTES                                                                              \
    256 /* what a function of the host keeps while it waits; its maker asserts that it fits */
#define BINDGEN_KINDS_MAX                                                                                    \
    100000 /* numbers of resource kinds: all the sets of bindings of a program together */

#endif
