/* limits.h - the named limits of the encoder.  Room: encode. */
#ifndef SW_COMPONENT_ENCODE_LIMITS_H
#define SW_COMPONENT_ENCODE_LIMITS_H

#define ENCODE_BYTES_MAX (512u << 20) /* of the component; a core module of any toolchain is far below */
#define ENCODE_CORE_IMPORTS_MAX 10000 /* looked up one by one; a module with all of WASI has 400 */
#define ENCODE_STEPS_MAX                                                                                     \
    (64u << 20)                /* names compared and types visited: seconds, not hours, for a hostile world */
#define ENCODE_ADAPTERS_MAX 16 /* there is one in practice */
#define ENCODE_WORLD_TEXT_MAX (16u << 20) /* of one embedded world; all of WASI has 120 KiB */
#define ENCODE_PRODUCERS_MAX 256          /* tools that had a hand in it; usually 5 */
#define ENCODE_FLAT_PARAMS_MAX 16         /* MAX_FLAT_PARAMS; CanonicalABI.md "Flattening" */

#endif
