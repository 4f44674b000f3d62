/* limits.h - the named limits of WIT.  Room: wit.
 *
 * WIT comes from packages that others publish, so its parser is as careful as any. All memory is the caller's arena, whose ceiling
 * bounds what the numbers here do not. */
#ifndef SW_COMPONENT_WIT_LIMITS_H
#define SW_COMPONENT_WIT_LIMITS_H

#define WIT_FILE_BYTES_MAX (4u << 20) /* the largest published package is under 200 KB */
#define WIT_FILES_MAX 1024            /* files of one resolution; a deps folder has tens */
#define WIT_NAME_BYTES_MAX 256        /* one identifier; longer ones break C compilers and file systems */
#define WIT_VERSION_BYTES_MAX 128     /* one semantic version */
#define WIT_COMMENT_DEPTH_MAX 64      /* block comments inside block comments */
#define WIT_TYPE_DEPTH_MAX 64         /* list<option<...>> as written: bounds the parser's recursion */
#define WIT_DEF_DEPTH_MAX                                                                                    \
    100 /* definitions inside definitions, aliases and uses: bounds every later recursion */
#define WIT_FIXED_LIST_MAX 65536 /* list<T, N>; more belongs into a list */
#define WIT_ITEMS_MAX                                                                                        \
    4096 /* interfaces of a package, definitions, functions, fields, parameters: looked up one by one */
#define WIT_FLAGS_MAX 32              /* labels of a flags type: CanonicalABI.md "Element Size" */
#define WIT_TEXT_BYTES_MAX (1u << 20) /* a canonical type text: aliases may expand exponentially */
#define WIT_INCLUDE_DEPTH_MAX 32      /* worlds inside worlds */

#endif
