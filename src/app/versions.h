/* versions.h - semantic versions: their order, and which ones a requirement takes.  Room: app.
 *
 * Requirements are those of Cargo, as Spin's manifests have them (spin.md 1.10): comparators joined by ',', each with one of
 * = > >= < <= ~ ^ (no operator: ^) and a version whose later numbers may be missing or '*'.
 * source: Semantic Versioning 2.0.0, sections 9 to 11 */
#ifndef SW_APP_VERSIONS_H
#define SW_APP_VERSIONS_H

#include <stdbool.h>

#include "base/str.h"

/* Order of two versions, both right by app__is_version: < 0, 0, > 0. A build (+...) makes no difference. */
int app__version_cmp(struct sw_str a, struct sw_str b);
/* Whether the requirement, right by app__is_requirement, takes the version. A pre-release is taken only where a comparator names a
 * pre-release of the same three numbers. */
bool app__version_fits(struct sw_str requirement, struct sw_str version);

#endif
